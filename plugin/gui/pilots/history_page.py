"""The page of the history: dated changes of stage and signs of life, and a line to add one of these."""

from __future__ import annotations

from qgis.PyQt.QtCore import QDate, QSize, Qt, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QKeyEvent, QResizeEvent
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QStackedLayout,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from ...pilots import schema as cols
from ...pilots.stages import StageRefused
from ...text import tr
from ..dim import dimmed
from ..empty_state import EmptyState
from ..icons import icon
from ..notice import Notice
from .dialog_presenter import DialogPresenter
from .form_dates import DayEdit
from .form_unreadable import UnreadableNotice
from .history_model import BY, WHAT, WHEN, WHY, HistoryModel


class HistoryTable(QTableView):
    """Read-only, rows as high as their sentences."""

    def __init__(self, model: HistoryModel) -> None:
        super().__init__()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self.resizeRowsToContents)
        self.setModel(model)
        self.setWordWrap(True)
        self.setAlternatingRowColors(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column in (WHEN, WHAT, BY):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(WHY, QHeaderView.ResizeMode.Stretch)
        header.setMaximumSectionSize(320)
        model.modelReset.connect(lambda: self._soon.start(0))
        header.sectionResized.connect(lambda *_: self._soon.start(0))
        self._soon.start(0)

    def sizeHint(self) -> QSize:
        """It takes what room there is, and scrolls."""
        return QSize(super().sizeHint().width(), self.fontMetrics().lineSpacing() * 6)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._soon.start(0)


class NotePanel(QFrame):
    """A sign of life: a sentence, its day, and whose it is. ``opened(bool)``: it is asked for one, or no longer."""

    opened = pyqtSignal(bool)

    def __init__(self, presenter: DialogPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._presenter = presenter
        self.text = QPlainTextEdit()
        self.text.setObjectName("CityTwinNoteText")
        self.text.setTabChangesFocus(True)
        self.text.setPlaceholderText(tr("What happened, in a sentence"))
        self.text.setAccessibleName(tr("Sign of life"))
        self.text.setFixedHeight(self.text.fontMetrics().lineSpacing() * 2 + 14)
        self.day = DayEdit(empty=False)
        self.day.setAccessibleName(tr("Date"))
        self.role = QLineEdit()
        self.role.setObjectName("CityTwinNoteRole")
        self.role.setPlaceholderText(tr("A role, never a person"))
        self.role.setAccessibleName(tr("By"))
        self.notice = Notice()
        self.keep_button = QPushButton(tr("Add Note"))
        self.cancel_button = QPushButton(tr("Cancel"))
        by = QLabel(tr("By"))
        by.setBuddy(self.role)
        row = QHBoxLayout()
        row.setSpacing(10)
        for widget in (self.day, by, self.role, self.keep_button, self.cancel_button):
            row.addWidget(widget, 1 if widget is self.role else 0)
        for button in (self.keep_button, self.cancel_button):
            button.setAutoDefault(False)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(tr("Note"), self.text)
        form.addRow(tr("Date"), row)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.addLayout(form)
        layout.addWidget(self.notice)
        self.keep_button.clicked.connect(lambda _checked=False: self.keep())
        self.cancel_button.clicked.connect(lambda _checked=False: self.close_panel())
        self.text.textChanged.connect(lambda: self.notice.say(""))
        self.hide()

    def ask(self) -> None:
        """Open, ready to type."""
        earliest, today = self._presenter.earliest_day(), self._presenter.today
        self.day.setMinimumDate(QDate(earliest.year, earliest.month, earliest.day))
        self.day.setMaximumDate(QDate(today.year, today.month, today.day))
        self.day.set_day(today)
        self.text.clear()
        self.role.clear()
        self.notice.say("")
        self.show()
        self.opened.emit(True)
        self.text.setFocus()

    def unfinished(self) -> str:
        """What is to be said before the form is left: a note that was written and not added."""
        if self.isHidden() or not self.text.toPlainText().strip():
            return ""
        return tr("You wrote a note that is not in the history yet. Add it, or press Cancel beside it.")

    def keep(self) -> None:
        """Add it; a refusal is said here."""
        try:
            self._presenter.note(self.text.toPlainText(), self.day.day() or self._presenter.today, self.role.text())
        except StageRefused as error:
            self.notice.say(str(error), "bad")
            self.text.setFocus()
            return
        self.close_panel()

    def close_panel(self) -> None:
        """Ask no more."""
        self.hide()
        self.opened.emit(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape leaves the panel, not the form."""
        if event.key() == Qt.Key.Key_Escape:
            self.close_panel()
            return
        super().keyPressEvent(event)


class HistoryPage(QWidget):
    """Nothing of the past is changed here; what was added in this form can be taken back in its header."""

    def __init__(self, presenter: DialogPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self.model = HistoryModel(presenter, self)
        self.table = HistoryTable(self.model)
        self.table.setObjectName("CityTwinPilot_stage_history")
        self.table.setAccessibleName(cols.title(cols.HISTORY))
        self.empty = EmptyState(
            icon("history"),
            tr("Nothing Is Kept Yet"),
            tr("Changes of stage are kept here by themselves. Add a sign of life to say how the pilot goes."),
        )
        self.note = NotePanel(presenter)
        self.note_button = QPushButton(icon("symbologyAdd.svg"), tr("Add a Sign of Life…"))
        self.note_button.setAutoDefault(False)
        self.note_button.setVisible(presenter.can_edit(cols.HISTORY))
        about = QLabel(tr("The history only grows: what is past cannot be edited. The newest is at the top."))
        about.setTextFormat(Qt.TextFormat.PlainText)
        about.setWordWrap(True)
        shown = QWidget()
        self._stack = QStackedLayout(shown)
        self._stack.addWidget(self.table)
        self._stack.addWidget(self.empty)
        row = QHBoxLayout()
        row.addWidget(self.note_button)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 8, 2)
        layout.addWidget(dimmed(about))
        layout.addWidget(UnreadableNotice(presenter, cols.HISTORY))
        layout.addWidget(shown, 1)
        layout.addWidget(self.note)
        layout.addLayout(row)
        self.note.opened.connect(lambda now: self.note_button.setVisible(not now))
        self.note_button.clicked.connect(lambda _checked=False: self.note.ask())
        self.model.modelReset.connect(self._show)
        self._show()

    def field(self, column: str) -> QWidget | None:
        """The table, where the page is that of the column."""
        return self.table if column == cols.HISTORY else None

    def _show(self) -> None:
        self._stack.setCurrentIndex(0 if self.model.rowCount() else 1)
