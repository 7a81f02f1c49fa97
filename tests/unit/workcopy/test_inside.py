"""Columns that merge inside: in a pull, in a publish, among the conflicts and when they are decided, in each tier.

A toy of a column: its text is words like ``roof=red door=blue``, each an entry with a name.
"""

from __future__ import annotations

from typing import Any

import pytest

from plugin.twin.client import Twin
from plugin.workcopy.conflicts import Resolution, resolution_of, resolve, resolve_all
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.inside import Inside
from plugin.workcopy.merge import Field, merge
from plugin.workcopy.publish import publish
from plugin.workcopy.pull import pull
from plugin.workcopy.source import Source

from .conftest import SmallTwin
from .test_publish import run
from .two_sides import TIERS, nothing_left, row

BASE = "roof=red door=blue"


def words(text: Any) -> dict[str, str]:
    return dict(word.split("=") for word in str(text or "").split())


def look(column: str, base: Any, mine: Any, theirs: Any) -> Inside | None:
    if column != "name" or any("=" not in word for side in (base, mine, theirs) for word in str(side or "").split()):
        return None
    b, m, t = words(base), words(mine), words(theirs)
    ours, others, clashes = {}, {}, []
    for name in {**m, **t, **b}:
        values = (b.get(name), m.get(name), t.get(name))
        if len(set(values)) == 3:
            clashes.append(name)
        taken = values[1] if values[2] in values[:2] else values[2]
        ours[name], others[name] = (values[1], values[2]) if name in clashes else (taken, taken)
    texts = [" ".join(f"{k}={v}" for k, v in side.items() if v is not None) for side in (ours, others)]
    return Inside(texts[0], texts[1], tuple(clashes))


def inside_of(source: Source) -> Any:
    return look if source.table == "buildings" else None


FIELDS = [Field("name", "string", inside=look), Field("height", "number", inside=look)]


def cell(base: str | None, mine: str | None, theirs: str | None) -> Any:
    return merge({"name": base}, {"name": mine}, {"name": theirs}, FIELDS[:1]).cells[0]


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "verdict", "result"),
    [
        (BASE, "roof=green door=blue", "roof=red door=white", "merged", "roof=green door=white"),
        (BASE, "roof=green door=blue", "roof=grey door=white", "clash", "roof=green door=white"),
        (BASE, "roof=green door=blue", "roof=green door=white", "theirs", "roof=green door=white"),
        (BASE, "roof=green door=white", "roof=green door=blue", "mine", "roof=green door=white"),
        (BASE, "roof=green", "roof=red", "mine", "roof=green"),  # theirs did nothing that mine did not
        (BASE, "roof=green door=blue", BASE, "mine", "roof=green door=blue"),
        (BASE, "roof=green", "roof=green", "both", "roof=green"),
        (BASE, "a house", "roof=green", "clash", "a house"),  # cannot be looked into
        (None, "roof=red", "door=blue", "merged", "roof=red door=blue"),
        (BASE, None, "roof=red door=blue wall=white", "merged", "wall=white"),
    ],
)
def test_one_column(base: Any, mine: Any, theirs: Any, verdict: str, result: Any) -> None:
    found = cell(base, mine, theirs)
    assert (found.verdict, found.result) == (verdict, result)


def test_a_merge_inside_is_something_to_publish_and_somebody_elses_news() -> None:
    sides: list[dict[str, Any]] = [{"name": BASE, "height": 1.0} for _ in range(3)]
    sides[1]["name"], sides[2]["name"] = "roof=green door=blue", "roof=red door=white"
    found = merge(sides[0], sides[1], sides[2], FIELDS)
    assert (found.kind, found.to_publish, found.takes_theirs, found.inside) == ("", True, True, ("name",))
    sides[1]["height"], sides[2]["height"] = 2.0, 3.0
    found = merge(sides[0], sides[1], sides[2], FIELDS)
    assert (found.kind, found.clashes, found.inside) == ("update-update", ("height",), ("name",))
    assert found.result == {"name": "roof=green door=white", "height": 2.0}


def test_whether_two_new_features_are_one_is_still_asked() -> None:
    """However well their columns go together."""
    found = merge(None, {"name": "roof=red"}, {"name": "door=blue"}, FIELDS[:1])
    assert (found.kind, found.result) == ("create-create", {"name": "roof=red door=blue"})
    found = merge(None, {"name": "roof=red"}, {"name": "roof=red door=blue"}, FIELDS[:1])
    assert found.kind == "create-create"


def test_what_the_twin_keeps_is_not_looked_into() -> None:
    kept = Field("name", "string", read_only=True, inside=look)
    (found,) = merge({"name": BASE}, {"name": "roof=green"}, {"name": "door=white"}, [kept]).cells
    assert (found.verdict, found.result) == ("theirs", "door=white")


@pytest.fixture
def copy(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> WorkingCopy:
    """The file in which building 1 has a roof and a door."""
    twin.colleague("b1", name=BASE)
    pull(copy, client)
    return WorkingCopy.open(copy.path, inside_of)


@TIERS
def test_a_pull_merges_inside_and_says_so(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    run(copy, "UPDATE buildings SET name = 'roof=green door=blue' WHERE twin_id = 'b1'")
    twin.colleague("b1", name="roof=red door=white")
    report = pull(copy, client)
    assert (report.merged, report.conflicts, report.updated) == (1, 0, 0)
    assert report.inside == ("roof=green door=white: your changes and somebody else’s were merged inside name.",)
    assert copy.conflicts() == [] and row(copy, "b1", "name") == ("roof=green door=white",)
    assert [change.key for change in copy.changes()] == ["buildings/b1"], "mine is still to be published"
    assert publish(copy, client, "m").published == 1
    assert twin.properties("b1")["name"] == "roof=green door=white"
    nothing_left(copy, client)
    assert pull(copy, client).inside == ()


@TIERS
def test_a_publish_merges_inside_and_sends_it(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    run(copy, "UPDATE buildings SET name = 'roof=green door=blue' WHERE twin_id = 'b1'")
    twin.colleague("b1", name="roof=red door=white")
    report = publish(copy, client, "m")
    (outcome,) = report.outcomes
    assert (outcome.state, outcome.message.endswith("were merged inside name.")) == ("published", True)
    assert twin.properties("b1")["name"] == "roof=green door=white" and copy.conflicts() == []
    nothing_left(copy, client)


@TIERS
def test_they_had_it_all_already(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    run(copy, "UPDATE buildings SET name = 'roof=green door=blue' WHERE twin_id = 'b1'")
    twin.colleague("b1", name="roof=green door=white")
    before = twin.writes()
    report = publish(copy, client, "m")
    assert [outcome.state for outcome in report.outcomes] == ["published"] and twin.writes() == before
    assert "merged inside" in report.outcomes[0].message, "what became of mine is told"
    nothing_left(copy, client)


@TIERS
@pytest.mark.parametrize("side", ["mine", "theirs"])
def test_only_the_entry_that_clashes_is_decided(side: Any, copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    """Whoever is chosen: the wall that they painted and the window that I put in are both there."""
    run(copy, "UPDATE buildings SET name = 'roof=green door=blue window=new' WHERE twin_id = 'b1'")
    twin.colleague("b1", name="roof=grey door=blue wall=white")
    assert pull(copy, client).conflicts == 1
    (conflict,) = copy.conflicts()
    (clash,) = conflict.clashes
    assert clash.inside is not None and clash.inside.clashes == ("roof",)
    assert (clash.mine, clash.theirs) == ("roof=green door=blue window=new", "roof=grey door=blue wall=white")
    assert resolve_all(copy, side) == 1
    want = {"roof": "green" if side == "mine" else "grey", "door": "blue", "window": "new", "wall": "white"}
    assert words(row(copy, "b1", "name")[0]) == want
    assert publish(copy, client, "m").published == 1 and words(twin.properties("b1")["name"]) == want
    nothing_left(copy, client)


def test_an_edit_that_ends_the_clash_ends_the_conflict(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    run(copy, "UPDATE buildings SET name = 'roof=green door=blue' WHERE twin_id = 'b1'")
    twin.colleague("b1", name="roof=grey door=white")
    pull(copy, client)
    assert len(copy.conflicts()) == 1 and copy.counts()["buildings"].conflicts == 1
    run(copy, "UPDATE buildings SET name = 'roof=grey door=blue wall=new' WHERE twin_id = 'b1'")
    assert copy.conflicts() == [] and copy.counts()["buildings"].conflicts == 0
    assert publish(copy, client, "m").published == 1
    assert words(twin.properties("b1")["name"]) == {"roof": "grey", "door": "white", "wall": "new"}
    nothing_left(copy, client)


@TIERS
def test_a_conflict_that_a_copy_without_the_hook_found(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    """An older version asked about the column as a whole; this one need not, and nothing is lost on the way."""
    plain = WorkingCopy.open(copy.path)
    run(copy, "UPDATE buildings SET name = 'roof=green door=blue' WHERE twin_id = 'b1'")
    twin.colleague("b1", name="roof=red door=white")
    assert pull(plain, client).conflicts == 1 and len(plain.conflicts()) == 1
    assert copy.conflicts() == [] and not any(change.conflict for change in copy.changes())
    assert publish(copy, client, "m").published == 1
    assert twin.properties("b1")["name"] == "roof=green door=white"
    nothing_left(copy, client)
    nothing_left(plain, client)


def test_the_hook_stays_with_the_copy(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    """Through a pull, which reads the sources anew, and through a refresh."""
    pull(copy, client)
    assert copy.source("buildings").inside is look and copy.source("benches").inside is None
    copy.refresh()
    assert copy.source("buildings").inside is look
    assert WorkingCopy.open(copy.path).source("buildings") == copy.source("buildings"), "it is nothing of the file's"


def test_a_decision_of_ones_own(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    run(copy, "UPDATE buildings SET name = 'roof=green door=blue', height = 1 WHERE twin_id = 'b1'")
    twin.colleague("b1", name="roof=red door=white", height=2)
    pull(copy, client)
    (conflict,) = copy.conflicts()
    assert [one.column for one in conflict.clashes] == ["height"], "the name is merged, and nothing to decide"
    assert resolution_of(conflict, "theirs").values == {"height": 2.0}
    resolve(copy, [Resolution("buildings", "b1", conflict.token, "merged", {"height": 5.0})])
    assert row(copy, "b1", "name", "height") == ("roof=green door=white", 5.0)
