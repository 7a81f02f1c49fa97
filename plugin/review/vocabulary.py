"""The words of a review: what an item says about the city, and what became of it."""

from __future__ import annotations

from ..text import tr

WRONG, MISSING, NEW, QUESTION, CONFIRMED = "wrong", "missing", "new", "question", "confirmed"
KINDS = (WRONG, MISSING, NEW, QUESTION, CONFIRMED)

OPEN, ACCEPTED, REJECTED, DONE = "open", "accepted", "rejected", "done"
STATUSES = (OPEN, ACCEPTED, REJECTED, DONE)

# from which status to which: an item that was decided can be opened again, and what was accepted ends as done
MOVES: dict[str, tuple[str, ...]] = {
    OPEN: (ACCEPTED, REJECTED, DONE),
    ACCEPTED: (DONE, REJECTED, OPEN),
    REJECTED: (OPEN,),
    DONE: (OPEN,),
}
NEEDS_ANSWER = (REJECTED,)


def kind_title(kind: str) -> str:
    """What an item says, in the user's language; a word that is none of ours as it is."""
    titles = {
        WRONG: tr("Wrong"),
        MISSING: tr("Missing"),
        NEW: tr("New"),
        QUESTION: tr("Question"),
        CONFIRMED: tr("Confirmed"),
    }
    return titles.get(kind, kind)


def kind_meaning(kind: str) -> str:
    """The same as a sentence, for whoever chooses one outside."""
    meanings = {
        WRONG: tr("The twin shows it, but not as it is."),
        MISSING: tr("The twin shows it, and it is not there."),
        NEW: tr("It is there, and the twin does not show it."),
        QUESTION: tr("Somebody in the office should look at it."),
        CONFIRMED: tr("It is as the twin shows it."),
    }
    return meanings.get(kind, "")


def status_title(status: str) -> str:
    """What became of an item, in the user's language; a word that is none of ours as it is."""
    titles = {OPEN: tr("Open"), ACCEPTED: tr("Accepted"), REJECTED: tr("Rejected"), DONE: tr("Done")}
    return titles.get(status, status)
