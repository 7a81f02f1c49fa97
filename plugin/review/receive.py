"""A package comes home: unpacked, looked at, its edits merged, its review items and photos collected, each once.

The package itself is only read. What comes is told in `Summary`, with all that did not.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..text import tr
from ..twin.errors import CityTwinError
from ..twin.progress import SILENT, Progress, check
from ..workcopy import books, sql, trail
from ..workcopy.connection import opened
from ..workcopy.copy import WorkingCopy
from ..workcopy.errors import FileBusy, NotAWorkingCopy, WorkingCopyError, told_plainly
from ..workcopy.handback import HandBack, hand_back
from ..workcopy.handback_layer import LayerBack
from ..workcopy.package import Package
from ..workcopy.trail import Branch
from . import bundle, plain, receive_items, schema, tasks, ticks
from . import inspect as inspection
from .errors import PackageError
from .inspect import Findings
from .item import Item
from .photos import Collected, collect
from .plain import Found
from .receive_items import ItemsBack
from .ticks import Looked, TicksBack


class Refused(PackageError):
    """Nothing can be taken from a package; the sentence says why."""


@dataclass(frozen=True)
class Summary:
    """What a package brought. ``edits`` are features of the city's layers, ``items`` what was noted, new or changed.

    ``layers`` are the city's layers; ``touched`` every table of the working copy that was written, ``made`` those of
    review items that were made for it. ``tasks`` of which ``tasks_done`` were looked at, in whatever copy of the
    package; ``ticked`` are those that were since the last time, ``opened`` those that were opened again. ``notes`` in
    sentences: what was lost, left out or is odd. ``again``: an older copy of what came before, or the same once more.
    """

    name: str
    package: Package | None = None
    layers: tuple[LayerBack, ...] = ()
    items_new: int = 0
    items_changed: int = 0
    photos: int = 0
    conflicts: int = 0
    tasks: int = 0
    tasks_done: int = 0
    again: bool = False
    touched: frozenset[str] = frozenset()
    made: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    ticked: tuple[Looked, ...] = ()
    opened: tuple[Looked, ...] = ()

    @property
    def edits(self) -> int:
        return sum(layer.edits for layer in self.layers)

    @property
    def items(self) -> int:
        return self.items_new + self.items_changed

    @property
    def label(self) -> str:
        """What people call the package."""
        return self.package.label if self.package is not None else Path(self.name).stem

    @property
    def brought(self) -> bool:
        """Whether anything came."""
        return bool(self.edits or self.items or self.photos or self.conflicts or self.ticked or self.opened)


def receive(copy: WorkingCopy, source: Path, progress: Progress = SILENT, *, now: datetime | None = None) -> Summary:
    """Merge the package at ``source`` (its folder, zip or GeoPackage) into ``copy``; photos go beside its file.

    No edit session of QGIS may be open on the layers of ``copy``. A second time changes nothing. Raises `Refused` and
    other `PackageError`, `FileBusy` and other `WorkingCopyError`, and `Cancelled`; what came by then is whole, and the
    next time brings the rest.
    """
    with told_plainly(source):
        place = Path(tempfile.mkdtemp(prefix="citytwin-review-"))
    try:
        unpacked = bundle.unpack(source, place, progress, whole=False)
        findings = inspection.inspect(unpacked.folder, copy, now=now)
        if findings.refused or findings.geopackage is None:
            raise Refused(findings.refused)
        check(progress)
        return _Coming(copy, findings, findings.geopackage, progress).take(source.name, unpacked.notes)
    finally:
        shutil.rmtree(place, ignore_errors=True)


class _Coming:
    """One package on its way in, unpacked."""

    def __init__(self, copy: WorkingCopy, findings: Findings, geopackage: Path, progress: Progress) -> None:
        self._copy, self._found, self._geopackage, self._progress = copy, findings, geopackage, progress
        self._notes = list(findings.notes)
        who = findings.package
        with opened(geopackage) as outside:
            self._marks = marks = trail.marks(outside) if findings.edits else None
            self._followed = {table for table in (*schema.COLLECTIONS, tasks.TABLE) if _is_followed(outside, table)}
        with opened(copy.path) as connection:
            self._branch = trail.branch(connection, who.id, marks) if who is not None else Branch("", "first")

    def take(self, name: str, notes: Sequence[str]) -> Summary:
        """All of it: what lies in the photos' folder first, for items name their photos as they are called here."""
        found, copy = self._found, self._copy
        read = plain.read(self._geopackage, package=self._branch.id) if found.items else Found((), {})
        photos = collect(found.folder, copy.path.parent, read.items, progress=self._progress)
        routes = _Routes(copy, self._geopackage) if found.edits else _Routes()
        back = self._edits()
        if back is None:
            routes = _Routes()
        older = self._branch.kind == "older"
        came = receive_items.bring(
            copy,
            self._branch.id,
            [
                item
                for item in photos.items
                if routes.by_hand(item) and not (older and (item.table in self._followed or item.table in routes.all))
            ],
            read.srids,
            only_new=older,
            progress=self._progress,
        )
        pairs = [(was, now) for was, now in zip(read.items, photos.items) if routes.as_edit(was)]
        called = receive_items.call_photos(copy, [was for was, _ in pairs], [now for _, now in pairs])
        self._notes = [*notes, *self._notes, *(back.notes if back is not None else ()), *came.notes]
        self._notes.extend(note for note in photos.notes if note not in self._notes)
        return self._summary(name, back, routes, came, photos, called)

    def _edits(self) -> HandBack | None:
        """Merge the edits; None where there are none that can be read."""
        if not self._found.edits:
            return None
        try:
            return hand_back(self._copy, self._geopackage, self._progress)
        except NotAWorkingCopy:
            if inspection.whole(self._geopackage):
                raise  # then it is the working copy that is damaged
            self._notes.append(
                tr("Its edits could not be read, for the file is damaged. What was noted was taken as far as it goes.")
            )
            return None

    def _summary(
        self,
        name: str,
        back: HandBack | None,
        routes: _Routes,
        came: ItemsBack,
        photos: Collected,
        called: frozenset[str],
    ) -> Summary:
        layers = back.layers if back is not None else ()
        noted = [layer for layer in layers if layer.table in schema.COLLECTIONS]
        listed = self._ticks()
        touched = {*came.tables, *called, *(back.touched if back is not None else ())}
        new = came.created + sum(layer.created for layer in noted)
        changed = came.changed + sum(layer.updated + layer.merged + layer.deleted for layer in noted)
        return Summary(
            name,
            self._found.package,
            tuple(layer for layer in layers if layer not in noted),
            new,
            changed,
            photos.copied,
            sum(layer.conflicts for layer in layers),
            len(listed.all),
            listed.done,
            self._branch.kind == "older",
            frozenset(touched),
            came.made,
            tuple(dict.fromkeys(self._notes)),
            listed.new,
            listed.opened,
        )

    def _ticks(self) -> TicksBack:
        """Its task list comes home, too."""
        who, branch = self._found.package, self._branch
        try:
            listed = tasks.read(self._geopackage, [])
        except FileBusy:
            raise
        except (CityTwinError, sqlite3.Error):
            listed = ()  # damaged, which was told
        if who is None:
            return ticks.alone(listed)
        older = branch.kind == "older"
        if older and tasks.TABLE in self._followed:
            listed = ()  # all of it came already
        unsure = older or self._marks is None
        return ticks.bring(self._copy.path, who.id, branch.id, listed, only_new=unsure)


class _Routes:
    """How the review items of a package come: as edits of a layer that is checked out on both sides, or by hand."""

    def __init__(self, copy: WorkingCopy | None = None, geopackage: Path | None = None) -> None:
        self.all: set[str] = set()  # tables that are tracked outside
        self._as_edits: set[str] = set()
        self._changed: dict[str, set[int]] = {}
        if copy is None or geopackage is None:
            return
        theirs = WorkingCopy.open(geopackage)
        ours = {one.items_url: one for one in copy.sources if one.table not in copy.problems}
        for there in theirs.sources:
            if there.table not in schema.COLLECTIONS or there.table in theirs.problems:
                continue
            try:
                self._changed[there.table] = {change.fid for change in theirs.changes(there.table)}
            except WorkingCopyError:
                continue  # damaged: then what can be read of it is taken by hand
            self.all.add(there.table)
            here = ours.get(there.items_url)
            if here is not None and (here.srid, here.has_geometry) == (there.srid, there.has_geometry):
                self._as_edits.add(there.table)

    def by_hand(self, item: Item) -> bool:
        """Whether the item is to be brought: of a tracked layer only what was noted or changed outside."""
        if item.table in self._as_edits:
            return False
        return item.table not in self.all or item.fid in self._changed[item.table]

    def as_edit(self, item: Item) -> bool:
        """Whether it came with the edits, and was noted or changed outside."""
        return item.table in self._as_edits and item.fid in self._changed[item.table]


def _is_followed(connection: sqlite3.Connection, table: str) -> bool:
    """Whether edits of a table leave marks in the package's trail."""
    found = {str(row[0]) for row in connection.execute(sql.MASTER, (table, table))}
    return set(books.trail_triggers(table)) <= found
