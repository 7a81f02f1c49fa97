"""How long work tells how far it is, and learns that it should stop."""

from __future__ import annotations

from typing import Protocol

from ..text import tr
from .errors import Cancelled


class Progress(Protocol):
    """Implemented by QgsTask and Processing feedback adapters in ``map``; called from the working thread."""

    def cancelled(self) -> bool:
        """True once the user asked to stop."""

    def report(self, done: int, total: int | None, text: str) -> None:
        """``done`` of ``total`` steps (None: unknown), and one sentence for the user."""

    def note(self, text: str) -> None:
        """Something the user should know that is no error ("The twin asks us to wait 5 s")."""


class Silent:
    """A Progress for nobody."""

    def cancelled(self) -> bool:
        return False

    def report(self, done: int, total: int | None, text: str) -> None:
        pass

    def note(self, text: str) -> None:
        pass


SILENT = Silent()


def check(progress: Progress) -> None:
    """Raise `Cancelled` when the user asked to stop."""
    if progress.cancelled():
        raise Cancelled(tr("Cancelled. Nothing was left half done."))
