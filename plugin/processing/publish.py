"""citytwin:publish: send what changed in a working copy to the twin that it came from."""

from __future__ import annotations

from datetime import date
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingParameterEnum,
    QgsProcessingParameterString,
)

from ..map import protection
from ..map.pilots.findings import findings
from ..map.tasks import FeedbackProgress
from ..map.twins import origins_of
from ..review.publishing import publish_with_photos
from ..text import tr
from ..workcopy.publish import PublishReport
from .writing import WritingAlgorithm

_LISTED = 200  # outcomes that the log spells out


class Publish(WritingAlgorithm):
    """WORKING_COPY, MESSAGE, ON_CONFLICT, AUTH → PUBLISHED, FAILED, CONFLICTS, UNSENT."""

    NAME = "publish"

    MESSAGE = "MESSAGE"
    ON_CONFLICT = "ON_CONFLICT"

    def displayName(self) -> str:
        return tr("Publish")

    def shortHelpString(self) -> str:
        return tr(
            "Sends the edits of a working copy to the twin that it came from, with the strongest lock that the twin "
            "offers. What somebody else changed meanwhile is not overwritten: it is counted as a conflict and stays in "
            "the working copy, as does whatever failed. The log says why, and how the publish was protected. Pilots "
            "with errors are published, too, and the log names them; where they should not be, run Check pilots first "
            "and look at its ERRORS."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_working_copy()
        self.addParameter(QgsProcessingParameterString(self.MESSAGE, tr("Message: what was changed, and why")))
        choice = QgsProcessingParameterEnum(
            self.ON_CONFLICT,
            tr("At a conflict: skip it and send the rest, or stop"),
            ["skip", "stop"],
            defaultValue="skip",
            usesStaticStrings=True,
        )
        self.addParameter(choice)
        self.add_auth()
        self.add_numbers(
            {
                "PUBLISHED": tr("Published features"),
                "FAILED": tr("Features that were not published"),
                "CONFLICTS": tr("Conflicts"),
                "UNSENT": tr("Features that were not tried, or taken back with their set"),
            }
        )

    def perform(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        copy = self.working_copy(parameters, context)
        message = self.parameterAsString(parameters, self.MESSAGE, context)
        on_conflict = self.parameterAsEnumString(parameters, self.ON_CONFLICT, context)
        changes = copy.changes()
        changed = {change.table for change in changes}
        origins = [origin for origin in origins_of(copy) if changed.intersection(origin.tables)]
        for finding in findings(copy, changes, date.today(), FeedbackProgress(feedback)):
            if finding.is_error:
                words = finding.problem.sentence
                feedback.pushWarning(tr("Pilot {pilot} has an error: {what}", pilot=finding.label, what=words))
        reports: list[PublishReport] = []
        for origin in origins:
            twin = self.twin(self.with_auth(origin.connection, parameters, context), feedback)
            report, photos = publish_with_photos(
                copy,
                twin,
                message,
                progress=FeedbackProgress(feedback),
                on_conflict="stop" if on_conflict == "stop" else "skip",
            )
            _tell(report, feedback)
            for note in photos.notes:
                feedback.pushInfo(note)
            if photos.stopped:
                feedback.pushWarning(photos.stopped)
            reports.append(report)
            clashed = on_conflict == "stop" and report.conflicts > 0  # as was asked for; the numbers tell
            if report.stopped and not clashed and not feedback.isCanceled():
                # a cron job must notice: what was published stays published, the rest is still there
                raise QgsProcessingException(report.stopped)
            if clashed:
                break
        if not origins:
            feedback.pushInfo(tr("There is nothing to publish."))
        return {
            "PUBLISHED": sum(report.published for report in reports),
            "FAILED": sum(report.failed for report in reports),
            "CONFLICTS": sum(report.conflicts for report in reports),
            "UNSENT": sum(report.unsent + report.remaining for report in reports),
        }


def _tell(report: PublishReport, feedback: QgsProcessingFeedback) -> None:
    told = 0
    feedback.pushInfo(protection.was(report))
    if report.stopped:
        feedback.pushWarning(report.stopped)
    for outcome in report.outcomes:
        if outcome.state != "published":
            feedback.pushWarning(f"{outcome.change.table}, {outcome.change.label}: {outcome.message}")
        elif told < _LISTED:
            told += 1
            feedback.pushInfo(tr("Published: {table}, {label}", table=outcome.change.table, label=outcome.change.label))
