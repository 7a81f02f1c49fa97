"""The matrices: every record is in them, and a failure is seen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools import matrices


def write(folder: Path, name: str, *entries: tuple[str, str, str]) -> None:
    lines = [
        json.dumps({"row": row, "column": column, "result": result, "count": 1}) for row, column, result in entries
    ]
    (folder / f"{name}-1.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_faults_have_two_marks_in_each_cell(tmp_path: Path) -> None:
    write(
        tmp_path,
        "faults",
        ("W0 pygeoapi once 404", "PATCH x/items/a #1", "done"),
        ("W0 pygeoapi stays 404", "PATCH x/items/a #1", "FAILED"),
        ("W0 pygeoapi once reset late", "GET x/items #1", "stopped"),
    )
    text = matrices.faults(matrices.read("faults", tmp_path))
    lines = text.splitlines()
    assert lines[2].split() == ["W0", "pygeoapi", "–", "1", "FAILED", "404", "reset", "late"]
    assert lines[4].split()[-2:] == ["--", "s-"] and lines[5].split()[-2:] == ["·X", "--"]
    assert "3 cells, 1 FAILED. Right after the fault: 1 done, 1 stopped." in text


def test_kills_and_merges_are_counted(tmp_path: Path) -> None:
    random = "at random instants"
    write(tmp_path, "kills", ("sync W1", random, "ok"), ("sync W1", random, "ok"), ("sync W1", random, "done before"))
    assert "3 kills tried, all as they should be. 2 hit." in matrices.kills(matrices.read("kills", tmp_path))
    write(tmp_path, "merge", ("date (pure)", "I changed it", "ok"), ("date (pure)", "I changed it", "FAILED 7"))
    text = matrices.merges(matrices.read("merge", tmp_path))
    assert "1 FAILED of 2" in text and "2 cases, 1 FAILED." in text


def test_packages_have_histories_and_kills(tmp_path: Path) -> None:
    half, whole = "in the middle of a write", "between two writes"
    write(
        tmp_path,
        "packages",
        ("W1", "merged", "ok"),
        ("W1", "steps", "ok"),
        (matrices.KILLED, "WAL", half),
        (matrices.KILLED, "WAL", whole),
        (matrices.KILLED, "DELETE", "FAILED (7, 3)"),
    )
    lines = matrices.packages(matrices.read("packages", tmp_path)).splitlines()
    assert [line.split() for line in lines if line.startswith(("merged", "WAL", "DELETE"))] == [
        ["merged", "1"],
        ["DELETE", "0", "0", "1"],
        ["WAL", "1", "1", "–"],
    ]
    assert "1 random steps." in lines and any(line.startswith("3 kills, 1 FAILED.") for line in lines)


def test_every_file_of_the_proof_is_in_a_matrix() -> None:
    named = {file for files in matrices.TESTS.values() for file in files}
    assert named == {place.name for place in (matrices.ROOT / "tests" / "force").glob("test_*.py")}


@pytest.mark.parametrize(("words", "status"), [("ok", 0), ("FAILED", 1)])
def test_the_exit_status_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: str, status: int
) -> None:
    monkeypatch.setattr(matrices, "PLACE", tmp_path / "out")
    monkeypatch.setattr(matrices, "CONTRACT", tmp_path / "contract.txt")
    (tmp_path / "contract.txt").write_text(f"scenario  twin\ncreate    {words}\n\nok: as it should be. FAILED: not.\n")
    monkeypatch.setattr(matrices, "read", lambda _matrix: [("W1 once 404", "GET x #1", "ok", 1)])
    assert matrices.main(["--print-only"]) == status
    monkeypatch.setattr(matrices, "read", lambda _matrix: [("W1 once 404", "GET x #1", "FAILED", 1)])
    assert matrices.main(["--print-only"]) == 1
    assert "CONTRACT SCENARIOS × SERVERS" in capsys.readouterr().out and (tmp_path / "out" / "kills.txt").is_file()
