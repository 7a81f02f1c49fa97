"""The chart against a real twin with a real broker: history, live tail, panning back, what goes wrong."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from plugin.gui.chart_presenter import CUSTOM, HOUR, MOST, WEEK
from plugin.sensors import coverage
from plugin.sensors.recognise import NO2
from plugin.sensors.thresholds import Threshold
from tests.qgis.chart.field import HOURS, PAUSE, PEAK, TROUGH, City, Desk
from tests.qgis.map.meanwhile import Heartbeat, spin
from tests.twin_server import start_twin


def trace(desk: Desk, index: int = 0):
    return desk.dock.presenter.sensors[index].trace


def test_the_history_of_a_day_is_read_with_its_gaps(desk: Desk, city: City) -> None:
    desk.show("Flow")
    presenter = desk.dock.presenter
    series = trace(desk).series
    assert len(series) >= HOURS * 60 - (PAUSE[1] - PAUSE[0]) - 1
    assert (np.nanmin(series.values), np.nanmax(series.values)) == (TROUGH, PEAK)
    assert np.isnan(series.values).sum() == 29
    line = trace(desk).line(presenter.start, presenter.end, 800)
    for minutes in (PAUSE, (240, 270)):
        at = time.time() - 60 * sum(minutes) / 2
        assert np.isnan(line.values[np.abs(line.times - at) < 600]).any()
    assert presenter.message() == "" and presenter.error is None
    assert abs(presenter.start - (time.time() - 86400)) < 10 and presenter.end > time.time()


def test_a_shorter_period_reads_no_more_and_a_longer_one_only_what_is_missing(desk: Desk) -> None:
    desk.show("Flow")
    presenter, asked = desk.dock.presenter, []
    ask = desk.feed.history

    def history(ids, start, end, **more):
        asked.append((start, end))
        return ask(ids, start, end, **more)

    desk.feed.history = history  # type: ignore[method-assign]
    presenter.set_period(HOUR)
    assert desk.rest() and asked == [] and presenter.end - presenter.start < 4000
    before = presenter.now - 86400
    presenter.set_period(WEEK)
    assert desk.rest() and asked
    assert all(abs(end - before) < 30 or end < before for _, end in asked)
    assert abs(min(start for start, _ in asked) - (presenter.now - 7 * 86400)) < 30


def test_live_observations_join_the_line_within_a_moment(desk: Desk, city: City) -> None:
    assert spin(lambda: desk.feed.status.phase == coverage.LIVE)
    desk.show("Flow", "Level")
    presenter = desk.dock.presenter
    presenter.set_period(HOUR)
    moved = []
    presenter.moved.connect(lambda: moved.append(presenter.end))
    at = city.say("Level", 1.25)
    assert spin(lambda: len(trace(desk, 1)) == 1, 5), desk.feed.status
    assert trace(desk, 1).near(at) is not None and trace(desk, 1).near(at)[1] == 1.25
    assert moved and presenter.follow and presenter.end > at
    # late ones come to their place
    city.say("Level", 0.5, at - 20)
    assert spin(lambda: len(trace(desk, 1)) == 2, 5)
    assert trace(desk, 1).series.values.tolist() == [0.5, 1.25]
    assert desk.dock.list.topLevelItem(1).text(1) == "1.25 m"


def test_time_goes_on_while_it_follows_and_stands_still_when_the_past_is_looked_at(desk: Desk) -> None:
    desk.show("Flow")
    presenter = desk.dock.presenter
    presenter.set_period(HOUR)
    end = presenter.end
    assert spin(lambda: presenter.end > end + 0.5, 5)
    presenter.set_view(presenter.start - 7200, presenter.end - 7200)
    end = presenter.end
    assert not presenter.follow and presenter.period == CUSTOM
    assert not spin(lambda: presenter.end != end, 1.3)
    presenter.set_follow(True)
    assert presenter.end > time.time() and presenter.end - presenter.start == 3600 * 1.03
    presenter.reset()
    assert presenter.period == HOUR and presenter.follow


def test_panned_back_what_is_missing_is_read(desk: Desk) -> None:
    presenter = desk.dock.presenter
    desk.show("Flow")
    presenter.clear()
    presenter.set_period(HOUR)
    desk.show("Flow")
    few = len(trace(desk))
    assert 55 <= few <= 62
    presenter.set_view(presenter.start - 3 * 3600, presenter.end - 3 * 3600)
    assert spin(lambda: len(trace(desk)) > few, 5) and desk.rest()
    assert trace(desk).span[0] <= presenter.start + 120


def test_several_sensors_have_their_own_colours_and_axes(desk: Desk, city: City) -> None:
    desk.show("Flow", "NO2")
    presenter = desk.dock.presenter
    presenter.add([(desk.feed, desk.stream(name)) for name in ("Flow", "Level", "Empty")])
    assert desk.rest()
    assert [one.name for one in presenter.sensors] == ["Flow", "NO2", "Level", "Empty"]
    assert len({one.colour for one in presenter.sensors}) == 4
    desk.dock.view.grab()
    assert len(desk.dock.view.area.panels) == 4
    presenter.remove([presenter.sensors[0].key, presenter.sensors[2].key])
    desk.dock.view.grab()
    assert [one.name for one in presenter.sensors] == ["NO2", "Empty"]
    assert [len(panel.scales) for panel in desk.dock.view.area.panels] == [2]
    colour = presenter.sensors[0].colour
    presenter.add([(desk.feed, desk.stream("Flow"))])
    assert presenter.sensors[0].colour == colour and len({one.colour for one in presenter.sensors}) == 3


def test_norms_and_thresholds_are_levels_and_can_be_hidden(desk: Desk) -> None:
    desk.show("NO2")
    presenter = desk.dock.presenter

    class Thresholds:
        def of(self, service: str) -> tuple[Threshold, ...]:
            assert service == desk.feed.url
            own = frozenset([desk.stream("NO2").id])
            return (
                Threshold("1", "Alarm", 45.0, datastreams=own),
                Threshold("2", "Not this", 5.0, datastreams=frozenset(["nothing"])),
            )

    desk.dock.watch(Thresholds())
    from plugin.map.plot_colours import light

    levels = presenter.plot(light()).levels
    assert [(one.text, one.value) for one in levels if one.threshold] == [("Alarm", 45.0)]
    from plugin.sensors.norms import NORMS

    assert {one.value for one in levels if not one.threshold} == {norm.level for norm in NORMS[NO2]}
    presenter.set_levels(False)
    assert presenter.plot(light()).levels == ()


def test_more_than_can_be_told_apart_are_refused_with_a_sentence(desk: Desk) -> None:
    from dataclasses import replace

    presenter = desk.dock.presenter
    many = [(desk.feed, replace(desk.stream("Level"), id=f"no{n}", key=f"no{n}")) for n in range(MOST + 3)]
    presenter.show(many)
    assert len(presenter.sensors) == MOST and "3 were left out" in desk.dock.notice.text
    assert presenter.message() == "The sensors are not connected."
    presenter.clear()
    assert desk.dock.notice.isHidden()


def test_an_error_is_said_and_can_be_tried_again(qgis_app: object, tmp_path: Path) -> None:
    options = ["--sensors", "1", "--sensor-interval", "600", "--no-mqtt"]
    twin = start_twin(store=tmp_path / "twin.sqlite", options=options)
    city = City(twin.url)
    city.build()
    desk = Desk(city)
    presenter = desk.dock.presenter
    twin.stop()
    presenter.show([(desk.feed, desk.stream("Flow"))])
    assert spin(lambda: presenter.error is not None, 30)
    assert desk.dock.notice.text == presenter.error.message and desk.dock.notice.button.text() == "Try Again"
    assert "127.0.0.1" in desk.dock.notice.text and presenter.message() == ""
    twin = start_twin(store=tmp_path / "twin.sqlite", port=urlsplit(city.url).port or 0, options=options)
    assert not spin(lambda: len(trace(desk)) > 200, 0.5)  # nobody asked for it
    desk.dock.notice.button.click()
    assert desk.dock.notice.isHidden() and desk.rest() and len(trace(desk)) > 200
    desk.close()
    city.session.close()
    twin.stop()


def test_a_sensor_whose_history_the_twin_cannot_give_stops_no_others(desk: Desk, city: City) -> None:
    """As `Feed.history` hands it over: the others' observations, without that one's."""
    presenter, ask, asked = desk.dock.presenter, desk.feed.history, []

    def history(ids, start, end, *, done, **more):
        asked.append(list(ids))
        return ask([one for one in ids if one != bad], start, end, done=done, **more)

    bad = city.streams["Level"]
    desk.feed.history = history  # type: ignore[method-assign]
    desk.show("Flow", "Level")
    presenter.set_period(WEEK)
    assert desk.rest() and spin(lambda: presenter.error is not None, 10)
    assert "Level" in presenter.error.message and "Flow" not in presenter.error.message
    assert sum(bad in ids for ids in asked) <= 2, "once for each period, not for ever"
    assert min(trace(desk).series.times) < time.time() - (HOURS - 1) * 3600
    desk.feed.history = ask  # type: ignore[method-assign]
    presenter.retry()
    assert desk.rest() and presenter.error is None


def test_stopped_by_the_user_it_says_so_and_goes_on_when_asked(desk: Desk) -> None:
    presenter = desk.dock.presenter
    presenter.show([(desk.feed, desk.stream("Flow"))])
    assert presenter.loader.running and desk.dock.loading.isVisible()
    desk.dock.loading.button.click()
    assert not presenter.loader.running and "stopped" in desk.dock.notice.text
    assert not spin(lambda: len(trace(desk)) > 50, 0.7)
    desk.dock.notice.button.click()
    assert desk.rest() and len(trace(desk)) > 200 and desk.dock.notice.isHidden()


def test_a_long_history_never_holds_up_the_window(desk: Desk, city: City) -> None:
    start = city.start - 20 * 86400
    city.history("Empty", [(start + n * 10, n % 1000) for n in range(30_000)])
    presenter = desk.dock.presenter
    presenter.set_custom(start, start + 300_000)
    heart = Heartbeat()
    desk.show("Empty")
    presenter.set_custom(start, start + 300_000)
    assert desk.rest() and spin(lambda: len(trace(desk)) >= 29_999, 10), len(trace(desk))
    for _ in range(10):
        width = presenter.end - presenter.start
        presenter.set_view(presenter.start + width / 20, presenter.end - width / 50)
        desk.dock.view.grab()
    assert heart.stop() < 400  # the machine may be busy; alone it is below 50
    assert len(trace(desk).line(start, start + 300_000, 500)) < 7 * 500


def test_without_the_layer_the_history_stays_and_says_that_it_is_not_live(desk: Desk) -> None:
    from qgis.core import QgsProject

    desk.show("Flow")
    count = len(trace(desk))
    QgsProject.instance().removeMapLayer(desk.layer.id())
    desk.dock.presenter.moved.emit()
    assert len(trace(desk)) == count and desk.dock.list.topLevelItem(0).text(2) == "not connected"
    QgsProject.instance().clear()
    assert desk.dock.presenter.sensors == () and desk.dock.empty.isVisible()


def test_stopped_it_follows_nothing_any_more(desk: Desk, city: City) -> None:
    desk.show("Flow")
    desk.dock.stop()
    city.say("Flow", 3)
    assert not spin(lambda: bool(desk.feed.live.tails()), 0.7)
    desk.dock.stop()


def test_a_layer_that_is_there_again_brings_its_sensor_back_to_life(desk: Desk, city: City) -> None:
    from qgis.core import QgsProject

    desk.show("Flow", "NO2")
    count, old = len(trace(desk)), desk.feed
    QgsProject.instance().removeMapLayer(desk.layer.id())
    assert not desk.dock.presenter.sensors[0].connected
    city.say("Flow", 321)
    desk.layer = desk.open()
    assert desk.feed is not old
    desk.dock.add_datastreams([(desk.feed, desk.stream(name)) for name in ("Flow", "NO2")])
    assert desk.rest() and [one.name for one in desk.dock.presenter.sensors] == ["Flow", "NO2"]
    # without what came meanwhile there would be a hole
    assert spin(lambda: len(trace(desk)) == count + 1, 5) and trace(desk).series.values[-1] == 321
    assert spin(lambda: desk.feed.status.phase == coverage.LIVE)
    city.say("Flow", 322)
    assert spin(lambda: len(trace(desk)) == count + 2, 5)
