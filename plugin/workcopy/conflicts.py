"""Conflicts: what both sides changed differently, kept in the file until somebody decides, and how it is decided.

Of a conflict the file keeps what the twin had (theirs, its token, who and when). Base and mine are read when asked: the
row may be edited further, and a conflict that an edit ended is none any more.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..text import tr
from . import books, journal, settle, sql
from . import changes as ch
from .columns import Stored
from .conflict import (
    Conflict,
    ConflictCell,
    ConflictMoved,
    Resolution,
    Side,
    as_json,
    as_json_value,
    from_json,
    resolution_of,
    words_of,
)
from .connection import opened, transaction
from .errors import WorkingCopyError
from .merge import Cell, Merge, Values, merge
from .settle import Row
from .source import Source

if TYPE_CHECKING:
    from .copy import WorkingCopy

__all__ = [
    "Conflict", "ConflictCell", "ConflictMoved", "Resolution", "Side", "as_json", "as_json_value", "clashing", "keep",
    "read", "resolution_of", "resolve", "resolve_all", "words_of",
]  # fmt: skip

# -- reading ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Kept:
    """A row of ``twin_conflict``, or of ``twin_handback``, with its three sides as they are now."""

    conflict: Conflict
    merged: Merge
    theirs: Values | None
    lock: str | None  # of theirs
    handback: int | None = None  # the row's number, where theirs is not the twin's
    mine: Row | None = None


def read(connection: sqlite3.Connection, source: Source) -> list[Conflict]:
    """The conflicts of one table that still are some, in the order in which they were found: those with the twin, then
    those with what came back from outside. Of a feature that has several, the first."""
    found: dict[str, Conflict] = {}
    for kept in _all(connection, source):
        if kept.merged.kind:
            found.setdefault(kept.conflict.key, kept.conflict)
    return list(found.values())


def _all(connection: sqlite3.Connection, source: Source) -> Iterator[_Kept]:
    for row in connection.execute(books.CONFLICTS, (source.table,)).fetchall():
        yield _look(connection, source, row)
    for row in connection.execute(books.HANDBACKS, (source.table,)).fetchall():
        yield _look_back(connection, source, row)


def _of(connection: sqlite3.Connection, source: Source, twin_id: str) -> Iterator[_Kept]:
    """Those of one feature, in the same order."""
    found = connection.execute(books.CONFLICT_OF, (source.table, twin_id)).fetchone()
    if found is not None:
        yield _look(connection, source, found)
    row = settle.row_by_id(connection, source, twin_id)
    number = twin_id[4:] if twin_id.startswith("new-") else ""
    fid = row.fid if row else int(number) if number.isdigit() else None
    for back in connection.execute(books.HANDBACKS_OF, (source.table, twin_id, fid)).fetchall():
        yield _look_back(connection, source, back)


def clashing(connection: sqlite3.Connection, source: Source) -> frozenset[str]:
    """The keys of changes (`Change.key`) that wait for a decision."""
    return frozenset(key for conflict in read(connection, source) for key in _keys(conflict))


def _keys(conflict: Conflict) -> Iterator[str]:
    yield f"{conflict.table}/new-{conflict.fid}" if conflict.kind == "create-create" else conflict.key


def _look(connection: sqlite3.Connection, source: Source, row: Sequence[Any]) -> _Kept:
    _table, twin_id, kept_kind, _base, _mine, theirs_text, token, who, changed, found, words, fid = row
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
    conflict = _conflict(source, twin_id, merged, mine, base.values if base else None, theirs, token)
    conflict = replace(conflict, who=who, changed=changed, found=found, words=words)
    return _Kept(conflict, merged, theirs, token, mine=mine)


def _look_back(connection: sqlite3.Connection, source: Source, row: Sequence[Any]) -> _Kept:
    """What came back from outside: its base is the feature as it was taken along."""
    number, _package, _table, _key, twin_id, fid, base_text, theirs_text, who, changed, found = row
    base = journal.unpack(base_text) if base_text is not None else None
    theirs = journal.unpack(theirs_text) if theirs_text is not None else None
    mine = settle.row_by_id(connection, source, twin_id) if twin_id is not None else None
    if mine is None and fid is not None:
        mine = settle.row_by_fid(connection, source, fid)
        if mine is not None and twin_id is not None:
            mine = None  # another feature by now
    if mine is not None and theirs is not None:
        fixed = {each.name for each in source.fields if each.read_only}
        theirs = {**theirs, **{name: mine.values[name] for name in fixed if name in mine.values}}
    merged = merge(base, mine.values if mine else None, theirs, source.fields, exact=True)
    if not merged.kind and mine is not None:
        # an edit of ours ended the clash, but not everything that came back is in our row
        if theirs is None:
            merged = replace(merged, kind="update-delete")
        elif merged.takes_theirs:
            merged = replace(merged, kind="update-update")
    name = (mine.twin_id if mine else twin_id) or f"new-{fid}"
    conflict = _conflict(source, name, merged, mine, base, theirs, f"{number} {found}")
    words = tr("A field review changed this feature, and so did you. Decide which values stay.")
    if theirs is None:
        words = tr("A field review deleted this feature, and you changed it. Yours is kept until you decide.")
    elif mine is None:
        words = tr("A field review changed this feature, which you, or the twin, deleted. Decide whether it stays.")
    return _Kept(
        replace(conflict, who=who, changed=changed, found=found, words=words, outside=True),
        merged,
        theirs,
        None,
        number,
        mine,
    )


def _conflict(
    source: Source,
    twin_id: str,
    merged: Merge,
    mine: Row | None,
    base: Values | None,
    theirs: Values | None,
    token: str | None,
) -> Conflict:
    shown = mine.values if mine else base or theirs or {}
    return Conflict(
        table=source.table,
        twin_id=twin_id,
        fid=mine.fid if mine else None,
        kind=merged.kind,
        label=ch.label_of(source, [shown.get(name) for name in source.tracked], twin_id),
        cells=tuple(_cell(source, cell) for cell in merged.cells),
        token=_fingerprint(merged, token),
        who=None,
        changed=None,
        found="",
        words="",
        mine_there=mine is not None,
        theirs_there=theirs is not None,
        base_there=base is not None,
    )


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
    meant = _of(connection, source, decision.twin_id)
    kept = next((one for one in meant if one.conflict.kind and one.conflict.token == decision.token), None)
    if kept is None:
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
    if kept.handback is not None:
        connection.execute(books.DROP_HANDBACK_NUMBER, (kept.handback,))
    else:
        connection.execute(books.DROP_CONFLICT, (source.table, decision.twin_id))


def _keep(connection: sqlite3.Connection, source: Source, kept: _Kept, values: dict[str, Stored]) -> None:
    conflict, theirs = kept.conflict, kept.theirs
    if kept.handback is not None:
        _edit(connection, source, kept, values)
        return
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
    if kept.handback is not None:
        _edit(connection, source, kept, None)
        return
    if fid is None:
        base = settle.base_of(connection, source, conflict.twin_id)
        fid = base.fid if base else 0
    else:
        connection.execute(sql.delete_row(source.table), (fid,))
    if theirs is None:
        connection.execute(sql.drop_base(source.table), (conflict.twin_id,))
    else:
        settle.put_base(connection, source, conflict.twin_id, kept.lock, fid, theirs, None)


def _edit(connection: sqlite3.Connection, source: Source, kept: _Kept, values: dict[str, Stored] | None) -> None:
    """Make ``values`` (None: nothing) of our row as an edit of ours: what the twin published stays its base."""
    mine = kept.mine
    twin_id = mine.twin_id if mine else None if kept.conflict.twin_id.startswith("new-") else kept.conflict.twin_id
    published = settle.base_of(connection, source, twin_id) if twin_id is not None else None
    published = published or mine
    if mine is not None and values is None:
        connection.execute(sql.delete_row(source.table), (mine.fid,))
    fid = mine.fid if mine else published.fid if published else 0
    if values is not None:
        settle.widen(connection, source, values)
        identity = (twin_id, published.version) if published is not None else (None, None)
        fid = settle.put_row(connection, source, mine.fid if mine else None, values, *identity)
    if twin_id is not None and published is not None:
        settle.put_base(connection, source, twin_id, published.version, fid, published.values, values)


def _keep_both(connection: sqlite3.Connection, source: Source, kept: _Kept) -> None:
    conflict = kept.conflict
    if conflict.kind != "create-create" or kept.theirs is None:
        raise WorkingCopyError(tr("Only features that both sides created can both stay."))
    settle.widen(connection, source, kept.theirs)
    settle.put_row(connection, source, None, kept.theirs, conflict.twin_id, kept.lock)


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
