"""Changes, counts and outcomes in the words of the Changes page and the publish report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..text import tr, trn
from ..workcopy.changes import Change, Counts
from ..workcopy.validate import Problem
from ..workcopy.wording import shown

_SHORT = 24  # characters of a value that fit beside a feature's name


def counted(counts: Counts) -> str:
    """ "3 new, 2 changed, 1 deleted"; "no changes" where there are none. Conflicts come last."""
    parts = []
    if counts.inserted:
        parts.append(trn("{n} new", "{n} new", counts.inserted))
    if counts.updated:
        parts.append(trn("{n} changed", "{n} changed", counts.updated))
    if counts.deleted:
        parts.append(trn("{n} deleted", "{n} deleted", counts.deleted))
    if counts.conflicts:
        parts.append(trn("{n} conflict", "{n} conflicts", counts.conflicts))
    return ", ".join(parts) or tr("no changes")


def tally(changes: Iterable[Change]) -> Counts:
    """How many of each kind."""
    inserted = updated = deleted = conflicts = 0
    for change in changes:
        inserted += change.kind == "insert"
        updated += change.kind == "update"
        deleted += change.kind == "delete"
        conflicts += change.conflict
    return Counts(inserted, updated, deleted, conflicts)


def name_of(one: Change | Problem) -> str:
    """What to call a feature in a list: its name, its id, or that it is new."""
    if one.twin_id is None and one.label == str(one.fid):
        return tr("New feature {number}", number=one.fid)
    return one.label


def kind_word(kind: str) -> str:
    """What happened to a feature, in one word."""
    return {"insert": tr("New"), "update": tr("Changed"), "delete": tr("Deleted")}[kind]


def summary(change: Change) -> str:
    """What changed in a feature, short enough to stand beside its name."""
    if change.kind == "insert":
        return tr("new")
    if change.kind == "delete":
        return tr("deleted")
    titles = [tr("geometry") if cell.geometry else cell.title for cell in change.cells]
    if len(change.cells) == 1 and not change.cells[0].geometry:
        cell = change.cells[0]
        old, new = (shown(value, cell.kind) for value in (cell.old, cell.new))
        if len(old) + len(new) <= _SHORT and "\n" not in old + new:
            return tr("{column}: {old} → {new}", column=cell.title, old=old, new=new)
    return ", ".join(titles)


def icon_name(change: Change, problem: bool = False) -> str:
    """The icon of a change; what needs the user's attention before what kind it is."""
    if problem:
        return "change-problem"
    return "change-conflict" if change.conflict else f"change-{change.kind}"


def state_word(state: str) -> str:
    """What became of a change at a publish, in one word."""
    return {
        "published": tr("Published"),
        "clash": tr("Conflict"),
        "failed": tr("Not published"),
        "held": tr("Held back"),
        "unsent": tr("Not sent"),
    }[state]


def state_icon(state: str) -> str:
    """The icon of an outcome."""
    return {
        "published": "change-published",
        "clash": "change-conflict",
        "failed": "change-problem",
        "held": "change-held",
        "unsent": "change-unsent",
    }[state]


def lost(changes: Sequence[Change]) -> str:
    """What taking ``changes`` back would lose, in one sentence."""
    parts = []
    counts = tally(changes)
    if counts.inserted:
        parts.append(trn("{n} new feature will be removed.", "{n} new features will be removed.", counts.inserted))
    if counts.updated:
        parts.append(
            trn(
                "{n} changed feature goes back to what the twin has.",
                "{n} changed features go back to what the twin has.",
                counts.updated,
            )
        )
    if counts.deleted:
        parts.append(trn("{n} deleted feature comes back.", "{n} deleted features come back.", counts.deleted))
    return " ".join(parts)
