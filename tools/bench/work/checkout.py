"""Our checkout: ``URL COLLECTION FILE``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from plugin.twin.client import Twin
from plugin.workcopy.checkout import checkout

from .telling import tell


def main(url: str, collection: str, path: str) -> None:
    started = time.perf_counter()
    report = checkout(Twin(url), [collection], Path(path), python=sys.executable)
    tell(time.perf_counter() - started, count=report.feature_count, problems=report.problems)


if __name__ == "__main__":
    main(*sys.argv[1:])
