"""What the algorithms over pilots share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import QgsProcessingContext, QgsProcessingFeedback

from ..map import layers
from ..text import tr, trn
from .algorithm import TwinAlgorithm


class PilotAlgorithm(TwinAlgorithm):
    """Reads the file, so it says which edits are not in it yet."""

    def tags(self) -> list[str]:
        return ["pilot", "living lab", *tr("pilot area,smart city,scaling up").split(",")]

    def prepareAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        """In the main thread, before the work."""
        path = Path(self.parameterAsFile(parameters, self.WORKING_COPY, context))
        unsaved = [layer.name() for layer in layers.editing_layers(path) if layer.isModified()]
        if unsaved:
            feedback.pushWarning(
                trn(
                    "{names} has edits that are not saved; they are not looked at.",
                    "{names} have edits that are not saved; they are not looked at.",
                    len(unsaved),
                    names=", ".join(unsaved),
                )
            )
        return True
