"""Observations as a table layer that the Temporal Controller understands: temporary, or in a GeoPackage."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransformContext,
    QgsFeature,
    QgsFeatureSink,
    QgsField,
    QgsFields,
    QgsProviderRegistry,
    QgsVectorFileWriter,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QDateTime, QMetaType, Qt

from ..sensors.series import Series
from ..text import tr
from ..twin.errors import CityTwinError
from ..twin.progress import Progress, check
from . import foreign
from .opening import ogr_layer

TIME = "phenomenon_time"
_BLOCK = 5000
_COLUMNS = (
    ("datastream", QMetaType.Type.QString),
    ("name", QMetaType.Type.QString),
    ("thing", QMetaType.Type.QString),
    ("observed_property", QMetaType.Type.QString),
    (TIME, QMetaType.Type.QDateTime),
    ("result", QMetaType.Type.Double),
    ("unit", QMetaType.Type.QString),
)


@dataclass(frozen=True, eq=False)
class Rows:
    """The observations of one datastream."""

    series: Series
    thing: str
    observed_property: str


def make(rows: Sequence[Rows], title: str, path: Path | None, progress: Progress) -> QgsVectorLayer:
    """A layer with a row for each observation, in a worker thread; it belongs to the main thread in the end.

    ``path``: a GeoPackage, made where it is not there; else the layer is temporary. Times are in UTC, ``result`` is
    NULL where an observation has no number. Raises `CityTwinError`, and there is no layer then.
    """
    layer = _temporary(rows, title, progress) if path is None else _written(rows, title, path, progress)
    properties = layer.temporalProperties()
    properties.setIsActive(True)
    properties.setMode(Qgis.VectorTemporalMode.FeatureDateTimeInstantFromField)
    properties.setStartField(TIME)
    layer.moveToThread(QgsApplication.instance().thread())
    return layer


def _fields() -> QgsFields:
    found = QgsFields()
    for name, kind in _COLUMNS:
        found.append(QgsField(name, kind))
    return found


def _temporary(rows: Sequence[Rows], title: str, progress: Progress) -> QgsVectorLayer:
    layer = QgsVectorLayer("NoGeometry", foreign.title(title), "memory")
    provider = layer.dataProvider()
    provider.addAttributes(_fields().toList())
    layer.updateFields()
    for block in _blocks(rows, layer.fields(), progress):
        provider.addFeatures(block, QgsFeatureSink.Flag.FastInsert)
    return layer


def _written(rows: Sequence[Rows], title: str, path: Path, progress: Progress) -> QgsVectorLayer:
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName = "GPKG"
    options.layerName = _free_name(path, title)
    if path.exists():
        options.actionOnExistingFile = QgsVectorFileWriter.ActionOnExistingFile.CreateOrOverwriteLayer
    writer = QgsVectorFileWriter.create(
        str(path),
        _fields(),
        Qgis.WkbType.NoGeometry,
        QgsCoordinateReferenceSystem(),
        QgsCoordinateTransformContext(),
        options,
    )
    _look(writer, path)
    try:
        for block in _blocks(rows, _fields(), progress):
            writer.addFeatures(block, QgsFeatureSink.Flag.FastInsert)
            _look(writer, path)
        writer.flushBuffer()
        _look(writer, path)
    finally:
        # closes the file
        del writer
    layer = ogr_layer(f"{path}|layername={options.layerName}", foreign.title(title))
    if not layer.isValid():
        raise _unwritten(path, "")
    return layer


def _look(writer: QgsVectorFileWriter, path: Path) -> None:
    if writer.hasError() != QgsVectorFileWriter.WriterError.NoError:
        raise _unwritten(path, writer.errorMessage())


def _unwritten(path: Path, detail: str) -> CityTwinError:
    return CityTwinError(
        tr("{file} could not be written. Choose another place, or close the program that has it open.", file=path.name),
        detail=detail,
    )


def _free_name(path: Path, title: str) -> str:
    """A table name from the title that the file has not."""
    base = re.sub(r"\W+", "_", title.lower()).strip("_")[:50] or "observations"
    if not path.exists():
        return base
    known = {table.name().lower() for table in QgsProviderRegistry.instance().querySublayers(str(path))}
    return next(name for name in (base, *(f"{base}_{n}" for n in range(2, 10_000))) if name not in known)


def _blocks(rows: Sequence[Rows], fields: QgsFields, progress: Progress) -> Iterator[list[QgsFeature]]:
    total, done = sum(len(each.series) for each in rows), 0
    for each in rows:
        series = each.series
        for begin in range(0, len(series), _BLOCK):
            check(progress)
            times = series.times[begin : begin + _BLOCK].tolist()
            values = series.values[begin : begin + _BLOCK].tolist()
            block = []
            for time, value in zip(times, values):
                feature = QgsFeature(fields)
                moment = QDateTime.fromMSecsSinceEpoch(round(time * 1000), Qt.TimeSpec.UTC)
                number = value if value == value else None
                feature.setAttributes(
                    [series.id, series.name, each.thing, each.observed_property, moment, number, series.unit]
                )
                block.append(feature)
            yield block
            done += len(block)
            progress.report(done, total, series.name)
