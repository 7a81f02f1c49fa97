"""How the Sensors page draws an observed property (name, unit, how many are how fresh) and a datastream (its value)."""

from __future__ import annotations

from collections.abc import Callable

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QAbstractItemModel, QEvent, QModelIndex, QObject, QPointF, QRect, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QColor, QFont, QFontMetrics, QIcon, QPainter, QPalette, QPen
from qgis.PyQt.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from ..sensors import freshness
from . import sensors_words as words
from .catalogue_delegate import paint_tick, tick_event
from .icons import icon
from .sensors_model import Role
from .sensors_rows import Group, Row, beside, title

_PAD = 6
_EDGE = 4
_BAR = 4
_DOT = 10
_ICON = 16
_GAP = 12

# as the icons of changes: right on light and dark themes
COLOURS = {
    freshness.LIVE: QColor("#2e9e5b"),
    freshness.LATE: QColor("#e08a00"),
    freshness.SILENT: QColor("#7b8794"),
    freshness.NONE: QColor("#7b8794"),
}


class SensorDelegate(QStyledItemDelegate):
    """Two lines a row, all rows of one height. The tick box of an observed property reacts to clicks, and to the space
    bar everywhere in its row."""

    def __init__(self, now: Callable[[], float], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._now = now
        self._on_map = icon("live-layer")

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(200, 2 * option.fontMetrics.height() + 2 * _EDGE + _BAR + 4)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        row = QStyleOptionViewItem(option)
        self.initStyleOption(row, index)
        style = row.widget.style() if row.widget else QgsApplication.style()
        row.text, row.icon = "", QIcon()
        # The style draws the background only; the tick has its own place.
        row.features &= ~QStyleOptionViewItem.ViewItemFeature.HasCheckIndicator
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, row, painter, row.widget)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        group, stream = index.data(Role.GROUP), index.data(Role.ROW)
        if isinstance(group, Group):
            self._paint_group(painter, row, index, group)
        elif isinstance(stream, Row):
            self._paint_row(painter, row, stream)
        painter.restore()

    def _paint_group(self, painter: QPainter, row: QStyleOptionViewItem, index: QModelIndex, group: Group) -> None:
        tick = self.tick_rect(row)
        paint_tick(painter, row, index, tick)
        line = row.fontMetrics.height()
        left, right = tick.right() + _PAD + 2, row.rect.right() - _PAD
        top = row.rect.top() + _EDGE
        text = _Text(painter, row)
        below = QRect(left, top + line, right - left, line)
        text.pair(below, words.counts(group.by_freshness), words.when(group.latest, self._now()))
        _paint_bar(painter, QRectF(left, below.bottom() + 3, right - left, _BAR), group)
        if index.data(Role.ON_MAP):
            self._on_map.paint(painter, QRect(right - _ICON, top + (line - _ICON) // 2, _ICON, _ICON))
            right -= _ICON + _PAD
        text.name(QRect(left, top, right - left, line), group.name, words.units(group))

    def _paint_row(self, painter: QPainter, row: QStyleOptionViewItem, stream: Row) -> None:
        line = row.fontMetrics.height()
        left, right = row.rect.left() + _PAD, row.rect.right() - _PAD
        top = row.rect.center().y() - line
        word = stream.latest.freshness if stream.latest is not None else freshness.NONE
        _paint_dot(painter, QRectF(left, top + (line - _DOT) / 2, _DOT, _DOT), word)
        left += _DOT + _PAD
        fresh = word in (freshness.LIVE, freshness.LATE)
        text = _Text(painter, row)
        name = title(stream.stream)
        text.pair(
            QRect(left, top, right - left, line), name, words.value(stream.latest), strong=fresh, dim=False, half=True
        )
        age = words.age(stream.latest, self._now())
        text.pair(QRect(left, top + line, right - left, line), beside(stream.stream), age)

    def tick_rect(self, option: QStyleOptionViewItem) -> QRect:
        """Where the tick box is."""
        style = option.widget.style() if option.widget else QgsApplication.style()
        side = style.pixelMetric(QStyle.PixelMetric.PM_IndicatorWidth, option, option.widget)
        middle = option.rect.top() + _EDGE + option.fontMetrics.height() // 2
        return QRect(option.rect.left() + 2, middle - side // 2, side, side)

    def editorEvent(
        self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: QModelIndex
    ) -> bool:
        if index.data(Role.GROUP) is None:
            return False
        return tick_event(event, model, index, self.tick_rect(option).adjusted(-2, -_PAD, _PAD // 2, _PAD))


class _Text:
    """Texts of one row in the theme's colours."""

    def __init__(self, painter: QPainter, row: QStyleOptionViewItem) -> None:
        self._painter = painter
        self._plain = QFont(row.font)
        self._bold = QFont(row.font)
        self._bold.setWeight(QFont.Weight.DemiBold)
        self._chosen = bool(row.state & QStyle.StateFlag.State_Selected)
        active = bool(row.state & QStyle.StateFlag.State_Active)
        group = QPalette.ColorGroup.Active if active else QPalette.ColorGroup.Inactive
        role = QPalette.ColorRole.HighlightedText if self._chosen else QPalette.ColorRole.Text
        self._colour = row.palette.color(group, role)

    def name(self, place: QRect, name: str, unit: str) -> None:
        """A name in bold, and its unit right behind it."""
        end = self._draw(place, name, self._bold)
        if unit and place.right() - end > 30:
            self._draw(QRect(end + _PAD, place.top(), place.right() - end - _PAD, place.height()), unit, dim=True)

    def pair(
        self, place: QRect, left: str, right: str, *, strong: bool = False, dim: bool = True, half: bool = False
    ) -> None:
        """Two texts at the ends of a line. Where there is no room for both the right one counts: half of the line at
        most with ``half``, else all of it while something is left of the other."""
        font = self._bold if strong else self._plain
        wide = QFontMetrics(font).horizontalAdvance(right) + 1 if right else 0
        most = place.width() * (6 if half else 7) // 10
        wide = min(wide, most)
        used = wide + _GAP if wide else 0
        self._draw(QRect(place.left(), place.top(), place.width() - used, place.height()), left, dim=dim)
        if wide:
            spot = QRect(place.right() - wide + 1, place.top(), wide, place.height())
            self._draw(spot, right, font, dim=dim or not strong, right=True)

    def _draw(
        self, place: QRect, text: str, font: QFont | None = None, *, dim: bool = False, right: bool = False
    ) -> int:
        """Returns where it ends."""
        painter = self._painter
        painter.setFont(font or self._plain)
        colour = QColor(self._colour)
        colour.setAlpha((215 if self._chosen else 175) if dim else 255)
        painter.setPen(colour)
        metrics = painter.fontMetrics()
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0, place.width()))
        side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        painter.drawText(place, int(side | Qt.AlignmentFlag.AlignVCenter), shown)
        return int(place.left() + metrics.horizontalAdvance(shown))


def _paint_bar(painter: QPainter, place: QRectF, group: Group) -> None:
    """How the freshness is divided: solid for live and late, an outline for silent; what is there is always seen."""
    parts = [
        (word, n) for word in (freshness.LIVE, freshness.LATE, freshness.SILENT) if (n := group.by_freshness[word])
    ]
    total = sum(n for _, n in parts) + group.by_freshness[freshness.NONE]
    if not total:
        return
    ground = QColor(COLOURS[freshness.SILENT])
    ground.setAlpha(60)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(place, _BAR / 2, _BAR / 2)
    left = place.left()
    for word, n in parts:
        wide = max(3.0, place.width() * n / total)
        wide = min(wide, place.right() - left)
        colour = QColor(COLOURS[word])
        if word == freshness.SILENT:
            colour.setAlpha(150)
        painter.setBrush(colour)
        painter.drawRoundedRect(QRectF(left, place.top(), wide, place.height()), _BAR / 2, _BAR / 2)
        left += wide


def _paint_dot(painter: QPainter, place: QRectF, word: str) -> None:
    """Told by shape too: full, half, hollow, a dash."""
    colour = COLOURS[word]
    inner = place.adjusted(1, 1, -1, -1)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if word == freshness.NONE:
        painter.setPen(QPen(colour, 1.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        middle = place.center().y()
        painter.drawLine(QPointF(inner.left() + 1, middle), QPointF(inner.right() - 1, middle))
        return
    if word == freshness.LIVE:
        painter.setBrush(colour)
    painter.setPen(QPen(colour, 1.6))
    painter.drawEllipse(inner)
    if word == freshness.LATE:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawPie(inner, 90 * 16, 180 * 16)
