"""Which twin: the list of connections, and the buttons to make, edit, remove and read one again."""

from __future__ import annotations

from collections.abc import Callable

from qgis.core import QgsSettings
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QHBoxLayout, QMessageBox, QSizePolicy, QToolButton, QWidget

from ..map import connections
from ..map.connections import Connection
from ..text import tr
from .connection_dialog import ConnectionDialog
from .icons import icon
from .tool_tip import tool_tip

_LAST = "citytwin/connection"


class ConnectionBar(QWidget):
    """``chosen`` tells the connection that is to be shown, None where there is none; again when it was edited."""

    chosen = pyqtSignal(object)
    refresh = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: Connection | None = None
        self.combo = QComboBox()
        self.combo.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.combo.setMinimumContentsLength(8)
        self.combo.setAccessibleName(tr("Twin"))
        self.combo.setToolTip(tr("The twin whose catalogue is shown"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.combo, 1)
        self.new_button = self._button(layout, "symbologyAdd.svg", tr("New Connection…"), self.new)
        self.edit_button = self._button(layout, "symbologyEdit.svg", tr("Edit Connection…"), self.edit)
        self.remove_button = self._button(layout, "symbologyRemove.svg", tr("Remove Connection…"), self.remove)
        self.refresh_button = self._button(
            layout, "mActionRefresh.svg", tr("Read the Catalogue Again"), self.refresh.emit
        )
        self.combo.activated.connect(lambda _index: self._activated())
        connections.signals.changed.connect(self._fill)

    def _button(self, layout: QHBoxLayout, name: str, text: str, act: Callable[[], object]) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(icon(name))
        button.setAutoRaise(True)
        button.setToolTip(text)
        button.setAccessibleName(text)
        button.clicked.connect(lambda _checked=False: act())
        layout.addWidget(button)
        return button

    @property
    def current(self) -> Connection | None:
        return self._shown

    def start(self) -> None:
        """Show the connection that was last in use, else the first."""
        self._fill()

    def select(self, name: str) -> None:
        """Choose the connection of that name, and remember it."""
        QgsSettings().setValue(_LAST, name)
        self._fill()

    def stop(self) -> None:
        """Listen to nobody any more."""
        connections.signals.changed.disconnect(self._fill)

    def new(self) -> None:
        dialog = ConnectionDialog(parent=self.window())
        if dialog.exec() and dialog.connection is not None:
            self.select(dialog.connection.name)
        dialog.deleteLater()

    def edit(self) -> None:
        if self._shown is None:
            return
        dialog = ConnectionDialog(self._shown, self.window())
        if dialog.exec() and dialog.connection is not None:
            self.select(dialog.connection.name)
        dialog.deleteLater()

    def remove(self) -> None:
        if self._shown is None:
            return
        answer = QMessageBox.question(
            self.window(),
            tr("Remove Connection"),
            tr(
                "Remove the connection “{name}”? Working copies that were checked out of it stay as they are.",
                name=self._shown.name,
            ),
        )
        if answer == QMessageBox.StandardButton.Yes:
            connections.remove(self._shown.name)

    def _activated(self) -> None:
        QgsSettings().setValue(_LAST, self.combo.currentText())
        self._fill()

    def _fill(self) -> None:
        """Bring the list up to date with the settings; tell when another connection is to be shown than before."""
        known = connections.all()
        last = QgsSettings().value(_LAST, "", type=str)
        now = next((one for one in known if one.name == last), known[0] if known else None)
        self.combo.clear()
        for one in known:
            self.combo.addItem(icon("connect"), one.name)
            self.combo.setItemData(self.combo.count() - 1, tool_tip(one.url), Qt.ItemDataRole.ToolTipRole)
        if now is not None:
            self.combo.setCurrentIndex(known.index(now))
        for widget in (self.combo, self.edit_button, self.remove_button, self.refresh_button):
            widget.setEnabled(now is not None)
        if now != self._shown:
            self._shown = now
            self.chosen.emit(now)
