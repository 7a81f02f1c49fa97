"""The features of one live layer: written page by page, then only the cells that changed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from time import perf_counter

from qgis.core import QgsFeature, QgsFeatureSink, QgsGeometry, QgsVectorLayer

from ...sensors import freshness, norms
from ...sensors.live import Live
from ...sensors.norms import Fit
from ...sensors.state import Latest
from ...twin.sensorthings import Datastream
from . import fields
from .fields import Cells
from .onlookers import Onlookers
from .ready import Ready, make, point

_AT_ONCE = 50  # features between two looks at the clock
# seconds in which all ages in an open attribute table are told again, and features at once at least
_AGEING, _LEAST = 20, 50
_NONE: Mapping[str, Ready] = {}


class Row:
    """One datastream's feature, and what was written into it last."""

    __slots__ = ("fid", "fit", "latest", "stream")

    def __init__(self, fid: int, stream: Datastream, fit: Fit | None, latest: Latest) -> None:
        self.fid = fid
        self.stream = stream
        self.fit = fit
        self.latest = latest


class Rows:
    """The provider is written, not the layer: no undo stack, and no edit session of the user's is in the way.

    `fill` is asked to go on until there is nothing more to do.
    """

    def __init__(self, layer: QgsVectorLayer, live: Live) -> None:
        self._layer = layer
        # asked for each time, it would let other threads have their turn each time (QGIS lets Python's lock go)
        self._provider = layer.dataProvider()
        self._columns = self._provider.fields()
        self._live = live
        self.onlookers = Onlookers(layer, self._age)
        self._older: deque[int] = deque()
        self._rows: dict[str, Row] = {}
        self._by_fid: dict[int, Row] = {}
        self._waiting: dict[str, Datastream] = {}
        self._ready: dict[str, Ready] = {}
        self._leaving: deque[str] = deque()

    def renew(self) -> None:
        """The layer has another provider, or other columns."""
        self._provider = self._layer.dataProvider()
        self._columns = self._provider.fields()

    def __len__(self) -> int:
        return len(self._rows)

    def row(self, datastream: str) -> Row | None:
        return self._rows.get(datastream)

    def row_of(self, fid: int) -> Row | None:
        return self._by_fid.get(fid)

    def show(self, streams: Iterable[Datastream], *, all_of_them: bool, ready: Mapping[str, Ready] = _NONE) -> None:
        """What the layer is to show, some with features that are ``ready``; ``all_of_them``: what else it has is to
        go."""
        wanted = {stream.id: stream for stream in streams if stream.position is not None}
        for id, stream in wanted.items():
            row = self._rows.get(id)
            if row is None or (row.stream is not stream and _differs(row.stream, stream)):
                self._waiting[id] = stream
                if id in ready:
                    self._ready[id] = ready[id]
            else:
                row.stream = stream
        if all_of_them:
            self._leaving.extend(id for id in self._rows if id not in wanted)
            for id in [id for id in self._waiting if id not in wanted]:
                del self._waiting[id]

    def fill(self, budget: float) -> bool:
        """Write features for about ``budget`` seconds; True where there are more to write."""
        stop = perf_counter() + budget
        self._leave()
        while self._waiting:
            block = [self._waiting.pop(id) for id in list(islice(self._waiting, _AT_ONCE))]
            self._add(block)
            if perf_counter() > stop:
                break
        if not self._waiting:
            self._ready.clear()
        return bool(self._waiting)

    def _leave(self) -> None:
        gone = [row for row in (self._rows.pop(id, None) for id in self._leaving) if row is not None]
        self._leaving.clear()
        self._delete(gone)

    def _delete(self, rows: Iterable[Row]) -> None:
        fids = [row.fid for row in rows]
        for fid in fids:
            self._by_fid.pop(fid, None)
        if fids:
            self._provider.deleteFeatures(fids)
            self.onlookers.gone(fids)

    def _add(self, streams: list[Datastream]) -> None:
        new: list[Ready] = []
        anew: list[Datastream] = []
        cells: dict[int, Cells] = {}
        places: dict[int, QgsGeometry] = {}
        for stream, known in zip(streams, self._live.states(stream.id for stream in streams)):
            row, ready = self._rows.get(stream.id), self._ready.pop(stream.id, None)
            if row is not None:
                # the same feature as before, which may be selected
                latest, fit = known or fields.nothing_yet(stream), norms.fit(stream)
                cells[row.fid] = dict(enumerate(fields.row(stream, latest, fit)))
                if row.stream.position != stream.position:
                    places[row.fid] = point(stream)
                row.stream, row.fit, row.latest = stream, fit, latest
            elif ready is not None and ready.stream is stream and ready.latest == known:
                new.append(ready)
            else:
                anew.append(stream)
        self._write(cells)
        if places and self._provider.changeGeometryValues(places):
            self.onlookers.moved(places)
        new += make(self._live, self._columns, anew)
        if not new:
            return
        done, added = self._provider.addFeatures([one.feature for one in new], QgsFeatureSink.Flag.FastInsert)
        if not done:
            return
        fids = _ids(added)
        for fid, (stream, fit, latest, _) in zip(fids, new):
            self._rows[stream.id] = self._by_fid[fid] = Row(fid, stream, fit, latest)
        self.onlookers.came(fids)

    def update(self, latest: Iterable[Latest]) -> bool:
        """Write what changed; True where anything did."""
        rows = self._rows
        changes: dict[int, Cells] = {}
        for one in latest:
            row = rows.get(one.id)
            if row is None:
                continue
            cells = fields.changed_cells(row.latest, one, row.fit)
            row.latest = one
            if cells:
                changes[row.fid] = cells
        return self._write(changes)

    def silence(self) -> None:
        """Nothing will come any more: nothing may look as if it did. The last that is done with these rows."""
        cells, fresh = fields.silent(), (freshness.LIVE, freshness.LATE)
        self._provider.changeAttributeValues(
            {row.fid: cells for row in self._rows.values() if row.latest.freshness in fresh}
        )
        self.onlookers.all_anew()

    def grow_older(self) -> None:
        """Once a second: tell who keeps features how old some of them are by now."""
        if not self.onlookers.there():
            return
        if not self._older:
            self._older.extend(self._by_fid)
        some = max(_LEAST, len(self._by_fid) // _AGEING)
        self.onlookers.note({self._older.popleft(): {} for _ in range(min(some, len(self._older)))})

    def _age(self, fid: int) -> int | None:
        row = self._by_fid.get(fid)
        time = row.latest.time if row is not None else None
        return round(self._live.now() - time) if time is not None else None

    def clear(self) -> None:
        """Take all features out, those of a copy or of another session too."""
        self._rows.clear()
        self._by_fid.clear()
        self._waiting.clear()
        self._ready.clear()
        self._leaving.clear()
        self._older.clear()
        self._provider.truncate()
        self.onlookers.all_anew()

    def _write(self, changes: Mapping[int, Cells]) -> bool:
        if not changes or not self._provider.changeAttributeValues(changes):
            return False
        self.onlookers.note(changes)
        return True


def _ids(added: Sequence[QgsFeature]) -> list[int]:
    """Their ids; they mostly are consecutive, and asking two is quicker than asking all."""
    first, last = added[0].id(), added[-1].id()
    if last - first == len(added) - 1:
        return list(range(first, last + 1))
    return [feature.id() for feature in added]


def _differs(one: Datastream, other: Datastream) -> bool:
    """Whether a datastream's feature must be written anew: its place, its names, or its classes are others."""
    return (one.position, one.name, one.thing, one.observed_property, one.unit) != (
        other.position, other.name, other.thing, other.observed_property, other.unit
    )  # fmt: skip
