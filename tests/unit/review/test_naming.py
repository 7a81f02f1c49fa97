"""What review items are called among the changes of a working copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugin.review import naming, schema
from plugin.twin.model import Item
from plugin.workcopy.connection import opened
from plugin.workcopy.copy import WorkingCopy
from tests.hand_made import Given, houses, make

BENCH = "INSERT INTO reviews (kind, status, text, key) VALUES ('missing', 'open', 'bench\n gone', 'k')"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "office.gpkg"
    place = {"type": "Point", "coordinates": [92000.0, 437000.0]}
    said = {"kind": "wrong", "status": "open", "text": "Two storeys more"}
    items = [Item("r1", said, place, '"1"'), Item("r2", {**said, "text": "To be deleted"}, place, '"1"')]
    properties = schema.schema(schema.POINTS).properties
    make(made, {"reviews": Given(items, properties, "Point"), "buildings": houses(2)})
    return made


def labels(path: Path, *statements: str) -> list[tuple[str, str]]:
    with opened(path, write=True) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    copy = WorkingCopy.open(path, called_of=naming.called_of)
    copy.refresh()  # and what it knew is known again
    return [(change.kind, change.label) for change in copy.changes()]


def test_changed_items_are_called_by_kind_and_text(path: Path) -> None:
    done = "UPDATE reviews SET status = 'done' WHERE twin_id = 'r1'"
    gone = "DELETE FROM reviews WHERE twin_id = 'r2'"
    house = "UPDATE buildings SET height = 99 WHERE twin_id = 'b1'"
    assert sorted(labels(path, BENCH, done, gone, house)) == [
        ("delete", "Wrong: To be deleted"),
        ("insert", "Missing: bench gone"),
        ("update", "House 1"),
        ("update", "Wrong: Two storeys more"),
    ]


def test_an_item_without_words_is_called_by_what_it_is_about() -> None:
    assert naming.called({"kind": "confirmed", "text": " ", "about_label": "Meent 12"}) == "Confirmed: Meent 12"
    assert naming.called({"kind": "confirmed", "about_id": "LM-1"}) == "Confirmed: LM-1"
    assert naming.called({"kind": "new", "text": None}) == "New"
    assert naming.called({"kind": "leaning", "text": "the lamp"}) == "leaning: the lamp"  # another server's word


def test_long_words_are_shortened_to_one_line() -> None:
    label = naming.called({"kind": "wrong", "text": "far too long " * 100})
    assert label.startswith("Wrong: far too long") and label.endswith("…") and len(label) < 100


def test_a_layer_of_that_name_without_a_kind_is_none_of_reviews(tmp_path: Path) -> None:
    copy = make(tmp_path / "other.gpkg", {"reviews": houses(1), "trees": houses(1)})
    assert [naming.called_of(source) for source in copy.sources] == [None, None]
