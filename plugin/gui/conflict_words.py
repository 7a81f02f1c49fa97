"""Conflicts in words that a planner uses."""

from __future__ import annotations

from ..text import tr, trn
from ..workcopy.columns import Stored
from ..workcopy.conflicts import Conflict, ConflictCell
from ..workcopy.wording import shown
from .conflict_choices import Choice, Decision, Pick, is_open, open_cells
from .moments import moment


def kind_words(conflict: Conflict) -> str:
    """What happened, in a few words."""
    if conflict.outside:
        return {
            "update-delete": tr("A field review deleted it, you changed it"),
            "delete-update": tr("It was deleted, a field review changed it"),
        }.get(conflict.kind, tr("You and a field review changed it"))
    return {
        "update-update": tr("You both changed it"),
        "update-delete": tr("They deleted it, you changed it"),
        "delete-update": tr("You deleted it, they changed it"),
        "create-create": tr("You both added it"),
    }.get(conflict.kind, conflict.kind)


def who_words(conflict: Conflict) -> str:
    """Who made theirs, and when; empty where the twin does not tell."""
    if conflict.outside:
        return _who_outside(conflict)
    when = moment(conflict.changed or "")
    who = conflict.who or tr("Somebody else")
    if not conflict.who and not when:
        return ""
    if not conflict.theirs_there:
        if when:
            return tr("{who} deleted it on the twin, {when}.", who=who, when=when)
        return tr("{who} deleted it on the twin.", who=who)
    if conflict.kind == "create-create":
        if when:
            return tr("{who} added theirs on the twin, {when}.", who=who, when=when)
        return tr("{who} added theirs on the twin.", who=who)
    if when:
        return tr("{who} changed it on the twin, {when}.", who=who, when=when)
    return tr("{who} changed it on the twin.", who=who)


def _who_outside(conflict: Conflict) -> str:
    """Who was outside, and when it came back."""
    who, when = conflict.who or tr("Somebody"), moment(conflict.found)
    if not conflict.theirs_there:
        return tr("{who} deleted it outside. That is known since {when}.", who=who, when=when)
    return tr("{who} changed it outside. It is back since {when}.", who=who, when=when)


def theirs_title(conflict: Conflict | None) -> str:
    """What the other side is called."""
    return tr("Field review") if conflict is not None and conflict.outside else tr("Theirs")


def theirs_meaning(conflict: Conflict | None) -> str:
    """The same in a sentence."""
    if conflict is not None and conflict.outside:
        return tr("What came back from outside")
    return tr("What the twin has now")


def state_words(conflict: Conflict, decision: Decision) -> str:
    """How far it is decided, in a word or two."""
    if not is_open(conflict, decision):
        return tr("resolved")
    left = len(open_cells(conflict, decision))
    return trn("{n} open", "{n} open", left) if left else tr("open")


def column_title(cell: ConflictCell) -> str:
    return tr("Geometry") if cell.kind == "geometry" else cell.title or cell.column


def pick_word(pick: Pick, outside: bool = False) -> str:
    """Where a value comes from; ``outside``: theirs is a field review's."""
    return {
        "base": tr("base"),
        "mine": tr("mine"),
        "theirs": tr("field review") if outside else tr("theirs"),
        "own": tr("edited"),
        "merged": tr("merged"),
    }[pick]


def tag(cell: ConflictCell, choice: Choice | None, chosen: bool, outside: bool = False) -> str:
    """What stands beside a result: where it comes from."""
    if cell.read_only:
        return tr("kept by the twin")
    if choice is None:
        return ""
    if not chosen and cell.verdict == "same":
        return ""
    if not chosen and cell.verdict == "both":
        return tr("both alike")
    return pick_word(choice.pick, outside)


def one_line(value: Stored, kind: str) -> str:
    """A value in one line of a table."""
    return " ".join(shown(value, kind).split())


def changed_titles(conflict: Conflict) -> str:
    """The columns that the side which is still there changed: "height, name and 2 more"."""
    titles = [tr("geometry") if cell.kind == "geometry" else cell.title or cell.column for cell in conflict.clashes]
    if len(titles) > 3:
        return tr("{names} and {n} more", names=", ".join(titles[:2]), n=len(titles) - 2)
    return ", ".join(titles)
