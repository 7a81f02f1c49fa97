"""Several requests at a time: bounded, in order of arrival, and ended when the asker stops."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import TypeVar

from ..twin.progress import Progress, check

WORKERS = 6  # what browsers and Qt open to one host
_LOOK = 0.1  # seconds between two looks at the cancel button

Task = TypeVar("Task")
Result = TypeVar("Result")


def each(
    do: Callable[[Task], Result], tasks: Iterable[Task], progress: Progress, *, workers: int = WORKERS, queued: int = 0
) -> Generator[tuple[Task, Result], None, None]:
    """``do`` for every task, some at a time; yields as they come back. ``do`` runs in other threads. ``queued``: so
    many more tasks are taken early, for a worker to begin with while the asker is busy with what came back.

    Raises what ``do`` raises, and `Cancelled`; in both cases what is under way is waited for, nothing further begins.
    """
    pending = iter(tasks)
    underway: dict[Future[Result], Task] = {}
    back: SimpleQueue[Future[Result]] = SimpleQueue()
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="citytwin") as pool:
        try:
            more = True
            while True:
                while more and len(underway) < workers + queued:
                    try:
                        task = next(pending)
                    except StopIteration:
                        more = False
                        break
                    future = pool.submit(do, task)
                    underway[future] = task
                    future.add_done_callback(back.put)
                if not underway:
                    return
                try:
                    future = back.get(timeout=_LOOK)
                except Empty:
                    check(progress)
                    continue
                check(progress)
                yield underway.pop(future), future.result()
        finally:
            for future in underway:
                future.cancel()


def beside(do: Callable[[], Result], meanwhile: Callable[[], None]) -> Result:
    """``do`` in another thread while ``meanwhile`` runs in this one; both are waited for, whichever fails."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="citytwin") as pool:
        doing = pool.submit(do)
        meanwhile()
        return doing.result()
