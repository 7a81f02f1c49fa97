"""Our pull: ``URL FILE``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from plugin.twin.client import Twin
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.pull import pull

from .telling import tell


def main(url: str, path: str) -> None:
    copy = WorkingCopy.open(Path(path))
    started = time.perf_counter()
    report = pull(copy, Twin(url))
    tell(time.perf_counter() - started, created=report.created, updated=report.updated, deleted=report.deleted)


if __name__ == "__main__":
    main(*sys.argv[1:])
