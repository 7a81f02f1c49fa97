"""The dialog for a connection: name, address, credentials, and Test Connection."""

from __future__ import annotations

from qgis.core import Qgis
from qgis.gui import QgsAuthConfigSelect, QgsGui, QgsMessageBar
from qgis.PyQt.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ..map import connections
from ..map.connections import Connection
from ..map.log import show
from ..map.pilots import mappings
from ..text import tr
from ..twin.errors import CityTwinError
from ..twin.report import Sentence
from .connection_check import ConnectionTest, fault
from .icons import icon
from .report_view import ReportView


class ConnectionDialog(QDialog):
    """Makes a connection, or edits ``former``. After `accept` it is saved and is `connection`."""

    def __init__(self, former: Connection | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("CityTwinConnectionDialog")
        self.setWindowTitle(tr("Edit City Twin Connection") if former else tr("New City Twin Connection"))
        self.setWindowIcon(icon("connect"))
        self.connection: Connection | None = None
        self._former = former
        self._test = ConnectionTest(self)
        self._build()
        if former is not None:
            self.name.setText(former.name)
            self.url.setText(former.url)
            self.auth.setConfigId(former.authcfg)
        self._test.started.connect(self._testing)
        self._test.reported.connect(self._reported)
        self._test.noted.connect(self.report.show_hint)
        self._test.cancelled.connect(lambda: self._idle(tr("The test was cancelled.")))
        self._idle(tr("Test Connection asks the twin what it can do, and says here what that means for you."))
        QgsGui.enableAutoGeometryRestore(self)

    def _build(self) -> None:
        self.bar = QgsMessageBar(self)
        self.name = QLineEdit()
        self.name.setPlaceholderText(tr("for example Rotterdam"))
        self.url = QLineEdit()
        self.url.setPlaceholderText(tr("https://… the landing page of an OGC API"))
        self.auth = QgsAuthConfigSelect()
        self.report = ReportView()
        self.report.setAccessibleName(tr("What the twin can do"))
        self.busy = QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.setTextVisible(False)
        self.busy.setMaximumHeight(8)
        policy = self.busy.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.busy.setSizePolicy(policy)
        self.test_button = QPushButton(icon("connect"), tr("&Test Connection"))
        self.test_button.setAutoDefault(False)
        self.test_button.clicked.connect(lambda _checked=False: self._toggle_test())
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        # Qt has not all of QGIS's languages
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)

        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        for text, field in ((tr("&Name"), self.name), (tr("&Address"), self.url), (tr("A&uthentication"), self.auth)):
            label = QLabel(text)
            label.setBuddy(field)
            form.addRow(label, field)
        row = QHBoxLayout()
        row.addWidget(self.test_button)
        row.addWidget(self.busy, 1)
        layout = QVBoxLayout(self)
        layout.addWidget(self.bar)
        layout.addLayout(form)
        layout.addLayout(row)
        layout.addWidget(self.report, 1)
        layout.addWidget(self.buttons)
        self.resize(560, 520)
        self.name.setFocus()

    def entered(self) -> Connection:
        """What the fields hold now, right or wrong."""
        return Connection(self.name.text().strip(), self.url.text().strip(), self.auth.configId())

    def accept(self) -> None:
        """Save it, or say what is wrong and stay."""
        entered, former = self.entered(), self._former.name if self._former else ""
        wrong = fault(entered, former)
        if not wrong:
            try:
                self.connection = connections.save(entered)
            except CityTwinError as error:
                wrong = error.message
        if wrong:
            self.bar.clearWidgets()
            show(self.bar, wrong, Qgis.MessageLevel.Warning, 0, "")
            return
        if former and former != entered.name:
            mappings.keep(entered.name, mappings.kept(former))
            connections.remove(former)
        self._test.cancel()
        super().accept()

    def reject(self) -> None:
        self._test.cancel()
        super().reject()

    def _toggle_test(self) -> None:
        if self._test.running:
            self._test.cancel()
        else:
            self._test.start(self.entered())

    def _testing(self) -> None:
        self.bar.clearWidgets()
        self.test_button.setText(tr("Cancel &Test"))
        self.busy.setVisible(True)
        self.report.show_hint(tr("Asking the twin what it can do…"))

    def _idle(self, hint: str = "") -> None:
        self.test_button.setText(tr("&Test Connection"))
        self.busy.setVisible(False)
        if hint:
            self.report.show_hint(hint)

    def _reported(self, title: str, sentences: list[Sentence]) -> None:
        self._idle()
        self.report.show_report(title, sentences)
