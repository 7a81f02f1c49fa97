"""A process that has everything imported and forks a child per job, to be killed: ``python -m tests.force.nursery``.

A job is a line of JSON on standard input, its answer a line on standard output. ``delay``: the child is killed after so
many seconds; ``point``: the child kills itself at its so manieth point, of which one lies before every SQL statement,
and one before and one behind every request and every renaming of a file. Neither: the child runs to its end.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import requests.adapters

from plugin.twin.client import Twin
from plugin.twin.session import Session
from plugin.workcopy import checkout as checkouts
from plugin.workcopy.copy import WorkingCopy

from . import scenario

ROOT = Path(__file__).resolve().parents[2]


class Points:
    """Counts the instants between which something happens to a file or a twin; ends the process at one of them."""

    def __init__(self, last: int | None) -> None:
        self.count, self._last, self._lock = 0, last, threading.Lock()

    def __call__(self, what: str) -> None:
        with self._lock:
            self.count += 1
            if self.count == self._last:
                os.kill(os.getpid(), signal.SIGKILL)

    def plant(self) -> None:
        points = self
        real_connect, real_send, real_replace = sqlite3.connect, requests.adapters.HTTPAdapter.send, Path.replace

        class Connection(sqlite3.Connection):
            def execute(self, *args: Any) -> Any:
                points("sql")
                return super().execute(*args)

            def executemany(self, *args: Any) -> Any:
                points("sql")
                return super().executemany(*args)

        def connect(*args: Any, **kwargs: Any) -> sqlite3.Connection:
            return real_connect(*args, factory=Connection, **kwargs)

        def send(adapter: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
            points("request")
            reply = real_send(adapter, request, *args, **kwargs)
            points("answer")
            return reply

        def replace(path: Path, target: Any) -> Any:
            points("rename")
            result = real_replace(path, target)
            points("renamed")
            return result

        sqlite3.connect = connect  # type: ignore[assignment]
        requests.adapters.HTTPAdapter.send = send  # type: ignore[method-assign]
        Path.replace = replace  # type: ignore[method-assign]


def work(job: dict[str, Any]) -> str:
    """Do the job; what there is to complain about."""
    path = Path(job["path"])
    twin = Twin(job["url"], session=Session(job["url"], retries=2, backoff=0.0, sleep=lambda _seconds: None))
    if job["what"] == "checkout":
        checkouts.checkout(twin, ["buildings", "trees"], path)
        return ""
    if job["what"] == "pull":
        scenario.pull(WorkingCopy.open(path), twin)
        return ""
    if job["what"] == "publish":
        return scenario.complaint(scenario.publish(WorkingCopy.open(path), twin, scenario.MESSAGE))
    tried = scenario.sync(path, twin)
    return "" if tried.clean else f"{tried.refused} {tried.published and scenario.complaint(tried.published)}"


def _child(job: dict[str, Any], pipe: int) -> None:
    started = time.monotonic()
    points = Points(job.get("point"))
    if "point" in job or job.get("count"):
        points.plant()
    try:
        words = work(job)
    except BaseException as error:
        words = f"{type(error).__name__}: {error}"
    told = {"points": points.count, "seconds": time.monotonic() - started, "words": words}
    os.write(pipe, json.dumps(told).encode())
    os._exit(0)


def _run(job: dict[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _child(job, writing)
    os.close(writing)
    told = b""
    delay = job.get("delay")
    deadline = time.monotonic() + (delay if delay is not None else 60.0)
    ready, _, _ = select.select([reading], [], [], max(0.0, deadline - time.monotonic()))
    if not ready:
        os.kill(pid, signal.SIGKILL)
    else:
        told = os.read(reading, 65536)
    os.close(reading)
    _, status = os.waitpid(pid, 0)
    killed = os.WIFSIGNALED(status)
    return {"killed": killed, "hung": killed and delay is None and "point" not in job, **json.loads(told or b"{}")}


def main() -> None:
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(_run(json.loads(line))), flush=True)


class Nursery:
    """The process, as its parent sees it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.force.nursery"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None and self._process.stdout.readline().strip() == "ready"

    def run(self, **job: Any) -> dict[str, Any]:
        """One job; what became of it."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(job, default=str) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


if __name__ == "__main__":
    main()
