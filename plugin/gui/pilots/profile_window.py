"""What lies inside a pilot: a view of `ProfilePresenter`, and nothing more."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QCloseEvent
from qgis.PyQt.QtWidgets import (
    QApplication,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ...map.live.layers import LiveLayers
from ...map.pilots.book import PilotBook
from ...pilots.figures import LayerShare, Neighbour, Sensor
from ...text import tr, trn
from ...twin.errors import CityTwinError
from ..empty_state import EmptyState
from ..icons import icon
from ..notice import Notice
from ..status_line import StatusLine
from .profile_heading import ProfileHeading
from .profile_on_map import ProfileOnMap
from .profile_presenter import ProfilePresenter
from .profile_sections import ProfileSections

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

_STEPS = 1000


class ProfileWindow(QDialog):
    """One for each pilot; it stands beside the map. ``report_wanted(path, key)``, ``profile_wanted(path, key)``: of
    another pilot; ``closed()``: it let go of everything."""

    report_wanted = pyqtSignal(str, str)
    profile_wanted = pyqtSignal(str, str)
    closed = pyqtSignal()

    def __init__(
        self,
        book: PilotBook,
        path: str,
        key: str,
        iface: QgisInterface,
        parent: QWidget | None = None,
        live: LiveLayers | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(820, 760)
        self._book = book
        self._stopped = False
        self.presenter = ProfilePresenter(book, path, key, live, self)
        self.on_map = ProfileOnMap(iface, self)
        self.heading, self.notice, self.sections = ProfileHeading(), Notice(), ProfileSections()
        self.empty = EmptyState(icon("pilots"), "", "")
        self.status = StatusLine()
        self._stack = QStackedWidget()
        self._stack.addWidget(_in_the_middle(self.empty))
        self._stack.addWidget(self._make_page())
        top = QWidget()
        above = QVBoxLayout(top)
        above.setContentsMargins(12, 12, 12, 4)
        above.setSpacing(8)
        above.addWidget(self.heading)
        above.addWidget(self.notice)
        above.addWidget(self._make_progress())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(top)
        layout.addWidget(self._stack, 1)
        layout.addWidget(self._make_foot())
        layout.addWidget(self.status)
        self.presenter.changed.connect(self._show)
        self.presenter.aged.connect(self._show)
        self.presenter.progressed.connect(self._progressed)
        self.on_map.said.connect(self.status.say)
        self.sections.layer_chosen.connect(self._select)
        self.sections.sensor_chosen.connect(self._show_sensor)
        self.sections.neighbour_chosen.connect(self._open_neighbour)
        self.presenter.start()

    def _make_page(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(12, 4, 12, 8)
        layout.addWidget(self.sections)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(page)
        self.scroll = scroll
        return scroll

    def _make_progress(self) -> QWidget:
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setMaximumHeight(14)
        self.doing = QLabel()
        self.doing.setTextFormat(Qt.TextFormat.PlainText)
        self.cancel_button = QPushButton(tr("Cancel"))
        self.cancel_button.setAutoDefault(False)
        self.cancel_button.clicked.connect(lambda _checked=False: self.presenter.cancel())
        self._progress = QWidget()
        layout = QHBoxLayout(self._progress)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.doing, 2)
        layout.addWidget(self.bar, 1)
        layout.addWidget(self.cancel_button)
        return self._progress

    def _make_foot(self) -> QWidget:
        self.refresh_button = QPushButton(icon("mActionRefresh.svg"), tr("Refresh"))
        self.refresh_button.clicked.connect(lambda _checked=False: self.presenter.start())
        self.zoom_button = QPushButton(icon("mActionZoomTo.svg"), tr("Zoom To"))
        self.zoom_button.clicked.connect(lambda _checked=False: self._zoom())
        self.copy_button = QPushButton(icon("mActionEditCopy.svg"), tr("Copy"))
        self.copy_button.clicked.connect(lambda _checked=False: self.copy())
        self.save_button = QPushButton(icon("mActionFileSave.svg"), tr("Save"))
        menu = QMenu(self.save_button)
        for words, ending in ((tr("Save as JSON…"), ".json"), (tr("Save as CSV…"), ".csv")):
            action = menu.addAction(words)
            action.triggered.connect(lambda _checked=False, ending=ending: self.save(ending))
        self.save_button.setMenu(menu)
        self.report_button = QPushButton(icon("mActionFilePrint.svg"), tr("Report…"))
        self.report_button.clicked.connect(
            lambda _checked=False: self.report_wanted.emit(self.presenter.path, self.presenter.key)
        )
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close = buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setText(tr("Close"))  # Qt has not all of QGIS's languages
        close.setAutoDefault(False)
        buttons.rejected.connect(self.reject)
        foot = QWidget()
        layout = QHBoxLayout(foot)
        layout.setContentsMargins(12, 6, 12, 8)
        for button in (
            self.refresh_button, self.zoom_button, self.copy_button, self.save_button, self.report_button
        ):  # fmt: skip
            button.setAutoDefault(False)
            layout.addWidget(button)
        layout.addStretch(1)
        layout.addWidget(buttons)
        return foot

    # -- following the presenter -------------------------------------------------------------------------------------

    def _show(self) -> None:
        presenter = self.presenter
        outcome, pilot, busy = presenter.outcome, presenter.pilot, presenter.busy
        self.setWindowTitle(tr("Pilot Profile: {name}", name=pilot.label if pilot is not None else presenter.key))
        self.heading.show_pilot(pilot, outcome)
        if outcome is not None:
            self.sections.show_outcome(outcome, presenter.sources)
        self._stack.setCurrentIndex(0 if outcome is None else 1)
        self._tell_empty()
        self._tell_notice()
        self._progress.setVisible(busy or presenter.reading_days)
        if not busy and presenter.reading_days and outcome is not None:
            count = len(outcome.profile.sensors)
            words = trn("Reading the last day of {n} sensor…", "Reading the last day of {n} sensors…", count)
            self.doing.setText(words)
            self.bar.setRange(0, 0)
        if not self._progress.isVisible():
            self.bar.reset()
        self.refresh_button.setEnabled(not busy)
        self.zoom_button.setEnabled(pilot is not None and pilot.wkb is not None)
        for button in (self.copy_button, self.save_button):
            button.setEnabled(outcome is not None)
        self.report_button.setEnabled(presenter.record is not None)

    def _tell_empty(self) -> None:
        presenter = self.presenter
        if presenter.error is not None:
            self.empty.tell(icon("change-problem"), tr("There Is No Profile"), presenter.error.message)
        elif presenter.busy:
            self.empty.tell(icon("pilots"), tr("Looking at What Lies Inside…"), "")
        else:
            words = tr("Nothing is shown, since it was cancelled. Refresh to begin again.")
            self.empty.tell(icon("pilots"), tr("Cancelled"), words)

    def _tell_notice(self) -> None:
        presenter = self.presenter
        outcome = presenter.outcome
        if outcome is None or presenter.busy:
            self.notice.say("")
        elif presenter.error is not None:
            self.notice.say(tr("{reason} What is shown is older.", reason=presenter.error.message), "bad")
        elif presenter.outdated:
            self.notice.say(presenter.outdated, "limit")
        elif presenter.cancelled:
            self.notice.say(tr("Cancelled. What is shown is older."), "limit")
        else:
            words = tr("{reason} What is shown here needs none of it.", reason=outcome.trouble)
            self.notice.say(words if outcome.trouble else "", "bad")

    def _progressed(self, done: int, total: int | None, text: str) -> None:
        self.doing.setText(text)
        if total:
            self.bar.setRange(0, _STEPS)
            self.bar.setValue(min(_STEPS, _STEPS * done // total))
        elif not self.bar.value():  # the first of the layers, or the only one
            self.bar.setRange(0, 0)

    # -- what the user does ------------------------------------------------------------------------------------------

    def _zoom(self) -> None:
        pilot = self.presenter.pilot
        if pilot is not None:
            self.on_map.pilot(pilot)

    def _select(self, one: LayerShare) -> None:
        copy, pilot = self._book.copy(self.presenter.path), self.presenter.pilot
        if copy is not None and pilot is not None:
            self.on_map.features(copy, pilot, one)

    def _show_sensor(self, sensor: Sensor) -> None:
        self.on_map.sensor(sensor)

    def _open_neighbour(self, neighbour: Neighbour) -> None:
        self.profile_wanted.emit(self.presenter.path, neighbour.key)

    def copy(self) -> None:
        """All of it to the clipboard."""
        QApplication.clipboard().setText(self.presenter.as_text())
        self.status.say(tr("The profile is on the clipboard."), "good")

    def save(self, ending: str) -> None:
        """Into a file that the user names; ``ending`` is .json or .csv."""
        kinds = tr("CSV files (*.csv)") if ending == ".csv" else tr("JSON files (*.json)")
        start = str(Path(self.presenter.path).with_name(self.presenter.file_name + ending))
        chosen, _ = QFileDialog.getSaveFileName(self, tr("Save Profile"), start, kinds)
        if chosen:
            self.save_to(Path(chosen if Path(chosen).suffix else f"{chosen}{ending}"))

    def save_to(self, path: Path) -> None:
        """Write the file, and say so."""
        try:
            self.status.say(self.presenter.save(path), "good")
        except CityTwinError as error:
            self.status.say(error.message, "bad")

    def stop(self) -> None:
        """Let go of everything. Ending twice does no harm."""
        if not self._stopped:
            self._stopped = True
            self.presenter.stop()
            self.on_map.stop()
            self.closed.emit()

    def done(self, result: int) -> None:
        self.stop()
        super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.stop()
        super().closeEvent(event)


def _in_the_middle(widget: QWidget) -> QWidget:
    """It is made for a dock, and no wider than one."""
    holder = QWidget()
    layout = QHBoxLayout(holder)
    layout.addStretch(1)
    layout.addWidget(widget)
    layout.addStretch(1)
    return holder
