"""What a time without a stream left out: from where on to ask for it, and of which datastreams it is worth asking."""

from __future__ import annotations

from collections.abc import Iterable

from .state import State

# seconds before a mark: messages that were on their way out of order
_OVERLAP = 120.0
# as many usual intervals between two observations mean that there was one between them
_SKIPPED = 1.5
_NOTHING = float("-inf")  # the mark of a datastream of which nothing was known


def since(marks: Iterable[tuple[str, float | None]]) -> dict[str, float | None]:
    """The datastreams that have a mark, and the phenomenon time from which on to ask for their history."""
    return {id: _from(mark) for id, mark in marks if mark is not None}


def gaps(states: Iterable[State]) -> dict[str, float | None]:
    """As `since`, of those that somebody follows or watches and that have news which their usual rhythm does not
    explain. Those that are followed come first, then those that wait for longest."""
    found: list[tuple[bool, float, str]] = []
    for state in states:
        mark, best = state.mark, state.best
        if mark is None or best is None or best.time <= mark:
            continue
        followed = state.tail is not None
        if not followed and (not state.watches or mark == _NOTHING):
            continue
        kept = state.window.rhythm(best.time - best.begin)
        if mark == _NOTHING or kept is None or best.time - mark > _SKIPPED * kept.median:
            found.append((not followed, mark, state.datastream.id))
    return {id: _from(mark) for _, mark, id in sorted(found)}


def _from(mark: float) -> float | None:
    return mark - _OVERLAP if mark > _NOTHING else None
