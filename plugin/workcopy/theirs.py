"""The twin's side of a pull, on its way from the network into the file."""

from __future__ import annotations

from dataclasses import dataclass

from .columns import Stored
from .reshape import Reshape
from .source import Source
from .validators import Kept


@dataclass(frozen=True)
class Theirs:
    """One feature as the twin has it; ``values`` None: its own GET said that it is gone."""

    twin_id: str
    values: dict[str, Stored] | None
    token: str | None
    who: str | None
    changed: str | None  # RFC 3339
    left: bool = False  # it lies outside the extent that was checked out


@dataclass(frozen=True)
class FetchedLayer:
    """What became of one collection since."""

    source: Source  # as it was when asked
    shape: Reshape
    changed: tuple[Theirs, ...]
    tokens: tuple[tuple[str, str | None], ...]  # same content under a new token
    notes: tuple[str, ...]
    failed: bool = False
    kinds: frozenset[str] = frozenset()  # the GeoJSON types of the geometries that came
    kept: Kept | None = None  # by what the next pull asks whether anything changed
    unchanged: bool = False  # the twin said that nothing did: nothing was read


@dataclass(frozen=True)
class Fetched:
    """Everything that a pull brought, and the state of the file that it was compared with."""

    layers: tuple[FetchedLayer, ...]
    fingerprint: tuple[int, ...]
    at: str  # when it was asked, UTC
