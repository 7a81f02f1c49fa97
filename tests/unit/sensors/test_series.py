"""History: gaps stay gaps, and what is drawn of it is true."""

from __future__ import annotations

import csv
import gzip
import math
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.sensors import recognise, series_csv
from plugin.sensors.series import Series, from_arrays, series
from plugin.sensors.values import Rule
from plugin.twin.errors import Cancelled, CityTwinError
from plugin.twin.progress import Silent
from plugin.twin.sta.times import instant
from tests.unit.sensors.made import observed, patient, stream

START = 1_770_000_000.0


def regular(count: int, step: float = 60.0) -> Series:
    return from_arrays(START + step * np.arange(count), np.arange(count, dtype=float))


def segments(line_values: list[float]) -> list[list[float]]:
    """The pieces between the interruptions."""
    pieces: list[list[float]] = [[]]
    for value in line_values:
        if math.isnan(value):
            pieces.append([])
        else:
            pieces[-1].append(value)
    return pieces


def test_observations_in_any_order_become_a_series() -> None:
    found = series(
        [observed(3, 30), observed(1, True), observed(2, "x"), observed(3, 33), observed(4, -9999), observed(5, None)],
        Rule(),
        unit="m",
    )
    assert found.times.tolist() == [1, 2, 3, 4, 5]
    assert [value if value == value else None for value in found.values.tolist()] == [1, None, 33, None, None]


def test_a_gap_and_a_missing_value_interrupt_the_line() -> None:
    times = START + 60 * np.array([0, 1, 2, 3, 4, 20, 21, 22, 23, 24])
    values = np.array([1, 2, 3, 4, 5, 6, 7, math.nan, 9, 10.0])
    line = from_arrays(times, values).line(START, START + 3600, 500)
    assert segments(line.values.tolist()) == [[1, 2, 3, 4, 5], [6, 7], [9, 10]]
    assert (np.diff(line.times) > 0).all()


def test_an_irregular_sensor_is_not_all_gaps() -> None:
    steps = np.random.default_rng(3).exponential(60, 2000)
    found = from_arrays(START + np.cumsum(steps), np.ones(2000))
    line = found.line(START, found.times[-1], 10_000)
    assert np.isnan(line.values).sum() < 0.1 * 2000


def test_the_line_reaches_beyond_the_window_by_one() -> None:
    line = regular(100).line(START + 601, START + 1199, 100)
    assert line.values.tolist() == [float(value) for value in range(10, 21)]
    assert len(regular(100).line(START, START, 100)) == 0
    assert len(regular(0).line(START, START + 1, 100)) == 0
    assert len(from_arrays(np.array([START]), np.array([math.nan])).line(START - 1, START + 1, 10)) == 0


@patient
@given(
    st.lists(
        st.tuples(st.integers(0, 3000), st.one_of(st.floats(-1e6, 1e6), st.just(math.nan), st.just(math.inf))),
        min_size=1, max_size=400,
    ),
    st.integers(1, 40), st.integers(0, 1500), st.integers(1, 2000),
)  # fmt: skip
def test_every_column_keeps_its_extremes(points: list[tuple[int, float]], pixels: int, start: int, length: int) -> None:
    found = from_arrays(np.array([float(at) for at, _ in points]), np.array([value for _, value in points]))
    end = start + length
    line = found.line(start, end, pixels)
    assert (np.diff(line.times) > 0).all() or len(line) < 2
    shown = ~np.isnan(line.values)
    # each point is a true observation
    known = dict(zip(found.times.tolist(), found.values.tolist()))
    assert all(known[at] == value for at, value in zip(line.times[shown].tolist(), line.values[shown].tolist()))
    inside = found.between(start, end)
    exist = ~np.isnan(inside.values)
    column = np.floor((inside.times[exist] - start) * (pixels / length))
    drawn_column = np.floor((line.times[shown] - start) * (pixels / length))
    for each in set(column.tolist()) - {pixels}:  # what lies right on the end is beside what follows it
        mine = inside.values[exist][column == each]
        drawn = line.values[shown][drawn_column == each]
        assert (drawn.min(), drawn.max()) == (mine.min(), mine.max())
        assert (drawn[0], drawn[-1]) == (mine[0], mine[-1])
    assert len(line) <= 8 * (pixels + 2)


def test_a_gap_wider_than_a_column_stays_in_a_reduced_line() -> None:
    times = np.concatenate((np.arange(5000), np.arange(6000, 11000))).astype(float)
    line = from_arrays(times, np.sin(times)).line(0, 11000, 100)
    assert np.isnan(line.values).sum() == 1
    assert 5000 < line.times[np.isnan(line.values)][0] < 6000


def test_series_are_merged_and_the_newer_counts() -> None:
    one = from_arrays(np.array([1.0, 2, 3]), np.array([1.0, 2, 3]), unit="m")
    tail = from_arrays(np.array([4.0]), np.array([4.0]))
    over = from_arrays(np.array([0.0, 2.0]), np.array([0.0, 20.0]))
    assert one.merged(tail).times.tolist() == [1, 2, 3, 4] and one.merged(tail).unit == "m"
    assert one.merged(over).values.tolist() == [0, 1, 20, 3]
    assert one.merged(regular(0)) is one and regular(0).merged(one).values.tolist() == [1, 2, 3]


@pytest.mark.slow
def test_a_million_observations_are_a_line_in_under_a_second() -> None:
    rng = np.random.default_rng(1)
    times = START + np.cumsum(rng.uniform(0.5, 1.5, 1_000_000))
    values = rng.normal(size=1_000_000).cumsum()
    values[rng.integers(0, 1_000_000, 1000)] = math.nan
    begin = time.thread_time()
    found = from_arrays(times, values)
    line = found.line(times[0], times[-1], 1200)
    assert time.thread_time() - begin < 1
    assert len(line) < 8 * 1200
    assert np.nanmin(line.values) == np.nanmin(values) and np.nanmax(line.values) == np.nanmax(values)


@pytest.mark.slow
def test_the_real_traffic_has_real_gaps_and_clamped_flow(shared_data: Path) -> None:
    rule = recognise.rule(stream(property="Traffic flow", unit="veh/h"))
    rows: dict[str, list[tuple[str, str]]] = {}
    with gzip.open(shared_data / "sensors" / "ndw_observations_2h.csv.gz", "rt", encoding="utf-8") as stream_:
        for row in csv.DictReader(stream_):
            rows.setdefault(row["station"], []).append((row["phenomenon_time"], row["flow_veh_h"]))
    clamped = gapped = 0
    for observations in rows.values():
        found = series(
            [observed(instant(moment) or 0, float(flow) if flow else None) for moment, flow in observations], rule
        )
        line = found.line(found.times[0], found.times[-1] + 1, 500)
        raw = [float(flow) for _, flow in observations if flow]
        clamped += sum(value == 65535 for value in raw)
        assert not (found.values == 65535).any() and not (line.values == 65535).any()
        gapped += bool((np.diff(found.times) > found.gap).any())
    assert clamped > 0 and gapped > 0


def test_csv(tmp_path: Path) -> None:
    path = tmp_path / "series.csv"
    one = from_arrays(
        np.array([START, START + 60]), np.array([-1.5, math.nan]), unit="µg/m³", id="17", name="=cmd|'x'!A1"
    )
    two = from_arrays(np.array([START + 0.25]), np.array([1e-7]), id="a,b")
    assert series_csv.write(path, [one, two, regular(0)]) == 3
    with path.open(encoding="utf-8-sig", newline="") as stream_:
        rows = list(csv.reader(stream_))
    assert rows == [
        ["datastream", "name", "phenomenon_time", "result", "unit"],
        ["17", "'=cmd|'x'!A1", "2026-02-02T02:40:00Z", "-1.5", "µg/m³"],
        ["17", "'=cmd|'x'!A1", "2026-02-02T02:41:00Z", "", "µg/m³"],
        ["a,b", "", "2026-02-02T02:40:00.250Z", "1e-07", ""],
    ]


def test_a_csv_that_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    class Cancel(Silent):
        def cancelled(self) -> bool:
            return True

    path = tmp_path / "series.csv"
    path.write_text("before", encoding="utf-8")
    with pytest.raises(Cancelled):
        series_csv.write(path, [regular(10)], Cancel())
    with pytest.raises(CityTwinError, match=r"series\.csv could not be written"):
        series_csv.write(tmp_path / "nowhere" / "series.csv", [regular(1)])
    assert path.read_text(encoding="utf-8") == "before" and list(tmp_path.iterdir()) == [path]
