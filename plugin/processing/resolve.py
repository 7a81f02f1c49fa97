"""citytwin:resolve: decide the open conflicts of a working copy for one side."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingParameterEnum,
    QgsProcessingParameterString,
)

from ..text import tr
from ..workcopy.conflicts import resolve_all
from ..workcopy.copy import WorkingCopy
from ..workcopy.errors import WorkingCopyError
from .writing import WritingAlgorithm


class Resolve(WritingAlgorithm):
    """WORKING_COPY, STRATEGY, LAYER → RESOLVED, REMAINING."""

    NAME = "resolve"

    STRATEGY = "STRATEGY"
    LAYER = "LAYER"

    def displayName(self) -> str:
        return tr("Resolve conflicts")

    def shortHelpString(self) -> str:
        return tr(
            "Decides every open conflict of a working copy, or of one of its layers, for one side. “mine” keeps what "
            "you have wherever both sides changed the same, “theirs” takes what the twin has; what only one side "
            "changed stays merged either way. Nothing is sent: publish afterwards."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_working_copy()
        self.addParameter(
            QgsProcessingParameterEnum(
                self.STRATEGY, tr("Whose value is kept"), ["mine", "theirs"], usesStaticStrings=True
            )
        )
        self.addParameter(
            QgsProcessingParameterString(self.LAYER, tr("Layer (all of them if empty)"), None, optional=True)
        )
        self.add_numbers({"RESOLVED": tr("Resolved conflicts"), "REMAINING": tr("Conflicts that are still open")})

    def perform(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        copy = self.working_copy(parameters, context)
        side = self.parameterAsEnumString(parameters, self.STRATEGY, context)
        table = _table(copy, self.parameterAsString(parameters, self.LAYER, context).strip())
        for conflict in copy.conflicts(table):
            feedback.pushInfo(f"{conflict.table}, {conflict.label}: {conflict.words}")
        resolved = resolve_all(copy, "mine" if side == "mine" else "theirs", table)
        remaining = len(copy.conflicts())
        feedback.pushInfo(tr("Resolved: {resolved}. Still open: {remaining}.", resolved=resolved, remaining=remaining))
        return {"RESOLVED": resolved, "REMAINING": remaining}


def _table(copy: WorkingCopy, name: str) -> str | None:
    """The table that a user means by its name, the collection's id or the layer's title; None for all."""
    if not name:
        return None
    for source in copy.sources:
        if name.casefold() in (source.table.casefold(), source.collection.casefold(), source.title.casefold()):
            return source.table
    raise WorkingCopyError(
        tr(
            "{file} has no layer “{name}”. It has: {layers}.",
            file=copy.path.name,
            name=name,
            layers=", ".join(source.table for source in copy.sources),
        )
    )
