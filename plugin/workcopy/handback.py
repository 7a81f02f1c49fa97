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
from . import journal, package, trail
from .connection import opened, transaction
from .copy import WorkingCopy
from .errors import NotAWorkingCopy, WorkingCopyError
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
    older: bool = False  # a newer state of the same file came before, so nothing was to be done

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
    try:
        found = WorkingCopy.open(path)
        with opened(found.path) as connection:
            known = package.this(connection)
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise NotAWorkingCopy(
            tr("{file} is damaged: its own books cannot be read.", file=path.name), detail=repr(error)
        ) from error
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
    copy.refresh()
    layers: list[LayerBack] = []
    notes: list[str] = []
    with opened(theirs.path) as outside:
        outside.execute("PRAGMA trusted_schema = OFF")
        outside.text_factory = _text
        outside.execute("BEGIN")
        whole, found = is_whole(outside), trail.marks(outside)
        with opened(copy.path, write=True) as connection, transaction(connection):
            own = {one.id for one in package.packages(connection) if one.role == "made"}
            branch = trail.branch(connection, who.id, found)
            if branch.kind == "older":
                return HandBack(who, (), (_older(),), older=True)
            if who.id not in own:
                notes.append(
                    tr(
                        "The package was not made of this working copy: features are found by the twin's ids, and "
                        "those that the twin did not know yet are added as new."
                    )
                )
            if branch.kind == "other":
                notes.append(
                    tr(
                        "Another copy of this package came back before, and both were edited: they are merged like the "
                        "work of two people."
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
                layer = LayerMerge(connection, outside, here, there, who, branch, who.id in own, whole, progress)
                layers.append(layer.run())
            role: package.Role = "made" if who.id in own else "received"
            package.put(connection, replace(who, role=role, merged=journal.now()))
            trail.remember(connection, branch, found)
        outside.execute("ROLLBACK")
    return HandBack(who, tuple(layers), tuple(notes))


def _older() -> str:
    return tr(
        "This is an older state of a package that was merged already, with all that is in it and more. Nothing was "
        "changed."
    )


def _text(raw: bytes) -> str:
    """Text from outside is not always text."""
    return raw.decode("utf-8", "replace")


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
