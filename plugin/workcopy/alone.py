"""One publish at a time for a file, among all programs of this computer.

QGIS and a script that publish the same working copy at once would each find the other's new features unsent; a twin
that does not recognise a repeated create would then get them twice. The lock is the system's own, on a small file in
the temporary folder: it goes with the process that holds it, however that ends.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ..text import tr
from .errors import FileBusy

if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


log = logging.getLogger(__name__)


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the right to publish ``path``. Raises `FileBusy` where another program or another part of this one does."""
    name = hashlib.blake2b(str(path.resolve()).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
    place = Path(tempfile.gettempdir()) / f"citytwin-publish-{name}.lock"
    try:
        handle = os.open(place, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        # another user's file, or no temporary folder: this guard is for a rare case, and not worth refusing all others
        log.warning("publishing without a lock among programs: %s", error)
        yield
        return
    try:
        try:
            _lock(handle)
        except OSError as error:
            raise FileBusy(
                tr(
                    "{file} is being published already, in another window or program. Wait until that has finished, "
                    "then publish what is left.",
                    file=path.name,
                ),
                detail=f"{place}: {error}",
            ) from error
        yield
    finally:
        os.close(handle)  # and with it the lock
