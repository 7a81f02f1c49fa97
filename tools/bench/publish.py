"""Publishing 10,000 updates to the embedded twin, beside QGIS's own provider on the same twin."""

from __future__ import annotations

import statistics

from .measure import Failed, Run, work
from .place import Place, has_qgis
from .sheet import Measurement, Sheet, Verdict, ratio

LAYER = "edited"
EDITS = 10_000
LATE_EDITS = 1_000
QGIS_EDITS = 300  # it sends one after the other; time for each is what is compared
_FACTORS = {"w2": 20.0, "w1": 5.0}
_LATE = 50  # milliseconds, as on a wire


def bench(place: Place, sheet: Sheet) -> None:
    qgis = _qgis(place, sheet, 0) if has_qgis() else None
    for mode, factor in _FACTORS.items():
        _ours(place, sheet, mode, factor, qgis, EDITS, 0)
    # one by one on one machine is a race of two interpreters for its processors; on a wire it is a matter of waiting
    late = _qgis(place, sheet, _LATE) if has_qgis() else None
    _ours(place, sheet, "w1", _FACTORS["w1"], late, LATE_EDITS, _LATE)


def _ours(
    place: Place, sheet: Sheet, mode: str, factor: float, qgis: Measurement | None, edits: int, delay: int
) -> None:
    runs: list[Run] = []
    served: list[float] = []
    with place.embedded_twin(place.prepared.edited, mode, delay) as twin:
        for _ in range(place.runs):
            path = place.fresh("publish.gpkg")
            work("checkout", twin.url, LAYER, path)
            work("edit", path, edits)
            before = twin.cpu()
            runs.append(work("publish", twin.url, path))
            after = twin.cpu()
            served += [] if before is None or after is None else [after - before]
            if runs[-1].said["count"] != edits:
                raise Failed(f"published {runs[-1].said['count']} of {edits}")
    wire = _wire(delay)
    whole = sheet.measured(f"City Twin publish of {edits:,} updates, {mode.upper()}{wire}", runs)
    if served:
        sheet.note(f"The twin itself computed {statistics.median(served):.1f} s meanwhile.")
    each = Measurement("", tuple(1000 * value / edits for value in whole.values), "ms")
    sheet.judge(
        Verdict(
            f"publish of {edits:,} updates, {mode.upper()}{wire}, against QGIS's OAPIF provider, by time for each edit",
            ratio(qgis, each), "× faster", factor, True, None, "" if qgis else "QGIS is not here",
        )
    )  # fmt: skip


def _wire(delay: int) -> str:
    return f", answers {delay} ms late" if delay else ""


def _qgis(place: Place, sheet: Sheet, delay: int) -> Measurement:
    """Milliseconds for each edit. It sends no locks, so only a twin without locking takes its edits."""
    with place.embedded_twin(place.prepared.edited, "w0", delay) as twin:
        runs = [work("qgis_editing", twin.url, LAYER, QGIS_EDITS) for _ in range(place.runs)]
    each = tuple(1000 * run.seconds / run.said["count"] for run in runs)
    name = f"QGIS's OAPIF provider, W0{_wire(delay)}, each of {QGIS_EDITS} edits"
    return sheet.add(Measurement(name, each, "ms"))
