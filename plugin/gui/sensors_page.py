"""The Sensors page: choose a twin, find what its sensors observe, bring it to the map live."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

from qgis.gui import QgisInterface
from qgis.PyQt.QtCore import QPoint, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QHideEvent, QShowEvent
from qgis.PyQt.QtWidgets import (
    QFormLayout,
    QLabel,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ..map.connections import Connection
from ..map.live.feeds import Feeds
from ..map.live.layers import LiveLayers
from ..sensors import coverage
from ..text import number, tr
from ..twin.errors import CityTwinError
from . import sensors_words as words
from .connection_bar import ConnectionBar
from .demo_control import DemoControl
from .demo_follower import DemoFollower
from .extent_choice import Area
from .icons import icon
from .sensors_area import Place, SensorsArea
from .sensors_choice import Choice, choose, sources
from .sensors_desk import SensorsDesk
from .sensors_details import sections
from .sensors_foot import SensorsFoot, add_text
from .sensors_loader import Found, NoSensors, SensorsLoader
from .sensors_message import SensorsMessage
from .sensors_model import SensorModel
from .sensors_rows import Row
from .sensors_status import Section, SensorsStatus
from .sensors_tree import SensorsTree
from .sensors_watch import SensorsWatch
from .tool_tip import tool_tip

_REMARKS = 50


class SensorsPage(QWidget):
    """Nothing is asked of a twin before the page is first seen, and nothing while it is not.

    ``chart_wanted``: a list of (Feed, Datastream), as the chart takes them. ``thresholds_wanted``: an ObservedProperty.
    ``snapshot_wanted`` and ``playback_wanted``: a live layer.
    """

    chart_wanted = pyqtSignal(object)
    thresholds_wanted = pyqtSignal(object)
    log_wanted = pyqtSignal()
    snapshot_wanted = pyqtSignal(object)
    playback_wanted = pyqtSignal(object)

    def __init__(
        self,
        iface: QgisInterface,
        feeds: Feeds,
        live_layers: LiveLayers,
        demo: DemoControl,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._found: Found | None = None
        self._place: Place | None = None
        self._remarks: dict[str, None] = {}
        self._read = 0.0
        self.model = SensorModel(self)
        self.watch = SensorsWatch(self.model, feeds, self)
        self.model.set_clock(self.watch.now)
        self.loader = SensorsLoader(self)
        self.desk = SensorsDesk(iface, feeds, live_layers, self)
        self.connections = ConnectionBar()
        self.connections.combo.setToolTip(tr("The twin whose sensors are shown"))
        for setter in (self.connections.refresh_button.setToolTip, self.connections.refresh_button.setAccessibleName):
            setter(tr("Read the Sensors Again"))
        self.tree = SensorsTree(self.model, self.watch.now)
        self.area = SensorsArea(iface.mapCanvas())
        self.foot = SensorsFoot()
        self.message = SensorsMessage()
        self.status = SensorsStatus(self.details)
        self.demo = DemoFollower(demo, self.connections, self.loader, self._say_status, self)
        self._build()
        self._connect()
        self._show_first_steps()

    def _build(self) -> None:
        where = QFormLayout()
        where.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        where.setContentsMargins(8, 0, 8, 6)
        where.setHorizontalSpacing(8)
        label = QLabel(tr("&Area"))
        label.setBuddy(self.area)
        where.addRow(label, self.area)
        chosen = QWidget()
        column = QVBoxLayout(chosen)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(where)
        column.addWidget(self.tree, 1)
        column.addWidget(self.foot)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.message)
        self._stack.addWidget(chosen)
        top = QVBoxLayout()
        top.setContentsMargins(8, 6, 8, 6)
        top.addWidget(self.connections)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self._stack, 1)
        layout.addWidget(self.status)

    def _connect(self) -> None:
        self.connections.chosen.connect(self._choose)
        self.connections.refresh.connect(self.read_again)
        self.loader.started.connect(self._reading)
        self.loader.found.connect(self._service_found)
        self.loader.read.connect(self._rows)
        self.loader.finished.connect(self._finished)
        self.loader.failed.connect(self._not_read)
        self.loader.noted.connect(self._remark)
        self.watch.noted.connect(self._remark)
        self.watch.changed.connect(self._tell)
        self.area.changed.connect(self._area_changed)
        self.tree.area_reset_wanted.connect(lambda: self.area.choose(Area.WHOLE))
        self.tree.chosen_changed.connect(self._chosen)
        self.tree.activated.connect(lambda: self._add(self._selected()))
        self.tree.menu_wanted.connect(self._menu)
        self.desk.changed.connect(self._on_map)
        self.desk.chart_ready.connect(self.chart_wanted)
        self.foot.add_asked.connect(lambda: self._add(self.choice))
        self.foot.chart_asked.connect(lambda: self.desk.chart(self.choice.rows))
        self.foot.thresholds_asked.connect(lambda: self._thresholds(self.choice))
        self.foot.log_asked.connect(self.log_wanted)
        self.foot.snapshot_asked.connect(lambda: self._with_layer(self.snapshot_wanted))
        self.foot.playback_asked.connect(lambda: self._with_layer(self.playback_wanted))
        self.status.retry_asked.connect(self._retry)
        self.message.read_asked.connect(self.read_again)
        self.message.cancel_asked.connect(self._stop_reading)
        self.message.new_asked.connect(self.connections.new)
        self.message.edit_asked.connect(self.connections.edit)
        self.message.demo_asked.connect(self.demo.start)
        self.demo.starting.connect(partial(self._show, self.message.demo_starts))
        self.demo.failed.connect(partial(self._show, self.message.demo_failed))
        self.demo.wanted.connect(self.read_again)

    # -- what others may ask of it

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.watch.see(True)
        QTimer.singleShot(0, self.demo.seen)  # after the window is painted

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.watch.see(False)

    def focus(self) -> None:
        """Put the cursor where the next step begins."""
        if self._stack.currentIndex() == 1:
            self.tree.focus()
        else:
            self.connections.combo.setFocus()

    def read_again(self) -> None:
        """Ask the chosen twin for its sensors anew."""
        self._choose(self.connections.current)

    def stop(self) -> None:
        """At unload: end what runs, listen to nobody."""
        self.loader.stop()
        self.watch.stop()
        self.desk.stop()
        self.model.stop()
        self.connections.stop()
        self.area.stop()
        self.status.stop()
        self.demo.stop()

    # -- which twin

    def _choose(self, connection: Connection | None) -> None:
        former = self._found.connection.name if self._found else ""
        other = connection is None or connection.name != former
        self.loader.stop()
        self._found = None
        self._remarks.clear()
        self._read = 0.0
        self.desk.look_at(None)
        self.model.clear_all(ticks=other)
        if other:
            self.tree.filter.clear()
        self.watch.begin()
        if connection is None:
            self._show_first_steps()
        elif self.demo.asleep(connection):
            self.demo.say_asleep()
            self._show(self.message.demo_asleep)
        else:
            self.loader.load(connection, self.watch.live)

    def _reading(self, connection: Connection) -> None:
        text = tr("Reading the sensors of {name}…", name=connection.name)
        self._say_status(text, "busy")
        self._show(self.message.reading, text)

    def _stop_reading(self) -> None:
        self.loader.stop()
        self._say_status(tr("Cancelled"))
        self._show(self.message.cancelled)

    def _service_found(self, found: Found) -> None:
        self._found = found
        self.watch.found(found.connection, found.service)
        self.desk.look_at(found)

    def _rows(self, rows: list[Row]) -> None:
        self.model.add(rows)
        self._stack.setCurrentIndex(1)
        self._say_status(
            tr("Reading the sensors… {datastreams}", datastreams=words.datastreams(len(self.model))), "busy"
        )

    def _finished(self) -> None:
        if not len(self.model):
            self._say_status(tr("No sensors"))
            self._show(
                self.message.no_sensors,
                tr("This service has no datastreams. Its makers may add some; then read it again."),
            )
            return
        self._read = time.time()
        self.watch.loaded()
        self._tell()

    def _not_read(self, connection: Connection, error: CityTwinError) -> None:
        self.watch.failed(error.message)
        if len(self.model):
            self._remark(error.message)
            self._say_status(error.message, "bad", retry=True)
        elif isinstance(error, NoSensors):
            self._say_status(tr("No sensors"))
            self._show(self.message.no_sensors, error.message)
        else:
            self._say_status(tr("The sensors could not be read"), "bad")
            self._show(self.message.not_read, connection.name, error.message)

    def _retry(self) -> None:
        if self._read:
            self.watch.retry()
        else:
            self.read_again()

    def _show_first_steps(self) -> None:
        self._say_status(tr("No connection yet"))
        self._show(self.message.first_steps)

    def _show(self, say: Callable[..., None], *texts: str) -> None:
        """Let the message say something in place of the tree."""
        say(*texts)
        self._stack.setCurrentIndex(0)

    # -- what is chosen, and what is done with it

    def _area_changed(self) -> None:
        self._place = self.area.place()
        self.tree.set_area(self._place.holds if self._place is not None else None)

    @property
    def choice(self) -> Choice:
        """What is ticked, else what is selected."""
        return choose(self.model.ticked(), self.tree.selected_groups(), self.tree.selected_rows())

    def _selected(self) -> Choice:
        return choose((), self.tree.selected_groups(), self.tree.selected_rows())

    def _chosen(self) -> None:
        choice = self.choice
        layer = self.desk.layer_of(choice.properties)
        self.foot.show_choice(choice, layer.name() if layer is not None else None)

    def _on_map(self) -> None:
        self.model.set_on_map(self.desk.properties_on_map())
        self._chosen()

    def _add(self, choice: Choice) -> None:
        if self._found is not None and choice.layers:
            found = self._found
            self.desk.add(sources(choice, self.model.filter, self._place, found.service.url, found.connection.name))

    def _thresholds(self, choice: Choice) -> None:
        group = self.model.group(choice.properties[0]) if choice.properties else None
        if group is not None:
            self.thresholds_wanted.emit(group.observed)

    def _with_layer(self, wanted: pyqtSignal) -> None:
        layer = self.desk.layer_of(self.choice.properties)
        if layer is not None:
            wanted.emit(layer)

    def _menu(self, at: QPoint) -> None:
        choice = self._selected()
        menu = QMenu(self)
        add = menu.addAction(icon("live-layer"), add_text(choice.layers), lambda: self._add(choice))
        add.setEnabled(choice.layers > 0)
        chart = menu.addAction(icon("chart"), tr("Show Chart"), lambda: self.desk.chart(choice.rows))
        chart.setEnabled(bool(choice.rows))
        limits = menu.addAction(icon("threshold"), tr("Thresholds…"), lambda: self._thresholds(choice))
        limits.setEnabled(len(choice.properties) == 1)
        menu.addSeparator()
        menu.addAction(tr("Tick All Shown"), lambda: self._tick_shown(True))
        menu.addAction(tr("Untick All Shown"), lambda: self._tick_shown(False))
        menu.addSeparator()
        menu.addAction(tr("Expand All"), self.tree.view.expandAll)
        menu.addAction(tr("Collapse All"), self.tree.view.collapseAll)
        menu.exec(at)
        menu.deleteLater()

    def _tick_shown(self, ticked: bool) -> None:
        shown = {group.id for group in self.model.groups}
        now = {group.id for group in self.model.ticked()}
        self.model.tick(now | shown if ticked else now - shown)

    # -- how it goes

    def _remark(self, text: str) -> None:
        if len(self._remarks) < _REMARKS:
            self._remarks[text] = None

    def _tell(self) -> None:
        """The status line, once everything is read."""
        if not self._read or self.loader.busy:
            return
        feed, own = self.watch.feed, self.watch.status
        if feed is not None and feed.status.phase:
            status = feed.status
            self._say_status(words.in_short(status), status.kind, retry=status.kind == "bad", whole=status.sentence)
        elif own is not None and own.why:
            self._say_status(own.why, "bad", retry=True)
        elif own is not None and own.phase == coverage.POLLING:
            listed = words.datastreams(len(self.model))
            every = number(own.interval)
            self._say_status(tr("{datastreams} · read every {seconds} s", datastreams=listed, seconds=every), "good")

    def _say_status(self, text: str, kind: str = "idle", *, retry: bool = False, whole: str = "") -> None:
        if (text, kind) != (self.status.text, self.status.kind):
            self.status.say(text, kind)  # type: ignore[arg-type]
        self.status.setToolTip(tool_tip(whole))
        self.status.offer(retry=retry, details=self._found is not None)

    def details(self) -> Sequence[Section]:
        """What the details of the status line list."""
        own, read = self.watch.live, self._read
        return sections(self.status.text, self._found, read, self.watch.feed, own, self._remarks, self.model.rows())
