"""A working copy, opened: its sources, its health, its changes, and taking changes back."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Optional

from ..text import tr
from ..twin.errors import CityTwinError
from . import books, conflicts, migrate, sql
from . import changes as ch
from . import source as src
from .changes import Change, Counts
from .conflicts import Conflict
from .connection import opened, transaction
from .errors import NewerFormat, NotAWorkingCopy, TrackingBroken, WorkingCopyError, told_plainly
from .geometry import Box, box_of
from .inside import InsideOf
from .source import Called, Source

# what the features of a table are called; None: by their name or number
CalledOf = Callable[[Source], Optional[Called]]


def is_working_copy(path: Path) -> bool:
    """Whether the file at ``path`` was made by a checkout, of whatever version. Never raises."""
    try:
        if not path.is_file():
            return False
        with opened(path) as connection:
            return connection.execute(sql.HAS_TABLE, ("twin_state",)).fetchone() is not None
    except (CityTwinError, OSError, sqlite3.Error):
        return False


class WorkingCopy:
    """Cheap to open and to keep: every call makes its own short connection, so it can be used from any thread."""

    def __init__(
        self,
        path: Path,
        sources: tuple[Source, ...],
        problems: Mapping[str, tuple[str, ...]],
        inside_of: InsideOf | None = None,
        called_of: CalledOf | None = None,
    ) -> None:
        self.path = path
        self.problems = problems
        self._inside_of = inside_of
        self._called_of = called_of
        self.sources = sources

    @property
    def sources(self) -> tuple[Source, ...]:
        """Where its tables came from, in the order of checkout."""
        return self._sources

    @sources.setter
    def sources(self, sources: tuple[Source, ...]) -> None:
        look, called = self._inside_of, self._called_of
        if look:
            sources = tuple(replace(source, inside=look(source)) for source in sources)
        if called:
            sources = tuple(replace(source, called=called(source)) for source in sources)
        self._sources = sources

    @classmethod
    def open(cls, path: Path, inside_of: InsideOf | None = None, called_of: CalledOf | None = None) -> WorkingCopy:
        """Open and verify. Raises `NotAWorkingCopy`, `NewerFormat`, `FileBusy` and other `WorkingCopyError`.

        ``inside_of`` tells which columns merge inside (`inside`); without it, none do. ``called_of`` tells what
        features are called.

        Tables whose tracking is broken do not prevent opening: they are in ``problems``, and asking for their changes
        raises `TrackingBroken`.
        """
        path = Path(path)
        if not path.is_file():
            raise NotAWorkingCopy(tr("There is no file {file}.", file=str(path)))
        with opened(path) as connection:
            if connection.execute(sql.HAS_TABLE, ("twin_state",)).fetchone() is None:
                raise NotAWorkingCopy(
                    tr(
                        "{file} is not a working copy: it was not made by a checkout, so there is no twin to compare "
                        "it with. Check out the collections first.",
                        file=path.name,
                    )
                )
            state = connection.execute(books.IS_TRACKING).fetchone()
            if state is None or not isinstance(state[1], int):
                raise NotAWorkingCopy(tr("{file} is damaged: its own books are empty.", file=path.name))
            if state[1] > books.FORMAT:
                raise NewerFormat(
                    tr(
                        "{file} was made by a newer version of City Twin Workbench. Update the plugin to open it.",
                        file=path.name,
                    ),
                    detail=f"format {state[1]}, this version reads up to {books.FORMAT}",
                )
            if state[1] < books.FORMAT:
                migrate.migrate(path, state[1])
            try:
                sources = src.load(connection)
            except (ValueError, TypeError, KeyError) as error:
                raise NotAWorkingCopy(
                    tr("{file} is damaged: its own books cannot be read.", file=path.name), detail=repr(error)
                ) from error
            problems = {}
            for source in sources:
                found = _verify(connection, source, bool(state[0]))
                if found:
                    problems[source.table] = tuple(found)
        return cls(path, sources, MappingProxyType(problems), inside_of, called_of)

    def refresh(self) -> None:
        """Read the sources anew: another program may have pulled into the file since. Raises as `open`."""
        found = WorkingCopy.open(self.path, self._inside_of, self._called_of)
        self.sources, self.problems = found.sources, found.problems

    def source(self, table: str) -> Source:
        """The source of ``table``. Raises `WorkingCopyError` for a table that no checkout made."""
        for source in self.sources:
            if source.table == table:
                return source
        raise WorkingCopyError(tr("{table} is not a layer of {file}.", table=table, file=self.path.name))

    def counts(self, table: str | None = None) -> dict[str, Counts]:
        """How many features changed, per table. Raises `TrackingBroken`."""
        out = {}
        with opened(self.path) as connection:
            for source in self.healthy(table):
                tally = {"insert": 0, "update": 0, "delete": 0}
                for change in ch.read(connection, source):
                    tally[change.kind] += 1
                clashes = len(conflicts.read(connection, source))
                out[source.table] = Counts(tally["insert"], tally["update"], tally["delete"], clashes)
        return out

    def changes(self, table: str | None = None) -> list[Change]:
        """Every change, table by table. Raises `TrackingBroken`."""
        out: list[Change] = []
        with opened(self.path) as connection:
            for source in self.healthy(table):
                out.extend(ch.read(connection, source, conflicts.clashing(connection, source)))
        return out

    def has_changes(self) -> bool:
        """Whether anything differs from what was published. Raises `TrackingBroken`."""
        with opened(self.path) as connection:
            for source in self.healthy(None):
                if connection.execute(sql.has_base(source.table)).fetchone()[0] and any(ch.read(connection, source)):
                    return True
        return False

    def conflicts(self, table: str | None = None) -> list[Conflict]:
        """The conflicts that nobody has decided yet. Raises `TrackingBroken`."""
        with opened(self.path) as connection:
            return [found for source in self.healthy(table) for found in conflicts.read(connection, source)]

    def feature_box(self, change: Change) -> Box | None:
        """Where a change is, in the table's CRS: old and new geometry together. None without a geometry."""
        boxes = change.boxes
        if not boxes:
            with opened(self.path) as connection:
                source = self.source(change.table)
                if not source.has_geometry:
                    return None
                row = connection.execute(sql.row(change.table, ["geom"], "fid"), (change.fid,)).fetchone()
                box = box_of(row[3]) if row else None
                boxes = [box] if box else []
        if not boxes:
            return None
        return (
            min(b[0] for b in boxes),
            min(b[1] for b in boxes),
            max(b[2] for b in boxes),
            max(b[3] for b in boxes),
        )

    def discard(self, changes: Iterable[Change]) -> int:
        """Take changes back to their base, all in one transaction. Returns how many there were still to take back.

        A feature that was changed again in the meantime is taken back too: the base is what counts.
        """
        done = 0
        with opened(self.path, write=True) as connection, transaction(connection, tracking=False):
            for change in changes:
                self.healthy(change.table)
                done += _discard(connection, self.source(change.table), change)
        return done

    def healthy(self, table: str | None) -> Sequence[Source]:
        """The source of ``table``, or all. Raises `TrackingBroken` where its changes cannot be known."""
        wanted = self.sources if table is None else (self.source(table),)
        for source in wanted:
            if source.table in self.problems:
                raise TrackingBroken(" ".join(self.problems[source.table]), detail=f"{self.path}: {source.table}")
        return wanted


class Watch:
    """Tells whether anybody wrote the file since the last question: QGIS, another program, or another part of us.

    It looks at the times and sizes of the file and its write-ahead log, and opens neither. A connection that is kept
    open would hold QGIS back from leaving SQLite's WAL mode after an edit session, and what was saved would stay beside
    the file instead of in it; and closing any other handle drops every lock that this process holds.
    """

    def __init__(self, path: Path) -> None:
        self._files: tuple[Path, ...] = (path, path.with_name(path.name + "-wal"))
        self._path = path
        self._seen = self._state()

    def changed(self) -> bool:
        """True once for each time that something was written in between. Raises `NotAWorkingCopy` where it is gone."""
        state = self._state()
        before, self._seen = self._seen, state
        return state != before

    def close(self) -> None:
        """Stop looking. Ending twice does no harm."""
        self._files = ()

    def _state(self) -> tuple[tuple[int, int], ...]:
        out = []
        for place in self._files:
            try:
                found = place.stat()
            except FileNotFoundError as error:
                if place == self._path:
                    raise NotAWorkingCopy(tr("There is no file {file}.", file=str(self._path))) from error
                out.append((0, 0))
            except OSError as error:
                with told_plainly(self._path):
                    raise error
            else:
                out.append((found.st_mtime_ns, found.st_size))
        return tuple(out)


def _verify(connection: sqlite3.Connection, source: Source, tracking: bool) -> list[str]:
    """What is wrong with a table's tracking, in sentences."""
    master = {row[0]: row[1] for row in connection.execute(sql.MASTER, (source.table, sql.base_table(source.table)))}
    if source.table not in master:
        return [
            tr(
                "The layer {title} is gone from the file: another program removed or renamed its table. Its changes "
                "cannot be known. Check it out again.",
                title=source.title,
            )
        ]
    found = []
    have = {str(row[0]) for row in connection.execute(sql.COLUMNS, (source.table,))}
    missing = [name for name in ["fid", *source.tracked, "twin_id", "twin_version"] if name not in have]
    if missing:
        found.append(
            tr(
                "The layer {title} lost columns of the twin: {names}. Another program removed or renamed them. Put "
                "them back under their names, or check the layer out again.",
                title=source.title,
                names=", ".join(missing),
            )
        )
    expected = sql.triggers(source.table, source.tracked)
    gone = [name for name, text in expected.items() if sql.normal(master.get(name) or "") != sql.normal(text)]
    if gone or not tracking or sql.base_table(source.table) not in master:
        found.append(
            tr(
                "Changes to {title} are no longer recorded: another program rebuilt the table. What was edited since "
                "cannot be told from what was published. Keep this file, check the layer out into a new one, and bring "
                "the edits over.",
                title=source.title,
            )
        )
    return found


def _discard(connection: sqlite3.Connection, source: Source, change: Change) -> int:
    table, tracked = source.table, source.tracked
    if change.twin_id is None:
        row = connection.execute(sql.row(table, tracked, "fid"), (change.fid,)).fetchone()
        if row is None or row[1] is not None:
            return 0
        connection.execute(sql.delete_row(table), (change.fid,))
        connection.execute(books.DROP_CONFLICT_OF_ROW, (table, change.fid))
        connection.execute(books.DROP_HELD, (table, change.fid))
        return 1
    base = connection.execute(sql.base_row(table, tracked), (change.twin_id,)).fetchone()
    if base is None:
        return 0
    fid, twin_id, version, *values = base
    row = connection.execute(sql.row(table, tracked, "twin_id"), (twin_id,)).fetchone()
    if row is not None:
        connection.execute(sql.set_row(table, tracked), (*values, twin_id, version, row[0]))
    elif connection.execute(sql.fid_taken(table), (fid,)).fetchone():
        connection.execute(sql.insert_row(table, tracked), (*values, twin_id, version))
    else:
        connection.execute(sql.insert_row(table, tracked, with_fid=True), (fid, *values, twin_id, version))
    connection.execute(sql.drop_base(table), (twin_id,))
    connection.execute(books.DROP_CONFLICT, (table, twin_id))
    return 1
