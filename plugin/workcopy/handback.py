"""A package that comes back from outside: its edits become edits of the working copy, merged as a pull merges.

Of three sides, the base is the feature as the package took it along (or gave it back last), mine is the working copy's
row, theirs the package's. What does not clash is written as an edit, so it is a change to be published like any other;
what clashes waits in ``twin_handback`` for a decision in the same window as the conflicts of a pull.

Packages come from outside: their file is only read, with SQLite's own schema distrusted, and nothing of it is run.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path

from ..text import tr
from ..twin.progress import SILENT, Progress, check
from . import journal, package
from .connection import opened, transaction
from .copy import WorkingCopy
from .errors import WorkingCopyError
from .handback_layer import LayerBack, LayerMerge
from .package import Package
from .source import Source


class NotAPackage(WorkingCopyError):
    """A working copy, perhaps, but no field review package."""


@dataclass(frozen=True)
class HandBack:
    """What a package brought."""

    package: Package
    layers: tuple[LayerBack, ...]
    notes: tuple[str, ...] = ()

    @property
    def edits(self) -> int:
        return sum(layer.edits for layer in self.layers)

    @property
    def conflicts(self) -> int:
        return sum(layer.conflicts for layer in self.layers)

    @property
    def touched(self) -> frozenset[str]:
        return frozenset(layer.table for layer in self.layers if layer.touched)


def read(path: Path) -> Package:
    """Which package a file is. Raises `NotAWorkingCopy`, `NotAPackage`, `NewerFormat` and other `WorkingCopyError`."""
    found = WorkingCopy.open(path)
    with opened(found.path) as connection:
        known = package.this(connection)
    if known is None:
        raise NotAPackage(
            tr(
                "{file} is a working copy, but no field review package: nothing tells what was taken outside. Open it "
                "in QGIS and publish from it instead.",
                file=path.name,
            )
        )
    return known


def is_whole(connection: sqlite3.Connection) -> bool:
    """Whether SQLite finds nothing wrong with a file's pages and indexes."""
    try:
        return bool(connection.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok")
    except sqlite3.DatabaseError:
        return False


def hand_back(copy: WorkingCopy, path: Path, progress: Progress = SILENT) -> HandBack:
    """Merge what was edited in the package at ``path`` into ``copy``: all of it in one transaction, or nothing.

    No edit session of QGIS may be open on the layers of ``copy``. Raises `NotAWorkingCopy`, `NotAPackage`, `FileBusy`,
    `Cancelled` and other `WorkingCopyError`. A layer whose edits cannot be known is left out, which its notes say.
    """
    if path.resolve() == copy.path.resolve():
        raise NotAPackage(tr("That is the working copy itself. Choose the package that came back."))
    who = read(path)
    theirs = WorkingCopy.open(path)
    layers: list[LayerBack] = []
    notes: list[str] = []
    with opened(theirs.path) as outside:
        outside.execute("PRAGMA trusted_schema = OFF")
        outside.execute("BEGIN")
        with opened(copy.path, write=True) as connection, transaction(connection):
            own = {one.id for one in package.packages(connection) if one.role == "made"}
            if who.id not in own:
                notes.append(
                    tr(
                        "The package was not made of this working copy: features are found by the twin's ids, and "
                        "those that the twin did not know yet are added as new."
                    )
                )
            for number, there in enumerate(theirs.sources):
                check(progress)
                progress.report(number, len(theirs.sources), tr("{title}: merging", title=there.title))
                here = _counterpart(copy, there)
                problem = _problem(copy, theirs, here, there)
                if problem or here is None:
                    layers.append(LayerBack(there.table, there.title, notes=(problem,) if problem else ()))
                    continue
                layers.append(LayerMerge(connection, outside, here, there, who, who.id in own, progress).run())
            role: package.Role = "made" if who.id in own else "received"
            package.put(connection, replace(who, role=role, merged=journal.now()))
        outside.execute("ROLLBACK")
    return HandBack(who, tuple(layers), tuple(notes))


def _counterpart(copy: WorkingCopy, there: Source) -> Source | None:
    """The layer of ours that shows the same collection of the same twin."""
    return next(
        (one for one in copy.sources if one.items_url == there.items_url and one.table == there.table), None
    ) or next((one for one in copy.sources if one.items_url == there.items_url), None)


def _problem(copy: WorkingCopy, theirs: WorkingCopy, here: Source | None, there: Source) -> str:
    """Why a layer cannot come back; empty where it can."""
    if there.table in theirs.problems:
        return " ".join(theirs.problems[there.table])
    if here is None:
        return tr("This working copy has no layer of {title}, so its edits stay in the package.", title=there.title)
    if here.table in copy.problems:
        return " ".join(copy.problems[here.table])
    if here.srid != there.srid or here.has_geometry != there.has_geometry:
        return tr(
            "{title} has another reference system or geometry here than in the package, so its edits stay there. Check "
            "the layer out as it was.",
            title=there.title,
        )
    return ""
