"""A server ends with the test that started it, also when that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.servers.process import ROOT

_STARTER = """
import os, sys, time
from pathlib import Path
from tests.servers.process import free_port, scratch, start
folder, port = scratch("test"), free_port()
pid = folder / "pid"
child = "import os, time; print(os.getpid(), file=open('pid', 'w'), flush=True); time.sleep(600)"
command = [sys.executable, "-c", child]
running = start("test", command, port=port, folder=folder, ready=lambda: pid.exists() and pid.read_text())
print(folder, pid.read_text(), flush=True)
if sys.argv[1] == "stop":
    running.stop()
else:
    time.sleep(600)
"""


def started(how: str) -> tuple[subprocess.Popen[str], Path, int]:
    starter = subprocess.Popen(
        [sys.executable, "-c", _STARTER, how], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert starter.stdout is not None
    folder, _, pid = starter.stdout.readline().strip().rpartition(" ")
    return starter, Path(folder), int(pid)


def ended(pid: int, folder: Path) -> bool:
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            if not folder.exists():
                return True
        time.sleep(0.05)
    return False


def test_it_is_stopped() -> None:
    starter, folder, pid = started("stop")
    assert starter.wait(20) == 0
    assert ended(pid, folder)


def test_it_ends_when_its_test_is_killed() -> None:
    starter, folder, pid = started("wait")
    assert folder.exists()
    starter.send_signal(signal.SIGKILL)
    starter.wait(5)
    assert ended(pid, folder)
