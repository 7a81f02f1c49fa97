"""The partners of a pilot: a list to add to, to rename and to take from. Semicolons make several of one line."""

from __future__ import annotations

from collections.abc import Callable

from qgis.PyQt.QtCore import QSignalBlocker, Qt
from qgis.PyQt.QtGui import QKeyEvent
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ...pilots import schema as cols
from ...pilots.record import partners_of
from ...text import tr
from ..icons import icon
from .dialog_presenter import DialogPresenter

_ROWS = 3  # seen at once
_EDITABLE = (
    Qt.ItemFlag.ItemIsEnabled
    | Qt.ItemFlag.ItemIsSelectable
    | Qt.ItemFlag.ItemIsEditable
    | Qt.ItemFlag.ItemNeverHasChildren
)


class PartnersField(QWidget):
    """Organisations, one a row, and a line to add more with."""

    def __init__(self, presenter: DialogPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presenter = presenter
        can_edit = presenter.can_edit(cols.PARTNERS)
        self.list = _Rows(self._remove)
        self.list.setObjectName("CityTwinPilot_partners")
        self.list.setUniformItemSizes(True)
        self.list.setFixedHeight(self.list.fontMetrics().lineSpacing() * _ROWS + 16)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        if not can_edit:
            self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setAccessibleName(cols.title(cols.PARTNERS))
        self.line = QLineEdit()
        self.line.setObjectName("CityTwinPilot_partner")
        self.line.setPlaceholderText(tr("Organisations, separated by semicolons; Enter adds them"))
        self.line.setAccessibleName(tr("Add partners"))
        self.add_button = _tool("symbologyAdd.svg", tr("Add"))
        self.remove_button = _tool("symbologyRemove.svg", tr("Remove"))
        for widget in (self.line, self.add_button, self.remove_button):
            widget.setVisible(can_edit)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.line, 1)
        row.addWidget(self.add_button)
        row.addWidget(self.remove_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.list)
        layout.addLayout(row)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setFocusProxy(self.line if can_edit else self.list)
        self.line.returnPressed.connect(self.add)
        self.line.textChanged.connect(lambda _text: self._buttons())
        # what is typed and not added yet is meant, too: nothing is lost by pressing OK
        self.line.editingFinished.connect(self.add)
        self.add_button.clicked.connect(lambda _checked=False: self.add())
        self.remove_button.clicked.connect(lambda _checked=False: self._remove())
        self.list.itemChanged.connect(lambda _item: self._edited())
        self.list.itemSelectionChanged.connect(self._buttons)
        presenter.changed.connect(self._changed)
        self._changed("")

    def add(self) -> None:
        """Those typed into the line, but for the ones that are there."""
        if not self.line.text().strip():
            return
        had = tuple(self._presenter.pilot.partners)
        typed = dict.fromkeys(partners_of(self.line.text()))
        known = {one.casefold() for one in had}
        self.line.clear()
        self._presenter.set(cols.PARTNERS, (*had, *(one for one in typed if one.casefold() not in known)))
        self._buttons()

    def _remove(self) -> None:
        rows = sorted({index.row() for index in self.list.selectedIndexes()})
        if not rows or not self._presenter.can_edit(cols.PARTNERS):
            return
        kept = [one for row, one in enumerate(self._presenter.pilot.partners) if row not in rows]
        self._presenter.set(cols.PARTNERS, tuple(kept))
        if kept:
            self.list.setCurrentRow(min(rows[0], len(kept) - 1))

    def _edited(self) -> None:
        texts = [self.list.item(row).text() for row in range(self.list.count())]
        self._presenter.set(cols.PARTNERS, tuple(one for text in texts for one in partners_of(text)))
        self._show()  # an emptied row goes, one with a semicolon becomes two

    def _changed(self, column: str) -> None:
        if column in ("", cols.PARTNERS):
            self._show()

    def _show(self) -> None:
        partners = list(self._presenter.pilot.partners)
        if [self.list.item(row).text() for row in range(self.list.count())] != partners:
            with QSignalBlocker(self.list):
                self.list.clear()
                for one in partners:
                    item = QListWidgetItem(one)
                    item.setFlags(_EDITABLE)
                    self.list.addItem(item)
        self._buttons()

    def _buttons(self) -> None:
        self.add_button.setEnabled(bool(self.line.text().strip()))
        self.remove_button.setEnabled(bool(self.list.selectedIndexes()))


class _Rows(QListWidget):
    """Delete takes the chosen rows away."""

    def __init__(self, remove: Callable[[], None]) -> None:
        super().__init__()
        self._remove = remove

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete and self.state() != QAbstractItemView.State.EditingState:
            self._remove()
            return
        super().keyPressEvent(event)


def _tool(name: str, words: str) -> QToolButton:
    button = QToolButton()
    button.setIcon(icon(name))
    button.setToolTip(words)
    button.setAccessibleName(words)
    button.setAutoRaise(True)
    return button
