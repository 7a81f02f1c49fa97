"""citytwin:latestobservations: what a twin's sensors say now, a point for each."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from qgis.core import QgsProcessingContext, QgsProcessingFeedback

from ..text import tr, trn
from .sensing import SensorAlgorithm


class LatestObservations(SensorAlgorithm):
    """SENSORTHINGS, OBSERVED_PROPERTY, EXTENT, AUTH → OUTPUT."""

    NAME = "latestobservations"

    def displayName(self) -> str:
        return tr("Latest observations")

    def shortHelpString(self) -> str:
        return tr(
            "Reads the latest observation of every datastream of a SensorThings service into a layer with one point "
            "for each, also where there is no observation yet. “result” holds numbers only, “result_text” what the "
            "sensor wrote, and “kind” tells what that is: a sentinel such as -9999 is no number. Times are in UTC."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_service()
        self.add_choice()
        self.add_auth()
        self.add_output(tr("Latest observations"))

    def perform(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        session, service = self.service(parameters, context, feedback)
        # All are read before the layer is made: after an error there is none, rather than half of one.
        found = list(self.streams(parameters, context, feedback, session, service))
        rows, place = self.sink(parameters, context)
        with closing(rows):
            for stream in found:
                rows.add(stream, [stream.latest])
        silent = sum(stream.latest is None for stream in found)
        feedback.pushInfo(trn("{n} datastream", "{n} datastreams", len(found)))
        if silent:
            feedback.pushInfo(
                trn("{n} of them has no observation yet.", "{n} of them have no observation yet.", silent)
            )
        return {self.OUTPUT: place}
