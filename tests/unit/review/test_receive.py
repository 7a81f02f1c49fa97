"""A package comes home: edits, items and photos, each once, whatever happens to it on the way."""

from __future__ import annotations

import shutil
import struct
import zlib
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from plugin.review import bundle, plain, schema
from plugin.review import vocabulary as words
from plugin.review.errors import PackageError
from plugin.review.item import Item, decided
from plugin.review.receive import Refused, Summary, receive
from plugin.twin.errors import Cancelled
from plugin.workcopy.connection import opened
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.excerpt import excerpt
from plugin.workcopy.package import Package
from tests.copies import add_layer, make_source

from .conftest import Outside, point

NOW = datetime(2026, 11, 25, tzinfo=timezone.utc)


def png(shade: int = 0, side: int = 4) -> bytes:
    """A small picture, of a grey of its own."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    rows = b"".join(b"\x00" + bytes([shade]) * side for _ in range(side))
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def photo(outside: Outside, name: str = "a.png", shade: int = 0) -> str:
    (outside.folder / "photos" / name).write_bytes(png(shade))
    return f"photos/{name}"


def note(outside: Outside, key: str, **more: Any) -> Item:
    """Somebody notes something outside, or changes what was noted."""
    item = Item(
        **{"key": key, "text": f"Note {key}", "noted": "2026-11-24T10:00:00Z", "geometry": point(92040), **more}
    )
    plain.write(outside.geopackage, [item])
    return item


def office(outside: Outside) -> dict[str, Item]:
    return {item.key: item for item in plain.read(outside.copy.path).items}


def home(outside: Outside, source: Path | None = None) -> Summary:
    return receive(WorkingCopy.open(outside.copy.path), source or outside.folder, now=NOW)


def contents(path: Path) -> list[str]:
    """All that a file says, but when it was written and when a package came last."""
    with opened(path) as connection:
        named = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        names = [name for (name,) in named if not name.startswith(("rtree_", "gpkg_", "twin_package", "sqlite_"))]
        found = [(name, row) for name in names for row in connection.execute(f'SELECT * FROM "{name}"')]
    return sorted(map(repr, found))


def test_all_of_it_comes_once(outside: Outside) -> None:
    outside.run("UPDATE buildings SET height = 7 WHERE twin_id = 'b1'")
    outside.run("UPDATE review_tasks SET done = 1")
    note(outside, "k-1", photos=(photo(outside),))
    note(outside, "k-2", kind=words.MISSING, text="The tree is gone")
    there = outside.geopackage.read_bytes()
    came = home(outside)
    assert (came.edits, came.items_new, came.items_changed, came.photos, came.conflicts) == (1, 2, 0, 1, 0)
    assert (came.tasks, came.tasks_done, came.label, came.made) == (1, 1, "Delfshaven", ("reviews",))
    assert came.touched == {"buildings", "reviews"} and came.notes == ()
    found = office(outside)
    assert found["k-2"].text == "The tree is gone" and found["k-2"].geometry == point(92040)
    place = outside.copy.path.parent / found["k-1"].photos[0]
    assert place.parent.name == "photos" and place.is_file()
    assert outside.geopackage.read_bytes() == there, "the package is only read"
    before = contents(outside.copy.path), sorted(outside.copy.path.parent.rglob("photos/*"))
    again = home(outside)
    assert (again.edits, again.items, again.photos, again.brought) == (0, 0, 0, False)
    assert (contents(outside.copy.path), sorted(outside.copy.path.parent.rglob("photos/*"))) == before


@pytest.mark.parametrize("form", ["zip", "renamed", "geopackage"])
def test_in_whatever_form_it_comes(outside: Outside, tmp_path: Path, form: str) -> None:
    note(outside, "k-2")
    source = tmp_path / "Downloads" / "delfshaven (1).zip"
    if form == "zip":
        bundle.pack(outside.folder, source)
    elif form == "renamed":
        source = tmp_path / "Nieuwe map"
        outside.folder.rename(source)
    else:
        source = tmp_path / "of a tablet.gpkg"
        shutil.copy(outside.geopackage, source)
    came = home(outside, source)
    assert came.items_new == 2 and came.label == "Delfshaven" and came.name == source.name
    assert any("photo" in words for words in came.notes) == (form == "geopackage")


def test_what_the_office_decided_stays_and_what_was_amended_comes(outside: Outside) -> None:
    note(outside, "k-1", photos=())
    note(outside, "k-2")
    home(outside)
    found = office(outside)
    plain.write(outside.copy.path, [decided(found["k-1"], words.REJECTED, answer="It stands", by="office")])
    plain.write(outside.copy.path, [replace(found["k-2"], text="In the office's words")])
    note(outside, "k-1", photos=(), text="The roof is gone, and the door")
    note(outside, "k-2", text="In other words", kind=words.NEW)
    came = home(outside)
    assert (came.items_new, came.items_changed) == (0, 2)
    found = office(outside)
    assert (found["k-1"].status, found["k-1"].text) == (words.REJECTED, "The roof is gone, and the door")
    assert found["k-2"].text == "In the office's words\nIn other words" and found["k-2"].kind == words.NEW
    plain.write(outside.copy.path, [replace(found["k-2"], kind=words.WRONG)])
    note(outside, "k-2", text="In other words", kind=words.MISSING)
    came = home(outside)
    assert office(outside)["k-2"].kind == words.WRONG and "Kind" in came.notes[0]


def test_one_that_the_office_deleted_stays_away_until_it_is_amended(outside: Outside) -> None:
    home(outside)
    with opened(outside.copy.path, write=True) as connection:
        connection.execute("DELETE FROM reviews")
    assert home(outside).items == 0 and office(outside) == {}
    note(outside, "k-1", text="Still gone", photos=())
    came = home(outside)
    assert came.items_new == 1 and office(outside)["k-1"].text == "Still gone" and "deleted here" in came.notes[0]


def test_photos_of_one_name_are_both_kept(outside: Outside, tmp_path: Path) -> None:
    photo(outside, "a.png", 10)
    note(outside, "k-1", photos=("photos/a.png",))
    home(outside)
    kept = outside.copy.path.parent / office(outside)["k-1"].photos[0]
    first = kept.read_bytes()
    other = Outside(tmp_path / "other", outside.copy)
    other.folder.mkdir()
    (other.folder / "photos").mkdir()
    excerpt(WorkingCopy.open(outside.copy.path), other.geopackage, ["buildings"], None, Package("p-2", "2026-11-24"))
    plain.create(other.geopackage, 28992)
    photo(other, "a.png", 200)
    note(other, "k-9", photos=("photos/a.png",))
    assert home(other).photos == 1
    found = office(outside)
    assert found["k-9"].photos != found["k-1"].photos and kept.read_bytes() == first
    assert home(other).photos == 0 and home(outside).photos == 0 and office(outside) == found


@pytest.mark.parametrize("name", ["../../x.png", "/etc/hostname", "photos/page.html", "C:\\x.png", "photos/link.png"])
def test_what_is_no_photo_of_the_package_is_not_taken(outside: Outside, name: str) -> None:
    (outside.folder / "photos" / "page.html").write_text("<script>alert(1)</script>", encoding="utf-8")
    (outside.folder.parent.parent / "x.png").write_bytes(png())
    (outside.folder / "photos" / "link.png").symlink_to(outside.copy.path)
    note(outside, "k-1", photos=(name,))
    came = home(outside)
    assert came.photos == 0 and came.notes and came.items == 1
    assert not (outside.copy.path.parent / "photos").exists()


def test_somebody_elses_markup_and_sql_are_only_text(outside: Outside) -> None:
    text = "<b onload=alert(1)>'); DROP TABLE reviews; --"
    note(outside, "'; DROP TABLE reviews; --", text=text, author="<script>")
    home(outside)
    assert office(outside)["'; DROP TABLE reviews; --"].text == text


def test_items_without_a_key_come_once(outside: Outside) -> None:
    for _ in range(2):
        outside.run("INSERT INTO reviews (kind, text) VALUES ('wrong', 'by another program')")
    assert home(outside).items_new == 3 and home(outside).items == 0
    assert len(plain.read(outside.copy.path).items) == 3


def test_what_went_along_comes_back_as_it_is(outside: Outside) -> None:
    """Items that the office has already go outside in the next package, and are known when it comes."""
    home(outside)
    copy = WorkingCopy.open(outside.copy.path)
    second = Outside(outside.folder.parent / "second", copy)
    second.folder.mkdir()
    excerpt(copy, second.geopackage, ["buildings"], None, Package("p-2", "2026-11-24"), beside=schema.COLLECTIONS)
    plain.write(copy.path, [decided(office(outside)["k-1"], words.ACCEPTED, by="office")])
    came = home(second)
    assert came.items == 0 and not any("both" in note for note in came.notes)
    note(second, "k-1", text="And the door", photos=())
    home(second)
    found = office(outside)["k-1"]
    assert (found.status, found.text) == (words.ACCEPTED, "And the door")


def test_where_nobody_knows_what_both_began_with_both_texts_stay(outside: Outside) -> None:
    home(outside)
    copy = WorkingCopy.open(outside.copy.path)
    second = Outside(outside.folder.parent / "second", copy)
    second.folder.mkdir()
    excerpt(copy, second.geopackage, ["buildings"], None, Package("p-2", "2026-11-24"), beside=schema.COLLECTIONS)
    note(second, "k-1", text="And the door", kind=words.NEW, photos=())
    came = home(second)
    found = office(outside)["k-1"]
    assert (found.text, found.kind) == ("The roof is gone\nAnd the door", words.QUESTION)
    assert any("Kind" in note for note in came.notes) and home(second).items == 0


def later(outside: Outside) -> None:
    """Some time goes by: what is edited now leaves a mark of its own."""
    outside.run("UPDATE twin_trail SET at = '0'")


def test_an_older_state_that_comes_after_the_newer_one_takes_nothing_back(outside: Outside, tmp_path: Path) -> None:
    note(outside, "k-2", text="First")
    older = bundle.pack(outside.folder, tmp_path / "monday.zip")
    later(outside)
    note(outside, "k-2", text="Better said")
    outside.run("UPDATE buildings SET height = 7 WHERE twin_id = 'b1'")
    newer = bundle.pack(outside.folder, tmp_path / "friday.zip")
    assert home(outside, newer).items_new == 2
    came = home(outside, older)
    assert came.again and not came.brought and came.notes
    assert office(outside)["k-2"].text == "Better said"
    assert [change.twin_id for change in WorkingCopy.open(outside.copy.path).changes()] == ["b1"]


def test_two_people_with_a_copy_each(outside: Outside, tmp_path: Path) -> None:
    other = Outside(tmp_path / "copy", outside.copy)
    shutil.copytree(outside.folder, other.folder)
    for number, one in ((1, outside), (2, other)):
        later(one)
        one.run("UPDATE buildings SET height = ? WHERE twin_id = ?", 70.0 + number, f"b{number}")
        one.run("INSERT INTO buildings (name) VALUES (?)", f"Shed {number}")
        note(one, f"k-{number}0", photos=(photo(one, "a.png", number),))
    for one in (outside, other, outside, other):
        home(one)
    copy = WorkingCopy.open(outside.copy.path)
    assert sorted(change.label for change in copy.changes()) == ["Building 1", "Building 2", "Shed 1", "Shed 2"]
    found = office(outside)
    assert set(found) == {"k-1", "k-10", "k-20"} and found["k-10"].photos != found["k-20"].photos
    assert not copy.conflicts()


# -- where reviews are a layer of the twin ---------------------------------------------------------------------------


def tracked(path: Path, srid: int = 28992) -> None:
    source = make_source(schema.POINTS, schema.schema(schema.POINTS), srid, title="Reviews")
    add_layer(path, source, [], first=False)


def test_plain_items_come_into_a_layer_that_is_checked_out(outside: Outside) -> None:
    tracked(outside.copy.path)
    note(outside, "k-2", photos=(photo(outside),))
    came = home(outside)
    assert came.items_new == 2 and came.made == ()
    changes = WorkingCopy.open(outside.copy.path).changes("reviews")
    assert [change.kind for change in changes] == ["insert", "insert"]
    assert home(outside).items == 0 and len(WorkingCopy.open(outside.copy.path).changes("reviews")) == 2


def tracked_package(outside: Outside) -> Outside:
    """A package whose reviews are the twin's."""
    tracked(outside.copy.path)
    copy = WorkingCopy.open(outside.copy.path)
    second = Outside(outside.folder.parent / "tracked", copy)
    (second.folder / "photos").mkdir(parents=True)
    excerpt(copy, second.geopackage, ["buildings", "reviews"], None, Package("p-2", "2026-11-24"))
    return second


def test_tracked_items_come_as_edits(outside: Outside) -> None:
    second = tracked_package(outside)
    (outside.copy.path.parent / "photos").mkdir()
    (outside.copy.path.parent / "photos" / "a.png").write_bytes(png(99))
    note(second, "k-5", photos=(photo(second, "a.png", 7),))
    came = home(second)
    assert (came.edits, came.items_new, came.photos) == (0, 1, 1)
    (item,) = plain.read(outside.copy.path).items
    assert item.photos[0] != "photos/a.png" and (outside.copy.path.parent / item.photos[0]).is_file()
    assert (outside.copy.path.parent / "photos" / "a.png").read_bytes() == png(99)
    again = home(second)
    assert (again.items, again.photos) == (0, 0) and plain.read(outside.copy.path).items == (item,)


def test_tracked_items_come_where_the_layer_is_gone(outside: Outside, tmp_path: Path) -> None:
    second = tracked_package(outside)
    note(second, "k-5")
    bare = tmp_path / "bare.gpkg"
    add_layer(bare, make_source(), [], first=True)
    came = receive(WorkingCopy.open(bare), second.folder)
    assert came.items_new == 1 and came.made == ("reviews",)
    assert [item.key for item in plain.read(bare).items] == ["k-5"]
    assert receive(WorkingCopy.open(bare), second.folder).items == 0


# -- damage ----------------------------------------------------------------------------------------------------------


def test_of_another_twin_or_none(outside: Outside, tmp_path: Path) -> None:
    other = tmp_path / "other.gpkg"
    add_layer(
        other, make_source(url="http://other.example.org/", items_url="http://other.example.org/x"), [], first=True
    )
    with pytest.raises(Refused, match="another twin"):
        receive(WorkingCopy.open(other), outside.folder)
    (tmp_path / "text.zip").write_text("no zip")
    with pytest.raises(PackageError):
        home(outside, tmp_path / "text.zip")
    with pytest.raises(PackageError):
        home(outside, outside.copy.path)


def test_a_cut_off_zip_gives_what_can_be_read(outside: Outside, tmp_path: Path) -> None:
    outside.run("UPDATE buildings SET height = 7 WHERE twin_id = 'b1'")
    note(outside, "k-2", photos=(photo(outside),))
    whole = bundle.pack(outside.folder, tmp_path / "p.zip").read_bytes()
    spare = outside.copy.path.read_bytes()
    seen = set()
    for step in range(1, 12):
        (tmp_path / "cut.zip").write_bytes(whole[: len(whole) * step // 12])
        outside.copy.path.write_bytes(spare)
        try:
            came = home(outside, tmp_path / "cut.zip")
        except PackageError as error:
            assert error.message
            seen.add("refused")
        else:
            assert came.notes and came.items
            seen.add("salvaged")
        assert WorkingCopy.open(outside.copy.path).problems == {}
    assert seen == {"refused", "salvaged"}


def test_pages_of_rubbish(outside: Outside) -> None:
    """Every page in turn: what was noted comes or a sentence says why not, and the office's file is well."""
    outside.run("UPDATE buildings SET height = 7 WHERE twin_id = 'b1'")
    raw, spare = outside.geopackage.read_bytes(), outside.copy.path.read_bytes()
    outcomes = set()
    for page in range(1, len(raw) // 4096, 5):
        holed = bytearray(raw)
        holed[page * 4096 : page * 4096 + 4096] = bytes([0xA5]) * 4096
        outside.geopackage.write_bytes(bytes(holed))
        outside.copy.path.write_bytes(spare)
        try:
            came = home(outside)
        except PackageError:
            outcomes.add("refused")
        else:
            outcomes.add(("edits" if came.edits else "") + ("items" if came.items else ""))
            assert came.notes or came.edits, page
        with opened(outside.copy.path) as connection:
            assert connection.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",)
    assert "editsitems" in outcomes and "items" in outcomes


def test_stopped_at_any_moment_it_comes_the_next_time(outside: Outside) -> None:
    outside.run("UPDATE buildings SET height = 7 WHERE twin_id = 'b1'")
    note(outside, "k-2", photos=(photo(outside),))
    spare = outside.copy.path.read_bytes()

    class Stop:
        def __init__(self, after: int) -> None:
            self.left = after

        def cancelled(self) -> bool:
            self.left -= 1
            return self.left < 0

        def report(self, *_: object) -> None: ...
        def note(self, _: str) -> None: ...

    stopped = 0
    for after in range(0, 60, 3):
        outside.copy.path.write_bytes(spare)
        shutil.rmtree(outside.copy.path.parent / "photos", ignore_errors=True)
        try:
            receive(WorkingCopy.open(outside.copy.path), outside.folder, Stop(after))
        except Cancelled:
            stopped += 1
        else:
            break
        home(outside)
        assert set(office(outside)) == {"k-1", "k-2"}
        (change,) = WorkingCopy.open(outside.copy.path).changes()
        assert change.twin_id == "b1"
    assert 3 < stopped < 20
