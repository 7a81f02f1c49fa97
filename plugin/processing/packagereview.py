"""citytwin:packagereview: a part of a working copy as a package for field review."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsGeometry,
    QgsMapLayer,
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputFile,
    QgsProcessingParameterExtent,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
)

from ..map import layers
from ..map.review.background import Background, background_of
from ..map.review.packaging import Packed, Request, package_review
from ..map.tasks import FeedbackProgress
from ..text import number, tr, trn
from ..twin.errors import CityTwinError
from ..workcopy.copy import WorkingCopy
from ..workcopy.excerpt import Area
from .algorithm import TwinAlgorithm, needs_crs


class PackageReview(TwinAlgorithm):
    """WORKING_COPY, EXTENT, LAYERS, BACKGROUND, ZOOM, TITLE, FOR, DUE, OUTPUT (folder or .zip) → FEATURE_COUNT."""

    NAME = "packagereview"

    EXTENT = "EXTENT"
    LAYERS = "LAYERS"
    BACKGROUND = "BACKGROUND"
    ZOOM = "ZOOM"
    TITLE = "TITLE"
    FOR = "FOR"
    DUE = "DUE"
    FEATURE_COUNT = "FEATURE_COUNT"

    def __init__(self) -> None:
        super().__init__()
        self._background: Background | None = None

    def displayName(self) -> str:
        return tr("Package for field review")

    def tags(self) -> list[str]:
        return ["qfield", "offline", "mbtiles", *tr("field review,field work,tablet").split(",")]

    def shortHelpString(self) -> str:
        return tr(
            "Makes a package to take outside of a working copy: a GeoPackage, a QGIS project with relative paths, "
            "review layers and forms, a folder for photos, and if wanted a background map. It opens in QGIS without "
            "this plugin and without a network, and in QField. What was edited outside comes back with the algorithm "
            "that merges field reviews. Without an extent everything is taken; without layers all of them are. "
            "The background is drawn from map layers, or taken over where there is one layer that shows an MBTiles "
            "file. OUTPUT is a new folder, or a file that ends in .zip."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_working_copy()
        self.addParameter(QgsProcessingParameterExtent(self.EXTENT, tr("Extent"), optional=True))
        self.addParameter(
            QgsProcessingParameterString(self.LAYERS, tr("Layers: their names, separated by commas"), "", optional=True)
        )
        self.addParameter(
            QgsProcessingParameterMultipleLayers(
                self.BACKGROUND, tr("Background"), QgsProcessing.SourceType.TypeMapLayer, None, optional=True
            )
        )
        self.addParameter(
            QgsProcessingParameterNumber(
                self.ZOOM,
                tr("Deepest zoom level of the background"),
                QgsProcessingParameterNumber.Type.Integer,
                18,
                minValue=8,
                maxValue=20,
            )
        )
        self.addParameter(QgsProcessingParameterString(self.TITLE, tr("Title"), "", optional=True))
        self.addParameter(QgsProcessingParameterString(self.FOR, tr("For whom"), "", optional=True))
        self.addParameter(QgsProcessingParameterString(self.DUE, tr("Due date (YYYY-MM-DD)"), "", optional=True))
        self.addParameter(
            QgsProcessingParameterFileDestination(self.OUTPUT, tr("Package"), tr("Zip files (*.zip);;Folders (*)"))
        )
        self.addOutput(QgsProcessingOutputFile(self.OUTPUT, tr("Package")))
        self.add_numbers({self.FEATURE_COUNT: tr("Number of features")})

    def prepareAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        """In the main thread, where layers can be asked what they are."""
        path = Path(self.parameterAsFile(parameters, self.WORKING_COPY, context))
        unsaved = [layer.name() for layer in layers.editing_layers(path) if layer.isModified()]
        if unsaved:
            feedback.pushWarning(
                trn(
                    "{names} has edits that are not saved; they do not go along.",
                    "{names} have edits that are not saved; they do not go along.",
                    len(unsaved),
                    names=", ".join(unsaved),
                )
            )
        wanted: list[QgsMapLayer] = []
        if parameters.get(self.BACKGROUND):
            wanted = self.parameterAsLayerList(parameters, self.BACKGROUND, context)
            if not wanted:
                raise QgsProcessingException(tr("The background's layers cannot be found. Choose others, or none."))
        self._background = (
            background_of(wanted, self.parameterAsInt(parameters, self.ZOOM, context)) if wanted else None
        )
        return True

    def perform(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        copy = self.working_copy(parameters, context)
        request = Request(
            target=Path(self.parameterAsFileOutput(parameters, self.OUTPUT, context)),
            tables=self._tables(copy, parameters, context),
            area=self._area(parameters, context),
            title=self.parameterAsString(parameters, self.TITLE, context),
            for_whom=self.parameterAsString(parameters, self.FOR, context),
            due=self._due(parameters, context),
            background=self._background,
        )
        packed = package_review(copy, request, FeedbackProgress(feedback))
        _tell(packed, copy, feedback)
        return {self.OUTPUT: str(packed.path), self.FEATURE_COUNT: sum(packed.counts.values())}

    def _tables(self, copy: WorkingCopy, parameters: dict[str, Any], context: QgsProcessingContext) -> tuple[str, ...]:
        """LAYERS by table, collection or title; all of them where none is named. Raises `CityTwinError`."""
        named = [part.strip() for part in self.parameterAsString(parameters, self.LAYERS, context).split(",")]
        found: list[str] = []
        for name in filter(None, named):
            tables = [one.table for one in copy.sources if name in (one.table, one.collection, one.title)]
            if not tables:
                known = ", ".join(source.table for source in copy.sources)
                raise CityTwinError(
                    tr("{name} is not a layer of {file}. It has: {known}.", name=name, file=copy.path.name, known=known)
                )
            found.extend(tables)
        return tuple(dict.fromkeys(found)) or tuple(source.table for source in copy.sources)

    def _area(self, parameters: dict[str, Any], context: QgsProcessingContext) -> Area | None:
        """EXTENT as a polygon. Without a CRS its numbers are degrees. Raises `CityTwinError`."""
        if not parameters.get(self.EXTENT):
            return None
        crs = self.parameterAsExtentCrs(parameters, self.EXTENT, context)
        authority, _, code = crs.authid().partition(":")
        if crs.isValid() and not (authority == "EPSG" and code.isdigit()):
            crs, code = QgsCoordinateReferenceSystem("EPSG:4326"), "4326"
        box = self.parameterAsExtent(parameters, self.EXTENT, context, crs)
        if not crs.isValid():
            needs_crs((box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum()))
            code = "4326"
        return Area(bytes(QgsGeometry.fromRect(box).asWkb()), int(code))

    def _due(self, parameters: dict[str, Any], context: QgsProcessingContext) -> str:
        text = self.parameterAsString(parameters, self.DUE, context).strip()
        try:
            return date.fromisoformat(text).isoformat() if text else ""
        except ValueError as error:
            raise CityTwinError(
                tr(
                    "{value} is no date. Write year, month and day, such as {example}.",
                    value=text,
                    example="2027-03-31",
                )
            ) from error


def _tell(packed: Packed, copy: WorkingCopy, feedback: QgsProcessingFeedback) -> None:
    titles = {source.table: source.title or source.table for source in copy.sources}
    for table, count in packed.counts.items():
        feedback.pushInfo(f"{titles.get(table, table)}: " + trn("{n} feature", "{n} features", count))
    if packed.background is not None:
        size = number(packed.background.bytes / 1e6, ",.1f")
        feedback.pushInfo(tr("Background: {n} tiles, {size} MB", n=number(packed.background.tiles), size=size))
    for note in packed.notes:
        feedback.pushWarning(note)
    feedback.pushInfo(tr("The package is {file}.", file=packed.path.name))
