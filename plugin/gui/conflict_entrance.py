"""Where conflicts begin on the Changes page: the strip, and the windows that it opens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.PyQt.QtCore import pyqtSignal

from ..map.writers import Writers
from .change_reader import Reading
from .conflict_strip import ConflictStrip
from .conflicts_desk import ConflictsDesk
from .edit_sessions import EditSessions

if TYPE_CHECKING:
    from qgis.gui import QgisInterface


class ConflictEntrance(ConflictStrip):
    """A `ConflictStrip` that knows the working copies. ``written`` and ``writers`` as in `ConflictsDesk`."""

    publish = pyqtSignal()

    def __init__(self, iface: QgisInterface, written: Callable[[Path, EditSessions], None], writers: Writers) -> None:
        super().__init__()
        self.desk = ConflictsDesk(iface, written, writers, self)
        self.desk.decided.connect(self._say)
        self.desk.publish.connect(lambda _path: self.publish.emit())
        self._readings: Mapping[str, Reading] = {}

    def follow(self, readings: Mapping[str, Reading]) -> None:
        """The working copies of now, by path."""
        self._readings = readings
        self.desk.keep_only(readings)
        self._say()

    def look_again(self, path: str) -> None:
        """Somebody wrote the file."""
        self.desk.look_again(path)

    def open(self, path: str, key: str = "") -> None:
        """Open the window of a working copy, at a conflict where one is named."""
        if path in self._readings:
            self.desk.open(self._readings[path].copy, key)

    def stop(self) -> None:
        """The plugin is taken away."""
        self.desk.stop()

    def _say(self) -> None:
        counts, decided = {}, 0
        for path, reading in self._readings.items():
            counts[path] = (reading.copy.path.stem, len(reading.conflicts))
            decided += self.desk.waiting(path, {conflict.key for conflict in reading.conflicts.values()})
        self.tell(counts, decided)
