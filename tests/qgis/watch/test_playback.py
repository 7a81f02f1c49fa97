"""History as frames: each frame shows exactly what was known then, and QGIS's Temporal Controller plays it."""

from __future__ import annotations

import math
from collections import Counter
from datetime import datetime, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qgis.core import (
    Qgis,
    QgsDateTimeRange,
    QgsFeatureRequest,
    QgsProject,
    QgsTemporalNavigationObject,
    QgsVectorLayer,
    QgsVectorLayerTemporalContext,
)

from plugin.gui.playback_dialog import PlaybackDialog
from plugin.gui.playback_period import duration, period
from plugin.map.live import fields, playback, playback_control, playback_rows
from plugin.map.live.playback_rows import Cells, Frames
from plugin.sensors.series import Series, from_arrays
from plugin.sensors.thresholds import Threshold
from plugin.twin.errors import CityTwinError
from tests.qgis.gui.window import Window
from tests.qgis.watch.conftest import Desk, turn
from tests.unit.sensors.made import patient, stream

T0 = 1_768_478_400.0


def series(*readings: tuple[float, float]) -> Series:
    return from_arrays(np.array([T0 + at for at, _ in readings]), np.array([value for _, value in readings]))


def seen(found: Series, frames: Frames, frame: int) -> list[tuple[float, str]]:
    """What a frame shows, by the rows' own columns: the time of the reading, and how fresh it looks."""
    shown = playback_rows.shown(found, frames)
    begin, end = frames.start + frame * frames.step, frames.start + (frame + 1) * frames.step
    return [
        (shown.times[at], shown.fresh[at])
        for at in range(len(shown))
        if shown.begins[at] < end and shown.ends[at] > begin
    ]


# -- rows


@patient
@given(
    st.lists(st.floats(-7200, 9000, allow_nan=False), min_size=0, max_size=40, unique=True),
    st.sampled_from([1.0, 10.0, 60.0, 300.0]),
    st.integers(1, 30),
)
def test_a_frame_shows_the_last_reading_until_its_end_and_fades_with_its_age(times, step, count):
    found = series(*((at, at) for at in sorted(times)))
    frames = Frames(T0, step, count)
    live, late = playback_rows.patience(found.times)
    for frame in range(count):
        end = T0 + (frame + 1) * step
        known = [at for at in found.times.tolist() if math.floor((at - T0) / step + 1e-9) <= frame]
        shown = seen(found, frames, frame)
        if not known:
            assert shown == []
            continue
        ((at, fresh),) = shown
        assert at == known[-1]
        came_now = math.floor((at - T0) / step + 1e-9) == frame
        age = end - at
        # at the edge itself rounding decides
        if (came_now and at >= T0) or age < live - 1e-3:
            assert fresh == "live"
        elif age > late + 1e-3:
            assert fresh == "silent"
        elif live + 1e-3 < age < late - 1e-3:
            assert fresh == "late"


def test_a_silent_sensor_turns_hollow_and_comes_back():
    minutes = [*range(20), *range(40, 60)]
    found = series(*((60.0 * at, 1.0) for at in minutes))
    frames = Frames(T0, 60, 60)
    words = [seen(found, frames, frame)[0][1] for frame in range(60)]
    assert words[:20] == ["live"] * 20
    assert words[40:] == ["live"] * 20
    gap = words[20:40]
    assert gap == sorted(gap, key=["live", "late", "silent"].index)
    assert gap[-1] == "silent"
    assert gap.count("silent") >= 14


def test_what_was_said_before_the_period_tells_what_it_begins_with():
    hourly = series(*((3600.0 * at, float(at)) for at in range(-3, 2)))
    assert seen(hourly, Frames(T0 + 600, 60, 10), 0) == [(T0, "live")]
    assert seen(hourly, Frames(T0 - 600, 60, 10), 0) == [(T0 - 3600, "live")]


def test_of_many_in_one_step_the_last_is_shown():
    found = series(*((float(at), float(at)) for at in range(600)))
    shown = playback_rows.shown(found, Frames(T0, 60, 10))
    assert shown.numbers.tolist() == [59.0 + 60 * n for n in range(10)]


def test_no_number_is_shown_as_nothing_and_not_as_the_number_before():
    found = series((0, 1.0), (60, math.nan), (120, 3.0))
    shown = playback_rows.shown(found, Frames(T0, 60, 3))
    assert [value == value for value in shown.numbers] == [True, False, True]
    cells = Cells(stream(property="NO2", unit="µg/m³"))
    assert cells.of(math.nan)[0::2] == (None, "null")
    assert cells.of(212.0) == (212.0, "212 µg/m³", "number", cells._fit.classes.of(212.0))


def test_thresholds_are_crossed_as_they_were():
    found = series(*((60.0 * at, value) for at, value in enumerate([1, 12, 9, 7, 12])))
    shown = playback_rows.shown(
        found, Frames(T0, 60, 5), [Threshold("t", "T", 10, hysteresis=2), Threshold("u", "U", 11)]
    )
    assert shown.exceeded.tolist() == [0, 2, 1, 0, 2]


def test_yes_and_no_stay_words():
    cells = Cells(stream(kind="OM_TruthObservation"))
    assert [cells.of(value)[:3] for value in (1.0, 0.0)] == [(None, "yes", "boolean"), (None, "no", "boolean")]


@pytest.mark.parametrize(
    ("interval", "length", "step"),
    [(60.0, 3600, 60), (59.2, 3600, 60), (300.0, 10800, 300), (1.0, 86400, 60), (None, 3600, 60), (7.0, 600, 10)],
)
def test_steps_follow_the_rhythm_and_make_no_endless_film(interval, length, step):
    assert playback_rows.step_for(interval, length) == step


def test_frames_lie_on_whole_steps():
    frames = Frames.over(T0 + 61, T0 + 3661, 60)
    assert (frames.start, frames.count, frames.end) == (T0 + 60, 61, T0 + 3720)
    assert Frames.over(T0, T0 + 3600, 60).count == 60


def test_periods_in_words():
    assert period("3600", T0).length == 3600
    assert period("custom", T0) is None
    assert 60 <= period("today", T0).length <= 86400
    assert [duration(n) for n in (1, 90, 60, 300, 3600, 86400)] == [
        "1 second", "90 seconds", "1 minute", "5 minutes", "1 hour", "1 day",
    ]  # fmt: skip


# -- the layer


def shown_in(layer: QgsVectorLayer, frames: Frames, frame: int) -> list:
    """The features that QGIS draws in a frame, by the filter that it makes of the layer's temporal properties."""
    begin = frames.start + frame * frames.step
    span = QgsDateTimeRange(fields.moment(begin), fields.moment(begin + frames.step), True, False)
    context = QgsVectorLayerTemporalContext()
    context.setLayer(layer)
    wanted = layer.temporalProperties().createFilterString(context, span)
    return list(layer.getFeatures(QgsFeatureRequest().setFilterExpression(wanted)))


def test_a_frame_has_exactly_what_each_sensor_said_by_then(desk):
    live = desk.show()
    feed, streams = desk.feed(live), desk.streams(live)
    now = feed.live.now()
    found: list = []
    playback.estimate(feed, streams, now - 7200, now, done=found.append, failed=found.append)
    turn(lambda: found)
    (known,) = found
    assert known.sensors == len(streams)
    assert known.step == 600
    assert known.observations > len(streams)
    frames = Frames.over(now - 7200, now, known.step)
    out: list = []
    playback.load(live, feed, streams, frames, known.lead, (), done=out.append, failed=out.append)
    turn(lambda: out)
    (layer,) = out
    assert isinstance(layer, QgsVectorLayer), out

    history: list = []
    feed.history([one.id for one in streams], frames.start - known.lead, frames.end, done=history.append, failed=print)
    turn(lambda: history)
    drawn = 0
    for frame in range(frames.count):
        rows = shown_in(layer, frames, frame)
        assert max(Counter(row["datastream"] for row in rows).values()) == 1
        for row in rows:
            past = history[0][row["datastream"]].between(0, frames.start + (frame + 1) * frames.step - 0.001)
            assert row["phenomenon_time"] == fields.moment(past.times[-1])
            value = past.values[-1]
            assert row["kind"] == ("number" if value == value else "null")
            if value == value:
                assert row["result"] == value
            drawn += 1
    assert drawn > frames.count * (len(streams) - 2)

    assert layer.renderer().type() == live.renderer().type()
    assert layer.customProperty("skipMemoryLayersCheck")
    playback.add(layer, live)
    root = QgsProject.instance().layerTreeRoot()
    assert [node.layer() for node in root.findLayers()] == [layer, live]
    assert root.findLayer(layer.id()).isVisible()
    assert not root.findLayer(live.id()).isVisible()


def test_a_period_without_anything_is_said(desk):
    live = desk.show()
    feed, out = desk.feed(live), []
    past = datetime(1999, 1, 1, tzinfo=timezone.utc).timestamp()
    frames = Frames.over(past, past + 600, 60)
    playback.load(live, feed, desk.streams(live), frames, 60, (), done=out.append, failed=out.append)
    turn(lambda: out)
    assert isinstance(out[0], CityTwinError)
    assert "no observations of these sensors in that period" in out[0].message


# -- the controller and the dialog


def test_the_controller_is_set_to_the_first_frame(qgis_app):
    window, navigation = Window(), QgsTemporalNavigationObject()
    window.canvas.setTemporalController(navigation)
    frames = Frames(T0, 300, 12)
    assert playback_control.set_up(window, frames) is navigation
    assert navigation.navigationMode() == Qgis.TemporalNavigationMode.Animated
    assert navigation.totalFrameCount() == 12
    assert navigation.frameDuration().originalUnit() == Qgis.TemporalUnit.Minutes
    span = navigation.dateTimeRangeForFrameNumber(11)
    assert span.begin() == fields.moment(T0 + 3300)
    assert span.end() == fields.moment(T0 + 3600)
    assert window.canvas.temporalRange().begin() == fields.moment(T0)


@pytest.mark.parametrize(
    ("seconds", "unit"),
    [(86400, "Days"), (3600, "Hours"), (5400, "Minutes"), (90, "Seconds"), (1, "Seconds")],
)
def test_steps_are_told_in_whole_units(seconds, unit):
    found = playback_control.interval(seconds)
    assert found.seconds() == seconds
    assert found.originalUnit() == getattr(Qgis.TemporalUnit, unit)


@pytest.fixture
def dialog(desk: Desk) -> PlaybackDialog:
    live = desk.show()
    navigation = QgsTemporalNavigationObject()
    desk.window.canvas.setTemporalController(navigation)
    dialog = PlaybackDialog(desk.window, desk.layers, desk.thresholds, live)
    dialog.show()
    yield dialog
    dialog.done(0)
    desk.window.canvas.setTemporalController(None)


def test_it_says_how_much_there_is_loads_and_closes(desk, dialog):
    turn(dialog.load_button.isEnabled)
    assert "observations" in dialog.says.text()
    assert "10 minutes" in dialog.step.itemText(0)
    dialog.load()
    turn(lambda: not dialog.isVisible())
    played = [layer for layer in QgsProject.instance().mapLayers().values() if layer.customProperty(playback.PROPERTY)]
    assert len(played) == 1
    assert played[0].temporalProperties().isActive()
    assert "press Play in the Temporal Controller" in desk.window.said()[0]


def test_cancel_stops_the_loading_first_and_then_closes(desk, dialog):
    turn(dialog.load_button.isEnabled)
    dialog.load()
    dialog.reject()
    assert dialog.isVisible()
    turn(dialog.load_button.isEnabled)
    dialog.reject()
    assert not dialog.isVisible()
    assert len(QgsProject.instance().mapLayers()) == 1


def test_only_those_that_are_selected(desk):
    live = desk.show()
    live.selectByIds([one.id() for one in live.getFeatures()][:3])
    dialog = PlaybackDialog(desk.window, desk.layers, None, live)
    dialog.which.setCurrentIndex(1)
    assert len(dialog.streams()) == 3
    dialog.period.setCurrentIndex(3)
    dialog.start.setDateTime(dialog.end.dateTime().addSecs(60))
    assert "ends before it begins" in dialog.says.text()
    assert not dialog.load_button.isEnabled()
    dialog.done(0)
