"""Starting the embedded twin for tests: as a real process, or any WSGI application in a thread of the test."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from plugin.demo.server import TwinServer
from plugin.demo.web import WsgiApp

ROOT = Path(__file__).resolve().parents[1]
READY = "City Twin demo listening on "


@dataclass
class RunningTwin:
    """A twin in a process of its own. ``url`` ends with a slash."""

    url: str
    process: subprocess.Popen[str]
    store: Path

    def stop(self) -> int:
        """End it as its user would; its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        return self._end()

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self._end()

    def _end(self) -> int:
        try:
            status = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait(10)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        return status


def start_twin(
    data: Path | None = None,
    *,
    store: Path,
    env: Mapping[str, str] | None = None,
    port: int = 0,
    options: Sequence[str] = (),
) -> RunningTwin:
    """``python -m plugin.demo`` over ``data``, else the generated city, ready to answer; the log is by ``store``."""
    command = [python(), "-m", "plugin.demo", "--port", str(port), "--store", str(store), "--exit-with-parent"]
    if data is not None:
        command += ["--data", str(data)]
    with store.with_suffix(".log").open("a", encoding="utf-8") as log:
        process = subprocess.Popen(
            [*command, *options],
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    running = RunningTwin("", process, store)
    line = process.stdout.readline() if process.stdout else ""
    if not line.startswith(READY):
        running.kill()
        raise RuntimeError(f"the twin did not start: {line} {store.with_suffix('.log').read_text(encoding='utf-8')}")
    running.url = line[len(READY) :].strip()
    return running


def python() -> str:
    """The project's own Python, which has paho for the demo's sensors; else the one that this is: inside QGIS
    ``sys.executable`` is merely the first python3 on the PATH."""
    project = ROOT / ".venv" / "bin" / "python"
    if project.is_file():
        return str(project)
    own = Path(sys.prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    return str(own) if own.is_file() else sys.executable


def serve_app(app: WsgiApp) -> tuple[str, Callable[[], None]]:
    """``app`` on a free port in a thread: its URL (with a slash at the end) and a function that stops it."""
    server = TwinServer(app)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join(5)

    return server.url, stop
