"""The second half of a pull: theirs merged into the file, all in one transaction and without the network."""

from __future__ import annotations

import math
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ..text import tr
from ..twin.progress import SILENT, Progress, check
from . import books, conflicts, journal, reshape, settle, sql, tables, validators
from . import source as src
from .columns import GEOMETRY
from .connection import opened, transaction
from .copy import WorkingCopy
from .errors import WorkingCopyError
from .geometry import Box, box_of, has_heights
from .journal import Entry
from .merge import Merge, Values, differing, merge
from .settle import Row
from .source import Source
from .theirs import Fetched, FetchedLayer, Theirs


class Stale(WorkingCopyError):
    """The file was published or pulled since the twin was asked: what came is not the newest any more."""


@dataclass(frozen=True)
class LayerPull:
    """What a pull did to one layer."""

    table: str
    title: str
    created: int = 0
    updated: int = 0
    deleted: int = 0
    merged: int = 0  # features of which both sides changed something, without clashing
    left: int = 0  # lie outside the extent now, and are kept
    conflicts: int = 0  # found, or moved on
    notes: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()  # sentences: of which features a column was merged inside, and which
    touched: bool = False  # rows were written
    reshaped: bool = False  # columns were added or changed
    failed: bool = False
    unchanged: bool = False  # the twin said that nothing had changed, and was not read
    box: Box | None = None  # around the geometries that were written, in the table's CRS


@dataclass(frozen=True)
class PullReport:
    """What a pull did."""

    layers: tuple[LayerPull, ...]
    at: str  # when the twin was asked, UTC

    @property
    def created(self) -> int:
        return sum(layer.created for layer in self.layers)

    @property
    def updated(self) -> int:
        return sum(layer.updated for layer in self.layers)

    @property
    def deleted(self) -> int:
        return sum(layer.deleted for layer in self.layers)

    @property
    def merged(self) -> int:
        return sum(layer.merged for layer in self.layers)

    @property
    def left(self) -> int:
        return sum(layer.left for layer in self.layers)

    @property
    def conflicts(self) -> int:
        return sum(layer.conflicts for layer in self.layers)

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(note for layer in self.layers for note in layer.notes)

    @property
    def inside(self) -> tuple[str, ...]:
        return tuple(sentence for layer in self.layers for sentence in layer.inside)

    @property
    def touched(self) -> frozenset[str]:
        """The tables whose rows changed."""
        return frozenset(layer.table for layer in self.layers if layer.touched)

    @property
    def reshaped(self) -> frozenset[str]:
        """The tables whose columns changed."""
        return frozenset(layer.table for layer in self.layers if layer.reshaped)


def apply(copy: WorkingCopy, fetched: Fetched, progress: Progress = SILENT) -> PullReport:
    """Merge what was fetched. All of it, or nothing: raises `Stale`, `FileBusy`, `Cancelled` and others.

    ``copy`` has the sources as they are afterwards. No edit session of QGIS may be open on the file's layers: what it
    holds in memory was begun on the old state.
    """
    layers = []
    with opened(copy.path, write=True) as connection, transaction(connection, tracking=False):
        if tuple(connection.execute(books.FINGERPRINT).fetchone()) != fetched.fingerprint:
            raise Stale(tr("The working copy was published or pulled meanwhile. Pull again."))
        now = {source.table: source for source in src.load(connection)}
        for layer in fetched.layers:
            if now.get(layer.source.table) != layer.source:
                raise Stale(tr("The working copy was published or pulled meanwhile. Pull again."))
            layers.append(_Applying(connection, layer, fetched.at, progress).run())
        sources = src.load(connection)
        check(progress)
    copy.sources = sources
    return PullReport(tuple(layers), fetched.at)


@dataclass
class _Tally:
    created: int = 0
    updated: int = 0
    deleted: int = 0
    merged: int = 0
    left: int = 0
    conflicts: int = 0
    notes: list[str] = field(default_factory=list)
    inside: list[str] = field(default_factory=list)


class _Applying:
    """One layer of a pull, inside the caller's transaction."""

    def __init__(self, connection: sqlite3.Connection, layer: FetchedLayer, at: str, progress: Progress) -> None:
        self._connection = connection
        self._layer = layer
        self._at = at
        self._progress = progress
        self._source: Source = layer.shape.source if not layer.failed else layer.source
        self._fields = self._source.fields
        self._added = [column.name for column in layer.shape.added]
        self._tally = _Tally()
        self._box: Box | None = None
        self._heights = False  # came
        self._own: _OwnCreates | None = None

    def run(self) -> LayerPull:
        layer, tally, table = self._layer, self._tally, self._source.table
        if not layer.failed:
            if layer.shape:
                tally.notes.extend(reshape.apply(self._connection, layer.source, layer.shape))
            for version in (sql.set_version(table), sql.set_version(sql.base_table(table))):
                self._connection.executemany(version, ((token, twin_id) for twin_id, token in layer.tokens))
            for index, theirs in enumerate(layer.changed):
                if index % 100 == 0:
                    check(self._progress)
                    self._progress.report(index, len(layer.changed), tr("{title}: merging", title=self._source.title))
                self._one(theirs)
            self._settle_geometry()
            if self._box is not None:
                self._connection.execute(sql.WIDEN_CONTENTS, (*self._box, table))
            (count,) = self._connection.execute(sql.count_rows(table)).fetchone()
            src.save(self._connection, replace(self._source, pulled=self._at, feature_count=count))
            numbers = (tally.created, tally.updated, tally.deleted, tally.merged, tally.conflicts)
            self._connection.execute(books.NOTE_PULL, (self._at, table, *numbers))
            validators.save(self._connection, table, layer.kept)
        return LayerPull(
            table,
            self._source.title,
            tally.created,
            tally.updated,
            tally.deleted,
            tally.merged,
            tally.left,
            tally.conflicts,
            (*layer.notes, *tally.notes),
            tuple(tally.inside),
            touched=bool(tally.created + tally.updated + tally.deleted + tally.merged),
            reshaped=bool(layer.shape) or self._source.geometry_type != layer.source.geometry_type,
            failed=layer.failed,
            unchanged=layer.unchanged,
            box=self._box,
        )

    def _one(self, theirs: Theirs) -> None:
        connection, source = self._connection, self._source
        row = settle.row_by_id(connection, source, theirs.twin_id)
        base = settle.base_of(connection, source, theirs.twin_id)
        if row is None and base is None:
            self._unknown(theirs)
            return
        before = base or row
        known = dict(before.values) if before else {}
        mine = dict(row.values) if row else None
        if theirs.values is not None:
            for name in self._added:  # a column that neither of us had is nobody's edit
                known[name] = theirs.values.get(name)
                if mine is not None:
                    mine[name] = theirs.values.get(name)
        self._tally.left += theirs.left
        merged = merge(known, mine, theirs.values, self._fields)
        if merged.kind:
            self._ask(theirs, merged, row, (known, mine, theirs.values))
            return
        connection.execute(books.DROP_CONFLICT, (source.table, theirs.twin_id))
        if theirs.values is None:
            if row is not None:
                connection.execute(sql.delete_row(source.table), (row.fid,))
                self._tally.deleted += 1
            connection.execute(sql.drop_base(source.table), (theirs.twin_id,))
            return
        if merged.result is None:
            # we deleted it, they left it alone
            fid = base.fid if base else 0
            settle.put_base(connection, source, theirs.twin_id, theirs.token, fid, theirs.values, None)
            return
        news = merged.takes_theirs or any(cell.verdict == "both" for cell in merged.cells)
        if base is None or not differing(known, mine or {}, self._fields):
            self._tally.updated += news
        else:
            self._tally.merged += news
        told = settle.merged_inside(source, merged, theirs.twin_id)
        if told:
            self._tally.inside.append(told)
        self._write(theirs, row.fid if row else None, merged)

    def _write(self, theirs: Theirs, fid: int | None, merged: Merge) -> None:
        values, told = merged.result or {}, theirs.values or {}
        fid = settle.put_row(self._connection, self._source, fid, values, theirs.twin_id, theirs.token)
        settle.put_base(self._connection, self._source, theirs.twin_id, theirs.token, fid, told, values)
        self._widen(values.get(GEOMETRY))

    def _unknown(self, theirs: Theirs) -> None:
        """An id that this file has not: theirs is new here, unless it is the same as something new of ours."""
        connection, source = self._connection, self._source
        if theirs.values is None:
            connection.execute(books.DROP_CONFLICT, (source.table, theirs.twin_id))
            return
        if self._own is None:
            self._own = _OwnCreates(connection, source)
        entry = self._own.sent_as(theirs)
        if entry is not None:
            # our own create, whose answer never came
            settle.confirm(connection, source, entry, theirs.twin_id, theirs.token, theirs.values)
            journal.settle(connection, entry, "published", 0, "", theirs.twin_id)
            self._own.forget(entry.fid)
            return
        for row in self._own.near(theirs):
            merged = merge(None, row.values, theirs.values, self._fields)
            if merged.kind:
                self._ask(theirs, merged, row, (None, row.values, theirs.values))
                return
            self._own.forget(row.fid)
            connection.execute(books.DROP_CONFLICT, (source.table, theirs.twin_id))
            self._tally.merged += 1
            self._write(theirs, row.fid, merged)
            return
        connection.execute(books.DROP_CONFLICT, (source.table, theirs.twin_id))
        self._tally.created += 1
        self._write(theirs, None, merge(None, None, theirs.values, self._fields))

    def _ask(
        self, theirs: Theirs, merged: Merge, row: Row | None, sides: tuple[Values | None, Values | None, Values | None]
    ) -> None:
        connection, source = self._connection, self._source
        before = connection.execute(books.CONFLICT_OF, (source.table, theirs.twin_id)).fetchone()
        new = before is None or (before[2], before[5], before[6]) != (
            merged.kind,
            conflicts.as_json(source, theirs.values),
            theirs.token,
        )
        if not new:
            return
        self._tally.conflicts += 1
        conflicts.keep(
            connection,
            source,
            merged,
            theirs.twin_id,
            row.fid if row else None,
            sides,
            theirs.token,
            theirs.who,
            theirs.changed,
            journal.now(),
        )

    def _settle_geometry(self) -> None:
        """Tell the file the truth where other geometries came than the table was made for, as a checkout does."""
        source, table = self._source, self._source.table
        if not source.has_geometry:
            return
        served = tuple(sorted({*source.served_types, *self._layer.kinds}))
        wanted = source.geometry_type
        if wanted and not set(served) <= {wanted, wanted.replace("Multi", "")}:
            tables.any_geometry(self._connection, table)
            wanted = ""
            words = tr("{title} has other geometry types now: {types}.", title=source.title, types=", ".join(served))
            self._tally.notes.append(words)
        if self._heights and not source.has_z:
            self._connection.execute(sql.SET_OPTIONAL_Z, (table,))
        self._source = replace(source, served_types=served, geometry_type=wanted)

    def _widen(self, blob: object) -> None:
        box = box_of(blob) if isinstance(blob, bytes) else None
        self._heights = self._heights or (isinstance(blob, bytes) and has_heights(blob))
        if box is None:
            return
        a = self._box or box
        self._box = (min(a[0], box[0]), min(a[1], box[1]), max(a[2], box[2]), max(a[3], box[3]))


class _OwnCreates:
    """Our new features, found by their place: somebody else may have added the same thing."""

    def __init__(self, connection: sqlite3.Connection, source: Source) -> None:
        self._source = source
        self._fields = source.fields
        self._rows: dict[int, Row] = {}
        self._places: dict[tuple[int, int], list[int]] = defaultdict(list)
        for fid, *values in connection.execute(sql.inserted(source.table, source.tracked)):
            row = Row(fid, None, None, dict(zip(source.tracked, values)))
            self._rows[fid] = row
            self._places[self._place(row.values.get(GEOMETRY))].append(fid)
        self._sent = [
            entry
            for entry in journal.unsettled(connection)
            if entry.table == source.table and entry.kind == "insert" and entry.fid in self._rows
        ]

    def _place(self, blob: object) -> tuple[int, int]:
        box = box_of(blob) if isinstance(blob, bytes) else None
        if box is None:
            return (0, 0)
        scale = 1e5 if self._source.srid == 4326 else 1.0  # about a metre
        return (math.floor((box[0] + box[2]) / 2 * scale), math.floor((box[1] + box[3]) / 2 * scale))

    def forget(self, fid: int) -> None:
        """It is the twin's now."""
        self._rows.pop(fid, None)
        self._sent = [entry for entry in self._sent if entry.fid != fid]

    def sent_as(self, theirs: Theirs) -> Entry | None:
        """The create of ours, of unknown outcome, that this is."""
        told = theirs.values or {}
        for entry in self._sent:
            if not differing(entry.sent, told, self._fields, told=True):
                return entry
        return None

    def near(self, theirs: Theirs) -> Iterator[Row]:
        """Our new features with the same geometry; without any geometry, those that are the same altogether."""
        told = theirs.values or {}
        x, y = self._place(told.get(GEOMETRY))
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                for fid in self._places.get((x + dx, y + dy), ()):
                    row = self._rows.get(fid)
                    if row is None:
                        continue
                    compared = tuple(f for f in self._fields if f.kind == "geometry")
                    if not isinstance(told.get(GEOMETRY), bytes):
                        compared = self._fields
                        if all(row.values.get(f.name) is None for f in compared if not f.read_only):
                            continue
                    if not differing(row.values, told, compared, told=True):
                        yield row
