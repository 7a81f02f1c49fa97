"""Checkout of the real roof prints as GeoJSON, beside ogr2ogr and QGIS's provider at their best page size."""

from __future__ import annotations

from collections.abc import Mapping

from .measure import Run
from .offer import Offer
from .peers import PAGE_SIZES, Peer, ogr2ogr_pages, qgis_pages
from .place import Place, has_ogr2ogr, has_qgis
from .prepared import CITY
from .sheet import Measurement, Sheet, Verdict, ratio

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
    ours = [place.checkout(Offer(ms), CITY, f"{CITY}.gpkg")]
    tried: dict[str, dict[int, list[Run]]] = {}
    for name, peer in peers.items():
        sizes = (known[name],) if name in known else PAGE_SIZES
        tried[name] = {size: [peer(place, url, size)] for size in sizes}
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
    return best


def _told(sheet: Sheet, name: str, ms: int, sizes: dict[int, list[Run]], best: int) -> Measurement:
    for size, runs in sizes.items():
        if size != best:
            sheet.measured(f"{name}, pages of {size:,}, {ms} ms (one run: not its best)", runs)
    return sheet.measured(f"{name}, pages of {best:,}, {ms} ms", sizes[best])
