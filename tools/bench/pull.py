"""Pull with nothing changed on the twin, by what the twin offers."""

from __future__ import annotations

from .measure import Failed, Run, work
from .offer import Offer
from .place import Place
from .sheet import Sheet, Verdict, ratio

LAYER = "roofs-200k"
_OFFERS = {
    "pages with ETags (304 where nothing changed)": Offer(etags=True),
    "tokens in the pages, no conditional requests": Offer(),
    "neither tokens nor conditional requests": Offer(tokens=False),
}


def bench(place: Place, sheet: Sheet) -> None:
    for words, offer in _OFFERS.items():
        checkouts: list[Run] = []
        pulls: list[Run] = []
        for _ in range(place.runs):
            checkouts.append(place.checkout(offer, LAYER, "pull.gpkg"))
            pulls.append(work("pull", place.at(offer), place.scratch / "pull.gpkg"))
            said = pulls[-1].said
            if said["created"] or said["updated"] or said["deleted"]:
                raise Failed(f"nothing had changed, but the pull brought {said}")
        whole = sheet.measured(f"checkout, {words}", checkouts)
        pulled = sheet.measured(f"pull with nothing changed, {words}", pulls)
        share, by_cpu = ratio(pulled, whole), ratio(pulled, whole, cpu=True)
        if offer.etags:
            percent = None if share is None else 100 * share
            cpu = None if by_cpu is None else 100 * by_cpu
            sheet.judge(
                Verdict("pull with nothing changed, 200k features, conditional requests", percent,
                        "% of the checkout's time", 10, cpu=cpu)
            )  # fmt: skip
        else:
            sheet.note(f"Pull with {words}: {100 * (share or 0):.0f} % of the checkout's time.")
