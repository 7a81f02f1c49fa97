"""The Catalogue page: choose a twin, find collections, check them out."""

from __future__ import annotations

from pathlib import Path

from qgis.core import Qgis, QgsCoordinateReferenceSystem, QgsMapLayer, QgsProject, QgsRectangle
from qgis.gui import QgisInterface
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtGui import QShowEvent
from qgis.PyQt.QtWidgets import QAbstractButton, QMessageBox, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from ..map import layers, tasks
from ..map.connections import Connection
from ..map.log import push
from ..map.pilots.combining import open_copy
from ..text import tr, trn
from ..twin.errors import CityTwinError
from ..twin.model import Collection
from ..twin.report import tier_name
from ..workcopy.checkout import CheckoutReport
from .catalogue_loader import Catalogue, CatalogueLoader
from .catalogue_model import CatalogueModel
from .checkout_panel import CheckoutPanel
from .checkout_run import CheckoutRun, file_fault, outcome
from .collection_list import CollectionList
from .connection_bar import ConnectionBar
from .demo_control import DemoControl
from .demo_follower import DemoFollower
from .empty_state import EmptyState
from .estimate import Estimate
from .extent_choice import transformed
from .icons import icon
from .pilots.mapping_dialog import MappingDialog
from .status_line import StatusLine


class CataloguePage(QWidget):
    """Nothing is asked of a twin before the page is first seen."""

    def __init__(self, iface: QgisInterface, demo: DemoControl, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._iface = iface
        self._catalogue: Catalogue | None = None
        self.mapping: MappingDialog | None = None
        self._area: tuple[QgsRectangle, QgsCoordinateReferenceSystem] | None = None
        self.model = CatalogueModel(self)
        self.loader = CatalogueLoader(self)
        self.run = CheckoutRun(self)
        self._estimate = Estimate(self)
        self.connections = ConnectionBar()
        self.list = CollectionList(self.model)
        self.panel = CheckoutPanel(iface.mapCanvas())
        self.message = EmptyState(icon("catalogue"), "", "")
        self.status = StatusLine()
        self.demo = DemoFollower(demo, self.connections, self.loader, self.status.say, self)
        self._build()
        self._connect()
        self._show_first_steps()

    def _build(self) -> None:
        chosen = QWidget()
        column = QVBoxLayout(chosen)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.list, 1)
        column.addWidget(self.panel)
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
        self.loader.loaded.connect(self._loaded)
        self.loader.failed.connect(self._not_read)
        self.loader.noted.connect(lambda text: self.status.say(text, "busy"))
        self.loader.described.connect(self.model.update_collection)
        self.list.current_changed.connect(self._look_into)
        self.list.pilots_wanted.connect(self.use_as_pilots)
        self.model.ticks_changed.connect(self._ticked)
        self.panel.extent.changed.connect(self._count)
        self.panel.asked.connect(self.check_out)
        self.panel.cancel_asked.connect(self.run.cancel)
        self._estimate.told.connect(self.panel.say_estimate)
        self.run.progressed.connect(self.panel.progress)
        self.run.finished.connect(self._checked_out)
        self.run.failed.connect(self._failed)
        self.run.cancelled.connect(self._cancelled)
        self.demo.starting.connect(self._demo_starts)
        self.demo.failed.connect(self._demo_failed)
        self.demo.wanted.connect(self.read_again)

    # -- what others may ask of it

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        QTimer.singleShot(0, self.demo.seen)  # after the window is painted

    def focus(self) -> None:
        """Put the cursor where the next step begins."""
        if self._stack.currentIndex() == 1:
            self.list.focus()
        else:
            self.connections.combo.setFocus()

    def read_again(self) -> None:
        """Ask the chosen twin for its catalogue anew."""
        self._choose(self.connections.current)

    def stop(self) -> None:
        """At unload: end what runs, listen to nobody."""
        self.run.cancel()
        self.loader.stop()
        if self.mapping is not None:
            self.mapping.reject()
        self._estimate.stop()
        self.connections.stop()
        self.panel.stop()
        self.demo.stop()

    # -- which twin

    def _choose(self, connection: Connection | None) -> None:
        former = self._catalogue.connection.name if self._catalogue else ""
        if connection is None or connection.name != former:
            self._catalogue = None
            self.model.clear()
            self.list.filter.clear()
        self.loader.stop()
        if connection is None:
            self._show_first_steps()
        elif self.demo.asleep(connection):
            self._show_demo_asleep()
        else:
            self.loader.load(connection)

    def _reading(self, connection: Connection) -> None:
        text = tr("Reading the catalogue of {name}…", name=connection.name)
        self.status.say(text, "busy")
        if self._catalogue is None:
            cancel = self._button(tr("&Cancel"), self._stop_reading)
            self._say("catalogue", tr("One Moment"), text, cancel)

    def _stop_reading(self) -> None:
        self.loader.stop()
        self.status.say(tr("Cancelled"))
        again = self._button(tr("&Read the Catalogue"), self.read_again)
        self._say("catalogue", tr("Catalogue Not Read"), tr("Reading was cancelled."), again)

    def _loaded(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self.model.set_collections(catalogue.collections)
        self._say_what_is_here()
        if not catalogue.collections:
            self._say(
                "catalogue",
                tr("Nothing to Check Out"),
                tr("This twin has no collections. Its makers may add some; then read the catalogue again."),
                self._button(tr("&Read the Catalogue Again"), self.read_again),
            )
            return
        self._stack.setCurrentIndex(1)
        self.panel.propose(catalogue.connection.name)
        self._ticked()

    def _not_read(self, connection: Connection, error: CityTwinError) -> None:
        self._catalogue = None
        self.model.clear()
        self.status.say(tr("The catalogue could not be read"), "bad")
        self._say(
            "mIconWarning.svg",
            tr("{name} Cannot Be Read", name=connection.name),
            error.message,
            self._button(tr("Try &Again"), self.read_again),
            self._button(tr("&Edit Connection…"), self.connections.edit),
        )

    def _say_what_is_here(self) -> None:
        if self._catalogue is None:
            return
        listed = trn("{n} collection", "{n} collections", len(self._catalogue.collections))
        capabilities = self._catalogue.capabilities
        kind = "limit" if capabilities.tier in ("R", "W0") else "good"
        self.status.say(f"{listed} · {tier_name(capabilities)}", kind)  # type: ignore[arg-type]

    def _look_into(self, collection: Collection | None) -> None:
        if collection is not None:
            self.loader.describe(collection)

    def use_as_pilots(self, collection: Collection) -> None:
        """Ask which of its columns are a pilot's."""
        if self._catalogue is None or self.mapping is not None:
            return
        name = self._catalogue.connection.name
        dialog = self.mapping = MappingDialog(name, self._catalogue.collections, self.window(), chosen=collection.id)
        dialog.setWindowModality(Qt.WindowModality.WindowModal)
        dialog.finished.connect(self._mapped)
        dialog.open()

    def _mapped(self, _result: int = 0) -> None:
        dialog, self.mapping = self.mapping, None
        if dialog is not None:
            dialog.deleteLater()

    # -- the demo twin

    def _demo_starts(self, text: str) -> None:
        self._catalogue = None
        self._say("demo-twin", tr("One Moment"), text)

    def _demo_failed(self, sentence: str) -> None:
        again = self._button(tr("&Start Demo Twin"), self.demo.start, "demo-twin")
        self._say("mIconWarning.svg", tr("The Demo Twin Does Not Run"), sentence, again)

    # -- what a page without a list says

    def _show_first_steps(self) -> None:
        self.status.say(tr("No connection yet"))
        self._say(
            "catalogue",
            tr("Connect to Your City's Twin"),
            tr(
                "Its catalogue appears here, and you check out what you need. No twin at hand? The demo twin "
                "runs on this computer and needs no network."
            ),
            self._button(tr("&New Connection…"), self.connections.new, "connect"),
            self._button(tr("&Start Demo Twin"), self.demo.start, "demo-twin"),
        )

    def _show_demo_asleep(self) -> None:
        self.demo.say_asleep()
        self._say(
            "demo-twin",
            tr("The Demo Twin Is Asleep"),
            tr("It runs on this computer while QGIS does. What you published to it is kept."),
            self._button(tr("&Start Demo Twin"), self.demo.start, "demo-twin"),
        )

    def _say(self, picture: str, title: str, text: str, *buttons: QAbstractButton) -> None:
        self.message.tell(icon(picture), title, text)
        self.message.set_buttons(buttons)
        self._stack.setCurrentIndex(0)

    def _button(self, text: str, act: object, picture: str = "") -> QPushButton:
        button = QPushButton(icon(picture), text) if picture else QPushButton(text)
        button.clicked.connect(lambda _checked=False: act())  # type: ignore[operator]
        return button

    # -- the checkout

    def _ticked(self) -> None:
        self.panel.set_ticked(len(self.model.ticked()))
        self._count()

    def _count(self) -> None:
        if self.panel.extent.ready():
            self._estimate.ask(self._catalogue, self.model.ticked(), self.panel.extent.value())
        else:
            self._estimate.ask(None, (), None)

    def check_out(self) -> None:
        """Start the checkout of what is ticked, after asking what has to be asked."""
        path = self.panel.path
        ids = [one.id for one in self.model.ticked()]
        if self._catalogue is None or not ids or self.run.running:
            return
        wrong = file_fault(path)
        if wrong or path is None:
            self.status.say(wrong, "bad")
            self.panel.file.setFocus()
            return
        replace = path.exists()
        if replace and not self._may_replace(path):
            return
        self._area = self.panel.extent.rectangle()
        self.status.say(tr("Checking out into {file}…", file=path.name), "busy")
        self.panel.start()
        self.run.start(self._catalogue.connection, ids, path, self.panel.extent.value(), replace)

    def _may_replace(self, path: Path) -> bool:
        answer = QMessageBox.question(
            self.window(),
            tr("Replace Working Copy"),
            tr("{file} exists already. Replace it? One with unpublished changes is never replaced.", file=path.name),
        )
        return bool(answer == QMessageBox.StandardButton.Yes)

    def _checked_out(self, report: CheckoutReport, seconds: float) -> None:
        self.panel.end()
        text, details = outcome(report, seconds)
        level = Qgis.MessageLevel.Warning if report.problems else Qgis.MessageLevel.Success
        push(self._iface, text, level, detail=details)
        self.status.say(text, "limit" if report.problems else "good")
        self.model.tick(())
        if self._catalogue is not None:
            self.panel.propose(self._catalogue.connection.name)
        tasks.run(
            tr("Opening {file}", file=report.path.name),
            lambda _progress: open_copy(report.path),
            done=lambda copy: layers.add_copy(copy, done=self._zoom),
            failed=self._failed,
            parent=self,
            hidden=True,
        )

    def _zoom(self, added: list[QgsMapLayer]) -> None:
        """To the area that was asked for, else to all that came."""
        canvas = self._iface.mapCanvas()
        crs = QgsProject.instance().crs()
        boxes = [self._area] if self._area is not None else [(one.extent(), one.crs()) for one in added]
        whole = QgsRectangle()
        for rectangle, own in boxes:
            if rectangle.isEmpty() or not rectangle.isFinite() or not own.isValid():
                continue
            here = transformed(rectangle, own, crs)
            if here is not None:
                whole.combineExtentWith(here)
        if not whole.isEmpty():
            whole.scale(1.05)
            canvas.setExtent(whole)
            canvas.refresh()

    def _failed(self, error: CityTwinError) -> None:
        self.panel.end()
        self.status.say(error.message, "bad")
        push(self._iface, error.message, Qgis.MessageLevel.Critical, detail=error.detail)

    def _cancelled(self) -> None:
        self.panel.end()
        self.status.say(tr("Cancelled. Nothing was left half done."))
