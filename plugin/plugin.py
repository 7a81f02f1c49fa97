"""The plugin's life: start, stop, and who is handed what; no logic."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import QgsApplication

from .text import tr, use_language

if TYPE_CHECKING:
    from qgis.core import QgsVectorLayer
    from qgis.gui import QgisInterface

    from .gui.badge import ChangeBadge
    from .gui.catalogue_page import CataloguePage
    from .gui.changes_page import ChangesPage
    from .gui.demo_control import DemoControl
    from .gui.indicators import ChangeIndicators
    from .gui.live_desk import LiveDesk
    from .gui.pilots.desk import PilotsDesk
    from .gui.review.desk import ReviewDesk
    from .map.garbage import Peace
    from .map.project import ProjectCopies
    from .processing.provider import CityTwinProvider

HERE = Path(__file__).resolve().parent
# page of the dock → the part of the window that makes it
_PAGES = {"catalogue": "catalogue", "changes": "changes", "sensors": "live", "pilots": "pilots", "review": "review"}


class CityTwinPlugin:
    """What QGIS starts and stops. ``iface`` is None in ``qgis_process``, which calls `initProcessing` only."""

    def __init__(self, iface: QgisInterface | None) -> None:
        self.iface = iface
        self.provider: CityTwinProvider | None = None
        self.window: Window | None = None
        use_language(QgsApplication.locale(), HERE / "i18n")

    def initGui(self) -> None:
        """Add what the window shows, and the Processing provider, whose algorithms come last."""
        if self.iface is None:
            self.initProcessing()
            return
        provider = self._add_provider(late=True)
        self.window = Window(self.iface, provider.wake)

    def initProcessing(self) -> None:
        """Add the Processing provider: all that there is without a window."""
        self._add_provider()

    def _add_provider(self, *, late: bool = False) -> CityTwinProvider:
        # Late imports: qgis_process loads no window, and plain Python can import the packages below.
        from .processing.provider import CityTwinProvider

        self.provider = CityTwinProvider(late=late)
        QgsApplication.processingRegistry().addProvider(self.provider)
        return self.provider

    def unload(self) -> None:
        """Take away all that `initGui` and `initProcessing` added."""
        window, self.window = self.window, None
        if window is not None:
            window.close()
        provider, self.provider = self.provider, None
        if provider is not None:
            QgsApplication.processingRegistry().removeProvider(provider)


class Window:
    """All that the plugin adds to QGIS's window: docks, tool bar, menu, layer-tree indicators, live layers.

    Its parts are made when they are first asked for: by the user, or by `warm_up` soon after QGIS's start.
    """

    def __init__(self, iface: QgisInterface, woken: Callable[[], None]) -> None:
        """``woken()``: called once, when QGIS has started and its parts are made."""
        from qgis.PyQt.QtCore import QObject, Qt

        from .gui.dock import CityTwinDock
        from .gui.icons import icon
        from .gui.warm_up import WarmUp
        from .map import qgis_3d  # noqa: F401 - says why

        self.iface = iface
        self.root = QObject()  # parent of all that has no widget for one
        self.dock = CityTwinDock(iface.mainWindow())
        self.dock.add_page("catalogue", icon("catalogue"), tr("Catalogue"), lambda: self.catalogue)
        self.dock.add_page("changes", icon("changes"), tr("Changes"), lambda: self.changes)
        self.dock.add_page("sensors", icon("sensors"), tr("Sensors"), lambda: self.live.page)
        self.dock.add_page("pilots", icon("pilots"), tr("Pilots"), lambda: self.pilots.page)
        self.dock.add_page("review", icon("review"), tr("Review"), lambda: self.review.page)
        iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.dock)
        self._add_actions()
        self.warm_up = WarmUp(self._parts(woken), self.root)
        if iface.mainWindow().isVisible():
            self.warm_up.start()
        else:
            iface.initializationCompleted.connect(self.warm_up.start)

    def _parts(self, woken: Callable[[], None]) -> Iterator[Callable[[], object]]:
        """What is to be loaded and made, in steps. Who listens to the project comes first."""
        from .gui.warm_up import modules, styles

        yield from modules()
        for part in ("peace", "copies", "indicators", "badge", "live", "pilots", "review"):
            yield partial(getattr, self, part)
        for page in _PAGES:
            yield partial(self.dock.page, page)
            yield from styles(self.dock.page(page))
        yield woken

    # -- the parts

    @cached_property
    def peace(self) -> Peace:
        from .map.garbage import Peace

        return Peace(self.root)

    @cached_property
    def copies(self) -> ProjectCopies:
        from .map.project import ProjectCopies

        return ProjectCopies(self.root)

    @cached_property
    def demo(self) -> DemoControl:
        from .gui.demo_control import DemoControl
        from .map.processes import DemoTwin

        return DemoControl(DemoTwin(self.root), self.root)

    @cached_property
    def indicators(self) -> ChangeIndicators:
        from .gui.indicators import ChangeIndicators

        return ChangeIndicators(self.iface.layerTreeView(), self.copies, self.show_layer_changes)

    @cached_property
    def badge(self) -> ChangeBadge:
        from .gui.badge import ChangeBadge

        return ChangeBadge(self.copies, self.dock.rail.button("changes"), self.root)

    @cached_property
    def catalogue(self) -> CataloguePage:
        from .gui.catalogue_page import CataloguePage

        return CataloguePage(self.iface, self.demo)

    @cached_property
    def changes(self) -> ChangesPage:
        from .gui.changes_page import ChangesPage

        page = ChangesPage(self.copies, self.iface)
        page.catalogue_wanted.connect(self.show_catalogue)
        page.pilot_wanted.connect(self._of("pilots", "show_pilot"))
        return page

    @cached_property
    def live(self) -> LiveDesk:
        from .gui.live_desk import LiveDesk

        return LiveDesk(self.iface, self.copies, self.demo, self.root)

    @cached_property
    def pilots(self) -> PilotsDesk:
        from .gui.pilots.desk import PilotsDesk

        desk = PilotsDesk(self.iface, self.copies, self.live.layers, self.root)
        desk.page_wanted.connect(self.show_pilots)
        desk.catalogue_wanted.connect(self.show_catalogue)
        desk.open_wanted.connect(self._of("changes", "open_copy"))
        return desk

    @cached_property
    def review(self) -> ReviewDesk:
        from .gui.review.desk import ReviewDesk

        desk = ReviewDesk(self.iface, self.copies, self.live.layers, self.root)
        desk.page_wanted.connect(self.show_review)
        desk.catalogue_wanted.connect(self.show_catalogue)
        desk.open_wanted.connect(self._of("changes", "open_copy"))
        desk.conflicts_wanted.connect(self.resolve_in)
        return desk

    def _of(self, part: str, method: str) -> Callable[..., None]:
        """A method of a part that need not be made before it is called."""

        def call(*given: object) -> None:
            getattr(getattr(self, part), method)(*given)

        return call

    # -- menu and tool bar

    def _add_actions(self) -> None:
        from qgis.PyQt.QtGui import QAction
        from qgis.PyQt.QtWidgets import QMenu

        from .gui.icons import icon

        # A menu of our own: QGIS's addPluginToMenu leaves its menu behind.
        self.menu = QMenu(tr("City Twin"), self.iface.mainWindow())
        self.menu.setIcon(icon("icon"))
        self.iface.pluginMenu().addMenu(self.menu)
        self.toolbar = self.iface.addToolBar(tr("City Twin"))
        self.toolbar.setObjectName("CityTwinToolBar")
        self.actions: dict[str, QAction] = {}
        between = ("", "", "", None)
        doings: tuple[tuple[str, str, str, Callable[..., None] | None], ...] = (
            ("dock", "icon", tr("City Twin Panel"), None),
            between,
            ("checkout", "checkout", tr("Check Out…"), self.show_catalogue),
            ("pull", "pull", tr("Pull"), self.pull),
            ("publish", "publish", tr("Publish…"), self.publish),
            ("conflicts", "conflicts", tr("Resolve Conflicts…"), self.resolve),
            ("history", "history", tr("Publish History…"), self.show_history),
            between,
            ("sensors", "sensors", tr("Live Sensors…"), self.show_sensors),
            ("chart", "chart", tr("Sensor Chart"), self._of("live", "show_chart")),
            ("thresholds", "threshold", tr("Thresholds…"), self._of("live", "edit_thresholds")),
            ("log", "threshold-log", tr("Threshold Log"), self._of("live", "show_log")),
            ("snapshot", "snapshot", tr("Keep a Snapshot…"), self._of("live", "keep_snapshot")),
            ("playback", "playback", tr("Play Back…"), self._of("live", "play_back")),
            between,
            ("pilots", "pilots", tr("Pilots"), self.show_pilots),
            ("new_pilot", "pilot-new", tr("New Pilot Area…"), self._of("pilots", "new_pilot")),
            ("portfolio", "pilot-board", tr("Pilot Portfolio…"), self._of("pilots", "board")),
            between,
            ("review", "review", tr("Field Review"), self.show_review),
            ("prepare_review", "review-prepare", tr("Prepare Field Review…"), self._of("review", "prepare")),
            ("merge_review", "review-merge", tr("Merge Field Review…"), self._of("review", "merge")),
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

        self.warm_up.stop()
        for page, part in _PAGES.items():
            if part in vars(self):
                self.dock.page(page)  # goes with it
        self.dock.stop()
        for part in ("review", "pilots", "live", "indicators", "copies", "demo"):
            self._stop(part)
        tasks.cancel_all()
        self._stop("peace")
        engine.end_all()
        self.iface.pluginMenu().removeAction(self.menu.menuAction())
        self.iface.removeDockWidget(self.dock)
        self.iface.mainWindow().removeToolBar(self.toolbar)
        for one in (vars(self).get("indicators"), self.menu, self.toolbar, self.dock, self.root):
            if one is not None:
                one.deleteLater()

    def _stop(self, part: str) -> None:
        """Stop a part if it was made."""
        made = vars(self).get(part)
        if made is not None:
            made.stop()
