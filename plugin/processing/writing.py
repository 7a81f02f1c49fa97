"""What the algorithms share that write a working copy: never under an edit session of the project that is open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import QgsProcessingContext, QgsProcessingException, QgsProcessingFeedback

from ..map import layers
from ..text import trn
from .algorithm import TwinAlgorithm


class WritingAlgorithm(TwinAlgorithm):
    """Refuses where edits are unsaved, and shows the project's layers anew."""

    _path: Path | None = None

    def prepareAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        """In the main thread, before the work."""
        path = Path(self.parameterAsFile(parameters, self.WORKING_COPY, context))
        editing = [layer.name() for layer in layers.editing_layers(path)]
        if editing:
            raise QgsProcessingException(
                trn(
                    "{names} is being edited. Save the edits and end editing, then run this again.",
                    "{names} are being edited. Save the edits and end editing, then run this again.",
                    len(editing),
                    names=", ".join(editing),
                )
            )
        self._path = path
        return True

    def postProcessAlgorithm(self, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> dict[str, Any]:
        """In the main thread, after it."""
        if self._path is not None:
            layers.reload(self._path)
        return {}
