"""Conflicts: what both sides changed differently, kept in the file until somebody decides, and how it is decided.

Of a conflict the file keeps what the twin had (theirs, its token, who and when). Base and mine are read when asked: the
row may be edited further, and a conflict that an edit ended is none any more.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from ..text import tr
from . import books, settle, sql
from . import changes as ch
from .columns import GEOMETRY, BadValue, Stored, from_stored, to_stored
from .connection import opened, transaction
from .errors import WorkingCopyError
from .geometry import BadGeometry, decode, encode
from .inside import Inside
from .merge import Cell, ConflictKind, Merge, Values, Verdict, merge
from .source import Source

if TYPE_CHECKING:
    from .copy import WorkingCopy

Side = Literal["mine", "theirs"]


class ConflictMoved(WorkingCopyError):
    """One side of a conflict changed, or it was resolved elsewhere, since it was shown."""


@dataclass(frozen=True)
class ConflictCell:
    """One column of a conflict: the three values as stored, the geometry as GeoPackage blobs."""

    column: str
    title: str
    kind: str  # the property's type, "geometry" for the geometry
    base: Stored
    mine: Stored
    theirs: Stored
    result: Stored  # what the merge proposes; of a clash: `if_mine`
    verdict: Verdict
    read_only: bool = False
    inside: Inside | None = None  # what came of looking into a column that both changed

    @property
    def if_mine(self) -> Stored:
        """What the column becomes where a clash is decided for our side: entries that do not clash stay merged."""
        return self.inside.mine if self.inside and self.verdict == "clash" else self.mine

    @property
    def if_theirs(self) -> Stored:
        """As `if_mine`, for their side."""
        return self.inside.theirs if self.inside and self.verdict == "clash" else self.theirs


@dataclass(frozen=True)
class Conflict:
    """One feature that both sides changed."""

    table: str
    twin_id: str
    fid: int | None  # of our row, where it is there
    kind: ConflictKind
    label: str  # what people call the feature
    cells: tuple[ConflictCell, ...]
    token: str | None  # of both sides as they are here: another one, once either has moved
    who: str | None
    changed: str | None  # RFC 3339
    found: str  # when we saw it
    words: str  # what to tell the user
    mine_there: bool
    theirs_there: bool
    base_there: bool

    @property
    def key(self) -> str:
        """As `Change.key`."""
        return f"{self.table}/{self.twin_id}"

    @property
    def clashes(self) -> tuple[ConflictCell, ...]:
        """The columns that somebody has to decide."""
        return tuple(cell for cell in self.cells if cell.verdict == "clash")

    def cell(self, column: str) -> ConflictCell | None:
        return next((cell for cell in self.cells if cell.column == column), None)

    @property
    def base(self) -> dict[str, Any] | None:
        """The common base as JSON values: column → value, the geometry as GeoJSON. None: there was none."""
        return {c.column: as_json_value(c.base, c.kind) for c in self.cells} if self.base_there else None

    @property
    def mine(self) -> dict[str, Any] | None:
        """Ours as JSON values; None: we deleted it."""
        return {c.column: as_json_value(c.mine, c.kind) for c in self.cells} if self.mine_there else None

    @property
    def theirs(self) -> dict[str, Any] | None:
        """Theirs as JSON values; None: they deleted it."""
        return {c.column: as_json_value(c.theirs, c.kind) for c in self.cells} if self.theirs_there else None


@dataclass(frozen=True)
class Resolution:
    """What somebody decided about one conflict.

    ``keep``: ``merged``, the feature stays, with ``values`` for at least every clashing column (others take what the
    merge proposes, or the value given); ``deleted``, it goes; ``both``, two features that were both created stay two.
    ``token`` is the conflict's: what was decided about an older state of either side is not applied to a newer one.
    """

    table: str
    twin_id: str
    token: str | None
    keep: Literal["merged", "deleted", "both"] = "merged"
    values: Mapping[str, Stored] = field(default_factory=dict)


def resolution_of(conflict: Conflict, side: Side) -> Resolution:
    """The decision for one side in everything that is open; what only one side changed stays merged, be it an entry of
    a column."""
    there = conflict.mine_there if side == "mine" else conflict.theirs_there
    if not there:
        return Resolution(conflict.table, conflict.twin_id, conflict.token, "deleted")
    values = {cell.column: cell.if_mine if side == "mine" else cell.if_theirs for cell in conflict.clashes}
    return Resolution(conflict.table, conflict.twin_id, conflict.token, "merged", values)


# -- reading ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Kept:
    """A row of ``twin_conflict`` with its three sides as they are now."""

    conflict: Conflict
    merged: Merge
    theirs: Values | None
    lock: str | None  # of theirs


def read(connection: sqlite3.Connection, source: Source) -> list[Conflict]:
    """The conflicts of one table that still are some, in the order in which they were found."""
    rows = connection.execute(books.CONFLICTS, (source.table,)).fetchall()
    return [kept.conflict for kept in (_look(connection, source, row) for row in rows) if kept.merged.kind]


def clashing(connection: sqlite3.Connection, source: Source) -> frozenset[str]:
    """The keys of changes (`Change.key`) that wait for a decision."""
    return frozenset(key for conflict in read(connection, source) for key in _keys(conflict))


def _keys(conflict: Conflict) -> Iterator[str]:
    yield f"{conflict.table}/new-{conflict.fid}" if conflict.kind == "create-create" else conflict.key


def _look(connection: sqlite3.Connection, source: Source, row: Sequence[Any]) -> _Kept:
    table, twin_id, kept_kind, _base, _mine, theirs_text, token, who, changed, found, words, fid = row
    theirs = from_json(source, theirs_text)
    base: settle.Row | None = None
    if kept_kind == "create-create":
        mine = settle.row_by_fid(connection, source, fid) if fid is not None else None
        if mine is not None and mine.twin_id is not None:
            mine = None
    else:
        mine = settle.row_by_id(connection, source, twin_id)
        base = settle.base_of(connection, source, twin_id) or mine
    merged = merge(base.values if base else None, mine.values if mine else None, theirs, source.fields)
    if kept_kind == "create-create":
        # mine gone: nothing to decide; mine the same as theirs by now: still two features, until they are made one
        merged = replace(merged, kind="create-create") if mine else Merge("", dict(theirs or {}), (), False)
    shown = mine.values if mine else base.values if base else theirs or {}
    conflict = Conflict(
        table=table,
        twin_id=twin_id,
        fid=mine.fid if mine else None,
        kind=merged.kind,
        label=ch.label_of(source, [shown.get(name) for name in source.tracked], twin_id),
        cells=tuple(_cell(source, cell) for cell in merged.cells),
        token=_fingerprint(merged, token),
        who=who,
        changed=changed,
        found=found,
        words=words,
        mine_there=mine is not None,
        theirs_there=theirs is not None,
        base_there=base is not None,
    )
    return _Kept(conflict, merged, theirs, token)


def _fingerprint(merged: Merge, lock: str | None) -> str:
    """Tells one state of a conflict from the next: not every twin has locks, and our own row may be edited too."""
    sides = [(cell.column, cell.mine, cell.theirs) for cell in merged.cells]
    return hashlib.sha256(repr((merged.kind, lock, sides)).encode("utf-8", "replace")).hexdigest()


def _cell(source: Source, cell: Cell) -> ConflictCell:
    column = source.column(cell.column)
    return ConflictCell(
        cell.column,
        (column.title or column.property) if column else cell.column,
        source.kind(cell.column),
        cell.base,
        cell.mine,
        cell.theirs,
        cell.result,
        cell.verdict,
        column.read_only if column else False,
        cell.inside,
    )


# -- deciding --------------------------------------------------------------------------------------------------------


def resolve(copy: WorkingCopy, resolutions: Sequence[Resolution]) -> int:
    """Apply decisions, all in one transaction; the number of conflicts that ended.

    The row becomes what was decided, the base becomes theirs with their lock: what is still ours is a change to be
    published. Raises `ConflictMoved` where theirs is not what it was, `WorkingCopyError` where a column is undecided;
    then nothing is applied.
    """
    with opened(copy.path, write=True) as connection, transaction(connection, tracking=False):
        for resolution in resolutions:
            _apply(connection, copy.source(resolution.table), resolution)
    return len(resolutions)


def resolve_all(copy: WorkingCopy, strategy: Side, table: str | None = None) -> int:
    """Decide every open conflict (of ``table``) for one side."""
    return resolve(copy, [resolution_of(conflict, strategy) for conflict in copy.conflicts(table)])


def _apply(connection: sqlite3.Connection, source: Source, decision: Resolution) -> None:
    found = connection.execute(books.CONFLICT_OF, (source.table, decision.twin_id)).fetchone()
    kept = _look(connection, source, found) if found is not None else None
    if kept is None or not kept.conflict.kind or kept.conflict.token != decision.token:
        raise ConflictMoved(
            tr(
                "A conflict changed while you were deciding: it was resolved elsewhere, or you or somebody else edited "
                "the feature again. Nothing was applied; look at it again.",
            ),
            detail=f"{source.table}/{decision.twin_id}",
        )
    conflict = kept.conflict
    if decision.keep == "both":
        _keep_both(connection, source, kept)
    elif decision.keep == "deleted":
        _delete(connection, source, kept)
    else:
        undecided = [cell.title for cell in conflict.clashes if cell.column not in decision.values]
        if undecided and conflict.kind in ("update-update", "create-create"):
            raise WorkingCopyError(
                tr("Nothing was applied: decide first about {columns}.", columns=", ".join(undecided))
            )
        _keep(connection, source, kept, {**(kept.merged.result or {}), **decision.values})
    connection.execute(books.DROP_CONFLICT, (source.table, decision.twin_id))


def _keep(connection: sqlite3.Connection, source: Source, kept: _Kept, values: dict[str, Stored]) -> None:
    conflict, theirs = kept.conflict, kept.theirs
    for cell in conflict.cells:
        if cell.read_only and theirs is not None:
            values[cell.column] = cell.theirs
    if theirs is None:
        # they deleted it: what we keep is a new feature, under an id that the twin gives
        settle.put_row(connection, source, conflict.fid, values, None, None)
        connection.execute(sql.drop_base(source.table), (conflict.twin_id,))
        return
    settle.widen(connection, source, values)
    fid = settle.put_row(connection, source, conflict.fid, values, conflict.twin_id, kept.lock)
    settle.put_base(connection, source, conflict.twin_id, kept.lock, fid, theirs, values)


def _delete(connection: sqlite3.Connection, source: Source, kept: _Kept) -> None:
    conflict, theirs = kept.conflict, kept.theirs
    fid = conflict.fid
    if fid is None:
        base = settle.base_of(connection, source, conflict.twin_id)
        fid = base.fid if base else 0
    else:
        connection.execute(sql.delete_row(source.table), (fid,))
    if theirs is None:
        connection.execute(sql.drop_base(source.table), (conflict.twin_id,))
    else:
        settle.put_base(connection, source, conflict.twin_id, kept.lock, fid, theirs, None)


def _keep_both(connection: sqlite3.Connection, source: Source, kept: _Kept) -> None:
    conflict = kept.conflict
    if conflict.kind != "create-create" or kept.theirs is None:
        raise WorkingCopyError(tr("Only features that both sides created can both stay."))
    settle.widen(connection, source, kept.theirs)
    settle.put_row(connection, source, None, kept.theirs, conflict.twin_id, kept.lock)


# -- sides as JSON ---------------------------------------------------------------------------------------------------


def as_json_value(value: Stored, kind: str) -> Any:
    """A stored value as JSON; the geometry as GeoJSON."""
    if kind == "geometry":
        try:
            return decode(value) if isinstance(value, bytes) else None
        except BadGeometry:
            return None
    return from_stored(value, kind)


def as_json(source: Source, values: Values | None) -> str | None:
    """A row as a JSON object: column → value, the geometry as GeoJSON."""
    if values is None:
        return None
    return json.dumps(
        {name: as_json_value(value, source.kind(name)) for name, value in values.items()}, ensure_ascii=False
    )


def from_json(source: Source, text: str | None) -> dict[str, Stored] | None:
    """What `as_json` wrote, as a row."""
    if text is None:
        return None
    out: dict[str, Stored] = {}
    for name, value in json.loads(text).items():
        try:
            out[name] = _geometry(source, value) if name == GEOMETRY else to_stored(value, source.kind(name))
        except (BadValue, BadGeometry):
            out[name] = None
    return out


def _geometry(source: Source, value: Any) -> bytes | None:
    return encode(value, source.srid, multi=source.geometry_type.startswith("Multi"), z=source.has_z or None)[0]


def keep(
    connection: sqlite3.Connection,
    source: Source,
    found: Merge,
    twin_id: str,
    fid: int | None,
    sides: tuple[Values | None, Values | None, Values | None],
    token: str | None,
    who: str | None,
    changed: str | None,
    at: str,
    *,
    words: str = "",
) -> None:
    """Remember a conflict. ``sides`` are base, mine and theirs when it was found, for the record."""
    base, mine, theirs = (as_json(source, side) for side in sides)
    words = words or words_of(found.kind)
    values = (source.table, twin_id, found.kind, base, mine, theirs, token, who, changed, at, words, fid)
    connection.execute(books.PUT_CONFLICT, values)


def words_of(kind: str) -> str:
    """What happened, in a sentence."""
    if kind == "update-delete":
        return tr("Somebody else deleted this feature, and you changed it. Nothing was sent; yours is kept.")
    if kind == "delete-update":
        return tr("Somebody else changed this feature, and you deleted it. Nothing was sent; yours is kept.")
    if kind == "create-create":
        return tr("Somebody else added a feature in the same place. Nothing was sent; yours is kept.")
    return tr("Somebody else changed this feature meanwhile. Nothing was overwritten; yours is kept.")


__all__ = [
    "Conflict",
    "ConflictCell",
    "ConflictMoved",
    "Resolution",
    "read",
    "resolution_of",
    "resolve",
    "resolve_all",
]
