"""What is asked before a pilot goes to another stage: what that needs, the reason, the day and the role."""

from __future__ import annotations

from qgis.PyQt.QtCore import QDate, Qt, pyqtSignal
from qgis.PyQt.QtGui import QKeyEvent
from qgis.PyQt.QtWidgets import (
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ...pilots import schema as cols
from ...pilots import vocabulary as words
from ...pilots.stages import Move, StageRefused
from ...text import tr
from ..notice import Notice
from .dialog_presenter import DialogPresenter
from .form_dates import DayEdit

_FAR = 120  # characters


class StagePanel(QFrame):
    """Hidden until `ask`. ``closed()``: it went again, with or without a move."""

    closed = pyqtSignal()

    def __init__(self, presenter: DialogPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._presenter = presenter
        self._move: Move | None = None
        self.title = QLabel()
        font = self.title.font()
        font.setBold(True)
        self.title.setFont(font)
        self.about = QLabel()
        for label in (self.title, self.about):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.reason = QPlainTextEdit()
        self.reason.setObjectName("CityTwinStageReason")
        self.reason.setTabChangesFocus(True)
        self.reason.setFixedHeight(self.reason.fontMetrics().lineSpacing() * 2 + 14)
        self.day = DayEdit(empty=False)
        self.day.setObjectName("CityTwinStageDay")
        self.role = QLineEdit()
        self.role.setObjectName("CityTwinStageRole")
        self.role.setMaxLength(_FAR)
        self.role.setPlaceholderText(tr("A role, never a person"))
        self.notice = Notice()
        self.go_button = QPushButton()
        self.go_button.setObjectName("CityTwinStageGo")
        self.cancel_button = QPushButton(tr("Cancel"))
        for button in (self.go_button, self.cancel_button):
            button.setAutoDefault(False)
        self._reason_label = QLabel()
        self._reason_label.setBuddy(self.reason)
        self._lay_out()
        self.go_button.clicked.connect(lambda _checked=False: self.go())
        self.cancel_button.clicked.connect(lambda _checked=False: self.close_panel())
        self.reason.textChanged.connect(lambda: self.notice.say(""))
        self.hide()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(self._reason_label, self.reason)
        by = QLabel(tr("Decided by"))
        by.setBuddy(self.role)
        self.role.setAccessibleName(tr("Decided by"))
        self.day.setAccessibleName(tr("Date"))
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.day)
        row.addWidget(by)
        row.addWidget(self.role, 1)
        row.addWidget(self.go_button)
        row.addWidget(self.cancel_button)
        on = QLabel(tr("Date"))
        on.setBuddy(self.day)
        form.addRow(on, row)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(5)
        layout.addWidget(self.title)
        layout.addWidget(self.about)
        layout.addLayout(form)
        layout.addWidget(self.notice)

    def ask(self, stage: str) -> None:
        """Show what the move to ``stage`` needs; nothing happens where there is no such move."""
        move = next((one for one in self._presenter.moves() if one.stage == stage), None)
        if move is None:
            return
        self._move = move
        old, new = words.stage_title(self._presenter.pilot.stage), words.stage_title(stage)
        self.title.setText(tr("From {old} to {new}", old=old, new=new))
        self.about.setText(_about(move))
        wanted = tr("Reason") + "\u2009*" if move.needs_reason else tr("Note")
        self._reason_label.setText(wanted)
        self.reason.setAccessibleName(tr("Reason") if move.needs_reason else tr("Note"))
        self.reason.setPlaceholderText(
            tr("Why? Others read this later.") if move.needs_reason else tr("What was decided, and where (optional)")
        )
        self.reason.clear()
        self.role.clear()
        earliest, today = self._presenter.earliest_day(), self._presenter.today
        self.day.setMinimumDate(QDate(earliest.year, earliest.month, earliest.day))
        self.day.setMaximumDate(QDate(today.year, today.month, today.day))
        self.day.set_day(today)
        if stage == words.STOPPED:
            self.go_button.setText(tr("Stop the Pilot"))
        else:
            self.go_button.setText(tr("Go to {stage}", stage=new))
        self.notice.say("")
        self.show()
        self.reason.setFocus()

    def unfinished(self) -> str:
        """What is to be said before the form is left: a reason that was written for a move that was not made."""
        if not self.isVisible() or not self.reason.toPlainText().strip():
            return ""
        return tr("You wrote a reason, but the stage is not changed yet. Press “{go}”, or Cancel beside it.",
                  go=self.go_button.text())  # fmt: skip

    def go(self) -> None:
        """Make the move; a refusal is said here."""
        if self._move is None:
            return
        try:
            self._presenter.move(
                self._move.stage, self.day.day() or self._presenter.today, self.reason.toPlainText(), self.role.text()
            )
        except StageRefused as error:
            self.notice.say(str(error), "bad")
            self.reason.setFocus()
            return
        self.close_panel()

    def close_panel(self) -> None:
        """Ask no more."""
        self._move = None
        self.hide()
        self.closed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape leaves the panel, not the form."""
        if event.key() == Qt.Key.Key_Escape:
            self.close_panel()
            return
        super().keyPressEvent(event)


def _about(move: Move) -> str:
    if move.stage == words.STOPPED:
        return tr("The pilot stays on the map, with what was learnt from it. It can be taken up again later.")
    if not move.missing:
        return tr("All that this stage asks for is filled in.")
    columns = ", ".join(cols.title(column) for column in move.missing)
    return tr(
        "This stage also needs: {columns}. You can fill that in before or after; until then it is listed below.",
        columns=columns,
    )
