"""What two people and a twin may come to, by rules written apart from the plugin.

The ledger judges every write of the twin, and every state of a working copy, against what its user did and saw:
nobody's edit is overwritten unseen, nothing appears that nobody wrote, nothing is done twice.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional, Union

from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.geometry import decode

from .world import blob, rows, run

COLUMNS = ("name", "height", "floors", "geometry")
Item = Optional[dict[str, Any]]  # column → value; None: it is not there
Key = Union[str, int]  # an id of the twin, or the fid of what is new


class Broken(AssertionError):
    """A rule does not hold."""


def trimmed(cells: dict[str, Any]) -> dict[str, Any]:
    return {name: cells.get(name) for name in COLUMNS}


def merged(base: Item, mine: Item, theirs: Item) -> tuple[str, Item]:
    """(kind of the conflict or "", the row as it is to be). The rule of the house, in ten lines."""
    if mine is None or theirs is None:
        if base is None:
            return "", mine if mine is not None else theirs
        if mine is None and theirs is None:
            return "", None
        left = mine if mine is not None else theirs
        if left == base:
            return "", None
        return ("update-delete" if mine is not None else "delete-update"), mine
    if base is None:
        return ("" if mine == theirs else "create-create"), mine
    row, clash = {}, False
    for name in COLUMNS:
        b, m, t = base[name], mine[name], theirs[name]
        clash |= m not in (b, t) and t not in (b, m)
        row[name] = t if m == b else m
    return ("update-update", mine) if clash else ("", row)


@dataclass
class Twin:
    """The twin's items as they are, and as they were during what is going on."""

    items: dict[str, dict[str, Any]]
    past: dict[str, list[Item]] = field(default_factory=dict)

    def begin(self) -> None:
        """Something begins: what is there now is the first that can be seen."""
        self.past = {identity: [cells] for identity, cells in self.items.items()}

    def become(self, items: dict[str, dict[str, Any]]) -> dict[str, tuple[Item, Item]]:
        """A new state; what changed."""
        changed = {
            identity: (self.items.get(identity), items.get(identity))
            for identity in {*self.items, *items}
            if self.items.get(identity) != items.get(identity)
        }
        self.items = items
        for identity, (before, after) in changed.items():
            self.past.setdefault(identity, [before]).append(after)
        return changed


@dataclass
class Hand:
    """One person's working copy as it must be. Rows are keyed by id, new ones by fid."""

    name: str
    path: Path
    local: dict[Key, dict[str, Any]]
    basis: dict[str, dict[str, Any]]  # the twin's state that this person knows
    kept: dict[str, tuple[str, Item, Any]] = field(default_factory=dict)  # conflicts: kind, theirs, fid
    # what the twin took from this person and nobody told the file yet: id → its state after that write
    unheard: dict[str, list[Item]] = field(default_factory=dict)
    born: dict[int, str] = field(default_factory=dict)  # creates that the twin took: fid → id
    was: dict[Key, list[Item]] = field(default_factory=dict)  # what rows were while something is going on

    # -- edits ------------------------------------------------------------------------------------------------------

    def insert(self, cells: dict[str, Any]) -> None:
        run(
            self.path,
            "INSERT INTO buildings (name, height, floors, geom) VALUES (?, ?, ?, ?)",
            cells["name"],
            cells["height"],
            cells["floors"],
            blob(cells["geometry"]),
        )
        (fid,) = rows(self.path, "SELECT max(fid) FROM buildings")[0]
        self.local[int(fid)] = cells
        self.note(int(fid))

    def update(self, key: Key, column: str, value: Any) -> None:
        name, stored = ("geom", blob(value)) if column == "geometry" else (column, value)
        done = run(self.path, f'UPDATE buildings SET "{name}" = ? WHERE {_where(key)}', stored, key)
        if done != 1:
            raise Broken(f"{self.name}: {done} rows of {key} to update")
        self.local[key] = {**self.local[key], column: value}
        self.note(key)

    def delete(self, key: Key) -> None:
        run(self.path, f"DELETE FROM buildings WHERE {_where(key)}", key)
        del self.local[key]
        self.note(key)

    def note(self, key: Key) -> None:
        self.was.setdefault(key, []).append(self.local.get(key))

    def begin(self) -> None:
        """Something begins that may read the rows at any time."""
        self.was = {key: [cells] for key, cells in self.local.items()}
        for key in (*self.basis, *self.born):
            self.was.setdefault(key, [None])

    # -- what the twin may be made to do -----------------------------------------------------------------------------

    def answer_for(self, changed: dict[str, tuple[Item, Item]]) -> None:
        """A write of this person's made the twin change so. Raises `Broken` where it must not have."""
        for identity, (before, after) in changed.items():
            if before is None:
                self._created(identity, after)
            elif after is None:
                self._deleted(identity, before)
            else:
                self._updated(identity, before, after)

    def _created(self, identity: str, after: Item) -> None:
        for key, states in self.was.items():
            if isinstance(key, int) and key not in self.born and after in states:
                self.born[key] = identity
                self.unheard[identity] = [after]
                return
        raise Broken(f"{self.name} made the twin create {identity} {after}: nobody wrote that, or it is there already")

    def _knew(self, identity: str) -> list[Item]:
        return [self.basis.get(identity), *self.unheard.get(identity, ())]

    def _keys(self, identity: str) -> list[Key]:
        return [identity, *(fid for fid, born in self.born.items() if born == identity)]

    def _deleted(self, identity: str, before: Item) -> None:
        if before not in self._knew(identity):
            raise Broken(f"{self.name} deleted {identity} as {before}, and had seen {self._knew(identity)}")
        if not any(None in self.was.get(key, ()) for key in self._keys(identity)):
            raise Broken(f"{self.name} made the twin delete {identity}, and never deleted it")
        self.unheard.setdefault(identity, []).append(None)

    def _updated(self, identity: str, before: dict[str, Any], after: dict[str, Any]) -> None:
        for column in COLUMNS:
            if before[column] == after[column]:
                continue
            if not any(known and known[column] == before[column] for known in self._knew(identity)):
                raise Broken(
                    f"{self.name} overwrote {identity}.{column} {before[column]!r} with {after[column]!r}, and had "
                    f"seen {[known and known[column] for known in self._knew(identity)]}"
                )
            mine = [state[column] for key in self._keys(identity) for state in self.was.get(key, ()) if state]
            if after[column] not in mine:
                raise Broken(f"{self.name} wrote {identity}.{column} {after[column]!r}, and had {mine}")
        self.unheard.setdefault(identity, []).append(after)

    # -- what the file may be ----------------------------------------------------------------------------------------

    def settle(self, twin: Twin, *, exact: bool) -> None:
        """Hold the file against the rules, and go on from it. ``exact``: a pull came to its end, so all that the twin
        has is known here; else each feature may be as it was, or know any state that the twin had meanwhile."""
        found = File(self.path)
        for fid, identity in self._renamed(found, twin).items():
            self.local[identity] = self.local.pop(fid)
            self.was[identity] = self.was.pop(fid, [])
            self.born.pop(fid, None)
        local: dict[Key, dict[str, Any]] = {}
        basis: dict[str, dict[str, Any]] = {}
        for identity in sorted({*self.basis, *found.ids, *twin.items, *self.unheard}):
            row, base = self._one(identity, found, twin, exact)
            if row is not None:
                local[identity] = row
            if base is not None:
                basis[identity] = base
        new = {key: cells for key, cells in self.local.items() if isinstance(key, int)}
        gone = {fid for fid in new if fid not in found.new}
        if gone or {fid: found.new.get(fid) for fid in new} != new or set(found.new) - set(new):
            self._restored(found, new, local, basis)
        local.update(found.new)
        self.kept = {c.twin_id: (c.kind, _theirs(c), c.fid) for c in found.conflicts}
        for identity in list(self.unheard):
            told = self.unheard[identity]
            if basis.get(identity) in told or (exact and identity not in self.born.values()):
                del self.unheard[identity]
        self.local, self.basis = local, basis
        self._changes_are_right(found)

    def _renamed(self, found: File, twin: Twin) -> dict[int, str]:
        """New rows that have an id now: the twin took them, or has the same from somebody else."""
        out = {}
        for fid, identity in found.fids.items():
            if fid in self.local and identity not in self.local and identity not in self.basis:
                theirs = [state for state in twin.past.get(identity, [twin.items.get(identity)]) if state]
                same_place = any(state["geometry"] == self.local[fid]["geometry"] for state in theirs)
                if self.born.get(fid) != identity and not same_place:
                    raise Broken(f"{self.name}: the new row {fid} became {identity}, which it is not")
                out[fid] = identity
        return out

    def _one(self, identity: str, found: File, twin: Twin, exact: bool) -> tuple[Item, Item]:
        """Row and basis of one feature as the file has them, if that is allowed."""
        row, base = found.ids.get(identity), found.base(identity)
        mine = self.local.get(identity)
        conflict = next((c for c in found.conflicts if c.twin_id == identity), None)
        heard = self.unheard.get(identity, [])
        bases = [self.basis.get(identity), *heard]
        seen = [twin.items.get(identity)] if exact else twin.past.get(identity, [twin.items.get(identity)])
        if identity in self.born.values() and mine is None:
            # the new row was deleted here after the twin had taken it
            bases = [*heard]
        for theirs in seen:
            for known in bases:
                kind, result = merged(known, mine, theirs)
                asked = conflict is not None and conflict.kind == kind and _theirs(conflict) == theirs
                if kind and asked and row == mine and base in bases:
                    return row, base
                if not kind and conflict is None and row == result and base == theirs:
                    return row, base
        if conflict is not None and conflict.kind == "create-create" and row is None and base is None:
            self._create_create(conflict, twin)
            return None, None
        if not exact:
            for theirs, sent in itertools.product(seen, self.was.get(identity, ())):
                # merged with what the row was when it was read; what was edited since stays an edit
                kind, result = merged(self.basis.get(identity), sent, theirs)
                if not kind and conflict is None and base == theirs and row == _edited_since(sent, mine, result):
                    return row, base
            if row == mine and base == self.basis.get(identity) and self._same_conflict(identity, conflict):
                return row, base  # nothing came of it yet
            for known in heard:
                # ours, as the twin took it; what was edited since it was sent stays an edit
                for sent in (self.basis.get(identity), *self.was.get(identity, ())):
                    if conflict is None and row == _edited_since(sent, mine, known) and base == known:
                        return row, base
        raise Broken(
            f"{self.name} {identity}: row {row}, base {base}, conflict {conflict and (conflict.kind, conflict.theirs)}"
            f"\n  had row {mine}, basis {self.basis.get(identity)}, unheard {heard}\n  the twin had {seen}"
        )

    def _same_conflict(self, identity: str, conflict: Any) -> bool:
        before = self.kept.get(identity)
        return conflict is None if before is None else conflict is None or _theirs(conflict) == before[1]

    def _create_create(self, conflict: Any, twin: Twin) -> None:
        mine, theirs = self.local.get(conflict.fid), _theirs(conflict)
        past = twin.past.get(conflict.twin_id, [twin.items.get(conflict.twin_id)])
        if mine is None or theirs not in past or merged(None, mine, theirs)[0] != "create-create":
            raise Broken(f"{self.name}: no create-create: {mine} and {theirs}")

    def _restored(self, found: File, new: dict[int, Any], local: dict[Key, Any], basis: dict[str, Any]) -> None:
        raise Broken(f"{self.name}: new rows are {found.new}, and were {new}")

    def _changes_are_right(self, found: File) -> None:
        """The file lists as changes what differs from the basis, and nothing else."""
        want = {}
        for key, cells in self.local.items():
            if isinstance(key, int):
                want[f"buildings/new-{key}"] = "insert"
            elif cells != self.basis.get(key):
                want[f"buildings/{key}"] = "update"
        want.update({f"buildings/{key}": "delete" for key in self.basis if key not in self.local})
        if found.changes != want:
            raise Broken(f"{self.name}: the changes are {found.changes}, and should be {want}")

    # -- decisions ---------------------------------------------------------------------------------------------------

    def decided(self, conflict: Any, keep: str, values: dict[str, Any]) -> None:
        """A conflict was resolved so; what the file must be now. ``values`` are the clashing columns'."""
        identity, theirs = conflict.twin_id, _theirs(conflict)
        if keep == "both":
            self.local[identity] = self.basis[identity] = theirs
            return
        key: Key = conflict.fid if conflict.kind == "create-create" else identity
        base = None if conflict.kind == "create-create" else self.basis.get(identity)
        mine = self.local.pop(key, None)
        if keep == "deleted":
            self.basis.pop(identity, None)
            if theirs is not None:
                self.basis[identity] = theirs
            return
        whole = mine or theirs
        if mine is not None and theirs is not None:
            known = base or dict.fromkeys(COLUMNS)
            whole = {name: theirs[name] if mine[name] == known[name] else mine[name] for name in COLUMNS}
        whole = {**(whole or {}), **values}
        if theirs is None:
            self.basis.pop(identity, None)
            self.local[int(conflict.fid)] = whole
        else:
            self.basis[identity] = theirs
            self.local[identity] = whole

    def hold(self) -> None:
        """The file is exactly as it must be, when nothing but this person touched it."""
        found = File(self.path)
        have: dict[Key, Any] = {**found.ids, **found.new}
        if have != self.local:
            raise Broken(f"{self.name}: rows are {have}, and should be {self.local}")
        bases = {identity: found.base(identity) for identity in {*found.ids, *found.bases}}
        if bases != self.basis:
            raise Broken(f"{self.name}: bases are {bases}, and should be {self.basis}")
        self._changes_are_right(found)


def _edited_since(before: Item, mine: Item, known: Item) -> Item:
    if mine is None or known is None:
        return mine
    return {name: known[name] if before and mine[name] == before[name] else mine[name] for name in COLUMNS}


def _theirs(conflict: Any) -> Item:
    theirs = conflict.theirs
    return None if theirs is None else {name: theirs["geom" if name == "geometry" else name] for name in COLUMNS}


def _where(key: Key) -> str:
    return "twin_id = ?" if isinstance(key, str) else "fid = ?"


class File:
    """A working copy as it is."""

    def __init__(self, path: Path) -> None:
        self.ids: dict[str, dict[str, Any]] = {}
        self.new: dict[int, dict[str, Any]] = {}
        self.fids: dict[int, str] = {}
        for fid, identity, *cells in rows(path, "SELECT fid, twin_id, name, height, floors, geom FROM buildings"):
            if identity is None:
                self.new[fid] = _cells(cells)
            elif identity in self.ids:
                raise Broken(f"{path.name}: two rows of {identity}")
            else:
                self.ids[identity] = _cells(cells)
                self.fids[fid] = identity
        self.bases = {
            identity: _cells(cells)
            for identity, *cells in rows(path, "SELECT twin_id, name, height, floors, geom FROM twin_base_buildings")
        }
        copy = WorkingCopy.open(path)
        if copy.problems:
            raise Broken(f"{path.name}: {copy.problems}")
        self.conflicts = copy.conflicts()
        self.changes = {change.key: change.kind for change in copy.changes()}

    def base(self, identity: str) -> Item:
        """The state of the twin that the file knows."""
        return self.bases.get(identity, self.ids.get(identity))


def _cells(values: Iterable[Any]) -> dict[str, Any]:
    name, height, floors, geom = values
    return {"name": name, "height": height, "floors": floors, "geometry": decode(geom)}
