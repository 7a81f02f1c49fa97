"""Review items that a file kept by itself, when the twin begins to serve reviews: nothing is lost, and all can go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from plugin.demo.app import create_app
from plugin.demo.city import city, review_items
from plugin.demo.settings import Settings
from plugin.demo.store import Store
from plugin.review import plain, schema, ticks
from plugin.review import vocabulary as words
from plugin.review.carrying import carry
from plugin.review.item import Item
from plugin.review.publishing import publish_with_photos
from plugin.review.receive import receive
from plugin.twin.client import Twin
from plugin.twin.errors import Cancelled
from plugin.workcopy.checkout import CheckoutReport, checkout
from plugin.workcopy.connection import opened
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.errors import FileExists
from plugin.workcopy.package import packages
from plugin.workcopy.publish import publish
from tests.copies import building, make_copy
from tests.twin_server import serve_app

from .conftest import Outside, point

KNOWN = "5e7a1c00-0000-4000-8000-000000000001"  # an open question that the twin has


@dataclass
class Desk:
    """The office, and the twin that it checks out from."""

    url: str
    path: Path

    @property
    def copy(self) -> WorkingCopy:
        return WorkingCopy.open(self.path)

    @property
    def twin(self) -> Twin:
        return Twin(self.url)

    @property
    def items(self) -> dict[str, Item]:
        return {item.key: item for item in plain.read(self.path).items}

    def check_out(self, *collections: str) -> CheckoutReport:
        return checkout(self.twin, collections, self.path, replace_file=True, carry=carry)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A file without reviews of the twin's, with three items of its own: two new ones, and one that the twin has."""
    store = Store(tmp_path / "twin.sqlite")
    districts = [source for source in city()[2] if source[0].id == "districts"]
    store.load("City", "", [*districts, *review_items()])
    url, stop = serve_app(create_app(store, Settings()))
    found = Desk(url, tmp_path / "office" / "city.gpkg")
    found.path.parent.mkdir()
    found.check_out("districts")
    plain.create(found.path, 28992)
    notes = [
        Item(words.WRONG, "The kerb is gone", key="k-1", status=words.ACCEPTED, geometry=point(92500)),
        Item(words.NEW, "A bench", key="k-2", photos=("photos/a.jpg",), geometry=point(92510)),
        Item(words.WRONG, "They are let again", key=KNOWN, status=words.ACCEPTED, geometry=point(92300, 437478)),
    ]
    plain.write(found.path, notes)
    yield found
    stop()
    store.close()


def test_items_of_the_file_alone_become_edits_once_reviews_are_checked_out(desk: Desk, tmp_path: Path) -> None:
    report = desk.check_out("districts", "reviews")
    assert report.notes == report.problems and len(report.notes) == 2
    assert report.notes[0].startswith("3 review items that were in this file alone went along.")
    assert report.notes[1].startswith("1 of them differs from what the twin has")
    items = desk.items
    assert len(items) == 7 and items["k-2"].photos == ("photos/a.jpg",) and items["k-1"].status == words.ACCEPTED
    assert items["k-1"].geometry == point(92500)
    both = items[KNOWN]
    assert both.status == words.ACCEPTED and both.kind == words.WRONG and both.twin_id
    assert "in October" in both.text and "They are let again" in both.text
    changes = {change.twin_id: change for change in desk.copy.changes()}
    assert [change.kind for change in desk.copy.changes()].count("insert") == 2
    assert {cell.column for cell in changes[both.twin_id].cells} == {"kind", "text", "status"}
    assert publish(desk.copy, desk.twin, "Kept until now").published == 3
    checkout(desk.twin, ["reviews"], tmp_path / "colleague.gpkg")
    assert {item.key for item in plain.read(tmp_path / "colleague.gpkg").items} == set(items)
    assert desk.check_out("districts", "reviews").notes == () and set(desk.items) == set(items)


def test_without_a_layer_for_them_they_stay_what_they_were(desk: Desk) -> None:
    before = desk.items
    assert desk.check_out("districts", "review_areas").notes == ()
    assert desk.items.keys() >= before.keys() and not desk.copy.has_changes()
    assert all(desk.items[key].geometry == item.geometry for key, item in before.items())
    with opened(desk.path) as connection:
        assert plain.is_plain(connection, schema.POINTS) and not plain.is_plain(connection, schema.AREAS)


def test_where_it_ends_early_the_file_stays_as_it_was(desk: Desk) -> None:
    before = desk.path.read_bytes()

    def stopped(old: Path, new: Path, _progress: object) -> tuple[str, ...]:
        carry(old, new)
        raise Cancelled("At the last moment.")

    with pytest.raises(Cancelled):
        checkout(desk.twin, ["districts", "reviews"], desk.path, replace_file=True, carry=stopped)
    assert desk.path.read_bytes() == before and [place.name for place in desk.path.parent.iterdir()] == ["city.gpkg"]


def test_a_layer_that_cannot_hold_them_does_not_replace_the_file(desk: Desk, tmp_path: Path) -> None:
    """Reviews of restaurants, say."""
    other = make_copy(tmp_path / "other.gpkg", {"reviews": [building(1)]})
    with pytest.raises(FileExists, match="Choose another name"):
        carry(desk.path, other.path)


def test_who_publishes_is_told_of_items_that_the_twin_could_have(desk: Desk) -> None:
    with opened(desk.path, write=True) as connection:
        connection.execute("UPDATE districts SET name = 'Elsewhere' WHERE fid = 1")
    _, told = publish_with_photos(desk.copy, desk.twin, "A name")
    assert told.notes == (
        "3 review items are in city.gpkg alone, though the twin has a collection for them. To publish them, check out "
        "Review Items into the same file, together with your layers: the items go along.",
    )
    desk.check_out("districts", "reviews")
    _, told = publish_with_photos(desk.copy, desk.twin, "Notes")
    assert not any("alone" in note for note in told.notes)


def test_task_lists_that_came_home_go_along(outside: Outside, tmp_path: Path) -> None:
    outside.run("UPDATE review_tasks SET done = 1, done_by = 'Jan'")
    receive(outside.copy, outside.folder)
    fresh = make_copy(tmp_path / "fresh.gpkg")
    assert carry(outside.copy.path, fresh.path) == ()
    (one,) = ticks.known(fresh.path, "p-1")
    assert [tick.by for tick in one.ticks] == ["Jan"]
    with opened(fresh.path) as connection:
        (known,) = packages(connection)
    assert (known.id, known.role) == ("p-1", "received") and known.merged
    assert receive(fresh, outside.folder).items_new == 0, "the notes are here, too"
