"""The panel that keeps what crossed a threshold when."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import Qgis, QgsSettings
from qgis.gui import QgsDockWidget, QgsFilterLineEdit
from qgis.PyQt.QtCore import QModelIndex, Qt
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QStackedWidget,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from ..map import tasks
from ..map.live.thresholds import Thresholds
from ..map.live.thresholds_words import Entry
from ..map.log import push, push_error
from ..text import number, tr, trn
from . import csv_file
from .crossings_model import ENTRY, SENSOR, THRESHOLD, TIME, VALUE, WHAT, CrossingsFilter, CrossingsModel, csv_rows
from .empty_state import EmptyState
from .icons import icon
from .narrow_button import NarrowButton
from .status_line import StatusLine

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

_FOLDER = "citytwin/crossings-folder"
_MEASURED = 50  # rows that tell how wide a column is
_EMPTY = 340  # the width of an empty state


class CrossingsDock(QgsDockWidget):
    """``edit`` opens the thresholds."""

    def __init__(
        self,
        iface: QgisInterface | None,
        thresholds: Thresholds,
        edit: Callable[[], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(tr("Threshold Log"), parent)
        self.setObjectName("CityTwinThresholdLog")
        self.setWindowIcon(icon("threshold-log"))
        self._iface = iface
        self._thresholds = thresholds
        self.model = CrossingsModel(thresholds.log(), self)
        self.shown = CrossingsFilter(self)
        self.shown.setSourceModel(self.model)
        self._build(edit)
        thresholds.crossed.connect(self._crossed)
        thresholds.forgotten.connect(self._forgotten)
        thresholds.changed.connect(self._tell)
        self._renew()

    def stop(self) -> None:
        """Listen no more."""
        self._thresholds.crossed.disconnect(self._crossed)
        self._thresholds.forgotten.disconnect(self._forgotten)
        self._thresholds.changed.disconnect(self._tell)

    def _build(self, edit: Callable[[], None]) -> None:
        self.filter = QgsFilterLineEdit()
        self.filter.setShowSearchIcon(True)
        self.filter.setPlaceholderText(tr("Filter sensors…"))
        self.filter.setAccessibleName(tr("Filter sensors"))
        self.filter.textChanged.connect(lambda _text: self._filter())
        self.names = QComboBox()
        self.names.setAccessibleName(tr("Threshold"))
        self.names.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.names.setMinimumContentsLength(12)
        self.names.currentIndexChanged.connect(lambda _at: self._filter())
        head = QHBoxLayout()
        head.addWidget(self.filter, 3)
        head.addWidget(self.names, 2)
        self.view = QTreeView()
        self.view.setModel(self.shown)
        self.view.setRootIsDecorated(False)
        self.view.setUniformRowHeights(True)
        self.view.setAllColumnsShowFocus(True)
        self.view.setAlternatingRowColors(True)
        self.view.setSortingEnabled(True)
        self.view.sortByColumn(TIME, Qt.SortOrder.DescendingOrder)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.view.setAccessibleName(tr("What crossed a threshold"))
        self.view.doubleClicked.connect(self._double_clicked)
        self.view.selectionModel().selectionChanged.connect(lambda *_: self._show_buttons())
        header = self.view.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(SENSOR, QHeaderView.ResizeMode.Stretch)
        header.setResizeContentsPrecision(_MEASURED)
        for column in (TIME, VALUE, WHAT):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.view.setColumnWidth(THRESHOLD, 170)
        self.empty = EmptyState(icon("threshold-log"), "", "")
        self._edit_button = QPushButton(icon("threshold"), tr("Thresholds…"))
        self._edit_button.clicked.connect(lambda _checked=False: edit())
        self.empty.set_buttons([self._edit_button])
        table = QWidget()
        below = QVBoxLayout(table)
        below.setContentsMargins(6, 6, 6, 4)
        below.addLayout(head)
        below.addWidget(self.view, 1)
        self.zoom_button = NarrowButton(icon("mActionZoomToSelected.svg"), tr("Zoom To"))
        self.save_button = NarrowButton(icon("mActionFileSaveAs.svg"), tr("Save as CSV…"))
        self.clear_button = NarrowButton(icon("mActionDeleteSelected.svg"), tr("Clear"))
        self.edit_button = NarrowButton(icon("threshold"), tr("Thresholds…"))
        row = QHBoxLayout()
        for button, act in (
            (self.zoom_button, self.zoom),
            (self.save_button, self.save),
            (self.clear_button, self._thresholds.clear_log),
            (self.edit_button, edit),
        ):
            button.setToolTip(button.text())
            button.clicked.connect(lambda _checked=False, act=act: act())
            row.addWidget(button)
        row.insertStretch(3, 1)
        below.addLayout(row)
        self._stack = QStackedWidget()
        self._stack.addWidget(table)
        self._stack.addWidget(in_the_middle(self.empty))
        self.status = StatusLine()
        whole = QWidget()
        layout = QVBoxLayout(whole)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._stack, 1)
        layout.addWidget(self.status)
        self.setWidget(whole)

    # -- following

    def _crossed(self, entries: tuple[Entry, ...]) -> None:
        self.model.add(entries)
        self._renew()

    def _forgotten(self) -> None:
        self.model.clear()
        self._renew()

    def _renew(self) -> None:
        names = self.model.names()
        if [self.names.itemData(at) for at in range(1, self.names.count())] != names or not self.names.count():
            chosen = self.names.currentData()
            self.names.blockSignals(True)
            self.names.clear()
            self.names.addItem(tr("All thresholds"), None)
            for name in names:
                self.names.addItem(name, name)
            self.names.setCurrentIndex(max(0, self.names.findData(chosen) if chosen is not None else 0))
            self.names.blockSignals(False)
            self._filter()
        self._tell()

    def _filter(self) -> None:
        self.shown.want(self.filter.text(), self.names.currentData())
        self._tell()

    def _tell(self) -> None:
        total, shown = self.model.rowCount(), self.shown.rowCount()
        self._stack.setCurrentIndex(0 if total else 1)
        watched = sum(one.on for one in self._thresholds.all())
        if watched:
            title = tr("Nothing Crossed a Threshold")
            words = tr("What goes beyond a threshold or comes back is listed here, with its time and value.")
        else:
            title = tr("Nothing Is Watched Yet")
            words = tr("Set a threshold first: a level that the values of a live layer should not cross.")
        self.empty.tell(icon("threshold-log"), title, words)
        said = trn("{n} threshold is watched", "{n} thresholds are watched", watched)
        if total:
            crossings = trn("{count} crossing", "{count} crossings", total, count=number(total))
            if shown != total:
                crossings = tr("{shown} of {crossings}", shown=number(shown), crossings=crossings)
            said = f"{crossings}; {said}"
        self.status.say(said)
        self._show_buttons()

    def _show_buttons(self) -> None:
        self.zoom_button.setEnabled(self.view.selectionModel().hasSelection())
        self.save_button.setEnabled(self.shown.rowCount() > 0)

    # -- what the user does

    def zoom(self) -> None:
        """Bring the chosen sensors into view."""
        entries = [index.data(ENTRY) for index in self.view.selectionModel().selectedRows()]
        if entries and not self._thresholds.show(entries):
            push(
                self._iface,
                tr("No live layer of this project shows that sensor now. Add its layer on the Sensors page first."),
                Qgis.MessageLevel.Info,
            )

    def _double_clicked(self, index: QModelIndex) -> None:
        if index.isValid():
            self.zoom()

    def save(self) -> None:
        """What is shown, to a CSV file that the user names."""
        folder = QgsSettings().value(_FOLDER, "", type=str)
        start = str(Path(folder) / tr("threshold log.csv"))
        chosen, _ = QFileDialog.getSaveFileName(self, tr("Save Threshold Log"), start, tr("CSV files (*.csv)"))
        if not chosen:
            return
        path, entries = csv_file.with_ending(chosen), self.shown.entries()
        QgsSettings().setValue(_FOLDER, str(path.parent))
        tasks.run(
            tr("Writing {file}", file=path.name),
            lambda _progress: csv_file.write(path, csv_rows(entries)),
            done=lambda _: self.status.say(tr("The log is in {file}.", file=path.name), "good"),
            failed=lambda error: push_error(self._iface, error),
            parent=self,
        )


def in_the_middle(empty: EmptyState) -> QWidget:
    """An empty state in what is wider than the panel that it was made for."""
    around = QWidget()
    row = QHBoxLayout(around)
    row.setContentsMargins(0, 0, 0, 0)
    empty.setMaximumWidth(_EMPTY)
    row.addStretch(1)
    row.addWidget(empty, 100)
    row.addStretch(1)
    return around
