"""A file that is locked, read-only or cut short: a clear sentence, and nothing is lost."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import plugin.workcopy.connection as connection_module
from plugin.workcopy.connection import connect
from plugin.workcopy.copy import Watch, WorkingCopy
from plugin.workcopy.errors import DiskFull, FileBusy, FileReadOnly, WorkingCopyError, told_plainly
from tests.copies import make_copy

from .conftest import SmallTwin

NOBODY = 65534


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can enter."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def as_nobody(work: Callable[[], None]) -> int:
    """Run ``work`` in a forked process without root's rights; 0 if it raised nothing."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            if os.geteuid() == 0:
                os.setuid(NOBODY)
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_locked_by_another_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = make_copy(tmp_path / "copy.gpkg")
    other = connect(copy.path, write=True)
    other.execute("UPDATE buildings SET height = 1 WHERE fid = 1")
    change = copy.changes()
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(connection_module, "WAIT", 0.05)
    with pytest.raises(FileBusy, match="written by another program"):
        copy.discard(change)
    other.execute("ROLLBACK")
    other.close()
    assert copy.discard(change) == 1


def test_read_only_file(open_folder: Path) -> None:
    copy = make_copy(open_folder / "copy.gpkg")
    writer = connect(copy.path, write=True)
    writer.execute("UPDATE buildings SET height = 1 WHERE fid = 1")
    writer.close()
    copy.path.chmod(0o444)

    def work() -> None:
        here = WorkingCopy.open(copy.path)
        (change,) = here.changes()  # reading goes well
        with pytest.raises(FileReadOnly, match="read-only"):
            here.discard([change])

    assert as_nobody(work) == 0
    assert len(copy.changes()) == 1


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (sqlite3.OperationalError("database or disk is full"), DiskFull),
        (OSError(28, "No space left on device"), DiskFull),
        (PermissionError(13, "Permission denied"), FileReadOnly),
        (sqlite3.OperationalError("something new"), WorkingCopyError),
    ],
)
def test_every_error_is_a_sentence(error: Exception, kind: type[WorkingCopyError]) -> None:
    with pytest.raises(kind) as caught, told_plainly(Path("/somewhere/work.gpkg")):
        raise error
    assert "work.gpkg" in caught.value.message and str(error) not in caught.value.message.split(":")[0]
    assert caught.value.detail


def test_watch_tells_who_wrote(tmp_path: Path) -> None:
    copy = make_copy(tmp_path / "copy.gpkg")
    watch = Watch(copy.path)
    assert not watch.changed()
    statement = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('PRAGMA user_version'); "
    statement += "c.execute('UPDATE twin_source SET title = 1'); c.commit()"
    subprocess.run([sys.executable, "-c", statement, str(copy.path)], check=True)
    assert watch.changed() and not watch.changed()
    WorkingCopy.open(copy.path).changes()
    assert not watch.changed(), "reading is no change"
    watch.close()
    watch.close()


@pytest.mark.slow
def test_killed_checkout_leaves_no_half_copy(twin: SmallTwin, tmp_path: Path) -> None:
    """kill -9 at any moment: under the name there is a whole working copy or nothing, and the next checkout works."""
    path = tmp_path / "work.gpkg"
    program = (
        "import sys; from pathlib import Path; from plugin.twin.client import Twin; "
        "from plugin.workcopy.checkout import checkout; print('go', flush=True); "
        "checkout(Twin(sys.argv[1]), ['buildings', 'benches'], Path(sys.argv[2]), replace_file=True)"
    )
    root = Path(__file__).resolve().parents[3]
    for wait in (0.0, 0.05, 0.15, 5.0):
        process = subprocess.Popen(
            [sys.executable, "-c", program, twin.url, str(path)], cwd=root, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        process.stdout.readline()
        end = time.monotonic() + wait
        while time.monotonic() < end and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        if path.exists():
            copy = WorkingCopy.open(path)
            assert len(copy.sources) == 2 and copy.problems == {} and copy.changes() == []
    assert path.exists() and list(tmp_path.glob("*.part*")) == []
