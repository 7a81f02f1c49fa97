"""The merge matrix from end to end: checkout, edits on both sides, pull, decisions, publish."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from plugin.demo.model import Collection, Property
from plugin.twin.client import Twin
from plugin.workcopy.checkout import checkout
from plugin.workcopy.conflicts import resolution_of, resolve
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.geometry import decode
from plugin.workcopy.publish import publish
from plugin.workcopy.pull import pull

from .merge_cases import CELL, PATTERNS, TYPES, VALUES, polygon
from .records import record
from .world import THINGS, World, blob, health, quick_folder, rows, run, table

_IMPOSSIBLE = ("not a date", 1e300)  # a twin with a schema would not serve the one; the other is no JSON everywhere


def _column(kind: str) -> str:
    return "geom" if kind == "geometry" else kind.replace("-", "_") + "_"


def _json(kind: str, stored: Any) -> Any:
    """A stored value as the twin serves it."""
    if stored is None:
        return None
    if kind == "geometry":
        return decode(stored)
    if kind == "boolean":
        return bool(stored)
    if kind == "date-time":
        return str(stored).replace(".000Z", "Z")  # the spelling of the file
    return json.loads(stored) if kind in ("object", "array") else stored


def _cases() -> dict[str, tuple[str, Any, Any, Any, str, str]]:
    """Id → type, base, mine, theirs, verdict, whose value stands: every triple of values."""
    found = {}
    count = itertools.count(1)
    for kind in TYPES:
        values = [group[0] for group in VALUES[kind] if group[0] not in _IMPOSSIBLE]
        for b, m, t in itertools.product(range(len(values)), repeat=3):
            verdict, stands = CELL[(m == b, t == b, m == t)]
            found[f"x{next(count)}"] = (kind, values[b], values[m], values[t], verdict, stands)
    return found


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    folder = quick_folder()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def cases() -> dict[str, tuple[str, Any, Any, Any, str, str]]:
    return _cases()


@pytest.mark.parametrize("tier", ["W1", "W2"])
def test_every_value_through_pull_and_publish(tier: str, tmp_path: Path, cases: dict[str, Any]) -> None:
    data = []
    for number, (identity, (kind, base, *_)) in enumerate(cases.items()):
        properties = {} if kind == "geometry" else {_column(kind): _json(kind, base)}
        geometry = _json(kind, base) if kind == "geometry" else polygon(100000.0 + 20 * number)
        data.append((identity, properties, geometry))
    world = World(tmp_path, tier, data={"things": data})
    try:
        _through(world, tier, cases)
    finally:
        world.close()


def _through(world: World, tier: str, cases: dict[str, Any]) -> None:
    path = world.reset()
    theirs_now: dict[str, dict[str, Any]] = {}
    for identity, (kind, base, mine, theirs, _verdict, _stands) in cases.items():
        if mine is not base:
            run(path, f"UPDATE things SET {_column(kind)} = ? WHERE twin_id = ?", mine, identity)
        if theirs is not base:
            name = "geometry" if kind == "geometry" else _column(kind)
            theirs_now[identity] = {name: _json(kind, theirs)}
    world.memory.colleague_many("things", theirs_now)
    report = pull(WorkingCopy.open(path), world.twin())
    assert not report.notes
    copy = WorkingCopy.open(path)
    bad = _after_pull(copy, cases)
    assert not bad, f"{len(bad)} after the pull:\n" + "\n".join(bad[:30])
    sides = {c.twin_id: ("mine", "theirs")[int(c.twin_id[1:]) % 2] for c in copy.conflicts()}
    assert resolve(copy, [resolution_of(c, sides[c.twin_id]) for c in copy.conflicts()]) == len(sides)  # type: ignore[arg-type]
    bad = _after_publish(world, path, cases, sides)
    for identity, (kind, _base, _mine, _theirs, verdict, _stands) in cases.items():
        failed = any(words.startswith(f"{identity} ") for words in bad)
        record("merge", f"{kind} (pull, {tier})", PATTERNS[verdict], "FAILED" if failed else "ok")
    assert not bad, f"{len(bad)} after the publish:\n" + "\n".join(bad[:30])


def _after_pull(copy: WorkingCopy, cases: dict[str, Any]) -> list[str]:
    bad = health(copy.path)
    have = table(copy.path, "things")
    changes = {change.twin_id: change for change in copy.changes()}
    conflicts = {conflict.twin_id: conflict for conflict in copy.conflicts()}
    for identity, (kind, base, mine, theirs, verdict, stands) in cases.items():
        column = _column(kind)
        value = have[identity][column]
        want = {"base": base, "mine": mine, "theirs": theirs}[stands]
        name = f"{identity} {kind} {base!r:.40} | {mine!r:.40} | {theirs!r:.40} ({verdict}): "
        if _json(kind, value) != _json(kind, want):
            bad.append(f"{name} the row has {value!r:.60}")
        if (identity in conflicts) != (verdict == "clash"):
            bad.append(f"{name} {'a' if identity in conflicts else 'no'} conflict")
        if (identity in changes) != (verdict in ("mine", "clash")):
            bad.append(f"{name} {'a' if identity in changes else 'no'} change")
        if identity in conflicts:
            cell = conflicts[identity].cell(column)
            sides = tuple(_json(kind, side) for side in (cell.base, cell.mine, cell.theirs)) if cell else ()
            if cell is None or cell.verdict != "clash" or sides != tuple(_json(kind, s) for s in (base, mine, theirs)):
                bad.append(f"{name} shown as {cell}")
    return bad


def _after_publish(world: World, path: Path, cases: dict[str, Any], sides: dict[str, str]) -> list[str]:
    before = len(world.memory.notes())
    report = publish(WorkingCopy.open(path), world.twin(), "Decided")
    bad = [f"{o.change.twin_id} {o.state} {o.message}" for o in report.outcomes if o.state != "published"]
    copy, state, here = WorkingCopy.open(path), world.memory.state(), table(path, "things")
    bad += [f"{change.twin_id} is still a change" for change in copy.changes()]
    sent = 0
    for identity, (kind, base, mine, theirs, verdict, stands) in cases.items():
        chosen = sides[identity] if verdict == "clash" else stands
        want = _json(kind, {"base": base, "mine": mine, "theirs": theirs}[chosen])
        sent += chosen == "mine"
        name = "geometry" if kind == "geometry" else _column(kind)
        told = state[("things", identity)].get(name)
        if told != want:
            bad.append(f"{identity} {kind}: the twin has {told!r:.60} instead of {want!r:.60}")
        if _json(kind, here[identity][_column(kind)]) != want:
            bad.append(f"{identity} {kind}: the copy has {here[identity][_column(kind)]!r:.60} instead of {want!r:.60}")
    made = len(world.memory.notes()) - before
    if made != sent:
        bad.append(f"the twin was made to change {made} items, and {sent} were ours to send")
    return bad + health(path)


# -- whole features ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["mine", "theirs"])
@pytest.mark.parametrize("theirs", ["nothing", "update", "same", "other", "delete"])
@pytest.mark.parametrize("mine", ["nothing", "update", "delete", "back"])
def test_every_doing_against_every_other(mine: str, theirs: str, side: str, tmp_path: Path) -> None:
    """update: of number; same: the same update; other: of another column; back: changed and changed back."""
    world = World(tmp_path, "W1", data={"things": [("a", {"number_": 1.0, "string_": "s"}, polygon(92000.0))]})
    path = world.reset()
    if mine in ("update", "back"):
        run(path, "UPDATE things SET number_ = 2 WHERE twin_id = 'a'")
    if mine == "back":
        run(path, "UPDATE things SET number_ = 1 WHERE twin_id = 'a'")
    if mine == "delete":
        run(path, "DELETE FROM things WHERE twin_id = 'a'")
    if theirs == "delete":
        world.memory.colleague_deletes("things", "a")
    elif theirs != "nothing":
        world.memory.colleague("things", "a", **{"update": {"number_": 3.0}, "same": {"number_": 2.0},
                                                 "other": {"string_": "t"}}[theirs])  # fmt: skip
    pull(WorkingCopy.open(path), world.twin())
    copy = WorkingCopy.open(path)
    asked = {
        ("update", "update"): "update-update",
        ("update", "delete"): "update-delete",
        ("delete", "update"): "delete-update",
        ("delete", "same"): "delete-update",
        ("delete", "other"): "delete-update",
    }.get((mine, theirs), "")
    assert [conflict.kind for conflict in copy.conflicts()] == ([asked] if asked else [])
    resolve(copy, [resolution_of(conflict, side) for conflict in copy.conflicts()])  # type: ignore[arg-type]
    report = publish(WorkingCopy.open(path), world.twin(), "m")
    assert not report.stopped and report.published == len(report.outcomes)
    they = {"nothing": (1.0, "s"), "update": (3.0, "s"), "same": (2.0, "s"), "other": (1.0, "t"), "delete": None}[
        theirs
    ]
    if mine in ("nothing", "back"):
        want = they
    elif asked:
        want = they if side == "theirs" else {"update": (2.0, "s"), "delete": None}[mine]
    elif mine == "delete":
        want = None
    else:
        want = (2.0, they[1] if they else "s")
    have = [(cells.get("number_"), cells.get("string_")) for cells in world.memory.state().values()]
    assert have == ([want] if want else [])
    assert not WorkingCopy.open(path).changes() and not health(path)
    assert [(c["number_"], c["string_"]) for c in table(path, "things").values()] == have
    record("merge", "whole features (pull, W1)", asked or "nobody asked", "ok")
    world.close()


@pytest.mark.parametrize("keep", ["mine", "theirs", "both"])
@pytest.mark.parametrize("alike", [True, False])
def test_both_create_the_same_thing(alike: bool, keep: str, tmp_path: Path) -> None:
    world = World(tmp_path, "W1", data={"things": [("a", {}, polygon(92000.0))]})
    path = world.reset()
    run(path, "INSERT INTO things (string_, number_, geom) VALUES ('oak', 5, ?)", blob(polygon(93000.0)))
    world.memory.colleague_creates("things", "z", polygon(93000.0), string_="oak", number_=5.0 if alike else 6.0)
    pull(WorkingCopy.open(path), world.twin())
    copy = WorkingCopy.open(path)
    (conflict,) = copy.conflicts() or (None,)
    assert (conflict is None) == alike
    if conflict is not None:
        decision = resolution_of(conflict, "mine" if keep == "both" else keep)  # type: ignore[arg-type]
        resolve(copy, [replace(decision, keep="both", values={}) if keep == "both" else decision])
    report = publish(WorkingCopy.open(path), world.twin(), "m")
    assert not report.stopped and report.published == len(report.outcomes)
    have = sorted(cells["number_"] for (_, identity), cells in world.memory.state().items() if identity != "a")
    assert have == ([5.0] if alike else {"mine": [5.0], "theirs": [6.0], "both": [5.0, 6.0]}[keep])
    assert not WorkingCopy.open(path).changes() and len(table(path, "things")) == len(have) + 1
    record("merge", "whole features (pull, W1)", "create-create", "ok")
    world.close()


# -- a schema that changed meanwhile ---------------------------------------------------------------------------------


def _with(**properties: Property | None) -> Collection:
    """THINGS with properties replaced, added (at the end) or, None, gone."""
    kept = [properties.get(p.name, p) for p in THINGS.schema.properties]
    added = [p for name, p in properties.items() if p and THINGS.schema.get(name) is None]
    return replace(THINGS, schema=replace(THINGS.schema, properties=tuple(p for p in [*kept, *added] if p)))


@pytest.fixture
def world(tmp_path: Path) -> Any:
    found = World(
        tmp_path,
        "W1",
        data={
            "things": [
                ("a", {"number_": 1.5, "string_": "s", "integer_": 3}, polygon(92000.0)),
                ("b", {"number_": 2.5, "string_": "7", "integer_": 4}, polygon(92020.0)),
                ("c", {"number_": 3.5, "string_": "t", "integer_": 5}, polygon(92040.0)),
            ]
        },
    )
    yield found
    found.close()


def _edited(world: World) -> Path:
    """I changed text and number of a, the number of b, drew a new one, and deleted c."""
    path = world.reset()
    run(path, "UPDATE things SET string_ = 'mine', number_ = 10.5 WHERE twin_id = 'a'")
    run(path, "UPDATE things SET number_ = 20 WHERE twin_id = 'b'")
    run(path, "INSERT INTO things (string_, number_, geom) VALUES ('8', 30.5, ?)", blob(polygon(93000.0)))
    run(path, "DELETE FROM things WHERE twin_id = 'c'")
    return path


def _published(world: World, path: Path) -> dict[str, Any]:
    report = publish(WorkingCopy.open(path), world.twin(), "m")
    assert not report.stopped and report.published == len(report.outcomes) == 4, [
        (o.change.key, o.message) for o in report.outcomes
    ]
    assert not WorkingCopy.open(path).changes() and not health(path)
    assert pull(WorkingCopy.open(path), world.twin()).conflicts == 0
    return {identity if len(identity) < 3 else "new": cells for (_, identity), cells in world.memory.state().items()}


def test_a_column_added_meanwhile(world: World) -> None:
    path = _edited(world)
    world.memory.reshape(_with(added=Property("added", "string")))
    world.memory.colleague("things", "a", added="theirs")
    report = pull(WorkingCopy.open(path), world.twin())
    assert "things" in report.reshaped and report.notes and not report.conflicts
    here = table(path, "things")
    assert (here["a"]["added"], here["a"]["string_"], here["a"]["number_"]) == ("theirs", "mine", 10.5)
    run(path, "UPDATE things SET added = 'mine' WHERE twin_id = 'b'")
    there = _published(world, path)
    assert there["a"]["added"] == "theirs" and there["a"]["string_"] == "mine" and there["b"]["added"] == "mine"
    assert there["b"]["number_"] == 20 and there["new"]["string_"] == "8" and "c" not in there
    record("merge", "schema (pull, W1)", "column added", "ok")


def test_a_column_removed_meanwhile(world: World) -> None:
    path = _edited(world)
    world.memory.reshape(_with(string_=None))
    for identity in ("a", "b", "c"):
        state = world.memory.state()[("things", identity)]
        state.pop("string_", None)
        geometry = state.pop("geometry")
        world.memory.colleague_many("things", {identity: {"geometry": geometry}})
    report = pull(WorkingCopy.open(path), world.twin())
    assert "things" in report.reshaped and report.notes
    assert not any(conflict.kind == "update-update" for conflict in WorkingCopy.open(path).conflicts())
    here = table(path, "things")
    assert here["a"]["string_"] == "mine", "what I wrote stays, as a column of my own"
    there = _published(world, path)
    assert there["a"]["number_"] == 10.5 and there["b"]["number_"] == 20 and there["new"]["number_"] == 30.5
    assert all("string_" not in cells for cells in there.values()) and "c" not in there
    record("merge", "schema (pull, W1)", "column removed", "ok")


@pytest.mark.parametrize("edited", [True, False])
def test_a_column_retyped_meanwhile(world: World, edited: bool) -> None:
    """Number to text: every edit can be carried over."""
    path = _edited(world) if edited else world.reset()
    world.memory.reshape(_with(number_=Property("number_", "string")))
    world.memory.colleague_many("things", {"a": {"number_": "1.5"}, "b": {"number_": "2.5"}, "c": {"number_": "3.5"}})
    report = pull(WorkingCopy.open(path), world.twin())
    assert "things" in report.reshaped and report.notes
    copy = WorkingCopy.open(path)
    if not edited:
        assert not copy.changes() and not copy.conflicts()
        assert {k: c["number_"] for k, c in table(path, "things").items()} == {"a": "1.5", "b": "2.5", "c": "3.5"}
        return
    resolve(copy, [resolution_of(conflict, "mine") for conflict in copy.conflicts()])
    there = _published(world, path)
    assert there["a"]["string_"] == "mine" and float(there["a"]["number_"]) == 10.5
    assert float(there["b"]["number_"]) == 20 and float(there["new"]["number_"]) == 30.5 and "c" not in there
    record("merge", "schema (pull, W1)", "column retyped", "ok")


def test_a_column_retyped_so_that_an_edit_does_not_fit(world: World) -> None:
    """Text to whole number: "mine" is no number. It is kept beside, and said."""
    path = _edited(world)
    world.memory.reshape(_with(string_=Property("string_", "integer")))
    world.memory.colleague_many("things", {"a": {"string_": 1}, "b": {"string_": 7}, "c": {"string_": None}})
    report = pull(WorkingCopy.open(path), world.twin())
    assert "things" in report.reshaped and any("string_" in note for note in report.notes)
    everything = [value for row in rows(path, "SELECT * FROM things") for value in row]
    assert "mine" in everything, "what I wrote is nowhere any more"
    copy = WorkingCopy.open(path)
    resolve(copy, [resolution_of(conflict, "mine") for conflict in copy.conflicts()])
    assert table(path, "things")["a"]["string_"] == 1
    there = _published(world, path)
    assert there["a"]["number_"] == 10.5 and there["a"]["string_"] == 1 and there["b"]["number_"] == 20
    assert there["new"]["string_"] == 8
    record("merge", "schema (pull, W1)", "column retyped, an edit does not fit", "ok")


# -- what the twin makes of values -----------------------------------------------------------------------------------


def test_what_the_twin_computes_is_never_a_change_or_a_clash(world: World) -> None:
    path = world.reset()
    run(path, "UPDATE things SET area_ = 1 WHERE twin_id = 'a'")  # QGIS's field calculator does not know better
    run(path, "UPDATE things SET geom = ? WHERE twin_id = 'b'", blob(polygon(92020.0, size=5.0)))
    world.memory.colleague("things", "a", geometry=polygon(92000.0, size=20.0))
    world.memory.colleague("things", "c", geometry=polygon(92040.0, size=20.0))
    pull(WorkingCopy.open(path), world.twin())
    copy = WorkingCopy.open(path)
    assert not copy.conflicts()
    report = publish(copy, world.twin(), "m")
    assert not report.stopped and not report.failed
    pull(WorkingCopy.open(path), world.twin())
    areas = {identity: cells["area_"] for identity, cells in table(path, "things").items()}
    assert areas == {"a": 400.0, "b": 25.0, "c": 400.0}
    assert not WorkingCopy.open(path).changes()
    record("merge", "computed by the twin (pull, W1)", "geometry moved by both", "ok")


def test_a_checkout_after_it_all_is_the_same_file(world: World, tmp_path: Path) -> None:
    path = _edited(world)
    pull(WorkingCopy.open(path), world.twin())
    _published(world, path)
    fresh = tmp_path / "fresh.gpkg"
    checkout(Twin(world.url, session=world.session()), ["things"], fresh)

    def content(place: Path) -> dict[Any, Any]:
        return {
            key: {n: v for n, v in cells.items() if n not in ("fid", "geom")} | {"geom": decode(cells["geom"])}
            for key, cells in table(place, "things").items()
        }

    assert content(path) == content(fresh)
