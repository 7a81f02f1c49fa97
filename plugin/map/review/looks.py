"""How a package's own layers are drawn: items by their kind, faded once they are decided, tasks until they are done.

Signs are drawn here and embedded: nothing has to be installed or found beside the project.
"""

from __future__ import annotations

import base64

from qgis.core import (
    Qgis,
    QgsCategorizedSymbolRenderer,
    QgsExpression,
    QgsFillSymbol,
    QgsLinePatternFillSymbolLayer,
    QgsLineSymbol,
    QgsMarkerSymbol,
    QgsPalLayerSettings,
    QgsProperty,
    QgsRendererCategory,
    QgsSvgMarkerSymbolLayer,
    QgsSymbol,
    QgsTextBufferSettings,
    QgsTextFormat,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
)
from qgis.PyQt.QtCore import QPointF
from qgis.PyQt.QtGui import QColor, QFont

from ...review import schema as cols
from ...review import tasks
from ...review import vocabulary as words
from ...text import tr
from .. import styles
from ..symbols import colour, fill, line, stack

# told apart by sign as well as by colour
COLOURS = {
    words.WRONG: "#c92a2a",
    words.MISSING: "#e8590c",
    words.NEW: "#1971c2",
    words.QUESTION: "#862e9c",
    words.CONFIRMED: "#2b8a3e",
}
_OTHER = "#5c6670"
_TO_DO, _DONE = "#e67700", "#2b8a3e"
_SIGNS = {
    words.WRONG: "M8 8 L16 16 M16 8 L8 16",
    words.MISSING: "M7 12 L17 12",
    words.NEW: "M12 7 L12 17 M7 12 L17 12",
    words.QUESTION: "M9 9.6 C9 5.8 15 5.8 15 9.6 C15 12 12 11.8 12 14.2 M12 17.1 L12 17.4",
    words.CONFIRMED: "M7.4 12.4 L10.8 15.8 L16.8 8.8",
}
_TICK = _SIGNS[words.CONFIRMED]
_SCALE = 12_000  # from which names are written


def apply_review(layer: QgsVectorLayer) -> None:
    """Symbols, legend and labels of a layer of review items."""
    family = styles.family(layer)
    categories = [
        QgsRendererCategory(kind, _symbol(family, COLOURS[kind], _SIGNS[kind]), words.kind_title(kind))
        for kind in words.KINDS
    ]
    categories.append(QgsRendererCategory(None, _symbol(family, _OTHER, ""), tr("Other")))
    layer.setRenderer(QgsCategorizedSymbolRenderer(QgsExpression.quotedColumnRef(cols.KIND), categories))
    said = f"coalesce(nullif(\"{cols.TEXT}\", ''), nullif(\"{cols.ABOUT_LABEL}\", ''), '')"
    short = f"if(length({said}) > 40, left({said}, 39) || '…', {said})"
    decided = " ".join(
        f'WHEN "{cols.STATUS}" = {QgsExpression.quotedString(status)} THEN '
        f"{QgsExpression.quotedString(f' ({words.status_title(status).lower()})')}"
        for status in words.STATUSES
        if status != words.OPEN
    )
    # the sign of what is confirmed says all there is, and its task has its name
    silent = f"\"{cols.KIND}\" = '{words.CONFIRMED}' AND coalesce(\"{cols.TEXT}\", '') = ''"
    _label(layer, f"if({silent}, '', {short} || CASE {decided} ELSE '' END)", "#3b3a38")


def apply_tasks(layer: QgsVectorLayer) -> None:
    """To look at, and looked at."""
    todo = _pin(_TO_DO, "M12 7 L12 13 M12 16.6 L12 16.9", square=True)
    done = _pin(_DONE, _TICK, square=True)
    done.setOpacity(0.55)
    layer.setRenderer(
        QgsCategorizedSymbolRenderer(
            f'coalesce("{tasks.DONE}", false)',
            [
                QgsRendererCategory(False, todo, tr("To look at")),
                QgsRendererCategory(True, done, tr("Looked at")),
            ],
        )
    )
    _label(layer, f"coalesce(\"{tasks.LABEL}\", '')", _TO_DO, bold=True)


def _symbol(family: str, ink: str, sign: str) -> QgsSymbol:
    if family == "point":
        symbol = _pin(ink, sign)
    elif family == "line":
        symbol = stack(QgsLineSymbol(), line(colour("#ffffff", 210), 1.7), line(QColor(ink), 0.9))
    else:
        hatch = QgsLinePatternFillSymbolLayer()
        hatch.setLineAngle(135)
        hatch.setDistance(2.6)
        hatch.setDistanceUnit(Qgis.RenderUnit.Millimeters)
        hatch.setSubSymbol(stack(QgsLineSymbol(), line(colour(ink, 120), 0.25)))
        symbol = stack(QgsFillSymbol(), fill(colour(ink, 34), None), hatch, fill(None, QColor(ink), 0.6))
    symbol.setDataDefinedProperty(
        QgsSymbol.Property.Opacity,
        QgsProperty.fromExpression(
            f"CASE WHEN coalesce(\"{cols.STATUS}\", '') IN ('{words.REJECTED}', '{words.DONE}') THEN 40 "
            f"WHEN \"{cols.STATUS}\" = '{words.ACCEPTED}' THEN 70 ELSE 100 END"
        ),
    )
    return symbol


def _pin(ink: str, sign: str, square: bool = False) -> QgsMarkerSymbol:
    """A disc (a square for tasks) with a white sign on it, whose middle is the place."""
    shape = (
        '<rect x="2.4" y="2.4" width="19.2" height="19.2" rx="3.6"' if square else '<circle cx="12" cy="12" r="10.2"'
    )
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24">'
        f'{shape} fill="{ink}" stroke="#ffffff" stroke-width="1.6"/>'
        f'<path d="{sign}" fill="none" stroke="#ffffff" stroke-width="2.2" stroke-linecap="round" '
        'stroke-linejoin="round"/></svg>'
    )
    layer = QgsSvgMarkerSymbolLayer("base64:" + base64.b64encode(drawing.encode()).decode(), 5.6)
    layer.setSizeUnit(Qgis.RenderUnit.Millimeters)
    layer.setOffset(QPointF(0, 0))
    return stack(QgsMarkerSymbol(), layer)


def _label(layer: QgsVectorLayer, expression: str, ink: str, bold: bool = False) -> None:
    font = QFont("Open Sans")
    font.setStyleHint(QFont.StyleHint.SansSerif)
    font.setBold(bold)
    text = QgsTextFormat()
    text.setFont(font)
    text.setSize(8.5)
    text.setSizeUnit(Qgis.RenderUnit.Points)
    text.setColor(QColor(ink).darker(120))
    halo = QgsTextBufferSettings()
    halo.setEnabled(True)
    halo.setSize(0.8)
    halo.setColor(QColor(255, 255, 255, 225))
    text.setBuffer(halo)
    settings = QgsPalLayerSettings()
    settings.fieldName, settings.isExpression = expression, True
    settings.setFormat(text)
    settings.priority = 10
    settings.autoWrapLength = 24
    settings.scaleVisibility = True
    settings.minimumScale, settings.maximumScale = _SCALE, 0
    family = styles.family(layer)
    if family == "point":
        settings.placement = Qgis.LabelPlacement.OrderedPositionsAroundPoint
        settings.offsetType = Qgis.LabelOffsetType.FromSymbolBounds
        settings.dist = 0.6
    elif family == "line":
        settings.placement = Qgis.LabelPlacement.Line
    else:
        settings.placement = Qgis.LabelPlacement.Horizontal
    layer.setLabeling(QgsVectorLayerSimpleLabeling(settings))
    layer.setLabelsEnabled(True)
