"""Sensors standing up in the 3D view: columns in the colour of their class, the higher the more or the worse.

QGIS's 3D view draws a layer's features once and hears of no change that a provider makes by itself: `Risen` has it draw
anew, seldom enough that the view stays calm, and never before it is done with what it draws.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qgis.core import Qgis, QgsCategorizedSymbolRenderer, QgsVectorLayer
from qgis.PyQt.QtCore import QObject, QTimer
from qgis.PyQt.QtGui import QColor

from ...sensors import freshness
from ..qgis_3d import _3d
from . import fields, style_colours
from .style_classes import Scale

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

    from .layers import LiveLayers

_RADIUS = 16.0  # m
_LOWEST, _HIGHEST = 40.0, 300.0  # m
_GREY_HEIGHT = 15.0
EVERY = 10_000  # ms between two drawings


def apply(layer: QgsVectorLayer, scale: Scale) -> None:
    """Give ``layer`` its 3D renderer; nothing where QGIS was built without 3D."""
    if _3d is None:
        return
    root = _3d.QgsRuleBased3DRenderer.Rule(None)
    stale = f"coalesce(\"{fields.FRESHNESS}\", '') NOT IN ('{freshness.LIVE}', '{freshness.LATE}')"
    root.appendChild(_rule(f"{stale} OR {scale.key} IN ('none', 'nothing')", style_colours.GREY, _GREY_HEIGHT))
    for key, colour, height in _columns(scale):
        root.appendChild(_rule(f"NOT ({stale}) AND {scale.key} = '{key}'", colour, height))
    renderer = _3d.QgsRuleBased3DRenderer(root)
    renderer.setLayer(layer)
    layer.setRenderer3D(renderer)


def _columns(scale: Scale) -> list[tuple[str, str, float]]:
    """``(key, colour, height in metres)`` of each class."""
    count = len(scale.colours)
    step = (_HIGHEST - _LOWEST) / max(1, count - 1)
    heights = [_LOWEST + step * index for index in range(count)]
    if scale.lower_is_worse:
        heights.reverse()
    found = [(f"c{index}", colour, heights[index]) for index, colour in enumerate(scale.colours)]
    if scale.clamped and found:
        found.append(("more", scale.colours[-1], _HIGHEST))
    if scale.boolean:
        found += [("yes", style_colours.YES, _HIGHEST / 2), ("no", style_colours.NO, _LOWEST)]
    return [*found, ("other", style_colours.PLAIN, _LOWEST)]


def _rule(expression: str, colour: str, height: float) -> Any:
    symbol = _3d.QgsPoint3DSymbol()
    material = _3d.QgsPhongMaterialSettings()
    # QGIS's light comes from above: what stands upright is lit by the ambient part
    material.setDiffuse(QColor(colour).darker(160))
    material.setAmbient(QColor(colour).darker(115))
    material.setSpecular(QColor("#000000"))
    material.setShininess(0)
    symbol.setMaterialSettings(material)
    symbol.setShape(Qgis.Point3DShape.Cylinder)
    # its middle is on the ground, the lower half of it below
    symbol.setShapeProperties({"radius": _RADIUS, "length": 2 * height})
    symbol.setAltitudeClamping(Qgis.AltitudeClamping.Terrain)
    return _3d.QgsRuleBased3DRenderer.Rule(symbol, expression)


def is_raised(layer: QgsVectorLayer) -> bool:
    """Whether a 3D view shows ``layer``."""
    return bool(layer.receivers(layer.request3DUpdate))


def is_drawing(iface: QgisInterface | None) -> bool:
    """Whether any 3D view has something to draw yet."""
    views = iface.mapCanvases3D() if iface is not None else []
    return any(view.scene() is not None and view.scene().totalPendingJobsCount() > 0 for view in views)


class Risen(QObject):
    """Draws the columns of live layers anew, in 3D views that show them and where a class or a freshness changed.

    The columns are gone for a moment each time (a quarter of a second with software OpenGL), so it is done rarely.
    """

    def __init__(
        self, live_layers: LiveLayers, iface: QgisInterface | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._live_layers = live_layers
        self._iface = iface
        self._drawn: dict[str, str] = {}
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def stop(self) -> None:
        """Draw no more."""
        self._timer.stop()
        self._drawn.clear()

    def look(self) -> None:
        """Draw what changed; the next time where a view still draws."""
        shown = [layer for layer in self._live_layers.all() if is_raised(layer)]
        if shown and is_drawing(self._iface):
            return
        before, self._drawn = self._drawn, {}
        for layer in shown:
            id = layer.id()
            self._drawn[id] = _looks(layer)
            if self._drawn[id] != before.get(id, ""):
                layer.trigger3DUpdate()


def _looks(layer: QgsVectorLayer) -> str:
    """All that columns are drawn by, of all features, as one text; QGIS makes it in 30 ms for 10,000 of them."""
    renderer = layer.renderer()
    key = renderer.classAttribute() if isinstance(renderer, QgsCategorizedSymbolRenderer) else f'"{fields.CLASS}"'
    found, _valid = layer.aggregate(Qgis.Aggregate.StringConcatenate, f'concat({key}, left("{fields.FRESHNESS}", 2))')
    return str(found)
