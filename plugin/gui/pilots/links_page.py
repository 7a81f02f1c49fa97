"""The page of data: what the pilot uses, and what it produces."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import QAbstractItemModel, QModelIndex, QSize, Qt
from qgis.PyQt.QtGui import QKeyEvent
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from ...map.pilots.links import LinkSource
from ...pilots import schema as cols
from ...text import tr
from ..dim import MiddleElided
from ..icons import icon
from .dialog_presenter import DialogPresenter
from .form_label import ColumnLabel
from .form_unreadable import UnreadableNotice
from .links_model import ADDRESS, KIND, KINDS, TITLE, LinksModel, kind_title
from .links_picker import LinksPicker


class KindDelegate(QStyledItemDelegate):
    """What a link leads to."""

    def createEditor(self, parent: QWidget, _option: QStyleOptionViewItem, index: QModelIndex) -> QWidget:
        box = QComboBox(parent)
        present = str(index.data(Qt.ItemDataRole.EditRole))
        for kind in (*KINDS, *(() if present in KINDS else (present,))):
            box.addItem(kind_title(kind), kind)
        box.activated.connect(lambda _at: (self.commitData.emit(box), self.closeEditor.emit(box)))
        return box

    def setEditorData(self, editor: Any, index: QModelIndex) -> None:
        editor.setCurrentIndex(editor.findData(index.data(Qt.ItemDataRole.EditRole)))

    def setModelData(self, editor: Any, model: QAbstractItemModel, index: QModelIndex) -> None:
        model.setData(index, editor.currentData(), Qt.ItemDataRole.EditRole)


class LinksTable(QTableView):
    """Edited in its cells; Delete removes the chosen rows."""

    def __init__(self, model: LinksModel, can_edit: bool) -> None:
        super().__init__()
        self._can_edit = can_edit
        self.setModel(model)
        self.setAlternatingRowColors(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().lineSpacing() + 10)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(TITLE, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(ADDRESS, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(KIND, QHeaderView.ResizeMode.Fixed)
        header.resizeSection(KIND, self.fontMetrics().horizontalAdvance(kind_title("datastream")) + 50)
        self.setItemDelegateForColumn(ADDRESS, MiddleElided(self))
        self.setItemDelegateForColumn(KIND, KindDelegate(self))

    def chosen(self) -> list[int]:
        """The rows that are selected."""
        return sorted({index.row() for index in self.selectedIndexes()})

    def sizeHint(self) -> QSize:
        """It takes what room there is, and scrolls."""
        return QSize(super().sizeHint().width(), self.fontMetrics().lineSpacing() * 6)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete and self._can_edit:
            self.model().remove(self.chosen())
            return
        super().keyPressEvent(event)


class LinksBox(QWidget):
    """One of the two lists, with its buttons."""

    def __init__(
        self, presenter: DialogPresenter, column: str, source: LinkSource, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self._column = column
        self._source = source
        can_edit = presenter.can_edit(column)
        self.model = LinksModel(presenter, column, self)
        self.table = LinksTable(self.model, can_edit)
        self.table.setObjectName(f"CityTwinPilot_{column}")
        label = ColumnLabel(presenter, column, self.table)
        font = label.font()
        font.setBold(True)
        label.setFont(font)
        self.pick_button = QPushButton(icon("catalogue"), tr("Add from Catalogue…"))
        self.add_button = QPushButton(icon("symbologyAdd.svg"), tr("Add by Hand"))
        self.remove_button = QPushButton(icon("symbologyRemove.svg"), tr("Remove"))
        row = QHBoxLayout()
        for button, act in (
            (self.pick_button, self.pick),
            (self.add_button, self.add),
            (self.remove_button, self.remove),
        ):
            button.setAutoDefault(False)
            button.setVisible(can_edit)
            button.clicked.connect(lambda _checked=False, act=act: act())
            row.addWidget(button)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(label)
        layout.addWidget(UnreadableNotice(presenter, column))
        layout.addWidget(self.table, 1)
        layout.addLayout(row)
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._buttons())
        for signal in (self.model.modelReset, self.model.rowsRemoved):
            signal.connect(lambda *_: self._buttons())
        self._buttons()

    def pick(self) -> None:
        """Choose from what the twins and the live layers have."""
        linked = [link.href for link in self._presenter.value(self._column)]
        picker = LinksPicker(self._source, linked, self)
        if picker.exec():
            self.model.add(picker.links)
        picker.deleteLater()

    def add(self) -> None:
        """A row to type in."""
        row = self.model.add_empty()
        index = self.model.index(row, TITLE)
        self.table.setCurrentIndex(index)
        self.table.edit(index)

    def remove(self) -> None:
        """The chosen rows."""
        self.model.remove(self.table.chosen())

    def _buttons(self) -> None:
        self.remove_button.setEnabled(bool(self.table.chosen()))


class LinksPage(QWidget):
    """Data used above, data produced below."""

    def __init__(self, presenter: DialogPresenter, source: LinkSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.used = LinksBox(presenter, cols.DATA_USED, source)
        self.produced = LinksBox(presenter, cols.DATA_PRODUCED, source)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 8, 2)
        layout.setSpacing(10)
        layout.addWidget(self.used, 1)
        layout.addWidget(self.produced, 1)

    def field(self, column: str) -> QWidget | None:
        """The list of a column; None where another page has it."""
        return {cols.DATA_USED: self.used.table, cols.DATA_PRODUCED: self.produced.table}.get(column)
