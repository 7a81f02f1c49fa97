"""Pull: what others created, changed and deleted since, merged into the working copy.

In two halves, so that nothing of the file is locked while the network is waited for, and so that QGIS can end its edit
sessions in between: `fetch` asks the twin, `apply` writes. What is absent from the twin's pages is not deleted: only
its own GET tells that. Pages of which the twin says that they are as they were are not read again (`validators`).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime, timezone

from ..text import tr
from ..twin.client import Twin
from ..twin.errors import TwinError
from ..twin.progress import SILENT, Progress, check
from . import books, recovery
from .alone import alone
from .applying import LayerPull, PullReport, Stale, apply
from .connection import opened
from .copy import WorkingCopy
from .errors import FileBusy
from .layer_fetch import LayerFetch
from .remote import FATAL
from .reshape import Reshape
from .theirs import Fetched, FetchedLayer

__all__ = ["Fetched", "LayerPull", "PullReport", "Stale", "apply", "fetch", "pull"]

_AGAIN = 3  # times that a pull is begun anew because somebody published in between


def pull(
    copy: WorkingCopy, twin: Twin, *, tables: Sequence[str] | None = None, progress: Progress = SILENT
) -> PullReport:
    """Fetch and apply. Raises any `CityTwinError`; then nothing was changed."""
    for _ in range(_AGAIN - 1):
        try:
            return apply(copy, fetch(copy, twin, tables=tables, progress=progress), progress)
        except Stale:
            continue
    return apply(copy, fetch(copy, twin, tables=tables, progress=progress), progress)


def fetch(
    copy: WorkingCopy, twin: Twin, *, tables: Sequence[str] | None = None, progress: Progress = SILENT
) -> Fetched:
    """Ask ``twin`` what became of the features of its sources in ``copy`` (of ``tables``, where named).

    Nothing is written but the outcome of an earlier publish that was cut off, where there was one. A layer that the
    twin does not give is in the notes; the others are fetched nevertheless. Raises `TwinError` where nothing can be
    read, `TrackingBroken`, `Cancelled`.
    """
    twin.refresh()
    copy.refresh()
    sources = recovery.sources_of(copy, twin)
    _recover(copy, twin, progress)
    with opened(copy.path) as connection:
        fingerprint = tuple(connection.execute(books.FINGERPRINT).fetchone())
    at = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    layers: list[FetchedLayer] = []
    failures: list[TwinError] = []
    for source in sources:
        if tables is not None and source.table not in tables:
            continue
        copy.healthy(source.table)
        check(progress)
        try:
            layers.append(LayerFetch(copy, twin, source, progress).fetch())
        except FATAL:
            raise
        except TwinError as error:
            failures.append(error)
            unchanged = Reshape(source, (), (), ())
            words = tr("{title} was not pulled: {reason}", title=source.title, reason=error.message)
            layers.append(FetchedLayer(source, unchanged, (), (), (words,), failed=True))
    if failures and len(failures) == len(layers):
        raise failures[0]
    return Fetched(tuple(layers), fingerprint, at)


def _recover(copy: WorkingCopy, twin: Twin, progress: Progress) -> None:
    """Settle what an earlier publish left open. Not while one is under way: what it is sending is not lost yet."""
    with ExitStack() as held:
        try:
            held.enter_context(alone(copy.path))
        except FileBusy:
            return
        recovery.recover(copy, twin, progress)
