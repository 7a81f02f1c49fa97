"""The dock with the chart: a view of `ChartPresenter`, and nothing more."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from qgis.core import Qgis, QgsProject, QgsSettings, QgsVectorLayer
from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import QSizeF, Qt
from qgis.PyQt.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from ..map.live.feed import Feed
from ..map.live.layers import LiveLayers
from ..map.log import push
from ..sensors.thresholds import Threshold
from ..text import tr
from ..twin.errors import CityTwinError
from ..twin.sensorthings import Datastream
from . import chart_export, chart_levels
from .chart_bar import ChartBar
from .chart_layer_dialog import ChartLayerDialog
from .chart_list import ChartList
from .chart_notice import ChartNotice, LoadingLine
from .chart_presenter import CUSTOM, MOST, ChartPresenter
from .chart_selection import ChartSelection
from .chart_view import ChartView
from .empty_state import EmptyState
from .icons import icon

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

_FOLDER = "citytwin/chart_folder"
_EMPTY = 420


class Watching(Protocol):
    """What the chart asks of the thresholds."""

    def of(self, service: str) -> tuple[Threshold, ...]: ...


class ChartDock(QgsDockWidget):
    """One for the plugin's life; its owner adds it at the bottom of the window, and calls `stop`."""

    def __init__(self, iface: QgisInterface, live_layers: LiveLayers, parent: QWidget | None = None) -> None:
        super().__init__(tr("Sensor Chart"), parent)
        self.setObjectName("CityTwinChart")
        self._iface = iface
        self._stopped = False
        self.presenter = ChartPresenter(self)
        self.selection = ChartSelection(live_layers, self)
        self.bar = ChartBar()
        self.notice, self.said = ChartNotice(), ChartNotice()
        self.loading = LoadingLine()
        self.view = ChartView(self.presenter.plot, self.presenter.view)
        self.list = ChartList()
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.view)
        self.splitter.addWidget(self.list)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setSizes([640, 400])
        self.empty = EmptyState(icon("chart"), "", "")
        self.add_button = QPushButton(tr("Add Selected"))
        self.add_button.clicked.connect(self.add_selected)
        self.empty.set_buttons([self.add_button])
        self.stack = QStackedWidget()
        self.stack.addWidget(_centred(self.empty))
        self.stack.addWidget(self.splitter)
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for widget in (self.bar, self.notice, self.said):
            layout.addWidget(widget)
        layout.addWidget(self.stack, 1)
        layout.addWidget(self.loading)
        self.setWidget(body)
        self._connect()
        self._show()

    def _connect(self) -> None:
        presenter, bar = self.presenter, self.bar
        presenter.changed.connect(self._show)
        presenter.moved.connect(self._redraw)
        presenter.loading_changed.connect(self._show_loading)
        self.selection.changed.connect(self._show)
        self.list.itemSelectionChanged.connect(self._show)
        self.list.remove_wanted.connect(presenter.remove)
        self.view.view_wanted.connect(presenter.set_view)
        self.view.reset_wanted.connect(presenter.reset)
        self.notice.wanted.connect(presenter.retry)
        self.said.wanted.connect(lambda: self.said.say(""))
        self.loading.cancelled.connect(presenter.cancel)
        bar.period_wanted.connect(presenter.set_period)
        bar.custom_wanted.connect(presenter.set_custom)
        bar.follow_wanted.connect(presenter.set_follow)
        bar.levels_wanted.connect(presenter.set_levels)
        bar.add_wanted.connect(self.add_selected)
        bar.remove_wanted.connect(self.list.remove_chosen)
        bar.csv_wanted.connect(self.save_csv)
        bar.png_wanted.connect(self.save_png)
        bar.layer_wanted.connect(self.make_layer)
        self.visibilityChanged.connect(self._seen)
        QgsProject.instance().cleared.connect(presenter.clear)

    def stop(self) -> None:
        """Let go of the feeds and of what is read."""
        if self._stopped:
            return
        self._stopped = True
        QgsProject.instance().cleared.disconnect(self.presenter.clear)
        self.visibilityChanged.disconnect(self._seen)
        self.selection.stop()
        self.presenter.stop()

    # -- for others --------------------------------------------------------------------------------------------------

    def show_datastreams(self, wanted: Iterable[tuple[Feed, Datastream]]) -> None:
        """Chart these, instead of what was there, and bring the dock into view."""
        self.said.say("")
        self.setUserVisible(True)
        self.presenter.awake = True
        self.presenter.show(wanted)

    def add_datastreams(self, wanted: Iterable[tuple[Feed, Datastream]]) -> None:
        """Chart these too."""
        self.setUserVisible(True)
        self.presenter.awake = True
        self.presenter.add(wanted)

    def watch(self, thresholds: Watching) -> None:
        """Show the thresholds that are watched; call `refresh` of the presenter when they are others."""
        self.presenter.watched = thresholds.of

    def add_selected(self) -> None:
        """The sensors that are selected on the map."""
        self.add_datastreams(self.selection.sensors(MOST))

    # -- following the presenter -------------------------------------------------------------------------------------

    def _seen(self, visible: bool) -> None:
        self.presenter.awake = visible

    def _show_bar(self) -> None:
        presenter = self.presenter
        self.bar.tell(
            presenter.period,
            presenter.start,
            presenter.end,
            follow=presenter.follow,
            levels=presenter.levels_shown,
            any_sensor=bool(presenter.sensors),
            selected=self.selection.count,
            chosen=bool(self.list.chosen),
        )

    def _show(self) -> None:
        presenter = self.presenter
        any_sensor, selected = bool(presenter.sensors), self.selection.count
        self._show_bar()
        self.stack.setCurrentIndex(1 if any_sensor else 0)
        if any_sensor:
            self.list.tell(presenter.sensors)
        else:
            self._show_empty(selected)
        self._show_notice()
        self._show_loading()
        self.view.redraw()

    def _show_empty(self, selected: int) -> None:
        self.add_button.setVisible(selected > 0)
        if selected:
            words = tr("Sensors are selected on the map. Add them to compare what they measured.")
        else:
            words = tr(
                "Click a sensor on the map: point at it for a moment and follow “Show chart”, or click it with the "
                "Identify tool and choose Show Chart. To compare several, select them and press Add Selected."
            )
        self.empty.tell(icon("chart"), tr("No Sensor Chosen Yet"), words)

    def _show_notice(self) -> None:
        presenter = self.presenter
        error = presenter.error
        if error is not None:
            self.notice.say(error.message, "bad", tr("Try Again"))
        elif presenter.loader.halted:
            words = tr("Reading was stopped, so parts of the history are missing.")
            self.notice.say(words, "limit", tr("Go On"))
        else:
            self.notice.say(presenter.note)

    def _show_loading(self) -> None:
        self.loading.say(self.presenter.loader.text)
        if not self.presenter.loader.running:
            self.view.redraw()

    def _redraw(self) -> None:
        presenter = self.presenter
        self.view.redraw()
        if presenter.sensors:
            self.list.tell(presenter.sensors)
        if presenter.follow and presenter.period == CUSTOM:
            self._show_bar()

    # -- exports -----------------------------------------------------------------------------------------------------

    def _content(self) -> chart_export.Content:
        presenter = self.presenter
        shown = presenter.levels_shown
        levels = chart_levels.levels(presenter.sensors, presenter.watched) if shown else ()
        return chart_export.content(presenter, levels)

    def _ask(self, title: str, name: str, kinds: str, ending: str) -> Path | None:
        folder = str(QgsSettings().value(_FOLDER, "", type=str)) or str(Path.home())
        chosen, _ = QFileDialog.getSaveFileName(self, title, str(Path(folder) / f"{name}{ending}"), kinds)
        if not chosen:
            return None
        path = Path(chosen) if Path(chosen).suffix else Path(f"{chosen}{ending}")
        QgsSettings().setValue(_FOLDER, str(path.parent))
        return path

    def save_csv(self) -> None:
        """What is in view, as a file for spreadsheets."""
        shown = self._content()
        path = self._ask(tr("Save Observations"), shown.file_name(), tr("CSV files (*.csv)"), ".csv")
        if path is not None:
            chart_export.to_csv(shown, path, self._told, self._failed, self)

    def save_png(self) -> None:
        """The chart as a picture."""
        shown = self._content()
        path = self._ask(tr("Save Chart"), shown.file_name(), tr("PNG images (*.png)"), ".png")
        if path is not None:
            chart_export.to_png(shown, path, QSizeF(self.view.size()), self._told, self._failed, self)

    def make_layer(self) -> None:
        """What is in view, as a table in the project."""
        shown = self._content()
        dialog = ChartLayerDialog(shown.count, self)
        if dialog.exec():
            chart_export.to_layer(shown, dialog.path, self._add_layer, self._failed, self)
        dialog.deleteLater()

    def _add_layer(self, layer: QgsVectorLayer, words: str) -> None:
        QgsProject.instance().addMapLayer(layer)
        self._told(words)

    def _told(self, words: str) -> None:
        push(self._iface, words, Qgis.MessageLevel.Success)

    def _failed(self, error: CityTwinError) -> None:
        self.said.say(error.message, "bad", tr("Close"))


def _centred(widget: QWidget) -> QWidget:
    """In the middle of a dock that is far wider than it."""
    outer = QWidget()
    layout = QHBoxLayout(outer)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addStretch(1)
    layout.addWidget(widget, 2)
    layout.addStretch(1)
    widget.setMaximumWidth(_EMPTY)
    return outer
