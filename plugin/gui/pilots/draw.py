"""Drawing the area of a pilot, guided: draw or take it, see what the checks say while it comes to be, go on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qgis.core import Qgis, QgsCoordinateReferenceSystem, QgsProject, QgsSettings, QgsVectorLayer
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QVBoxLayout, QWidget

from ...map import tasks
from ...map.log import push
from ...map.pilots.snapping import edge_layers
from ...map.pilots.taking import Taken, selections, taking
from ...pilots.record import Pilot
from ...text import tr
from ...twin.errors import CityTwinError
from ..tool_tip import tool_tip
from .draw_area import How
from .draw_bands import Bands
from .draw_draft import Draft
from .draw_guide import guide
from .draw_pen import Pen
from .draw_view import DrawView

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

    from ...map.pilots.book import PilotBook

_SNAP, _AVOID = "citytwin/pilots/snap", "citytwin/pilots/avoid"


class DrawPanel(QWidget):
    """``finished(path, Pilot)``: the pilot with its new area. ``cancelled()``: the user does not go on, or the layer of
    pilots is gone; its message was shown then, and what was drawn is there again at the next `start`."""

    finished = pyqtSignal(str, object)
    cancelled = pyqtSignal()

    def __init__(
        self, canvas: QgsMapCanvas, book: PilotBook, iface: QgisInterface, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._canvas, self._book, self._iface = canvas, book, iface
        self._path, self._key, self._layer_id = "", "", ""
        self._crs = QgsCoordinateReferenceSystem()
        self._left: dict[tuple[str, str], bytes] = {}
        self._task: tasks.TaskHandle | None = None
        self._running = False
        self.draft = Draft(self)
        self.pen = Pen(canvas, iface, self)
        self.bands = Bands(canvas, self)
        self.view = DrawView()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)
        self.view.snap.setChecked(QgsSettings().value(_SNAP, True, type=bool))
        self.view.avoid.setChecked(QgsSettings().value(_AVOID, False, type=bool))
        self._connect()

    @property
    def running(self) -> bool:
        """Whether an area is being drawn."""
        return self._running

    # -- from outside

    def start(self, path: str, pilot: Pilot | None) -> None:
        """Draw the area of ``pilot``, or of a new one, in the working copy ``path``."""
        self._end()
        layer, source = self._book.layer(path), self._book.source(path)
        if layer is None or source is None:
            push(
                self._iface,
                tr("The layer of pilots is not in the project, so no area can be drawn. Add it and try again."),
                Qgis.MessageLevel.Warning,
            )
            self.cancelled.emit()
            return
        found = pilot if pilot is not None else Pilot(srid=source.srid)
        self._path, self._key, self._layer_id = path, found.key, layer.id()
        self._crs = QgsCoordinateReferenceSystem.fromEpsgId(found.srid)
        self._running = True
        self._listen(True)
        new = found.fid is None and found.twin_id is None
        self.view.title.say(tr("New Pilot Area") if new else tr("Area of {name}", name=found.label))
        self.view.notice.say("")
        left = self._left.pop((path, self._key), None)
        self.draft.set_avoid(self.view.avoid.isChecked())
        self.draft.begin(found, self._book.surroundings(path, found.key), left)
        self.pen.set_snapping(self.view.snap.isChecked())
        self.bands.zoom_to(left or found.wkb, self._crs)
        self._selected()
        self._show()

    def stop(self) -> None:
        """Leave nothing on the map, and listen to nothing more: at unload. Ending twice does no harm."""
        self._end()

    # -- signals

    def _connect(self) -> None:
        view = self.view
        self.draft.changed.connect(self._show)
        self.draft.failed.connect(self._failed)
        self.pen.changed.connect(self._penned)
        self.pen.drawn.connect(self._drawn)
        self.pen.failed.connect(self._failed)
        self.pen.short.connect(lambda: view.notice.say(tr("An area needs three corners at least. Click on.")))
        view.draw_button.clicked.connect(self._draw)
        view.take_button.clicked.connect(lambda _checked=False: self._open_take())
        view.take.asked.connect(self._take)
        view.take.stopped.connect(lambda: self._task.cancel() if self._task is not None else None)
        view.take.select.connect(self._select)
        view.hows.idClicked.connect(lambda number: self.draft.set_how(list(How)[number]))
        view.snap.toggled.connect(self._snapped)
        view.avoid.toggled.connect(self._avoided)
        view.undo_button.clicked.connect(lambda _checked=False: self.draft.undo())
        view.redo_button.clicked.connect(lambda _checked=False: self.draft.redo())
        view.problems.zoom.connect(self.bands.zoom)
        view.problems.fix.connect(self.draft.fix)
        view.continue_button.clicked.connect(lambda _checked=False: self._continue())
        view.cancel_button.clicked.connect(lambda _checked=False: self._cancel())

    def _listen(self, on: bool) -> None:
        """To the project and the map, only while an area is drawn."""
        project = QgsProject.instance()
        for signal, slot in (
            (project.layersWillBeRemoved, self._leaving),
            (self._book.changed, self._surrounded),
            (self._canvas.selectionChanged, self._selected),
            (self._canvas.layersChanged, self._selected),
        ):
            signal.connect(slot) if on else signal.disconnect(slot)

    # -- drawing and taking

    def _draw(self, _checked: bool = False) -> None:
        self.view.notice.say("")
        if self.pen.active:
            self.pen.lay_down()
        else:
            self.view.take_button.setChecked(False)
            copy = self._book.copy(self._path)
            self.pen.take_up(self._crs, [copy] if copy is not None else [])
        self._show()

    def _penned(self) -> None:
        if not self._running:
            return
        self.view.notice.say("")
        self.draft.sketch(self.pen.outline())
        self._show()

    def _drawn(self, wkb: bytes) -> None:
        self.view.notice.say("")
        self.draft.put(wkb)
        self.pen.lay_down()

    def _open_take(self) -> None:
        self.view.notice.say("")
        if self.view.take_button.isChecked():
            self.pen.lay_down()
        self._selected()
        self._show()

    def _select(self) -> None:
        """QGIS's own tool that selects, where there is one."""
        action = getattr(self._iface, "actionSelect", lambda: None)()
        if action is not None:
            action.trigger()

    def _selected(self, *_: object) -> None:
        if self._running:
            self.view.take.show_selections(selections(QgsProject.instance()))
            self._show_snap()
            self._show()

    def _take(self) -> None:
        box, project = self.view.take, QgsProject.instance()
        wanted = [layer for layer in map(project.mapLayer, box.layers) if isinstance(layer, QgsVectorLayer)]
        try:
            work = taking(wanted, self._crs, box.metres, box.widen.isChecked())
        except CityTwinError as error:
            self._failed(error)
            return
        self.view.notice.say("")
        box.show_busy(True)
        self._task = tasks.run(
            tr("Taking the area from selected features"),
            work,
            done=self._taken,
            failed=self._not_taken,
            cancelled=self._not_taken,
            parent=self,
        )
        self._show()

    def _taken(self, taken: Taken) -> None:
        if self._task is None:
            return  # of what was drawn before
        self._not_taken()
        self.view.take_button.setChecked(False)
        self.draft.put(taken.wkb, taken.notes)
        self.bands.zoom_to(taken.wkb, self._crs)

    def _not_taken(self, error: CityTwinError | None = None) -> None:
        if self._task is None:
            return
        self._task = None
        self.view.take.show_busy(False)
        if error is not None:
            self._failed(error)
        self._show()

    # -- switches

    def _snapped(self, on: bool) -> None:
        QgsSettings().setValue(_SNAP, on)
        self.pen.set_snapping(on)
        self._show()

    def _avoided(self, on: bool) -> None:
        QgsSettings().setValue(_AVOID, on)
        self.draft.set_avoid(on)

    # -- meanwhile

    def _surrounded(self) -> None:
        self.draft.set_around(self._book.surroundings(self._path, self._key))

    def _leaving(self, ids: Sequence[str]) -> None:
        if self._layer_id not in ids:
            return
        path, key = self._path, self._key
        area = self.draft.unfinished()
        self._end()
        text = tr("The layer of pilots left the project, so drawing ended.")
        if area is not None:
            self._left[path, key] = area
            text = tr(
                "The layer of pilots left the project, so drawing ended. What was drawn is there again when you go on."
            )
        push(self._iface, text, Qgis.MessageLevel.Warning)
        self.cancelled.emit()

    def _failed(self, error: CityTwinError) -> None:
        self.view.notice.say(error.message, "bad")

    # -- the end

    def _continue(self) -> None:
        if self.draft.hindrance():
            return
        path, pilot = self._path, self.draft.outcome()
        self._end()
        self.finished.emit(path, pilot)

    def _cancel(self) -> None:
        self._end()
        self.cancelled.emit()

    def _end(self) -> None:
        if not self._running:
            return
        self._running = False
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
        self._listen(False)
        self.pen.stop()
        self.draft.end()
        self.bands.clear()
        self.view.take.show_busy(False)
        self.view.take_button.setChecked(False)
        self._path, self._key, self._layer_id = "", "", ""

    # -- what is shown

    def _show(self) -> None:
        if not self._running:
            return
        view, draft, pen = self.view, self.draft, self.pen
        taking_ = view.take_button.isChecked()
        view.draw_button.setChecked(pen.active)
        view.take.setVisible(taking_)
        view.show_how(draft.has_area, draft.how)
        view.undo_button.setEnabled(draft.can_undo)
        view.redo_button.setEnabled(draft.can_redo)
        view.show_verdict(draft.verdict, draft.notes, draft.checking)
        view.show_hindrance(draft.hindrance() if not pen.corners else tr("Finish the outline first."))
        view.guide.say(
            guide(
                draft, drawing=pen.active, corners=pen.corners, taking=taking_,
                selected=len(view.take.chosen), busy=self._task is not None,
            )
        )  # fmt: skip
        self.bands.show(draft.verdict.pilot.wkb, draft.verdict.whole, draft.verdict.problems, self._crs)

    def _show_snap(self) -> None:
        copy = self._book.copy(self._path)
        names = [layer.name() for layer in edge_layers(self._canvas, [copy] if copy is not None else [])]
        self.view.snap.setEnabled(bool(names))
        tip = tr("The map shows no districts, parcels or pilots to snap to")
        if names:
            tip = tr("While you draw, corners snap to: {layers}", layers=", ".join(names))
        self.view.snap.setToolTip(tool_tip(tip))
