"""That the bench twin is not what is measured: a client that fetches all pages and looks at none."""

from __future__ import annotations

from .measure import work
from .offer import Offer
from .place import Place
from .prepared import CITY
from .sheet import Sheet


def bench(place: Place, sheet: Sheet) -> None:
    for ms in (0, 50):
        runs = [work("pages", place.at(Offer(ms)), CITY, 10_000) for _ in range(place.runs)]
        size = runs[0].said["bytes"] / 1e6
        sheet.measured(
            f"all {runs[0].said['pages']} pages ({size:.0f} MB) by a client that reads nothing, {ms} ms", runs
        )
