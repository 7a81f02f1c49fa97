"""A photo on the Review page says when and where it was taken, and looking which way."""

from __future__ import annotations

import pytest

from plugin.gui.review.photo_strip import PhotoStrip
from plugin.gui.review.photo_words import compass, told
from plugin.review.photo import Photo
from tests.pictures import picture, seen_at, with_exif
from tests.qgis.map.meanwhile import spin


def test_a_strip_tells_what_the_camera_noted(qgis_app, tmp_path):
    (tmp_path / "photos").mkdir()
    noted = with_exif(picture(), more={0x9003: "2026:11:23 09:15:00"}, place=seen_at(4.47952, 51.91703, 314.0))
    (tmp_path / "photos" / "front.jpg").write_bytes(noted)
    (tmp_path / "photos" / "plain.jpg").write_bytes(picture())
    strip = PhotoStrip(tmp_path, ["photos/front.jpg", "photos/plain.jpg"])
    assert spin(lambda: strip.ready, 10)
    first, second = (button.toolTip() for button in strip.buttons)
    assert first.startswith("Taken ") and "at 4.47952, 51.91703, looking north-west." in first
    assert first.endswith("Open front.jpg") and second == "Open plain.jpg"


@pytest.mark.parametrize(
    ("degrees", "word"), [(0, "north"), (22, "north"), (23, "north-east"), (180, "south"), (359, "north")]
)
def test_the_nearest_of_eight_directions(degrees, word):
    assert compass(degrees) == word


def test_nothing_is_said_where_nothing_is_known():
    assert told(Photo(10, 10)) == "" and told(Photo(10, 10, direction=90.0)) == "Looking east"
