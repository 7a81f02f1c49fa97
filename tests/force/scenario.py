"""One morning's work, by two people: what I edit, what a colleague edits on the twin, and what must come of it.

What must come of it is written down here by hand, and never asked of the plugin.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plugin.demo.locks import http_date
from plugin.twin.client import Twin
from plugin.twin.errors import CityTwinError
from plugin.workcopy.columns import GEOMETRY
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.geometry import decode
from plugin.workcopy.publish import PublishReport, publish
from plugin.workcopy.pull import PullReport, pull
from tests.copies import square

from .world import (
    BUILDINGS,
    TREES,
    TwinState,
    World,
    blob,
    building,
    feature_of,
    health,
    named,
    rows,
    run,
    table,
    tree,
    work_done,
)

MOVED = square(92040, 436050)  # where I put building 2
NEW_1, NEW_2 = square(92500, 436500), square(92600, 436500)
NEW_TREE = {"type": "Point", "coordinates": [92700.5, 436700.5]}
MESSAGE = "Morning – één"


def my_edits(path: Path) -> None:
    """As QGIS would write them: two updates, a moved outline, two deletes, three new features."""
    run(path, "UPDATE buildings SET height = 55.5, name = 'Mine 1' WHERE twin_id = 'b1'")
    run(path, "UPDATE buildings SET geom = ?, tags = NULL WHERE twin_id = 'b2'", blob(MOVED))
    run(path, "DELETE FROM buildings WHERE twin_id = 'b3'")
    run(path, "INSERT INTO buildings (name, height, geom) VALUES ('New 1', 3, ?)", blob(NEW_1))
    run(path, "INSERT INTO buildings (name, floors, built, geom) VALUES ('New 2', 4, '2026-03-01', ?)", blob(NEW_2))
    run(path, "UPDATE trees SET height = 7.25 WHERE twin_id = 't1'")
    run(path, "DELETE FROM trees WHERE twin_id = 't3'")
    run(path, "INSERT INTO trees (name, geom) VALUES ('New 3', ?)", blob(NEW_TREE))


def their_edits(world: World) -> None:
    """Nothing that clashes: another column of a feature of mine, a feature of their own, one deleted, one new."""
    memory = world.memory
    memory.colleague("buildings", "b1", floors=11)
    memory.colleague("buildings", "b4", height=44.0, geometry=square(92080, 436010))
    memory.colleague_deletes("buildings", "b5")
    memory.colleague_creates("buildings", "b9", square(92900, 436900), name="Theirs 9", height=9.0)
    memory.colleague("trees", "t2", height=None)


WORK = Counter(
    {
        ("buildings", "b1", "update"): 1,
        ("buildings", "b2", "update"): 1,
        ("buildings", "b3", "delete"): 1,
        ("buildings", "new", "create"): 2,
        ("trees", "t1", "update"): 1,
        ("trees", "t3", "delete"): 1,
        ("trees", "new", "create"): 1,
    }
)


def must_become(colleague: bool) -> TwinState:
    """The twin in the end, new features by name."""
    found: TwinState = {}

    def put(collection: Any, identity: str, properties: dict[str, Any], geometry: Any, key: str = "") -> None:
        feature = feature_of(collection, identity, {k: v for k, v in properties.items() if v is not None}, geometry)
        cells = {**json.loads(feature.properties), "geometry": geometry}
        found[(collection.id, key or identity)] = cells

    for number in range(1, 7):
        identity, properties, geometry = building(number)
        if number == 1:
            properties.update(height=55.5, name="Mine 1")
            if colleague:
                properties.update(floors=11)
        if number == 2:
            geometry = MOVED
            properties["tags"] = None
        if number == 3 or (number == 5 and colleague):
            continue
        if number == 4 and colleague:
            properties.update(height=44.0)
            geometry = square(92080, 436010)
        put(BUILDINGS, identity, properties, geometry)
    put(BUILDINGS, "", {"name": "New 1", "height": 3.0}, NEW_1, "new New 1")
    put(BUILDINGS, "", {"name": "New 2", "floors": 4, "built": "2026-03-01"}, NEW_2, "new New 2")
    for number in (1, 2):
        identity, properties, geometry = tree(number)
        if number == 1:
            properties.update(height=7.25)
        if number == 2 and colleague:
            properties["height"] = None
        put(TREES, identity, properties, geometry)
    put(TREES, "", {"name": "New 3"}, NEW_TREE, "new New 3")
    if colleague:
        put(BUILDINGS, "b9", {"name": "Theirs 9", "height": 9.0}, square(92900, 436900))
    return found


def plain(state: TwinState) -> TwinState:
    """Without nulls: a property that is null and one that is not there say the same."""
    return {key: {name: value for name, value in cells.items() if value is not None} for key, cells in state.items()}


@dataclass
class Tried:
    """What one run of pull and publish did."""

    pulled: PullReport | None = None
    published: PublishReport | None = None
    refused: tuple[str, ...] = ()  # the sentences of what was raised

    @property
    def clean(self) -> bool:
        return not self.refused and self.published is not None and not complaint(self.published)


def sync(path: Path, twin: Twin) -> Tried:
    """Pull, then publish, as a user would: a pull that fails does not keep them from trying to publish."""
    tried = Tried()
    copy = WorkingCopy.open(path)
    try:
        tried.pulled = pull(copy, twin)
    except CityTwinError as error:
        tried.refused += (f"pull: {type(error).__name__}: {error.message}",)
    try:
        tried.published = publish(WorkingCopy.open(path), twin, MESSAGE)
    except CityTwinError as error:
        tried.refused += (f"publish: {type(error).__name__}: {error.message}",)
    return tried


def complaint(report: PublishReport) -> str:
    """Why a publish was not whole, "" where it was."""
    if report.stopped:
        return f"stopped: {report.stopped}"
    bad = [outcome for outcome in report.outcomes if outcome.state != "published"]
    return "; ".join(f"{outcome.change.key} {outcome.state}: {outcome.message}" for outcome in bad)


def stated(tried: Tried) -> list[str]:
    """Where an outcome was not stated: something was not published, and no sentence says why."""
    found = [f"an empty sentence: {words!r}" for words in tried.refused if not words.split(": ", 2)[2].strip()]
    report = tried.published
    if report is not None:
        found += [
            f"{outcome.change.key}: {outcome.state} without a word"
            for outcome in report.outcomes
            if outcome.state != "published" and not outcome.message.strip() and not report.stopped
        ]
        if report.remaining and not report.stopped:
            found.append(f"{report.remaining} were not tried, and nobody says why")
    return found


def nothing_lost(world: World, path: Path) -> list[str]:
    """Each of my edits is in the working copy as I made it, and is either a change there or on the twin."""
    found = []
    state = named(world.memory.state())
    copy = WorkingCopy.open(path)
    pending = {change.key for change in copy.changes()}
    buildings, trees = table(path, "buildings"), table(path, "trees")
    names = {cells["name"]: (key, cells) for rows_ in (buildings, trees) for key, cells in rows_.items()}

    def mine(key: str, cells: dict[str, Any] | None, want: dict[str, Any]) -> None:
        if cells is None:
            found.append(f"{key} is gone from the working copy")
            return
        for name, value in want.items():
            have = decode(cells[name]) if name == GEOMETRY else cells[name]
            if have != value:
                found.append(f"{key}.{name} is {have!r}, I had written {value!r}")

    def known(key: str, on_twin: bool) -> None:
        if key not in pending and not on_twin:
            found.append(f"{key} is neither a change any more nor on the twin")

    mine("b1", buildings.get("b1"), {"height": 55.5, "name": "Mine 1"})
    known("buildings/b1", state.get(("buildings", "b1"), {}).get("name") == "Mine 1")
    mine("b2", buildings.get("b2"), {"geom": MOVED, "tags": None})
    known("buildings/b2", state.get(("buildings", "b2"), {}).get("geometry") == MOVED)
    mine("t1", trees.get("t1"), {"height": 7.25})
    known("trees/t1", state.get(("trees", "t1"), {}).get("height") == 7.25)
    for collection, identity, there in (("buildings", "b3", buildings), ("trees", "t3", trees)):
        if identity in there and (collection, identity) not in state:
            found.append(f"{identity} is back in the working copy")
        known(f"{collection}/{identity}", (collection, identity) not in state)
    for collection, name in (("buildings", "New 1"), ("buildings", "New 2"), ("trees", "New 3")):
        if name not in names:
            found.append(f"{name} is gone from the working copy")
            continue
        key, _cells = names[name]
        known(f"{collection}/{str(key).replace(':', '-')}", (collection, f"new {name}") in state)
    return found


def landed(world: World, path: Path, colleague: bool) -> list[str]:
    """What is wrong in the end: on the twin, in its table of changes, in the working copy."""
    found = []
    have, want = plain(named(world.memory.state())), plain(must_become(colleague))
    for key in sorted({*have, *want}):
        if have.get(key) != want.get(key):
            found.append(f"twin {'/'.join(key)}: {have.get(key)} instead of {want.get(key)}")
    done = work_done(world.memory.notes())
    if done != WORK:
        more, fewer = done - WORK, WORK - done
        found.append(f"the twin was made to do too much {dict(more)} or too little {dict(fewer)}")
    copy = WorkingCopy.open(path)
    found += [f"still a change: {change.key} {change.kind}" for change in copy.changes()]
    found += [f"still a conflict: {conflict.table}/{conflict.twin_id}" for conflict in copy.conflicts()]
    found += alike(world, path)
    return found + health(path)


def alike(world: World, path: Path) -> list[str]:
    """Where the working copy and the twin differ, once everything is pulled and published."""
    found = []
    state = world.memory.state()
    for collection in ("buildings", "trees"):
        there = {identity: cells for (name, identity), cells in state.items() if name == collection}
        here = table(path, collection)
        for identity in sorted({*there, *map(str, here)}):
            row, item = here.get(identity), there.get(identity)
            if row is None or item is None:
                found.append(f"{collection}/{identity} is only {'on the twin' if row is None else 'in the copy'}")
                continue
            for name, value in row.items():
                if name in ("fid", "twin_version"):
                    continue
                told = item.get("geometry" if name == GEOMETRY else name)  # a new column is null on both sides
                if not same(name, value, told):
                    found.append(f"{collection}/{identity}.{name} is {value!r} here, {told!r} on the twin")
    return found


def same(name: str, stored: Any, told: Any) -> bool:
    """Whether a stored value is what the twin tells; written apart from the plugin's own comparison."""
    if stored is None or told is None:
        return stored is None and told is None
    if name == GEOMETRY:
        return bool(decode(stored) == told)
    if isinstance(told, bool):
        return stored == int(told)
    if isinstance(told, (list, dict)):
        return bool(json.loads(stored) == told)
    if name == "seen":
        return str(stored).replace(".000Z", "Z") == str(told).replace(".000Z", "Z")
    return bool(stored == told)


def tokens_right(world: World, path: Path) -> list[str]:
    """Tokens in the copy that are none of the twin's own."""
    found = []
    for collection in ("buildings", "trees"):
        for identity, version in rows(path, f"SELECT twin_id, twin_version FROM {collection} WHERE twin_id NOT NULL"):
            item = world.memory.store.item(collection, identity)
            told = item and (http_date(item) if "timestamps" in world.tier else item.etag)
            if told and version is not None and version != told:
                found.append(f"{collection}/{identity} has {version}, the twin {told}")
    return found
