"""The profile of one pilot without a window: asked for, followed, told when it is no longer true, and taken away."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ...map.live.layers import LiveLayers
from ...map.pilots.book import PilotBook, Record
from ...map.pilots.profiling import Outcome, Profiling
from ...pilots.figures import as_json
from ...pilots.record import Pilot
from ...text import tr
from ...twin.errors import CityTwinError
from ...workcopy.copy import Watch
from ...workcopy.source import Source
from .. import csv_file
from . import profile_files

_QUIET = 700  # ms after a write


class ProfilePresenter(QObject):
    """Main thread.

    ``changed()``: there is something else to show. ``progressed(done, total or None, text)``. ``aged()``: whether what
    is shown is still true may be another answer now.
    """

    changed = pyqtSignal()
    progressed = pyqtSignal(int, object, str)
    aged = pyqtSignal()

    def __init__(
        self, book: PilotBook, path: str, key: str, live: LiveLayers | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.path, self.key = path, key
        self.outcome: Outcome | None = None
        self.error: CityTwinError | None = None
        self.cancelled = False  # the user stopped the last one
        self.outdated = ""  # why what is shown is no longer true
        self._book = book
        self._around: tuple[object, ...] = ()
        self._watch: Watch | None = None
        # a file is written for many reasons, as when an edit session begins: what is shown may still be true
        self._second = Profiling(book, None, self)
        self._second.found.connect(self._compare)
        self._doubt = QTimer(self)
        self._doubt.setSingleShot(True)
        self._doubt.setInterval(_QUIET)
        self._doubt.timeout.connect(self._look_closer)
        self._work = Profiling(book, live, self)
        self._work.found.connect(self._found)
        self._work.failed.connect(self._failed)
        self._work.cancelled.connect(self._stopped)
        self._work.ended.connect(self.changed)
        self._work.progressed.connect(self.progressed)
        book.changed.connect(self._look)

    # -- what is asked for

    def start(self) -> None:
        """Compute it, or compute it anew. What is shown stays until there is something better."""
        self.error, self.cancelled, self.outdated = None, False, ""
        self._around = self._others()
        self._close_watch()
        self._doubt.stop()
        self._second.stop()
        try:
            self._watch = Watch(Path(self.path))
        except CityTwinError as error:
            self._failed(error)
            return
        self._work.start(self.path, self.key)
        self.changed.emit()

    def cancel(self) -> None:
        """Stop what is under way; what was shown stays."""
        self._work.cancel()

    def stop(self) -> None:
        """The window is closed. Ending twice does no harm."""
        self._work.stop()
        self._second.stop()
        self._doubt.stop()
        self._close_watch()
        try:
            self._book.changed.disconnect(self._look)
        except TypeError:  # it is disconnected
            return

    # -- questions

    @property
    def busy(self) -> bool:
        return self._work.busy

    @property
    def reading_days(self) -> bool:
        return self._work.reading_days

    @property
    def record(self) -> Record | None:
        """The pilot as it is now; None where it is no more."""
        return self._book.record(self.path, self.key)

    @property
    def pilot(self) -> Pilot | None:
        """The pilot of which the shown profile is, else the one as it is now."""
        if self.outcome is not None:
            return self.outcome.pilot
        record = self.record
        return record.pilot if record is not None else None

    @property
    def sources(self) -> tuple[Source, ...]:
        """The layers of the working copy; none where it is gone."""
        copy = self._book.copy(self.path)
        return tuple(copy.sources) if copy is not None else ()

    @property
    def file_name(self) -> str:
        """What a file of this profile would be called, without an ending."""
        name = self.pilot.label if self.pilot is not None else self.key
        tidy = "".join(sign if sign.isalnum() or sign in " -_." else " " for sign in name)
        return tr("profile {name}", name=" ".join(tidy.split()))

    # -- taking it away

    def as_text(self) -> str:
        """For the clipboard: sentences, and tables with tabs between."""
        return profile_files.text(self.outcome, self.sources) if self.outcome is not None else ""

    def save(self, path: Path) -> str:
        """Write it, as CSV where ``path`` ends so, else as JSON; a sentence that says where. Raises `CityTwinError`."""
        if self.outcome is None:
            raise CityTwinError(tr("There is no profile yet."))
        if path.suffix.lower() == ".csv":
            csv_file.write(path, profile_files.rows(self.outcome))
        else:
            words = json.dumps(as_json(self.outcome.profile), ensure_ascii=False, indent=2)
            profile_files.write(path, words)
        return tr("The profile is in {file}.", file=path.name)

    # -- what comes

    def _found(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.changed.emit()

    def _failed(self, error: CityTwinError) -> None:
        self.error = error
        self.changed.emit()

    def _stopped(self) -> None:
        self.cancelled = True
        self.changed.emit()

    def _look(self) -> None:
        """The book has changed: is what is shown, or being computed, still true?"""
        if self._watch is None or self.outdated:
            return
        why = self._why()
        if why:
            self._outdate(why)

    def _why(self) -> str:
        record = self.record
        if record is None:
            return tr("This pilot is not in the working copy any more. What is shown is how it was.")
        shown = self.outcome.pilot if self.outcome is not None else record.pilot
        if _seen(record.pilot) != _seen(shown) or self._others() != self._around:
            return _changed()
        try:
            if self._watch is not None and self._watch.changed():
                self._doubt.start()
        except CityTwinError as error:
            return error.message
        return ""

    def _look_closer(self) -> None:
        if self._work.busy:
            self._doubt.start()
        elif self.outcome is not None and self.outcome.whole and not self.outdated:
            self._second.start(self.path, self.key, hidden=True)

    def _compare(self, now: Outcome) -> None:
        """What the profile would be now; sensors go on by themselves."""
        shown = self.outcome
        if shown is None or self.outdated:
            return
        if replace(now.profile, sensors=(), made=shown.profile.made) != replace(shown.profile, sensors=()):
            self._outdate(_changed())

    def _outdate(self, why: str) -> None:
        self.outdated = why
        self.aged.emit()

    def _others(self) -> tuple[object, ...]:
        return tuple(_seen(other) for other in self._book.surroundings(self.path, self.key).others)

    def _close_watch(self) -> None:
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.close()


def _seen(pilot: Pilot) -> object:
    """What a profile shows of a pilot, or depends on."""
    return pilot.key, pilot.name, pilot.stage, pilot.start, pilot.end, pilot.wkb, pilot.srid


def _changed() -> str:
    return tr("The working copy has changed since. Refresh to see what lies inside now.")
