"""The details of the Sensors page's status line: each sentence once, whoever heard it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

from plugin.gui.sensors_details import sections
from plugin.gui.sensors_rows import Row
from plugin.map.live.status import FeedStatus
from plugin.sensors.live import Live
from tests.unit.sensors.made import stream


def test_what_the_page_and_a_layer_hear_is_said_once() -> None:
    wrong = replace(stream("1", name="Statenweg"), problems=("It is odd.",))
    faults = ("Statenweg: It is odd.", "This service gives only small pages.")
    feed = SimpleNamespace(status=FeedStatus("Live.", "good", "live", 1.0, 0.0, faults))
    remarks = ["This service gives only small pages.", "A remark of the page."]
    found = dict(sections("Push", None, 0.0, feed, Live(), remarks, [Row(wrong, None)]))
    assert found["What Could Not Be Used"] == ("This service gives only small pages.",)
    assert found["Remarks"] == ("A remark of the page.",)
    assert found["Single Sensors"] == ["Statenweg: It is odd."]
