"""An area taken from selected features: of any layers of the project, lines and points widened by metres."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsFeatureRequest,
    QgsGeometry,
    QgsProject,
    QgsSpatialIndex,
    QgsVectorLayer,
    QgsVectorLayerFeatureSource,
)

from ...text import tr, trn
from ...twin.errors import CityTwinError
from ...twin.progress import Progress, check

_RD = 28992
_PAUSE = 200  # features between two looks whether somebody cancelled
_ROUND = 12  # pieces that a quarter of a circle is made of: 0.2 % of the radius off
_AREA, _WIDENED = "area", "widened"


@dataclass(frozen=True)
class Selection:
    """What of a layer is selected. ``areas``: whether they are areas; else lines or points, which must be widened."""

    layer: str  # its id
    name: str
    count: int
    areas: bool


@dataclass(frozen=True)
class Taken:
    """An area in the CRS that was asked for. ``notes``: what the user should know, as sentences."""

    wkb: bytes
    count: int
    notes: tuple[str, ...] = ()


def selections(project: QgsProject) -> tuple[Selection, ...]:
    """The project's layers with selected features, in the order of the layer tree. Main thread."""
    known = {layer.id(): layer for layer in project.mapLayers().values()}
    ordered = [layer.id() for layer in project.layerTreeRoot().layerOrder() if layer is not None]
    found = []
    for name in [*ordered, *(name for name in known if name not in ordered)]:
        layer = known.get(name)
        if isinstance(layer, QgsVectorLayer) and layer.isSpatial() and layer.selectedFeatureCount():
            kind = layer.geometryType()
            areas = kind not in (Qgis.GeometryType.Point, Qgis.GeometryType.Line)
            found.append(Selection(layer.id(), layer.name(), layer.selectedFeatureCount(), areas))
    return tuple(found)


def taking(
    layers: Sequence[QgsVectorLayer],
    target: QgsCoordinateReferenceSystem,
    metres: float = 0.0,
    widen_areas: bool = False,
) -> Callable[[Progress], Taken]:
    """The work that makes one area of what is selected in ``layers``, for a task; call this in the main thread.

    Lines and points are widened by ``metres`` (in EPSG:28992), areas only with ``widen_areas``. The work raises
    `CityTwinError` where nothing comes of it, `Cancelled`.
    """
    parts = [_part(layer, target) for layer in layers if layer.selectedFeatureCount()]
    if not parts:
        raise CityTwinError(
            tr("Nothing is selected any more, so there is nothing to take. Select features on the map and try again.")
        )
    return lambda progress: _taken(parts, metres, widen_areas, progress)


@dataclass(frozen=True)
class _Part:
    """One layer's selection, ready for another thread."""

    name: str
    fids: tuple[int, ...]
    source: QgsVectorLayerFeatureSource
    there: QgsCoordinateTransform  # to the target
    to_metres: QgsCoordinateTransform
    back: QgsCoordinateTransform  # from metres to the target
    counts_in_metres: bool


def _part(layer: QgsVectorLayer, target: QgsCoordinateReferenceSystem) -> _Part:
    crs = layer.crs()
    if not crs.isValid():
        raise CityTwinError(
            tr(
                "{layer} does not say its coordinate reference system, so where its features are is not known. Nothing "
                "was taken. Set it in the layer's properties.",
                layer=layer.name(),
            )
        )
    rd, context = QgsCoordinateReferenceSystem.fromEpsgId(_RD), QgsProject.instance().transformContext()
    return _Part(
        layer.name(),
        tuple(layer.selectedFeatureIds()),
        QgsVectorLayerFeatureSource(layer),
        QgsCoordinateTransform(crs, target, context),
        QgsCoordinateTransform(crs, rd, context),
        QgsCoordinateTransform(rd, target, context),
        not crs.isGeographic(),
    )


def _taken(parts: Sequence[_Part], metres: float, widen_areas: bool, progress: Progress) -> Taken:
    shapes: list[QgsGeometry] = []
    seen: Counter[str] = Counter()
    total = sum(len(part.fids) for part in parts)
    done = 0
    for part in parts:
        for feature in part.source.getFeatures(QgsFeatureRequest().setFilterFids(list(part.fids)).setNoAttributes()):
            if done % _PAUSE == 0:
                check(progress)
                progress.report(done, total, tr("Taking the outlines of {layer}", layer=part.name))
            done += 1
            shape = _outline(part, feature.geometry(), metres, widen_areas, seen)
            if shape is not None:
                shapes.append(shape)
    if not shapes:
        raise CityTwinError(_nothing(seen))
    joined = _joined(shapes, progress)
    if joined.isNull() or joined.isEmpty():
        raise CityTwinError(
            tr("The selected features cannot be joined to one area. Nothing was taken. Select fewer, or draw it."),
            detail=joined.lastError(),
        )
    joined.convertToMultiType()
    return Taken(bytes(joined.asWkb()), len(shapes), tuple(_notes(seen)))


def _joined(shapes: list[QgsGeometry], progress: Progress) -> QgsGeometry:
    """All in one. Those that may meet are joined group by group: GEOS takes far longer for all of them at once."""
    parts: list[QgsGeometry] = []
    groups = _neighbours(shapes)
    for number, group in enumerate(groups):
        if number % _PAUSE == 0:
            check(progress)
            progress.report(number, len(groups), trn("Joining {n} outline", "Joining {n} outlines", len(shapes)))
        found = QgsGeometry.unaryUnion([shapes[one] for one in group]) if len(group) > 1 else shapes[group[0]]
        if found.isNull():
            return found
        parts += found.asGeometryCollection()
    return QgsGeometry.collectGeometry(parts)


def _neighbours(shapes: Sequence[QgsGeometry]) -> list[list[int]]:
    """Groups of places in ``shapes`` whose boxes meet, directly or by way of others."""
    boxes = [shape.boundingBox() for shape in shapes]
    index = QgsSpatialIndex()
    for place, box in enumerate(boxes):
        index.addFeature(place, box)
    waiting, groups = set(range(len(shapes))), []
    while waiting:
        group, found = [], [waiting.pop()]
        while found:
            place = found.pop()
            group.append(place)
            more = waiting.intersection(index.intersects(boxes[place]))
            waiting -= more
            found += more
        groups.append(sorted(group))
    return groups


def _outline(
    part: _Part, shape: QgsGeometry, metres: float, widen_areas: bool, seen: Counter[str]
) -> QgsGeometry | None:
    """One feature's area in the target's CRS; None, counted in ``seen``, where it has none."""
    if shape.isNull() or shape.isEmpty():
        seen["empty"] += 1
        return None
    found = _flat(shape, seen)
    kind = found.type()
    widen = kind != Qgis.GeometryType.Polygon or widen_areas
    if widen and metres <= 0:
        seen["thin"] += 1
        return None
    if kind == Qgis.GeometryType.Polygon and not found.isGeosValid():
        found = _mended(found)
        seen["mended"] += 1
    if widen and part.counts_in_metres and _is_degrees(found):
        raise CityTwinError(
            tr(
                "{layer} counts in metres, but its coordinates are degrees: {metres} m around them mean nothing. "
                "Nothing was taken. Set its coordinate reference system in the layer's properties.",
                layer=part.name,
                metres=f"{metres:g}",
            )
        )
    try:
        if widen:
            found.transform(part.to_metres)
            found = found.buffer(metres, _ROUND)
            found.transform(part.back)
        else:
            found.transform(part.there)
    except QgsCsException:
        seen["nowhere"] += 1
        return None
    if found.isNull() or found.isEmpty() or not found.boundingBox().isFinite():
        seen["nowhere"] += 1
        return None
    return found


def _flat(shape: QgsGeometry, seen: Counter[str]) -> QgsGeometry:
    """Straight-edged and without heights."""
    inner = shape.constGet()
    if inner.hasCurvedSegments():
        seen["curved"] += 1
        found = QgsGeometry(inner.segmentize())
    else:
        found = QgsGeometry(shape)
    found.get().dropZValue()
    found.get().dropMValue()
    return found


def _mended(shape: QgsGeometry) -> QgsGeometry:
    """What of an outline that crosses itself is area. A solid's faces are mended one by one, and joined."""
    return QgsGeometry.unaryUnion(list(_areas(QgsGeometry(part.clone()).makeValid() for part in shape.constParts())))


def _areas(shapes: Iterable[QgsGeometry]) -> Iterable[QgsGeometry]:
    for shape in shapes:
        for part in shape.asGeometryCollection():
            if part.type() == Qgis.GeometryType.Polygon and part.area() > 0:
                yield part


def _is_degrees(shape: QgsGeometry) -> bool:
    box = shape.boundingBox()
    return max(map(abs, (box.xMinimum(), box.xMaximum(), box.yMinimum(), box.yMaximum()))) <= 180


def _nothing(seen: Counter[str]) -> str:
    if seen["thin"]:
        return tr("Lines and points have no area of their own. Nothing was taken. Say how many metres around them.")
    if seen["nowhere"]:
        return tr(
            "Where the selected features are on earth cannot be worked out, so nothing was taken. Check their layers' "
            "coordinate reference systems."
        )
    return tr("The selected features have no geometry, so nothing was taken. Select others.")


def _notes(seen: Counter[str]) -> Iterable[str]:
    if seen["curved"]:
        yield trn(
            "{n} outline had curves; its arcs are short straight pieces now, as the twin keeps them.",
            "{n} outlines had curves; their arcs are short straight pieces now, as the twin keeps them.",
            seen["curved"],
        )
    if seen["mended"]:
        yield trn(
            "{n} outline crossed itself and was mended.",
            "{n} outlines crossed themselves and were mended.",
            seen["mended"],
        )
    if seen["thin"]:
        yield trn(
            "{n} line or point was left out: say how many metres around it.",
            "{n} lines and points were left out: say how many metres around them.",
            seen["thin"],
        )
    left = seen["empty"] + seen["nowhere"]
    if left:
        yield trn(
            "{n} feature was left out: it has no place on the map.",
            "{n} features were left out: they have no place on the map.",
            left,
        )
