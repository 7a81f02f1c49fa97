"""citytwin:pilotreport: one page about a pilot as PDF, in English or Dutch."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterString,
)

from ..map.pilots import mappings, report_pdf, rules
from ..map.pilots.report import LANGUAGES, Wanted
from ..map.pilots.report_run import Order, make
from ..map.pilots.sensors import sensors_of
from ..map.tasks import FeedbackProgress
from ..pilots.fading import RULES, Rules
from ..pilots.figures import Sensor
from ..pilots.reading import find_pilot, read_pilots
from ..text import language, tr
from ..twin.progress import check
from .piloting import PilotAlgorithm


class PilotReport(PilotAlgorithm):
    """WORKING_COPY, PILOT, LANGUAGE, SENSORS, OUTPUT (PDF)"""

    NAME = "pilotreport"

    PILOT = "PILOT"
    LANGUAGE = "LANGUAGE"
    SENSORS = "SENSORS"

    _rules: Rules = RULES

    def displayName(self) -> str:
        return tr("Pilot report")

    def shortHelpString(self) -> str:
        return tr(
            "Writes one page about a pilot area as PDF: what it is and who leads it, a map, a 3D picture, what lies "
            "inside, how the conditions for scaling it up stand, and its history. Human conditions are not scored: "
            "what is open stands there as questions for a meeting. No project needs to be open. Unpublished edits "
            "count."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_working_copy()
        self.addParameter(QgsProcessingParameterString(self.PILOT, tr("Pilot: its id, row number or title")))
        spoken = language() if language() in LANGUAGES else LANGUAGES[0]
        self.addParameter(
            QgsProcessingParameterEnum(
                self.LANGUAGE, tr("Language"), list(LANGUAGES), defaultValue=spoken, usesStaticStrings=True
            )
        )
        self.addParameter(
            QgsProcessingParameterFeatureSource(
                self.SENSORS, tr("Sensors"), [QgsProcessing.SourceType.TypeVectorPoint], None, optional=True
            )
        )
        self.addParameter(QgsProcessingParameterFileDestination(self.OUTPUT, tr("Report"), tr("PDF files (*.pdf)")))

    def prepareAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        self._rules = rules.current()  # of the project, which only the main thread may ask
        return super().prepareAlgorithm(parameters, context, feedback)

    def perform(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        copy, progress = self.working_copy(parameters, context), FeedbackProgress(feedback)
        path = self.parameterAsFileOutput(parameters, self.OUTPUT, context)
        mapping = mappings.of_copy(copy)
        pilot = find_pilot(read_pilots(copy, mapping), self.parameterAsString(parameters, self.PILOT, context))
        wanted = Wanted(self.parameterAsEnumString(parameters, self.LANGUAGE, context))
        sensors = self._sensors(parameters, context, feedback)
        order = Order(copy, pilot, wanted, date.today(), mapping, sensors=sensors, rules=self._rules)
        report, page = make(order, progress)
        check(progress)
        report_pdf.write(page, Path(path), copy, (report.pilot, *report.others), mapping, progress)
        feedback.pushInfo(tr("The report about {name} is in {file}.", name=pilot.label, file=Path(path).name))
        return {self.OUTPUT: path}

    def _sensors(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> list[Sensor] | None:
        """Those of SENSORS; None where no layer is given. Raises `CityTwinError`."""
        if parameters.get(self.SENSORS) in (None, ""):
            return None
        source = self.parameterAsSource(parameters, self.SENSORS, context)
        if source is None:
            raise QgsProcessingException(self.invalidSourceError(parameters, self.SENSORS))
        return sensors_of(source, context.transformContext(), FeedbackProgress(feedback))
