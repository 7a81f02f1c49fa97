"""From 100,000 to a million features: time in proportion, memory flat."""

from __future__ import annotations

from .measure import Run
from .offer import Offer
from .place import Place
from .sheet import Measurement, Sheet, Verdict, ratio

SIZES = {"roofs-100k": "100,000", "roofs-1m": "1,000,000"}


def bench(place: Place, sheet: Sheet) -> None:
    runs: dict[str, list[Run]] = {name: [] for name in SIZES}
    for _ in range(place.runs):
        for name in SIZES:
            runs[name].append(place.checkout(Offer(), name, f"{name}.gpkg"))
    small, large = (sheet.measured(f"checkout of {count} features", runs[name]) for name, count in SIZES.items())
    sheet.judge(
        Verdict(
            "growth from 100k to 1M features, time", ratio(large, small), "×", 11, cpu=ratio(large, small, cpu=True)
        )
    )
    memory = [Measurement("", (one.peak or 0.0,), "MB") for one in (large, small)]
    sheet.judge(Verdict("growth from 100k to 1M features, peak memory of the process", ratio(*memory), "×", 1.3))
