"""When live layers are drawn again: as often as the map can bear, and not more.

A repaint asked for while the map is being drawn would break that off and begin anew, so that a map that takes long
would never be finished. So it is asked for when the map is at rest, and again only after the map has rested for longer
than it drew. Other layers come out of QGIS's cache meanwhile.

A 3D view has no such cache: with each repaint of any of its layers it draws the ground below all of them anew, tile by
tile, and would never be ready. So what is in a 3D view is repainted once the view has been ready for a while; but after
a minute in any case.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from qgis.core import QgsVectorLayer
from qgis.gui import QgsMapCanvas
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, QTimer

from . import three_d

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

_LOOK = 50  # ms
_SHARE = 0.4  # of the time may be spent drawing
_OFTENEST = 0.25  # seconds between two repaints
_RAISED = 10.0  # of rest for 3D views between two repaints of what they show
_LONGEST = 60.0  # until it is repainted though there was no rest


class Repaint(QObject):
    """One for all live layers. Main thread. ``iface`` None: there is no map."""

    def __init__(self, iface: QgisInterface | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._iface = iface
        self._layers: dict[QgsVectorLayer, None] = {}
        self._asked = 0.0  # when a repaint was asked for that is not done yet, by time.monotonic()
        self._next = 0.0
        self._done: dict[QgsVectorLayer, float] = {}  # when those in a 3D view were repainted
        self._drawing = 0.0  # when a 3D view was seen drawing
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK)
        self._timer.timeout.connect(self._look)

    def ask(self, layer: QgsVectorLayer) -> None:
        """``layer`` has changed."""
        self._layers[layer] = None
        if not self._timer.isActive():
            self._timer.start()

    def forget(self, layer: QgsVectorLayer) -> None:
        """It is going."""
        self._layers.pop(layer, None)
        self._done.pop(layer, None)

    def stop(self) -> None:
        """Ask for nothing any more."""
        self._timer.stop()
        self._layers.clear()
        self._done.clear()

    def _look(self) -> None:
        for known in (self._layers, self._done):
            for layer in [layer for layer in known if sip.isdeleted(layer)]:
                del known[layer]
        canvases = self._canvases()
        now = time.monotonic()
        if any(canvas.isDrawing() for canvas in canvases):
            return
        if self._asked:
            # drawn, or found to need no drawing: then it took one look
            self._next = max(self._next, now + (now - self._asked) * (1 / _SHARE - 1))
            self._asked = 0.0
        if now < self._next:
            return
        seen = [layer for layer in self._layers if any(_is_seen(layer, canvas) for canvas in canvases)]
        due = [layer for layer in seen if not three_d.is_raised(layer) or self._is_due_raised(layer, now)]
        if not due:
            if not self._layers:
                self._timer.stop()
            return
        self._asked, self._next = now, now + _OFTENEST
        for layer in due:
            del self._layers[layer]
            if three_d.is_raised(layer):
                self._done[layer] = now
            layer.triggerRepaint()

    def _is_due_raised(self, layer: QgsVectorLayer, now: float) -> bool:
        if three_d.is_drawing(self._iface):
            self._drawing = now
        done = self._done.get(layer, 0.0)
        return now - done >= _LONGEST or now - max(done, self._drawing) >= _RAISED

    def _canvases(self) -> list[QgsMapCanvas]:
        return list(self._iface.mapCanvases()) if self._iface is not None else []


def _is_seen(layer: QgsVectorLayer, canvas: QgsMapCanvas) -> bool:
    """A layer that is not shown is drawn when it is: until then it stays in the list."""
    if not (canvas.isVisible() and canvas.renderFlag()):
        return False
    return layer in canvas.layers() and layer.isInScaleRange(canvas.scale())
