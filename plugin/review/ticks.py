"""What became of a package's task list: each copy's ticks come home, and stay in the working copy's books.

Books, not a layer: the list belongs to the package, and two people may tick the same task in copies of their own. Each
copy (`trail`) has its own row for each task in ``twin_received``; a task was looked at where any of them says so.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from ..workcopy import books, journal
from ..workcopy.columns import Stored
from ..workcopy.connection import opened, transaction
from . import tasks
from .tasks import TABLE, Task

_WORDS = (tasks.LABEL, tasks.WHY, tasks.COLLECTION, tasks.FEATURE, tasks.DONE_AT, tasks.DONE_BY)
_LONGEST = 2000  # characters of one text


@dataclass(frozen=True)
class Tick:
    """Somebody looked at it. ``by``: as they call themselves; ``at`` as it was written, RFC 3339 mostly."""

    by: str = ""
    at: str = ""


@dataclass(frozen=True)
class Looked:
    """One task of a package, and all who looked at it, the first one first; nobody: it is open."""

    task: Task
    ticks: tuple[Tick, ...] = ()

    @property
    def label(self) -> str:
        """What people call it."""
        return self.task.label or self.task.feature or f"{self.task.fid}"


@dataclass(frozen=True)
class TicksBack:
    """The package's list as it is known now; ``new``: the tasks that were ticked since the last time, each with the
    new ticks alone; ``opened``: those that were opened again."""

    all: tuple[Looked, ...] = ()
    new: tuple[Looked, ...] = ()
    opened: tuple[Looked, ...] = ()

    @property
    def done(self) -> int:
        """How many were looked at."""
        return sum(bool(one.ticks) for one in self.all)


def alone(found: Iterable[Task]) -> TicksBack:
    """The list of a file that does not say which package it is: told, and kept nowhere."""
    listed = tuple(Looked(task, (Tick(task.done_by, task.done_at),) if task.done else ()) for task in found)
    return TicksBack(listed)


def bring(path: Path, package: str, branch: str, found: Iterable[Task], *, only_new: bool = False) -> TicksBack:
    """Keep the list of the copy ``branch`` of ``package`` in the working copy at ``path``.

    ``only_new``: what is known stays, for nobody knows whether this is an older state. Raises `WorkingCopyError`.
    """
    with opened(path, write=True) as connection, transaction(connection):
        before = {_same(one.task): one for one in _listed(connection, package)}
        mine = _rows(connection, branch)
        for task in found:
            key, state = str(task.fid), journal.pack(_state(task))
            had = mine.get(key)
            if had == state or (only_new and had is not None and (_done(had) or not task.done)):
                continue
            connection.execute(books.PUT_RECEIVED, (branch, TABLE, key, task.fid, state))
        after = _listed(connection, package)
    new, reopened = [], []
    for one in after:
        was = before.get(_same(one.task))
        fresh = tuple(tick for tick in one.ticks if was is None or tick not in was.ticks)
        if fresh:
            new.append(replace(one, ticks=fresh))
        elif was is not None and was.ticks and not one.ticks:
            reopened.append(one)
    return TicksBack(tuple(after), tuple(new), tuple(reopened))


def known(path: Path, package: str) -> tuple[Looked, ...]:
    """The task list of ``package`` as far as it came home, in its order. Raises `WorkingCopyError`."""
    with opened(path) as connection:
        return tuple(_listed(connection, package))


def _listed(connection: sqlite3.Connection, package: str) -> list[Looked]:
    out: dict[object, Looked] = {}
    for fid, state in connection.execute(books.RECEIVED_LISTS, (TABLE, package, f"{package}~")):
        if state is None:
            continue
        task = _task(fid, journal.unpack(state))
        one = out.setdefault(_same(task), Looked(task))
        tick = Tick(task.done_by, task.done_at)
        if task.done and tick not in one.ticks:
            ticks = tuple(sorted((*one.ticks, tick), key=lambda each: (each.at, each.by)))
            out[_same(task)] = Looked(task if not one.ticks else one.task, ticks)
    return sorted(out.values(), key=lambda one: one.task.fid or 0)


def _rows(connection: sqlite3.Connection, branch: str) -> dict[str, str]:
    return {str(key): str(state) for key, _fid, state in connection.execute(books.RECEIVED_OF, (branch, TABLE))}


def _same(task: Task) -> object:
    """What makes it the same task in every copy: those that were added outside may share a number."""
    return task.fid, task.label, task.collection, task.feature


def _done(state: str) -> bool:
    return bool(journal.unpack(state).get(tasks.DONE))


def _state(task: Task) -> dict[str, Stored]:
    return {tasks.DONE: int(task.done), **{name: getattr(task, name)[:_LONGEST] for name in _WORDS}}


def _task(fid: int | None, state: dict[str, Stored]) -> Task:
    words = {name: str(state.get(name) or "") for name in _WORDS}
    return Task(fid=fid, done=bool(state.get(tasks.DONE)), **words)  # type: ignore[arg-type]
