"""The pilot profile: what lies inside a pilot, over every layer of a working copy."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from itertools import chain
from typing import Any

import numpy as np

from ..text import tr, trn
from ..twin.errors import CityTwinError
from ..twin.progress import SILENT, Progress, check
from ..workcopy.columns import GEOMETRY
from ..workcopy.connection import opened
from ..workcopy.copy import WorkingCopy
from ..workcopy.source import Source
from ..workcopy.sql import HAS_TABLE
from . import roles, shapes, sql
from .buildings import Tally
from .figures import LayerShare, Profile, Sensor, Touched
from .ground import NEAR, ground_of, neighbours_of
from .mapping import OURS, PilotMapping
from .measure import AREAS, LINES, Measure, to_rd
from .reading import NoPilots, read_pilots
from .record import Pilot
from .roles import Figures
from .rows import holds, reaches, rows_near


def profile(
    copy: WorkingCopy,
    pilot: Pilot,
    *,
    today: date,
    sensors: Sequence[Sensor] = (),
    tables: Collection[str] | None = None,
    kinds: Mapping[str, str] | None = None,
    mapping: PilotMapping = OURS,
    near: float = NEAR,
    others: Sequence[Pilot] | None = None,
    progress: Progress = SILENT,
) -> Profile:
    """What lies inside ``pilot``, as the working copy is now, unpublished edits included.

    ``tables``: the layers to look at (None: all); ``kinds``: table → role, where `roles.role_of` guesses wrong;
    ``sensors``: those known, anywhere; the ones inside are kept. ``near``: how far off a neighbouring pilot may be, m;
    ``others``: all pilots (None: those in the file). Raises `NoGeopandas`, `Cancelled`, `CityTwinError` where the pilot
    has no area, or one that lies nowhere.
    """
    shape, remarks = ground_of(pilot)
    check(progress)  # of tens of thousands of corners each step takes its time
    work = _Work(copy, Measure(shapes.wkb_of_shape(shape)), dict(kinds or {}), progress)
    work.notes += remarks
    wanted = [
        source
        for source in copy.sources
        if source.collection != mapping.collection
        and source.has_geometry
        and (tables is None or source.table in tables)
    ]
    with opened(copy.path) as connection:
        for index, source in enumerate(wanted):
            check(progress)
            progress.report(index, len(wanted), tr("Looking at {title}", title=source.title))
            work.layer(connection, source)
    for name in tables or ():
        if name not in {source.table for source in copy.sources}:
            work.notes.append(tr("There is no layer {table} in the working copy: it was left out.", table=name))
    check(progress)
    work.say_what_is_missing(tables)
    neighbours = neighbours_of(pilot, shape, _others(copy, mapping, others), near, work.notes, progress)
    return Profile(
        pilot.key,
        pilot.name,
        pilot.stage,
        float(shape.GetArea()),
        float(shape.Boundary().Length()),
        today,
        work.tally.figures(),
        work.counts.get(roles.TREES),
        work.counts.get(roles.ADDRESSES),
        tuple(work.layers),
        tuple(sorted(work.districts, key=lambda one: -one.area)),
        sensors_inside(work.measure, sensors),
        neighbours,
        tuple(work.notes),
    )


def outline_profile(
    copy: WorkingCopy,
    pilot: Pilot,
    *,
    today: date,
    mapping: PilotMapping = OURS,
    near: float = NEAR,
    others: Sequence[Pilot] | None = None,
) -> Profile:
    """What of a profile needs no geopandas: area, perimeter and neighbours. Of all else nothing is known: it is None or
    empty. Raises `CityTwinError` as `profile` does."""
    shape, notes = ground_of(pilot)
    neighbours = neighbours_of(pilot, shape, _others(copy, mapping, others), near, notes)
    return Profile(
        pilot.key,
        pilot.name,
        pilot.stage,
        float(shape.GetArea()),
        float(shape.Boundary().Length()),
        today,
        None,
        None,
        None,
        (),
        (),
        (),
        neighbours,
        tuple(notes),
    )


def _others(copy: WorkingCopy, mapping: PilotMapping, others: Sequence[Pilot] | None) -> Sequence[Pilot]:
    if others is not None:
        return others
    try:
        return read_pilots(copy, mapping)
    except NoPilots:
        return ()


class _Work:
    """What is found, layer by layer."""

    def __init__(self, copy: WorkingCopy, measure: Measure, kinds: dict[str, str], progress: Progress) -> None:
        self.copy, self.measure, self._kinds, self._progress = copy, measure, kinds, progress
        self.tally = Tally()
        self.counts: dict[str, int] = {}
        self.layers: list[LayerShare] = []
        self.districts: list[Touched] = []
        self.notes: list[str] = []
        self._elsewhere: list[str] = []  # titles of layers whose data end before the pilot begins
        self._in_part: list[str] = []  # and of those that were not checked out for all of it

    def layer(self, connection: sqlite3.Connection, source: Source) -> None:
        if connection.execute(HAS_TABLE, (source.table,)).fetchone() is None:
            self.notes.append(tr("The layer {title} is gone from the file: it was left out.", title=source.title))
            return
        role = self._kinds.get(source.table) or roles.role_of(source)
        figures = roles.figures_of(source) if role == roles.BUILDINGS else Figures()
        label = roles.label_of(source) if role == roles.DISTRICTS else ""
        columns = [*figures.columns, *([label] if label else [])]
        count = whole = mended = unreadable = 0
        length = area = 0.0
        known = True
        try:
            pieces = rows_near(connection, source, columns, self.measure.bounds)
            first = next(pieces, None)
            known = first is not None or reaches(connection, source, self.measure.bounds)
            if known and role == roles.BUILDINGS:
                self.tally.begin(figures)
            if known and not holds(source, self.measure.bounds):
                self._in_part.append(source.title)
            for rows in chain([first] if first is not None else [], pieces):
                check(self._progress)
                found = self.measure.inside([row[0] for row in rows], source.srid, self._progress)
                touched = found.touched
                count += int(touched.sum())
                whole += int((touched & (found.share > 1 - 1e-9)).sum())
                length += float(found.amount[touched & (found.kind == LINES)].sum())
                area += float(found.amount[touched & (found.kind == AREAS)].sum())
                mended, unreadable = mended + found.mended, unreadable + found.unreadable
                if role == roles.BUILDINGS:
                    self.tally.add(rows, columns, found)
                if role == roles.DISTRICTS:
                    self._touch(rows, found, bool(label))
                self._progress.report(count, None, tr("Measuring {title}", title=source.title))
        except CityTwinError as error:
            if type(error) is not CityTwinError:
                raise
            self.notes.append(tr("{title} was left out: {reason}", title=source.title, reason=str(error)))
            return
        total = self._total(connection, source)
        covers = area / self.measure.area if source.geometry_type.endswith("Polygon") or area else None
        self.layers.append(
            LayerShare(
                source.table, source.title, role, count, whole, total, length, area,
                count / total if total else 0.0, covers, known,
            )
        )  # fmt: skip
        if not known:
            self._elsewhere.append(source.title)
        elif role in (roles.TREES, roles.ADDRESSES):
            self.counts[role] = self.counts.get(role, 0) + count
        self._say(source, mended, unreadable)

    def _total(self, connection: sqlite3.Connection, source: Source) -> int:
        listed = f"{sql.tree(source.table, GEOMETRY)}_rowid"
        if connection.execute(HAS_TABLE, (listed,)).fetchone() is None:
            return int(connection.execute(sql.count(source.table)).fetchone()[0])
        return int(connection.execute(sql.count_in_tree(source.table, GEOMETRY)).fetchone()[0])

    def _touch(self, rows: Sequence[Any], found: Any, named: bool) -> None:
        for index in np.flatnonzero(found.touched & (found.kind == AREAS)):
            area, share = float(found.amount[index]), float(found.share[index])
            name = str(rows[index][1] or "") if named else ""
            self.districts.append(Touched(name, area, area / self.measure.area, share))

    def _say(self, source: Source, mended: int, unreadable: int) -> None:
        if mended:
            self.notes.append(
                trn(
                    "{title}: {n} outline crosses itself and was mended for this calculation.",
                    "{title}: {n} outlines cross themselves and were mended for this calculation.",
                    mended,
                    title=source.title,
                )
            )
        if unreadable:
            self.notes.append(
                trn(
                    "{title}: {n} geometry cannot be read and is not counted.",
                    "{title}: {n} geometries cannot be read and are not counted.",
                    unreadable,
                    title=source.title,
                )
            )

    def say_what_is_missing(self, tables: Collection[str] | None) -> None:
        if self._elsewhere:
            self.notes.append(
                trn(
                    "{titles}: the data end before this pilot begins, so what of it is here is not known.",
                    "{titles}: the data end before this pilot begins, so what of them is here is not known.",
                    len(self._elsewhere),
                    titles=", ".join(f"“{one}”" for one in self._elsewhere),
                )
            )
        if self._in_part:
            self.notes.append(
                trn(
                    "{titles}: checked out for an area that does not hold all of this pilot; what lies beyond is not "
                    "counted.",
                    "{titles}: checked out for areas that do not hold all of this pilot; what lies beyond is not "
                    "counted.",
                    len(self._in_part),
                    titles=", ".join(f"“{one}”" for one in self._in_part),
                )
            )
        have: dict[str, bool] = defaultdict(bool, {layer.role: True for layer in self.layers})
        if tables is not None:
            return  # somebody chose
        for role, words in (
            (roles.BUILDINGS, tr("No layer of buildings is checked out, so none are counted.")),
            (roles.TREES, tr("No layer of trees is checked out, so none are counted.")),
            (roles.ADDRESSES, tr("No layer of addresses is checked out, so none are counted.")),
            (roles.DISTRICTS, tr("No layer of districts is checked out, so which the pilot touches is not known.")),
        ):
            if not have[role]:
                self.notes.append(words)


def sensors_inside(measure: Measure, sensors: Sequence[Sensor]) -> tuple[Sensor, ...]:
    """Those of ``sensors`` that stand inside."""
    by_srid: dict[int, list[Sensor]] = defaultdict(list)
    for sensor in sensors:
        by_srid[sensor.srid].append(sensor)
    found: set[int] = set()
    for srid, group in by_srid.items():
        xy = np.array([(one.x, one.y) for one in group], np.float64)
        inside = measure.holds(xy if srid == shapes.RD else to_rd(xy, srid))
        found |= {id(one) for one, held in zip(group, inside) if held}
    return tuple(sensor for sensor in sensors if id(sensor) in found)
