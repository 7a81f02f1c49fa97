"""Our list of what changed: ``FILE TIMES``. Each time is one call; opening the file first is told beside it."""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

from plugin.workcopy.copy import WorkingCopy

from .telling import tell


def main(path: str, times: str) -> None:
    started = time.perf_counter()
    copy = WorkingCopy.open(Path(path))
    opened = time.perf_counter() - started
    listing, counting = [], []
    found = 0
    for _ in range(int(times)):
        started = time.perf_counter()
        found = len(copy.changes())
        listing.append(time.perf_counter() - started)
        started = time.perf_counter()
        copy.counts()
        counting.append(time.perf_counter() - started)
    tell(statistics.median(listing), first=listing[0], opened=opened, counts=statistics.median(counting), count=found)


if __name__ == "__main__":
    main(*sys.argv[1:])
