"""What changed, asked of a large and of a small working copy with 100 edits each."""

from __future__ import annotations

from .measure import work
from .place import Place
from .sheet import Measurement, Sheet, Verdict, ratio

EDITS = 100
SIZES = {"roofs-10k": "10,000", "roofs-1m": "1,000,000"}
_CALLS = 20  # in one process; their median


def bench(place: Place, sheet: Sheet) -> None:
    found: dict[str, Measurement] = {}
    for name, count in SIZES.items():
        path = place.copy_of(name)
        if work("changes", path, 1).said["count"] == 0:
            work("edit", path, EDITS)
        runs = [work("changes", path, _CALLS) for _ in range(place.runs)]
        values = {what: tuple(1000 * run.said[what] for run in runs) for what in ("seconds", "first", "counts")}
        words = f"{runs[0].said['count']} edits among {count} features"
        found[name] = sheet.add(Measurement(f"changes, {words}", values["seconds"], "ms"))
        sheet.add(Measurement(f"changes, the first call of a process, {words}", values["first"], "ms"))
        sheet.add(Measurement(f"counts, {words}", values["counts"], "ms"))
    small, large = found.values()
    sheet.judge(Verdict("changes with 100 edits in a 1M-feature working copy", large.median, "ms", 50))
    sheet.judge(Verdict("the same, against a 10k one", ratio(large, small), "× its time", 1.25))
