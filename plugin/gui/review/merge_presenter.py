"""Merging field reviews without a window: which packages, into which working copy, and what came of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from qgis.PyQt.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, pyqtSignal

from ...map.review.home import Came, HomeComing, Sessions
from ...map.writers import Writers
from ...text import tr
from ..icons import icon
from ..tool_tip import tool_tip
from . import merge_words

State = Literal["new", "busy", "merged", "asks", "failed"]
PACKAGE, BROUGHT = 0, 1
_ICONS: dict[State, str] = {
    "new": "review", "busy": "mActionRefresh.svg", "merged": "change-published", "asks": "change-conflict",
    "failed": "change-problem",
}  # fmt: skip


class PackagesModel(QAbstractTableModel):
    """The packages that were chosen, in their order: Package · What it brought."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._paths: list[Path] = []
        self._came: dict[Path, Came] = {}
        self._busy: Path | None = None

    @property
    def paths(self) -> list[Path]:
        return list(self._paths)

    @property
    def todo(self) -> list[Path]:
        """Those that were not merged yet, or could not be."""
        return [path for path in self._paths if path not in self._came or self._came[path].summary is None]

    def came(self, row: int) -> Came | None:
        """What became of the package in a row."""
        return self._came.get(self._paths[row]) if 0 <= row < len(self._paths) else None

    def state(self, row: int) -> State:
        """How far it is."""
        path = self._paths[row]
        came = self._came.get(path)
        if path == self._busy:
            return "busy"
        if came is None:
            return "new"
        if came.summary is None:
            return "failed"
        return "asks" if came.summary.conflicts else "merged"

    def add(self, paths: Iterable[Path]) -> int:
        """Add those that are not there yet; how many."""
        fresh = [path for path in dict.fromkeys(paths) if path not in self._paths]
        if fresh:
            at = len(self._paths)
            self.beginInsertRows(QModelIndex(), at, at + len(fresh) - 1)
            self._paths.extend(fresh)
            self.endInsertRows()
        return len(fresh)

    def remove(self, rows: Iterable[int]) -> None:
        """Take packages out of the list."""
        for row in sorted(set(rows), reverse=True):
            self.beginRemoveRows(QModelIndex(), row, row)
            self._came.pop(self._paths.pop(row), None)
            self.endRemoveRows()

    def forget(self) -> None:
        """Another working copy: nothing came to it yet."""
        self._came.clear()
        self._tell()

    def begin(self, path: Path | None) -> None:
        """That package is being merged; None: none is."""
        self._busy = path
        self._tell()

    def end(self, came: Came) -> None:
        """A package was merged, or was not."""
        self._busy = None
        self._came[came.path] = came
        self._tell()

    def _tell(self) -> None:
        if self._paths:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._paths) - 1, BROUGHT))

    # -- Qt's side ---------------------------------------------------------------------------------------------------

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's
        return 0 if parent.isValid() else len(self._paths)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's
        return 0 if parent.isValid() else 2

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (tr("Package"), tr("What it brought"))[section]
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._paths):
            return None
        row, column = index.row(), index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._paths[row].name if column == PACKAGE else self._words(row)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tool_tip(str(self._paths[row]) if column == PACKAGE else self._words(row))
        if role == Qt.ItemDataRole.DecorationRole and column == PACKAGE:
            return icon(_ICONS[self.state(row)])
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self._paths[row].name}, {self._words(row)}" if column == PACKAGE else self._words(row)
        return None

    def _words(self, row: int) -> str:
        if self.state(row) == "busy":
            return tr("merging…")
        came = self.came(row)
        return merge_words.headline(came) if came is not None else tr("not merged yet")


class MergePresenter(QObject):
    """Main thread. ``written`` names a working copy once nothing more is written into it; ``over``: a run has ended."""

    changed = pyqtSignal()
    progressed = pyqtSignal(int, object, str)
    written = pyqtSignal(str)
    over = pyqtSignal()

    def __init__(self, sessions: Callable[[Path], Sessions], writers: Writers, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.packages = PackagesModel(self)
        self.copy: Path | None = None
        self.home: HomeComing | None = None
        self.cancelled = False
        self._sessions, self._writers = sessions, writers
        self._run: list[Came] = []

    @property
    def running(self) -> bool:
        return self.home is not None

    @property
    def waiting(self) -> str:
        """What it waits for; empty where it does not."""
        home = self.home
        return merge_words.waiting(home.editing) if home is not None and home.phase == "waiting" else ""

    @property
    def can_save(self) -> bool:
        """Whether saving the edits would let it go on."""
        editing = self.home.editing if self.home is not None and self.home.phase == "waiting" else None
        return editing is not None and bool(editing.unsaved) and not (editing.drawing or editing.others)

    @property
    def obstacle(self) -> str:
        """Why nothing can be merged just now; empty where it can."""
        if self.copy is None:
            return tr("Open the working copy that the packages were made of first.")
        if not self.packages.todo:
            return tr("Add a package first.") if not self.packages.paths else tr("All of them were merged.")
        return ""

    @property
    def conflicts(self) -> int:
        """That came with the packages of the list."""
        found = (self.packages.came(row) for row in range(self.packages.rowCount()))
        return sum(came.summary.conflicts for came in found if came is not None and came.summary is not None)

    @property
    def said(self) -> str:
        """What came of the last run."""
        return merge_words.together(self._run, self.cancelled)

    @property
    def all_well(self) -> bool:
        """Whether the last run left nothing to do or to know."""
        return not self.cancelled and all(came.summary is not None and not came.summary.conflicts for came in self._run)

    def choose(self, copy: Path | None) -> None:
        """Into which working copy."""
        if copy != self.copy and not self.running:
            self.copy = copy
            self.packages.forget()
            self.changed.emit()

    def add(self, paths: Sequence[Path]) -> None:
        """Add packages."""
        self.packages.add(paths)
        self.changed.emit()

    def remove(self, rows: Iterable[int]) -> None:
        """Take packages out of the list."""
        if not self.running:
            self.packages.remove(rows)
            self.changed.emit()

    def start(self) -> None:
        """Merge those that were not merged yet, one after the other."""
        if self.obstacle or self.running or self.copy is None:
            return
        self._run, self.cancelled = [], False
        home = self.home = HomeComing(self.copy, self.packages.todo, self._sessions(self.copy), self._writers, self)
        home.changed.connect(self._has_moved)
        home.progressed.connect(self.progressed)
        home.came.connect(self._came)
        home.over.connect(self._is_over)
        home.start()

    def save_and_go_on(self) -> str:
        """Save the edits that it waits for; why they could not be saved."""
        return self.home.save_and_go_on() if self.home is not None else ""

    def cancel(self) -> None:
        """Stop after what is whole."""
        if self.home is not None:
            self.home.cancel()

    def stop(self) -> None:
        """The window goes: let the layers go, and say nothing more."""
        home, self.home = self.home, None
        if home is not None:
            home.stop()

    def _has_moved(self) -> None:
        home = self.home
        if home is not None:
            self.packages.begin(home.under_way if home.phase == "merging" else None)
            self.changed.emit()

    def _came(self, came: Came) -> None:
        self._run.append(came)
        self.packages.end(came)
        self.changed.emit()

    def _is_over(self, cancelled: bool) -> None:
        home, self.home = self.home, None
        self.cancelled = cancelled
        if home is not None:
            home.deleteLater()
        self.packages.begin(None)
        self.changed.emit()
        if self._run or cancelled:
            self.written.emit(str(self.copy))
        self.over.emit()
