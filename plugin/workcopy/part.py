"""A new working copy is written beside its place, and takes its name when it is whole."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from ..text import tr
from .connection import connect
from .errors import FileBusy, read_only, told_plainly


@contextlib.contextmanager
def part_file(path: Path) -> Iterator[Path]:
    """Where to write what is to be ``path``; gone afterwards, whatever happened. Raises `FileReadOnly`."""
    part = path.with_name(path.name + ".part")
    around = (part, *_beside(part), snapshot_of(part))
    with told_plainly(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(path.parent, os.W_OK):
            raise read_only(path)
        for leftover in around:
            leftover.unlink(missing_ok=True)
    try:
        yield part
    finally:
        for leftover in around:
            with contextlib.suppress(OSError):
                leftover.unlink(missing_ok=True)


def snapshot_of(part: Path) -> Path:
    """Where the twin's own file of a collection goes while a working copy is made of it."""
    return part.with_name(part.name + "-snapshot")


def _beside(path: Path) -> list[Path]:
    """What SQLite keeps beside a file while it is written."""
    return [path.with_name(path.name + end) for end in ("-journal", "-wal", "-shm")]


def seal(part: Path, path: Path) -> None:
    """Make the file durable, then give it its name: at no instant is there half a working copy under that name."""
    with told_plainly(path):
        with part.open("rb+") as stream:
            os.fsync(stream.fileno())
        _clear(path)
        part.replace(path)


def _clear(path: Path) -> None:
    """Leave nothing beside the file that goes: SQLite would take an old log for the new file's own, and spoil it.

    Raises `FileBusy` where another program has the file open.
    """
    if path.exists():
        connection = connect(path, write=True)
        try:
            # takes back what was half written, brings home what is only in the log, and removes both
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        finally:
            connection.close()
        if any(place.exists() and place.stat().st_size for place in _beside(path)):
            raise FileBusy(
                tr("{file} is open in another program, so it is not replaced. Close it there first.", file=path.name)
            )
    for place in _beside(path):
        place.unlink(missing_ok=True)
