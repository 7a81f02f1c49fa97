"""A page of the scaling assessment: the criteria of one kind of condition, each judged with evidence."""

from __future__ import annotations

from qgis.PyQt.QtCore import QModelIndex, QSize, Qt, QTimer
from qgis.PyQt.QtGui import QKeyEvent, QResizeEvent, QShowEvent
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from ...pilots import vocabulary as words
from ...text import tr
from ..icons import icon
from ..notice import Notice
from .assessment_delegates import DayDelegate, RatingDelegate, SentencesDelegate
from .assessment_model import CRITERION, DATE, EVIDENCE, RATING, AssessmentModel
from .dialog_presenter import DialogPresenter
from .form_label import STAR
from .form_unreadable import UnreadableNotice


class AssessmentTable(QTableView):
    """Rows as high as their sentences; Delete removes what may be removed."""

    def __init__(self, page: AssessmentPage, model: AssessmentModel) -> None:
        super().__init__()
        self._page = page
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self.fit)
        self.setModel(model)
        self.setWordWrap(True)
        self.setAlternatingRowColors(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
            | QAbstractItemView.EditTrigger.AnyKeyPressed
            | QAbstractItemView.EditTrigger.SelectedClicked
        )
        self.setTabKeyNavigation(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column in (RATING, DATE):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(CRITERION, QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(EVIDENCE, QHeaderView.ResizeMode.Stretch)
        header.sectionResized.connect(lambda *_: self._soon.start(0))
        for column, delegate in ((RATING, RatingDelegate), (EVIDENCE, SentencesDelegate), (DATE, DayDelegate)):
            self.setItemDelegateForColumn(column, delegate(self))
        for signal in (model.modelReset, model.rowsInserted, model.rowsRemoved, model.dataChanged):
            signal.connect(lambda *_: self._soon.start(0))

    def fit(self) -> None:
        """Open the boxes of ratings, and give every row the height of its text."""
        if not self.isVisible():
            return
        model = self.model()
        for row in range(model.rowCount()):
            index = model.index(row, RATING)
            if index.flags() & Qt.ItemFlag.ItemIsEditable and not self.isPersistentEditorOpen(index):
                self.openPersistentEditor(index)
        names = (self.sizeHintForIndex(model.index(row, CRITERION)) for row in range(model.rowCount()))
        wide = max((size.width() for size in names), default=0)
        self.horizontalHeader().resizeSection(CRITERION, min(wide + 8, max(140, self.viewport().width() // 3)))
        self.resizeRowsToContents()

    def showEvent(self, event: QShowEvent) -> None:
        """Not before: a form opens with another page."""
        super().showEvent(event)
        self.fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._soon.start(0)

    def sizeHint(self) -> QSize:
        """It takes what room there is, and scrolls."""
        return QSize(super().sizeHint().width(), self.fontMetrics().lineSpacing() * 6)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete:
            self._page.remove()
            return
        super().keyPressEvent(event)


class AssessmentPage(QWidget):
    """``condition``: technical, human or institutional."""

    def __init__(self, presenter: DialogPresenter, condition: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self._condition = condition
        self.model = AssessmentModel(presenter, condition, self)
        self.title = QLabel()
        font = self.title.font()
        font.setBold(True)
        self.title.setFont(font)
        self.about = QLabel(_about(condition))
        self.about.setWordWrap(True)
        for label in (self.title, self.about):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.unreadable = UnreadableNotice(presenter, condition)
        self.table = AssessmentTable(self, self.model)
        self.table.setObjectName(f"CityTwinPilot_{condition}")
        self.table.setAccessibleName(words.condition_title(condition))
        self.notice = Notice()
        self.line = QLineEdit()
        self.line.setObjectName(f"CityTwinCriterion_{condition}")
        self.line.setPlaceholderText(tr("A criterion of your own"))
        self.line.setAccessibleName(tr("A criterion of your own"))
        self.add_button = QPushButton(icon("symbologyAdd.svg"), tr("Add Criterion"))
        self.remove_button = QPushButton(icon("symbologyRemove.svg"), tr("Remove"))
        row = QHBoxLayout()
        row.addWidget(self.line, 1)
        for button in (self.add_button, self.remove_button):
            button.setAutoDefault(False)
            row.addWidget(button)
        for widget in (self.line, self.add_button, self.remove_button):
            widget.setVisible(presenter.can_edit(condition))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 8, 2)
        for widget in (self.title, self.about, self.unreadable):
            layout.addWidget(widget)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.notice)
        layout.addLayout(row)
        self.line.returnPressed.connect(self.add)
        self.line.textChanged.connect(lambda _text: self._typed())
        self.add_button.clicked.connect(lambda _checked=False: self.add())
        self.remove_button.clicked.connect(lambda _checked=False: self.remove())
        self.table.selectionModel().currentChanged.connect(lambda *_: self._buttons())
        self.model.modelReset.connect(self._buttons)
        self.model.refused.connect(self.notice.say)
        self.model.dataChanged.connect(lambda *_: self.notice.say(""))
        presenter.changed.connect(self._changed)
        self._changed("")
        self._buttons()

    def field(self, column: str) -> QWidget | None:
        """The table, where the page is that of the column."""
        return self.table if column == self._condition else None

    def finish(self) -> None:
        """A criterion that is typed and not added yet is meant, too."""
        if self.line.text().strip() and self.model.add(self.line.text()):
            self.line.clear()

    def add(self) -> None:
        """The criterion in the line, ready to be judged."""
        if self.line.text().strip() and self.model.add(self.line.text()):
            self.line.clear()
            self.table.fit()
            row = self.model.rowCount() - 1
            self.table.setCurrentIndex(self.model.index(row, EVIDENCE))
            self.table.scrollTo(self.model.index(row, EVIDENCE))

    def remove(self) -> None:
        """The chosen criterion, where it is the city's own."""
        index = self.table.currentIndex()
        if index.isValid() and self.model.is_own(index.row()):
            self.model.remove(index.row())
            self._buttons()

    def _typed(self) -> None:
        self.notice.say("")
        self._buttons()

    def _buttons(self) -> None:
        index: QModelIndex = self.table.currentIndex()
        self.add_button.setEnabled(bool(self.line.text().strip()))
        self.remove_button.setEnabled(index.isValid() and self.model.is_own(index.row()))

    def _changed(self, column: str) -> None:
        if column in ("", "stage", self._condition):
            title = words.condition_title(self._condition)
            needed = self._presenter.required(self._condition)
            self.title.setText(title + STAR if needed else title)


def _about(condition: str) -> str:
    if condition == words.HUMAN:
        return tr(
            "These are matters for a meeting, not for one person at a desk: talk about them with those who take part, "
            "and write down what was found. What to ask is shown when you point at a criterion."
        )
    if condition == words.TECHNICAL:
        return tr("Could others run this with their data and systems? Judge each criterion and say what shows it.")
    return tr(
        "Does the organisation carry it when the pilot is over? Judge each criterion and say what shows it: a "
        "decision, a budget, an agreement."
    )
