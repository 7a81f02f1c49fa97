"""Our publish: ``URL FILE``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from plugin.twin.client import Twin
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.publish import publish

from .telling import tell


def main(url: str, path: str) -> None:
    copy = WorkingCopy.open(Path(path))
    started = time.perf_counter()
    report = publish(copy, Twin(url), "bench")
    tell(time.perf_counter() - started, count=report.published)


if __name__ == "__main__":
    main(*sys.argv[1:])
