"""``python -m tools.bench_pilots``: the profile of a pilot over 215,765 real roof prints, by itself and through the
task of its window, with what the main thread felt of it; and all checks of 100 pilots.

Prints medians in seconds, of the clock on the wall, which counts, and of the processor, which is what is left on a
machine that nobody else uses. Needs the real data beside the project (``../shared/data``); says so and goes on with the
checks where it is absent. Qt draws into memory (the offscreen platform); one process, nothing else is started.
"""

from __future__ import annotations

import math
import os
import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .bench.prepared import DATA

if TYPE_CHECKING:
    from plugin.pilots.record import Pilot
    from plugin.workcopy.copy import WorkingCopy

RUNS = 5
TODAY = date(2026, 11, 23)
WANTED = 2.0  # seconds for a profile over 200,000 buildings
AWAY = 50.0  # ms that the main thread may be away
CANCEL = 0.5  # seconds until a cancelled profile has stopped
CHECKS = 1.0  # seconds for all checks of 100 pilots
_BEAT = 5  # ms
CENTRE = (93_000.0, 436_500.0)


def main() -> int:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from qgis.core import QgsApplication

    app = QgsApplication([], True)
    app.setApplicationName("citytwin-bench")
    app.initQgis()
    print(f"Pilots, medians of {RUNS} runs in seconds")
    if not DATA.is_file():
        print(f"  profile: skipped, the real data ({DATA.name}) is not here.")
    else:
        with tempfile.TemporaryDirectory(prefix="citytwin-bench-") as scratch:
            roofs = unpacked(Path(scratch))
            profiles(roofs)
            in_the_window(roofs)
    checks()
    return 0


def unpacked(folder: Path) -> WorkingCopy:
    """The roof prints as a layer of buildings of a working copy that is only read."""
    from plugin.twin.model import Property, Schema
    from plugin.workcopy.columns import columns_of
    from plugin.workcopy.copy import WorkingCopy
    from plugin.workcopy.source import Source

    with zipfile.ZipFile(DATA) as archive:
        archive.extractall(folder)
    (path,) = folder.glob("*.gpkg")
    schema = Schema((Property("h_eave_m", "number"), Property("h_ridge_m", "number")), "MultiPolygon")
    source = Source(
        table="roofprints", collection="roofprints", title="Roof prints", description="", url="", items_url="",
        crs="http://www.opengis.net/def/crs/EPSG/0/28992", srid=28992, swap=False, geometry_type="MultiPolygon",
        has_z=False, served_types=(), extent=None, schema=schema, columns=columns_of(schema), methods=frozenset(),
        checked_out="2026-01-01T00:00:00Z",
    )  # fmt: skip
    return WorkingCopy(path, (source,), {})


def outlines() -> dict[str, Any]:
    """Pilots over all of the city, by what is hard about them."""
    from osgeo import ogr

    west, south, size = 82_000, 428_000, 21_000
    east, north = west + size, south + size
    block = f"POLYGON(({west} {south},{east} {south},{east} {north},{west} {north},{west} {south}))"
    lines = ogr.Geometry(ogr.wkbMultiLineString)
    for k in range(60):
        for across in (False, True):
            line = ogr.Geometry(ogr.wkbLineString)
            for step in range(201):
                x, y = west + step * 100.0, south + k * 330.0
                x, y = (west + k * 330.0, south + step * 100.0) if across else (x, y)
                line.AddPoint_2D(x + 10 * (step * 7 % 5), y + 10 * (step * 3 % 4))
            lines.AddGeometry(line)
    round_ = ogr.Geometry(ogr.wkbPoint)
    round_.AddPoint_2D(*CENTRE)
    return {
        "a block around all of them": ogr.CreateGeometryFromWkt(block),
        "a circle of 12 km with 8,000 corners": round_.Buffer(6000, 2000),
        "a network of buffered streets with 78,000 corners": lines.Buffer(15, 4),
    }


def pilot(name: str, shape: Any) -> Pilot:
    from osgeo import ogr

    from plugin.pilots.record import Pilot

    return Pilot(name, wkb=bytes(shape.ExportToIsoWkb(ogr.wkbNDR)), twin_id=name)


def profiles(roofs: WorkingCopy) -> None:
    """By itself, in this thread."""
    from plugin.pilots.profile import profile

    hard = outlines()
    profile(roofs, pilot("warm", next(iter(hard.values()))), today=TODAY)  # geopandas is loaded
    for place, (name, shape) in enumerate(hard.items()):
        one = pilot(name, shape)
        times = [timed(partial(profile, roofs, one, today=TODAY)) for _ in range(RUNS if place < 2 else 1)]
        tell(f"profile, {name}", times, WANTED if place < 2 else None)


def in_the_window(roofs: WorkingCopy) -> None:
    """Through the window's task: what the main thread felt, and how soon it stops."""
    from plugin.gui.pilots.profile_window import ProfileWindow

    name, shape = next(iter(outlines().items()))
    book: Any = _book(roofs, pilot(name, shape))
    times, away, stopped = [], [], []
    for _ in range(RUNS):
        clock, work = time.perf_counter(), time.process_time()
        window = ProfileWindow(book, str(roofs.path), name, _Iface())
        window.show()
        away.append((_spin(partial(_found, window.presenter)), 0.0))
        times.append((time.perf_counter() - clock, time.process_time() - work))
        said: list[str] = []
        window.presenter.progressed.connect(partial(_hear, said))
        window.presenter.start()
        _spin(partial(_measures, said))
        clock = time.perf_counter()
        window.presenter.cancel()
        _spin(partial(_stopped, window.presenter))
        stopped.append((time.perf_counter() - clock, 0.0))
        window.close()
    tell("profile through the window's task, window included", times, WANTED)
    tell("  the main thread was away, at most (ms)", away, AWAY)
    tell("  cancelled", stopped, CANCEL)


def _found(presenter: Any) -> bool:
    return presenter.outcome is not None


def _stopped(presenter: Any) -> bool:
    return not presenter.busy


def _hear(said: list[str], _done: int, _total: object, text: str) -> None:
    said.append(text)


def _measures(said: list[str]) -> bool:
    return any("Measuring" in text for text in said)


def checks() -> None:
    """All that can be wrong with 100 pilots, 20 of which overlap."""
    from osgeo import ogr

    from plugin.pilots.checks import check_all

    pilots = []
    for number in range(100):
        turn = number * 2.399963
        centre = ogr.Geometry(ogr.wkbPoint)
        reach = 400 * math.sqrt(number)
        centre.AddPoint_2D(CENTRE[0] + reach * math.cos(turn), CENTRE[1] + reach * math.sin(turn))
        pilots.append(pilot(f"P-{number}", centre.Buffer(150 + 15 * (number % 20), 50)))
    round_ = ogr.Geometry(ogr.wkbPoint)
    round_.AddPoint_2D(*CENTRE)
    municipality = bytes(round_.Buffer(3500, 1000).ExportToIsoWkb(ogr.wkbNDR))
    times = [timed(lambda: check_all(pilots, TODAY, municipality)) for _ in range(RUNS)]
    tell("all checks of 100 pilots", times, CHECKS)


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the clock and of the processor."""
    clock, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - cpu


def tell(name: str, times: list[tuple[float, float]], wanted: float | None) -> None:
    wall, cpu = (statistics.median(time[k] for time in times) for k in range(2))
    verdict = "" if wanted is None else f"{'ok' if wall <= wanted else 'SLOW'} (wanted ≤ {wanted:g})"
    print(f"  {name:64} {wall:7.2f}  CPU {cpu:6.2f}   {verdict}".rstrip(), flush=True)


def _spin(until: Callable[[], bool], seconds: float = 60.0) -> float:
    """Let the window live; how long its thread was ever away, in ms."""
    from qgis.PyQt.QtCore import QEventLoop, QTimer

    loop, longest, last = QEventLoop(), 0.0, time.monotonic()
    end = last + seconds

    def beat() -> None:
        nonlocal longest, last
        now = time.monotonic()
        longest, last = max(longest, (now - last) * 1000 - _BEAT), now
        if until() or now > end:
            loop.quit()

    timer = QTimer()
    timer.setInterval(_BEAT)
    timer.timeout.connect(beat)
    timer.start()
    loop.exec()
    timer.stop()
    return longest


class _Iface:
    """What the window needs of QGIS's."""

    def mapCanvas(self) -> Any:
        from qgis.gui import QgsMapCanvas

        return QgsMapCanvas()


def _book(roofs: WorkingCopy, one: Pilot) -> object:
    """A book of one pilot, which is in no file."""
    from qgis.PyQt.QtCore import QObject, pyqtSignal

    from plugin.map.pilots.book import Record
    from plugin.pilots.checks import Surroundings
    from plugin.pilots.mapping import OURS

    class Book(QObject):
        changed = pyqtSignal()

        def record(self, path: str, _key: str) -> Record:
            return Record(path, one)

        def copy(self, _path: str) -> WorkingCopy:
            return roofs

        def source(self, _path: str) -> None:
            return None

        def mapping(self, _path: str) -> object:
            return OURS

        def surroundings(self, _path: str, _without: str = "") -> Surroundings:
            return Surroundings()

        def today(self) -> date:
            return TODAY

    return Book()


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # QGIS's own way out crashes now and then
