"""All that QGIS's window has for pilots, put together: the page, drawing, the form, and the windows about them."""

from __future__ import annotations

from datetime import date, datetime, timezone
from typing import TYPE_CHECKING

from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...map.log import push_error
from ...map.pilots import mappings, rules
from ...map.pilots.book import PilotBook
from ...map.pilots.links import LinkSource
from ...map.project import ProjectCopies
from ...pilots import stages
from ...pilots import vocabulary as words
from ...pilots.problems import Problem
from ...pilots.record import Pilot
from ...text import tr
from ...twin.errors import CityTwinError
from ..one_dialog import OneDialog
from .dialog import PilotDialog
from .draw import DrawPanel
from .keeper import PilotKeeper
from .layer_action import PilotAction
from .page import PilotsPage
from .stop_dialog import StopDialog, may_delete
from .windows import PilotWindows

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

    from ...map.live.layers import LiveLayers


class PilotsDesk(OneDialog):
    """One for the plugin's life. Whoever owns the window adds `page` to the dock, and calls `stop`.

    ``live`` are the layers whose sensors profiles and reports tell of. ``page_wanted()``: bring the page to the front;
    the others say what the page cannot do.
    """

    page_wanted = pyqtSignal()
    catalogue_wanted = pyqtSignal()
    open_wanted = pyqtSignal()

    def __init__(
        self,
        iface: QgisInterface,
        copies: ProjectCopies,
        live: LiveLayers | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._iface = iface
        self._described_at = ""  # the working copy of the pilot in the form
        self._over = False
        self.book = PilotBook(copies, self)
        self.page = PilotsPage(iface, copies, self.book)
        self.drawing = DrawPanel(iface.mapCanvas(), self.book, iface, self.page)
        self.drawing.hide()
        self.action = PilotAction(self.book, self.edit, self)
        self.keeper = PilotKeeper(iface, self.book, self)
        self.keeper.kept.connect(self.page.show_pilot)
        self.windows = PilotWindows(iface, self.book, live, self)
        self.windows.zoom.connect(self.zoom)
        self.windows.opened.connect(self.edit)
        page = self.page
        page.catalogue_wanted.connect(self.catalogue_wanted)
        page.open_wanted.connect(self.open_wanted)
        page.board_wanted.connect(self.board)
        page.new_wanted.connect(self.new_pilot)
        page.edit_wanted.connect(self.edit)
        page.redraw_wanted.connect(self.redraw)
        page.profile_wanted.connect(self.profile)
        page.report_wanted.connect(self.report)
        page.meet_wanted.connect(self.meet)
        page.stop_wanted.connect(self.stop_pilot)
        page.delete_wanted.connect(self.delete)
        page.fix_wanted.connect(self.fix)
        self.book.changed.connect(self._meanwhile)
        self.drawing.finished.connect(self._drawn)
        self.drawing.cancelled.connect(self._drawing_over)

    # -- drawing and describing

    def new_pilot(self, path: str = "") -> None:
        """Draw a new pilot's area, then describe it."""
        self.page_wanted.emit()
        path = path or self.page.path
        if path and not self.drawing.running and self.dialog is None:
            self._draw(path, None)

    def redraw(self, path: str, key: str) -> None:
        """Draw the area of a pilot anew."""
        record = self.book.record(path, key)
        if record is not None and not self.drawing.running and self.dialog is None:
            self.page_wanted.emit()
            self._draw(path, record.pilot)

    def _draw(self, path: str, pilot: Pilot | None) -> None:
        self.page.show_panel(self.drawing)
        self.drawing.start(path, pilot)

    def _drawn(self, path: str, pilot: Pilot) -> None:
        self._drawing_over()
        if pilot.fid is None:
            self._describe(path, pilot)
        elif self.keeper.save(path, pilot) is None:
            self._draw(path, pilot)  # nothing of it is lost

    def _drawing_over(self) -> None:
        self.page.show_panel(None)

    def edit(self, path: str, key: str) -> None:
        """Open the form of a pilot."""
        record = self.book.record(path, key)
        if record is not None:
            self.page.show_pilot(path, key)
            self._describe(path, record.pilot)

    def _describe(self, path: str, pilot: Pilot) -> None:
        if self._raised():
            return
        source, mapping, copy = self.book.source(path), self.book.mapping(path), self.book.copy(path)
        if source is None:
            return
        dialog = PilotDialog(
            pilot,
            self.book.surroundings(path, pilot.key),
            self.book.today(),
            links=LinkSource(copy),
            mapping=mapping,
            columns=set(mappings.columns(source, mapping)),
            read_only=self.keeper.read_only(path, new=pilot.fid is None),
            parent=self._iface.mainWindow(),
        )
        self._described_at = path
        dialog.located.connect(lambda problem: self.page.map.show_problem(dialog.pilot(), problem))
        dialog.accepted.connect(lambda: self._described(path, dialog))
        dialog.rejected.connect(self._closed)
        self._open(dialog)

    def _meanwhile(self) -> None:
        """The pilot in the form may have been changed elsewhere, and so may its neighbours."""
        dialog, path = self.dialog, self._described_at
        if not isinstance(dialog, PilotDialog) or not dialog.isVisible():
            return
        fid = dialog.pilot().fid
        for record in self.book.records(path) if fid is not None else ():
            if record.pilot.fid == fid:
                dialog.renew(record.pilot, self.book.surroundings(path, record.key))

    def _described(self, path: str, dialog: PilotDialog) -> None:
        if self.keeper.save(path, dialog.pilot(), over=dialog) is None:
            dialog.open()  # as it was filled in
        else:
            self._closed()

    def fix(self, path: str, key: str, problem: Problem) -> None:
        """Mend a problem of a pilot as it is now."""
        self.keeper.fix(path, key, problem)

    def stop_pilot(self, path: str, key: str) -> None:
        """Ask for the reason, and stop a pilot."""
        record = self.book.record(path, key)
        if record is None or self._raised():
            return
        dialog = StopDialog(record.pilot, self._iface.mainWindow())
        dialog.accepted.connect(lambda: self._stopped(path, key, dialog))
        dialog.rejected.connect(self._closed)
        self._open(dialog)

    def _stopped(self, path: str, key: str, dialog: StopDialog) -> None:
        record = self.book.record(path, key)
        try:
            if record is None:
                raise CityTwinError(tr("The pilot is no longer there: it was deleted meanwhile."))
            at = _moment(record.pilot, self.book.today())
            pilot = stages.moved(record.pilot, words.STOPPED, at=at, reason=dialog.reason, by=dialog.role)
        except CityTwinError as error:
            self._closed()
            push_error(self._iface, error)
            return
        if self.keeper.save(path, pilot, over=dialog) is None:
            dialog.open()
        else:
            self._closed()

    def delete(self, path: str, key: str) -> None:
        """Delete a pilot, once the user insists: one that ended is stopped instead."""
        record = self.book.record(path, key)
        if record is None or self._raised():
            return
        answer = may_delete(self._iface.mainWindow(), record.pilot, record.pilot.stage != words.STOPPED)
        if answer == "stop":
            self.stop_pilot(path, key)
        elif answer == "delete":
            self.keeper.remove(path, record.pilot)

    # -- windows about pilots

    def profile(self, path: str, key: str) -> None:
        """What lies inside a pilot."""
        self.windows.profile(path, key)

    def report(self, path: str, key: str) -> None:
        """One page about a pilot, to print."""
        self.windows.report(path, key)

    def meet(self, path: str, key: str) -> None:
        """The agenda of a meeting about a pilot."""
        self.windows.meet(path, key)

    def board(self) -> None:
        """All pilots by stage and time."""
        self.windows.board()

    def zoom(self, path: str, key: str) -> None:
        """Show a pilot on the map and on the page."""
        record = self.book.record(path, key)
        if record is not None:
            self.page.show_pilot(path, key)
            self.page.map.zoom(record.pilot)
            self.page.map.flash(record.pilot)

    def show_pilot(self, path: str, key: str) -> None:
        """Choose a pilot on the page, as a complaint about it elsewhere asks for."""
        self.page_wanted.emit()
        self.page.show_pilot(path, key)

    def stop(self) -> None:
        """At unload: close what is open, and leave nothing behind. The page ends with its dock. Ending twice does
        no harm."""
        if self._over:
            return
        self._over = True
        self.book.changed.disconnect(self._meanwhile)
        if self.dialog is not None:
            self.dialog.done(0)  # not `reject`: the form would ask
        self.windows.stop()
        self.action.stop()
        self.drawing.stop()
        self.book.stop()
        rules.stop()


def _moment(pilot: Pilot, today: date) -> date | datetime:
    """Today; this very moment where something of today has a time, so that it comes behind that."""
    timed = any(change.day == today and "T" in change.at for change in pilot.history)
    return datetime.now(timezone.utc) if timed else today
