"""A picture of the board in the window: scrolled, chosen from with mouse and keyboard, told aloud."""

from __future__ import annotations

from qgis.PyQt.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import (
    QContextMenuEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from qgis.PyQt.QtWidgets import QAbstractScrollArea, QFrame, QToolTip, QWidget

from ..tool_tip import tool_tip
from .board_ink import ink_of
from .board_picture import Look, Picture, Spot, beside
from .board_timeline import Timeline

_ARROWS = {
    Qt.Key.Key_Left: QPointF(-1, 0),
    Qt.Key.Key_Right: QPointF(1, 0),
    Qt.Key.Key_Up: QPointF(0, -1),
    Qt.Key.Key_Down: QPointF(0, 1),
}
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_ZOOM = 1.25  # of a notch of the wheel
_NOTCH = 120.0


class PictureView(QAbstractScrollArea):
    """``chosen(key)``: by click, Space, or (``moved``) with the arrows; ``entered(key)``: by double click or Enter;
    ``asked(key, place)``: the context menu, at a place of the screen; ``key`` is "" beside everything.

    With ``whole`` it is as high as its picture, and never scrolls up and down.
    """

    chosen = pyqtSignal(str)
    moved = pyqtSignal(str)
    entered = pyqtSignal(str)
    asked = pyqtSignal(str, QPoint)

    def __init__(self, name: str, whole: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picture: Picture | None = None
        self._whole = whole
        self._current = ""
        self._hovered = ""
        self._lit: frozenset[str] = frozenset()
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        if whole:
            self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def sizeHint(self) -> QSize:
        return QSize(320, 240)

    # -- what it shows

    def show_picture(self, picture: Picture) -> None:
        """Another picture, at the same place of the scroll bars as far as it goes."""
        self.picture = picture
        self._hovered = ""
        self.arrange()

    def mark(self, current: str, lit: frozenset[str] = frozenset()) -> None:
        """What is chosen, and what is brought out among others; into view where it is not."""
        if (current, lit) == (self._current, self._lit):
            return
        fresh = current != self._current
        self._current, self._lit = current, lit
        spot = self.picture.spot(current) if self.picture and current else None
        self.setAccessibleDescription(spot.text if spot else "")
        if spot is not None and fresh:
            self._reveal(spot)
        self.viewport().update()

    @property
    def current(self) -> str:
        return self._current

    def arrange(self) -> None:
        """Find room for the picture anew."""
        picture = self.picture
        if picture is None:
            return
        view = self.viewport().size()
        picture.room = view.height()
        size = picture.arrange(view.width())
        if self._whole:
            self.setFixedHeight(round(size.height()))
            view.setHeight(round(size.height()))
        for bar, long, page in (
            (self.horizontalScrollBar(), size.width(), view.width()),
            (self.verticalScrollBar(), size.height(), view.height()),
        ):
            bar.setPageStep(page)
            bar.setSingleStep(round(picture.type.size * 2.5))
            bar.setRange(0, max(0, round(long) - page))
        self.viewport().update()

    def seen(self) -> QRectF:
        """The part of the picture that is in view."""
        at = QPointF(self.horizontalScrollBar().value(), self.verticalScrollBar().value())
        view = self.viewport().size()
        return QRectF(at.x(), at.y(), view.width(), view.height())

    def _reveal(self, spot: Spot) -> None:
        seen, picture = self.seen(), self.picture
        if picture is None:
            return
        rect, down = spot.rect, self.verticalScrollBar()
        if rect.top() < seen.top() + picture.head:
            down.setValue(round(rect.top() - picture.head - 6))
        elif rect.bottom() > seen.bottom():
            down.setValue(round(rect.bottom() - seen.height() + 6))
        along = self.horizontalScrollBar()
        # a row is wider than the view, and its name is always in it
        if rect.width() < seen.width():
            if rect.left() < seen.left():
                along.setValue(round(rect.left() - 6))
            elif rect.right() > seen.right():
                along.setValue(round(rect.right() - seen.width() + 6))

    # -- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        ink = ink_of(self.palette())
        painter = QPainter(self.viewport())
        painter.fillRect(self.viewport().rect(), ink.card)
        if self.picture is not None:
            seen = self.seen()
            painter.translate(-seen.topLeft())
            part = QRectF(event.rect()).translated(seen.topLeft())
            look = Look(self._current, self._hovered, self._lit, self.hasFocus(), part)
            self.picture.paint(painter, seen, ink, look)
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.arrange()

    def scrollContentsBy(self, _dx: int, _dy: int) -> None:
        # heads and sides stay where they are
        self.viewport().update()

    def focusInEvent(self, event: QEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    # -- mouse

    def _spot_at(self, place: QPoint) -> Spot | None:
        seen = self.seen()
        return self.picture.at(QPointF(place) + seen.topLeft(), seen) if self.picture else None

    def viewportEvent(self, event: QEvent) -> bool:
        """Tool tips, and the end of hovering."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            spot = self._spot_at(event.pos())
            if spot is not None:
                rect = spot.rect.translated(-self.seen().topLeft()).toRect()
                QToolTip.showText(event.globalPos(), tool_tip(spot.text), self.viewport(), rect)
            else:
                QToolTip.hideText()
            return True
        if event.type() == QEvent.Type.Leave:
            self._hover("")
        return bool(super().viewportEvent(event))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        spot = self._spot_at(event.pos())
        self._hover(spot.key if spot else "")

    def _hover(self, key: str) -> None:
        if key != self._hovered:
            before, self._hovered = self._hovered, key
            self._update(before, key)

    def _update(self, *keys: str) -> None:
        """Paint these parts anew, and no others."""
        for key in keys:
            spot = self.picture.spot(key) if self.picture and key else None
            if spot is not None:
                part = spot.rect.translated(-self.seen().topLeft()).toAlignedRect()
                self.viewport().update(part.adjusted(-2, -2, 2, 2))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            spot = self._spot_at(event.pos())
            self.chosen.emit(spot.key if spot else "")

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        spot = self._spot_at(event.pos())
        if event.button() == Qt.MouseButton.LeftButton and spot is not None:
            self.entered.emit(spot.key)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            spot = self._spot_at(event.pos())
            self.asked.emit(spot.key if spot else "", event.globalPos())
            return
        found = self.picture.spot(self._current) if self.picture else None
        place = (found.rect.center() - self.seen().topLeft()).toPoint() if found else self.viewport().rect().center()
        self.asked.emit(self._current if found else "", self.viewport().mapToGlobal(place))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """With Ctrl the timeline becomes longer or shorter around the mouse."""
        turned = event.angleDelta().y() or event.angleDelta().x()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier and isinstance(self.picture, Timeline):
            place = event.position().x() if hasattr(event, "position") else event.pos().x()
            self.zoom(_ZOOM ** (turned / _NOTCH), place)
            event.accept()
            return
        super().wheelEvent(event)

    def zoom(self, factor: float, place: float | None = None) -> None:
        """The timeline ``factor`` times as long; what is at ``place`` (x in the view; None: the middle) stays there."""
        picture = self.picture
        if not isinstance(picture, Timeline):
            return
        width = self.viewport().width()
        place = (picture.side + width) / 2 if place is None else max(place, picture.side)
        along = self.horizontalScrollBar()
        before = max(1.0, picture.size.width() - picture.side)
        share = (along.value() + place - picture.side) / before
        if picture.zoomed(factor):
            self.arrange()
            along.setValue(round(share * (picture.size.width() - picture.side) - place + picture.side))

    # -- keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        picture, key = self.picture, event.key()
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if picture is None or not picture.spots:
            super().keyPressEvent(event)
        elif control and key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus, Qt.Key.Key_0):
            factors = {Qt.Key.Key_Minus: 1 / _ZOOM, Qt.Key.Key_0: 0.0}
            self.zoom(factors.get(key, _ZOOM))
        elif key in _ARROWS:
            self._go(beside(picture.spots, self._current, _ARROWS[key]))
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self._go(picture.spots[0 if key == Qt.Key.Key_Home else -1])
        elif key == Qt.Key.Key_Space and self._current:
            self.chosen.emit(self._current)
        elif key in _ENTER and self._current:
            self.entered.emit(self._current)
        else:
            super().keyPressEvent(event)

    def _go(self, spot: Spot | None) -> None:
        if spot is not None:
            self.moved.emit(spot.key)
