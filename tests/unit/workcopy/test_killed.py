"""A program that was killed in the middle of a write leaves a journal behind; the file opens all the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from plugin.workcopy.copy import WorkingCopy, is_working_copy
from tests.copies import make_copy

_KILLED = """
import os, signal, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA journal_mode = " + sys.argv[2])
db.execute("PRAGMA cache_size = 2")  # so that pages reach the file before the commit
db.execute("BEGIN IMMEDIATE")
db.execute("UPDATE twin_source SET description = printf('%.*c', 300000, 'x')")
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
