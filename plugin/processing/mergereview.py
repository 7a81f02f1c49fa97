"""citytwin:mergereview: bring what was edited, noted and photographed outside into a working copy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingParameterFile,
)

from ..map.review.home import merge_review
from ..map.tasks import FeedbackProgress
from ..review import tick_words
from ..review.receive import Summary
from ..text import tr, trn
from .writing import WritingAlgorithm


class MergeReview(WritingAlgorithm):
    """WORKING_COPY, PACKAGE → EDITS, ITEMS, PHOTOS, CONFLICTS."""

    NAME = "mergereview"
    PACKAGE = "PACKAGE"

    def displayName(self) -> str:
        return tr("Merge Field Review")

    def shortHelpString(self) -> str:
        return tr(
            "Brings what a field review package holds into the working copy that it was made of: edits become edits of "
            "yours, merged as a pull merges; what both sides changed differently is kept as a conflict for you to "
            "resolve. Review items are collected once each, and photos are copied beside the working copy, never over "
            "another file. The package is its folder, its zip file, or its GeoPackage alone; it stays as it is, and "
            "merging it a second time changes nothing. The log says what came, and what could not."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_working_copy()
        self.addParameter(
            QgsProcessingParameterFile(
                self.PACKAGE,
                tr("Package: its zip file, its folder, or its GeoPackage"),
                fileFilter=tr("Field review packages (*.zip *.gpkg);;All files (*)"),
            )
        )
        self.add_numbers(
            {
                "EDITS": tr("Features that were edited outside"),
                "ITEMS": tr("Review items that are new or changed"),
                "PHOTOS": tr("Photos that were copied"),
                "CONFLICTS": tr("Conflicts to resolve"),
            }
        )

    def perform(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        copy = self.working_copy(parameters, context)
        package = Path(self.parameterAsString(parameters, self.PACKAGE, context))
        if not package.exists():
            raise QgsProcessingException(tr("There is no file {file}.", file=str(package)))
        summary = merge_review(copy, package, FeedbackProgress(feedback))
        _tell(summary, feedback)
        return {
            "EDITS": summary.edits,
            "ITEMS": summary.items,
            "PHOTOS": summary.photos,
            "CONFLICTS": summary.conflicts,
        }


def _tell(summary: Summary, feedback: QgsProcessingFeedback) -> None:
    for note in summary.notes:
        feedback.pushWarning(note)
    for layer in summary.layers:
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
    feedback.pushInfo(
        tr(
            "Review items: {new} new, {changed} changed. Photos: {photos}.",
            new=summary.items_new,
            changed=summary.items_changed,
            photos=summary.photos,
        )
    )
    if summary.tasks:
        words = trn(
            "{done} of {n} task was looked at", "{done} of {n} tasks were looked at", summary.tasks,
            done=summary.tasks_done,
        )  # fmt: skip
        feedback.pushInfo(words)
    for told in tick_words.sentences(summary):
        feedback.pushInfo(told)
