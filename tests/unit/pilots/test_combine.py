"""Merging inside lists, held against rules written apart: nothing of either side is lost, nobody is asked in vain."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.pilots import schema as cols
from plugin.pilots.combine import combined, decided, entries, looked_into
from plugin.workcopy.columns import same

NAMES = ("reuse", "skills", "time", "data standards")
LISTS = tuple(column for column in cols.STRUCTURED if column != cols.HISTORY)


def text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def judged(table: dict[str, str | None]) -> str:
    return text([{"criterion": name, "rating": rating} for name, rating in table.items() if rating])


def read(found: str | None) -> dict[str, str]:
    assert found is not None
    return {one["criterion"]: one["rating"] for one in json.loads(found)}


tables = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["met", "not met", "unknown"]))
leaves = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, 1.0]) | st.text("ab", max_size=2)
made = st.one_of(
    leaves,
    st.fixed_dictionaries({"criterion": st.sampled_from(NAMES)}, optional={"rating": leaves, "evidence": leaves}),
    st.fixed_dictionaries({"title": st.sampled_from("ab")}, optional={"href": st.sampled_from(["", "https://x"])}),
    st.fixed_dictionaries({"at": st.sampled_from(["2026-01-01", "2026-02-01"])}, optional={"to": leaves, "x": leaves}),
)
anything = st.one_of(st.none(), st.sampled_from(["", "[]", "{", "5", "null"]), st.lists(made, max_size=4).map(text))


@given(tables, tables, tables)
def test_criterion_by_criterion(base: dict[str, str], mine: dict[str, str], theirs: dict[str, str]) -> None:
    """The rule of the house, for each criterion by itself."""
    found = looked_into("human", judged(base), judged(mine), judged(theirs))
    assert found is not None
    want_mine, want_theirs, clashes = {}, {}, set()
    for name in NAMES:
        b, m, t = base.get(name), mine.get(name), theirs.get(name)
        result = m if t in (b, m) else t
        clash = len({b, m, t}) == 3
        want_mine[name], want_theirs[name] = (m, t) if clash else (result, result)
        clashes |= {name} if clash else set()
    assert set(found.clashes) == clashes
    assert read(found.mine) == {name: rating for name, rating in want_mine.items() if rating}
    assert read(found.theirs) == {name: rating for name, rating in want_theirs.items() if rating}
    assert (combined("human", judged(base), judged(mine), judged(theirs)) is None) == bool(clashes)
    assert clashes or found.mine == found.theirs or same(found.mine, found.theirs, "array")


def parsed(value: str | None) -> list[Any]:
    return json.loads(value) if value else []


def within(entry: Any, values: list[Any]) -> bool:
    return any(same(text(entry), text(other), "object") for other in values)


@given(st.sampled_from(cols.STRUCTURED), anything, anything, anything)
def test_nothing_of_either_side_is_lost(column: str, base: Any, mine: Any, theirs: Any) -> None:
    """Whatever the lists hold: what a side wrote is in the result, and what is in no side is not."""
    found = looked_into(column, base, mine, theirs)
    if found is None:
        return
    b, m, t = parsed(base) or [], parsed(mine) or [], parsed(theirs) or []
    results = [json.loads(str(value)) for value in (found.mine, found.theirs)]
    for result in results:
        assert all(within(entry, m) or within(entry, t) for entry in result), "nobody wrote that"
        for entry in m:
            if within(entry, t):  # both have it
                assert within(entry, result)
    ours, others = results
    if not found.clashes:
        assert same(str(found.mine), str(found.theirs), "array")
    for entry in m:  # ours, in what is ours
        assert within(entry, ours) or within(entry, b), "mine was lost"
    for entry in t:
        assert within(entry, others) or within(entry, b), "theirs was lost"
    if column == cols.HISTORY:
        assert all(within(entry, ours) for entry in (*m, *t)) and not found.clashes


@given(st.sampled_from(cols.STRUCTURED), anything, anything, anything)
def test_from_the_other_side_it_is_the_same(column: str, base: Any, mine: Any, theirs: Any) -> None:
    """Who publishes last decides nothing but the order of the entries."""
    one, other = looked_into(column, base, mine, theirs), looked_into(column, base, theirs, mine)
    assert (one is None) == (other is None)
    if one is None or other is None:
        return
    assert set(one.clashes) == set(other.clashes)
    for here, there in ((one.mine, other.theirs), (one.theirs, other.mine)):
        ours, others = json.loads(str(here)), json.loads(str(there))
        assert len(ours) == len(others) and all(within(entry, others) for entry in ours)


@given(st.sampled_from(cols.STRUCTURED), anything, anything, anything)
def test_again_it_changes_nothing(column: str, base: Any, mine: Any, theirs: Any) -> None:
    """Merged once, both the next pull and the next publish find what is there already."""
    found = looked_into(column, base, mine, theirs)
    if found is None or found.clashes:
        return
    for was in (base, theirs):
        again = looked_into(column, was, found.mine, theirs)
        assert again is not None and not again.clashes and same(str(again.mine), str(found.mine), "array")


@given(st.sampled_from(LISTS), anything, anything, anything, st.data())
def test_a_side_for_each_entry(column: str, base: Any, mine: Any, theirs: Any, data: Any) -> None:
    found = looked_into(column, base, mine, theirs)
    if found is None:
        return
    assert decided(column, base, mine, theirs, {}) is None or not found.clashes
    for side, whole in (("mine", found.mine), ("theirs", found.theirs)):
        result = decided(column, base, mine, theirs, dict.fromkeys(found.clashes, side))  # type: ignore[arg-type]
        assert result is not None and same(result, str(whole), "array")
    listed = entries(column, base, mine, theirs)
    assert listed is not None and tuple(one.name for one in listed if not one.side) == found.clashes
    mixed = {name: data.draw(st.sampled_from(["mine", "theirs"])) for name in found.clashes}
    result = decided(column, base, mine, theirs, mixed)  # type: ignore[arg-type]
    for one in listed:
        entry = one.mine if (one.side or mixed[one.name]) == "mine" else one.theirs
        assert entry is None or within(entry, json.loads(str(result)))


def test_the_text_of_the_side_that_has_everything_stays_as_it_is() -> None:
    base, mine = '[{"title":"a"}]', '[{"title": "a"}, {"title": "b"}]'
    found = looked_into("data_used", base, mine, '[{"title":"b"},{"title":"a"},{"title":"c"}]')
    assert found is not None and [one["title"] for one in json.loads(str(found.mine))] == ["a", "b", "c"]
    found = looked_into("data_used", base, mine, '[{"title":"a"},{"title":"b","x":1}]')
    assert found is not None and found.clashes == ("b",)
    theirs = '[ {"title":"a"},{"title":"b"},{"title":"c"} ]'
    found = looked_into("data_used", base, mine, theirs)
    assert found is not None and found.mine == theirs, "no edit is made of white space"


@pytest.mark.parametrize("bad", ["[1e999]", "[NaN]", "[" * 2000, '[{"a":Infinity}]'])
def test_what_is_no_json_is_asked_as_a_whole(bad: str) -> None:
    for column in cols.STRUCTURED:
        assert looked_into(column, "[]", bad, '[{"title":"a"}]') is None
        assert looked_into(column, bad, "[]", '[{"title":"a"}]') is None


def test_true_is_not_one() -> None:
    found = looked_into("data_used", '[{"title":"a","x":1}]', '[{"title":"a","x":true}]', '[{"title":"a","x":2}]')
    assert found is not None and found.clashes == ("a",)
