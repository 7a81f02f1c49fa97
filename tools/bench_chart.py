"""``python -m tools.bench_chart``: a million observations into a chart, and moving over them.

Prints medians in milliseconds: of the clock on the wall, which counts, and of the processor, which is what is left on
a machine that nobody else uses. Qt draws into memory (the offscreen platform); one process, nothing else is started.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from plugin.sensors.series import Series
    from plugin.sensors.values import ObservationLike

RUNS = 5
COUNT = 1_000_000
SERIES = 5
WIDTH, HEIGHT = 1200, 400
FRAMES = 60
END = 1_787_320_800.0
Times = tuple[float, float]  # ms by the clock on the wall, and of the processor
WANTED = 16.0  # ms for a frame: 60 a second


def main() -> int:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from qgis.core import QgsApplication

    app = QgsApplication([], True)
    app.setApplicationName("citytwin-bench")
    print(f"Charts, {COUNT:,} observations, {WIDTH} × {HEIGHT} pixels, medians in ms")
    for name, work in (
        ("arrays → series → painted widget", from_arrays_to_widget),
        ("observations, ready → series → painted widget", from_observations_to_widget),
        ("observations, made one by one → series → painted widget", from_pages_to_widget),
    ):
        times = [work() for _ in range(RUNS)]
        _tell(name, times, 1000.0)
    for sharp in (1, 2):
        _tell_frames(f"a frame while panning, {SERIES} series of {COUNT // SERIES:,}", COUNT // SERIES, sharp)
    _tell_frames(f"a frame while panning, {SERIES} series of {COUNT:,}", COUNT, 1)
    _tell("an observation comes live (added and painted)", list(live()), WANTED)
    return 0


def _tell(name: str, times: list[Times], wanted: float) -> None:
    wall, cpu = (statistics.median(time[k] for time in times) for k in range(2))
    high = sorted(time[0] for time in times)[int(len(times) * 0.95)]
    verdict = "ok" if wall <= wanted else "SLOW"
    print(f"  {name:78} {wall:7.1f}  p95 {high:7.1f}  CPU {cpu:7.1f}   {verdict} (wanted ≤ {wanted:.0f})")


def _tell_frames(name: str, count: int, sharp: int) -> None:
    for part, words in ((1.0, "all"), (0.3, "a third"), (0.01, "a hundredth")):
        label = f"{name}, {words} in view" + (", double pixels" if sharp > 1 else "")
        _tell(label, panning(count, part, sharp), WANTED)


def _arrays(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """An observation a second: rush hours, noise, a gap and a spike."""
    random = np.random.default_rng(seed)
    times = END - count + np.arange(count, dtype=np.float64)
    values = 3000 * (1.1 + np.sin(times / 86400 * 2 * np.pi + seed)) + random.normal(size=count) * 200
    values[count // 2 : count // 2 + 600] = np.nan
    values[count // 3] = 20_000.0
    return times, values


def _timed(work: Callable[[], object]) -> Times:
    wall, cpu = time.perf_counter(), time.thread_time()
    work()
    return (time.perf_counter() - wall) * 1000, (time.thread_time() - cpu) * 1000


def from_arrays_to_widget() -> Times:
    from plugin.sensors.series import from_arrays

    times, values = _arrays(COUNT, 1)
    return _timed(lambda: _paint_widget(from_arrays(times, values, unit="veh/h", name="One")))


def from_observations_to_widget() -> Times:
    observations = list(_observations())
    return _timed(lambda: _paint_widget(_series(observations)))


def from_pages_to_widget() -> Times:
    return _timed(lambda: _paint_widget(_series(_observations())))


def _series(observations: Iterable[ObservationLike]) -> Series:
    from plugin.sensors.series import series
    from plugin.sensors.values import Rule

    return series(observations, Rule(), unit="veh/h", name="One")


def _observations() -> Iterator[ObservationLike]:
    """As they come from a twin's pages, one object each."""
    from plugin.twin.sensorthings import Observation

    times, values = (each.tolist() for each in _arrays(COUNT, 1))
    for at, value in zip(times, values):
        yield Observation(None, at, at, value if value == value else None, None)


def _paint_widget(series: Series) -> None:
    from plugin.gui.chart_view import ChartView
    from plugin.map.plot import Curve, Plot
    from plugin.sensors.trace import Trace

    curve = Curve(Trace(series).prepare(), "One", "veh/h")
    start, end = float(series.times[0]), float(series.times[-1])
    view = ChartView(lambda ink: Plot(start, end, (curve,), ink=ink), lambda: (start, end))
    view.resize(WIDTH, HEIGHT)
    view.grab()


def panning(count: int, part: float, sharp: int) -> list[Times]:
    """The times of frames, in ms: as much of the history as ``part`` in view, moved a little each time."""
    from qgis.PyQt.QtCore import QRectF
    from qgis.PyQt.QtGui import QImage, QPainter

    from plugin.map.plot import Curve, Plot, paint
    from plugin.sensors.series import from_arrays
    from plugin.sensors.trace import Trace

    curves = tuple(
        Curve(Trace(from_arrays(*_arrays(count, seed))).prepare(), f"Series {seed}", "veh/h", seed)
        for seed in range(SERIES)
    )
    image = QImage(WIDTH * sharp, HEIGHT * sharp, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(sharp)
    width = count * part
    found = []
    for frame in range(FRAMES):
        end = END - (count - width) / 2 - frame * width / 300
        painter = QPainter(image)
        plot = Plot(end - width, end, curves, now=END)
        found.append(_timed(partial(paint, painter, QRectF(0, 0, WIDTH, HEIGHT), plot)))
        painter.end()
    return found


def live() -> Iterator[Times]:
    """Times in ms of adding one observation to a million and painting the last hour anew."""
    from qgis.PyQt.QtCore import QRectF
    from qgis.PyQt.QtGui import QImage, QPainter

    from plugin.map.plot import Curve, Plot, paint
    from plugin.sensors.series import from_arrays
    from plugin.sensors.trace import Trace

    trace = Trace(from_arrays(*_arrays(COUNT, 1))).prepare()
    image = QImage(WIDTH, HEIGHT, QImage.Format.Format_RGB32)
    for second in range(FRAMES):
        now = END + second
        news = from_arrays(np.array([now]), np.array([3000.0]))

        plot = Plot(now - 3600, now, (Curve(trace, "One", "veh/h"),), now=now)

        def frame(news: Series, plot: Plot) -> None:
            trace.add(news)
            painter = QPainter(image)
            paint(painter, QRectF(0, 0, WIDTH, HEIGHT), plot)
            painter.end()

        yield _timed(partial(frame, news, plot))


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # QGIS's own way out crashes now and then
