"""citytwin:capabilities: what a twin can do, as a report for people and programs."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProcessingContext, QgsProcessingFeedback, QgsProcessingParameterFileDestination

from ..text import tr
from ..twin.report import as_json, sentences
from ..twin.trial import try_lock
from .algorithm import TwinAlgorithm, write_json


class Capabilities(TwinAlgorithm):
    """TWIN → OUTPUT, a JSON file."""

    NAME = "capabilities"

    def displayName(self) -> str:
        return tr("Capability report")

    def shortHelpString(self) -> str:
        return tr(
            "Asks a twin what it can do: whether it can be edited and how edits are protected, which CRSs it speaks, "
            "and which collections it has. The report is written as JSON; in plain words it is in the log."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_twin()
        self.addParameter(QgsProcessingParameterFileDestination(self.OUTPUT, tr("Report"), tr("JSON files (*.json)")))

    def perform(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        twin = self.twin(self.connection(parameters, context, auth=False), feedback)
        path = self.parameterAsFileOutput(parameters, self.OUTPUT, context)
        found, collections = try_lock(twin), twin.collections()
        for sentence in sentences(found, collections):
            feedback.pushInfo(sentence.text)
        write_json(path, as_json(found, collections))
        return {self.OUTPUT: path}
