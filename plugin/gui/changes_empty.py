"""What the Changes page says while it has no changes to show."""

from __future__ import annotations

from dataclasses import dataclass

from ..text import tr


@dataclass(frozen=True)
class Choice:
    """A button: ``name`` is what the page does then."""

    name: str
    icon: str
    text: str


@dataclass(frozen=True)
class Empty:
    """An icon, a title, what to do first, and the buttons for it."""

    icon: str
    title: str
    text: str
    choices: tuple[Choice, ...] = ()


def nothing_here() -> Empty:
    """The project shows no working copy."""
    return Empty(
        "changes",
        tr("No Working Copy in This Project"),
        tr(
            "Check out a part of the twin first, or open a working copy that you have. What you then change with QGIS "
            "is listed here."
        ),
        (
            Choice("catalogue", "catalogue", tr("Open the Catalogue")),
            Choice("open", "mActionFileOpen.svg", tr("Open a Working Copy…")),
        ),
    )


def unreadable(message: str) -> Empty:
    """The file could not be read; ``message`` says why."""
    choice = Choice("again", "mActionRefresh.svg", tr("Try Again"))
    return Empty("change-problem", tr("The Changes Cannot Be Read"), message, (choice,))


def still_reading() -> Empty:
    """The first look has not come to an end."""
    return Empty("changes", tr("Reading Changes…"), "")


def nothing_changed() -> Empty:
    """The working copy is what the twin had."""
    return Empty(
        "change-published",
        tr("Nothing to Publish"),
        tr(
            "Your working copy holds what the twin had when you last checked out or pulled. Edit its layers with "
            "QGIS’s own tools and save: every change appears here, with what was there before."
        ),
    )
