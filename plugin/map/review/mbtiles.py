"""One MBTiles file (1.3), written tile by tile: memory stays flat however many there are, and it is whole or not there.

Tiles of a file that somebody gives are copied without trust in its views and triggers.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from ...review.manifest import Bounds
from ...text import tr
from ...twin.progress import Progress, check
from ...workcopy.errors import WorkingCopyError, told_plainly
from . import sql
from .tiles import block_of

_VECTOR = ("pbf", "mvt")
_KEPT = ("name", "format", "bounds", "minzoom", "maxzoom", "attribution", "type", "version", "json")
_BATCH = 500  # tiles between two commits


class Writer:
    """A file being written; as a context manager it is put in its place at the end, or removed."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.count = 0
        self.bytes = 0
        self._part = target.with_name(target.name + ".part")
        self._part.unlink(missing_ok=True)
        with told_plainly(target):
            self._connection = sqlite3.connect(str(self._part))
            # nobody else reads it, and half a file is thrown away
            self._connection.execute("PRAGMA journal_mode = OFF")
            self._connection.execute("PRAGMA synchronous = OFF")
            for statement in sql.MBTILES:
                self._connection.execute(statement)

    def __enter__(self) -> Writer:
        return self

    def put(self, zoom: int, column: int, row: int, data: bytes) -> None:
        """One tile; ``row`` is counted from the south."""
        with told_plainly(self.target):
            self._connection.execute(sql.PUT_TILE, (zoom, column, row, data))
            self.count += 1
            self.bytes += len(data)
            if self.count % _BATCH == 0:
                self._connection.commit()

    def describe(self, values: Mapping[str, str]) -> None:
        """The file's metadata."""
        with told_plainly(self.target):
            self._connection.executemany(sql.PUT_METADATA, values.items())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with told_plainly(self.target):
                if kind is None:
                    self._connection.execute(sql.MBTILES_INDEX)
                    self._connection.commit()
        finally:
            self._connection.close()
            if kind is not None:
                self._part.unlink(missing_ok=True)
        if kind is None:
            with told_plainly(self.target):
                self._part.replace(self.target)


def bounds_text(bounds: Bounds) -> str:
    """Bounds as the format wants them."""
    return ",".join(f"{edge:.6f}" for edge in bounds)


def is_vector(path: Path) -> bool:
    """Whether the tiles of the file are vectors. Raises `WorkingCopyError`."""
    return metadata_of(path).get("format", "").lower() in _VECTOR


def metadata_of(path: Path) -> dict[str, str]:
    """What the file says of itself. Raises `WorkingCopyError` where it is no MBTiles file."""
    connection = _read(path)
    try:
        return {str(name): str(value) for name, value in connection.execute(sql.METADATA)}
    except sqlite3.DatabaseError as error:
        raise _none(path, error) from error
    finally:
        connection.close()


def size_of(path: Path, bounds: Bounds, deepest: int) -> tuple[int, int]:
    """Tiles and bytes that `copy` would take. Raises `WorkingCopyError`."""
    count = size = 0
    connection = _read(path)
    try:
        for zoom in _zooms(connection, deepest):
            found = connection.execute(sql.TILES_SIZE, _place(bounds, zoom)).fetchone()
            count, size = count + int(found[0]), size + int(found[1])
    except sqlite3.DatabaseError as error:
        raise _none(path, error) from error
    finally:
        connection.close()
    return count, size


def copy(path: Path, target: Path, bounds: Bounds, deepest: int, expected: int, progress: Progress) -> tuple[int, int]:
    """Take the tiles of ``path`` that lie in ``bounds`` over to ``target``; how many, and their bytes.

    Raises `WorkingCopyError`, `Cancelled`.
    """
    about = metadata_of(path)
    connection = _read(path)
    try:
        zooms = _zooms(connection, deepest)
        with Writer(target) as writer:
            for zoom in zooms:
                for column, row, data in connection.execute(sql.TILES, _place(bounds, zoom)):
                    if not isinstance(data, bytes):
                        continue
                    writer.put(zoom, int(column), int(row), data)
                    if writer.count % 100 == 0:
                        check(progress)
                        progress.report(writer.count, expected, tr("Taking the background along…"))
            about.update(
                bounds=bounds_text(bounds), minzoom=str(zooms.start), maxzoom=str(max(zooms.start, zooms.stop - 1))
            )
            kept = (
                "name",
                "format",
                "bounds",
                "minzoom",
                "maxzoom",
                "attribution",
                "type",
                "version",
                "json",
                "scheme",
            )
            writer.describe({name: about[name] for name in kept if name in about})
            return writer.count, writer.bytes
    except sqlite3.DatabaseError as error:
        raise _none(path, error) from error
    finally:
        connection.close()


def _read(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise WorkingCopyError(tr("There is no file {file}.", file=str(path)))
    with told_plainly(path):
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA query_only = ON")
        return connection


def _zooms(connection: sqlite3.Connection, deepest: int) -> range:
    least, most = connection.execute(sql.ZOOMS).fetchone()
    if not isinstance(least, int) or not isinstance(most, int):
        return range(0)
    return range(max(0, least), min(most, deepest) + 1)


def _place(bounds: Bounds, zoom: int) -> tuple[int, int, int, int, int]:
    block = block_of(bounds, zoom)
    return (zoom, block.west, block.east, *block.rows_from_south())


def _none(path: Path, error: Exception) -> WorkingCopyError:
    return WorkingCopyError(
        tr("{file} is no MBTiles file that can be read. Choose another one.", file=path.name), detail=repr(error)
    )
