"""The signs of sensors: a dot in the colour of its class, fainter when late, hollow when silent.

Each state is a symbol layer of its own that an expression switches on: so a class has one entry in the legend, and
where the layers are constant otherwise, QGIS draws each of them once and copies the picture for every point.
"""

from __future__ import annotations

from dataclasses import dataclass

from qgis.core import (
    Qgis,
    QgsMarkerSymbol,
    QgsProperty,
    QgsSimpleMarkerSymbolLayer,
    QgsSymbol,
    QgsSymbolLayer,
)
from qgis.PyQt.QtCore import QPointF
from qgis.PyQt.QtGui import QColor

from ...sensors import freshness, trend
from .. import symbols
from . import fields, style_colours

NEAR = 10_000  # the scale from which on there is room for arrows
_GROWS = (13_000, 30_000)  # between these scales a dot grows
_MANY = 3_000
_SIZE = QgsSymbolLayer.Property.Size


@dataclass(frozen=True)
class Size:
    """A dot's diameter in millimetres, from afar and from near."""

    far: float
    near: float

    def of(self, more: float) -> tuple[float, float]:
        """From afar and from near, of something that is ``more`` millimetres wider than a dot from near."""
        return self.far * (1 + more / self.near), self.near + more


def size_for(datastreams: int) -> Size:
    """Many must stay apart, and be drawn fast: then all have one size, whose picture QGIS copies."""
    return Size(1.5, 1.5) if datastreams > _MANY else Size(1.8, 4.2)


def value(colour: str, size: Size, *, clamped: bool = False) -> QgsSymbol:
    """A value of a class: what is switched on tells its freshness, its trend, and that it is beyond a threshold."""
    beyond, silent = f'"{fields.EXCEEDED}" > 0', _is(freshness.SILENT)
    now, then = f"{beyond} AND NOT ({silent})", f"{beyond} AND {silent}"
    layers = [
        _when(_not_in_legend(halo(size), now), now),
        _when(_not_in_legend(trace(size), then), then),
        _when(hollow(colour, size), _is(freshness.SILENT)),
        _when(late(colour, size), _is(freshness.LATE)),
        # drawn last of these, since a legend shows them all
        _when(live(colour, size), _is(freshness.LIVE)),
    ]
    if clamped:
        layers.insert(2, _plus(colour, size))
    for up, word in ((True, trend.RISING), (False, trend.FALLING)):
        moves = f"@map_scale < {NEAR} AND {_is(freshness.LIVE)} AND \"{fields.TREND}\" = '{word}'"
        layers.append(_when(_not_in_legend(arrow(up), moves), moves))
    return symbols.stack(QgsMarkerSymbol(), *layers)


def live(colour: str, size: Size) -> QgsSimpleMarkerSymbolLayer:
    """A fresh value."""
    return _dot(QColor(colour), QColor(style_colours.edge(colour)), 0.2, size)


def late(colour: str, size: Size) -> QgsSimpleMarkerSymbolLayer:
    """A value that should have been renewed."""
    return _dot(style_colours.faded(colour), style_colours.faded(style_colours.ring(colour), 150), 0.2, size)


def hollow(colour: str, size: Size) -> QgsSimpleMarkerSymbolLayer:
    """The last value of a sensor that says nothing any more."""
    return _dot(None, QColor(style_colours.ring(colour)), 0.4, size)


def halo(size: Size) -> QgsSimpleMarkerSymbolLayer:
    """Around a value that is beyond a threshold."""
    return _dot(QColor("#ffffff"), QColor(style_colours.ALARM), 0.45, size, more=2.6)


def trace(size: Size) -> QgsSimpleMarkerSymbolLayer:
    """Around one that was beyond a threshold when it fell silent: no alarm now."""
    return _dot(None, style_colours.faded(style_colours.ALARM, 90), 0.25, size, more=2.6)


def cross(size: Size) -> QgsSimpleMarkerSymbolLayer:
    """It says that it measured nothing."""
    layer = _dot(None, QColor(style_colours.GREY), 0.4, size, more=-1.4)
    layer.setShape(Qgis.MarkerShape.Cross2)
    return layer


def nothing(size: Size) -> QgsSimpleMarkerSymbolLayer:
    """No observation yet."""
    return _dot(None, QColor(style_colours.GREY), 0.25, size, more=-1.4)


def arrow(up: bool) -> QgsSimpleMarkerSymbolLayer:
    """Above a value that rises, below one that falls."""
    layer = QgsSimpleMarkerSymbolLayer(Qgis.MarkerShape.Triangle, 2.1)
    layer.setFillColor(QColor(style_colours.DARK))
    layer.setStrokeColor(QColor(style_colours.LIGHT))
    layer.setStrokeWidth(0.25)
    layer.setAngle(0 if up else 180)
    # turned with the sign, so both say: in the direction of its point
    layer.setOffset(QPointF(0, -3.4))
    return layer


def single(*layers: QgsSimpleMarkerSymbolLayer) -> QgsSymbol:
    """A sign that is the same for all."""
    return symbols.stack(QgsMarkerSymbol(), *layers)


def _plus(colour: str, size: Size) -> QgsSimpleMarkerSymbolLayer:
    """What shows around a dot: four points."""
    layer = _dot(None, QColor(style_colours.ring(colour)), 0.55, size, more=2.4)
    layer.setShape(Qgis.MarkerShape.Cross)
    return layer


def _dot(
    inside: QColor | None, edge: QColor, width: float, size: Size, more: float = 0.0
) -> QgsSimpleMarkerSymbolLayer:
    far, near = size.of(more)
    layer = QgsSimpleMarkerSymbolLayer(Qgis.MarkerShape.Circle, near)
    if far < near:
        # not in metres on the ground, of which a legend makes squares
        grown = f"scale_linear(coalesce(@map_scale, 20000), {_GROWS[0]}, {_GROWS[1]}, {near:.3f}, {far:.3f})"
        layer.setDataDefinedProperty(_SIZE, QgsProperty.fromExpression(grown))
    layer.setFillColor(QColor(0, 0, 0, 0) if inside is None else inside)
    layer.setStrokeColor(edge)
    layer.setStrokeWidth(width)
    return layer


def _is(word: str) -> str:
    return f"\"{fields.FRESHNESS}\" = '{word}'"


def _when(layer: QgsSimpleMarkerSymbolLayer, condition: str) -> QgsSimpleMarkerSymbolLayer:
    """``layer`` where ``condition`` is true. Legends do not ask for it."""
    layer.setDataDefinedProperty(QgsSymbolLayer.Property.LayerEnabled, QgsProperty.fromExpression(condition))
    return layer


def _not_in_legend(layer: QgsSimpleMarkerSymbolLayer, condition: str) -> QgsSimpleMarkerSymbolLayer:
    """``layer`` of no size where ``condition`` cannot be told, for there is no feature."""
    known = layer.dataDefinedProperties().property(_SIZE)
    size = known.expressionString() if known.isActive() else f"{layer.size():.3f}"
    layer.setSize(0)
    layer.setDataDefinedProperty(_SIZE, QgsProperty.fromExpression(f"if({condition}, {size}, 0)"))
    return layer
