"""Reading the changes of a working copy in a task, and only once at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from qgis.PyQt.QtCore import QObject, pyqtSignal

from ..map import garbage, tasks
from ..map.pilots.combining import open_copy
from ..text import tr
from ..twin.errors import CityTwinError
from ..twin.progress import Progress, check
from ..workcopy.conflicts import Conflict
from ..workcopy.copy import WorkingCopy
from ..workcopy.source import Source
from .changes_model import Row, prepare


@dataclass(frozen=True)
class Reading:
    """What one working copy holds, as of one moment."""

    copy: WorkingCopy
    layers: tuple[tuple[Source, tuple[str, ...], list[Row]], ...]  # source, what is broken, its changes
    conflicts: Mapping[str, Conflict]  # change key → conflict

    @property
    def total(self) -> int:
        return sum(len(rows) for _, _, rows in self.layers)


def read(path: Path, progress: Progress) -> Reading:
    """Open and read. Raises `CityTwinError`."""
    copy = open_copy(path)
    layers = []
    conflicts: dict[str, Conflict] = {}
    for source in copy.sources:
        check(progress)
        broken = tuple(copy.problems.get(source.table, ()))
        rows = [] if broken else prepare(copy.changes(source.table), source.title or source.table)
        layers.append((source, broken, rows))
        if not broken:
            conflicts.update((_key(conflict), conflict) for conflict in copy.conflicts(source.table))
    garbage.set_aside()  # shown until the next reading: the collector would hold up the window looking at all of it
    return Reading(copy, tuple(layers), conflicts)


def _key(conflict: Conflict) -> str:
    """As `Change.key` has it: what both added is a new feature here."""
    return f"{conflict.table}/new-{conflict.fid}" if conflict.kind == "create-create" else conflict.key


class ChangeReader(QObject):
    """``read_soon`` may be called as often as one likes: while one reading runs, at most one more waits."""

    done = pyqtSignal(str, object)  # path, Reading
    failed = pyqtSignal(str, object)  # path, CityTwinError

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._running: dict[str, tasks.TaskHandle] = {}
        self._again: set[str] = set()

    @property
    def busy(self) -> bool:
        return bool(self._running)

    def read_soon(self, path: Path) -> None:
        """Read ``path`` now, or once more after the reading that runs."""
        key = str(path)
        if key in self._running:
            self._again.add(key)
            return

        def over(then: Callable[[], None]) -> None:
            self._running.pop(key, None)
            if key in self._again:
                self._again.discard(key)
                self.read_soon(path)
            else:
                then()

        def failed(error: CityTwinError) -> None:
            over(lambda: self.failed.emit(key, error))

        self._running[key] = tasks.run(
            tr("Reading changes"),
            lambda progress: read(path, progress),
            done=lambda reading: over(lambda: self.done.emit(key, reading)),
            failed=failed,
            cancelled=lambda: over(lambda: None),
            parent=self,
        )

    def forget(self, path: str) -> None:
        """The working copy left the project: nobody needs the rest of it."""
        self._again.discard(path)
        if path in self._running:
            self._running[path].cancel()
