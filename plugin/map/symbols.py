"""The symbols of a calm city map: one function per theme. Sizes are metres in the city, bounded in millimetres."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    Qgis,
    QgsFillSymbol,
    QgsLinePatternFillSymbolLayer,
    QgsLineSymbol,
    QgsMapUnitScale,
    QgsMarkerSymbol,
    QgsProperty,
    QgsSimpleFillSymbolLayer,
    QgsSimpleLineSymbolLayer,
    QgsSimpleMarkerSymbolLayer,
    QgsSymbol,
    QgsSymbolLayer,
)
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor

INK = "#3b3a38"
BUILDING, BUILDING_EDGE = "#dcd6cb", "#a89f92"
WATER, WATER_EDGE = "#b3d4e8", "#8ab6d2"
ACCENT = "#d9480f"
DISTRICT = "#7a6a8a"
METRES = Qgis.RenderUnit.MetersInMapUnits
MILLIMETRES = Qgis.RenderUnit.Millimeters


def colour(value: str, alpha: int = 255) -> QColor:
    """``#rrggbb`` with an opacity of 0–255."""
    out = QColor(value)
    out.setAlpha(alpha)
    return out


def bounded(least: float, most: float) -> QgsMapUnitScale:
    """Map units that never get thinner or thicker on paper than these millimetres."""
    scale = QgsMapUnitScale()
    scale.minSizeMMEnabled, scale.minSizeMM = True, least
    scale.maxSizeMMEnabled, scale.maxSizeMM = True, most
    return scale


def fill(
    inside: QColor | None, edge: QColor | None, width: float = 0.1, style: Qt.PenStyle = Qt.PenStyle.SolidLine
) -> QgsSimpleFillSymbolLayer:
    """A plain fill and its edge (mm); None leaves either out."""
    layer = QgsSimpleFillSymbolLayer()
    if inside is None:
        layer.setBrushStyle(Qt.BrushStyle.NoBrush)
    else:
        layer.setFillColor(inside)
    if edge is None:
        layer.setStrokeStyle(Qt.PenStyle.NoPen)
    else:
        layer.setStrokeColor(edge)
        layer.setStrokeWidth(width)
        layer.setStrokeWidthUnit(MILLIMETRES)
        layer.setStrokeStyle(style)
    layer.setPenJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return layer


def line(ink: QColor, width: float, unit: Any = MILLIMETRES, scale: QgsMapUnitScale | None = None) -> Any:
    """A plain line with round joins."""
    layer = QgsSimpleLineSymbolLayer(ink, width)
    layer.setWidthUnit(unit)
    if scale is not None:
        layer.setWidthMapUnitScale(scale)
    layer.setPenJoinStyle(Qt.PenJoinStyle.RoundJoin)
    layer.setPenCapStyle(Qt.PenCapStyle.RoundCap)
    return layer


def dashed(ink: QColor, width: float, pattern: list[float]) -> Any:
    """A dashed line (mm) whose corners are kept."""
    layer = line(ink, width)
    layer.setUseCustomDashPattern(True)
    layer.setCustomDashVector(pattern)
    layer.setCustomDashPatternUnit(MILLIMETRES)
    layer.setAlignDashPattern(True)
    layer.setTweakDashPatternOnCorners(True)
    layer.setPenCapStyle(Qt.PenCapStyle.FlatCap)
    return layer


def stack(symbol: QgsSymbol, *layers: QgsSymbolLayer) -> QgsSymbol:
    """``symbol`` made of ``layers``, lowest first."""
    while symbol.symbolLayerCount():
        symbol.deleteSymbolLayer(0)
    for layer in layers:
        symbol.appendSymbolLayer(layer)
    return symbol


def building(inside: str = BUILDING, solid: bool = False) -> QgsSymbol:
    """A building. A solid's walls are polygons too: one edge around the whole, its parts hardly told apart inside."""
    edge = QColor(inside).darker(132)
    if not solid:
        one = fill(QColor(inside), edge, 0.35)
        one.setStrokeWidthUnit(METRES)
        one.setStrokeWidthMapUnitScale(bounded(0.04, 0.14))
        return stack(QgsFillSymbol(), one)
    around = fill(None, edge, 0.4)
    inner = fill(QColor(inside), QColor(inside).darker(110), 0.08)
    around.setRenderingPass(0)
    inner.setRenderingPass(1)
    return stack(QgsFillSymbol(), around, inner)


def water() -> QgsSymbol:
    """Open water."""
    return stack(QgsFillSymbol(), fill(QColor(WATER), QColor(WATER_EDGE), 0.15))


def watercourse() -> QgsSymbol:
    """A ditch or canal that is a line."""
    return stack(QgsLineSymbol(), line(QColor(WATER), 4, METRES, bounded(0.4, 3)))


def street(width: str | None = None, metres: float = 7.0) -> QgsSymbol:
    """White with a casing, as wide as the street is: ``width`` is an expression in metres."""
    casing = line(QColor("#cfc8bb"), metres + 2, METRES, bounded(0.5, 12))
    inner = line(QColor("#ffffff"), metres, METRES, bounded(0.25, 11.5))
    casing.setRenderingPass(0)
    inner.setRenderingPass(1)
    if width:
        key = QgsSymbolLayer.Property.StrokeWidth
        casing.setDataDefinedProperty(key, QgsProperty.fromExpression(f"({width}) + 2"))
        inner.setDataDefinedProperty(key, QgsProperty.fromExpression(width))
    return stack(QgsLineSymbol(), casing, inner)


def pavement() -> QgsSymbol:
    """Streets and squares as areas."""
    return stack(QgsFillSymbol(), fill(QColor("#ffffff"), QColor("#d9d3c7"), 0.12))


def green() -> QgsSymbol:
    """Parks, gardens, grass."""
    return stack(QgsFillSymbol(), fill(QColor("#d3e4c4"), QColor("#bcd3aa"), 0.12))


def tree(crown: str | None = None) -> QgsSymbol:
    """A crown seen from above: ``crown`` is an expression for its diameter in metres, else 6 m."""
    layer = QgsSimpleMarkerSymbolLayer(Qgis.MarkerShape.Circle, 6)
    layer.setSizeUnit(METRES)
    layer.setSizeMapUnitScale(bounded(0.5, 9))
    layer.setFillColor(colour("#7fb069", 175))
    layer.setStrokeColor(colour("#4f7d45", 150))
    layer.setStrokeWidth(0.08)
    if crown:
        layer.setDataDefinedProperty(QgsSymbolLayer.Property.Size, QgsProperty.fromExpression(crown))
    return stack(QgsMarkerSymbol(), layer)


def bin_() -> QgsSymbol:
    """Street furniture: a small square."""
    layer = QgsSimpleMarkerSymbolLayer(Qgis.MarkerShape.Square, 3)
    layer.setSizeUnit(METRES)
    layer.setSizeMapUnitScale(bounded(0.9, 2.6))
    layer.setFillColor(QColor("#8d7b68"))
    layer.setStrokeColor(QColor("#ffffff"))
    layer.setStrokeWidth(0.15)
    return stack(QgsMarkerSymbol(), layer)


def dot(inside: QColor, size: float = 2.2, edge: str = "#ffffff", width: float = 0.3) -> QgsSymbol:
    """A disc with a light ring, ``size`` mm across and smaller from afar."""
    layer = QgsSimpleMarkerSymbolLayer(Qgis.MarkerShape.Circle, 30)
    layer.setSizeUnit(METRES)
    layer.setSizeMapUnitScale(bounded(size * 0.6, size))
    layer.setFillColor(inside)
    layer.setStrokeColor(QColor(edge))
    layer.setStrokeWidth(width)
    return stack(QgsMarkerSymbol(), layer)


def boundary(ink: str, width: float, pattern: list[float]) -> QgsSymbol:
    """An administrative boundary over all that is built: a light seam and a dashed line, and from afar a pale fill."""
    seam = line(colour("#ffffff", 150), width * 3)
    inside = fill(colour(ink, 14), None)
    inside.setDataDefinedProperty(
        QgsSymbolLayer.Property.FillColor,
        QgsProperty.fromExpression(f"set_color_part('{ink}', 'alpha', scale_linear(@map_scale, 8000, 80000, 0, 26))"),
    )
    return stack(QgsFillSymbol(), inside, seam, dashed(QColor(ink), width, pattern))


def pilot() -> QgsSymbol:
    """Where a pilot runs: hatched thinly enough to read the city below."""
    hatch = QgsLinePatternFillSymbolLayer()
    hatch.setLineAngle(45)
    hatch.setDistance(2.2)
    hatch.setDistanceUnit(MILLIMETRES)
    hatch.setSubSymbol(stack(QgsLineSymbol(), line(colour(ACCENT, 95), 0.22)))
    return stack(QgsFillSymbol(), fill(colour(ACCENT, 22), None), hatch, dashed(QColor(ACCENT), 0.6, [2.4, 1.2]))


def plain(family: str, hue: int) -> QgsSymbol:
    """Anything else, in a colour of its own that sits well with the rest."""
    strong, soft = QColor.fromHsl(hue, 110, 105), QColor.fromHsl(hue, 90, 205)
    if family == "point":
        return dot(strong, 2.0, width=0.3)
    if family == "line":
        return stack(QgsLineSymbol(), line(strong, 0.5))
    soft.setAlpha(150)
    return stack(QgsFillSymbol(), fill(soft, strong, 0.25))
