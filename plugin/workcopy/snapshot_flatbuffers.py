"""Flatbuffers, read from outside: one by its fields, or the same field of thousands in one go.

A table's fields are found by offsets in a layout that many tables share. Nothing is trusted: every place is checked
against the bytes before it is read.

Source: https://flatbuffers.dev/internals/
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Raw = npt.NDArray[Any]


class BadSnapshot(ValueError):
    """The file is not what it should be; the text says what, for the log."""


class Bytes:
    """Numbers at any places of some bytes, all of a kind at once. Raises `BadSnapshot` for places outside."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.length = len(content)
        self._views: dict[str, Raw] = {}

    def read(self, kind: str, places: Ints) -> Raw:
        width = int(kind[2:])
        if len(places) == 0:
            return np.empty(0, dtype=kind)
        if places.min() < 0 or places.max() + width > self.length:
            raise BadSnapshot("an offset leads out of a feature")
        view = self._views.get(kind)
        if view is None:
            # overlapping numbers, one at every byte: places need not be aligned
            view = np.ndarray(self.length - width + 1, dtype=kind, buffer=self.content, strides=(1,))
            self._views[kind] = view
        return view[places]

    def u32(self, places: Ints) -> Ints:
        return self.read("<u4", places).astype(np.int64)

    def field(self, tables: Ints, number: int) -> Ints:
        """Where a table's field lies; 0 for tables that do not have it."""
        layout = tables - self.read("<i4", tables)
        place = 4 + 2 * number
        has = self.read("<u2", layout) >= place + 2
        out = np.zeros(len(tables), dtype=np.int64)
        if has.any():
            offset = self.read("<u2", layout[has] + place).astype(np.int64)
            out[has] = np.where(offset > 0, tables[has] + offset, 0)
        return out

    def vector(self, tables: Ints, number: int, width: int) -> tuple[Ints, Ints]:
        """Where a table's list begins, and how many entries of ``width`` bytes it has (0 where there is none)."""
        place = self.field(tables, number)
        data, count = np.zeros_like(place), np.zeros_like(place)
        has = place > 0
        if has.any():
            list_ = place[has] + self.u32(place[has])
            count[has] = self.u32(list_)
            data[has] = list_ + 4
            sizes = count * width
            if (data + sizes).max() > self.length or sizes.sum() > self.length:  # lists that share a place multiply
                raise BadSnapshot("a list is longer than the file")
        return data, count


class One:
    """One flatbuffer, read field by field."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def root(self) -> int:
        return int(struct.unpack_from("<I", self._content, 0)[0])

    def _field(self, table: int, number: int) -> int:
        layout = table - struct.unpack_from("<i", self._content, table)[0]
        place = 4 + 2 * number
        if layout < 0 or struct.unpack_from("<H", self._content, layout)[0] < place + 2:
            return 0
        offset = struct.unpack_from("<H", self._content, layout + place)[0]
        return table + offset if offset else 0

    def number(self, table: int, number: int, kind: str, default: int) -> int:
        place = self._field(table, number)
        return int(struct.unpack_from(kind, self._content, place)[0]) if place else default

    def table(self, table: int, number: int) -> int:
        place = self._field(table, number)
        return place + struct.unpack_from("<I", self._content, place)[0] if place else 0

    def text(self, table: int, number: int) -> str:
        place = self.table(table, number)
        if not place:
            return ""
        (length,) = struct.unpack_from("<I", self._content, place)
        return self._content[place + 4 : place + 4 + length].decode("utf-8")

    def tables(self, table: int, number: int) -> list[int]:
        place = self.table(table, number)
        if not place:
            return []
        (count,) = struct.unpack_from("<I", self._content, place)
        places = struct.unpack_from(f"<{count}I", self._content, place + 4)
        return [place + 4 + 4 * i + offset for i, offset in enumerate(places)]
