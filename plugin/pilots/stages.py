"""The rules of stages: which change may be made, what it asks for, and how it is kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timezone

from ..text import tr
from ..twin.errors import CityTwinError
from . import schema as cols
from . import vocabulary as words
from .parts import StageChange
from .record import Pilot, in_order

# what each stage asks for, in addition to what the stages before it ask for
_ASKED: dict[str, tuple[str, ...]] = {
    words.IDEA: (cols.NAME,),
    words.PROPOSED: (cols.SUMMARY, cols.THEME, cols.LEAD),
    words.RUNNING: (cols.START, cols.END, cols.CONTACT, cols.BAND),
    words.EVALUATED: words.CONDITIONS,
    words.SCALING: (cols.DATA_USED, cols.INTEGRATION, cols.COLLABORATION),
    words.EMBEDDED: (),
}


class StageRefused(CityTwinError):
    """A change of stage that the rules do not allow; the sentence says what would be."""


@dataclass(frozen=True)
class Move:
    """One stage that a pilot can go to. ``missing``: columns it asks for and that are empty yet."""

    stage: str
    forward: bool
    needs_reason: bool
    missing: tuple[str, ...]


def moves(pilot: Pilot) -> tuple[Move, ...]:
    """Where ``pilot`` can go from its stage: forward first, then back, then stopping.

    One step forward at a time. Back to any earlier stage, and from stopped to where it was stopped or before, with a
    reason; stopping with a reason from everywhere.
    """
    stage = pilot.stage
    if stage == words.STOPPED:
        last = words.PATH.index(_stopped_at(pilot))
        return tuple(_move(pilot, target, False) for target in reversed(words.PATH[: last + 1]))
    if stage not in words.PATH:  # a word of another server that nobody mapped: any of ours is better
        return tuple(_move(pilot, target, True) for target in words.STAGES)
    place = words.PATH.index(stage)
    found = [_move(pilot, target, True) for target in words.PATH[place + 1 : place + 2]]
    found += [_move(pilot, target, False) for target in reversed(words.PATH[:place])]
    return (*found, _move(pilot, words.STOPPED, False))


def begun(pilot: Pilot, *, at: datetime | date, by: str = "") -> Pilot:
    """A new pilot with the beginning of its history; one that has a history stays as it is."""
    if pilot.history:
        return pilot
    return replace(pilot, history=(StageChange(moment(at), pilot.stage, "", "", by.strip()),))


def moved(pilot: Pilot, stage: str, *, at: datetime | date, reason: str = "", by: str = "") -> Pilot:
    """``pilot`` in ``stage``, with the change in its history. ``by``: a role, if known.

    What the new stage asks for may still be missing: the checks say so before publishing. Raises `StageRefused`.
    """
    move = next((move for move in moves(pilot) if move.stage == stage), None)
    if move is None:
        allowed = ", ".join(words.stage_title(move.stage) for move in moves(pilot))
        raise StageRefused(
            tr(
                "A pilot cannot go from {old} to {new}. From here it can go to: {allowed}.",
                old=words.stage_title(pilot.stage),
                new=words.stage_title(stage),
                allowed=allowed,
            )
        )
    if move.needs_reason and not reason.strip():
        if stage == words.STOPPED:
            raise StageRefused(tr("A pilot is stopped with a reason, so that others learn from it. Write it down."))
        raise StageRefused(tr("Going back to an earlier stage needs a reason. Write it down."))
    change = StageChange(moment(at), stage, pilot.stage, reason.strip(), by.strip())
    # the reason stands in the history; this column is for servers and maps that know no history
    stopped = reason.strip() if stage == words.STOPPED else ""
    return replace(pilot, stage=stage, stop_reason=stopped, history=in_order((*pilot.history, change)))


def noted(pilot: Pilot, note: str, *, at: datetime | date, by: str = "") -> Pilot:
    """``pilot`` with a sign of life in its history: it goes on, in the same stage. Raises `StageRefused`."""
    if not note.strip():
        raise StageRefused(tr("There is nothing to note. Write in a sentence what happened."))
    entry = StageChange(moment(at), pilot.stage, pilot.stage, note.strip(), by.strip())
    return replace(pilot, history=in_order((*pilot.history, entry)))


def asked_by(stage: str) -> tuple[str, ...]:
    """The columns that must be filled in ``stage``, by our names."""
    if stage == words.STOPPED:
        return (cols.NAME, cols.STOP_REASON)
    last = words.PATH.index(stage) if stage in words.PATH else 0
    return tuple(column for one in words.PATH[: last + 1] for column in _ASKED[one])


def missing_for(pilot: Pilot, stage: str) -> tuple[str, ...]:
    """The columns that ``stage`` asks for and that are empty. A condition counts as filled once a criterion of it is
    rated."""
    return tuple(column for column in asked_by(stage) if not _filled(pilot, column))


def since(pilot: Pilot) -> date | None:
    """The day on which the pilot came into its stage, as far as its history tells."""
    for change in reversed(pilot.history):
        if change.is_change and change.new == pilot.stage:
            return change.day
    return None


def moment(at: datetime | date) -> str:
    """A date, or a date and time in UTC to the second, as ISO 8601 text. A time without zone is local."""
    if isinstance(at, datetime):
        return at.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return at.isoformat()


def _move(pilot: Pilot, stage: str, forward: bool) -> Move:
    reason = stage == words.STOPPED or not forward
    missing = tuple(column for column in missing_for(pilot, stage) if column != cols.STOP_REASON)
    return Move(stage, forward, reason, missing)


def _stopped_at(pilot: Pilot) -> str:
    for change in reversed(pilot.history):
        if change.new == words.STOPPED and change.old in words.PATH:
            return change.old
    return words.IDEA


def _filled(pilot: Pilot, column: str) -> bool:
    if column in words.CONDITIONS:
        return any(one.is_rated for one in pilot.condition(column))
    values: dict[str, object] = {
        cols.NAME: pilot.name,
        cols.SUMMARY: pilot.summary,
        cols.THEME: pilot.theme,
        cols.LEAD: pilot.lead,
        cols.START: pilot.start,
        cols.END: pilot.end,
        cols.CONTACT: pilot.contact,
        cols.BAND: pilot.budget_band or pilot.budget,
        cols.DATA_USED: pilot.data_used,
        cols.INTEGRATION: pilot.integration,
        cols.COLLABORATION: pilot.collaboration,
        cols.STOP_REASON: pilot.stop_reason,
    }
    return bool(values[column])
