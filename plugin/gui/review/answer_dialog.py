"""The question before items are rejected: why, and who says so."""

from __future__ import annotations

from qgis.core import QgsSettings
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from ...text import tr, trn
from ..icons import icon

_BY = "citytwin/review-answered-by"
_LONGEST = 1000  # letters, as the column has


def answered_by() -> str:
    """Who decides here, as last written: a role or initials."""
    return str(QgsSettings().value(_BY, "", type=str))


class AnswerDialog(QDialog):
    """`answer` and `by` after ``accepted``. ``name``: of the item where it is one."""

    def __init__(self, count: int, name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("CityTwinRejectItem")
        self.setWindowTitle(trn("Reject Review Item", "Reject {n} Review Items", count))
        self.setWindowIcon(icon("review-reject"))
        said = tr("Why is “{name}” rejected?", name=name) if count == 1 else tr("Why are they rejected?")
        about = QLabel(said + " " + tr("Whoever noted it can read the reason."))
        about.setTextFormat(Qt.TextFormat.PlainText)
        about.setWordWrap(True)
        self._answer = QPlainTextEdit()
        self._answer.setTabChangesFocus(True)
        self._answer.setMinimumHeight(4 * self._answer.fontMetrics().lineSpacing())
        self._by = QLineEdit(answered_by())
        self._by.setMaxLength(120)
        self._by.setPlaceholderText(tr("A role or initials"))
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.addRow(tr("&Reason"), self._answer)
        form.addRow(tr("&Answered by"), self._by)
        self.buttons = QDialogButtonBox()
        self.go_button = self.buttons.addButton(tr("Reject"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.addButton(tr("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self._answer.textChanged.connect(self._typed)
        layout = QVBoxLayout(self)
        layout.addWidget(about)
        layout.addLayout(form, 1)
        layout.addWidget(self.buttons)
        self.resize(440, 230)
        self._typed()

    @property
    def answer(self) -> str:
        return str(self._answer.toPlainText()).strip()

    @property
    def by(self) -> str:
        return str(self._by.text()).strip()

    def write(self, answer: str, by: str = "") -> None:
        """Fill it in."""
        self._answer.setPlainText(answer)
        self._by.setText(by)

    def accept(self) -> None:
        QgsSettings().setValue(_BY, self.by)
        super().accept()

    def _typed(self) -> None:
        self.go_button.setEnabled(0 < len(self.answer) <= _LONGEST)
