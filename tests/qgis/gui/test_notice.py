"""A notice never makes its window wider than the screen."""

from __future__ import annotations

from plugin.gui.notice import Notice

ADDRESS = (
    "https://sensors.rotterdam.example.org/frost/v1.1/Datastreams(2)/Observations?$filter=phenomenonTime%20ge%20"
    "2026-11-22T04:41:58.866Z&$orderby=phenomenonTime%20asc&$select=id,phenomenonTime,result,resultTime&$top=10000"
)


def test_addresses_and_words_without_an_end_are_parted(qgis_app) -> None:
    notice = Notice()
    for long in (ADDRESS, "x" * 300):
        text = f"The server of {long} does not answer, as it is."
        notice.say(text, "bad")
        assert notice.text == text
        assert notice.minimumSizeHint().width() < 340
    notice.say("Short words stay as they are: a-b/c.")
    assert notice._label.text() == notice.text
    notice.deleteLater()
