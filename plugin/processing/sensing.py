"""What the algorithms over sensors share: finding the service, choosing datastreams, and rows of observations."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsFeatureSink,
    QgsField,
    QgsFields,
    QgsGeometry,
    QgsPointXY,
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingLayerPostProcessorInterface,
    QgsProcessingParameterExtent,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterString,
    QgsVectorLayer,
    QgsVectorLayerTemporalProperties,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QDateTime, QMetaType, Qt

from ..map import connections
from ..map.live.service import open_service
from ..map.tasks import FeedbackProgress
from ..sensors.recognise import rule
from ..sensors.values import understand
from ..text import tr, trn
from ..twin.model import Extent
from ..twin.progress import check
from ..twin.sensorthings import Datastream, Observation, Service, datastreams
from ..twin.session import Session
from .algorithm import TwinAlgorithm, needs_crs

TIME = "phenomenon_time"
DEGREES = "EPSG:4326"
_LISTED = 200  # sensors whose faults the log spells out
# what GeoPackage, Qt and SensorThings can all write
_FIRST, _LAST = -62135596800.0, 253402300799.0

_COLUMNS = (
    ("datastream_id", QMetaType.Type.QString),
    ("datastream", QMetaType.Type.QString),
    ("thing", QMetaType.Type.QString),
    ("observed_property", QMetaType.Type.QString),
    ("result", QMetaType.Type.Double),
    ("result_text", QMetaType.Type.QString),
    ("kind", QMetaType.Type.QString),
    ("unit", QMetaType.Type.QString),
    ("phenomenon_begin", QMetaType.Type.QDateTime),
    (TIME, QMetaType.Type.QDateTime),
)


class SensorAlgorithm(TwinAlgorithm):
    """SENSORTHINGS, OBSERVED_PROPERTY, EXTENT, AUTH → OUTPUT, a point layer with a row for each observation."""

    SENSORTHINGS = "SENSORTHINGS"
    OBSERVED_PROPERTY = "OBSERVED_PROPERTY"
    EXTENT = "EXTENT"

    def __init__(self) -> None:
        super().__init__()
        self._temporal: _Temporal | None = None

    def tags(self) -> list[str]:
        return ["sensorthings", "iot", "sta", *tr("sensor,datastream,observation,live").split(",")]

    # -- parameters --------------------------------------------------------------------------------------------------

    def add_service(self) -> None:
        """SENSORTHINGS: a connection's name or a URL."""
        names = [connection.name for connection in connections.all()]
        text = tr("Sensors: a connection's name, or the URL of a SensorThings service or of a twin that links one")
        parameter = QgsProcessingParameterString(self.SENSORTHINGS, text)
        if names:
            parameter.setMetadata({"widget_wrapper": {"value_hints": names}})
        self.addParameter(parameter)

    def add_choice(self) -> None:
        """OBSERVED_PROPERTY and EXTENT."""
        text = tr("Observed property: its name, id or definition (all of them if empty)")
        self.addParameter(QgsProcessingParameterString(self.OBSERVED_PROPERTY, text, None, optional=True))
        self.addParameter(QgsProcessingParameterExtent(self.EXTENT, tr("Extent"), optional=True))

    def add_output(self, text: str) -> None:
        """OUTPUT: a layer of points."""
        self.addParameter(
            QgsProcessingParameterFeatureSink(self.OUTPUT, text, QgsProcessing.SourceType.TypeVectorPoint)
        )

    # -- values ------------------------------------------------------------------------------------------------------

    def service(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> tuple[Session, Service]:
        """The service that SENSORTHINGS means; a twin's landing page leads to the one that it links.

        Raises `CityTwinError`.
        """
        connection = connections.resolve(self.parameterAsString(parameters, self.SENSORTHINGS, context))
        connection = self.with_auth(connection, parameters, context)
        session, found = open_service(connection, progress=FeedbackProgress(feedback))
        for problem in found.problems:
            feedback.pushInfo(problem)
        return session, found

    def streams(
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
        session: Session,
        service: Service,
    ) -> Generator[Datastream, None, None]:
        """The datastreams that OBSERVED_PROPERTY and EXTENT choose. A fault of one is said and stops no other."""
        wrong = 0
        name = self.parameterAsString(parameters, self.OBSERVED_PROPERTY, context).strip()
        pages = datastreams(
            session,
            service,
            extent=self.degrees(parameters, context),
            observed_property=name or None,
            progress=FeedbackProgress(feedback),
        )
        for page in pages:
            check(FeedbackProgress(feedback))
            for stream in page:
                for problem in stream.problems:
                    wrong += 1
                    if wrong <= _LISTED:
                        feedback.pushInfo(f"{stream.name or stream.id}: {problem}")
                yield stream
        if wrong > _LISTED:
            feedback.pushInfo(
                trn("{n} more such remark is left out.", "{n} more such remarks are left out.", wrong - _LISTED)
            )

    def degrees(self, parameters: dict[str, Any], context: QgsProcessingContext) -> Extent | None:
        """EXTENT in degrees of longitude and latitude. Raises `CityTwinError` where its CRS cannot be known."""
        if not parameters.get(self.EXTENT):
            return None
        crs = QgsCoordinateReferenceSystem(DEGREES)
        box = self.parameterAsExtent(parameters, self.EXTENT, context, crs)
        extent = (box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum())
        if not self.parameterAsExtentCrs(parameters, self.EXTENT, context).isValid():
            needs_crs(extent)
        return extent

    def sink(self, parameters: dict[str, Any], context: QgsProcessingContext) -> tuple[Rows, str]:
        """OUTPUT, made ready for rows; and where it is. The layer is temporal where it is loaded."""
        fields = QgsFields()
        for name, kind in _COLUMNS:
            fields.append(QgsField(name, kind))
        crs = QgsCoordinateReferenceSystem(DEGREES)
        sink, place = self.parameterAsSink(parameters, self.OUTPUT, context, fields, QgsWkbTypes.Type.Point, crs)
        if sink is None:
            raise QgsProcessingException(self.invalidSinkError(parameters, self.OUTPUT))
        if context.willLoadLayerOnCompletion(place):
            self._temporal = _Temporal()  # QGIS keeps no hold on it
            context.layerToLoadOnCompletionDetails(place).setPostProcessor(self._temporal)
        return Rows(sink, fields, lambda: self.writeFeatureError(sink, parameters, self.OUTPUT)), place


class Rows:
    """Writes observations as features."""

    def __init__(self, sink: QgsFeatureSink, fields: QgsFields, wrong: Callable[[], str]) -> None:
        self._sink: QgsFeatureSink | None = sink
        self._fields = fields
        self._wrong: Callable[[], str] | None = wrong
        self.count = 0

    def close(self) -> None:
        """Let the sink go, which writes what it still holds: errors that were met on the way keep the algorithm's own
        variables for as long as Python likes, and qgis_process ends without a look at them."""
        self._sink = self._wrong = None

    def add(self, stream: Datastream, found: Sequence[Observation | None]) -> None:
        """A row for each observation of ``stream``; None is a row without one. Raises `QgsProcessingException`."""
        reading = rule(stream)
        unit = (stream.unit.symbol or stream.unit.name) if stream.unit else ""
        features = []
        for one in found:
            feature = QgsFeature(self._fields)
            if stream.position is not None:
                feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(*stream.position[:2])))
            result: Any = None if one is None else one.result
            kind, _, amount = understand(result, reading) if one is not None else ("none", None, 0.0)
            feature.setAttributes(
                [
                    stream.id,
                    stream.name,
                    stream.thing.name,
                    stream.observed_property.name,
                    amount if kind == "number" else None,
                    as_text(result),
                    kind,
                    unit,
                    moment(one.begin if one else None),
                    moment(one.time if one else None),
                ]
            )
            features.append(feature)
        if self._sink is None or not self._sink.addFeatures(features, QgsFeatureSink.Flag.FastInsert):
            raise QgsProcessingException(self._wrong() if self._wrong is not None else "")
        self.count += len(features)


class _Temporal(QgsProcessingLayerPostProcessorInterface):
    """Shows the layer at its observations' times."""

    def postProcessLayer(
        self, layer: QgsVectorLayer, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        make_temporal(layer)


def make_temporal(layer: QgsVectorLayer) -> None:
    """Let the Temporal Controller drive ``layer`` by its phenomenon times."""
    properties = layer.temporalProperties()
    properties.setMode(QgsVectorLayerTemporalProperties.TemporalMode.ModeFeatureDateTimeInstantFromField)
    properties.setStartField(TIME)
    properties.setIsActive(True)


def as_text(result: Any) -> str | None:
    """A result as the sensor wrote it: a sentinel too, which is no number."""
    if result is None or isinstance(result, str):
        text = result
    elif isinstance(result, float) and result.is_integer() and abs(result) < 1e15:
        text = str(int(result))
    elif isinstance(result, (bool, Mapping, Sequence)):
        text = json.dumps(result, ensure_ascii=False)
    else:
        text = str(result)
    # JSON can carry halves of characters that no file can
    return None if text is None else text.encode("utf-8", "replace").decode("utf-8")


def moment(seconds: float | None) -> QDateTime | None:
    """Seconds since 1970 UTC as Qt has it; None for a time that no file can hold."""
    if seconds is None or not _FIRST <= seconds <= _LAST:
        return None
    return QDateTime.fromMSecsSinceEpoch(round(seconds * 1000), Qt.TimeSpec.UTC)
