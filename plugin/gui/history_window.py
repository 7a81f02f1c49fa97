"""The publish history: a view of `HistoryPresenter`, and nothing more."""

from __future__ import annotations

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ..text import tr
from . import csv_file
from .dim import dimmed
from .empty_state import EmptyState
from .history_presenter import HistoryPresenter, change_word, feature_state, story
from .icons import icon
from .moments import clock
from .publish_report import LISTED, fill, make_table
from .tool_tip import tool_tip

_USER = Qt.ItemDataRole.UserRole


class HistoryWindow(QDialog):
    """Every publish above, the features of the chosen one below."""

    def __init__(self, presenter: HistoryPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.presenter = presenter
        self.setWindowTitle(tr("Publish History: {file}", file=presenter.copy.path.name))
        self.resize(840, 560)
        self.empty = EmptyState(icon("history"), "", "")
        self._stack = QStackedWidget()
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self._make_lists())
        self.said = QLabel()
        dimmed(self.said)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.button(QDialogButtonBox.StandardButton.Close).setText(tr("Close"))  # Qt has not all of QGIS's languages
        buttons.rejected.connect(self.reject)
        self.save_button = QPushButton(tr("Save as CSV"))
        self.save_button.setAutoDefault(False)
        menu = QMenu(self.save_button)
        for words, one in ((tr("This Publish…"), True), (tr("All Publishes…"), False)):
            action = menu.addAction(words)
            action.triggered.connect(lambda _checked=False, one=one: self.save(one))
        self.save_button.setMenu(menu)
        foot = QHBoxLayout()
        foot.addWidget(self.save_button)
        foot.addWidget(self.said, 1)
        foot.addWidget(buttons)
        layout = QVBoxLayout(self)
        layout.addWidget(self._stack, 1)
        layout.addLayout(foot)
        presenter.changed.connect(self._show)
        presenter.chosen.connect(self._show_chosen)
        self._show()

    def _make_lists(self) -> QWidget:
        self.table = make_table((tr("When"), tr("Message"), tr("Result"), tr("Twin"), tr("Protection")))
        self.table.setAccessibleName(tr("Publishes"))
        for column, width in enumerate((130, 230, 200, 110)):
            self.table.setColumnWidth(column, width)
        self.table.itemSelectionChanged.connect(self._choose)
        self.story = QLabel()
        self.features = make_table((tr("Feature"), tr("Layer"), tr("Change"), tr("Result"), tr("Time")))
        self.features.setAccessibleName(tr("Features of the chosen publish"))
        self.words = QLabel()
        self.features.itemSelectionChanged.connect(self._explain)
        for label in (self.story, self.words):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.words.setMinimumHeight(self.words.fontMetrics().lineSpacing() * 3)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        below = QWidget()
        layout = QVBoxLayout(below)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.addWidget(self.story)
        layout.addWidget(self.features, 1)
        layout.addWidget(self.words)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.table)
        splitter.addWidget(below)
        splitter.setSizes([200, 320])
        return splitter

    # -- following the presenter -------------------------------------------------------------------------------------

    def _show(self) -> None:
        presenter = self.presenter
        self._stack.setCurrentIndex(1 if presenter.lines else 0)
        self.save_button.setVisible(bool(presenter.lines))
        if presenter.error:
            self.empty.tell(icon("change-problem"), tr("The History Cannot Be Read"), presenter.error)
        elif presenter.loading:
            self.empty.tell(icon("history"), tr("Reading the History…"), "")
        else:
            words = tr(
                "Nothing was published from this working copy yet. Every publish is listed here: when, with which "
                "message, and what became of each feature. The list travels with the file."
            )
            self.empty.tell(icon("history"), tr("Nothing Published Yet"), words)
        self.table.blockSignals(True)
        self.table.clear()
        items = []
        for line in presenter.lines[:LISTED]:
            item = QTreeWidgetItem([line.when, line.message, line.result, line.twin, line.protection])
            item.setIcon(0, icon("change-conflict" if line.trouble else "change-published"))
            item.setToolTip(1, tool_tip(line.message))
            item.setToolTip(2, tool_tip(line.result))
            item.setData(0, _USER, line)
            items.append(item)
        fill(self.table, items, len(presenter.lines) - len(items))
        if presenter.current in presenter.lines[:LISTED]:
            self.table.setCurrentItem(items[presenter.lines.index(presenter.current)])
        self.table.blockSignals(False)

    def _choose(self) -> None:
        item = self.table.currentItem()
        line = item.data(0, _USER) if item else None
        if line is not None and line is not self.presenter.current:
            self.presenter.choose(line)

    def _show_chosen(self) -> None:
        presenter = self.presenter
        self.story.setText(story(presenter.current) if presenter.current else "")
        self.features.clear()
        items = []
        for feature in presenter.features[:LISTED]:
            words, name = feature_state(feature.state)
            row = [feature.label, presenter.layer(feature), change_word(feature), words, clock(feature.at)]
            item = QTreeWidgetItem(row)
            item.setIcon(0, icon(name))
            item.setToolTip(3, tool_tip(feature.words))
            item.setData(0, _USER, feature)
            items.append(item)
        fill(self.features, items, len(presenter.features) - len(items))
        self._explain()

    def _explain(self) -> None:
        item = self.features.currentItem()
        feature = item.data(0, _USER) if item else None
        self.words.setText(feature.words if feature is not None else "")

    # -- what the user does ------------------------------------------------------------------------------------------

    def save(self, this_one: bool) -> None:
        """The chosen publish, or all of them, to a CSV file that the user names."""
        current = self.presenter.current
        name = tr("publish history {file}.csv", file=self.presenter.copy.path.stem)
        start = str(self.presenter.copy.path.with_name(name))
        chosen, _ = QFileDialog.getSaveFileName(self, tr("Save History"), start, tr("CSV files (*.csv)"))
        if chosen:
            only = current.publication.id if this_one and current is not None else None
            self.presenter.save(csv_file.with_ending(chosen), only, self.said.setText)
