"""Edits in a working copy as another program makes them: ``FILE COUNT``, spread over the whole layer."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from plugin.workcopy.connection import opened
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.sql import fill

from .telling import tell

COLUMN = "h_eave_m"


def main(path: str, count: str) -> None:
    (source,) = WorkingCopy.open(Path(path)).sources
    # every so many-th row: where they lie must not matter
    edit = fill("UPDATE {t} SET {c} = coalesce({c}, 0) + 1 WHERE fid % ? = 0 AND fid <= ?", t=source.table, c=COLUMN)
    step = source.feature_count // int(count)
    started = time.perf_counter()
    with opened(Path(path), write=True) as connection:
        changed = connection.execute(edit, (step, step * int(count))).rowcount
    if changed != int(count):
        raise SystemExit(f"edited {changed} of {count} features")
    tell(time.perf_counter() - started, count=changed)


if __name__ == "__main__":
    main(*sys.argv[1:])
