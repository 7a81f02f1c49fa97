"""Thresholds in the project, what is suggested, and the one message that all crossings share."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from qgis.core import Qgis, QgsApplication, QgsProject
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtWidgets import QPushButton

from plugin.map.live import thresholds_kept, thresholds_suggest
from plugin.map.live.thresholds_alarm import Alarm
from plugin.map.live.thresholds_kept import Kept
from plugin.map.live.thresholds_words import Entry, sentence
from plugin.sensors.thresholds import Crossing, Threshold
from tests.qgis.gui.window import Window
from tests.unit.sensors.made import stream

SERVICE = "https://city.example/sta/v1.1"
NO2 = Threshold("a", "NO₂ too high", 200.0, True, 10.0, "7", None, "µg/m³")
SLOW = Threshold("b", "Slow: “A13”", 25.5, False, 0.0, "9", frozenset({"3", "4"}), "km/h")
NOW = 1_800_000_000.0


@pytest.fixture
def project(qgis_new_project) -> QgsProject:
    return QgsProject.instance()


@pytest.fixture
def said(qgis_app) -> list[str]:
    lines: list[str] = []

    def note(text: str, tag: str, _level: object) -> None:
        if tag == "City Twin":
            lines.append(text)

    QgsApplication.messageLog().messageReceived[str, str, Qgis.MessageLevel].connect(note)
    yield lines
    QgsApplication.messageLog().messageReceived[str, str, Qgis.MessageLevel].disconnect(note)


def test_they_survive_saving_and_reopening_the_project(project, tmp_path: Path):
    kept = (Kept(NO2, SERVICE, "NO₂"), Kept(SLOW, SERVICE, "Speed", on=False))
    thresholds_kept.save(project, kept)
    assert project.isDirty()
    assert project.write(str(tmp_path / "p.qgz"))
    project.clear()
    assert thresholds_kept.load(project) == ()
    assert project.read(str(tmp_path / "p.qgz"))
    assert thresholds_kept.load(project) == kept
    thresholds_kept.save(project, ())
    assert project.entryList(thresholds_kept.SCOPE, "") == []


@pytest.mark.parametrize(
    "change",
    [
        {"level": "200"},
        {"level": float("inf")},
        {"level": True},
        {"hysteresis": -1},
        {"direction": "sideways"},
        {"datastreams": "3"},
        {"service": "https://me:secret@city.example/"},
        {"service": "file:///etc/passwd"},
        {"name": None},
        {"id": 3},
    ],
)
def test_a_bad_entry_is_left_out_and_said(project, said, change):
    good, bad = (json.loads(thresholds_kept.written([Kept(one, SERVICE)]))["thresholds"][0] for one in (NO2, SLOW))
    project.writeEntry("citytwin", "thresholds", json.dumps({"thresholds": [{**bad, **change}, good]}))
    assert [one.threshold for one in thresholds_kept.load(project)] == [NO2]
    assert len(said) == 1
    assert said[0].startswith("Threshold 1 of the project cannot be read")
    assert "secret" not in said[0]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"thresholds": 3}', '{"thresholds": [null, 3, "x", []]}'])
def test_no_text_stops_a_project_from_opening(project, text):
    project.writeEntry("citytwin", "thresholds", text)
    assert thresholds_kept.load(project) == ()


def test_a_second_one_with_the_same_id_is_left_out(said):
    kept, problems = thresholds_kept.read(thresholds_kept.written([Kept(NO2, SERVICE), Kept(NO2, SERVICE)]))
    assert len(kept) == len(problems) == 1


def test_it_holds_for_one_unit():
    assert NO2.holds_for(stream(unit="µg/m³")) is False  # of another observed property
    anywhere = Threshold("c", "c", 1, unit="µg/m³")
    assert [anywhere.holds_for(stream(unit=unit)) for unit in ("µg/m³", "ppb", None)] == [True, False, False]


def test_suggestions_come_from_the_norms_in_the_sensors_unit():
    found = thresholds_suggest.suggestions([stream(property="NO2", unit="µg/m³")])
    hour = [one for one in found if one.level == 200 and "2024" in one.words]
    assert [one.words for one in hour] == ["EU 2024/2881, mean of an hour: 200 µg/m³"]
    assert all(one.above for one in found)
    (parts,) = {one.level for one in thresholds_suggest.suggestions([stream(property="NO2", unit="ppb")])} & {104.6}
    assert parts == 104.6
    slow = thresholds_suggest.suggestions([stream(property="Traffic speed", unit="m/s")])
    assert [(round(one.level * 3.6), one.above) for one in slow] == [(25, False), (50, False)]
    assert thresholds_suggest.suggestions([stream(property="Happiness", unit="1")]) == ()
    assert thresholds_suggest.suggestions([]) == ()
    assert thresholds_suggest.hysteresis(200) == 10


# -- the message


def crossing(number: int, value: float, *, entered: bool = True, threshold: Threshold = NO2, at: float = NOW) -> Entry:
    return Entry(SERVICE, Crossing(at, str(number), f"Station {number}", threshold, entered, value, "µg/m³"))


def turn(until, seconds: float = 2) -> None:
    end = time.monotonic() + seconds
    while not until() and time.monotonic() < end:
        QCoreApplication.processEvents()


@pytest.fixture
def window(qgis_app) -> Window:
    return Window()


@pytest.fixture
def alarm(window) -> Alarm:
    alarm = Alarm(window, gather=20, rest=0.2)
    yield alarm
    alarm.stop()


def test_five_hundred_crossings_are_one_message_with_the_two_furthest(alarm, window):
    for start in range(0, 500, 50):
        alarm.take([crossing(n, 201.0 + n) for n in range(start, start + 50)], NOW)
    turn(window.said)
    (text,) = window.said()
    assert text == (
        "NO₂ too high: 500 sensors are above 200 µg/m³, furthest Station 499 (700 µg/m³), Station 498 (699 µg/m³)."
    )
    alarm.take([crossing(n, 150, entered=False) for n in range(20)], NOW)
    turn(lambda: "20 of them" in window.said()[0])
    assert window.said()[0].endswith("20 of them are back since.")
    wanted = []
    alarm.show_wanted.connect(wanted.append)
    (item,) = window.bar.items()
    item.findChildren(QPushButton)[0].click()
    assert len(wanted[0]) == 500


def test_a_closed_message_comes_again_only_after_a_rest(alarm, window):
    alarm.take([crossing(1, 210)], NOW)
    turn(window.said)
    assert window.said() == ["NO₂ too high: Station 1 is above 200 with 210 µg/m³."]
    window.bar.popWidget()
    closed = time.monotonic()
    alarm.take([crossing(2, 220)], NOW)
    turn(window.said)
    assert time.monotonic() - closed > 0.15
    assert "Station 2" in window.said()[0]
    assert "Station 1" not in window.said()[0]


def test_what_is_over_or_old_is_not_told(alarm, window):
    alarm.take([crossing(1, 210), crossing(1, 150, entered=False), crossing(2, 300, at=NOW - 3700)], NOW)
    turn(window.said, 0.2)
    assert window.said() == []


def test_a_removed_threshold_takes_its_message_away(alarm, window):
    alarm.take([crossing(1, 210), crossing(2, 20, threshold=SLOW)], NOW)
    turn(window.said)
    assert window.said() == [
        "2 sensors went beyond 2 thresholds, furthest Station 2 (20 µg/m³), Station 1 (210 µg/m³)."
    ]
    alarm.drop({"b"})
    assert "Station 2" not in window.said()[0]
    alarm.drop({"a"})
    assert window.said() == []


@pytest.mark.parametrize("count", [1, 2, 41])
@pytest.mark.parametrize("letters", [3, 20, 60, 400])
@pytest.mark.parametrize("back", [0, 1])
def test_a_message_is_one_line_however_long_the_names(count, letters, back):
    slow = Threshold("s", "S" * letters, 150, above=False)
    found = [
        Entry(SERVICE, Crossing(NOW, str(n), f"Traffic {n}: {'speed ' * letters}", slow, True, 47.0 + n, "km/h"), thing)
        for n, thing in enumerate([f"Traffic {n} " + "x" * letters for n in range(count)])
    ]
    text = sentence(found, back)
    assert len(text) <= 150 and "Traffic 0" in text and "47 km/h" in text
    if letters <= 20 and not back:
        assert len(text) <= 110 and "speed" not in text
        assert letters > 3 or ("Traffic 1 " in text) == (count > 1), "two are named where they fit"


def test_one_sensor_beyond_two_thresholds_is_one_sensor():
    other = Threshold("z", "Very high", 205)
    text = sentence([crossing(1, 210), crossing(1, 210, threshold=other)])
    assert text == "1 sensor went beyond 2 thresholds: Station 1 (210 µg/m³)."
