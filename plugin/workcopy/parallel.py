"""Several requests at a time: bounded, in order of arrival, and ended when the asker stops."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from ..twin.progress import Progress, check

WORKERS = 6  # what browsers and Qt open to one host
_LOOK = 0.1  # seconds between two looks at the cancel button

Task = TypeVar("Task")
Result = TypeVar("Result")


def each(
    do: Callable[[Task], Result], tasks: Iterable[Task], progress: Progress, *, workers: int = WORKERS
) -> Iterator[tuple[Task, Result]]:
    """``do`` for every task, some at a time; yields as they come back. ``do`` runs in other threads.

    Raises what ``do`` raises, and `Cancelled`; in both cases what is under way is waited for, nothing further begins.
    """
    pending = iter(tasks)
    underway: dict[Future[Result], Task] = {}
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="citytwin") as pool:
        more = True
        while True:
            while more and len(underway) < workers:
                try:
                    task = next(pending)
                except StopIteration:
                    more = False
                    break
                underway[pool.submit(do, task)] = task
            if not underway:
                return
            done, _ = wait(underway, timeout=_LOOK, return_when=FIRST_COMPLETED)
            check(progress)
            for future in done:
                yield underway.pop(future), future.result()


def beside(do: Callable[[], Result], meanwhile: Callable[[], None]) -> Result:
    """``do`` in another thread while ``meanwhile`` runs in this one; both are waited for, whichever fails."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="citytwin") as pool:
        doing = pool.submit(do)
        meanwhile()
        return doing.result()
