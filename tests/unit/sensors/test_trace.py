"""A history for drawing: thinned or not, live or not, it is drawn as the plain series would be."""

from __future__ import annotations

import numpy as np
import pytest

from plugin.sensors.series import Series, from_arrays
from plugin.sensors.spans import Spans
from plugin.sensors.trace import Trace

START = 1.7e9


def walk(count: int, seed: int = 1, *, step: float = 1.0, start: float = START) -> Series:
    values = np.cumsum(np.random.default_rng(seed).normal(size=count))
    return from_arrays(start + np.arange(count) * step, values, unit="m", id="1", name="One")


def extremes(line) -> tuple[float, float]:
    return float(np.nanmin(line.values)), float(np.nanmax(line.values))


@pytest.mark.parametrize(("start", "end"), [(0.0, 1.0), (0.1, 0.9), (0.4, 0.45), (0.5, 0.5001)])
def test_coarser_versions_keep_every_extreme(start, end):
    series = walk(300_000)
    low, high = START + start * 300_000, START + end * 300_000
    line = Trace(series).prepare().line(low, high, 800)
    inside = series.between(low, high).values
    shown = line.values[(line.times >= low) & (line.times <= high)]
    assert (np.nanmin(shown), np.nanmax(shown)) == (inside.min(), inside.max())
    assert len(line) <= 7 * 800
    # each point is a real one
    known = ~np.isnan(line.values)
    at = np.searchsorted(series.times, line.times[known])
    assert (series.times[at] == line.times[known]).all() and (series.values[at] == line.values[known]).all()


def test_each_column_goes_from_its_lowest_to_its_highest():
    series = walk(200_000, 3)
    pixels = 500
    line = Trace(series).prepare().line(START, START + 200_000, pixels)
    column = np.floor((series.times - START) / 200_000 * pixels)
    wide = 1.5 * 200_000 / pixels
    for each in range(0, pixels, 25):
        own = series.values[column == each]
        middle = START + (each + 0.5) * 200_000 / pixels
        near = line.values[np.abs(line.times - middle) <= wide]
        assert np.nanmax(near) >= own.max() and np.nanmin(near) <= own.min()


def test_a_gap_stays_a_gap_at_every_width():
    series = walk(200_000)
    keep = np.ones(200_000, bool)
    keep[50_000:90_000] = False
    series = from_arrays(series.times[keep], series.values[keep])
    series.values[100_000:110_000] = np.nan
    trace = Trace(series).prepare()
    for pixels in (200, 1000, 3000):
        line = trace.line(START, START + 200_000, pixels)
        for low, high in ((51_000, 89_000), (141_000, 149_000)):
            inside = line.values[(line.times > START + low) & (line.times < START + high)]
            assert len(inside) and np.isnan(inside).all()


def test_what_comes_live_is_drawn_as_if_it_had_been_there():
    series = walk(60_000)
    whole, grown = Trace(series), Trace(series.between(0, START + 49_999)).prepare()
    for begin in range(50_000, 60_000, 97):
        grown.add(series.between(START + begin, START + min(begin + 96, 59_999)))
    assert len(grown) == 60_000 and grown.span == (START, START + 59_999)
    for start in (START + 49_000, START + 49_990, START + 55_000):
        one, other = (each.line(start, START + 60_000, 300) for each in (whole, grown))
        assert extremes(one) == extremes(other)
        assert np.isnan(one.values).sum() == np.isnan(other.values).sum() == 0
    assert grown.near(START + 55_000.2) == (START + 55_000, float(series.values[55_000]))
    assert np.array_equal(grown.series.values, series.values)


def test_a_pause_before_the_live_part_is_a_gap_and_so_is_nothing_measured():
    trace = Trace(walk(50_000)).prepare()
    trace.add(walk(100, start=START + 51_000))
    line = trace.line(START + 49_000, START + 51_100, 300)
    assert np.isnan(line.values[(line.times > START + 50_000) & (line.times < START + 51_000)]).all()
    broken = walk(10, start=START + 51_100)
    broken.values[0] = np.nan
    trace.add(broken)
    assert np.isnan(trace.line(START + 51_090, START + 51_110, 300).values).sum() == 1


def test_late_ones_come_into_their_place_when_all_is_joined():
    series = walk(50_000)
    keep = np.arange(50_000) != 20_000
    trace = Trace(from_arrays(series.times[keep], series.values[keep], unit="m", id="1")).prepare()
    trace.add(series.between(START + 20_000, START + 20_000))
    assert trace.wants_joining
    joined = trace.copy().joined()
    assert len(joined) == 50_000 and not joined.wants_joining and joined.near(START + 20_000)[0] == START + 20_000
    older = walk(1000, start=START - 1000)
    assert joined.copy().joined(older).span == (START - 1000, START + 49_999)


def test_few_are_simply_put_in_order():
    trace = Trace(walk(0))
    assert trace.span is None and trace.near(START) is None and not len(trace.line(START, START + 1, 10))
    for start in (START + 100, START, START + 50):
        trace.add(walk(50, start=start))
    assert trace.span == (START, START + 149) and (np.diff(trace.series.times) > 0).all() and not trace.wants_joining


def test_beyond_the_most_the_older_half_is_thinned_and_no_extreme_is_lost():
    series = walk(100_000, 5)
    series.values[1234], series.values[5678] = 1e6, -1e6
    trace = Trace(series, most=20_000)
    assert len(trace) <= 20_000 and trace.thinned_before == START + 90_000
    assert extremes(trace.line(START, START + 100_000, 1000)) == (-1e6, 1e6)
    # nothing is torn apart that was not
    assert not np.isnan(trace.line(START, START + 100_000, 1000).values).any()
    newest = trace.observed(START + 90_000, START + 100_000)
    assert np.array_equal(newest.values, series.values[90_000:])
    trace.add(walk(30_000, 6, start=START + 100_100))
    again = trace.copy().joined()
    assert len(again) <= 20_000 and again.thinned_before > START + 100_000
    line = again.line(START, START + 131_000, 2000)
    assert extremes(line)[1] == 1e6
    gaps = line.times[np.isnan(line.values)] - START
    assert len(gaps) == 1 and 99_990 < gaps[0] < 100_110
    assert not np.isnan(again.observed(START, START + 131_000).values).any()


def test_which_parts_are_read():
    spans = Spans()
    assert not spans and spans.missing(0, 10) == [(0, 10)]
    spans.add(20, 30)
    spans.add(40, 50)
    assert spans.missing(0, 60) == [(0, 20), (30, 40), (50, 60)] and spans.missing(22, 28) == []
    spans.add(30, 40)
    assert spans.missing(25, 60) == [(50, 60)]
    spans.add(45, float("inf"))
    assert spans.missing(10, 1e12) == [(10, 20)]
    spans.cut(42)
    assert spans.missing(10, 60) == [(10, 20), (42, 60)]
    spans.add(5, 5)
    spans.clear()
    assert not spans
