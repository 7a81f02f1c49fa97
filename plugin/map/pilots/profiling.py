"""The profile of a pilot in the background: layers, live sensors, and why it is not whole where it is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timezone
from pathlib import Path

from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...pilots.analysis import NoGeopandas, geopandas
from ...pilots.figures import Profile
from ...pilots.ground import ground_of
from ...pilots.mapping import PilotMapping
from ...pilots.measure import box_in
from ...pilots.profile import outline_profile, profile
from ...pilots.record import Pilot
from ...sensors.live import Live
from ...text import tr
from ...twin.errors import CityTwinError
from ...twin.progress import Progress
from ...twin.sensorthings import Datastream
from ...workcopy.copy import WorkingCopy
from .. import layers, tasks
from ..live.layers import LiveLayers
from . import posts
from .book import PilotBook
from .posts import LastDays, Post


@dataclass(frozen=True)
class Outcome:
    """``whole``: all was computed; else ``trouble`` says why only the outline was. ``sensors_known``: there are live
    layers to know sensors from; ``sensors_complete``: and nothing more of them is being read. ``unsaved``: titles of
    layers whose unsaved edits are not included. ``remarks``: what came up with the sensors' last day."""

    profile: Profile
    pilot: Pilot
    when: datetime  # UTC
    whole: bool = True
    trouble: str = ""
    sensors_known: bool = False
    sensors_complete: bool = True
    unsaved: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Question:
    """What the working thread is given."""

    copy: WorkingCopy
    pilot: Pilot
    others: Sequence[Pilot]
    mapping: PilotMapping
    today: date
    lives: tuple[Live, ...] | None
    streams: tuple[tuple[Datastream, ...], ...]


class Profiling(QObject):
    """One profile at a time. Main thread; the work is done in a task.

    ``progressed(done, total or None, text)``; then ``found(Outcome)``, ``failed(CityTwinError)`` or ``cancelled()``.
    After `found` the sensors' last days are read: ``found`` comes again as they come, and ``ended()`` when no more is
    under way.
    """

    progressed = pyqtSignal(int, object, str)
    found = pyqtSignal(object)
    failed = pyqtSignal(object)
    cancelled = pyqtSignal()
    ended = pyqtSignal()

    def __init__(self, book: PilotBook, live: LiveLayers | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._book, self._live = book, live
        self._task: tasks.TaskHandle | None = None
        self._days: LastDays | None = None
        self._outcome: Outcome | None = None

    @property
    def busy(self) -> bool:
        """Whether the profile itself is being computed."""
        return self._task is not None

    @property
    def reading_days(self) -> bool:
        """Whether the sensors' last days are being read."""
        return self._days is not None

    def start(self, path: str, key: str, *, hidden: bool = False) -> None:
        """Compute it (anew). What is under way is dropped. ``hidden``: QGIS's status bar says nothing of it."""
        self._drop()
        record, copy = self._book.record(path, key), self._book.copy(path)
        if copy is None:
            self.failed.emit(
                CityTwinError(
                    tr(
                        "The working copy {file} is no longer in the project. Add it again to see what lies in its "
                        "pilots.",
                        file=Path(path).name,
                    )
                )
            )
            return
        if record is None:
            self.failed.emit(
                CityTwinError(
                    tr("This pilot is not in {file} any more: it was deleted, or never saved.", file=Path(path).name)
                )
            )
            return
        known = posts.known(self._live)
        around = self._book.surroundings(path, key)
        question = _Question(
            copy,
            record.pilot,
            around.others,
            self._book.mapping(path),
            self._book.today(),
            known.lives if known else None,
            known.streams if known else (),
        )
        unsaved = _unsaved(copy, self._book.source(path))
        mine: list[tasks.TaskHandle] = []

        def over() -> bool:
            return not mine or self._task is not mine[0]

        def done(result: tuple[Profile, list[Post], str]) -> None:
            if over():
                return
            self._task = None
            computed, inside, trouble = result
            self._outcome = Outcome(
                computed,
                question.pilot,
                datetime.now(timezone.utc),
                not trouble,
                trouble,
                known is not None,
                known is None or known.complete,
                unsaved,
            )
            self.found.emit(self._outcome)
            if inside and known is not None:
                self._read_days(known, inside)
            else:
                self.ended.emit()

        def failed(error: CityTwinError) -> None:
            if not over():
                self._task = None
                self.failed.emit(error)

        def cancelled() -> None:
            if not over():
                self._task = None
                self.cancelled.emit()

        def progressed(count: int, total: int | None, text: str) -> None:
            if not over():
                self.progressed.emit(count, total, text)

        self._task = tasks.run(
            tr("Profile of {name}", name=record.pilot.label),
            lambda progress: _computed(question, progress),
            done=done,
            failed=failed,
            cancelled=cancelled,
            progress=progressed,
            note=lambda _text: None,
            parent=self,
            hidden=hidden,
        )
        mine.append(self._task)

    def cancel(self) -> None:
        """Stop what is under way; what was found stays."""
        if self._task is not None:
            self._task.cancel()
        elif self._days is not None:
            self._drop()
            self.ended.emit()

    def stop(self) -> None:
        """Nobody is left to be told."""
        self._drop()

    def _drop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
        days, self._days = self._days, None
        if days is not None:
            days.stop()
            days.deleteLater()

    def _read_days(self, known: posts.Known, inside: list[Post]) -> None:
        days = self._days = LastDays(known.feeds, inside, self)
        days.changed.connect(self._days_came)
        days.ended.connect(self._days_ended)
        days.start()

    def _days_came(self) -> None:
        days, outcome = self._days, self._outcome
        if days is not None and outcome is not None:
            remarks = (days.trouble,) if days.trouble else ()
            self._outcome = replace(outcome, profile=replace(outcome.profile, sensors=days.sensors), remarks=remarks)
            self.found.emit(self._outcome)

    def _days_ended(self) -> None:
        days = self._days
        if days is None:
            return
        if days.trouble:
            self._days_came()
        self._drop()
        self.ended.emit()


def _computed(question: _Question, progress: Progress) -> tuple[Profile, list[Post], str]:
    """Any thread. The profile, the posts inside, and why only the outline could be measured."""
    if question.lives is not None:
        progress.report(0, None, tr("Looking for sensors"))
    shape, _ = ground_of(question.pilot)
    west, east, south, north = shape.GetEnvelope()
    try:
        geopandas()  # before anything else that comes with it
        box = box_in(4326, (west, south, east, north))
        near = posts.posts(question.lives or (), question.streams, box, progress)
        computed = profile(
            question.copy,
            question.pilot,
            today=question.today,
            sensors=[post.sensor for post in near],
            mapping=question.mapping,
            others=question.others,
            progress=progress,
        )
    except NoGeopandas as error:
        outline = outline_profile(
            question.copy, question.pilot, today=question.today, mapping=question.mapping, others=question.others
        )
        return outline, [], error.message
    kept = {id(sensor) for sensor in computed.sensors}
    return computed, [post for post in near if id(post.sensor) in kept], ""


def _unsaved(copy: WorkingCopy, pilots: object) -> tuple[str, ...]:
    """Titles of the layers with unsaved edits, which are not in the file yet; those of the pilots count."""
    found: dict[str, None] = {}
    for layer in layers.editing_layers(copy.path):
        origin = layers.origin_of(layer)
        source = next((one for one in copy.sources if origin is not None and one.table == origin[1]), None)
        if source is not None and source is not pilots and source != pilots and layer.isModified():
            found[source.title] = None
    return tuple(found)
