"""The table of the benchmarks: every target is in it, whether it was met, and what was measured before."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tools.bench import table
from tools.bench.measure import Failed, Run, run
from tools.bench.sheet import Sheet, Verdict, ratio


def sheet(name: str, seconds: float) -> Sheet:
    found = Sheet(name)
    ours = found.measured("ours", [Run(seconds, 2.0, 100.0), Run(2 * seconds, 4.0, 300.0), Run(30, 9.0, 200.0)])
    theirs = found.measured("theirs", [Run(40.0, 40.0, 50.0)])
    value, cpu = ratio(theirs, ours), ratio(theirs, ours, cpu=True)
    found.judge(Verdict(f"{name} against theirs", value, "× faster", 15, True, cpu))
    return found


def test_a_target_is_met_or_missed(tmp_path: Path) -> None:
    path = table.write([sheet("quick", 1.0), sheet("slow", 5.0)], {"processor": "one"}, {"GDAL": "3"}, 3, tmp_path)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert "| quick against theirs | 20 × faster | ≥ 15 × faster | yes | 10 |" in lines
    assert "| slow against theirs | 4 × faster | ≥ 15 × faster | **no** | 10 |" in lines
    assert "| ours | 2 s | 1 – 30 | 4.00 s | 200 MB |" in lines
    assert table.missed(["quick", "slow"], tmp_path) == ["slow against theirs"]
    assert table.missed(["quick"], tmp_path) == []


def test_a_limit_from_above_and_one_that_could_not_be_measured(tmp_path: Path) -> None:
    found = Sheet("growth")
    found.judge(Verdict("time", 11.2, "×", 11))
    found.judge(Verdict("memory", 1.1, "×", 1.3))
    found.judge(Verdict("drawing", None, "×", 1.1, note="QGIS is not here"))
    text = table.write([found], {}, {}, 1, tmp_path).read_text(encoding="utf-8")
    assert "| time | 11.2 × | ≤ 11 × | **no** |  |" in text
    assert "| memory | 1.1 × | ≤ 1.3 × | yes |  |" in text
    assert "| drawing | QGIS is not here | ≤ 1.1 × | – |  |" in text
    assert table.missed(["growth"], tmp_path) == ["time"]


def test_one_that_ran_by_itself_leaves_the_others(tmp_path: Path) -> None:
    table.write([sheet("one", 5.0), sheet("other", 5.0)], {}, {}, 3, tmp_path)
    table.write([sheet("one", 1.0)], {}, {}, 3, tmp_path)
    found = json.loads((tmp_path / table.JSON).read_text(encoding="utf-8"))["benchmarks"]
    assert {name: part["verdicts"][0]["met"] for name, part in found.items()} == {"one": True, "other": False}


@pytest.mark.parametrize("layout", ["lines", "list"])
def test_what_was_measured_in_the_window_is_in_it(tmp_path: Path, layout: str) -> None:
    rows = [
        {"name": "longest block", "value": 31.5, "unit": "ms", "target": "≤ 50 ms", "met": True},
        {"name": "start-up", "value": 140, "unit": "ms", "target": "≤ 100 ms", "met": False},
    ]
    text = "\n".join(map(json.dumps, rows)) if layout == "lines" else json.dumps(rows, indent=1)
    (tmp_path / table.INSIDE).write_text(text, encoding="utf-8")
    written = table.write([], {}, {}, 3, tmp_path).read_text(encoding="utf-8")
    assert "| longest block | 31.5 ms | ≤ 50 ms | yes | |" in written
    assert "| start-up | 140 ms | ≤ 100 ms | **no** | |" in written
    assert table.missed(["inside"], tmp_path) == ["start-up"]


def test_a_process_tells_its_seconds_and_its_failure() -> None:
    found = run([sys.executable, "-c", "print('noise'); print('{\"seconds\": 1.5, \"count\": 3}')"])
    assert (found.seconds, found.said["count"]) == (1.5, 3)
    assert found.cpu > 0 and found.peak > 1
    assert 0 < run([sys.executable, "-c", "pass"]).seconds < 30
    with pytest.raises(Failed, match="status 3: too bad"):
        run([sys.executable, "-c", "import sys; print('too bad', file=sys.stderr); sys.exit(3)"])
