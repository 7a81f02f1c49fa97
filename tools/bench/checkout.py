"""Checkout of the real roof prints as GeoJSON, beside ogr2ogr and QGIS's provider at their best page size."""

from __future__ import annotations

from collections.abc import Mapping

from .measure import Run
from .offer import Offer
from .peers import PAGE_SIZES, TRIAL, Peer, ogr2ogr_pages, qgis_pages
from .place import Place, has_ogr2ogr, has_qgis
from .prepared import CITY, COUNTS
from .sheet import Sheet, Verdict, ratio

QGIS, OGR = "QGIS's OAPIF provider", "ogr2ogr OAPIF→GPKG"
_FACTORS = {QGIS: 15.0, OGR: 4.0}


def bench(place: Place, sheet: Sheet) -> None:
    best = compare(place, sheet, 0, {})
    # latency makes small pages worse: who was best with the largest ones stays so
    compare(place, sheet, 50, {name: size for name, size in best.items() if size == max(PAGE_SIZES)})


def compare(place: Place, sheet: Sheet, ms: int, known: Mapping[str, int]) -> dict[str, int]:
    """In turn, so that what else the machine does meets all alike. ``known``: a peer's best page size, which is then
    not looked for. Returns the best sizes."""
    url = place.at(Offer(ms))
    peers: dict[str, Peer] = {}
    if has_ogr2ogr():
        peers[OGR] = ogr2ogr_pages
    if has_qgis():
        peers[QGIS] = qgis_pages
    best = {name: known.get(name) or _best(place, sheet, name, peer, ms) for name, peer in peers.items()}
    ours: list[Run] = []
    theirs: dict[str, list[Run]] = {name: [] for name in peers}
    for _ in range(place.runs):
        ours.append(place.checkout(Offer(ms), CITY, f"{CITY}.gpkg"))
        for name, peer in peers.items():
            theirs[name].append(peer(place, url, best[name], CITY))
    mine = sheet.measured(f"City Twin checkout, {ms} ms", ours)
    for name in (OGR, QGIS):
        other = None
        if name in peers:
            other = sheet.measured(f"{name}, pages of {best[name]:,}, {ms} ms", theirs[name])
            place.kept[f"{name} {ms}"] = other
        sheet.judge(
            Verdict(
                f"checkout of 216k roof prints, {ms} ms latency, against {name}", ratio(other, mine), "× faster",
                _FACTORS[name], True, ratio(other, mine, cpu=True), "" if other else f"{name} is not here",
            )
        )  # fmt: skip
    return best


def _best(place: Place, sheet: Sheet, name: str, peer: Peer, ms: int) -> int:
    """The page size with which a peer is quicker, as a part of the features tells."""
    runs = {size: peer(place, place.at(Offer(ms)), size, TRIAL) for size in PAGE_SIZES}
    told = ", ".join(f"{run.seconds:.1f} s with pages of {size:,}" for size, run in runs.items())
    sheet.note(f"{name}, the first {COUNTS[TRIAL]:,} features, {ms} ms: {told}.")
    return min(runs, key=lambda size: runs[size].seconds)
