"""citytwin:checkout: collections of a twin into a new working copy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputFile,
    QgsProcessingParameterExtent,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterString,
)

from ..map.layers import make_layers, save_default_styles
from ..map.pilots.combining import open_copy
from ..map.processes import python_that_helps
from ..map.tasks import FeedbackProgress
from ..review.carrying import carry
from ..text import tr, trn
from ..twin.model import Extent
from ..workcopy.checkout import checkout
from ..workcopy.copy import WorkingCopy
from .algorithm import TwinAlgorithm, needs_crs, told


class Checkout(TwinAlgorithm):
    """TWIN, COLLECTIONS, EXTENT, AUTH, WORKING_COPY → WORKING_COPY, FEATURE_COUNT."""

    NAME = "checkout"

    COLLECTIONS = "COLLECTIONS"
    EXTENT = "EXTENT"
    FEATURE_COUNT = "FEATURE_COUNT"

    def __init__(self) -> None:
        super().__init__()
        self._copy: WorkingCopy | None = None

    def displayName(self) -> str:
        return tr("Check out")

    def shortHelpString(self) -> str:
        return tr(
            "Brings collections of a twin into a new working copy: one GeoPackage in which every later edit is known, "
            "whatever program makes it. Without an extent everything is fetched. An existing working copy is replaced "
            "only if it holds no unpublished edits."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_twin()
        self.addParameter(
            QgsProcessingParameterString(self.COLLECTIONS, tr("Collections: their ids, separated by commas"))
        )
        self.addParameter(QgsProcessingParameterExtent(self.EXTENT, tr("Extent"), optional=True))
        self.add_auth()
        self.addParameter(
            QgsProcessingParameterFileDestination(self.WORKING_COPY, tr("Working copy"), tr("Working copies (*.gpkg)"))
        )
        self.addOutput(QgsProcessingOutputFile(self.WORKING_COPY, tr("Working copy")))
        self.add_numbers({self.FEATURE_COUNT: tr("Number of features")})

    def perform(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        names = self.parameterAsString(parameters, self.COLLECTIONS, context)
        path = Path(self.parameterAsFileOutput(parameters, self.WORKING_COPY, context))
        twin = self.twin(self.connection(parameters, context), feedback)
        extent, srid = self._extent(parameters, context)
        report = checkout(
            twin,
            [name.strip() for name in names.split(",") if name.strip()],
            path,
            extent=extent,
            extent_srid=srid,
            progress=FeedbackProgress(feedback),
            replace_file=True,
            carry=carry,
            python=python_that_helps(),
        )
        for layer in report.layers:
            feedback.pushInfo(f"{layer.title}: " + trn("{n} feature", "{n} features", layer.count))
        for problem in report.problems:
            feedback.pushWarning(problem)
        self._copy = open_copy(path)
        return {self.WORKING_COPY: str(path), self.FEATURE_COUNT: report.feature_count}

    def _extent(self, parameters: dict[str, Any], context: QgsProcessingContext) -> tuple[Extent | None, int]:
        """EXTENT and its EPSG code. Without a CRS it is that of the project; without one of those, longitudes."""
        if not parameters.get(self.EXTENT):
            return None, 4326
        crs = self.parameterAsExtentCrs(parameters, self.EXTENT, context)
        authority, _, code = crs.authid().partition(":")
        if crs.isValid() and not (authority == "EPSG" and code.isdigit()):
            crs, code = QgsCoordinateReferenceSystem("EPSG:4326"), "4326"
        box = self.parameterAsExtent(parameters, self.EXTENT, context, crs)
        extent = (box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum())
        if crs.isValid():
            return extent, int(code)
        needs_crs(extent)
        return extent, 4326

    def postProcessAlgorithm(self, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> dict[str, Any]:
        """Styles and forms go into the file, and the layers into the project; both belong in the main thread."""
        copy = self._copy
        if copy is not None:
            told(feedback, lambda: self._show(copy, context))
        return {}

    def _show(self, copy: WorkingCopy, context: QgsProcessingContext) -> None:
        save_default_styles(copy)
        project = context.project()
        if project is None or not project.fileName():
            return
        for layer in make_layers(copy):
            details = QgsProcessingContext.LayerDetails(layer.name(), project, self.WORKING_COPY)
            context.temporaryLayerStore().addMapLayer(layer)
            context.addLayerToLoadOnCompletion(layer.id(), details)
