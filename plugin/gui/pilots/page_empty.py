"""What the Pilots page says while it has no pilots to show."""

from __future__ import annotations

from dataclasses import dataclass

from ...text import tr


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


def no_copy() -> Empty:
    """The project shows no working copy."""
    return Empty(
        "pilots",
        tr("No Working Copy in This Project"),
        tr(
            "Pilot areas are a layer of the twin. Check out its collection of pilots first, or open a working copy "
            "that you have."
        ),
        (
            Choice("catalogue", "catalogue", tr("Open the Catalogue")),
            Choice("open", "mActionFileOpen.svg", tr("Open a Working Copy…")),
        ),
    )


def no_layer(names: str) -> Empty:
    """There are working copies, ``names``, but none has pilots."""
    return Empty(
        "pilots",
        tr("No Pilots Checked Out"),
        tr(
            "{names} holds no pilots. Check out the collection “pilots” of the twin too. If your twin calls its pilots "
            "otherwise, right-click their collection in the catalogue and choose “Use as Pilots…”.",
            names=names,
        ),
        (Choice("catalogue", "catalogue", tr("Open the Catalogue")),),
    )


def not_shown(file: str) -> Empty:
    """The working copy has pilots, their layer was removed from the project."""
    return Empty(
        "pilots",
        tr("The Layer of Pilots Was Removed"),
        tr(
            "{file} holds pilots, but their layer is not in the project. Nothing is lost: it can be added again.",
            file=file,
        ),
        (Choice("add", "mActionAddOgrLayer.svg", tr("Add the Layer Again")),),
    )


def no_pilots(able: bool) -> Empty:
    """The layer has no rows. ``able``: the twin takes new ones."""
    if not able:
        return Empty("pilots", tr("No Pilots Yet"), tr("The twin has no pilots, and takes none from here."))
    return Empty(
        "pilots",
        tr("No Pilots Yet"),
        tr("Draw the first: its area on the map, then what is tried there, for whom and with whom."),
        (Choice("new", "pilot-new", tr("New Pilot…")),),
    )


def unreadable(message: str) -> Empty:
    """The pilots could not be read; ``message`` says why."""
    choice = Choice("again", "mActionRefresh.svg", tr("Try Again"))
    return Empty("change-problem", tr("The Pilots Cannot Be Read"), message, (choice,))


def still_reading() -> Empty:
    """The first look has not come to an end."""
    return Empty("pilots", tr("Reading Pilots…"), "")
