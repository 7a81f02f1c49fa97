"""Checkout where the twin offers a snapshot, beside ogr2ogr from the same file on this machine."""

from __future__ import annotations

from .checkout import QGIS
from .measure import Run
from .offer import Offer, Snapshot
from .peers import ogr2ogr_file, qgis_pages
from .place import Place, has_ogr2ogr, has_qgis
from .prepared import CITY
from .sheet import Measurement, Sheet, Verdict, ratio

_KINDS: tuple[tuple[Snapshot, str], ...] = (("fgb", "FlatGeobuf"), ("gpkg", "GeoPackage"))


def bench(place: Place, sheet: Sheet) -> None:
    qgis = _qgis(place, sheet)
    local: list[Run] = []
    runs: dict[Snapshot, list[Run]] = {kind: [] for kind, _ in _KINDS}
    taken = dict.fromkeys(runs, 0)
    for _ in range(place.runs):
        for kind, _name in _KINDS:
            before = place.asked("snapshot")
            runs[kind].append(place.checkout(Offer(snapshot=kind), CITY, "snapshot.gpkg"))
            taken[kind] += place.asked("snapshot") - before
        if has_ogr2ogr():
            local.append(ogr2ogr_file(place.prepared.snapshot("fgb"), place.fresh("local.gpkg")))
    theirs = sheet.measured("ogr2ogr, local FlatGeobuf → GeoPackage", local) if local else None
    for kind, name in _KINDS:
        mine = sheet.measured(f"City Twin checkout of a {name} snapshot", runs[kind])
        if not taken[kind]:
            sheet.note(f"The {name} snapshot was not asked for: these are the pages.")
        what = f"checkout of a {name} snapshot of 216k roof prints"
        sheet.judge(
            Verdict(
                f"{what}, against {QGIS}", ratio(qgis, mine), "× faster", 30, True, ratio(qgis, mine, cpu=True),
                "" if qgis else "QGIS is not here",
            )
        )  # fmt: skip
        sheet.judge(
            Verdict(
                f"{what}, against ogr2ogr from a local FlatGeobuf", ratio(mine, theirs), "× its time", 1.5, False,
                ratio(mine, theirs, cpu=True), "" if theirs else "ogr2ogr is not here",
            )
        )  # fmt: skip


def _qgis(place: Place, sheet: Sheet) -> Measurement | None:
    """What reading the pages takes QGIS: as measured in this go, else once."""
    kept = place.kept.get(f"{QGIS} 0")
    if kept is not None or not has_qgis():
        return kept
    return sheet.measured(f"{QGIS}, the pages, one run", [qgis_pages(place, place.at(Offer()), 10_000)])
