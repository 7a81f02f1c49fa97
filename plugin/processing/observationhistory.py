"""citytwin:observationhistory: what a twin's sensors said in a period, a point for each observation."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingParameterDateTime,
    QgsProcessingParameterString,
)

from ..map.tasks import FeedbackProgress
from ..text import tr, trn
from ..twin.errors import BadResponse, CityTwinError, NotFound, Rejected, ServerFailed, TwinError
from ..twin.progress import check
from ..twin.sensorthings import Datastream, Service, observations
from ..twin.session import Session
from .sensing import Rows, SensorAlgorithm

# what one datastream can answer while the service goes on serving the others
_ONE_SENSOR = (BadResponse, NotFound, Rejected, ServerFailed)


class ObservationHistory(SensorAlgorithm):
    """SENSORTHINGS, DATASTREAMS, OBSERVED_PROPERTY, EXTENT, START, END, AUTH → OUTPUT."""

    NAME = "observationhistory"

    DATASTREAMS = "DATASTREAMS"
    START = "START"
    END = "END"

    def displayName(self) -> str:
        return tr("Observation history")

    def shortHelpString(self) -> str:
        return tr(
            "Reads the observations of datastreams in a period into a layer with one point for each observation, which "
            "the Temporal Controller can play. Choose the datastreams by their ids, or by observed property and "
            "extent. A start or end without a time zone is in this computer's own; write 2026-08-21T14:00:00Z for "
            "UTC. Times in the layer are in UTC."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_service()
        text = tr("Datastreams: their ids, separated by commas (if empty, by observed property and extent)")
        self.addParameter(QgsProcessingParameterString(self.DATASTREAMS, text, None, optional=True))
        self.add_choice()
        for name, label in ((self.START, tr("Start")), (self.END, tr("End"))):
            self.addParameter(QgsProcessingParameterDateTime(name, label, optional=True))
        self.add_auth()
        self.add_output(tr("Observation history"))

    def perform(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        names = self.parameterAsString(parameters, self.DATASTREAMS, context).split(",")
        # each once, in the order in which they were named
        wanted = list(dict.fromkeys(name.strip() for name in names if name.strip()))
        start, end = (self._time(parameters, name, context) for name in (self.START, self.END))
        if start is not None and end is not None and end < start:
            raise CityTwinError(tr("The end lies before the start. Exchange the two, or leave one empty."))
        named = self.parameterAsString(parameters, self.OBSERVED_PROPERTY, context).strip()
        if not (wanted or named or parameters.get(self.EXTENT)):
            raise CityTwinError(
                tr("Say whose history to read: give the ids of datastreams, an observed property or an extent.")
            )
        session, service = self.service(parameters, context, feedback)
        found = self._chosen(wanted, parameters, context, feedback, session, service)
        rows, place = self.sink(parameters, context)
        failed: list[TwinError] = []
        with closing(rows):
            for done, stream in enumerate(found):
                check(FeedbackProgress(feedback))
                feedback.setProgress(100.0 * done / len(found))
                try:
                    self._read(stream, (start, end), rows, feedback, session, service)
                except _ONE_SENSOR as error:
                    failed.append(error)
                    feedback.pushInfo(f"{stream.name or stream.id}: {error.message}")
        if failed and len(failed) == len(found):
            raise failed[0]
        feedback.pushInfo(trn("{n} datastream", "{n} datastreams", len(found)))
        feedback.pushInfo(trn("{n} observation", "{n} observations", rows.count))
        if failed:
            feedback.pushInfo(
                trn(
                    "The history of {n} datastream could not be read, or only in part.",
                    "The histories of {n} datastreams could not be read, or only in part.",
                    len(failed),
                )
            )
        return {self.OUTPUT: place}

    def _chosen(
        self,
        wanted: list[str],
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
        session: Session,
        service: Service,
    ) -> list[Datastream]:
        """The datastreams to read. An id that is not there is said; raises `CityTwinError` where none of them is."""
        with closing(self.streams(parameters, context, feedback, session, service)) as streams:
            if not wanted:
                return list(streams)
            found: dict[str, Datastream] = {}
            for stream in streams:
                if stream.id in wanted:
                    found[stream.id] = stream
                    if len(found) == len(wanted):
                        break  # the rest of a large service need not be read
        missing = [name for name in wanted if name not in found]
        if missing:
            sentence = trn(
                "The service has no such datastream here: {names}.",
                "The service has no such datastreams here: {names}.",
                len(missing),
                names=", ".join(missing[:20]) + ("…" if len(missing) > 20 else ""),
            )
            if not found:
                raise CityTwinError(sentence)
            feedback.pushInfo(sentence)
        return [found[name] for name in wanted if name in found]

    def _read(
        self,
        stream: Datastream,
        period: tuple[float | None, float | None],
        rows: Rows,
        feedback: QgsProcessingFeedback,
        session: Session,
        service: Service,
    ) -> None:
        start, end = period
        pages = observations(
            session,
            service,
            stream,
            start=start,
            end=end,
            progress=FeedbackProgress(feedback),
            problems=lambda sentence: feedback.pushInfo(f"{stream.name or stream.id}: {sentence}"),
        )
        for page in pages:
            rows.add(stream, page)

    def _time(self, parameters: dict[str, Any], name: str, context: QgsProcessingContext) -> float | None:
        """Seconds since 1970 UTC; None where it is left empty."""
        if not parameters.get(name):
            return None
        seconds: float = self.parameterAsDateTime(parameters, name, context).toMSecsSinceEpoch() / 1000
        return seconds
