"""The everyday operations on a city-scale working copy, in a process of its own: ``python -m tools.bench_everyday URL
COLLECTION FOLDER`` prints one ``name seconds`` line each. Called by `tools.bench`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from plugin.twin.client import Twin
from plugin.workcopy.checkout import checkout
from plugin.workcopy.connection import opened
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.publish import publish
from plugin.workcopy.pull import pull
from plugin.workcopy.sql import fill

EDITS = 1000


def timed(name: str, do: Callable[[], Any]) -> Any:
    started = time.perf_counter()
    result = do()
    print(f"{name}\t{time.perf_counter() - started}", flush=True)
    return result


def main(url: str, collection: str, folder: Path) -> None:
    twin = Twin(url)
    for name in ("anna", "bram"):
        path = folder / f"{name}.gpkg"
        path.unlink(missing_ok=True)
        checkout(twin, [collection], path)
    anna, bram = (WorkingCopy.open(folder / f"{name}.gpkg") for name in ("anna", "bram"))
    (source,) = anna.sources
    column = next(c.name for c in source.columns if c.type in ("integer", "number") and not c.read_only)
    edit = fill("UPDATE {t} SET {c} = coalesce({c}, 0) + 1 WHERE fid <= ?", t=source.table, c=column)
    with opened(anna.path, write=True) as connection:
        connection.execute(edit, (EDITS,))
    timed("pull, nothing new", lambda: pull(bram, twin))
    report = timed(f"publish of {EDITS} edits", lambda: publish(anna, twin, "bench"))
    pulled = timed(f"pull of {EDITS} edits", lambda: pull(bram, twin))
    if (report.published, pulled.updated) != (EDITS, EDITS):
        raise SystemExit(f"published {report.published}, pulled {pulled.updated} of {EDITS}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
