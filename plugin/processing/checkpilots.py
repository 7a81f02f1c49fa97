"""citytwin:checkpilots: what is wrong with the pilots of a working copy, a row for each problem."""

from __future__ import annotations

from datetime import date
from typing import Any

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsFeatureSink,
    QgsField,
    QgsFields,
    QgsGeometry,
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingParameterFeatureSink,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QMetaType

from ..map.pilots import mappings
from ..map.tasks import FeedbackProgress
from ..pilots.checks import check_all
from ..pilots.problems import Problem
from ..pilots.reading import pilots_source, read_municipality, read_pilots
from ..pilots.record import Pilot
from ..text import tr, trn
from ..twin.errors import CityTwinError
from ..workcopy.copy import WorkingCopy
from .piloting import PilotAlgorithm

_COLUMNS = ("pilot", "title", "code", "severity", "column", "sentence", "advice", "other")
_SPOT = 2.0  # metres around what is a point or a line: an area that can be seen, as the others


class CheckPilots(PilotAlgorithm):
    """WORKING_COPY → OUTPUT, a layer of problems; ERRORS."""

    NAME = "checkpilots"

    ERRORS = "ERRORS"

    def displayName(self) -> str:
        return tr("Check pilots")

    def shortHelpString(self) -> str:
        return tr(
            "Checks the pilot areas of a working copy as before publishing: outlines, overlaps, the municipality's "
            "border, stages, dates, and personal data in what is written. Each problem is a row that says which pilot, "
            "what, and what to do, with the place where there is one. An “error” should not be published, a “warning” "
            "is for the coordinator to judge, a “notice” is worth knowing. Unpublished edits are checked, too."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_working_copy()
        self.addParameter(
            QgsProcessingParameterFeatureSink(
                self.OUTPUT, tr("Problems of pilots"), QgsProcessing.SourceType.TypeVectorPolygon
            )
        )
        self.add_numbers({self.ERRORS: tr("Errors")})

    def perform(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        copy = self.working_copy(parameters, context)
        mapping = mappings.of_copy(copy)
        pilots = read_pilots(copy, mapping)
        # all are found before the layer is made: after an error there is none, rather than half of one
        found = check_all(pilots, date.today(), _municipality(copy, feedback), progress=FeedbackProgress(feedback))
        crs = QgsCoordinateReferenceSystem.fromEpsgId(pilots_source(copy, mapping).srid)
        place = self._write(parameters, context, found, {one.key: one for one in pilots}, crs)
        return {self.OUTPUT: place, self.ERRORS: _told(found, pilots, feedback)}

    def _write(
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        problems: list[Problem],
        pilots: dict[str, Pilot],
        crs: QgsCoordinateReferenceSystem,
    ) -> str:
        fields = QgsFields()
        for name in _COLUMNS:
            fields.append(QgsField(name, QMetaType.Type.QString))
        kind = QgsWkbTypes.Type.MultiPolygon
        sink, place = self.parameterAsSink(parameters, self.OUTPUT, context, fields, kind, crs)
        if sink is None:
            raise QgsProcessingException(self.invalidSinkError(parameters, self.OUTPUT))
        features = [_row(problem, pilots[problem.pilot], fields, crs) for problem in problems]
        if not sink.addFeatures(features, QgsFeatureSink.Flag.FastInsert):
            raise QgsProcessingException(self.writeFeatureError(sink, parameters, self.OUTPUT))
        return str(place)


def _municipality(copy: WorkingCopy, feedback: QgsProcessingFeedback) -> bytes | None:
    """The border to check against; what stands in the way is said and stops nothing else."""
    try:
        border = read_municipality(copy)
    except CityTwinError as error:
        feedback.pushWarning(error.message)
        return None
    if border is None:
        feedback.pushInfo(
            tr(
                "Whether pilots lie inside the municipality was not checked: the working copy has no layer of all "
                "districts. Check it out whole to have it checked."
            )
        )
    return border


def _told(problems: list[Problem], pilots: list[Pilot], feedback: QgsProcessingFeedback) -> int:
    """Say what was found; how many errors are among it."""
    labels = {pilot.key: pilot.label for pilot in pilots}
    for problem in problems:
        say = feedback.pushInfo if problem.severity == "notice" else feedback.pushWarning
        say(f"{labels[problem.pilot]}: {problem.sentence}")
    count = {word: sum(problem.severity == word for problem in problems) for word in ("error", "warning", "notice")}
    feedback.pushInfo(trn("{n} pilot checked", "{n} pilots checked", len(pilots)))
    feedback.pushInfo(
        ", ".join(
            (
                trn("{n} error", "{n} errors", count["error"]),
                trn("{n} warning", "{n} warnings", count["warning"]),
                trn("{n} notice", "{n} notices", count["notice"]),
            )
        )
    )
    return count["error"]


def _row(problem: Problem, pilot: Pilot, fields: QgsFields, crs: QgsCoordinateReferenceSystem) -> QgsFeature:
    feature = QgsFeature(fields)
    # a report has no buttons: what would mend it by itself is told as advice
    advice = problem.advice or (problem.fix.label if problem.fix else "")
    values = (
        pilot.key, pilot.name, problem.code, problem.severity, problem.column, problem.sentence, advice, problem.other,
    )  # fmt: skip
    feature.setAttributes([value or None for value in values])
    feature.setGeometry(_area(problem.place, crs))
    return feature


def _area(wkb: bytes | None, crs: QgsCoordinateReferenceSystem) -> QgsGeometry:
    """The place of a problem as areas; a null geometry where there is none."""
    geometry = QgsGeometry()
    if not wkb:
        return geometry
    geometry.fromWkb(wkb)
    if geometry.type() != Qgis.GeometryType.Polygon:
        spot = _SPOT / 111_000 if crs.isGeographic() else _SPOT
        geometry = geometry.buffer(spot, 8)
    geometry.convertToStraightSegment()
    geometry.convertToMultiType()
    return geometry
