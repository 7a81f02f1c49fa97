"""What a service is asked for: its clock, the history of many sensors, and what was missed."""

from __future__ import annotations

import http.server
import time
from email.utils import formatdate
from functools import partial

import pytest
from qgis.core import QgsApplication

from plugin.map.live import reading
from plugin.map.live.service import session_for
from plugin.sensors.thresholds import Threshold
from tests.qgis.live.publisher import Publisher
from tests.unit.twin.faults_server import as_json


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that fails is not asked again."""
    monkeypatch.setattr(reading, "session_for", partial(session_for, retries=0))
    monkeypatch.setattr(reading, "_RETRIES", 0)


def polled(desk, stub):
    layer = desk.show(stub.url)
    desk.wait(lambda: desk.feed.status.phase == "polling" and layer.featureCount() == stub.streams / 2)
    desk.wait(lambda: not desk.feed._asking.busy and "learn" not in desk.feed._asking._errands)
    return layer


@pytest.mark.parametrize(
    ("headers", "off"),
    [({}, 3600), ({"Age": "0"}, 3600), ({"Age": "3600"}, 0), ({"Age": "3600, 20"}, 0), ({"X-Cache": "HIT from a"}, 0)],
)
def test_the_clock_is_not_set_by_what_a_cache_kept(desk, service, monkeypatch, headers, off):
    stale = staticmethod(lambda timestamp=None: formatdate(time.time() - 3600, usegmt=True))
    monkeypatch.setattr(http.server.BaseHTTPRequestHandler, "date_time_string", stale)
    stub = service(streams=2)
    route = stub.answer

    def kept(seen):
        answer = route(seen)
        answer.headers.update(headers)
        return answer

    stub.server.routes._route = kept
    polled(desk, stub)
    assert desk.feed.live.now() == pytest.approx(time.time() - off, abs=5)
    landing = [one for one in stub.server.seen if one.path.rstrip("/") == "/v1.1"]
    assert any(one.headers.get("Cache-Control") == "no-cache" for one in landing)


def test_one_sensor_whose_history_fails_does_not_end_that_of_others(desk, service, impatient):
    stub = service(streams=20)
    polled(desk, stub)
    out, heard = [], []

    def hear(text, *_):
        heard.append(text)

    messages = QgsApplication.messageLog().messageReceived
    messages.connect(hear)
    try:
        stub.broken = {4, 16}
        ids = [str(n) for n in range(0, 20, 2)]
        desk.feed.history(ids, None, None, done=out.append, failed=out.append)
        desk.wait(lambda: out)
        assert list(out[0]) == [each for each in ids if each not in ("4", "16")]
        assert all(len(one) == 1 for one in out[0].values())
        (told,) = [text for text in heard if "could not be read" in text]
        assert "2 sensors" in told and "Stream 4" in told and "Stream 16" in told
    finally:
        messages.disconnect(hear)
    noted = []  # who asks to be told is told, as a playback is
    desk.feed.history(ids, None, None, done=out.append, failed=out.append, note=noted.append)
    desk.wait(lambda: len(out) == 2)
    assert len(noted) == 1 and "Stream 4" in noted[0] and "Stream 16" in noted[0]
    out.pop()
    stub.broken = set(range(20))
    asked = len(stub.server.seen)
    desk.feed.history(ids, None, None, done=out.append, failed=out.append)
    desk.wait(lambda: len(out) == 2)
    assert out[1].status == 500
    assert len({one.path for one in stub.server.seen[asked:]}) <= len(ids)


def test_what_crossed_between_two_answers_is_in_the_log_though_one_sensor_fails(desk, service, impatient):
    stub = service(streams=8)
    writer, now = Publisher(stub), time.time()
    for n in range(0, 8, 2):
        for k in range(10):
            writer.observe(n, now - 250 + 10 * k, 1)
    polled(desk, stub)
    desk.feed.live.watch([Threshold("t", "T", 50)])
    for n in range(0, 8, 2):
        for k, value in enumerate((1, 99, 1, 1)):  # a peak that is over when we ask again
            writer.observe(n, now - 100 + 30 * k, value)
    route = stub.answer
    broken = as_json({"message": "a broken sensor"}, 500)
    stub.server.routes._route = lambda seen: broken if "(0)/Observations" in seen.path else route(seen)
    desk.feed._link.coverage.hurry()
    desk.wait(lambda: len(desk.feed.live.log()) == 6)
    crossed = {(one.datastream, one.time, one.entered) for one in desk.feed.live.log()}
    assert {one[0] for one in crossed} == {"2", "4", "6"}
    assert {(round(one[1] - now), one[2]) for one in crossed} == {(-70, True), (-40, False)}
    assert "0" in desk.feed.live.gaps()  # tried again with the next answer
