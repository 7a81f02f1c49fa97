"""What changed is known in time proportional to the edits: nothing that asks for it walks through the layer."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugin.workcopy import sql
from plugin.workcopy.connection import opened
from tests.copies import make_copy


@pytest.mark.parametrize("analysed", [False, True])
@pytest.mark.parametrize("question", ["inserted", "updated", "deleted", "both_sides", "has_base"])
def test_the_layer_is_only_searched(tmp_path: Path, question: str, analysed: bool) -> None:
    copy = make_copy(tmp_path / "copy.gpkg")
    (source, *_) = copy.sources
    more = {"both_sides": ["name"], "has_base": []}.get(question, [source.tracked])
    statement = getattr(sql, question)(source.table, *more)
    with opened(copy.path, write=True) as connection:
        if analysed:
            connection.execute("ANALYZE")
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
    assert [step for step in plan if step.startswith("SEARCH")]
    # the layer is called t there, or by its name; the bases are few and may be walked through
    walked = [step.split()[1] for step in plan if step.startswith("SCAN ")]
    assert source.table not in walked and "t" not in walked, plan
