"""The cells of the assessment: a choice of ratings, sentences of evidence, and a day."""

from __future__ import annotations

from datetime import date
from typing import Any

from qgis.PyQt.QtCore import QAbstractItemModel, QEvent, QModelIndex, QObject, QRect, QSize, Qt
from qgis.PyQt.QtGui import QKeyEvent, QPainter, QWheelEvent
from qgis.PyQt.QtWidgets import (
    QApplication,
    QComboBox,
    QPlainTextEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from ...pilots import vocabulary as words
from .assessment_look import rating_icon
from .assessment_model import CRITERION
from .form_dates import DayEdit

_LINES = 3  # of an open editor


class RatingBox(QComboBox):
    """The ratings with their signs; scrolling the table over it is no choice."""

    def __init__(self, present: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        for rating in (*words.RATINGS, *(() if present in words.RATINGS else (present,))):
            self.addItem(rating_icon(rating), words.rating_title(rating), rating)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scrolls the table."""
        event.ignore()


class RatingDelegate(QStyledItemDelegate):
    """A box that stands open in its cell: one sees that there is something to choose."""

    def createEditor(self, parent: QWidget, _option: QStyleOptionViewItem, index: QModelIndex) -> QWidget:
        box = RatingBox(str(index.data(Qt.ItemDataRole.EditRole)), parent)
        criterion = index.sibling(index.row(), CRITERION).data()
        box.setAccessibleName(f"{criterion}, {index.model().headerData(index.column(), Qt.Orientation.Horizontal)}")
        box.activated.connect(lambda _at: self.commitData.emit(box))
        return box

    def setEditorData(self, editor: QWidget, index: QModelIndex) -> None:
        rating = index.data(Qt.ItemDataRole.EditRole)
        if editor.findData(rating) < 0:
            editor.addItem(rating_icon(rating), words.rating_title(rating), rating)
        editor.setCurrentIndex(editor.findData(rating))

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: QModelIndex) -> None:
        model.setData(index, editor.currentData(), Qt.ItemDataRole.EditRole)

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, _index: QModelIndex) -> None:
        """Over the sign of the cell, which the box shows itself."""
        place = QRect(option.rect)
        place.setHeight(min(place.height(), editor.sizeHint().height()))
        place.moveCenter(option.rect.center())
        editor.setGeometry(place)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Nothing but the ground below an open box."""
        if index.flags() & Qt.ItemFlag.ItemIsEditable:
            ground = QStyleOptionViewItem(option)
            style = option.widget.style() if option.widget else QApplication.style()
            style.drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, ground, painter, option.widget)
            return
        super().paint(painter, option, index)

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        found = super().sizeHint(option, index)
        return QSize(found.width() + 28, max(found.height(), option.fontMetrics.height() + 12))


class SentencesDelegate(QStyledItemDelegate):
    """Text of several lines. Enter and Tab keep it, Shift with Enter begins a line, Escape leaves it as it was."""

    def createEditor(self, parent: QWidget, _option: QStyleOptionViewItem, _index: QModelIndex) -> QWidget:
        edit = QPlainTextEdit(parent)
        edit.setTabChangesFocus(True)
        return edit

    def setEditorData(self, editor: QWidget, index: QModelIndex) -> None:
        editor.setPlainText(str(index.data(Qt.ItemDataRole.EditRole)))
        editor.selectAll()

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: QModelIndex) -> None:
        model.setData(index, editor.toPlainText(), Qt.ItemDataRole.EditRole)

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, _index: QModelIndex) -> None:
        place = QRect(option.rect)
        least = editor.fontMetrics().lineSpacing() * _LINES + 12
        if place.height() < least:  # over the next rows rather than too low to write in
            place.setHeight(least)
            bottom = editor.parentWidget().height() if editor.parentWidget() else place.bottom()
            if place.bottom() > bottom:
                place.moveBottom(max(bottom, least))
        editor.setGeometry(place)

    def eventFilter(self, editor: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            if enter and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self.commitData.emit(editor)
                self.closeEditor.emit(editor)
                return True
        return bool(super().eventFilter(editor, event))


class DayDelegate(QStyledItemDelegate):
    """A day, or none."""

    def createEditor(self, parent: QWidget, _option: QStyleOptionViewItem, _index: QModelIndex) -> QWidget:
        return DayEdit(parent)

    def setEditorData(self, editor: QWidget, index: QModelIndex) -> None:
        day: Any = index.data(Qt.ItemDataRole.EditRole)
        editor.set_day(day if isinstance(day, date) else None)

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: QModelIndex) -> None:
        model.setData(index, editor.day(), Qt.ItemDataRole.EditRole)

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        found = super().sizeHint(option, index)
        return QSize(option.fontMetrics.horizontalAdvance("0000-00-00") + 14, found.height())

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, _index: QModelIndex) -> None:
        """With its buttons it is wider than the cell."""
        place = QRect(option.rect)
        place.setLeft(min(place.left(), place.right() - editor.sizeHint().width()))
        editor.setGeometry(place)
