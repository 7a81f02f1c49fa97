"""Checkout of the real roof prints as GeoJSON, beside ogr2ogr and QGIS's provider at their best page size."""

from __future__ import annotations

from .measure import Run
from .offer import Offer
from .peers import PAGE_SIZES, Peer, ogr2ogr_pages, qgis_pages
from .place import Place, has_ogr2ogr, has_qgis
from .prepared import CITY
from .sheet import Measurement, Sheet, Verdict, ratio

QGIS, OGR = "QGIS's OAPIF provider", "ogr2ogr OAPIF→GPKG"
_FACTORS = {QGIS: 15.0, OGR: 4.0}


def bench(place: Place, sheet: Sheet) -> None:
    for ms in (0, 50):
        compare(place, sheet, ms)


def compare(place: Place, sheet: Sheet, ms: int) -> None:
    """In turn, so that what else the machine does meets all alike."""
    url = place.at(Offer(ms))
    peers: dict[str, Peer] = {}
    if has_ogr2ogr():
        peers[OGR] = ogr2ogr_pages
    if has_qgis():
        peers[QGIS] = qgis_pages
    ours = [place.checkout(Offer(ms), CITY, f"{CITY}.gpkg")]
    tried = {name: {size: [peer(place, url, size)] for size in PAGE_SIZES} for name, peer in peers.items()}
    best = {name: min(sizes, key=lambda size: sizes[size][0].seconds) for name, sizes in tried.items()}
    for _ in range(place.runs - 1):
        ours.append(place.checkout(Offer(ms), CITY, f"{CITY}.gpkg"))
        for name, peer in peers.items():
            tried[name][best[name]].append(peer(place, url, best[name]))
    mine = sheet.measured(f"City Twin checkout, {ms} ms", ours)
    for name in (OGR, QGIS):
        theirs = _told(sheet, name, ms, tried[name], best[name]) if name in tried else None
        if theirs is not None:
            place.kept[f"{name} {ms}"] = theirs
        sheet.judge(
            Verdict(
                f"checkout of 216k roof prints, {ms} ms latency, against {name}", ratio(theirs, mine), "× faster",
                _FACTORS[name], True, ratio(theirs, mine, cpu=True), "" if theirs else f"{name} is not here",
            )
        )  # fmt: skip


def _told(sheet: Sheet, name: str, ms: int, sizes: dict[int, list[Run]], best: int) -> Measurement:
    for size, runs in sizes.items():
        if size != best:
            sheet.measured(f"{name}, pages of {size:,}, {ms} ms (one run: not its best)", runs)
    return sheet.measured(f"{name}, pages of {best:,}, {ms} ms", sizes[best])
