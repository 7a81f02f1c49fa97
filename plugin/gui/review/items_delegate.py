"""How the triage list draws a heading, and an item on two lines."""

from __future__ import annotations

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QLocale, QModelIndex, QRect, QRectF, QSize
from qgis.PyQt.QtGui import QFont, QIcon, QPainter
from qgis.PyQt.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from ...map.review.book_reading import Note
from ...review import vocabulary as words
from ..moments import moment
from ..row_painting import draw, faint, text_colour
from . import items_rows as rows
from .items_model import Role
from .items_rows import Group
from .marks import paint_camera, paint_kind

_PAD, _EDGE = 6, 4
_MARK = 16


class ItemDelegate(QStyledItemDelegate):
    """A heading is one line with air above it, an item two: all are as high."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(200, 2 * option.fontMetrics.height() + 2 * _EDGE + 1)

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
    place, text = row.rect, text_colour(row)
    font = QFont(row.font)
    font.setBold(True)
    left, right = place.left() + 2, place.right() - _PAD
    end = draw(painter, QRect(left, place.top(), right - left - 40, place.height()), group.title, font, text)
    count = QLocale().toString(len(group.rows))
    draw(painter, QRect(end + _PAD + 2, place.top(), 60, place.height()), count, row.font, faint(text))


def _paint_note(painter: QPainter, row: QStyleOptionViewItem, note: Note) -> None:
    place, line, text = row.rect, row.fontMetrics.height(), text_colour(row)
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
        draw(painter, QRect(right - wide, top, wide + 1, line), said, row.font, faint(text))
        right -= wide + (3 if said else 0)
        paint_camera(painter, QRectF(right - 15, top + (line - 14) / 2, 15, 14), faint(text))
        right -= 15 + _PAD
    font = QFont(row.font)
    font.setWeight(QFont.Weight.Normal if over else QFont.Weight.DemiBold)
    draw(painter, QRect(left, top, right - left, line), rows.title(note), font, faint(text) if over else text)
    right, top = place.right() - _PAD, top + line + 1
    draw(painter, QRect(left, top, right - left, line), rows.below(note, moment), row.font, faint(text))
