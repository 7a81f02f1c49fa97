"""The dialog that picks data from the catalogue: what is at hand at once, the twins' catalogues as they arrive."""

from __future__ import annotations

from collections.abc import Iterable

from qgis.gui import QgsFilterLineEdit, QgsGui
from qgis.PyQt.QtCore import QModelIndex, Qt
from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QListView, QPushButton, QVBoxLayout, QWidget

from ...map.pilots.links import Choice, LinkSource
from ...map.tasks import TaskHandle
from ...map.twins import Origin
from ...pilots.parts import DataLink
from ...text import tr, trn
from ...twin.errors import CityTwinError
from ..icons import icon
from ..notice import Notice
from ..status_line import StatusLine
from .links_choices import ChoicesFilter, ChoicesModel


class LinksPicker(QDialog):
    """``linked``: the addresses that the pilot has already. After `accept`, `links` are the chosen ones."""

    def __init__(self, source: LinkSource, linked: Iterable[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("CityTwinLinksPicker")
        self.setWindowTitle(tr("Add from Catalogue"))
        self.setWindowIcon(icon("catalogue"))
        self._source = source
        self._reading: list[TaskHandle] = []
        self._failed: list[str] = []
        self.model = ChoicesModel(source.at_hand(), linked, self)
        self.model.ticked_changed.connect(self._show)
        self._build()
        self._read()
        QgsGui.enableAutoGeometryRestore(self)

    @property
    def links(self) -> list[DataLink]:
        """What was chosen."""
        return self.model.ticked()

    def done(self, result: int) -> None:
        """However it ends, nothing goes on reading."""
        self._stop()
        super().done(result)

    def _build(self) -> None:
        self.filter = QgsFilterLineEdit()
        self.filter.setPlaceholderText(tr("Filter collections and datastreams"))
        self.filter.setAccessibleName(tr("Filter collections and datastreams"))
        self.filter.setShowSearchIcon(True)
        self._proxy = ChoicesFilter(self)
        self._proxy.setSourceModel(self.model)
        self.view = QListView()
        self.view.setModel(self._proxy)
        self.view.setUniformItemSizes(True)
        self.view.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.view.setAccessibleName(tr("Collections and datastreams"))
        self.view.doubleClicked.connect(self._double_clicked)
        self.notice = Notice()
        self.status = StatusLine()
        self.stop_button = QPushButton(tr("Stop"))
        self.stop_button.setAutoDefault(False)
        self.stop_button.clicked.connect(lambda _checked=False: self._stop())
        self.again_button = QPushButton(icon("mActionRefresh.svg"), tr("Try Again"))
        self.again_button.setAutoDefault(False)
        self.again_button.clicked.connect(lambda _checked=False: self._read())
        row = QHBoxLayout()
        row.addWidget(self.status, 1)
        row.addWidget(self.stop_button)
        row.addWidget(self.again_button)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setText(tr("Add"))
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.filter)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.notice)
        layout.addLayout(row)
        layout.addWidget(self.buttons)
        self.filter.textChanged.connect(self._proxy.set_filter)
        self.resize(560, 480)

    # -- reading

    def _read(self) -> None:
        self._failed.clear()
        self._reading = [self._one(origin) for origin in self._source.twins()]
        self._show()

    def _one(self, origin: Origin) -> TaskHandle:
        def done(found: tuple[Choice, ...]) -> None:
            self.model.add(found)
            self._show()

        def failed(error: CityTwinError) -> None:
            self._failed.append(str(error))
            self._show()

        return self._source.read(origin, done=done, failed=failed, cancelled=self._show, parent=self)

    def _stop(self) -> None:
        for handle in self._reading:
            handle.cancel()

    @property
    def busy(self) -> bool:
        """Whether a catalogue is still being read."""
        return any(handle.running for handle in self._reading)

    def _show(self) -> None:
        busy = self.busy
        self.stop_button.setVisible(busy)
        self.again_button.setVisible(bool(self._failed) and not busy)
        if busy:
            self.status.say(tr("Reading the catalogue; what is at hand can be chosen already."), "busy")
        else:
            count = self.model.rowCount()
            self.status.say(
                trn("{n} collection or datastream", "{n} collections and datastreams", count)
                if count
                else tr("There is nothing to choose. Addresses can be typed by hand.")
            )
        self.notice.say("\n".join(dict.fromkeys(self._failed)), "limit")
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(bool(self.links))

    def _double_clicked(self, index: QModelIndex) -> None:
        """Choose this one alone, and be done."""
        if index.flags() & Qt.ItemFlag.ItemIsUserCheckable:
            self._proxy.setData(index, Qt.CheckState.Checked, Qt.ItemDataRole.CheckStateRole)
            self.accept()
