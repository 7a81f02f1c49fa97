"""Publishing 10,000 updates to the embedded twin, beside QGIS's own provider on the same twin."""

from __future__ import annotations

import statistics

from .measure import Failed, Run, work
from .place import Place, has_qgis
from .sheet import Measurement, Sheet, Verdict, ratio

LAYER = "edited"
EDITS = 10_000
QGIS_EDITS = 300  # it sends one after the other; time for each is what is compared
_FACTORS = {"w2": 20.0, "w1": 5.0}


def bench(place: Place, sheet: Sheet) -> None:
    qgis = _qgis(place, sheet) if has_qgis() else None
    for mode, factor in _FACTORS.items():
        runs: list[Run] = []
        served: list[float] = []
        with place.embedded_twin(place.prepared.edited, mode) as twin:
            for _ in range(place.runs):
                path = place.fresh("publish.gpkg")
                work("checkout", twin.url, LAYER, path)
                work("edit", path, EDITS)
                before = twin.cpu()
                runs.append(work("publish", twin.url, path))
                after = twin.cpu()
                served += [] if before is None or after is None else [after - before]
                if runs[-1].said["count"] != EDITS:
                    raise Failed(f"published {runs[-1].said['count']} of {EDITS}")
        whole = sheet.measured(f"City Twin publish of {EDITS:,} updates, {mode.upper()}", runs)
        if served:
            sheet.note(f"The twin itself computed {statistics.median(served):.1f} s meanwhile.")
        each = Measurement("", tuple(1000 * value / EDITS for value in whole.values), "ms")
        sheet.judge(
            Verdict(
                f"publish of 10,000 updates, {mode.upper()}, against QGIS's OAPIF provider, by time for each edit",
                ratio(qgis, each), "× faster", factor, True, None, "" if qgis else "QGIS is not here",
            )
        )  # fmt: skip


def _qgis(place: Place, sheet: Sheet) -> Measurement:
    """Milliseconds for each edit. It sends no locks, so only a twin without locking takes its edits."""
    with place.embedded_twin(place.prepared.edited, "w0") as twin:
        runs = [work("qgis_editing", twin.url, LAYER, QGIS_EDITS) for _ in range(place.runs)]
    each = tuple(1000 * run.seconds / run.said["count"] for run in runs)
    return sheet.add(Measurement(f"QGIS's OAPIF provider, W0, each of {QGIS_EDITS} edits", each, "ms"))
