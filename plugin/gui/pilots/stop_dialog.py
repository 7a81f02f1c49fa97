"""The question before a pilot is stopped (with its reason), and the one before it is deleted."""

from __future__ import annotations

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from ...pilots import schema as cols
from ...pilots.record import Pilot
from ...text import tr
from ..icons import icon
from .form_limits import limit_of


class StopDialog(QDialog):
    """Asks why, and who decided. `reason` and `role` after ``accepted``."""

    def __init__(self, pilot: Pilot, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("CityTwinStopPilot")
        self.setWindowTitle(tr("Stop Pilot"))
        self.setWindowIcon(icon("pilot-stop"))
        about = QLabel(
            tr(
                "Why does “{name}” stop? The reason is kept, so that others learn from it. Its area is free for other "
                "pilots then; it can be taken up again later.",
                name=pilot.label,
            )
        )
        about.setTextFormat(Qt.TextFormat.PlainText)
        about.setWordWrap(True)
        self._reason = QPlainTextEdit()
        self._reason.setObjectName("CityTwinStopReason")
        self._reason.setTabChangesFocus(True)
        self._reason.setMinimumHeight(4 * self._reason.fontMetrics().lineSpacing())
        self._role = QLineEdit()
        self._role.setMaxLength(limit_of(cols.CONTACT))
        self._role.setPlaceholderText(tr("A role, never a person"))
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.addRow(tr("&Reason"), self._reason)
        form.addRow(tr("&Decided by"), self._role)
        self.buttons = QDialogButtonBox()
        self.go_button = self.buttons.addButton(tr("Stop Pilot"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.addButton(tr("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self._reason.textChanged.connect(self._typed)
        layout = QVBoxLayout(self)
        layout.addWidget(about)
        layout.addLayout(form, 1)
        layout.addWidget(self.buttons)
        self.resize(440, 250)
        self._typed()

    @property
    def reason(self) -> str:
        return str(self._reason.toPlainText()).strip()

    @property
    def role(self) -> str:
        return str(self._role.text()).strip()

    def write(self, reason: str, role: str = "") -> None:
        """Fill it in."""
        self._reason.setPlainText(reason)
        self._role.setText(role)

    def _typed(self) -> None:
        self.go_button.setEnabled(0 < len(self.reason) <= limit_of(cols.STOP_REASON))


def may_delete(parent: QWidget, pilot: Pilot, stop_instead: bool) -> str:
    """Ask whether ``pilot`` may be deleted: "delete", "stop" (only where ``stop_instead``) or "". The harmless answer
    is the default."""
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Warning)
    box.setWindowTitle(tr("Delete Pilot"))
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(tr("Delete “{name}”?", name=pilot.label))
    said = tr(
        "Its area, its history and all that was learnt go with it. Delete only what never should have been there: a "
        "pilot that ended is stopped, with its reason."
    )
    if pilot.twin_id is not None:
        said += " " + tr("The twin keeps it until you publish; until then it can be taken back on the Changes page.")
    box.setInformativeText(said)
    delete = box.addButton(tr("Delete"), QMessageBox.ButtonRole.DestructiveRole)
    stop = box.addButton(tr("Stop It Instead…"), QMessageBox.ButtonRole.ActionRole) if stop_instead else None
    cancel = box.addButton(tr("Cancel"), QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(cancel)
    box.setEscapeButton(cancel)
    box.exec()
    clicked = box.clickedButton()
    if clicked is delete:
        return "delete"
    return "stop" if stop is not None and clicked is stop else ""
