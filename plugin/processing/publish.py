"""citytwin:publish: send what changed in a working copy to the twin that it came from."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingParameterString,
)

from ..map import connections
from ..map.connections import Connection
from ..map.tasks import FeedbackProgress
from ..text import tr
from ..workcopy.publish import PublishReport, publish
from .algorithm import TwinAlgorithm

_LISTED = 200  # outcomes that the log spells out


class Publish(TwinAlgorithm):
    """WORKING_COPY, MESSAGE, AUTH → PUBLISHED, FAILED, CONFLICTS."""

    NAME = "publish"

    MESSAGE = "MESSAGE"

    def displayName(self) -> str:
        return tr("Publish")

    def shortHelpString(self) -> str:
        return tr(
            "Sends the edits of a working copy to the twin that it came from, each behind the twin's lock. What "
            "somebody else changed meanwhile is not overwritten: it is counted as a clash and stays in the working "
            "copy, as does whatever failed. The log says why."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_working_copy()
        self.addParameter(QgsProcessingParameterString(self.MESSAGE, tr("Message: what was changed, and why")))
        self.add_auth()
        self.add_numbers(
            {
                "PUBLISHED": tr("Published features"),
                "FAILED": tr("Features that were not published"),
                "CONFLICTS": tr("Clashes"),
            }
        )

    def perform(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        copy = self.working_copy(parameters, context)
        message = self.parameterAsString(parameters, self.MESSAGE, context)
        changed = {change.table for change in copy.changes()}
        urls = dict.fromkeys(source.url for source in copy.sources if source.table in changed)
        reports = []
        for url in urls:
            known = connections.find_by_url(url) or Connection(url, url)
            twin = self.twin(self.with_auth(known, parameters, context), feedback)
            report = publish(copy, twin, message, progress=FeedbackProgress(feedback))
            _tell(report, feedback)
            reports.append(report)
            if report.stopped and not feedback.isCanceled():
                # a cron job must notice: what was published stays published, the rest is still there
                raise QgsProcessingException(report.stopped)
        if not urls:
            feedback.pushInfo(tr("There is nothing to publish."))
        return {
            "PUBLISHED": sum(report.published for report in reports),
            "FAILED": sum(report.failed for report in reports),
            "CONFLICTS": sum(report.conflicts for report in reports),
        }


def _tell(report: PublishReport, feedback: QgsProcessingFeedback) -> None:
    told = 0
    for outcome in report.outcomes:
        if outcome.state != "published":
            feedback.pushWarning(f"{outcome.change.table}, {outcome.change.label}: {outcome.message}")
        elif told < _LISTED:
            told += 1
            feedback.pushInfo(tr("Published: {table}, {label}", table=outcome.change.table, label=outcome.change.label))
