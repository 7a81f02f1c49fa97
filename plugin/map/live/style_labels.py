"""Values written beside their dots, where there is room for them."""

from __future__ import annotations

from qgis.core import (
    Qgis,
    QgsExpression,
    QgsPalLayerSettings,
    QgsProperty,
    QgsTextBackgroundSettings,
    QgsTextFormat,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
)
from qgis.PyQt.QtCore import QSizeF, Qt
from qgis.PyQt.QtGui import QColor, QFont

from ...sensors import freshness, values, words
from . import fields

NEAREST_SCALE = 5_000
_LONGEST = 28


def apply(layer: QgsVectorLayer) -> None:
    """Label ``layer`` from 1:5000 on."""
    settings = QgsPalLayerSettings()
    settings.fieldName = _text()
    settings.isExpression = True
    settings.setFormat(_format())
    settings.scaleVisibility = True
    settings.minimumScale, settings.maximumScale = NEAREST_SCALE, 0
    settings.placement = Qgis.LabelPlacement.OrderedPositionsAroundPoint
    settings.offsetType = Qgis.LabelOffsetType.FromSymbolBounds
    settings.dist = 1.0
    settings.priority = 7
    properties = settings.dataDefinedProperties()
    fresh = f"\"{fields.FRESHNESS}\" = '{freshness.LIVE}'"
    properties.setProperty(
        QgsPalLayerSettings.Property.Color, QgsProperty.fromExpression(f"if({fresh}, '#26292c', '#75797e')")
    )
    settings.setDataDefinedProperties(properties)
    layer.setLabeling(QgsVectorLayerSimpleLabeling(settings))
    layer.setLabelsEnabled(True)


def _text() -> str:
    """The value, and that it is old where it is; nothing where nothing was measured."""
    shown = ", ".join(f"'{kind}'" for kind in (values.NUMBER, values.TEXT, values.BOOLEAN, values.OBJECT))
    text = f'"{fields.TEXT}"'
    short = f"if(length({text}) > {_LONGEST}, left({text}, {_LONGEST - 1}) || '…', {text})"
    old = " ".join(
        f"WHEN \"{fields.FRESHNESS}\" = '{word}' THEN {QgsExpression.quotedString(f' ({words.how_fresh(word)})')}"
        for word in (freshness.LATE, freshness.SILENT)
    )
    return f"CASE WHEN \"{fields.KIND}\" IN ({shown}) THEN {short} || CASE {old} ELSE '' END ELSE '' END"


def _format() -> QgsTextFormat:
    font = QFont("Open Sans")
    font.setStyleHint(QFont.StyleHint.SansSerif)
    font.setBold(True)
    text = QgsTextFormat()
    text.setFont(font)
    text.setSize(8)
    text.setSizeUnit(Qgis.RenderUnit.Points)
    text.setColor(QColor("#26292c"))
    # a tag, which reads on a light map and on a dark one
    tag = QgsTextBackgroundSettings()
    tag.setEnabled(True)
    tag.setType(QgsTextBackgroundSettings.ShapeType.ShapeRectangle)
    tag.setSizeType(QgsTextBackgroundSettings.SizeType.SizeBuffer)
    tag.setSize(QSizeF(0.9, 0.3))
    tag.setSizeUnit(Qgis.RenderUnit.Millimeters)
    tag.setRadii(QSizeF(0.9, 0.9))
    tag.setRadiiUnit(Qgis.RenderUnit.Millimeters)
    tag.setFillColor(QColor(255, 255, 255, 225))
    tag.setStrokeWidth(0)
    fill = tag.fillSymbol()
    if fill is not None:
        fill.setColor(QColor(255, 255, 255, 225))
        fill.symbolLayer(0).setStrokeStyle(Qt.PenStyle.NoPen)
    text.setBackground(tag)
    return text
