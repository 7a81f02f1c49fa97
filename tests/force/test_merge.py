"""The merge matrix, through the pure merge: every column type, every pattern, every doing of both sides."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.workcopy.merge import Field, merge

from .merge_cases import CELL, PATTERNS, ROUNDED, ROWS, TYPES, RowCase, cell_cases
from .records import record

NAME, HEIGHT = Field("name", "string"), Field("height", "number")


@pytest.mark.parametrize("kind", TYPES)
def test_every_triple_of_values(kind: str) -> None:
    bad = []
    field = Field("x", kind)
    seen: dict[str, int] = {}
    for case in cell_cases():
        if case.type != kind:
            continue
        found = merge({"x": case.base}, {"x": case.mine}, {"x": case.theirs}, [field])
        (cell,) = found.cells
        words = []
        if cell.verdict != case.verdict:
            words.append(f"{cell.verdict} instead of {case.verdict}")
        # a value that means the same may stand in any spelling
        allowed = {
            "base": (case.base, case.mine, case.theirs),
            "mine": (case.mine,),
            "theirs": (case.theirs, case.mine) if case.verdict == "both" else (case.theirs,),
        }[case.stands]
        if not any(cell.result is value or cell.result == value for value in allowed):
            words.append(f"{cell.result!r} stands instead of {case.stands}'s")
        if (found.kind == "update-update") != (case.verdict == "clash") or found.kind not in ("", "update-update"):
            words.append(f"kind {found.kind!r}")
        if found.to_publish != (case.verdict in ("mine", "clash")):
            words.append(f"to_publish {found.to_publish}")
        seen[case.verdict] = seen.get(case.verdict, 0) + 1
        record("merge", f"{kind} (pure)", PATTERNS[case.verdict], "FAILED" if words else "ok")
        if words:
            bad.append(f"{case.name}: {'; '.join(words)}")
    assert not bad, f"{len(bad)} cases:\n" + "\n".join(bad[:40])
    assert set(seen) == {verdict for verdict, _ in CELL.values()}


@pytest.mark.parametrize("kind", TYPES)
def test_what_the_twin_keeps_is_never_ours_to_change(kind: str) -> None:
    """A column that the server computes: theirs stands, whatever happened here, and nobody is asked or sends it."""
    field = Field("x", kind, read_only=True)
    bad = []
    for case in cell_cases():
        if case.type != kind:
            continue
        found = merge({"x": case.base}, {"x": case.mine}, {"x": case.theirs}, [field])
        (cell,) = found.cells
        # where both mean the same, either spelling may stand
        stands = (case.theirs,) if cell.verdict == "theirs" else (case.theirs, case.mine)
        right = not found.kind and not found.to_publish and cell.verdict in ("theirs", "same") and cell.result in stands
        if case.verdict == "clash" and cell.verdict != "theirs":
            right = False
        record("merge", f"{kind} (pure)", "computed by the twin", "ok" if right else "FAILED")
        if not right:
            bad.append(f"{case.name}: {found}")
    assert not bad, "\n".join(bad[:20])


@pytest.mark.parametrize(("name", "kind", "base", "mine", "theirs", "verdict"), ROUNDED)
def test_rounding(name: str, kind: str, base: Any, mine: Any, theirs: Any, verdict: str) -> None:
    cell = merge({"x": base}, {"x": mine}, {"x": theirs}, [Field("x", kind)]).cells[0]
    record("merge", f"{kind} (pure)", "rounded by the twin", "ok" if cell.verdict == verdict else "FAILED")
    assert cell.verdict == verdict, name


@pytest.mark.parametrize("case", ROWS, ids=lambda case: case.name)
def test_every_doing_against_every_other(case: RowCase) -> None:
    found = merge(case.base, case.mine, case.theirs, [NAME, HEIGHT])
    right = (found.kind, found.result, found.to_publish) == (case.kind, case.result, case.to_publish)
    record("merge", "whole features (pure)", case.kind or "nobody asked", "ok" if right else "FAILED")
    assert right, found


def test_no_column_is_left_out_of_the_result() -> None:
    """An absent column counts as null, on each side."""
    found = merge({}, {"name": "x"}, {"height": 1.0}, [NAME, HEIGHT])
    assert found.kind == "" and found.result == {"name": "x", "height": 1.0}
    assert merge(None, {}, None, [NAME]).result == {"name": None}


@pytest.mark.parametrize("size", [1, 2, 5])
def test_columns_do_not_disturb_each_other(size: int) -> None:
    """Every pattern in one column beside every pattern in the next."""
    values = {
        "same": ("a", "a", "a"),
        "mine": ("a", "b", "a"),
        "theirs": ("a", "a", "b"),
        "both": ("a", "b", "b"),
        "clash": ("a", "b", "c"),
    }
    import itertools

    fields = [Field(f"c{n}", "string") for n in range(size)]
    for patterns in itertools.product(values, repeat=size):
        sides = [{f"c{n}": values[pattern][side] for n, pattern in enumerate(patterns)} for side in range(3)]
        found = merge(sides[0], sides[1], sides[2], fields)
        right = (
            [cell.verdict for cell in found.cells] == list(patterns)
            and found.kind == ("update-update" if "clash" in patterns else "")
            and found.to_publish == ("mine" in patterns or "clash" in patterns)
        )
        record("merge", f"{size} columns at once (pure)", "all patterns", "ok" if right else "FAILED")
        assert right, (patterns, found)
