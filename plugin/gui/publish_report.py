"""The report of a publish: what became of every change, with words."""

from __future__ import annotations

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QApplication,
    QComboBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMessageBox,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ..text import tr, trn
from ..twin.errors import CityTwinError
from . import csv_file
from .change_words import name_of, state_icon, state_word
from .dim import dimmed
from .icons import icon
from .notice import Notice
from .publish_presenter import PublishPresenter
from .tool_tip import tool_tip

_STATES = ("clash", "held", "failed", "unsent", "published")
LISTED = 1000  # rows that the window shows; what needs attention comes first, and the CSV file has all
_FIRST, _WIDEST = 190, 320  # pixels of the first column: at least, and for long names
_USER = Qt.ItemDataRole.UserRole


class PublishReportView(QWidget):
    """The headline, the changes by result, and the words for the one that is chosen."""

    resolve = pyqtSignal()

    def __init__(self, presenter: PublishPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.presenter = presenter
        self.result = Notice()
        self.filter = QComboBox()
        self.filter.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.filter.setAccessibleName(tr("Results shown"))
        self.filter.activated.connect(lambda _at: self._list_outcomes())
        self.table = make_table((tr("Feature"), tr("Layer"), tr("Change"), tr("Result")))
        self.table.itemSelectionChanged.connect(self._explain)
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.words.setMinimumHeight(self.words.fontMetrics().lineSpacing() * 3)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        row = QHBoxLayout()
        row.addWidget(QLabel(tr("Show")))
        row.addWidget(self.filter)
        row.addStretch(1)
        self.resolve_button = QPushButton(icon("conflicts"), tr("Resolve Conflicts…"))
        self.resolve_button.setAutoDefault(False)
        self.resolve_button.clicked.connect(lambda _checked=False: self.resolve.emit())
        row.addWidget(self.resolve_button)
        self.again_button = QPushButton(tr("Send Again…"))
        self.again_button.setAutoDefault(False)
        self.again_button.clicked.connect(lambda _checked=False: self.send_again())
        row.addWidget(self.again_button)
        self.protected = QLabel()
        self.protected.setWordWrap(True)
        dimmed(self.protected)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.result)
        layout.addWidget(self.protected)
        layout.addLayout(row)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.words)

    def show_report(self) -> None:
        """Show the presenter's report."""
        presenter = self.presenter
        counts = presenter.counted()
        trouble = set(counts) - {"published"} or presenter.stopped or presenter.photos
        told = (presenter.headline, presenter.stopped, presenter.photos)
        self.result.say(" ".join(filter(None, told)), "limit" if trouble else "good")
        self.protected.setText(presenter.protected)
        self.protected.setVisible(bool(presenter.protected))
        self.resolve_button.setVisible(bool(counts.get("clash")))
        self.again_button.setVisible(any(presenter.may_release(line) for line in presenter.rows("held")))
        self.filter.clear()
        self.filter.addItem(tr("All results ({n})", n=sum(counts.values())), "")
        for state in _STATES:
            if counts.get(state):
                self.filter.addItem(
                    icon(state_icon(state)), tr("{state} ({n})", state=state_word(state), n=counts[state]), state
                )
        self._list_outcomes()

    def _list_outcomes(self) -> None:
        self.table.clear()
        state = str(self.filter.currentData() or "")
        rows = self.presenter.rows(state, LISTED)
        counts = self.presenter.counted()
        marks = {one: (icon(state_icon(one)), state_word(one)) for one in _STATES}
        items = []
        for row in rows:
            mark, words = marks[row.state]
            item = QTreeWidgetItem([name_of(row.change), row.layer, row.what, words])
            item.setIcon(0, mark)
            item.setToolTip(3, tool_tip(row.words))
            item.setData(0, _USER, row)
            items.append(item)
        total = counts.get(state, 0) if state else sum(counts.values())
        fill(self.table, items, total - len(items))
        self._explain()

    def _explain(self) -> None:
        item = self.table.currentItem()
        row = item.data(0, _USER) if item else None
        self.words.setText(row.words if row else "")
        self.again_button.setEnabled(row is not None and self.presenter.may_release(row))

    def send_again(self) -> None:
        """The chosen create did not arrive, says the user: let the next publish send it."""
        item = self.table.currentItem()
        row = item.data(0, _USER) if item else None
        if row is None or not self.presenter.may_release(row):
            return
        box = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle(tr("Send Again?"))
        box.setText(tr("Did you look, and is {name} not on the twin?", name=name_of(row.change)))
        box.setInformativeText(tr("If it is there after all, it will be there twice."))
        send = box.addButton(tr("Send Again"), QMessageBox.ButtonRole.AcceptRole)
        cancel = box.addButton(tr("Cancel"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(cancel)
        box.setEscapeButton(cancel)
        box.exec()
        if box.clickedButton() is send:
            self.presenter.release([row.change])

    def copy(self) -> None:
        """The whole report to the clipboard."""
        QApplication.clipboard().setText(self.presenter.as_text())
        self.words.setText(tr("The report is on the clipboard."))

    def save(self) -> None:
        """The whole report to a CSV file that the user names."""
        name = tr("publish report {file}.csv", file=self.presenter.copy.path.stem)
        start = str(self.presenter.copy.path.with_name(name))
        chosen, _ = QFileDialog.getSaveFileName(self, tr("Save Report"), start, tr("CSV files (*.csv)"))
        if not chosen:
            return
        path = csv_file.with_ending(chosen)
        try:
            self.presenter.save_csv(path)
        except CityTwinError as error:
            self.result.say(error.message, "bad")
        else:
            self.words.setText(tr("The report is in {file}.", file=path.name))


def fill(table: QTreeWidget, items: list[QTreeWidgetItem], more: int) -> None:
    """Put ``items`` into ``table``, choose the first, and say how many ``more`` there are."""
    table.addTopLevelItems(items)
    table.setColumnWidth(0, min(max(_FIRST, table.sizeHintForColumn(0)), _WIDEST))
    if items:
        table.setCurrentItem(items[0])
    if more > 0:
        last = QTreeWidgetItem([trn("and {n} more", "and {n} more", more)])
        last.setFlags(Qt.ItemFlag.ItemIsEnabled)
        table.addTopLevelItem(last)


def make_table(heads: tuple[str, ...]) -> QTreeWidget:
    """A plain list with columns."""
    table = QTreeWidget()
    table.setHeaderLabels(list(heads))
    table.setRootIsDecorated(False)
    table.setUniformRowHeights(True)
    table.setAlternatingRowColors(True)
    table.setFrameShape(QFrame.Shape.StyledPanel)
    header = table.header()
    header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
    header.setStretchLastSection(True)
    table.setColumnWidth(0, _FIRST)
    table.setColumnWidth(1, 130)
    return table
