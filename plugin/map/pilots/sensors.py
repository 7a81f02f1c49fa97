"""The sensors of a point layer, with the last day of what each measures: for the profile of a pilot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCoordinateTransformContext,
    QgsCsException,
    QgsFeature,
    QgsFeatureSource,
)
from qgis.PyQt.QtCore import QDateTime, Qt

from ...pilots.figures import Day, Sensor
from ...text import tr
from ...twin.errors import CityTwinError
from ...twin.progress import SILENT, Progress, check

_DEGREES = 4326
_DAY = 24 * 3600.0
_PAUSE = 1000  # rows between two looks whether somebody cancelled
# what our own layers of observations call things; the first that a layer has
_STREAM, _NAMES = ("datastream_id", "datastream"), ("thing", "name", "naam", "title")
_OBSERVED, _UNIT, _RESULT, _TIME = ("observed_property", "datastream"), ("unit",), ("result",), ("phenomenon_time",)


@dataclass
class _Stream:
    observed: str
    unit: str
    values: list[tuple[float, float | None]] = field(default_factory=list)  # seconds since 1970 UTC, and the result

    def day(self) -> Day | None:
        """The 24 hours up to its last observation; None where it has none."""
        if not self.values:
            return None
        at, latest = max(self.values, key=lambda one: one[0])
        results = [result for when, result in self.values if when > at - _DAY and result is not None]
        text = QDateTime.fromMSecsSinceEpoch(round(at * 1000), Qt.TimeSpec.UTC).toString(Qt.DateFormat.ISODate)
        if not results:
            return Day(self.observed, self.unit, 0, at=text)
        mean = sum(results) / len(results)
        return Day(self.observed, self.unit, len(results), min(results), mean, max(results), latest, text)


def sensors_of(
    source: QgsFeatureSource, transforms: QgsCoordinateTransformContext, progress: Progress = SILENT
) -> list[Sensor]:
    """A sensor for each thing at each place of a point layer, in EPSG:4326.

    A layer of observations (``citytwin:latestobservations``, ``citytwin:observationhistory``, a live layer) tells what
    was measured; any other gives places alone, a sensor for each feature. Rows without a place are left out. Raises
    `CityTwinError` where the layer's CRS is not known, `Cancelled`.
    """
    way = _way(source, transforms)
    names = [one.name() for one in source.fields()]
    stream, name, observed, unit, result, time = (
        _first(names, wanted) for wanted in (_STREAM, _NAMES, _OBSERVED, _UNIT, _RESULT, _TIME)
    )
    places: dict[tuple[str, float, float], dict[str, _Stream]] = defaultdict(dict)
    keys: dict[tuple[str, float, float], str] = {}
    for number, feature in enumerate(source.getFeatures()):
        if number % _PAUSE == 0:
            check(progress)
            progress.report(number, source.featureCount() or None, tr("Reading sensors"))
        at = _place(feature, way)
        if at is None:
            continue
        one = (_text(feature, name), round(at[0], 7), round(at[1], 7))
        if not stream:  # no observations: what stands at one place may still be two things
            one = (one[0] or str(feature.id()), *one[1:])
        keys.setdefault(one, _text(feature, stream) or str(feature.id()))
        if not stream:
            continue
        found = places[one].setdefault(_text(feature, stream), _Stream(_text(feature, observed), _text(feature, unit)))
        seconds = _seconds(feature, time)
        if seconds is not None:
            found.values.append((seconds, _number(feature, result)))
    return [
        Sensor(key, one[0], one[1], one[2], _DEGREES, tuple(_days(places.get(one, {}).values())))
        for one, key in keys.items()
    ]


def _days(streams: Any) -> Sequence[Day]:
    return [day for day in (stream.day() for stream in streams) if day is not None]


def _way(source: QgsFeatureSource, transforms: QgsCoordinateTransformContext) -> QgsCoordinateTransform:
    crs = source.sourceCrs()
    if not crs.isValid():
        raise CityTwinError(
            tr(
                "The layer of sensors does not say its coordinate reference system, so where they stand is not known. "
                "Set it in the layer's properties."
            )
        )
    return QgsCoordinateTransform(crs, QgsCoordinateReferenceSystem.fromEpsgId(_DEGREES), transforms)


def _place(feature: QgsFeature, way: QgsCoordinateTransform) -> tuple[float, float] | None:
    geometry = feature.geometry()
    if geometry.isNull() or geometry.isEmpty():
        return None
    try:
        point = way.transform(geometry.centroid().asPoint())
    except QgsCsException:  # nowhere on earth
        return None
    return (point.x(), point.y()) if abs(point.x()) <= 180 and abs(point.y()) <= 90 else None


def _first(names: Sequence[str], wanted: Sequence[str]) -> str:
    by_name = {name.lower(): name for name in names}
    return next((by_name[one] for one in wanted if one in by_name), "")


def _text(feature: QgsFeature, name: str) -> str:
    value = feature[name] if name else None
    return value if isinstance(value, str) else "" if value is None or str(value) == "NULL" else str(value)


def _number(feature: QgsFeature, name: str) -> float | None:
    value = feature[name] if name else None
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _seconds(feature: QgsFeature, name: str) -> float | None:
    value = feature[name] if name else None
    if isinstance(value, str):
        value = QDateTime.fromString(value, Qt.DateFormat.ISODate)
    return value.toMSecsSinceEpoch() / 1000 if isinstance(value, QDateTime) and value.isValid() else None
