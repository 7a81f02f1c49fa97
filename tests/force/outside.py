"""Field review packages as a model sees them: what a file outside holds, and what must come of it at home.

The rule is that of `model.merged`; which base a side has is told here, apart from the plugin.
"""

from __future__ import annotations

import itertools
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Union

from plugin.workcopy.conflicts import resolution_of, resolve
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.excerpt import excerpt
from plugin.workcopy.handback import hand_back
from plugin.workcopy.package import Package

from .model import COLUMNS, Broken, Hand, Item, merged
from .world import blob, remove, rows, run

OFFICE = "office:"
Name = Union[str, int]  # what a feature is called in a package: an id, office:fid, or the fid of what is new there
_marks = itertools.count(1)


@dataclass
class Away:
    """One file outside. ``trail``: its edits, each of which there is once in the world."""

    package: str
    path: Path
    origin: dict[Name, dict[str, Any]]
    local: dict[Name, dict[str, Any]]
    trail: list[int] = field(default_factory=list)

    def update(self, key: Name, column: str, value: Any) -> None:
        name, stored = ("geom", blob(value)) if column == "geometry" else (column, value)
        where = "fid = ?" if isinstance(key, int) else "twin_id = ?"
        if run(self.path, f'UPDATE buildings SET "{name}" = ? WHERE {where}', stored, key) != 1:
            raise Broken(f"{self.path.name}: no row of {key}")
        self.local[key] = {**self.local[key], column: value}
        self._mark()

    def delete(self, key: Name) -> None:
        run(self.path, f"DELETE FROM buildings WHERE {'fid' if isinstance(key, int) else 'twin_id'} = ?", key)
        del self.local[key]
        self._mark()

    def insert(self, cells: dict[str, Any]) -> None:
        run(self.path, "INSERT INTO buildings (name, height, floors, geom) VALUES (?, ?, ?, ?)", cells["name"],
            cells["height"], cells["floors"], blob(cells["geometry"]))  # fmt: skip
        self.local[int(rows(self.path, "SELECT max(fid) FROM buildings")[0][0])] = cells
        self._mark()

    def twin(self, path: Path) -> Away:
        """The same file once more, which goes its own way from here."""
        shutil.copyfile(self.path, path)
        return Away(self.package, path, self.origin, dict(self.local), list(self.trail))

    def _mark(self) -> None:
        self.trail.append(next(_marks))
        run(self.path, "UPDATE twin_trail SET at = '0'")  # as if a second had passed


@dataclass
class _Branch:
    """One copy of a package as the office knows it: what it gave last, and which rows its new features became."""

    trail: list[int]
    given: dict[Name, Item] = field(default_factory=dict)
    became: dict[Name, int] = field(default_factory=dict)


class Desk:
    """The office: it makes packages, and takes back what comes."""

    def __init__(self, hand: Hand, folder: Path) -> None:
        self.hand, self.folder = hand, folder
        self.away: list[Away] = []
        self._branches: dict[str, list[_Branch]] = {}

    def close(self) -> None:
        for one in self.away:
            remove(one.path)

    def make(self) -> None:
        name = f"package-{next(_marks)}"
        path = self.folder / f"{name}.gpkg"
        excerpt(WorkingCopy.open(self.hand.path), path, ["buildings"], None, Package(name, "2026-11-23T08:00:00Z"))
        origin: dict[Name, Any] = {
            f"{OFFICE}{key}" if isinstance(key, int) else key: cells for key, cells in self.hand.local.items()
        }
        self.away.append(Away(name, path, origin, dict(origin)))

    def copy(self, n: int) -> None:
        """Somebody sends a copy to somebody, or puts one aside."""
        if self.away:
            self.away.append(self.away[n % len(self.away)].twin(self.folder / f"copy-{next(_marks)}.gpkg"))

    # -- coming home -------------------------------------------------------------------------------------------------

    def back(self, away: Away, sides: list[Any]) -> str:
        """Hand it back, hold the office against the rules, decide what clashes. What happened, in a word."""
        report = hand_back(WorkingCopy.open(self.hand.path), away.path)
        branch = self._branch(away)
        if (branch is None) != report.older:
            raise Broken(f"{away.path.name}: taken for an older state: {report.older}")
        if branch is None:
            self.hand.hold()
            return "an older state"
        known = {fid for (fid,) in rows(self.hand.path, "SELECT fid FROM buildings")}
        asked: dict[str, tuple[Item, Item]] = {}
        added: list[tuple[Name, dict[str, Any]]] = []
        for key in sorted({*away.origin, *away.local, *branch.given}, key=str):
            theirs, origin = away.local.get(key), away.origin.get(key)
            if key not in branch.given and theirs == origin:
                continue
            if key in branch.given and theirs == branch.given[key]:
                continue
            if isinstance(key, int) and key not in branch.given and self._of_another(away, branch, key, theirs):
                continue
            self._one(key, theirs, origin, branch, asked, added)
            branch.given[key] = theirs
        branch.trail = list(away.trail)
        self._added(added, branch, known)
        word = "clashes" if asked else "merged"
        self._decide(asked, sides)
        self.hand.hold()
        return word

    def _branch(self, away: Away) -> _Branch | None:
        """Which copy it is: one that goes on, or one that parted. None: a beginning of what came already."""
        known = self._branches.setdefault(away.package, [])
        goes_on = [one for one in known if away.trail[: len(one.trail)] == one.trail]
        if goes_on:
            return max(goes_on, key=lambda one: len(one.trail))
        if any(one.trail[: len(away.trail)] == away.trail for one in known):
            return None
        known.append(_Branch(list(away.trail)))
        return known[-1]

    def _of_another(self, away: Away, branch: _Branch, key: Name, theirs: Item) -> bool:
        for other in self._branches[away.package]:
            if other is not branch and theirs is not None and other.given.get(key) == theirs:
                branch.given[key], branch.became[key] = theirs, other.became[key]
                return True
        return False

    def _one(
        self,
        key: Name,
        theirs: Item,
        origin: Item,
        branch: _Branch,
        asked: dict[str, tuple[Item, Item]],
        added: list[tuple[Name, dict[str, Any]]],
    ) -> None:
        before = branch.given.get(key, origin)
        here = self._here(key, branch)
        mine = self.hand.local.get(here) if here is not None else None
        if before is None and mine is None:
            if theirs is not None:
                added.append((key, theirs))
            return
        kind, result = merged(before, mine, theirs)
        if kind:
            asked[f"new-{here}" if isinstance(here, int) else str(here)] = (before, theirs)
        elif mine is not None and here is not None:
            if result is None:
                del self.hand.local[here]
            else:
                self.hand.local[here] = result

    def _here(self, key: Name, branch: _Branch) -> Name | None:
        """What a feature of a package is called in the office by now."""
        if isinstance(key, str) and not key.startswith(OFFICE):
            return key
        fid = branch.became.get(key) if isinstance(key, int) else int(key[len(OFFICE) :])
        found = rows(self.hand.path, "SELECT twin_id FROM buildings WHERE fid = ?", fid)
        base = rows(self.hand.path, "SELECT twin_id FROM twin_base_buildings WHERE fid = ?", fid)
        identity = (found or base or [(None,)])[0][0]
        return str(identity) if identity is not None else fid

    def _added(self, added: list[tuple[Name, dict[str, Any]]], branch: _Branch, known: set[int]) -> None:
        new = rows(self.hand.path, "SELECT fid, name FROM buildings WHERE twin_id IS NULL")
        fresh = {name: fid for fid, name in new if fid in known and fid not in self.hand.local}
        for key, cells in added:
            if cells["name"] not in fresh:
                raise Broken(f"{key} {cells} was drawn outside, and did not come home")
            branch.became[key] = fid = fresh.pop(cells["name"])
            self.hand.local[fid] = cells

    # -- decisions ---------------------------------------------------------------------------------------------------

    def _decide(self, asked: dict[str, tuple[Item, Item]], sides: list[Any]) -> None:
        """Decide all that came clashing, one by one; a clash with the twin over the same feature goes first."""
        turns = itertools.cycle(sides)
        while True:
            conflicts = WorkingCopy.open(self.hand.path).conflicts()
            found = next((one for one in conflicts if one.outside), None)
            if found is None:
                found = next((one for one in conflicts if one.twin_id in asked), None)
                if found is None:
                    break
                self._with_the_twin(found, next(turns))
                continue
            if found.twin_id not in asked:
                sides_ = [(cell.column, cell.base, cell.mine, cell.theirs) for cell in found.clashes]
                raise Broken(f"{found.twin_id} is asked ({found.kind}, {sides_}), and should not be, but {asked}")
            self._outside(found, *asked.pop(found.twin_id), next(turns))
        for name, (before, theirs) in asked.items():
            # a decision about the twin's ended this one, too
            key: Name = int(name[4:]) if name.startswith("new-") else name
            kind, result = merged(before, self.hand.local.get(key), theirs)
            if kind or (result is not None and result != self.hand.local.get(key)):
                raise Broken(f"{name} came clashing, and nobody was asked: {before}, {theirs}")

    def _with_the_twin(self, conflict: Any, side: Any) -> None:
        if conflict.kind == "create-create":
            raise Broken(f"{conflict.twin_id}: no create-create can stand before one from outside")
        decision = resolution_of(conflict, side)
        resolve(WorkingCopy.open(self.hand.path), [decision])
        from .test_histories import _plain

        values = {"geometry" if name == "geom" else name: _plain(value) for name, value in decision.values.items()}
        if decision.keep == "merged" and conflict.kind in ("update-delete", "delete-update"):
            values = {}
        self.hand.decided(conflict, decision.keep, values)

    def _outside(self, conflict: Any, before: Item, theirs: Item, side: Any) -> None:
        local = self.hand.local
        key: Name = int(conflict.twin_id[4:]) if conflict.twin_id.startswith("new-") else conflict.twin_id
        mine = local.get(key)
        resolve(WorkingCopy.open(self.hand.path), [resolution_of(conflict, side)])
        if mine is None or theirs is None:
            chosen = mine if side == "mine" else theirs
            if chosen is None:
                local.pop(key, None)
            elif isinstance(key, int) or key not in self.hand.basis:
                local.pop(key, None)
                fid = key if mine is not None else rows(self.hand.path, "SELECT max(fid) FROM buildings")[0][0]
                local[int(fid)] = chosen
            else:
                local[key] = chosen
            return
        was = before or dict.fromkeys(COLUMNS)
        local[key] = {
            name: theirs[name]
            if mine[name] == was[name] or (side == "theirs" and theirs[name] != was[name])
            else mine[name]
            for name in COLUMNS
        }
