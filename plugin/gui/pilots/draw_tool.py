"""The map tool that draws an outline: QGIS's own capturing, with its snapping, tracing and advanced digitizing.

Enter or a right click finishes, Backspace takes a corner back, Esc drops the outline. Corners come in the map's CRS,
and stay when another tool is used in between.
"""

from __future__ import annotations

from collections.abc import Sequence

from qgis.core import Qgis, QgsGeometry, QgsLineString, QgsMapLayer, QgsPointXY, QgsPolygon
from qgis.gui import QgsAdvancedDigitizingDockWidget, QgsMapCanvas, QgsMapMouseEvent, QgsMapTool, QgsMapToolCapture
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QKeyEvent

_LEAST = 3  # corners of an area


class OutlineTool(QgsMapToolCapture):
    """``sketched()``: there are more corners, or fewer. ``finished(QgsGeometry)``: a polygon. ``short()``: somebody
    wanted to finish with less than three corners, which stay. ``dropped()``: Esc without any corner."""

    sketched = pyqtSignal()
    finished = pyqtSignal(QgsGeometry)
    short = pyqtSignal()
    dropped = pyqtSignal()

    def __init__(self, canvas: QgsMapCanvas, digitizing: QgsAdvancedDigitizingDockWidget) -> None:
        super().__init__(canvas, digitizing, QgsMapToolCapture.CaptureMode.CapturePolygon)
        self._told = 0

    # -- what QGIS asks

    def layer(self) -> QgsMapLayer | None:
        """None: corners are the map's, whatever layer is current. (In a layer's CRS, QGIS 3.40 takes back too much.)"""
        return None

    def flags(self) -> QgsMapTool.Flags:
        """No edit tool: QGIS would take it away as soon as the current layer cannot be edited."""
        return QgsMapTool.Flag.AllowZoomRect

    def capabilities(self) -> QgsMapToolCapture.Capabilities:
        """No curves, and no marks of QGIS's own for what is invalid: the panel tells that."""
        return QgsMapToolCapture.Capability.NoCapabilities

    def supportsTechnique(self, technique: Qgis.CaptureTechnique) -> bool:
        return technique in (Qgis.CaptureTechnique.StraightSegments, Qgis.CaptureTechnique.Streaming)

    # -- the outline

    @property
    def corners(self) -> int:
        return int(self.size())

    def outline(self) -> QgsGeometry | None:
        """The polygon of the corners so far, in the map's CRS; None with less than three."""
        if self.corners < _LEAST:
            return None
        ring = QgsLineString(self.pointsZM())
        ring.dropZValue()
        ring.dropMValue()
        ring.close()
        return QgsGeometry(QgsPolygon(ring))

    def complete(self) -> None:
        """Finish the outline, if it has enough corners."""
        found = self.outline()
        if found is None:
            if self.corners:
                self.short.emit()
            return
        self.drop()
        self.finished.emit(found)

    def drop(self) -> None:
        """Forget the corners."""
        self.clean()
        self.cadDockWidget().clearPoints()
        self._tell()

    def begin_again(self, corners: Sequence[QgsPointXY]) -> None:
        """Forget the corners, and have these instead."""
        self.clean()
        for corner in corners:
            self.addVertex(corner)
            self.startCapturing()
        self._tell()

    # -- mouse and keys

    def cadCanvasMoveEvent(self, event: QgsMapMouseEvent) -> None:
        super().cadCanvasMoveEvent(event)
        self._tell()  # streaming adds corners without a click

    def cadCanvasReleaseEvent(self, event: QgsMapMouseEvent) -> None:
        if event.button() == Qt.MouseButton.RightButton:
            self.complete()  # QGIS's own would drop an outline that is too short, and would not tell of one that is not
            return
        super().cadCanvasReleaseEvent(event)
        self._tell()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A map tool says that it has used a key by ignoring it."""
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.complete()
            event.ignore()
            return
        if key in (Qt.Key.Key_Backspace, Qt.Key.Key_Delete) and self.corners == 1:
            self.drop()  # QGIS's own keeps the first
            event.ignore()
            return
        had = self.corners
        super().keyPressEvent(event)
        self._tell()
        if key == Qt.Key.Key_Escape:
            self.cadDockWidget().clearPoints()
            if not had:
                self.dropped.emit()

    def _tell(self) -> None:
        if self.corners != self._told:
            self._told = self.corners
            self.sketched.emit()
