"""Photos on their way to the twin: noted outside, published by the office, seen by a colleague."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from plugin.demo.app import create_app
from plugin.demo.city import review_items
from plugin.demo.settings import Settings
from plugin.demo.store import Store
from plugin.review import photo, plain, publishing, schema
from plugin.review.item import Item
from plugin.review.photos import collect
from plugin.review.publishing import PhotosSent, named, publish_photos, publish_with_photos, send_photos
from plugin.twin import attachments
from plugin.twin.client import Twin
from plugin.twin.errors import Unreachable
from plugin.workcopy.checkout import checkout
from plugin.workcopy.connection import opened
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.publish import publish
from plugin.workcopy.pull import pull
from tests.pictures import picture
from tests.twin_server import serve_app

from .conftest import point


@dataclass
class Desk:
    """A working copy of somebody in the office, in a folder of its own."""

    url: str
    path: Path

    @property
    def folder(self) -> Path:
        return self.path.parent

    @property
    def copy(self) -> WorkingCopy:
        return WorkingCopy.open(self.path)

    @property
    def twin(self) -> Twin:
        return Twin(self.url)

    def note(self, key: str, *photos: str) -> None:
        plain.write(self.path, [Item("wrong", f"Seen: {key}", key=key, photos=photos, geometry=point(92500))])

    def photos(self, key: str) -> tuple[str, ...]:
        return next(item.photos for item in plain.read(self.path).items if item.key == key)

    def publish(self, share: str = "") -> PhotosSent:
        report, done = publish_with_photos(self.copy, self.twin, "Review", share=share)
        assert not report.stopped and report.failed == report.conflicts == 0
        return done


@dataclass
class Office:
    url: str
    place: Path

    def desk(self, name: str) -> Desk:
        folder = self.place / name
        folder.mkdir()
        checkout(Twin(self.url), list(schema.COLLECTIONS), folder / "city.gpkg")
        return Desk(self.url, folder / "city.gpkg")


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest.fixture
def office(tmp_path: Path, settings: Settings, request: pytest.FixtureRequest) -> Iterator[Office]:
    store = Store(tmp_path / "twin.sqlite")
    store.load("Reviews", "", review_items())
    url, stop = serve_app(create_app(store, settings))
    yield Office(url, tmp_path)
    stop()
    store.close()


def put(folder: Path, name: str, raw: bytes) -> str:
    place = folder / "photos" / name
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(raw)
    return f"photos/{name}"


def test_photos_are_published_and_a_colleague_sees_them(office: Office, tmp_path: Path) -> None:
    ann, bob = office.desk("ann"), office.desk("bob")
    outside = tmp_path / "package"
    outside.mkdir()
    raw = picture(3000, 2000)
    brought = collect(outside, ann.folder, [Item(photos=(put(outside, "IMG_1.jpg", raw),))])
    ann.note("k-1", *brought.items[0].photos, put(ann.folder, "picked here.png", picture(driver="PNG")))
    done = ann.publish()
    assert done == PhotosSent(2, 0, True)
    assert not ann.copy.has_changes()
    pull(bob.copy, bob.twin)
    addresses = bob.photos("k-1")
    assert len(addresses) == 2 and all(address.startswith(office.url) for address in addresses)
    assert addresses == ann.photos("k-1")
    seen = [photo.look_into(attachments.fetch(bob.twin.session, address)) for address in addresses]
    assert [(one.kind, one.width) for one in seen] == [("JPEG", photo.LONGEST), ("JPEG", 80)]
    again = ann.publish()
    assert again == PhotosSent() and bob.publish() == PhotosSent()


def test_a_colleagues_photo_of_the_same_name_is_not_sent_in_its_place(office: Office) -> None:
    """Ann's publish ended before her photos went; Bob has another picture of that name."""
    ann, bob = office.desk("ann"), office.desk("bob")
    ann.note("k-1", put(ann.folder, "a.jpg", picture(seed=1)))
    publish(ann.copy, ann.twin, "without naming photos")
    put(bob.folder, "a.jpg", picture(seed=2))
    pull(bob.copy, bob.twin)
    assert bob.photos("k-1") == ("photos/a.jpg",)
    assert bob.publish() == PhotosSent(waiting=1) and bob.photos("k-1") == ("photos/a.jpg",)


def test_what_was_cut_short_goes_with_the_next_publish(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = office.desk("ann")
    for number in range(3):
        ann.note(f"k-{number}", put(ann.folder, f"{number}.jpg", picture(seed=number)))
    whole, calls = attachments.send, []

    def cut(*given: object, **more: object) -> str:
        calls.append(1)
        if len(calls) == 2:
            raise Unreachable("The line is dead.")
        return whole(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(attachments, "send", cut)
    done = ann.publish()
    assert (done.sent, done.waiting, done.stopped, done.published) == (1, 2, "The line is dead.", False)
    assert [change.kind for change in ann.copy.changes()] == ["update"]
    done = ann.publish()
    assert (done.sent, done.waiting, done.published) == (2, 0, True)
    assert all(ann.photos(f"k-{number}")[0].startswith("http") for number in range(3))
    assert not ann.copy.has_changes()


def test_edits_that_nobody_looked_at_are_not_published_with_the_addresses(office: Office) -> None:
    ann = office.desk("ann")
    ann.note("k-1", put(ann.folder, "a.jpg", picture()))
    named(ann.copy, ann.folder)
    publish(ann.copy, ann.twin, "Review")
    ann.note("k-2")
    done = publish_photos(ann.copy, ann.twin, ann.folder, "Review")
    assert (done.sent, done.published, len(done.notes)) == (1, False, 1)
    assert {change.kind for change in ann.copy.changes()} == {"insert", "update"}


def test_an_item_that_changes_meanwhile_is_not_overwritten(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = office.desk("ann")
    ann.note("k-1", put(ann.folder, "a.jpg", picture()))
    named(ann.copy, ann.folder)
    publish(ann.copy, ann.twin, "Review")
    whole = attachments.send

    def meanwhile(*given: object, **more: object) -> str:
        with opened(ann.path, write=True) as connection:
            connection.execute("UPDATE reviews SET photo = NULL WHERE key = 'k-1'")
        return whole(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(attachments, "send", meanwhile)
    assert send_photos(ann.copy, ann.twin, ann.folder).sent == 0
    assert ann.photos("k-1") == ()


def test_an_item_that_is_gone_at_the_twin_keeps_the_others_from_nothing(office: Office) -> None:
    ann = office.desk("ann")
    for number in range(2):
        ann.note(f"k-{number}", put(ann.folder, f"{number}.jpg", picture(seed=number)))
    named(ann.copy, ann.folder)
    publish(ann.copy, ann.twin, "Review")
    bob = office.desk("bob")
    with opened(bob.path, write=True) as connection:
        connection.execute("DELETE FROM reviews WHERE key = 'k-0'")
    publish(bob.copy, bob.twin, "Gone")
    done = send_photos(ann.copy, ann.twin, ann.folder)
    assert (done.sent, done.waiting, done.stopped) == (1, 1, "") and "Seen: k-0" in done.notes[0]


@pytest.mark.parametrize("settings", [Settings(max_photo=300_000)])
def test_a_photo_is_made_as_small_as_the_twin_wants_it(office: Office) -> None:
    ann = office.desk("ann")
    raw = picture(2000, 1500)
    assert len(raw) > 300_000
    ann.note("k-1", put(ann.folder, "a.jpg", raw))
    assert ann.publish().sent == 1
    assert photo.look_into(attachments.fetch(ann.twin.session, ann.photos("k-1")[0])).width in (1600, 1200, 800)


@pytest.mark.parametrize("settings", [Settings(max_photos=1)])
def test_more_than_an_item_can_have_stay_here(office: Office) -> None:
    ann = office.desk("ann")
    ann.note("k-1", put(ann.folder, "a.jpg", picture(seed=1)), put(ann.folder, "b.jpg", picture(seed=2)))
    done = ann.publish()
    assert (done.sent, done.waiting) == (1, 1) and "no more" in done.notes[0]


def test_a_twin_without_photos(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "offer", lambda *_: None)
    ann = office.desk("ann")
    ann.note("k-1", put(ann.folder, "a.jpg", picture()))
    done = ann.publish()
    assert (done.sent, done.waiting) == (0, 1) and "takes no photos" in done.notes[0]
    name = ann.photos("k-1")[0]
    done = ann.publish(share="https://files.example.org/review/")
    assert (done.sent, done.published) == (1, True)
    assert ann.photos("k-1")[0] == f"https://files.example.org/review/{name.rpartition('/')[2]}"


@pytest.mark.parametrize("name", ["../secret.jpg", "/etc/passwd", "photos/page.jpg", "secret-{mark}.jpg"])
def test_nothing_but_photos_of_the_folder_is_sent(office: Office, name: str) -> None:
    ann = office.desk("ann")
    secret = picture(seed=9)
    name = name.format(mark=photo.fingerprint(secret)[:8])
    (ann.folder.parent / "secret.jpg").write_bytes(secret)
    (ann.folder / f"secret-{photo.fingerprint(secret)[:8]}.jpg").write_bytes(secret)
    put(ann.folder, "page.jpg", b"<script>")
    ann.note("k-1", name)
    publish(ann.copy, ann.twin, "Review")  # as another program would, without naming
    done = send_photos(ann.copy, ann.twin, ann.folder)
    assert done.sent == 0 and ann.photos("k-1") == (name,)


def test_naming_changes_nothing_but_names(office: Office) -> None:
    ann = office.desk("ann")
    ann.note("k-1", put(ann.folder, "a.jpg", picture()), "photos/gone.jpg", "/somewhere/else.jpg")
    (before,) = [item for item in plain.read(ann.path).items if item.key == "k-1"]
    notes = named(ann.copy, ann.folder)
    (after,) = [item for item in plain.read(ann.path).items if item.key == "k-1"]
    assert after == replace(before, photos=(after.photos[0], *before.photos[1:]))
    assert after.photos[0] != before.photos[0] and len(notes) == 1
    files = sorted((ann.folder / "photos").iterdir())
    named(ann.copy, ann.folder)
    assert ann.photos("k-1") == after.photos and sorted((ann.folder / "photos").iterdir()) == files


def test_what_goes_wrong_with_photos_does_not_hide_what_was_published(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_given: object, **_more: object) -> PhotosSent:
        raise Unreachable("The line is dead.")

    monkeypatch.setattr(publishing, "send_photos", broken)
    ann = office.desk("ann")
    ann.note("k-1", put(ann.folder, "a.jpg", picture()), "photos/gone.jpg")
    report, done = publish_with_photos(ann.copy, ann.twin, "Review")
    assert report.published == 1 and done.stopped == "The line is dead."
    assert not ann.copy.has_changes() and ann.photos("k-1")[0].startswith("photos/a-")


def test_a_working_copy_without_reviews_is_published_as_always(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = office.desk("ann")
    monkeypatch.setattr(schema, "COLLECTIONS", ())
    monkeypatch.setattr(publishing, "named", None)
    report, done = publish_with_photos(ann.copy, ann.twin, "Nothing")
    assert report.outcomes == () and done == PhotosSent()


def test_cancelled_after_the_items_the_photos_go_the_next_time(office: Office) -> None:
    ann = office.desk("ann")
    ann.note("k-1", put(ann.folder, "a.jpg", picture()))

    class Cancelling:
        """Cancels once something was published."""

        after = False

        def cancelled(self) -> bool:
            return self.after

        def report(self, done: int, total: int | None, text: str) -> None:
            self.after = text == "Published"

        def note(self, text: str) -> None:
            """Nothing."""

    report, done = publish_with_photos(ann.copy, ann.twin, "Review", progress=Cancelling())
    assert report.published == 1 and done.sent == 0
    assert ann.publish() == PhotosSent(1, 0, True)
