"""The list of what to look at outside: asked for in the main thread, gathered in the one that makes the package."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qgis.core import (
    QgsCsException,
    QgsExpression,
    QgsFeature,
    QgsFeatureRequest,
    QgsGeometry,
    QgsVectorLayer,
    QgsVectorLayerFeatureSource,
)

from ...map.layers import origin_of
from ...map.pilots.session import blob
from ...map.review import places
from ...map.review.book_reading import Note
from ...review import vocabulary as words
from ...review.tasks import Task
from ...text import tr
from ...twin.errors import CityTwinError
from ...twin.progress import Progress, check
from ...workcopy.columns import ID
from ...workcopy.excerpt import OFFICE, Area
from .on_map import crs_of, geometry_of

MOST_TASKS = 5000  # more is no list that anybody walks through
_SOME = 200  # tasks between two words about how far it is

# What gathers tasks, in any thread. Raises `CityTwinError` where there are too many, and `Cancelled`.
Gather = Callable[[Progress], "list[Task]"]


def nothing(_progress: Progress) -> list[Task]:
    """No tasks."""
    return []


def of_notes(notes: Sequence[Note], srid: int) -> Gather:
    """Review items that somebody should look at again; points in EPSG:``srid``."""

    def gather(progress: Progress) -> list[Task]:
        out: list[Task] = []
        for note in notes[: MOST_TASKS + 1]:
            _say(progress, len(out))
            check(progress)
            out.append(_of_note(note, srid))
        return _not_too_many(out)

    return gather


def of_layers(
    layers: Sequence[QgsVectorLayer], srid: int, *, selected: bool = False, area: Area | None = None
) -> Gather:
    """The features of layers as they are saved now: the ``selected`` ones, or those in ``area``; points in
    EPSG:``srid``. To be gathered once. Raises `CityTwinError` where the area lies nowhere."""
    views = [_View(layer, srid, selected, area) for layer in layers]

    def gather(progress: Progress) -> list[Task]:
        out: list[Task] = []
        # An error keeps the frames that it came through until Python looks for garbage, in whatever thread: nothing of
        # QGIS may be left in them.
        while views:
            views.pop().read(progress, out)
        check(progress)
        return _not_too_many(out)

    return gather


def _not_too_many(tasks: list[Task]) -> list[Task]:
    if len(tasks) > MOST_TASKS:
        raise CityTwinError(
            tr("That would be {n} tasks or more. Choose a smaller area, or select some features.", n=MOST_TASKS)
        )
    return tasks


def _say(progress: Progress, done: int) -> None:
    if done % _SOME == 0:
        progress.report(done, None, tr("Listing what to look at…"))


class _View:
    """What a thread has to know of a layer, without the layer."""

    def __init__(self, layer: QgsVectorLayer, srid: int, selected: bool, area: Area | None) -> None:
        origin = origin_of(layer)
        code = layer.crs().authid().partition(":")[2]
        self._table = origin[1] if origin is not None else ""
        self._id = layer.fields().lookupField(ID)
        self._features = QgsVectorLayerFeatureSource(layer)
        self._display, self._context = layer.displayExpression(), layer.createExpressionContext()
        self._own, self._srid = int(code) if code.isdigit() else srid, srid
        self._request = QgsFeatureRequest()
        self._shape = None
        if selected:
            self._request.setFilterFids(layer.selectedFeatureIds())
        elif area is not None:
            self._shape = places.shape_in(area, layer.crs())
            self._request.setFilterRect(self._shape.boundingBox())

    def read(self, progress: Progress, out: list[Task]) -> None:
        """Add the tasks to ``out``, until it was cancelled or there are too many. Raises nothing."""
        display = QgsExpression(self._display)
        display.prepare(self._context)
        features = self._features.getFeatures(self._request)
        for feature in features:
            if len(out) > MOST_TASKS or progress.cancelled():
                break
            _say(progress, len(out))
            if self._shape is None or self._shape.intersects(feature.geometry()):
                out.append(self._task(feature, display))
        features.close()

    def _task(self, feature: QgsFeature, display: QgsExpression) -> Task:
        id = feature.attribute(self._id) if self._id >= 0 else None
        self._context.setFeature(feature)
        label = str(display.evaluate(self._context) or "") or str(id or feature.id())
        place = _point(feature.geometry(), self._own, self._srid)
        return Task(label, "", self._table, str(id or f"{OFFICE}{feature.id()}"), geometry=place)


def _of_note(note: Note, srid: int) -> Task:
    item = note.item
    shape = geometry_of(item.geometry)
    place = _point(shape, note.srid, srid) if shape is not None else None
    why = item.answer if item.status == words.ACCEPTED and item.answer else item.text
    return Task(item.label, why, item.about, item.about_id, geometry=place)


def _point(shape: QgsGeometry, own: int, srid: int) -> bytes | None:
    """Where a shape is, as the GeoPackage has it."""
    if shape.isNull() or shape.isEmpty():
        return None
    place = shape.pointOnSurface()
    try:
        place.transform(places.way(crs_of(own), crs_of(srid)))
    except QgsCsException:  # outside the system's range: a task without a place
        return None
    place.get().dropZValue()
    place.get().dropMValue()
    return blob(place, srid)
