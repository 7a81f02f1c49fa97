"""Starting a server program, waiting until it answers, ending it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import requests

ROOT = Path(__file__).resolve().parents[2]
LOGS = ROOT / "build" / "log"
_GUARD = Path(__file__).with_name("guard.py")


class NoServer(RuntimeError):
    """The server is not installed, or does not start."""


def free_port() -> int:
    """A loopback port that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def scratch(name: str, user: str = "") -> Path:
    """A folder for one server, readable by ``user`` where that is somebody else; its guard removes it."""
    folder = Path(tempfile.mkdtemp(prefix=f"citytwin-{name}-"))
    if user:
        shutil.chown(folder, user)
    return folder


@dataclass
class Running:
    """One running server behind its guard."""

    name: str
    port: int
    guard: subprocess.Popen[bytes]
    log: Path

    def stop(self) -> None:
        """End it; its folder goes too."""
        if self.guard.stdin is not None:
            self.guard.stdin.close()
        try:
            self.guard.wait(15)
        except subprocess.TimeoutExpired:
            self.guard.kill()
            self.guard.wait(5)


def start(
    name: str,
    command: Sequence[str],
    *,
    port: int,
    folder: Path,
    ready: Callable[[], bool],
    env: Mapping[str, str] | None = None,
    user: str = "",
    stop_signal: str = "SIGTERM",
    patience: float = 90.0,
) -> Running:
    """Run ``command`` until `Running.stop` or the end of this process. Raises `NoServer` with its last words."""
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"server-{name}-{os.getpid()}.log"
    with log.open("wb") as sink:
        guard = subprocess.Popen(
            [sys.executable, str(_GUARD), stop_signal, user, str(folder), *command],
            stdin=subprocess.PIPE,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            start_new_session=True,  # Ctrl-C in the terminal is the test's business
        )
    running = Running(name, port, guard, log)
    until = time.monotonic() + patience
    while not ready():
        if guard.poll() is not None or time.monotonic() > until:
            running.stop()
            words = log.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise NoServer(f"{name} did not start:\n{words}")
        time.sleep(0.05)
    return running


def answers(url: str) -> Callable[[], bool]:
    """Whether a GET of ``url`` gives 200."""

    def ready() -> bool:
        try:
            return requests.get(url, headers={"Accept": "application/json"}, timeout=5).status_code == 200
        except requests.RequestException:
            return False

    return ready


def venv_program(venv: str, program: str) -> str:
    """A program of a server's own virtual environment, as `make setup` makes it. Raises `NoServer`."""
    path = ROOT / ".venv" / "servers" / venv / "bin" / program
    if not path.is_file():
        raise NoServer(f"{venv} is not installed: run `make setup`")
    return str(path)
