"""What one layer of a package brings, feature by feature: read without trust, as far as it can be read."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from osgeo import ogr

from . import changes as ch
from . import journal, settle, sql
from .columns import GEOMETRY, Stored
from .excerpt import OFFICE
from .geometry import BadGeometry, decode, wkb_of
from .merge import Values
from .source import Source
from .tables import QuietGdal

_NEW, _ID = "new-", "id:"


@dataclass(frozen=True)
class Coming:
    """One feature that the package gives back. ``key``: what it is called there; ``twin_id`` None, ``base`` None: it
    was made outside; ``theirs`` None: it was deleted there."""

    key: str
    fid: int
    twin_id: str | None
    base: Values | None
    theirs: Values | None

    @property
    def office_fid(self) -> int | None:
        """The row's number in the office, of a feature that only the office knew."""
        number = (self.twin_id or "")[len(OFFICE) :]
        return int(number) if (self.twin_id or "").startswith(OFFICE) and number.isdigit() else None


def key_of(twin_id: str | None, fid: int) -> str:
    """What a feature is called among what was received: no id that a twin may give is taken for a new row."""
    if twin_id is None:
        return f"{_NEW}{fid}"
    return f"{_ID}{twin_id}" if twin_id.startswith((_NEW, _ID)) else twin_id


def id_of(key: str) -> str | None:
    """The twin_id behind a key; None where the feature was made outside."""
    if key.startswith(_NEW):
        return None
    return key[len(_ID) :] if key.startswith(_ID) else key


class Damaged(Exception):
    """A part of the file cannot be read."""


class LayerRead:
    """Reads one layer. ``columns`` are those that both sides have; ``whole`` False: the file is damaged, and what is
    not found in it may only not be readable, so that nothing is taken for deleted."""

    def __init__(self, outside: sqlite3.Connection, there: Source, columns: Sequence[str], whole: bool) -> None:
        self._outside = outside
        self._there = there
        self._whole = whole
        self._places = [(name, there.tracked.index(name)) for name in columns]
        self._kinds = [there.kind(name) for name in there.tracked]
        self.spoilt = 0  # geometries that are none

    def new(self) -> Iterator[Coming]:
        """Features that were made outside."""
        tracked = self._there.tracked
        for row in self._rows(sql.inserted(self._there.table, tracked)):
            yield Coming(key_of(None, row[0]), row[0], None, None, self._values(row[1:], None))

    def edited(self) -> Iterator[Coming]:
        """Features that were changed or, in a file that is whole, deleted outside."""
        tracked = self._there.tracked
        width = len(tracked)
        for row in self._rows(sql.updated(self._there.table, tracked)):
            twin_id, before, fid, now = str(row[0]), row[2 : 2 + width], row[2 + width], row[3 + width :]
            if all(map(_same, before, now, self._kinds)):
                continue
            base = self._values(before, None, sound=True)
            yield Coming(key_of(twin_id, fid), fid, twin_id, base, self._values(now, base))
        if not self._whole:
            return
        for row in self._rows(sql.deleted(self._there.table, tracked)):
            twin_id = str(row[0])
            yield Coming(key_of(twin_id, row[2]), row[2], twin_id, self._values(row[3:], None, sound=True), None)

    def undone(self, key: str, state: Callable[[], str | None]) -> Coming | None:
        """A feature that came back edited before, and outside is as it was again by now; None where it is not there,
        which tells nothing in a damaged file. ``state`` looks up in what state it came."""
        twin_id = id_of(key)
        if twin_id is None:
            number = key[len(_NEW) :]
            before = journal.unpack(told) if (told := state()) is not None else None
            if before is None or not self._whole or not number.isdigit():
                return None
            return Coming(key, int(number), None, before, None)
        try:
            row = settle.row_by_id(self._outside, self._there, twin_id)
        except sqlite3.DatabaseError as error:
            raise Damaged from _unless_busy(error)
        if row is None:
            return None
        values = {name: row.values[name] for name, _ in self._places}
        return Coming(key, row.fid, twin_id, values, values)

    def _rows(self, statement: str) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._outside.execute(statement)
        except sqlite3.DatabaseError as error:
            raise Damaged from _unless_busy(error)

    def _values(
        self, row: Sequence[Stored], base: Mapping[str, Stored] | None, *, sound: bool = False
    ) -> dict[str, Stored]:
        values = {name: row[place] for name, place in self._places}
        if not sound and GEOMETRY in values:
            blob = values[GEOMETRY]
            if blob is not None and blob != (base or {}).get(GEOMETRY) and not is_geometry(blob):
                self.spoilt += 1
                values[GEOMETRY] = (base or {}).get(GEOMETRY)
        return values


def renumbered(new: Sequence[Coming], states: Mapping[str, str]) -> dict[str, str]:
    """Rows that came before and have another number by now, told by what they hold: old key → new key. ``states``: what
    came before and is not found under its number."""
    by_state: dict[str, list[str]] = {}
    for key, state in states.items():
        by_state.setdefault(state, []).append(key)
    out = {}
    for coming in new:
        found = by_state.get(journal.pack(coming.theirs)) if coming.theirs is not None else None
        if found:
            out[found.pop(0)] = coming.key
    return out


def _same(old: Stored, new: Stored, kind: str) -> bool:
    try:
        return ch.same(old, new, kind)
    except RecursionError:
        return False


def is_geometry(value: Stored) -> bool:
    """Whether a value from outside is a geometry that can be worked with."""
    if not isinstance(value, bytes):
        return False
    try:
        return decode(value) is not None
    except (BadGeometry, RecursionError):
        pass
    try:
        with QuietGdal():  # curves, which GeoJSON has not
            return ogr.CreateGeometryFromWkb(wkb_of(value)) is not None
    except (BadGeometry, RuntimeError):
        return False


def _unless_busy(error: sqlite3.DatabaseError) -> sqlite3.DatabaseError:
    if "locked" in str(error) or "busy" in str(error):
        raise error
    return error
