"""What the Review page says while it has no items to show."""

from __future__ import annotations

from ...text import tr
from ..pilots.page_empty import Choice, Empty


def no_copy() -> Empty:
    """The project shows no working copy."""
    return Empty(
        "review",
        tr("No Working Copy in This Project"),
        tr(
            "A field review takes a working copy outside and brings home what was seen. Check out a part of the city "
            "first, or open a working copy that you have."
        ),
        (
            Choice("catalogue", "catalogue", tr("Open the Catalogue")),
            Choice("open", "mActionFileOpen.svg", tr("Open a Working Copy…")),
        ),
    )


def no_items(prepared: int) -> Empty:
    """Nothing was noted yet. ``prepared``: how many packages are outside."""
    if prepared:
        text = tr(
            "Packages were prepared, and nothing has come home yet. Merge a package when its reviewer is back: what "
            "was noted is listed here."
        )
    else:
        text = tr(
            "Prepare a package for outside: layers, background map and tasks in one folder, which needs no network. "
            "What reviewers note is listed here once their package is merged."
        )
    return Empty(
        "review",
        tr("No Review Items Yet"),
        text,
        (
            Choice("prepare", "review-prepare", tr("Prepare Field Review…")),
            Choice("merge", "review-merge", tr("Merge Field Review…")),
        ),
    )


def unreadable(message: str) -> Empty:
    """The file could not be read; ``message`` says why."""
    choice = Choice("again", "mActionRefresh.svg", tr("Try Again"))
    return Empty("change-problem", tr("The Review Items Cannot Be Read"), message, (choice,))


def still_reading() -> Empty:
    """The first look has not come to an end."""
    return Empty("review", tr("Reading Review Items…"), "")
