"""What is painted, looked at pixel by pixel."""

from __future__ import annotations

from datetime import timezone

import numpy as np
import pytest
from qgis.PyQt.QtCore import QRectF
from qgis.PyQt.QtGui import QColor, QImage, QPainter

from plugin.map import plot_text
from plugin.map.plot import Curve, Level, Plot, paint, said_at, spark
from plugin.map.plot_colours import DISTINCT, ink_on, light
from plugin.map.plot_scales import PlotArea
from plugin.sensors.series import from_arrays
from plugin.sensors.trace import Trace

START = 1_787_320_800.0
WIDTH, HEIGHT = 600, 240


def curve(times, values, unit: str = "m", colour: int = 0, name: str = "One") -> Curve:
    return Curve(Trace(from_arrays(np.asarray(times, float) + START, np.asarray(values, float))), name, unit, colour)


def painted(plot: Plot, sharp: int = 1, width: int = WIDTH, height: int = HEIGHT) -> tuple[np.ndarray, PlotArea]:
    """The pixels as an array of shape (rows, columns, 3), and what is where."""
    image = QImage(width * sharp, height * sharp, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(sharp)
    image.fill(0xFF00FF)
    painter = QPainter(image)
    area = paint(painter, QRectF(0, 0, width, height), plot)
    painter.end()
    bits = image.constBits()
    bits.setsize(image.sizeInBytes())
    pixels = np.frombuffer(bits, np.uint8).reshape(image.height(), image.width(), 4)
    return pixels[:, :, 2::-1].copy(), area


def where(pixels: np.ndarray, colour: QColor, near: int = 60) -> np.ndarray:
    """Which pixels have about that colour: shape (rows, columns)."""
    wanted = np.array([colour.red(), colour.green(), colour.blue()])
    return np.abs(pixels.astype(int) - wanted).max(axis=2) < near


def column(found: np.ndarray, area: PlotArea, seconds: float, sharp: int = 1) -> np.ndarray:
    x = int(area.x(START + seconds) * sharp)
    return np.flatnonzero(found[:, x])


@pytest.mark.parametrize("sharp", [1, 2])
def test_a_gap_is_really_a_gap_and_a_lone_point_a_dot(qgis_app, sharp):
    times = np.concatenate((np.arange(0, 3000, 60), [4500], np.arange(6000, 9000, 60)))
    pixels, area = painted(Plot(START, START + 9000, (curve(times, np.full(len(times), 5.0)),)), sharp)
    blue = where(pixels, light().line(0))
    for seconds in (100, 1500, 2900, 6100, 8800):
        assert len(column(blue, area, seconds, sharp))
    for seconds in (3100, 4000, 4300, 4700, 5500, 5900):
        assert not len(column(blue, area, seconds, sharp)), seconds
    dot = column(blue, area, 4500, sharp)
    assert 2 * sharp <= len(dot) <= 6 * sharp


def test_an_observation_without_a_number_interrupts_the_line(qgis_app):
    values = np.full(100, 5.0)
    values[40:60] = np.nan
    pixels, area = painted(Plot(START, START + 6000, (curve(np.arange(100) * 60, values),)))
    blue = where(pixels, light().line(0))
    assert len(column(blue, area, 2000)) and len(column(blue, area, 4000))
    assert not any(len(column(blue, area, seconds)) for seconds in range(2430, 3570, 60))


@pytest.mark.parametrize("count", [500, 20_000, 400_000])
def test_extremes_are_really_drawn_where_they_are(qgis_app, count):
    values = np.random.default_rng(1).normal(size=count)
    high, low = count // 3, 2 * count // 3
    values[high], values[low] = 100.0, -100.0
    times = np.arange(count) * (6000 / count)
    pixels, area = painted(Plot(START, START + 6000, (curve(times, values),)))
    blue = where(pixels, light().line(0), 130)
    panel = area.panels[0]
    for place, value in ((high, 100.0), (low, -100.0)):
        y, x = panel.scales[0].y(value, panel.rect), area.x(START + times[place])
        block = blue[int(y) - 2 : int(y) + 3, int(x) - 2 : int(x) + 3]
        assert block.any(), (value, x, y)


def test_two_units_have_an_axis_each_and_three_a_panel_each(qgis_app):
    times = np.arange(100) * 60
    one, two = curve(times, times, "veh/h", 0), curve(times, times / 1e3, "km/h", 1)
    _, area = painted(Plot(START, START + 6000, (one, two)))
    (panel,) = area.panels
    assert [scale.unit for scale in panel.scales] == ["veh/h", "km/h"]
    assert panel.scales[0].y(6000, panel.rect) == pytest.approx(panel.scales[1].y(6, panel.rect))
    three = curve(times, times, "°C", 2)
    pixels, area = painted(Plot(START, START + 6000, (one, two, three)), height=400)
    assert [[scale.unit for scale in panel.scales] for panel in area.panels] == [["veh/h"], ["km/h"], ["°C"]]
    rects = [panel.rect for panel in area.panels]
    assert len({(rect.left(), rect.right()) for rect in rects}) == 1
    assert all(above.bottom() < below.top() for above, below in zip(rects, rects[1:]))
    for place, rect in enumerate(rects):
        found = np.flatnonzero(where(pixels, light().line(place)).any(axis=1))
        inside = found[(found >= rect.top() - 3) & (found <= rect.bottom() + 3)]
        assert len(inside) > rect.height() / 2


def test_a_threshold_is_a_line_and_one_out_of_view_an_arrow(qgis_app):
    times = np.arange(100) * 60
    line = curve(times, 20 + times % 7)
    near, far = Level(25.0, "Alarm", "m", True), Level(900.0, "Flood", "m", True)
    red = light().threshold
    pixels, area = painted(Plot(START, START + 6000, (line,), (near,)))
    panel = area.panels[0]
    row = where(pixels, red)[int(panel.scales[0].y(25.0, panel.rect))]
    assert row.sum() > panel.rect.width() * 0.95
    pixels, area = painted(Plot(START, START + 6000, (line,), (far,)))
    found = where(pixels, red)
    assert area.panels[0].scales[0].high < 100 and not (found.sum(axis=1) > 300).any()
    top = int(area.panels[0].rect.top())
    assert found[top : top + 20].sum() > 20 and not found[top + 30 :].any()
    # a norm that is far is no business of this chart
    pixels, _ = painted(Plot(START, START + 6000, (line,), (Level(900.0, "Norm", "m"),)))
    assert not where(pixels, red).any()


def test_levels_hold_for_their_own_unit_only(qgis_app):
    times = np.arange(100) * 60
    plot = Plot(START, START + 6000, (curve(times, 20 + times % 7),), (Level(23.0, "Alarm", "km/h", True),))
    assert not where(painted(plot)[0], light().threshold).any()


@pytest.mark.parametrize("ground", ["#ffffff", "#1e1e1e"])
def test_every_colour_stands_out_on_light_and_dark(qgis_app, ground):
    dark = ground != "#ffffff"
    ink = ink_on(QColor(ground), QColor("#eeeeee" if dark else "#222222"))
    assert ink.dark == dark
    times = np.arange(100) * 60
    curves = tuple(curve(times, np.full(100, place), "m", place) for place in range(DISTINCT))
    pixels, area = painted(Plot(START, START + 6000, curves, ink=ink))
    assert (pixels[2, 2] == [QColor(ground).red()] * 3).all()
    for place in range(DISTINCT):
        assert _contrast(ink.line(place), QColor(ground)) >= 3.0
        assert len(column(where(pixels, ink.line(place)), area, 3000))


def _contrast(one: QColor, other: QColor) -> float:
    """By WCAG 2.1."""

    def luminance(colour: QColor) -> float:
        parts = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.getRgbF()[:3]]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


# What people see who do not see red, and who do not see green, of linear light. Source: G. Machado et al., A
# Physiologically-based Model for Simulation of Color Vision Deficiency (2009), severity 1.0.
SEEN = {
    "all": np.eye(3),
    "no red": np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]),
    "no green": np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]),
}


@pytest.mark.parametrize("who", list(SEEN))
@pytest.mark.parametrize("dark", [False, True])
def test_lines_can_be_told_apart_without_seeing_red_or_green(who: str, dark: bool):
    ink = ink_on(QColor("#1e1e1e" if dark else "#ffffff"), QColor("#eeeeee" if dark else "#222222"))
    seen = [_lab(SEEN[who] @ _linear(ink.line(place))) for place in range(DISTINCT)]
    apart = [float(np.linalg.norm(a - b)) for n, a in enumerate(seen) for b in seen[n + 1 :]]
    assert min(apart) > 18


def _linear(colour: QColor) -> np.ndarray:
    parts = np.array(colour.getRgbF()[:3])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def _lab(light: np.ndarray) -> np.ndarray:
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    parts = to_xyz @ np.clip(light, 0, 1) / np.array([0.9505, 1.0, 1.089])
    x, y, z = np.where(parts > 0.008856, np.cbrt(parts), 7.787 * parts + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_the_crosshair_tells_the_nearest_observation_and_nothing_in_a_gap(qgis_app):
    times = np.concatenate((np.arange(0, 3000, 60), np.arange(6000, 9000, 60)))
    plot = Plot(START, START + 9000, (curve(times, times / 60),), cursor=START + 610)
    before, area = painted(Plot(START, START + 9000, plot.curves))
    after, _ = painted(plot)
    x = int(area.x(START + 610))
    assert (before[:, x] != after[:, x]).any(axis=1).sum() > area.rect.height() * 0.8
    (said,) = said_at(plot, area, START + 610)
    assert (said.at, said.value) == (START + 600, 10.0)
    (said,) = said_at(plot, area, START + 4500)
    assert said.at is None and np.isnan(said.value)


def test_nothing_to_see_is_a_sentence_and_no_error(qgis_app):
    for curves in ((), (curve([], []),), (curve([0.0], [float("nan")]),)):
        pixels, _ = painted(Plot(START, START + 60, curves, message="Nothing here"))
        middle = pixels[HEIGHT // 2 - 12 : HEIGHT // 2 + 12, WIDTH // 2 - 60 : WIDTH // 2 + 60]
        assert (middle < 200).any()
    painted(Plot(START, START + 60, (curve([0, 30], [1e300, -1e300]),)))
    painted(Plot(START, START + 60, (curve([0, 30], [5, 5]),)), width=40, height=30)


def test_the_present_and_what_is_to_come(qgis_app):
    times = np.arange(100) * 60
    plot = Plot(START, START + 6000, (curve(times, times),), now=START + 5000)
    pixels, area = painted(plot)
    top = int(area.rect.top()) + 4
    past, future = pixels[top, int(area.x(START + 4990)) - 2], pixels[top, int(area.x(START + 5500))]
    assert past.min() > future.max()


def test_the_small_one_is_a_line_its_last_value_and_its_times(qgis_app):
    times = np.arange(100) * 60
    one = Curve(curve(times, 10 + times % 500).trace, "One", "m", 0, "1,532 m")
    pixels, area = painted(spark(one, START, START + 6000), 2, 240, 80)
    blue = where(pixels, light().line(0))
    assert area.rect.left() < 8 and area.rect.right() > 232
    assert blue.any(axis=0)[10:470].mean() > 0.95
    text = where(pixels, light().text, 90)
    assert text[:32].any() and text[-28:, :150].sum() + where(pixels, light().faint, 130)[-28:, :150].sum() > 30
    # an empty one says so
    assert where(painted(spark(curve([], []), START, START + 60), 1, 240, 80)[0], light().text, 160).any()


@pytest.mark.parametrize("small", [False, True])
@pytest.mark.parametrize("width", [0.0, -60.0])
def test_a_moment_without_width_is_drawn(qgis_app, small, width):
    image = QImage(WIDTH, HEIGHT, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    line = curve([0.0, 0.0], [1.0, 2.0])
    plot = spark(line, START, START + width) if small else Plot(START, START + width, (line,), now=START)
    try:
        area = paint(painter, QRectF(0, 0, WIDTH, HEIGHT), plot)
        assert area.end > area.start and not painter.hasClipping(), "the painter is as it was"
    finally:
        painter.end()


@pytest.mark.parametrize("width", range(120, 420, 20))
def test_days_below_the_ticks_never_run_into_each_other(qgis_app, monkeypatch, width):
    """Midnight at every place of a narrow chart."""
    written = []
    write = plot_text.Pen.write

    def hear(self, x, middle, text, along=0.0):
        written.append((middle, x - along * self.width(text), self.width(text), text))
        write(self, x, middle, text, along)

    monkeypatch.setattr(plot_text.Pen, "write", hear)
    for hours in range(1, 24, 3):
        written.clear()
        begin = 1_787_356_800.0 - hours * 3600  # midnight UTC lies within
        times = np.arange(0, 86400, 600)
        line = curve(times + begin - START, times)
        painted(Plot(begin, begin + 86400, (line,), zone=timezone.utc), width=width)
        days = sorted((left, left + wide, text) for _, left, wide, text in written if "2026" in text)
        assert len(days) <= 2 and all(left >= 0 and right <= width for left, right, _ in days)
        assert all(one[1] + 4 < other[0] for one, other in zip(days, days[1:])), days
        if width > 300:
            assert days, "there is room for one"
