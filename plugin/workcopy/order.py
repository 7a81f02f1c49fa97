"""In which order changes go, so that nothing ever refers to what is not there."""

from __future__ import annotations

from collections.abc import Sequence

from .changes import Change
from .source import Source


def in_order(changes: Sequence[Change], sources: Sequence[Source]) -> list[list[Change]]:
    """Phases, each to be finished before the next; inside one the order does not matter.

    Creates first, those that others refer to before those that refer to them; then updates; deletes last, the other way
    round: at no moment is something gone from the city that something else still names.
    """
    levels = _levels(sources)
    phases: dict[tuple[int, int], list[Change]] = {}
    for change in changes:
        level = levels.get(change.table, 0)
        key = {"insert": (0, level), "update": (1, 0), "delete": (2, -level)}[change.kind]
        phases.setdefault(key, []).append(change)
    return [phases[key] for key in sorted(phases)]


def _levels(sources: Sequence[Source]) -> dict[str, int]:
    """Per table how many references deep it lies; a circle of references ends where it began."""
    tables = {(source.url, source.collection): source for source in sources}
    levels: dict[str, int] = {}

    def level(source: Source, above: frozenset[str]) -> int:
        if source.table in above:
            return 0
        found = levels.get(source.table)
        if found is None:
            named = {prop.refers_to for prop in source.schema.properties if prop.refers_to}
            others = (tables.get((source.url, name)) for name in named)
            found = max((level(o, above | {source.table}) + 1 for o in others if o and o is not source), default=0)
            if not above:
                levels[source.table] = found
        return found

    return {source.table: level(source, frozenset()) for source in sources}
