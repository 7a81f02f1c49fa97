"""What came back: refused or salvaged, each with a sentence that says which."""

from __future__ import annotations

import os
import shutil
import sqlite3
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from plugin.review import manifest as man
from plugin.review import plain
from plugin.review.bundle import unpack
from plugin.review.inspect import inspect, moment
from plugin.review.item import Item
from plugin.workcopy.connection import opened, transaction
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.errors import WorkingCopyError
from plugin.workcopy.handback import hand_back
from tests.copies import add_layer, make_source

from .conftest import Outside, point

NOW = datetime(2026, 11, 25, tzinfo=timezone.utc)


def note(outside: Outside, item: Item) -> None:
    plain.write(outside.geopackage, [item])


def test_a_sound_one(outside: Outside) -> None:
    before = {path: path.read_bytes() for path in outside.folder.rglob("*") if path.is_file()}
    found = inspect(outside.folder, outside.copy, now=NOW)
    assert (found.refused, found.edits, found.items, found.notes) == ("", True, True, ())
    assert found.package is not None and found.package.id == "p-1" and found.manifest.for_whom == "Jan"
    assert {path: path.read_bytes() for path in outside.folder.rglob("*") if path.is_file()} == before


def test_renamed_and_without_a_manifest(outside: Outside, tmp_path: Path) -> None:
    moved = tmp_path / "Nieuwe map (2)"
    outside.folder.rename(moved)
    (moved / "review.gpkg").rename(moved / "review (1).gpkg")
    assert inspect(moved, outside.copy, now=NOW).notes == ()
    (moved / man.NAME).unlink()
    found = inspect(moved, outside.copy, now=NOW)
    assert not found.refused and found.edits and found.manifest.title == "Delfshaven"
    assert found.manifest.twins == ("http://127.0.0.1:9/",) and found.has("manifest")


def test_a_manifest_of_another_package(outside: Outside) -> None:
    man.write(outside.folder, replace(man.read(outside.folder), id="p-2", title="Other"))
    found = inspect(outside.folder, outside.copy, now=NOW)
    assert found.has("manifest") and found.manifest.title == "Delfshaven" and not found.refused
    assert found.notes[0].startswith("review.json is another package's; it was passed over. By the books inside")


TOLD = "Delfshaven · for Jan · made by office, 2026-11-23 · due 2026-11-30"


@pytest.mark.parametrize(("there", "why"), [(None, "There is no review.json."), ("{", "review.json cannot be read.")])
def test_without_a_manifest_the_books_tell_whose_it_is(outside: Outside, there: str | None, why: str) -> None:
    (outside.folder / man.NAME).unlink()
    if there is not None:
        (outside.folder / man.NAME).write_text(there)
    found = inspect(outside.folder, outside.copy, now=NOW)
    told = f"By the books inside review.gpkg the package is: {TOLD} · of http://127.0.0.1:9/."
    assert found.notes == (f"{why} {told}",)
    outside.run("UPDATE twin_package SET title = ?, for_whom = '', due = '', made_by = ''", "<b>A</b>\n" * 100)
    (words,) = inspect(outside.folder, outside.copy, now=NOW).notes
    assert "<b>A</b> <b>A</b>" in words and "\n" not in words and "… · made 2026-11-23 · of" in words


def test_of_damaged_books_what_tells_whose_it_is(outside: Outside) -> None:
    """Where the manifest is gone, too: items without a key keep the keys that they get in this package."""
    plain.write(outside.geopackage, [Item(text="A kerb", geometry=point(92050))])
    outside.run("UPDATE reviews SET key = NULL WHERE text = 'A kerb'")
    (outside.folder / man.NAME).unlink()
    outside.run("UPDATE twin_source SET schema = '['")
    found = inspect(outside.folder, outside.copy, now=NOW)
    assert found.package is not None and found.package.id == "p-1" and found.items and not found.edits
    assert found.notes[0] == f"There is no review.json. By the books inside review.gpkg the package is: {TOLD}."
    assert found.has("damaged") and not found.refused
    outside.run("DROP TABLE twin_package")
    found = inspect(outside.folder, outside.copy, now=NOW)
    assert found.package is None and "nothing tells what this package is" in found.notes[0]


def test_of_a_version_to_come(outside: Outside) -> None:
    outside.run("UPDATE twin_state SET format = 99")
    assert "newer version" in inspect(outside.folder, outside.copy, now=NOW).refused
    man.write(outside.folder, replace(man.read(outside.folder), format=2))
    assert "newer version" in inspect(outside.folder, outside.copy, now=NOW).refused


def test_of_another_twin(outside: Outside, tmp_path: Path) -> None:
    path = tmp_path / "other.gpkg"
    source = make_source(url="http://other.example.org/", items_url="http://other.example.org/x")
    add_layer(path, source, [], first=True)
    found = inspect(outside.folder, WorkingCopy.open(path), now=NOW)
    assert "another twin" in found.refused and "127.0.0.1" in found.refused


def test_nothing_there(tmp_path: Path, outside: Outside) -> None:
    (tmp_path / "empty").mkdir()
    assert "no review.gpkg" in inspect(tmp_path / "empty").refused
    (tmp_path / "empty" / "review.gpkg").write_bytes(b"")
    assert "nothing of it can be read" in inspect(tmp_path / "empty").refused
    shutil.copy(outside.copy.path, tmp_path / "empty" / "review.gpkg")
    assert "no field review package" in inspect(tmp_path / "empty").refused
    (tmp_path / "empty" / "review.gpkg").unlink()
    (tmp_path / "empty" / "review.gpkg").symlink_to(outside.geopackage)
    assert "no review.gpkg" in inspect(tmp_path / "empty").refused


def test_missing_photos(outside: Outside, tmp_path: Path) -> None:
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(b"x")
    (outside.folder / "photos" / "link.jpg").symlink_to(secret)
    photos = ("photos/gone.jpg", "https://twin.example.org/1.jpg", "photos/link.jpg")
    note(outside, Item(key="k-2", photos=photos))
    note(outside, Item(key="k-3", photos=("../../secret.jpg", "photos/gone.jpg", "photos\\a.jpg")))
    found = inspect(outside.folder, outside.copy, now=NOW)
    assert found.missing_photos == ("photos/gone.jpg", "photos/link.jpg", "../../secret.jpg")
    assert "3 photos are not in the package" in found.notes[0] and not found.refused


@pytest.mark.parametrize(
    ("noted", "odd"),
    [
        ("2026-11-24T10:00:00Z", 0), ("2026-11-24 10:00:00.123456789", 0), ("2026-11-25T14:00:00", 0),
        ("2026-11-25T05:00:00+05:30", 0), ("2026-11-25T05:00:00Z", 1), ("1980-01-01T00:00:00Z", 1), ("yesterday", 0),
        ("2031-01-01", 1), ("0001-01-01T00:00:00+14:00", 0), ("", 0),
    ],
)  # fmt: skip
def test_wrong_clocks(outside: Outside, noted: str, odd: int) -> None:
    note(outside, Item(key="k-2", noted=noted))
    found = inspect(outside.folder, outside.copy, now=NOW)
    assert found.has("clock") == bool(odd) and not found.refused


def test_made_in_the_future(outside: Outside) -> None:
    early = datetime(2020, 1, 1, tzinfo=timezone.utc)
    found = inspect(outside.folder, outside.copy, now=early)
    assert "in the future, on 2026-11-23" in found.notes[0] and not found.refused
    assert moment("2026-11-23T08:00:00.5Z") == datetime(2026, 11, 23, 8, tzinfo=timezone.utc)


def test_no_times_are_no_wrong_times(outside: Outside) -> None:
    outside.run("UPDATE twin_package SET made = 'long ago'")
    assert not inspect(outside.folder, outside.copy, now=NOW).has("clock")


@pytest.mark.parametrize("odd", ["[", "[" * 100_000, "5", '{"a": 1}'])
def test_books_that_make_no_sense(outside: Outside, odd: str) -> None:
    outside.run("UPDATE twin_package SET tables = ?", odd)
    found = inspect(outside.folder, outside.copy, now=NOW)
    assert found.items and not found.refused
    outside.run("UPDATE twin_source SET mapping = ?", odd)
    found = inspect(outside.folder, outside.copy, now=NOW)
    assert found.items and not found.edits and not found.refused and found.notes


def test_half_a_geopackage(outside: Outside, tmp_path: Path) -> None:
    """Cut off or overwritten anywhere: what can be read is, and there is always a sentence."""
    with opened(outside.geopackage, write=True) as connection, transaction(connection):
        for number in range(400):
            plain.put(connection, Item(key=f"n-{number}", text="x" * 300, geometry=point(92000 + number)))
    outside.run("UPDATE buildings SET height = 77")
    raw = outside.geopackage.read_bytes()
    spare = tmp_path / "spare.gpkg"
    some, merged, part = 0, 0, tmp_path / "part"
    part.mkdir()
    for step in range(0, 25, 2):
        cut = len(raw) * (step + 1) // 26
        for cutting in (True, False):
            hole = os.urandom(len(raw[cut : cut + 4096]))
            (part / "review.gpkg").write_bytes(raw[:cut] + (b"" if cutting else hole + raw[cut + 4096 :]))
            folder = unpack(part, tmp_path / f"in-{step}-{cutting}").folder
            found = inspect(folder, outside.copy, now=NOW)
            assert found.refused or found.has("damaged") or found.has("items") or found.has("books"), cut
            if found.items:
                items = plain.read(folder / "review.gpkg", package="p-1").items
                some += 0 < len(items) < 401
                assert all(item.key for item in items)
            if found.edits:
                shutil.copy(outside.copy.path, spare)
                copy = WorkingCopy.open(spare)
                try:
                    report = hand_back(copy, folder / "review.gpkg")
                except WorkingCopyError as error:
                    assert "review.gpkg" in error.message
                    continue
                merged += report.edits
                assert report.edits == 10 or report.layers[0].notes
                assert {change.kind for change in copy.changes()} <= {"update"}, (
                    "nothing that is lost counts as deleted"
                )
    assert some and merged


def test_views_and_triggers_of_somebody(outside: Outside) -> None:
    connection = sqlite3.connect(outside.geopackage)
    connection.execute("DROP TABLE review_lines")
    connection.execute("CREATE VIEW review_lines AS SELECT load_extension('x') AS fid, 1 AS geom, 'wrong' AS kind")
    connection.execute("CREATE TABLE loot (x)")
    connection.execute("CREATE TRIGGER evil AFTER UPDATE ON twin_package BEGIN INSERT INTO loot VALUES (1); END")
    connection.commit()
    connection.close()
    found = inspect(outside.folder, outside.copy, now=NOW)
    assert found.edits and found.items and len(plain.read(outside.geopackage).items) == 1
