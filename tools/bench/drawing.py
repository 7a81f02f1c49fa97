"""Drawing a layer of a working copy, beside the same layer in a GeoPackage made by ogr2ogr."""

from __future__ import annotations

import statistics

from .measure import work
from .peers import ogr2ogr_file
from .place import Place, has_ogr2ogr, has_qgis
from .prepared import CITY
from .sheet import Measurement, Sheet, Verdict, ratio

OURS, THEIRS = "working copy", "made by ogr2ogr"


def bench(place: Place, sheet: Sheet) -> None:
    if not has_qgis() or not has_ogr2ogr():
        what = "map drawing of a working-copy layer"
        sheet.judge(Verdict(what, None, "× its time", 1.1, note="QGIS or ogr2ogr is not here"))
        return
    plain = place.fresh("plain.gpkg")
    ogr2ogr_file(place.prepared.source, plain)
    said = work("drawing", 2 * place.runs + 1, f"{OURS}={place.copy_of(CITY)}", f"{THEIRS}={plain}").said
    ratios: list[float] = []
    for extent, by in said["extents"].items():
        ours, theirs = (sheet.add(Measurement(f"{extent}, {name}", tuple(by[name]), "ms")) for name in (OURS, THEIRS))
        ratios.append(ratio(ours, theirs) or 0.0)
        if not said["alike"][extent]:
            sheet.note(f"The two pictures of {extent} differ in a pixel or more: overlaps are drawn in another order.")
    sheet.judge(
        Verdict(
            "map drawing of a working-copy layer against the same made by ogr2ogr, mean of the extents",
            statistics.mean(ratios), "× its time", 1.1,
        )
    )  # fmt: skip
