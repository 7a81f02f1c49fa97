"""The chart in the window: drawn once a change, moved with the mouse and the keyboard."""

from __future__ import annotations

from collections.abc import Callable

from qgis.PyQt.QtCore import QEvent, QPointF, QRectF, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from qgis.PyQt.QtWidgets import QSizePolicy, QWidget

from ..map import plot
from ..map.plot import Plot
from ..map.plot_colours import Ink, ink_of
from ..map.plot_cursor import value_words
from ..map.plot_scales import PlotArea
from ..sensors import axis
from ..text import tr

_ZOOM = 1.25  # of a notch of the wheel
_STEP = 0.1  # of the view, with an arrow key
_NOTCH = 120.0
_LEAST = 4.0  # pixels that a box is wide


class ChartView(QWidget):
    """Draws what ``source(ink)`` gives; ``view()`` is from when to when that is, None while there is nothing to move.
    ``view_wanted(start, end)`` and ``reset_wanted()``: the user moved it; it only
    moves when its owner says so, by `redraw`.

    The wheel zooms at the mouse; dragging pans, with Shift it draws the box to zoom to; a double click goes back.
    Arrows, +, −, Home and Esc do the same; with Shift the arrows move the crosshair.
    """

    view_wanted = pyqtSignal(float, float)
    reset_wanted = pyqtSignal()

    def __init__(
        self,
        source: Callable[[Ink], Plot],
        view: Callable[[], tuple[float, float] | None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._source = source
        self._view = view
        self._picture: QPixmap | None = None
        self._plot: Plot | None = None
        self.area: PlotArea | None = None
        self.cursor_time: float | None = None
        self._by_keyboard = False
        self._mouse: float | None = None  # x of the crosshair, where the mouse has put it
        self._drag: tuple[float, float, float] | None = None  # x, and the view's start and end
        self._box: tuple[float, float] | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(200, 120)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(tr("Chart of the history of sensors"))

    def sizeHint(self) -> QSize:
        return QSize(640, 240)

    def redraw(self) -> None:
        """What is to be drawn is another."""
        self._picture = None
        self.update()

    # -- drawing -----------------------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        picture = self._drawn()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, picture)
        if self._box is not None and self.area is not None:
            self._paint_box(painter, self.area)
        elif self.cursor_time is not None and self._drag is None and self.area is not None and self._plot is not None:
            plot.paint_cursor(painter, self.area, self._plot, self.cursor_time)
        if self.hasFocus():
            pen = QPen(self.palette().color(QPalette.ColorRole.Highlight))
            painter.setPen(pen)
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.end()

    def _drawn(self) -> QPixmap:
        sharp = self.devicePixelRatioF()
        size = self.size() * sharp
        if self._picture is None or self._picture.size() != size:
            self._picture = QPixmap(size)
            self._picture.setDevicePixelRatio(sharp)
            ink = ink_of(self.palette())
            self._plot = self._source(ink)
            self._picture.fill(ink.ground)
            painter = QPainter(self._picture)
            painter.setFont(self.font())
            self.area = plot.paint(painter, QRectF(self.rect()), self._plot)
            painter.end()
            if self._mouse is not None and self.cursor_time is not None:
                # time went on below it
                self.cursor_time = self.area.time(self._mouse)
            self._describe()
        return self._picture

    def _paint_box(self, painter: QPainter, area: PlotArea) -> None:
        if self._box is None:
            return
        left, right = sorted(self._box)
        field = QRectF(left, area.rect.top(), right - left, area.rect.height()).intersected(area.rect)
        colour = QColor(self.palette().color(QPalette.ColorRole.Highlight))
        painter.setPen(QPen(colour, 1.0))
        colour.setAlpha(50)
        painter.setBrush(colour)
        painter.drawRect(field)

    def _describe(self) -> None:
        """The chart in words, for those who do not see it."""
        shown = self._plot
        if shown is None:
            return
        words = [shown.message] if shown.message else [axis.span(shown.start, shown.end, shown.zone)]
        words += [f"{curve.name}: {curve.last}" for curve in shown.curves if curve.last]
        if self._by_keyboard and self.cursor_time is not None and self.area is not None:
            words = [axis.moment(self.cursor_time, shown.zone)]
            said = plot.said_at(shown, self.area, self.cursor_time)
            words += [f"{one.name}: {value_words(one.value, one.unit)}" for one in said]
        self.setAccessibleDescription("\n".join(words))

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self.redraw()
        super().changeEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._picture = None
        super().resizeEvent(event)

    # -- moving ------------------------------------------------------------------------------------------------------

    def _zoom(self, factor: float, place: float = 0.5) -> None:
        """The view ``factor`` times as narrow; what is at ``place`` (0: left, 1: right) stays there."""
        view = self._view()
        if view is not None:
            start, end = view
            fixed = start + place * (end - start)
            self._go(fixed - (fixed - start) / factor, fixed + (end - fixed) / factor)

    def _pan(self, part: float) -> None:
        view = self._view()
        if view is not None:
            shift = part * (view[1] - view[0])
            self._go(view[0] + shift, view[1] + shift)

    def _go(self, start: float, end: float) -> None:
        self.view_wanted.emit(start, end)

    def wheelEvent(self, event: QWheelEvent) -> None:
        delta = event.angleDelta()
        if self.area is None or self._view() is None:
            event.ignore()
            return
        sideways = abs(delta.x()) > abs(delta.y())
        if sideways:
            self._pan(-delta.x() / _NOTCH * _STEP)
        elif delta.y():
            field = self.area.rect
            place = (event.position().x() - field.left()) / max(1.0, field.width())
            self._zoom(_ZOOM ** (delta.y() / _NOTCH), min(max(place, 0.0), 1.0))
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        view = self._view()
        if event.button() != Qt.MouseButton.LeftButton or view is None:
            super().mousePressEvent(event)
            return
        x = _place(event).x()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._box = (x, x)
            self.setCursor(Qt.CursorShape.CrossCursor)
        else:
            self._drag = (x, *view)
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        area = self.area
        if area is None:
            return
        at = _place(event)
        if self._box is not None:
            self._box = (self._box[0], at.x())
            self.update()
        elif self._drag is not None:
            x, start, end = self._drag
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            shift = (x - at.x()) / max(1.0, area.rect.width()) * (end - start)
            if shift:
                self._go(start + shift, end + shift)
        else:
            inside = area.rect.contains(at)
            self._mouse = at.x() if inside else None
            self._hover(area.time(at.x()) if inside else None)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        box, self._box, self._drag = self._box, None, None
        self.unsetCursor()
        if box is not None and self.area is not None and abs(box[1] - box[0]) >= _LEAST:
            field = self.area.rect
            start, end = (self.area.time(min(max(x, field.left()), field.right())) for x in sorted(box))
            if end > start:
                self._go(start, end)
        self.update()
        super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._drag = self._box = None
            self.reset_wanted.emit()
            event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        self._mouse = None
        if not self._by_keyboard:
            self._hover(None)
        super().leaveEvent(event)

    def _hover(self, time: float | None, *, by_keyboard: bool = False) -> None:
        if time != self.cursor_time:
            self.cursor_time, self._by_keyboard = time, by_keyboard and time is not None
            self.update()
            if by_keyboard:
                self._describe()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, shift = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        busy = self._box is not None or self._drag is not None or self.cursor_time is not None
        if key == Qt.Key.Key_Escape and busy:
            if self._drag is not None:
                self._go(self._drag[1], self._drag[2])
            self._box = self._drag = None
            self.unsetCursor()
            self._hover(None)
            self.update()
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            way = -1 if key == Qt.Key.Key_Left else 1
            if shift:
                self._step_cursor(way)
            else:
                self._pan(way * _STEP)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Up):
            self._zoom(_ZOOM)
        elif key in (Qt.Key.Key_Minus, Qt.Key.Key_Down):
            self._zoom(1 / _ZOOM)
        elif key == Qt.Key.Key_Home:
            self.reset_wanted.emit()
        else:
            super().keyPressEvent(event)
            return
        event.accept()

    def _step_cursor(self, way: int) -> None:
        """The crosshair to the next observation of the first series, or where none is near a little further."""
        area, shown = self.area, self._plot
        if area is None or shown is None or not shown.curves:
            return
        now = self.cursor_time if self.cursor_time is not None else (shown.start + shown.end) / 2
        step = way * 8 * (shown.end - shown.start) / max(1.0, area.rect.width())
        near = shown.curves[0].trace.near(now + step)
        target = now + step
        if near is not None and (near[0] - now) * way > 0 and abs(near[0] - now) < 4 * abs(step):
            target = near[0]
        self._mouse = None
        self._hover(min(max(target, shown.start), shown.end), by_keyboard=True)

    def focusInEvent(self, event: QEvent) -> None:
        self.update()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QEvent) -> None:
        self.update()
        super().focusOutEvent(event)


def _place(event: QMouseEvent) -> QPointF:
    """Where the mouse is, with Qt 5 and Qt 6."""
    place = event.position() if hasattr(event, "position") else event.localPos()
    return QPointF(place)
