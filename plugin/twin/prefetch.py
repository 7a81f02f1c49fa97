"""One page ahead: a thread that transfers the next page while the current one is read."""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping

from .errors import Cancelled
from .progress import Progress, check
from .replies import Reply
from .session import GEOJSON, Session

_SLICE = 0.05  # seconds between two looks at the cancel button
_GOODBYE = 2.0  # seconds that closing waits for the thread; it ends by itself at the next chunk or timeout


class _Job:
    """One page that is on its way. Also the `Progress` of its transfer: notes wait here for the thread that asked."""

    def __init__(self, url: str, params: Mapping[str, str], outer: Progress) -> None:
        self.url = url
        self.params = params
        self.dropped = threading.Event()
        self.done = threading.Event()
        self.reply: Reply | None = None
        self.error: BaseException | None = None
        self.notes: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._outer = outer

    def cancelled(self) -> bool:
        return self.dropped.is_set() or self._outer.cancelled()

    def report(self, done: int, total: int | None, text: str) -> None:
        """Not used by transfers."""

    def note(self, text: str) -> None:
        self.notes.put(text)


class Prefetcher:
    """Fetches one page at a time in one thread of its own, which ends with `close`. Holds at most one page."""

    def __init__(self, session: Session, progress: Progress, accept: str = GEOJSON) -> None:
        self._session = session
        self._progress = progress
        self._accept = accept
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._current: _Job | None = None
        self._thread = threading.Thread(target=self._run, name="city-twin-pages", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            job = self._jobs.get()
            if job is None:
                return
            try:
                check(job)
                job.reply = self._session.request("GET", job.url, params=job.params, accept=self._accept, progress=job)
            except BaseException as error:  # noqa: BLE001 - raised again where the page is waited for: else it waits on
                job.error = error
            job.done.set()

    def start(self, url: str, params: Mapping[str, str] | None = None) -> None:
        """Begin to fetch ``url``; what was under way is dropped."""
        self.drop()
        self._current = _Job(url, params or {}, self._progress)
        self._jobs.put(self._current)

    def drop(self) -> None:
        if self._current is not None:
            self._current.dropped.set()
            self._current = None

    @property
    def underway(self) -> str | None:
        """The address that is being fetched or was fetched and not yet taken."""
        return self._current.url if self._current else None

    def take(self) -> Reply:
        """Wait for the page under way. Raises what its transfer raised, and `Cancelled` at once."""
        job, self._current = self._current, None
        if job is None:
            raise RuntimeError("no page is under way")
        try:
            while not job.done.wait(_SLICE):
                self._tell(job)
                check(self._progress)
            self._tell(job)
        except Cancelled:
            job.dropped.set()
            raise
        if job.error is not None:
            raise job.error
        if job.reply is None:
            raise RuntimeError("the transfer ended without a page")
        return job.reply

    def _tell(self, job: _Job) -> None:
        while not job.notes.empty():
            self._progress.note(job.notes.get())

    def close(self) -> None:
        self.drop()
        self._jobs.put(None)
        self._thread.join(_GOODBYE)
