"""The working copy's side of a layer that comes back: its rows, with statements that are made once."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from . import changes as ch
from . import sql
from .columns import GEOMETRY, Stored
from .geometry import box_of
from .settle import Row
from .source import Source


class OfficeRows:
    """Rows and bases of one table, inside the caller's transaction."""

    def __init__(self, connection: sqlite3.Connection, source: Source) -> None:
        self._connection = connection
        self._table = source.table
        self.tracked = source.tracked
        self.fields = source.fields
        self._kinds = [(field.name, field.kind) for field in self.fields]
        base = sql.base_table(source.table)
        self._by_fid, self._by_id = (sql.row(source.table, self.tracked, key) for key in ("fid", "twin_id"))
        self._base_at, self._base_of = (sql.row(base, self.tracked, key) for key in ("fid", "twin_id"))
        self._set, self._insert = sql.set_row(source.table, self.tracked), sql.insert_row(source.table, self.tracked)
        self._delete = sql.delete_row(source.table)

    def by_fid(self, fid: int) -> Row | None:
        return self._row(self._by_fid, fid)

    def by_id(self, twin_id: str) -> Row | None:
        return self._row(self._by_id, twin_id)

    def base_of(self, twin_id: str) -> Row | None:
        """The published state of a row that was changed or deleted."""
        return self._row(self._base_of, twin_id)

    def base_at(self, fid: int) -> Row | None:
        """The same, by the number that the row had."""
        return self._row(self._base_at, fid)

    def put(self, fid: int | None, values: Mapping[str, Stored], twin_id: str | None, version: str | None) -> int:
        """Set the row ``fid``, or insert a new one where it is None; its fid."""
        row = [values.get(name) for name in self.tracked]
        if fid is not None:
            self._connection.execute(self._set, (*row, twin_id, version, fid))
        else:
            fid = self._connection.execute(self._insert, (*row, twin_id, version)).lastrowid or 0
        return fid

    def delete(self, fid: int) -> None:
        self._connection.execute(self._delete, (fid,))

    def widen(self, values: Mapping[str, Stored]) -> None:
        """Let the extent that the file states for its layer hold a row."""
        blob = values.get(GEOMETRY)
        box = box_of(blob) if isinstance(blob, bytes) else None
        if box is not None:
            self._connection.execute(sql.WIDEN_CONTENTS, (*box, self._table))

    def same(self, one: Mapping[str, Stored] | None, other: Mapping[str, Stored] | None) -> bool:
        """Whether two states mean the same; None: gone."""
        if one is None or other is None:
            return one is other
        return all(ch.same(one.get(name), other.get(name), kind) for name, kind in self._kinds)

    def _row(self, statement: str, key: Any) -> Row | None:
        found = self._connection.execute(statement, (key,)).fetchone()
        return Row(found[0], found[1], found[2], dict(zip(self.tracked, found[3:]))) if found is not None else None
