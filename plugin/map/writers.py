"""Who is at work on a working copy's file: one at a time, and the others can say what they wait for."""

from __future__ import annotations

from pathlib import Path

from qgis.PyQt.QtCore import QObject, pyqtSignal

from ..text import tr


class Writers(QObject):
    """One for the plugin's life; a turn for each file. Main thread. ``changed(path)``: a turn began or ended there."""

    changed = pyqtSignal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._turns: dict[str, Turn] = {}

    def doing(self, path: str | Path) -> str:
        """What goes on in the file, as a sentence; "" where nobody is at work."""
        turn = self._turns.get(_key(path)) if self._turns else None  # pages ask often
        return turn.words if turn is not None else ""

    def try_later(self, path: str | Path) -> str:
        """`doing`, and what to do about it."""
        words = self.doing(path)
        return tr("{what} Try again once that is over.", what=words) if words else ""

    def turn(self, path: str | Path, words: str) -> Turn:
        """A turn to be begun; ``words`` tell others meanwhile what goes on."""
        return Turn(self, path, words)

    def take(self, turn: Turn) -> bool:
        """For `Turn`."""
        mine = self._turns.setdefault(_key(turn.path), turn) is turn
        if mine:
            self.changed.emit(str(turn.path))
        return mine

    def give_back(self, turn: Turn) -> None:
        """For `Turn`."""
        if self._turns.get(_key(turn.path)) is turn:
            del self._turns[_key(turn.path)]
            self.changed.emit(str(turn.path))


class Turn:
    """``begin`` and `end` around all that belongs together: asking, waiting for an edit, writing. Ending twice, or
    without a beginning, does no harm."""

    def __init__(self, writers: Writers, path: str | Path, words: str) -> None:
        self.path, self.words = Path(path), words
        self._writers = writers
        self._begun = False

    def begin(self) -> bool:
        """Whether it is ours now, or was already; False while somebody else is at work."""
        self._begun = self._begun or self._writers.take(self)
        return self._begun

    def end(self) -> None:
        """The next one may begin."""
        if self._begun:
            self._begun = False
            self._writers.give_back(self)


def _key(path: str | Path) -> str:
    return str(Path(path).resolve())
