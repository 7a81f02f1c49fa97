"""Taking decisions back, and making them again.

Qt's own undo stack lives in different modules in Qt 5 and Qt 6, and wants a command object for what is a pair of
values here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .conflict_choices import Decision

_MOST = 500


@dataclass(frozen=True)
class Step:
    """What one act of the user did: key → decision, before and after."""

    text: str
    before: Mapping[str, Decision]
    after: Mapping[str, Decision]


class Steps:
    """The acts so far, and how many of them hold."""

    def __init__(self) -> None:
        self._steps: list[Step] = []
        self._at = 0

    def add(self, step: Step) -> None:
        """A new act; what was taken back before it cannot be made again."""
        self._steps[self._at :] = [step]
        del self._steps[:-_MOST]
        self._at = len(self._steps)

    def undo(self) -> Step | None:
        """The act that is taken back; None where there is none."""
        if not self._at:
            return None
        self._at -= 1
        return self._steps[self._at]

    def redo(self) -> Step | None:
        """The act that is made again."""
        if self._at == len(self._steps):
            return None
        self._at += 1
        return self._steps[self._at - 1]

    def clear(self) -> None:
        """Forget all: what was written cannot be taken back here."""
        self._steps, self._at = [], 0

    @property
    def undo_text(self) -> str:
        """What would be taken back; empty for nothing."""
        return self._steps[self._at - 1].text if self._at else ""

    @property
    def redo_text(self) -> str:
        return self._steps[self._at].text if self._at < len(self._steps) else ""
