"""How the list of pilots draws a stage's heading, and a pilot with its marks."""

from __future__ import annotations

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QLocale, QModelIndex, QRect, QRectF, QSize
from qgis.PyQt.QtGui import QFont, QIcon, QPainter
from qgis.PyQt.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from ...map.pilots.book import Record
from ..row_painting import draw, faint, text_colour
from . import page_rows as rows
from .page_days import month
from .page_marks import badge_width, paint_badge, paint_fading, paint_stage
from .page_model import Role
from .page_rows import Group
from .stage_look import colour_of

_PAD = 6
_EDGE = 4
_BAR = 3
_PATCH = 12
_MARK = 15


class PilotDelegate(QStyledItemDelegate):
    """A heading is one line, a pilot two."""

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
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        group, record = index.data(Role.GROUP), index.data(Role.RECORD)
        if isinstance(group, Group):
            _paint_group(painter, row, group)
        elif isinstance(record, Record):
            _paint_record(painter, row, record)
        painter.restore()


def _paint_group(painter: QPainter, row: QStyleOptionViewItem, group: Group) -> None:
    place = row.rect
    text = text_colour(row)
    patch = QRectF(place.left() + 2, place.center().y() - _PATCH / 2 + 0.5, _PATCH, _PATCH)
    paint_stage(painter, patch, group.stage, text)
    left, right = int(patch.right()) + _PAD + 2, place.right() - _PAD
    count = QLocale().toString(len(group.rows))
    font = QFont(row.font)
    font.setBold(True)
    end = draw(painter, QRect(left, place.top(), right - left - 40, place.height()), group.title, font, text)
    draw(painter, QRect(end + _PAD + 2, place.top(), 40, place.height()), count, row.font, faint(text))


def _paint_record(painter: QPainter, row: QStyleOptionViewItem, record: Record) -> None:
    place, line, text = row.rect, row.fontMetrics.height(), text_colour(row)
    painter.fillRect(QRectF(place.left(), place.top() + 2, _BAR, place.height() - 4), colour_of(record.pilot.stage))
    left, right = place.left() + _BAR + _PAD + 1, place.right() - _PAD
    top = place.top() + _EDGE
    shown = rows.badge(record)
    if shown is not None:
        wide = badge_width(painter, shown.count, _MARK)
        paint_badge(painter, QRect(right - wide, top + (line - _MARK) // 2, wide, _MARK), shown.severity, shown.count)
        right -= wide + _PAD
    if record.fading:
        paint_fading(painter, QRectF(right - _MARK, top + (line - _MARK) / 2 + 1, _MARK, _MARK - 2))
        right -= _MARK + _PAD
    font = QFont(row.font)
    font.setWeight(QFont.Weight.DemiBold)
    font.setItalic(not record.pilot.name)
    draw(painter, QRect(left, top, right - left, line), rows.title(record), font, text)
    right, top = place.right() - _PAD, top + line + 1
    when = rows.dates(record.pilot.start, record.pilot.end, month)
    if when:
        wide = min(row.fontMetrics.horizontalAdvance(when) + 1, (right - left) * 6 // 10)
        draw(painter, QRect(right - wide + 1, top, wide, line), when, row.font, faint(text))
        right -= wide + 2 * _PAD
    draw(painter, QRect(left, top, right - left, line), rows.below(record), row.font, faint(text))
