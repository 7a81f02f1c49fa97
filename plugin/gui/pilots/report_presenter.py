"""A report without a window: made and shown anew as the choices change, then saved as PDF or opened as a layout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from qgis.core import QgsPrintLayout
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QImage

from ...map import layers, tasks
from ...map.live.layers import LiveLayers
from ...map.pilots import report_image, report_layout, report_pdf, report_run, rules
from ...map.pilots.book import PilotBook, Record
from ...map.pilots.profiling import Outcome, Profiling
from ...map.pilots.report import Report, Wanted
from ...map.pilots.report_parts import Page
from ...map.pilots.report_run import Order
from ...map.tasks import TaskHandle
from ...pilots.figures import Sensor
from ...pilots.record import Pilot
from ...text import language, tr
from ...twin.errors import CityTwinError
from ...twin.progress import Progress

Result = TypeVar("Result")
_SOON = 250  # ms: several ticks become one page


@dataclass(frozen=True)
class Made:
    """A page, what it was made of, and how it looks."""

    order: Order
    page: Page
    pilots: tuple[Pilot, ...]  # of the map, the report's own first
    picture: QImage


class ReportPresenter(QObject):
    """Main thread; all work is done in tasks.

    ``changed()``: there is something else to show. ``progressed(text)``. ``saved(Path)``: the PDF is there.
    ``opened(QgsPrintLayout)``: the layout is in the project. ``failed(CityTwinError)``: one of these two went wrong.
    """

    changed = pyqtSignal()
    progressed = pyqtSignal(str)
    saved = pyqtSignal(object)
    opened = pyqtSignal(object)
    failed = pyqtSignal(object)

    def __init__(
        self, book: PilotBook, path: str, key: str, live: LiveLayers | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.path, self.key = path, key
        self.wanted = Wanted(language() if language() == "nl" else "en")
        self.made: Made | None = None
        self.error: CityTwinError | None = None
        self.cancelled = False
        self._book = book
        self._task: TaskHandle | None = None
        self._layout_runs = False
        self._stopped = False
        self._sensors: Sequence[Sensor] | None = None
        self._profiling = Profiling(book, live, self) if live is not None else None
        self._sensors_asked = live is None
        if self._profiling is not None:
            self._profiling.found.connect(self._sensors_found)
            self._profiling.ended.connect(self._go_on)
            self._profiling.failed.connect(lambda _error: self._go_on())
            self._profiling.cancelled.connect(self._was_cancelled)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.start)
        book.changed.connect(self._look)

    # -- questions

    @property
    def busy(self) -> bool:
        """Whether a page is being made, saved or laid out."""
        asking = self._profiling is not None and (self._profiling.busy or self._profiling.reading_days)
        return self._task is not None or self._layout_runs or asking or bool(self._timer.isActive())

    @property
    def record(self) -> Record | None:
        """The pilot as it is now; None where it is no more."""
        return self._book.record(self.path, self.key)

    @property
    def title(self) -> str:
        record = self.record
        if record is not None:
            return record.pilot.label
        return self.made.page.title if self.made is not None else self.key

    @property
    def file_name(self) -> str:
        """Without what file systems refuse, and without an ending."""
        tidy = "".join(sign if sign.isalnum() or sign in " -_." else " " for sign in self.title)
        return " ".join(tidy.split())[:80].rstrip(" .") or tr("report")

    @property
    def unsaved(self) -> tuple[str, ...]:
        """Layers with unsaved edits that no report can hold yet; those of the pilots it does."""
        pilots = self._book.layer(self.path)
        found = [layer for layer in layers.editing_layers(Path(self.path)) if layer.isModified()]
        return tuple(dict.fromkeys(layer.name() for layer in found if layer is not pilots))

    # -- making

    def choose(self, wanted: Wanted) -> None:
        """Make the page anew, as soon as nobody chooses any more."""
        if wanted != self.wanted:
            self.wanted = wanted
            self._timer.start(_SOON)
            self.changed.emit()

    def start(self) -> None:
        """Make the page, now. What was shown stays until there is something better."""
        self._timer.stop()
        self._drop()
        self.error, self.cancelled = None, False
        if not self._sensors_asked and self._profiling is not None and self.record is not None:
            self._sensors_asked = True
            self.progressed.emit(tr("Looking for sensors"))
            self._profiling.start(self.path, self.key)
        else:
            self._make()
        self.changed.emit()

    def _sensors_found(self, outcome: Outcome) -> None:
        self._sensors = outcome.profile.sensors if outcome.sensors_known else None

    def _go_on(self) -> None:
        if not self._stopped and self._task is None:
            self._make()
            self.changed.emit()

    def _make(self) -> None:
        record, copy = self.record, self._book.copy(self.path)
        if record is None or copy is None:
            self.error = CityTwinError(
                tr("This pilot is not in the working copy any more, so there is nothing to report about.")
            )
            return
        layer = self._book.layer(self.path)
        order = Order(
            copy,
            record.pilot,
            self.wanted,
            self._book.today(),
            self._book.mapping(self.path),
            tuple(self._book.surroundings(self.path, self.key).others),
            self._sensors,
            layer is not None and bool(layer.isModified()),
            rules.current(),
        )
        self._run(
            tr("Report about {name}", name=record.pilot.label), lambda progress: _made(order, progress), self._done
        )

    def _done(self, made: Made) -> None:
        self.made = made
        self.changed.emit()

    def _look(self) -> None:
        """The book has changed: what is shown may be old."""
        record = self.record
        if self.made is None or self._stopped or self._timer.isActive():
            return
        others = tuple(self._book.surroundings(self.path, self.key).others)
        if record is None or record.pilot != self.made.order.pilot or others != self.made.order.others:
            self._timer.start(_SOON)
            self.changed.emit()

    # -- taking it away

    def save(self, path: Path) -> None:
        """Write what is shown as PDF; then ``saved`` or ``failed``."""
        made = self.made
        if made is None or self.busy:
            return

        def work(progress: Progress) -> Path:
            order = made.order
            report_pdf.write(made.page, path, order.copy, made.pilots, order.mapping, progress)
            return path

        self._run(tr("Writing {file}", file=path.name), work, self.saved.emit, self.failed.emit)

    def open_layout(self) -> None:
        """Add what is shown to the project as a layout; then ``opened`` or ``failed``."""
        made, source = self.made, self._book.source(self.path)
        if made is None or source is None or self.busy:
            return
        order = made.order

        def work(progress: Progress) -> report_layout.Prepared:
            return report_layout.prepared(made.page, order.copy, source, order.mapping, order.pilot)

        def done(ready: report_layout.Prepared) -> None:
            self._layout_runs = True
            report_layout.add(ready, order.copy.path, source, laid, self._let_go)

        def laid(layout: QgsPrintLayout) -> None:
            self._layout_runs = False
            self.opened.emit(layout)
            self.changed.emit()

        self._run(tr("Laying out the page"), work, done, self.failed.emit)

    def _let_go(self) -> bool:
        """Whether nobody waits for a layout any more."""
        return sip.isdeleted(self) or self._stopped or not self._layout_runs

    # -- tasks

    def _run(
        self,
        text: str,
        work: Callable[[Progress], Result],
        done: Callable[[Result], None],
        failed: Callable[[CityTwinError], None] | None = None,
    ) -> None:
        mine: list[TaskHandle] = []

        def ended(tell: Callable[[], None]) -> None:
            if not mine or self._task is not mine[0]:
                return  # another one was started, or it was dropped
            self._task = None
            tell()
            self.changed.emit()

        def went_wrong(error: CityTwinError) -> None:
            if failed is not None:
                failed(error)
            else:
                self.error = error

        self._task = tasks.run(
            text,
            work,
            done=lambda result: ended(lambda: done(result)),
            failed=lambda error: ended(lambda: went_wrong(error)),
            cancelled=lambda: ended(self._was_cancelled),
            progress=lambda _done, _total, words: self.progressed.emit(words),
            parent=self,
        )
        mine.append(self._task)
        self.progressed.emit(text)
        self.changed.emit()

    def cancel(self) -> None:
        """Stop what is under way; what was shown stays, and no file is left half written."""
        self._layout_runs = False
        if self._task is not None:
            self._task.cancel()
        elif self._profiling is not None and (self._profiling.busy or self._profiling.reading_days):
            self._profiling.cancel()
        self.changed.emit()

    def _was_cancelled(self) -> None:
        self.cancelled = True
        self.changed.emit()

    def _drop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()

    def stop(self) -> None:
        """The window is closed. Ending twice does no harm."""
        if self._stopped:
            return
        self._stopped = True
        self._timer.stop()
        self._drop()
        if self._profiling is not None:
            self._profiling.stop()
        self._book.changed.disconnect(self._look)


def _made(order: Order, progress: Progress) -> Made:
    """Any thread. Raises `Cancelled`, `CityTwinError`."""
    report: Report
    report, page = report_run.make(order, progress)
    pilots = (report.pilot, *report.others)
    progress.report(0, None, tr("Drawing the map"))
    return Made(order, page, pilots, report_image.image(page, order.copy, pilots, order.mapping, progress))
