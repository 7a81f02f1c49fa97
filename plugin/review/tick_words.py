"""What came of a task list, in the user's words."""

from __future__ import annotations

from collections.abc import Callable

from ..text import tr, trn
from .receive import Summary
from .ticks import Looked, Tick

_LISTED = 20  # tasks that are named
_LONGEST = 80  # characters of a text from outside


def _as_written(text: str) -> str:
    return text[:16].replace("T", " ")


def sentences(summary: Summary, moment: Callable[[str], str] = _as_written) -> list[str]:
    """Who looked at what and when, since the last time; ``moment`` shows a time as the user writes it."""
    found = [_looked(one, moment) for one in summary.ticked]
    found += [tr("{task}: not looked at after all", task=_short(one.label)) for one in summary.opened]
    more = len(found) - _LISTED
    return [*found[:_LISTED], trn("and {n} more task", "and {n} more tasks", more)] if more > 0 else found


def _looked(one: Looked, moment: Callable[[str], str]) -> str:
    people = ", ".join(_who(tick, moment) for tick in one.ticks)
    return tr("{task}: looked at by {people}", task=_short(one.label), people=people)


def _who(tick: Tick, moment: Callable[[str], str]) -> str:
    who, when = _short(tick.by) or tr("somebody"), moment(tick.at) or _short(tick.at)
    return f"{who} ({when})" if when else who


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
