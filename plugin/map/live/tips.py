"""What map tips ask the plugin for: the age by the twin's clock, a chart of the last readings, thresholds by name.

These are functions of QGIS's expressions while the plugin runs. They give "" for layers that are not live, for
datastreams that are not known, and in threads other than the main one, where nothing may be asked of layers.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from qgis.core import QgsApplication, QgsExpression, QgsExpressionFunction, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QBuffer, QByteArray, QIODevice, QRectF, Qt, QThread
from qgis.PyQt.QtGui import QImage, QPainter

from ...sensors import words
from ...sensors.series import Series
from ...sensors.thresholds import Threshold
from ...sensors.trace import Trace
from ...text import number, tr
from .. import plot
from ..plot_colours import ink_of
from . import style_tip

if TYPE_CHECKING:
    from ...sensors.live import Live
    from .layers import LiveLayers

SCHEME = "citytwin-chart"
_SHARP = 2  # image pixels to a pixel, for screens that have more
_FEWEST = 2

_registered: list[QgsExpressionFunction] = []


def register(live_layers: LiveLayers) -> None:
    """Offer the functions, for the layers of ``live_layers``. Main thread."""
    unregister()
    for name, answer, help_text in (
        (style_tip.CHART, chart, tr("A picture of the last readings, as the address of an image")),
        (style_tip.AGE, age, tr("How long ago the last reading is from, in words")),
        (style_tip.EXCEEDED, exceeded, tr("The thresholds that the last reading is beyond")),
        (style_tip.LINK, link, tr("A link that opens the chart of a datastream")),
    ):
        function = _Function(name, help_text, live_layers, answer)
        if QgsExpression.registerFunction(function):
            _registered.append(function)


def unregister() -> None:
    """Take the functions back."""
    for function in _registered:
        QgsExpression.unregisterFunction(function.name())
    # not before: QGIS looks through all it has
    _registered.clear()


def chart(live: Live, _layer: str, datastream: str) -> str:
    """The last readings as a PNG in a data: address; "" where there are too few to see anything."""
    series, latest = live.recent(datastream), live.latest(datastream)
    if latest is None or int((series.values == series.values).sum()) < _FEWEST:
        return ""
    return f"data:image/png;base64,{base64.b64encode(picture(series, live.crossed(datastream))).decode('ascii')}"


def age(live: Live, _layer: str, datastream: str) -> str:
    """Words for how old the latest reading is."""
    latest = live.latest(datastream)
    return escape(words.age(latest, live.now())) if latest is not None else ""


def exceeded(live: Live, _layer: str, datastream: str) -> str:
    """The thresholds that are crossed, as HTML."""
    series = live.recent(datastream)
    return "<br>".join(escape(_threshold(each, series.unit)) for each in live.crossed(datastream))


def link(_live: Live, layer: str, datastream: str) -> str:
    """The address that `SCHEME` stands for: layer and datastream, percent-encoded."""
    return f"{SCHEME}:{quote(layer, safe='')}/{quote(datastream, safe='')}"


def picture(series: Series, thresholds: tuple[Threshold, ...] = ()) -> bytes:
    """A PNG of the readings in the colours of the window's theme."""
    image = QImage(style_tip.WIDTH * _SHARP, style_tip.HEIGHT * _SHARP, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(_SHARP)
    image.fill(Qt.GlobalColor.transparent)
    levels = [plot.Level(each.level, each.name, series.unit, threshold=True) for each in thresholds]
    curve = plot.Curve(Trace(series), series.name, series.unit)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(QgsApplication.font())
    small = plot.spark(
        curve, float(series.times[0]), float(series.times[-1]), levels, ink=ink_of(QgsApplication.palette())
    )
    plot.paint(painter, QRectF(0, 0, style_tip.WIDTH, style_tip.HEIGHT), small)
    painter.end()
    found = QByteArray()
    buffer = QBuffer(found)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(found)


def _threshold(threshold: Threshold, unit: str) -> str:
    level = f"{number(threshold.level, ',.6g')} {unit}".rstrip()
    if threshold.above:
        return tr("{threshold}: above {level}", threshold=threshold.name, level=level)
    return tr("{threshold}: below {level}", threshold=threshold.name, level=level)


class _Function(QgsExpressionFunction):
    """``name(layer id, datastream id)``."""

    def __init__(
        self, name: str, help_text: str, live_layers: LiveLayers, answer: Callable[[Live, str, str], str]
    ) -> None:
        super().__init__(name, 2, "City Twin", help_text)
        self._live_layers = live_layers
        self._answer = answer

    def func(self, values: Any, _context: Any, _parent: Any, _node: Any) -> str:
        layer_id, datastream = str(values[0] or ""), str(values[1] or "")
        if QThread.currentThread() != QgsApplication.instance().thread():
            return ""
        layer = QgsProject.instance().mapLayer(layer_id)
        feed = self._live_layers.feed_of(layer) if isinstance(layer, QgsVectorLayer) else None
        return self._answer(feed.live, layer_id, datastream) if feed is not None else ""
