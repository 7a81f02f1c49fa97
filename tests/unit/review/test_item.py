"""Review items: read, decided, written."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import pytest

from plugin.review import schema
from plugin.review import vocabulary as words
from plugin.review.item import Item, NotDecided, columns_of, decided, read_item

AT = datetime(2026, 11, 23, 9, 30, tzinfo=timezone.utc)


def test_every_column_has_a_place_in_the_schema_and_the_item() -> None:
    for collection in schema.COLLECTIONS:
        made = schema.schema(collection)
        assert tuple(one.name for one in made.properties) == schema.COLUMNS
        assert made.geometry_type == schema.GEOMETRY_TYPES[collection]
    assert all(schema.title(name) != name or name == "key" for name in schema.COLUMNS if name != "key")


def test_written_and_read_again_it_is_the_same() -> None:
    noted, photos = "2026-11-23T09:00:00Z", ("photos/a.jpg", "photos/b.jpg")
    item = Item("wrong", "Door at the back", "accepted", "Moved", "buildings", "b1", "Coolhaven 1", "JvD", noted)
    item = replace(item, answered_by="GIS", answered="2026-11-23T10:00:00Z", photos=photos, key="k-1")
    assert read_item(columns_of(item)) == item
    assert columns_of(item)["photo_3"] is None


def test_whatever_a_row_holds_it_can_be_read() -> None:
    odd = read_item({"kind": None, "text": 7, "status": b"x", "photo": ["x"], "fid": "1", "geom": "no"}, "review_lines")
    assert (odd.kind, odd.text, odd.status, odd.photos, odd.table) == ("question", "7", "open", (), "review_lines")


def test_it_is_decided_by_the_rules() -> None:
    item = Item("wrong", "x")
    with pytest.raises(NotDecided, match="why"):
        decided(item, words.REJECTED, at=AT)
    rejected = decided(item, words.REJECTED, answer=" Seen on Monday ", by="GIS", at=AT)
    assert (rejected.status, rejected.answer, rejected.answered) == (
        "rejected",
        "Seen on Monday",
        "2026-11-23T09:30:00Z",
    )
    with pytest.raises(NotDecided, match="Open it again"):
        decided(rejected, words.DONE, at=AT)
    again = decided(rejected, words.OPEN)
    assert (again.status, again.answered, again.answered_by) == ("open", "", "")
    done = decided(decided(again, words.ACCEPTED, by="GIS", at=AT), words.DONE, at=AT)
    assert done.status == "done" and done.answered_by == "GIS"
    assert decided(done, words.DONE) is done
    assert Item(status="strange").moves == (words.OPEN,)


def test_its_label_tells_it_from_others() -> None:
    assert Item("wrong", "x" * 200).label == "x" * 59 + "…"
    assert Item("wrong", about_label="Coolhaven 1", text="Door").label == "Coolhaven 1"
    assert Item("new").label == "New"
