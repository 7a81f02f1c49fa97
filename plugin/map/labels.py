"""Names on the map: only where they help, and only at scales at which they fit."""

from __future__ import annotations

from dataclasses import dataclass

from qgis.core import (
    Qgis,
    QgsExpression,
    QgsPalLayerSettings,
    QgsTextBufferSettings,
    QgsTextFormat,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
)
from qgis.PyQt.QtGui import QColor, QFont

from ..workcopy.source import Source
from .symbols import ACCENT, DISTRICT
from .themes import Theme, name_column


@dataclass(frozen=True)
class Writing:
    """How a theme is labelled. Scales are denominators, 0 for none; ``size`` in points."""

    ink: str
    size: float
    far: float
    near: float = 0
    bold: bool = False
    italic: bool = False
    capitals: bool = False
    spacing: float = 0.0
    priority: int = 5


_WRITING = {
    "pilots": Writing(ACCENT, 9, 60_000, bold=True, priority=10),
    "districts": Writing(DISTRICT, 9, 250_000, 6_000, capitals=True, spacing=1.2, priority=9),
    "neighbourhoods": Writing(DISTRICT, 8.5, 150_000, 4_000, spacing=0.4, priority=8),
    "streets": Writing("#6b655c", 7.5, 6_000, priority=4),
    "water": Writing("#4f86a8", 8.5, 25_000, italic=True, spacing=0.6, priority=6),
    "green": Writing("#5d7f4c", 8, 12_000, italic=True, priority=4),
    "buildings": Writing("#5f5950", 7, 2_000, priority=2),
    "stations": Writing("#155e6b", 7.5, 12_000, priority=5),
    "points": Writing("#4a4a4a", 7.5, 5_000, priority=3),
    "areas": Writing("#4a4a4a", 8, 25_000, priority=3),
}
_NO_NAME = ("type", "soort", "species", "boomsortiment_nederlands")


def apply(layer: QgsVectorLayer, source: Source, theme: Theme) -> None:
    """Label ``layer`` where its theme is labelled and it has a column with names."""
    writing, column = _WRITING.get(theme.name), name_column(source)
    if writing is None or column is None or column.lower() in _NO_NAME:
        layer.setLabelsEnabled(False)
        return
    settings = QgsPalLayerSettings()
    settings.fieldName = QgsExpression.quotedColumnRef(column)
    settings.isExpression = True
    settings.setFormat(_format(writing))
    settings.priority = writing.priority
    settings.scaleVisibility = True
    settings.minimumScale, settings.maximumScale = writing.far, writing.near
    if theme.name == "streets":
        settings.placement = Qgis.LabelPlacement.Curved
        settings.lineSettings().setPlacementFlags(Qgis.LabelLinePlacementFlag.OnLine)
        settings.lineSettings().setMergeLines(True)
        settings.repeatDistance, settings.repeatDistanceUnit = 120, Qgis.RenderUnit.Millimeters
    elif layer.geometryType() == Qgis.GeometryType.Polygon:
        settings.placement = Qgis.LabelPlacement.Horizontal
        settings.autoWrapLength = 18
        settings.multilineAlign = Qgis.LabelMultiLineAlignment.Center
        if theme.name in ("buildings", "green", "areas"):
            settings.fitInPolygonOnly = theme.name != "areas"
    else:
        settings.placement = Qgis.LabelPlacement.OrderedPositionsAroundPoint
        settings.offsetType = Qgis.LabelOffsetType.FromSymbolBounds
        settings.dist = 0.6
    layer.setLabeling(QgsVectorLayerSimpleLabeling(settings))
    layer.setLabelsEnabled(True)


def _format(writing: Writing) -> QgsTextFormat:
    font = QFont("Open Sans")
    font.setStyleHint(QFont.StyleHint.SansSerif)
    font.setBold(writing.bold)
    font.setItalic(writing.italic)
    if writing.spacing:
        font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, writing.spacing)
    text = QgsTextFormat()
    text.setFont(font)
    text.setSize(writing.size)
    text.setSizeUnit(Qgis.RenderUnit.Points)
    text.setColor(QColor(writing.ink))
    if writing.capitals:
        text.setCapitalization(Qgis.Capitalization.AllUppercase)
    halo = QgsTextBufferSettings()
    halo.setEnabled(True)
    halo.setSize(0.7)
    halo.setColor(QColor(255, 255, 255, 215))
    text.setBuffer(halo)
    return text
