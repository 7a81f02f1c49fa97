"""Bringing what was just written out of SQLite's write-ahead log into the file itself."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ..twin.errors import CityTwinError
from ..workcopy.connection import opened
from .log import log

_PATIENCE = 500  # ms for readers to finish


def flush(path: Path) -> None:
    """At the end of a large write, in its task. Never raises.

    QGIS keeps an open GeoPackage in WAL mode and brings the log into the file when it reopens it, which a layer that
    reads anew does in the main thread: after a pull of 20,000 changes that took 280 ms, and takes 13 when the task has
    done it.
    """
    try:
        with opened(path, write=True) as connection:
            connection.execute(f"PRAGMA busy_timeout = {_PATIENCE}")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # PASSIVE leaves most of the work to QGIS
    except (CityTwinError, sqlite3.Error) as error:  # somebody else writes just now: then it is done later
        log(f"{path}: {error}")
