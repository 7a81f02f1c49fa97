"""The plugin's life: start, stop, and who is handed what; no logic."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import QgsApplication

from .text import tr, use_language

if TYPE_CHECKING:
    from qgis.core import QgsVectorLayer
    from qgis.gui import QgisInterface

    from .processing.provider import CityTwinProvider

HERE = Path(__file__).resolve().parent


class CityTwinPlugin:
    """What QGIS starts and stops. ``iface`` is None in ``qgis_process``, which calls `initProcessing` only."""

    def __init__(self, iface: QgisInterface | None) -> None:
        self.iface = iface
        self.provider: CityTwinProvider | None = None
        self.window: Window | None = None
        use_language(QgsApplication.locale(), HERE / "i18n")

    def initGui(self) -> None:
        """Add what the window shows, and the Processing provider."""
        self.initProcessing()
        if self.iface is not None:
            self.window = Window(self.iface)

    def initProcessing(self) -> None:
        """Add the Processing provider, with or without a window."""
        # Late imports: qgis_process loads no window, and plain Python can import the packages below.
        from .processing.provider import CityTwinProvider

        self.provider = CityTwinProvider()
        QgsApplication.processingRegistry().addProvider(self.provider)

    def unload(self) -> None:
        """Take away all that `initGui` and `initProcessing` added."""
        window, self.window = self.window, None
        if window is not None:
            window.close()
        provider, self.provider = self.provider, None
        if provider is not None:
            QgsApplication.processingRegistry().removeProvider(provider)


class Window:
    """All that the plugin adds to QGIS's window: docks, tool bar, menu, layer-tree indicators, live layers."""

    def __init__(self, iface: QgisInterface) -> None:
        from qgis.PyQt.QtCore import QObject, Qt
        from qgis.PyQt.QtGui import QAction
        from qgis.PyQt.QtWidgets import QMenu

        from .gui.badge import ChangeBadge
        from .gui.catalogue_page import CataloguePage
        from .gui.changes_page import ChangesPage
        from .gui.demo_control import DemoControl
        from .gui.dock import CityTwinDock
        from .gui.icons import icon
        from .gui.indicators import ChangeIndicators
        from .gui.live_desk import LiveDesk
        from .gui.pilots.desk import PilotsDesk
        from .gui.review.desk import ReviewDesk
        from .map.garbage import Peace
        from .map.processes import DemoTwin
        from .map.project import ProjectCopies

        self.iface = iface
        self.root = QObject()  # parent of all that has no widget for one
        self.peace = Peace(self.root)
        self.copies = ProjectCopies(self.root)
        self.demo = DemoControl(DemoTwin(self.root), self.root)
        self.indicators = ChangeIndicators(iface.layerTreeView(), self.copies, self.show_layer_changes)
        self.catalogue = CataloguePage(iface, self.demo)
        self.changes = ChangesPage(self.copies, iface)
        self.changes.catalogue_wanted.connect(self.show_catalogue)
        self.live = LiveDesk(iface, self.copies, self.demo, self.root)
        self.pilots = PilotsDesk(iface, self.copies, self.live.layers, self.root)
        self.pilots.page_wanted.connect(self.show_pilots)
        self.pilots.catalogue_wanted.connect(self.show_catalogue)
        self.pilots.open_wanted.connect(self.changes.open_copy)
        self.changes.pilot_wanted.connect(self.pilots.show_pilot)
        self.review = ReviewDesk(iface, self.copies, self.live.layers, self.root)
        self.review.page_wanted.connect(self.show_review)
        self.review.catalogue_wanted.connect(self.show_catalogue)
        self.review.open_wanted.connect(self.changes.open_copy)
        self.review.conflicts_wanted.connect(self.resolve_in)
        self.dock = CityTwinDock(iface.mainWindow())
        self.dock.add_page("catalogue", icon("catalogue"), tr("Catalogue"), self.catalogue)
        self.dock.add_page("changes", icon("changes"), tr("Changes"), self.changes)
        self.dock.add_page("sensors", icon("sensors"), tr("Sensors"), self.live.page)
        self.dock.add_page("pilots", icon("pilots"), tr("Pilots"), self.pilots.page)
        self.dock.add_page("review", icon("review"), tr("Review"), self.review.page)
        self.badge = ChangeBadge(self.copies, self.dock.rail.button("changes"), self.root)
        iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.dock)

        # A menu of our own: QGIS's addPluginToMenu leaves its menu behind.
        self.menu = QMenu(tr("City Twin"), iface.mainWindow())
        self.menu.setIcon(icon("icon"))
        iface.pluginMenu().addMenu(self.menu)
        self.toolbar = iface.addToolBar(tr("City Twin"))
        self.toolbar.setObjectName("CityTwinToolBar")
        self.actions: dict[str, QAction] = {}
        between = ("", "", "", None)
        doings: tuple[tuple[str, str, str, Callable[[], None] | None], ...] = (
            ("dock", "icon", tr("City Twin Panel"), None),
            between,
            ("checkout", "checkout", tr("Check Out…"), self.show_catalogue),
            ("pull", "pull", tr("Pull"), self.pull),
            ("publish", "publish", tr("Publish…"), self.publish),
            ("conflicts", "conflicts", tr("Resolve Conflicts…"), self.resolve),
            ("history", "history", tr("Publish History…"), self.show_history),
            between,
            ("sensors", "sensors", tr("Live Sensors…"), self.show_sensors),
            ("chart", "chart", tr("Sensor Chart"), self.live.show_chart),
            ("thresholds", "threshold", tr("Thresholds…"), self.live.edit_thresholds),
            ("log", "threshold-log", tr("Threshold Log"), self.live.show_log),
            ("snapshot", "snapshot", tr("Keep a Snapshot…"), self.live.keep_snapshot),
            ("playback", "playback", tr("Play Back…"), self.live.play_back),
            between,
            ("pilots", "pilots", tr("Pilots"), self.show_pilots),
            ("new_pilot", "pilot-new", tr("New Pilot Area…"), self.pilots.new_pilot),
            ("portfolio", "pilot-board", tr("Pilot Portfolio…"), self.pilots.board),
            between,
            ("review", "review", tr("Field Review"), self.show_review),
            ("prepare_review", "review-prepare", tr("Prepare Field Review…"), self.review.prepare),
            ("merge_review", "review-merge", tr("Merge Field Review…"), self.review.merge),
            between,
            ("demo", "demo-twin", tr("Start Demo Twin"), self.start_demo),
        )
        in_the_tool_bar = ("dock", "checkout", "pull", "publish", "sensors")  # five are enough
        for name, picture, title, act in doings:
            if not name:
                self.menu.addSeparator()
                continue
            action = self.actions[name] = QAction(icon(picture), title, self.root)
            action.setObjectName(f"CityTwin_{name}")
            if act is not None:
                action.triggered.connect(lambda _checked=False, act=act: act())
            self.menu.addAction(action)
            if name in in_the_tool_bar:
                self.toolbar.addAction(action)
        self.dock.setToggleVisibilityAction(self.actions["dock"])

    def show_catalogue(self) -> None:
        """Where a checkout begins."""
        self._show("catalogue")
        self.catalogue.focus()

    def pull(self) -> None:
        """Bring what others changed into the working copies of the project."""
        self._show("changes")
        self.changes.pull()

    def resolve(self) -> None:
        """Open the conflicts; without any the Changes page says so."""
        self._show("changes")
        self.changes.resolve()

    def resolve_in(self, path: str) -> None:
        """Open the conflicts of one working copy."""
        self._show("changes")
        self.changes.resolve_wanted.emit(path)

    def show_history(self) -> None:
        """What was published from the working copy."""
        self._show("changes")
        self.changes.show_history()

    def publish(self) -> None:
        """Open the publish window; without changes the Changes page says so."""
        self._show("changes")
        self.changes.publish()

    def show_sensors(self) -> None:
        """Where live layers begin."""
        self._show("sensors")
        self.live.page.focus()

    def show_pilots(self) -> None:
        """Pilot areas: where they are drawn, described and followed."""
        self._show("pilots")
        self.pilots.page.focus()

    def show_review(self) -> None:
        """What was noted outside, and the walk through a package."""
        self._show("review")
        self.review.page.focus()

    def show_layer_changes(self, layer: QgsVectorLayer) -> None:
        """What of one layer is not published."""
        self._show("changes")
        self.changes.show_layer(layer)

    def start_demo(self) -> None:
        """Start the demo twin, and show its catalogue once it is ready."""
        self._show("catalogue")
        self.demo.start()

    def _show(self, page: str) -> None:
        self.dock.setUserVisible(True)
        self.dock.show_page(page)

    def close(self) -> None:
        """Take all of it away again; what runs is ended."""
        from .map import engine, tasks

        self.dock.stop()
        self.review.stop()
        self.pilots.stop()
        self.live.stop()
        self.indicators.stop()
        self.copies.stop()
        self.demo.stop()
        tasks.cancel_all()
        self.peace.stop()
        engine.end_all()
        self.iface.pluginMenu().removeAction(self.menu.menuAction())
        self.iface.removeDockWidget(self.dock)
        self.iface.mainWindow().removeToolBar(self.toolbar)
        for one in (self.indicators, self.menu, self.toolbar, self.dock, self.root):
            one.deleteLater()
