"""Items of a twin as rows of its table, made many at a time: here, or in another process and sent from there."""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..twin.model import Item
from .bulk import GeometryEncoder, Values, columnar
from .columns import GEOMETRY, Column


@dataclass
class Rows:
    """Rows of a table, column by column, and what is to be told about them."""

    count: int = 0
    ids: list[str | None] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    columns: list[Values] = field(default_factory=list)
    blobs: list[bytes | None] | None = None  # of the geometries; None where the table has none
    placed: list[int] = field(default_factory=list)  # the rows that have a box
    boxes: array[float] = field(default_factory=lambda: array("d"))  # min x, min y, max x, max y of each of these
    kinds: Counter[str] = field(default_factory=Counter)  # of the geometries, as they came
    heights: bool = False  # whether one has heights though the table is flat
    homeless: int = 0  # geometries for which the table has no column
    misfits: Counter[str] = field(default_factory=Counter)  # property → values that its column cannot hold
    examples: dict[str, str] = field(default_factory=dict)  # one of each
    unknown: set[str] = field(default_factory=set)  # properties that have no column

    @property
    def tracked(self) -> list[Sequence[Any]]:
        """The table's tracked columns: the geometry first, where there is one."""
        return [*([] if self.blobs is None else [self.blobs]), *self.columns]

    def extend(self, more: Rows) -> None:
        """Append ``more``, which was made for the same table."""
        self.placed += [self.count + position for position in more.placed]
        self.boxes.extend(more.boxes)
        self.ids += more.ids
        self.tokens += more.tokens
        for column, other in zip(self.columns, more.columns):
            column.extend(other)
        if self.blobs is not None and more.blobs is not None:
            self.blobs += more.blobs
        self.tell(more)
        self.count += more.count

    def tell(self, more: Rows) -> None:
        """Take over what is to be told about ``more``."""
        self.kinds.update(more.kinds)
        self.heights = self.heights or more.heights
        self.homeless += more.homeless
        self.misfits.update(more.misfits)
        self.examples = {**more.examples, **self.examples}
        self.unknown |= more.unknown


@dataclass(frozen=True)
class Layout:
    """What has to be known of a table to make rows of it."""

    columns: tuple[Column, ...]
    srid: int
    swap: bool
    has_z: bool
    geometry_type: str

    @property
    def has_geometry(self) -> bool:
        return self.geometry_type != "none"


class RowMaker:
    """Makes rows of items."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._read = columnar(layout.columns)
        self._known = {column.property for column in layout.columns}
        self._encoder = GeometryEncoder(
            layout.srid,
            swap=layout.swap,
            multi=layout.geometry_type.startswith("Multi"),
            z=True if layout.has_z else None,
        )

    def none(self) -> Rows:
        """No rows, to be extended."""
        return Rows(columns=[[] for _ in self._layout.columns], blobs=[] if self._layout.has_geometry else None)

    def make(self, items: Sequence[Item]) -> Rows:
        """The rows of a handful of items."""
        properties = [item.properties for item in items]
        columns, misfits = self._read(properties)
        rows = Rows(len(items), [item.id for item in items], [item.token for item in items], columns)
        for misfit in misfits:
            rows.misfits[misfit.column.property] += 1
            rows.examples.setdefault(misfit.column.property, misfit.words)
        rows.unknown = set().union(*properties) - self._known
        if not self._layout.has_geometry:
            rows.homeless = sum(item.shape is not None for item in items)
            return rows
        encoded = self._encoder.encode([item.shape for item in items])
        for words in encoded.bad.values():
            rows.misfits[GEOMETRY] += 1
            rows.examples.setdefault(GEOMETRY, words)
        rows.kinds.update([item.geometry_type for item, blob in zip(items, encoded.blobs) if blob is not None])
        rows.blobs, rows.placed, rows.boxes = encoded.blobs, encoded.placed, encoded.boxes
        rows.heights = encoded.heights and not self._layout.has_z
        return rows


# -- from process to process: JSON, and the bytes of boxes and geometries behind it ------------------------------------


def packed(rows: Rows) -> tuple[dict[str, Any], list[bytes]]:
    """``rows`` as JSON, and bytes that `unpacked` needs with it."""
    told = {
        "count": rows.count,
        "ids": rows.ids,
        "tokens": rows.tokens,
        "columns": rows.columns,
        "sizes": None if rows.blobs is None else [-1 if blob is None else len(blob) for blob in rows.blobs],
        "placed": None if len(rows.placed) == rows.count else rows.placed,
        "kinds": rows.kinds,
        "heights": rows.heights,
        "homeless": rows.homeless,
        "misfits": rows.misfits,
        "examples": rows.examples,
        "unknown": sorted(rows.unknown),
    }
    return told, [rows.boxes.tobytes(), *(blob for blob in rows.blobs or () if blob is not None)]


def unpacked(told: dict[str, Any], content: bytes) -> Rows:
    """What `packed` made. Raises KeyError, TypeError or ValueError for anything else."""
    placed = list(range(told["count"])) if told["placed"] is None else told["placed"]
    at = 32 * len(placed)
    boxes = array("d")
    boxes.frombytes(content[:at])
    blobs: list[bytes | None] | None = None
    if told["sizes"] is not None:
        blobs = []
        for size in told["sizes"]:
            blobs.append(None if size < 0 else content[at : at + size])
            at += max(size, 0)
    if at != len(content):
        raise ValueError(f"{len(content)} bytes instead of {at}")
    return Rows(
        told["count"], told["ids"], told["tokens"], told["columns"], blobs, placed, boxes, Counter(told["kinds"]),
        told["heights"], told["homeless"], Counter(told["misfits"]), told["examples"], set(told["unknown"]),
    )  # fmt: skip


def layout_of(told: dict[str, Any]) -> Layout:
    """A layout that came as JSON (`dataclasses.asdict`)."""
    return Layout(**{**told, "columns": tuple(Column(**column) for column in told["columns"])})


def as_json(told: Any) -> bytes:
    """Compact JSON, as it goes from process to process."""
    return json.dumps(told, separators=(",", ":")).encode()
