"""citytwin:pull: bring what others changed on the twin into a working copy."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProcessingContext, QgsProcessingFeedback

from ..map.tasks import FeedbackProgress
from ..map.twins import origins_of
from ..text import tr
from ..workcopy.pull import PullReport, pull
from .writing import WritingAlgorithm


class Pull(WritingAlgorithm):
    """WORKING_COPY, AUTH → CREATED, UPDATED, DELETED, MERGED, LEFT, CONFLICTS."""

    NAME = "pull"

    def displayName(self) -> str:
        return tr("Pull")

    def shortHelpString(self) -> str:
        return tr(
            "Brings what others created, changed and deleted on the twin into a working copy. Your own edits stay: "
            "where both sides changed different columns they are merged, and so are different entries of a pilot's "
            "lists; where both changed the same one it is kept as a conflict for you to resolve. The log says what "
            "came for each layer, and what was merged inside a list."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_working_copy()
        self.add_auth()
        self.add_numbers(
            {
                "CREATED": tr("New features"),
                "UPDATED": tr("Changed features"),
                "DELETED": tr("Deleted features"),
                "MERGED": tr("Own edits that others' changes were merged into"),
                "LEFT": tr("Features that lie outside the area now"),
                "CONFLICTS": tr("Conflicts to resolve"),
            }
        )

    def perform(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        copy = self.working_copy(parameters, context)
        reports = []
        for origin in origins_of(copy):
            twin = self.twin(self.with_auth(origin.connection, parameters, context), feedback)
            report = pull(copy, twin, progress=FeedbackProgress(feedback))
            _tell(report, feedback)
            reports.append(report)
        return {
            "CREATED": sum(report.created for report in reports),
            "UPDATED": sum(report.updated for report in reports),
            "DELETED": sum(report.deleted for report in reports),
            "MERGED": sum(report.merged for report in reports),
            "LEFT": sum(report.left for report in reports),
            "CONFLICTS": sum(report.conflicts for report in reports),
        }


def _tell(report: PullReport, feedback: QgsProcessingFeedback) -> None:
    for layer in report.layers:
        for note in layer.notes:
            feedback.pushWarning(note)
        for told in layer.inside:
            feedback.pushInfo(told)
        feedback.pushInfo(
            tr(
                "{layer}: {created} new, {updated} changed, {deleted} deleted, {merged} merged, {conflicts} conflicts",
                layer=layer.title,
                created=layer.created,
                updated=layer.updated,
                deleted=layer.deleted,
                merged=layer.merged,
                conflicts=layer.conflicts,
            )
        )
