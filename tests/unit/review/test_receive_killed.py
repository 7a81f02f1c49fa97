"""The office's computer goes off while a package comes home: the next time brings the rest, and nothing twice."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from plugin.review import plain, ticks
from plugin.review.receive import receive
from plugin.workcopy.connection import opened
from plugin.workcopy.copy import WorkingCopy
from tests.pictures import picture

from .conftest import Outside

ROOT = Path(__file__).resolve().parents[3]
_MERGE = """
import os, signal, sys
from pathlib import Path
from plugin.review.receive import receive
from plugin.workcopy.copy import WorkingCopy
left = int(sys.argv[3])
def step(frame, event, arg):
    global left
    left -= event in ("call", "c_return")
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
copy = WorkingCopy.open(Path(sys.argv[1]))
sys.setprofile(step)
receive(copy, Path(sys.argv[2]))
sys.setprofile(None)
print(int(sys.argv[3]) - left)
"""


def merge(office: Path, package: Path, steps: int) -> subprocess.CompletedProcess[str]:
    """Merge in a process that is killed after so many calls."""
    command = [sys.executable, "-c", _MERGE, str(office), str(package), str(steps)]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, timeout=60)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_killed_at_any_moment(outside: Outside, tmp_path: Path) -> None:
    outside.run("UPDATE buildings SET height = 7 WHERE twin_id IN ('b1', 'b2')")
    outside.run("INSERT INTO buildings (name) VALUES ('Shed')")
    outside.run("UPDATE review_tasks SET done = 1, done_by = 'Jan'")
    (outside.folder / "photos" / "a.jpg").write_bytes(picture())
    office = tmp_path / "office"
    office.mkdir()

    def fresh() -> Path:
        shutil.rmtree(office)
        office.mkdir()
        shutil.copyfile(outside.copy.path, office / "work.gpkg")
        return office / "work.gpkg"

    whole = merge(fresh(), outside.folder, 10**9)
    assert whole.returncode == 0, whole.stderr
    steps = int(whole.stdout)
    halfway = 0
    for number in range(1, 11):
        path = fresh()
        assert merge(path, outside.folder, steps * number // 11).returncode == -signal.SIGKILL
        copy = WorkingCopy.open(path)
        assert copy.problems == {}
        halfway += bool(copy.changes()) or (path.parent / "photos").exists()
        again = receive(copy, outside.folder)
        assert len(WorkingCopy.open(path).changes()) == 3, number
        (item,) = plain.read(path).items
        assert (path.parent / item.photos[0]).is_file()
        assert len(list((path.parent / "photos").iterdir())) == 1, "nothing half written is left"
        assert not receive(WorkingCopy.open(path), outside.folder).brought and again.label == "Delfshaven"
        (task,) = ticks.known(path, "p-1")
        assert [tick.by for tick in task.ticks] == ["Jan"]
        with opened(path) as connection:
            assert connection.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",)
    assert halfway, "some were killed in the middle"
