"""``python -m tools.bench [NAME…] [--runs N]``: run the benchmarks named, or all, and write the table to build/bench.

The exit status is 0 whatever was measured: a target that is missed is in the table, a benchmark that cannot run fails.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ..paths import ROOT
from . import changes, checkout, drawing, growth, publish, pull, snapshot, table, wire
from .machine import machine, versions
from .measure import Failed
from .place import Place, bench_twin
from .prepared import DATA, prepared
from .sheet import Sheet

Bench = Callable[[Place, Sheet], None]
CITY: dict[str, Bench] = {
    "wire": wire.bench,
    "checkout": checkout.bench,
    "snapshot": snapshot.bench,
    "growth": growth.bench,
    "changes": changes.bench,
    "pull": pull.bench,
    "publish": publish.bench,
    "drawing": drawing.bench,
}
# programs of their own, which print what they find; the first writes build/bench/inside.json for the table
PROGRAMS = {
    "inside": "tools.bench_inside",
    "live": "tools.bench_live",
    "chart": "tools.bench_chart",
    "pilots": "tools.bench_pilots",
    "review": "tools.bench_review",
}
RUNS = 3


def main(arguments: Sequence[str]) -> int:
    options = _options(arguments)
    failed: list[str] = []
    started = time.monotonic()
    sheets = city([name for name in options.names if name in CITY], options.runs, failed)
    for name in options.names:
        if name in PROGRAMS:
            program(name, options.more, failed)
    print()
    if sheets or "inside" in options.names:
        print(f"The table: {table.shown(table.write(sheets, machine(), versions(), options.runs))}")
        for name in table.missed(options.names):
            print(f"  missed: {name}")
    print(f"{time.monotonic() - started:.0f} s in all.")
    if failed:
        print(f"Failed: {', '.join(failed)}")
    return 1 if failed else 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    every = [*CITY, *PROGRAMS]
    parser = argparse.ArgumentParser(prog="bench", description="Measure speed and memory.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of {', '.join(every)}; all without")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"of each thing at city scale ({RUNS})")
    options, more = parser.parse_known_args(arguments)
    options.more = more
    options.names = [name for one in options.names for name in one.replace(",", " ").split()] or every
    unknown = [name for name in options.names if name not in every]
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(every)}")
    return options


def city(names: Sequence[str], runs: int, failed: list[str]) -> list[Sheet]:
    """The benchmarks over the real roof prints."""
    sheets: list[Sheet] = []
    if not names:
        return sheets
    found = prepared()
    if found is None:
        print(f"bench: {', '.join(names)} skipped, the real data ({DATA.name}) is not here.")
        return sheets
    with tempfile.TemporaryDirectory(prefix="citytwin-bench-") as scratch, bench_twin(found) as url:
        place = Place(found, Path(scratch), url, runs)
        for name in names:
            print(f"\n{name}, medians of {runs} runs", flush=True)
            sheet = Sheet(name)
            try:
                CITY[name](place, sheet)
            except Failed as error:
                sheet.note(f"Failed: {error}")
                failed.append(name)
            sheets.append(sheet)
    return sheets


def program(name: str, more: Sequence[str], failed: list[str]) -> None:
    """One of the benchmarks that are programs of their own. ``more`` is for the one that takes arguments."""
    module = PROGRAMS[name]
    if importlib.util.find_spec(module) is None:
        print(f"\n{name}: {module} is not here.")
        return
    print(f"\n{name}", flush=True)
    command = [sys.executable, "-m", module, *(more if name == "live" else ())]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        failed.append(name)


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    sys.exit(status)
