"""How the cells of a conflict are drawn, with a mark at each value that can be chosen; and their editors."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import QEvent, QModelIndex, QObject, QPoint, QRect, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QFont, QIcon, QPainter, QPalette, QPen
from qgis.PyQt.QtWidgets import (
    QApplication,
    QPlainTextEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QWidget,
)

from ..text import tr
from . import conflict_cells as cells
from . import conflict_editor as editing
from .conflict_cells import ConflictCells
from .conflict_colours import COLOURS, OPEN, OWN, draw_mark, ink, tint
from .tool_tip import tool_tip

_PAD = 6
_MARK = 14
_FAINT = 150


class CellDelegate(QStyledItemDelegate):
    """Draws and edits the table of one conflict."""

    refused = pyqtSignal(str)  # why what was written is no value

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)

    # -- drawing -----------------------------------------------------------------------------------------------------

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        size = super().sizeHint(option, index)
        more = _PAD + (_MARK + _PAD if index.data(cells.PICKABLE) else 0)
        if index.column() == cells.RESULT:
            more += 2 * _PAD + option.fontMetrics.horizontalAdvance(str(index.data(cells.TAG) or ""))
        return QSize(size.width() + more, option.fontMetrics.height() + 12)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        row = QStyleOptionViewItem(option)
        self.initStyleOption(row, index)
        style = row.widget.style() if row.widget else QApplication.style()
        picture, row.text, row.icon = QIcon(row.icon), "", QIcon()
        # Where the keyboard is, a frame says: what was chosen must stay to be seen under it.
        row.state &= ~(QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_HasFocus)
        row.features &= ~QStyleOptionViewItem.ViewItemFeature.HasDecoration
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, row, painter, row.widget)
        painter.save()
        picked, is_open = str(index.data(cells.PICKED) or ""), bool(index.data(cells.OPEN))
        if picked:
            painter.fillRect(row.rect, tint(picked))
        elif is_open and index.column() == cells.RESULT:
            red = QColor(OPEN)
            red.setAlpha(30)
            painter.fillRect(row.rect, red)
        place = row.rect.adjusted(_PAD, 0, -_PAD, 0)
        if index.column() == cells.COLUMN:
            place = self._draw_icon(painter, place, picture)
        elif index.data(cells.PICKABLE):
            place = self._draw_mark(painter, row, place, picked)
        self._draw_text(painter, row, index, place, picked, is_open)
        view: Any = self.parent()
        if index == view.currentIndex() and view.hasFocus():
            colour = row.palette.color(QPalette.ColorRole.Highlight)
            painter.setPen(QPen(colour, 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(row.rect.adjusted(1, 1, -1, -1))
        painter.restore()

    def _draw_icon(self, painter: QPainter, place: QRect, picture: QIcon) -> QRect:
        at = QRect(place.left(), place.center().y() - _MARK // 2 + 1, _MARK, _MARK)
        if not picture.isNull():
            picture.paint(painter, at)
        return place.adjusted(_MARK + _PAD, 0, 0, 0)  # without one, too: titles stand below each other

    def _draw_mark(self, painter: QPainter, row: QStyleOptionViewItem, place: QRect, picked: str) -> QRect:
        at = QRect(place.left(), place.center().y() - _MARK // 2 + 1, _MARK, _MARK)
        draw_mark(painter, at, row.palette, bool(picked), COLOURS.get(picked))
        return place.adjusted(_MARK + _PAD, 0, 0, 0)

    def _draw_text(
        self, painter: QPainter, row: QStyleOptionViewItem, index: QModelIndex, place: QRect, picked: str, is_open: bool
    ) -> None:
        result = index.column() == cells.RESULT
        colour = row.palette.color(QPalette.ColorRole.Text)
        said = str(index.data(cells.TAG) or "") if result else ""
        if said:
            width = min(painter.fontMetrics().horizontalAdvance(said) + 2, place.width() // 2)
            side = ink(COLOURS.get(picked, OWN), row.palette) if picked else QColor(colour)
            if not picked:
                side.setAlpha(_FAINT)
            painter.setPen(side)
            right = QRect(place.right() - width, place.top(), width, place.height())
            self._text(painter, right, said, Qt.AlignmentFlag.AlignRight)
            place = place.adjusted(0, 0, -width - _PAD, 0)
        font = QFont(row.font)
        if result and is_open:
            font.setItalic(True)
            colour = ink(OPEN, row.palette)
        elif picked or (result and index.data(cells.VALUE) is not None) or (is_open and index.column() == 0):
            font.setBold(True)
        elif index.data(cells.FAINT):
            colour.setAlpha(_FAINT)
        painter.setFont(font)
        painter.setPen(colour)
        self._text(painter, place, str(index.data() or ""), Qt.AlignmentFlag.AlignLeft)

    def _text(self, painter: QPainter, place: QRect, text: str, side: Qt.AlignmentFlag) -> None:
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, place.width())
        painter.drawText(place, int(side | Qt.AlignmentFlag.AlignVCenter), shown)

    # -- editing -----------------------------------------------------------------------------------------------------

    def createEditor(self, parent: QWidget, _option: QStyleOptionViewItem, index: QModelIndex) -> QWidget:
        model = _model(index)
        cell = model.cell(index.row())
        editor = editing.make_editor(parent, model.known(index.row()), cell.kind, _start(index))
        editor.setAutoFillBackground(True)
        editor.setAccessibleName(tr("Result for {column}", column=cell.title))
        editor.setProperty("citytwin_column", cell.column)
        return editor

    def setEditorData(self, editor: QWidget, index: QModelIndex) -> None:
        if editor.property("citytwin_filled"):  # another decision came while this one is being written
            return
        editor.setProperty("citytwin_filled", True)
        editing.fill(editor, _start(index), _model(index).cell(index.row()).kind)

    def setModelData(self, editor: QWidget, model: Any, index: QModelIndex) -> None:
        try:
            value = self._read(editor, index)
        except editing.Refused as refused:
            self.refused.emit(str(refused))
            return
        if index.data(cells.OPEN) or value != index.data(cells.VALUE):
            model.setData(index, value)

    def _read(self, editor: QWidget, index: QModelIndex) -> Any:
        model = _model(index)
        return editing.read(editor, model.known(index.row()), model.cell(index.row()).kind)

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        if not isinstance(editor, QPlainTextEdit):
            editor.setGeometry(option.rect)
            return
        # A long text gets room: over the cells beside and below it.
        height = option.fontMetrics.lineSpacing() * editing.LINES + 8
        width = max(option.rect.width(), min(420, editor.parentWidget().width()))
        place = QRect(option.rect.right() - width + 1, option.rect.top(), width, height)
        over = max(0, place.bottom() - editor.parentWidget().height() + 1)
        editor.setGeometry(place.translated(0, -min(over, place.top())))

    def eventFilter(self, editor: QObject, event: QEvent) -> bool:
        """Enter does not close an editor whose value the twin would refuse: it says why."""
        if event.type() == QEvent.Type.KeyPress and isinstance(editor, QWidget):
            enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            plain = isinstance(editor, QPlainTextEdit) and not event.modifiers() & Qt.KeyboardModifier.ControlModifier
            if (enter and not plain) or event.key() == Qt.Key.Key_Tab:
                words = self._wrong(editor)
                if words:
                    QToolTip.showText(editor.mapToGlobal(QPoint(0, editor.height())), tool_tip(words), editor)
                    self.refused.emit(words)
                    return True
                if enter:
                    self.commitData.emit(editor)
                    self.closeEditor.emit(editor)
                    return True
        return bool(super().eventFilter(editor, event))

    def _wrong(self, editor: QWidget) -> str:
        view: Any = self.parent()
        row = view.model().row_of(str(editor.property("citytwin_column")))
        if row < 0:
            return ""
        try:
            self._read(editor, view.model().index(row, cells.RESULT))
        except editing.Refused as refused:
            return str(refused)
        return ""


def _model(index: QModelIndex) -> ConflictCells:
    model: Any = index.model()
    return model


def _start(index: QModelIndex) -> Any:
    """What an editor begins with: the result; mine while there is none."""
    return _model(index).cell(index.row()).mine if index.data(cells.OPEN) else index.data(cells.VALUE)
