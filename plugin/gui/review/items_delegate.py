"""How the triage list draws a heading, and an item on two lines."""

from __future__ import annotations

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QLocale, QModelIndex, QRect, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QColor, QFont, QIcon, QPainter, QPalette
from qgis.PyQt.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from ...map.review.book_reading import Note
from ...review import vocabulary as words
from ..moments import moment
from . import items_rows as rows
from .items_model import Role
from .items_rows import Group
from .marks import paint_camera, paint_kind

_PAD, _EDGE = 6, 4
_MARK = 16


class ItemDelegate(QStyledItemDelegate):
    """A heading is one line, an item two."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        line = option.fontMetrics.height()
        return QSize(200, line + 2 * _EDGE if isinstance(index.data(Role.GROUP), Group) else 2 * line + 2 * _EDGE + 1)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        row = QStyleOptionViewItem(option)
        self.initStyleOption(row, index)
        style = row.widget.style() if row.widget else QgsApplication.style()
        row.text, row.icon = "", QIcon()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, row, painter, row.widget)
        painter.save()
        group, note = index.data(Role.GROUP), index.data(Role.NOTE)
        if isinstance(group, Group):
            _paint_group(painter, row, group)
        elif isinstance(note, Note):
            _paint_note(painter, row, note)
        painter.restore()


def _paint_group(painter: QPainter, row: QStyleOptionViewItem, group: Group) -> None:
    place, text = row.rect, _text_colour(row)
    font = QFont(row.font)
    font.setBold(True)
    left, right = place.left() + 2, place.right() - _PAD
    end = _draw(painter, QRect(left, place.top(), right - left - 40, place.height()), group.title, font, text)
    count = QLocale().toString(len(group.rows))
    _draw(painter, QRect(end + _PAD + 2, place.top(), 60, place.height()), count, row.font, _faint(text))


def _paint_note(painter: QPainter, row: QStyleOptionViewItem, note: Note) -> None:
    place, line, text = row.rect, row.fontMetrics.height(), _text_colour(row)
    over = note.item.status in (words.REJECTED, words.DONE)
    left, right, top = place.left() + _PAD + _MARK + _PAD, place.right() - _PAD, place.top() + _EDGE
    painter.setOpacity(0.55 if over else 1.0)
    paint_kind(painter, QRectF(place.left() + _PAD - 2, top + (2 * line - _MARK) / 2, _MARK, _MARK), note.item.kind)
    painter.setOpacity(1.0)
    photos = len(note.item.photos)
    if photos:
        painter.setFont(row.font)
        said = QLocale().toString(photos) if photos > 1 else ""
        wide = row.fontMetrics.horizontalAdvance(said)
        _draw(painter, QRect(right - wide, top, wide + 1, line), said, row.font, _faint(text))
        right -= wide + (3 if said else 0)
        paint_camera(painter, QRectF(right - 15, top + (line - 14) / 2, 15, 14), _faint(text))
        right -= 15 + _PAD
    font = QFont(row.font)
    font.setWeight(QFont.Weight.Normal if over else QFont.Weight.DemiBold)
    _draw(painter, QRect(left, top, right - left, line), rows.title(note), font, _faint(text) if over else text)
    right, top = place.right() - _PAD, top + line + 1
    _draw(painter, QRect(left, top, right - left, line), rows.below(note, moment), row.font, _faint(text))


def _draw(painter: QPainter, place: QRect, text: str, font: QFont, colour: QColor) -> int:
    """Cut where there is no room; returns where it ends."""
    painter.setFont(font)
    painter.setPen(colour)
    metrics = painter.fontMetrics()
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0, place.width()))
    painter.drawText(place, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), shown)
    return int(place.left() + metrics.horizontalAdvance(shown))


def _text_colour(row: QStyleOptionViewItem) -> QColor:
    chosen = bool(row.state & QStyle.StateFlag.State_Selected)
    active = bool(row.state & QStyle.StateFlag.State_Active)
    group = QPalette.ColorGroup.Active if active else QPalette.ColorGroup.Inactive
    return row.palette.color(group, QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text)


def _faint(colour: QColor) -> QColor:
    faint = QColor(colour)
    faint.setAlpha(180)
    return faint
