"""Another program with a working copy: ``python -m tools.bench_inside_other edit|publish FILE TABLE COLUMN WHERE``."""

from __future__ import annotations

import sys
from pathlib import Path

from plugin.twin.client import Twin
from plugin.workcopy.connection import opened
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.publish import publish
from plugin.workcopy.sql import fill


def main(what: str, path: Path, table: str, column: str, where: str) -> None:
    with opened(path, write=True) as connection:
        connection.execute(fill("UPDATE {t} SET {c} = coalesce({c}, 0) + 1 WHERE ", t=table, c=column) + where)
        connection.commit()
    if what == "publish":
        copy = WorkingCopy.open(path)
        report = publish(copy, Twin(copy.sources[0].url), "bench")
        if report.stopped or not report.published:
            raise SystemExit(f"published {report.published}: {report.stopped}")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
