"""Publish: send what changed, each write behind the twin's lock, nothing twice, nothing over somebody else's edit."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from ..text import tr
from ..twin.client import Twin
from ..twin.errors import Cancelled, Unsupported
from ..twin.model import Capabilities
from ..twin.progress import SILENT, Progress, check
from . import journal
from .changes import Change
from .connection import opened
from .copy import WorkingCopy
from .outcome import Outcome, PublishReport, Stop, held_back
from .sending import Sender
from .source import Source
from .validate import validate

__all__ = ["Outcome", "PublishReport", "publish"]

# creates first and deletes last, so that at no moment something is gone from the city
_ORDER = {"insert": 0, "update": 1, "delete": 2}


def publish(copy: WorkingCopy, twin: Twin, message: str, *, progress: Progress = SILENT) -> PublishReport:
    """Send every change of the sources that came from ``twin``.

    A change with a problem stays local and counts as failed; one that met somebody else's edit stays local and is kept
    as a conflict. Cancelling stops after the change that is being sent. Raises `CityTwinError` only for what prevents
    publishing altogether.
    """
    sources = _sources(copy, twin.capabilities())
    tables = {source.table for source in sources}
    sender = Sender(copy, twin, str(uuid.uuid4()), message)
    try:
        held = _recover(copy, sender, tables, progress)
    except Stop as stop:
        return PublishReport((), stopped=stop.error.message, remaining=len(_plan(copy, tables)))
    todo = _plan(copy, tables)
    problems = validate(copy, todo, progress)
    bad: dict[str, list[str]] = {}
    for problem in problems:
        bad.setdefault(problem.key, []).append(problem.message)
    outcomes: list[Outcome] = []
    stopped = ""
    tried = 0
    for change in todo:
        tried += 1
        if change.key in bad:
            outcomes.append(Outcome(change, "failed", " ".join(bad[change.key])))
            continue
        if change.key in held:
            outcomes.append(Outcome(change, "held", held_back()))
            continue
        progress.report(tried - 1, len(todo), tr("Publishing {label}", label=change.label))
        try:
            check(progress)
            outcome = sender.send(change)
        except Cancelled:
            stopped, outcome = tr("Cancelled. What was published stays published; the rest is still here."), None
        except Stop as stop:
            stopped, outcome = stop.error.message, stop.outcome
        if outcome is not None:
            outcomes.append(outcome)
        if stopped:
            tried -= outcome is None
            break
    progress.report(tried, len(todo), tr("Published"))
    return PublishReport(tuple(outcomes), tuple(problems), stopped, len(todo) - tried)


def _sources(copy: WorkingCopy, capabilities: Capabilities) -> Sequence[Source]:
    sources = [source for source in copy.sources if source.url == capabilities.url]
    name = capabilities.title or capabilities.url
    if not sources:
        raise Unsupported(
            tr(
                "Nothing in {file} was checked out from {twin}. Choose the connection that it came from.",
                file=copy.path.name,
                twin=name,
            )
        )
    if not capabilities.writable:
        raise Unsupported(tr("{twin} can only be read: it takes no changes. Yours stay local.", twin=name))
    if capabilities.locking == "none":
        raise Unsupported(
            tr(
                "{twin} offers no lock (ETag): a publish could overwrite a colleague without anybody noticing, so "
                "nothing was sent. Your changes stay local.",
                twin=name,
            )
        )
    return sources


def _plan(copy: WorkingCopy, tables: set[str]) -> list[Change]:
    found = [change for table in sorted(tables) for change in copy.changes(table)]
    return sorted(found, key=lambda change: _ORDER[change.kind])


def _recover(copy: WorkingCopy, sender: Sender, tables: set[str], progress: Progress) -> set[str]:
    """Find out about what an earlier publish left unknown, before anything new is sent. Returns what stays held."""
    with opened(copy.path) as connection:
        entries = [entry for entry in journal.unsettled(connection) if entry.table in tables]
    held = set()
    for entry in entries:
        check(progress)
        if entry.state == "held" or not sender.recover(entry):
            held.add(f"{entry.table}/new-{entry.fid}")
    return held
