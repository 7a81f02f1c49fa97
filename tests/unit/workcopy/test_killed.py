"""A program that was killed in the middle of a write leaves a journal behind; the file opens all the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from plugin.twin.client import Twin
from plugin.workcopy.checkout import checkout
from plugin.workcopy.connection import connect
from plugin.workcopy.copy import WorkingCopy, is_working_copy
from plugin.workcopy.errors import FileBusy
from tests.copies import make_copy

_KILLED = """
import os, signal, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA journal_mode = " + sys.argv[2])
db.execute("PRAGMA cache_size = 2")  # so that pages reach the file before the commit
db.execute("BEGIN IMMEDIATE")
db.execute("UPDATE twin_source SET description = printf('%.*c', 300000, 'x')")
if "commit" in sys.argv:
    db.execute("COMMIT")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
@pytest.mark.parametrize("mode", ["DELETE", "PERSIST", "WAL"])
def test_a_file_that_was_being_written_opens(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "work.gpkg"
    make_copy(path)
    done = subprocess.run([sys.executable, "-c", _KILLED, str(path), mode], check=False)
    assert done.returncode == -signal.SIGKILL
    assert any(place.stat().st_size for place in tmp_path.glob("work.gpkg-*")), "the kill left something to mend"
    assert is_working_copy(path)
    copy = WorkingCopy.open(path)
    assert copy.problems == {} and copy.changes() == [] and copy.sources[0].description == ""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
@pytest.mark.parametrize(("mode", "gone"), [("WAL", False), ("DELETE", False), ("WAL", True), ("DELETE", True)])
def test_what_a_kill_left_beside_a_file_does_not_spoil_the_next(
    copy: WorkingCopy, client: Twin, mode: str, gone: bool
) -> None:
    """A checkout in the place of a file whose log is still there, or was left behind when the file was deleted."""
    path = copy.path
    extra = ["commit"] if mode == "WAL" else []
    subprocess.run([sys.executable, "-c", _KILLED, str(path), mode, *extra], check=False)
    beside = [place for place in path.parent.glob("work.gpkg-*") if place.stat().st_size]
    assert beside
    if gone:
        path.unlink()
    checkout(client, ["buildings", "benches"], path, replace_file=not gone)
    assert list(path.parent.glob("work.gpkg-*")) == []
    fresh = WorkingCopy.open(path)
    assert fresh.problems == {} and [source.description for source in fresh.sources] == ["", ""]
    connection = connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_a_file_that_somebody_has_open_in_wal_mode_is_not_replaced(copy: WorkingCopy, client: Twin) -> None:
    other = connect(copy.path, write=True)
    other.execute("PRAGMA journal_mode = WAL")
    other.execute("SELECT count(*) FROM twin_source").fetchone()
    with pytest.raises(FileBusy, match=r"work\.gpkg"):
        checkout(client, ["benches"], copy.path, replace_file=True)
    assert len(WorkingCopy.open(copy.path).sources) == 2
    other.close()
