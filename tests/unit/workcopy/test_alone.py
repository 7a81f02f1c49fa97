"""Two publishes of one file at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from plugin.workcopy.alone import alone
from plugin.workcopy.errors import FileBusy

_HOLD = """
import sys
from pathlib import Path
from plugin.workcopy.alone import alone
with alone(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_publish_at_a_time(tmp_path: Path) -> None:
    path, other = tmp_path / "work.gpkg", tmp_path / "other.gpkg"
    with alone(path):
        with alone(other), pytest.raises(FileBusy, match=r"work\.gpkg is being published already"), alone(path):
            raise AssertionError
    with alone(path):
        pass


def test_the_lock_ends_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "work.gpkg"
    command = [sys.executable, "-c", _HOLD, str(path)]
    root = Path(__file__).resolve().parents[3]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline().strip() == "held"
        with pytest.raises(FileBusy), alone(path):
            raise AssertionError
        process.kill()
        process.wait(10)
        with alone(path):
            pass
