"""How a publish is protected against overwriting others, in plain words: before it, and after."""

from __future__ import annotations

from ..text import number, tr
from ..twin.model import Capabilities
from ..workcopy.outcome import PublishReport


def will_be(capabilities: Capabilities) -> tuple[str, str]:
    """What to expect of the twin: a sentence, and "good", "limit" or "bad"."""
    if not capabilities.writable:
        return tr("The twin can only be read: it takes no changes."), "bad"
    if capabilities.tier == "W2":
        if capabilities.max_actions is None:
            return tr("Fully protected: either all of your changes land, or none does."), "good"
        return tr(
            "Fully protected: your changes are sent in sets of at most {n}. Each set lands whole or not at all.",
            n=number(capabilities.max_actions),
        ), "good"
    if capabilities.locking == "none":
        return tr(
            "Unprotected: the twin has no lock. Each feature is compared right before it is written and read again "
            "after; a colleague’s edit in that very moment could be lost."
        ), "limit"
    return tr(
        "Protected: each change is sent behind the twin’s lock, so nobody’s edit is overwritten. They land one by one."
    ), "good"


def was(report: PublishReport) -> str:
    """How a publish was protected."""
    if report.protection == "unprotected":
        return tr(
            "It was unprotected: the twin has no lock. Each feature was compared right before it was written and "
            "read again after."
        )
    if report.protection == "locked":
        return tr("Each change was sent behind the twin’s lock.")
    if report.sets <= 1:
        return tr("What was sent went as one set: all of it or nothing.")
    if report.limit is not None:
        return tr(
            "The twin takes at most {limit} changes at once, so it was sent in {n} sets, each of them all or nothing.",
            limit=number(report.limit),
            n=report.sets,
        )
    return tr("It was sent in {n} sets, each of them all or nothing.", n=report.sets)


def word(protection: str) -> str:
    """In a word, for a list."""
    return {
        "atomic": tr("All or nothing"),
        "locked": tr("Behind a lock"),
        "unprotected": tr("Unprotected"),
    }.get(protection, protection)
