"""What can be wrong with a working copy, each with a sentence for the user."""

from __future__ import annotations

import contextlib
import errno
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from ..text import tr
from ..twin.errors import CityTwinError


class WorkingCopyError(CityTwinError):
    """Something about the file."""


class NotAWorkingCopy(WorkingCopyError):
    """No GeoPackage, or one that was not made by a checkout."""


class NewerFormat(WorkingCopyError):
    """Made by a newer version of the plugin."""


class TrackingBroken(WorkingCopyError):
    """Triggers, tables or columns that tracking needs are gone: what changed cannot be known."""


class FileBusy(WorkingCopyError):
    """Another program is writing the file, or has it locked."""


class FileReadOnly(WorkingCopyError):
    """The file or its folder cannot be written."""


class DiskFull(WorkingCopyError):
    """No room left."""


class FileExists(WorkingCopyError):
    """A checkout would replace a file that holds something."""


@contextlib.contextmanager
def told_plainly(path: Path) -> Iterator[None]:
    """Turn SQLite's and the system's errors about ``path`` into ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise _from_sqlite(error, path) from error
    except OSError as error:
        raise _from_system(error, path) from error


def _from_sqlite(error: sqlite3.Error, path: Path) -> WorkingCopyError:
    words = str(error).lower()
    detail = f"{path}: {type(error).__name__}: {error}"
    if "full" in words:
        return disk_full(path, detail)
    if "locked" in words or "busy" in words:
        return FileBusy(
            tr(
                "{file} is being written by another program. Nothing was changed. Close it there or save its edits, "
                "then try again.",
                file=path.name,
            ),
            detail=detail,
        )
    if "readonly" in words or "read-only" in words or "unable to open" in words:
        return read_only(path, detail)
    if "not a database" in words or "malformed" in words or "disk image" in words:
        return NotAWorkingCopy(
            tr(
                "{file} is damaged or not a GeoPackage. Nothing was changed. Open a copy of it instead.", file=path.name
            ),
            detail=detail,
        )
    return WorkingCopyError(
        tr("{file} could not be read or written. Nothing was changed. The log has the details.", file=path.name),
        detail=detail,
    )


def _from_system(error: OSError, path: Path) -> WorkingCopyError:
    detail = f"{path}: {type(error).__name__}: {error}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return disk_full(path, detail)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return read_only(path, detail)
    return WorkingCopyError(
        tr("{file} could not be read or written: {reason}.", file=path.name, reason=error.strerror or str(error)),
        detail=detail,
    )


def disk_full(path: Path, detail: str = "") -> DiskFull:
    """The disk of ``path`` has no room."""
    return DiskFull(
        tr(
            "There is no room left on the disk for {file}. Nothing was changed. Make room and try again.",
            file=path.name,
        ),
        detail=detail,
    )


def read_only(path: Path, detail: str = "") -> FileReadOnly:
    """``path`` cannot be written."""
    return FileReadOnly(
        tr(
            "{file} cannot be written: the file or its folder is read-only for you. Nothing was changed. Copy it to a "
            "folder of your own, or ask for write access.",
            file=path.name,
        ),
        detail=detail,
    )
