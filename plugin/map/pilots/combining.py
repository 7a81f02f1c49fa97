"""Working copies are opened here, so that whatever shows or merges them knows what we know: lists of pilots merge
inside, and review items have names."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from ...pilots import combine
from ...pilots import schema as cols
from ...review import naming
from ...workcopy.columns import Stored
from ...workcopy.copy import WorkingCopy
from ...workcopy.inside import Inside, MergeInside
from ...workcopy.source import Source
from . import mappings

_KINDS = ("array", "string")  # that hold a list: a server without lists keeps its text


def open_copy(path: Path) -> WorkingCopy:
    """`WorkingCopy.open`, for all that shows, pulls or publishes. Any thread. Raises as it does."""
    return WorkingCopy.open(path, inside_of, naming.called_of)


def inside_of(source: Source) -> MergeInside | None:
    """How the lists of a layer of pilots merge; None for a layer that cannot be one."""
    if "Polygon" not in source.geometry_type:
        return None

    @lru_cache(maxsize=1)  # asked for the first time where both sides changed a column: that is seldom
    def ours() -> dict[str, str]:
        return list_columns(source)

    def inside(column: str, base: Stored, mine: Stored, theirs: Stored) -> Inside | None:
        name = ours().get(column)
        return combine.looked_into(name, base, mine, theirs) if name else None

    return inside


def list_columns(source: Source) -> dict[str, str]:
    """The table's columns that hold lists of a pilot → our name; none where the layer is no pilots."""
    mapping = mappings.of_source(source)
    if mapping is None:
        return {}
    found = mappings.columns(source, mapping)
    return {found[ours]: ours for ours in cols.STRUCTURED if ours in found and source.kind(found[ours]) in _KINDS}
