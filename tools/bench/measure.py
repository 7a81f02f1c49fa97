"""Running a process and telling what it took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..paths import ROOT

_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes in which the system tells a process's peak


class Failed(Exception):
    """A measured process ended badly; its last words."""


@dataclass(frozen=True)
class Run:
    """``seconds`` of the work: as the process tells itself, else of the whole process. ``cpu``: of all of it, in
    seconds; ``peak``: megabytes of memory, and never less than what the process that started it had: that stays small.
    """

    seconds: float
    cpu: float
    peak: float
    said: dict[str, Any] = field(default_factory=dict)


def run(command: Sequence[str]) -> Run:
    """Raises `Failed`."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=err)
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            words = [line for line in err.read().decode(errors="replace").splitlines() if _tells(line)]
            last = words[-1] if words else "no word"
            raise Failed(f"{' '.join(Path(one).name for one in command[:3])}…, status {process.returncode}: {last}")
        lines = [line for line in out.read().decode(errors="replace").splitlines() if line.startswith("{")]
    said: dict[str, Any] = json.loads(lines[-1]) if lines else {}
    peak = usage.ru_maxrss * _UNIT / 1e6
    return Run(float(said.get("seconds", seconds)), usage.ru_utime + usage.ru_stime, peak, said)


def _tells(line: str) -> bool:
    """Whether a line says anything; Qt always has a word about a folder that it has not."""
    return bool(line.strip()) and not line.startswith("QStandardPaths")


def work(name: str, *arguments: object) -> Run:
    """Run one of `work` with these arguments."""
    return run([sys.executable, "-m", f"tools.bench.work.{name}", *map(str, arguments)])
