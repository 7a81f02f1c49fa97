"""Pages read in other processes, several at a time: Python reads one at a time, and holds QGIS's window meanwhile.

Nothing depends on them: a page that does not come back, for whatever reason, is read here.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import subprocess
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .. import text
from ..twin.crs import CrsChoice
from ..twin.model import Extent
from ..twin.page import PageRead
from ..twin.progress import Progress, check
from ..twin.replies import Reply
from . import page_process
from .rows import Layout, unpacked

log = logging.getLogger(__name__)

WORTH_IT = 40_000  # features: fewer are here before the processes have begun (a third of a second each)
_MOST = 3
_SLICE = 0.05  # seconds between two looks at the cancel button
_PATIENCE = 120.0  # seconds for one page
_PACKAGE = Path(__file__).resolve().parent.parent


def processes(python: str | None, count: int | None) -> int:
    """How many processes should help to read ``count`` features."""
    cores = os.cpu_count() or 1
    return min(cores, _MOST) if python and cores > 1 and (count or 0) >= WORTH_IT else 0


class Processes:
    """`features.Elsewhere`: a few processes, and a thread for each that gives it pages and takes their rows."""

    def __init__(self, python: str, number: int, choice: CrsChoice, item_etags: bool) -> None:
        self._python = python
        self._number = number
        self._choice = choice
        self._item_etags = item_etags
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._running: list[subprocess.Popen[bytes]] = []
        self._threads: list[threading.Thread] = []
        self._closed = False

    @property
    def ahead(self) -> int:
        """One page more than there are processes: it waits while they work."""
        return len(self._running) + 1 if self._running else 0

    def start(self, layout: Layout) -> None:
        """Begin; ``layout`` says what rows to make."""
        told = {
            "language": text.language(),
            "catalogues": str(text.catalogues()),
            "choice": asdict(self._choice),
            "item_etags": self._item_etags,
            "layout": asdict(layout),
        }
        for _ in range(self._number):
            try:
                process = _begin(self._python)
            except OSError as error:
                log.warning("no process to read pages: %s", error)
                return
            self._running.append(process)
            thread = threading.Thread(target=self._work, args=(process, told), name="city-twin-rows", daemon=True)
            self._threads.append(thread)
            thread.start()

    def give(self, reply: Reply, number: int, box: Extent | None) -> _Job:
        headers = {name.lower(): reply.headers.get(name, "") for name in ("Content-Type", "Content-Crs")}
        about = {"status": reply.status, "headers": headers, "url": reply.url, "number": number, "box": box}
        job = _Job(about, reply.content)
        self._jobs.put(job)
        return job

    def close(self) -> None:
        """End the processes, whatever they do."""
        self._closed = True
        for process in self._running:
            process.kill()
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()
        for process in self._running:
            process.wait()

    def _work(self, process: subprocess.Popen[bytes], told: dict[str, Any]) -> None:
        asked, answers = process.stdin, process.stdout
        if asked is None or answers is None:
            return
        try:
            page_process.put(asked, told, [])
        except OSError as error:
            self._lost(error)
        while (job := self._jobs.get()) is not None:
            try:
                page_process.put(asked, job.about, [job.content])
                answer = page_process.take(answers)
                job.done.set_result(None if answer is None else _read(*answer))
            except (OSError, ValueError, KeyError, TypeError) as error:
                self._lost(error)
                job.done.set_result(None)
        for stream in (asked, answers):
            with contextlib.suppress(OSError):
                stream.close()

    def _lost(self, error: Exception) -> None:
        if not self._closed:
            log.warning("a process that reads pages is lost: %s: %s", type(error).__name__, error)


class _Job:
    """One page, and the rows that it becomes."""

    def __init__(self, about: dict[str, Any], content: bytes) -> None:
        self.about = about
        self.content = content
        self.done: Future[PageRead | None] = Future()

    def take(self, progress: Progress) -> PageRead | None:
        waited = 0.0
        while True:
            try:
                return self.done.result(_SLICE)
            except NotYet:
                check(progress)
                waited += _SLICE
                if waited > _PATIENCE:
                    return None


def _read(told: dict[str, Any], content: bytes) -> PageRead | None:
    if "error" in told:
        log.info("a page that no other process could read: %s", told["error"])
        return None
    return PageRead(told["next"], told["matched"], told["received"], told["problems"], unpacked(told["rows"], content))


def _begin(python: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # nosec B603 - our own module, by the interpreter that QGIS brings
        [python, "-m", f"{_PACKAGE.name}.workcopy.page_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=_PACKAGE.parent,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # Windows: no black box
    )
