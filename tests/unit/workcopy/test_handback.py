"""A package goes outside, is edited there, and comes back: merged with what the office did meanwhile."""

from __future__ import annotations

import random
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from osgeo import ogr

from plugin.twin.client import Twin
from plugin.twin.errors import Cancelled
from plugin.workcopy import handback
from plugin.workcopy.conflicts import Resolution, resolution_of, resolve, resolve_all
from plugin.workcopy.connection import opened
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.errors import FileExists, NotAWorkingCopy, WorkingCopyError
from plugin.workcopy.excerpt import Area, excerpt
from plugin.workcopy.geometry import box_of, encode, wkb_of
from plugin.workcopy.handback import NotAPackage, hand_back
from plugin.workcopy.package import Package
from plugin.workcopy.publish import publish
from plugin.workcopy.pull import pull
from tests.copies import square

from .conftest import SmallTwin
from .test_publish import run
from .two_sides import nothing_left, row


def package(copy: WorkingCopy, name: str = "one", area: Area | None = None) -> WorkingCopy:
    path = copy.path.parent / f"{name}.gpkg"
    made = Package(f"id-{name}", "2026-11-23T08:00:00Z", "office", "Delfshaven", "Jan", "2026-11-30")
    excerpt(copy, path, ["buildings"], area, made)
    return WorkingCopy.open(path)


def everything(copy: WorkingCopy) -> list[tuple[Any, ...]]:
    """All rows and bases."""
    out = []
    with opened(copy.path) as connection:
        for table in ("buildings", "twin_base_buildings"):
            out += connection.execute(f"SELECT * FROM {table} ORDER BY fid").fetchall()
    return out


def back(copy: WorkingCopy, outside: WorkingCopy) -> tuple[int, int, int, int, int]:
    (layer,) = hand_back(copy, outside.path).layers
    return layer.created, layer.updated, layer.deleted, layer.merged, layer.conflicts


# -- making one ------------------------------------------------------------------------------------------------------


def test_a_package_is_a_working_copy_with_empty_books(copy: WorkingCopy, client: Twin) -> None:
    run(copy, "UPDATE buildings SET height = 2 WHERE twin_id = 'b3'")
    publish(copy, client, "what one office says to another")
    run(copy, "UPDATE buildings SET height = 1 WHERE twin_id = 'b1'")
    run(copy, "DELETE FROM buildings WHERE twin_id = 'b2'")
    run(copy, "INSERT INTO buildings (name) VALUES ('New')")
    outside = package(copy)
    assert outside.changes() == [] and outside.problems == {}
    assert row(outside, "b1", "height") == (1.0,) and row(outside, "b2", "name") is None
    with opened(outside.path) as connection:
        assert connection.execute("SELECT count(*) FROM buildings WHERE twin_id LIKE 'office:%'").fetchone() == (1,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM twin_outbox").fetchone() == (0,)
    assert b"one office says" not in outside.path.read_bytes()
    assert handback.read(outside.path).for_whom == "Jan"
    # and the office's own stays as it was
    assert sorted(change.kind for change in copy.changes()) == ["delete", "insert", "update"]


def test_only_what_meets_the_area_goes_along(copy: WorkingCopy) -> None:
    with opened(copy.path) as connection:
        blob = connection.execute("SELECT geom FROM buildings WHERE twin_id = 'b5'").fetchone()[0]
    shape = ogr.CreateGeometryFromWkb(wkb_of(blob))
    outside = package(copy, area=Area(bytes(shape.Buffer(1).ExportToWkb()), 28992))
    with opened(outside.path) as connection:
        names = [name for (name,) in connection.execute("SELECT twin_id FROM buildings ORDER BY twin_id")]
        assert "b5" in names and len(names) < 5
        found = connection.execute("SELECT rtreecheck('rtree_buildings_geom')").fetchone()
        assert found == ("ok",)
        box = box_of(blob)
        assert box is not None
        hits = connection.execute(
            "SELECT id FROM rtree_buildings_geom WHERE minx <= ? AND maxx >= ? AND miny <= ? AND maxy >= ?",
            (box[2], box[0], box[3], box[1]),
        ).fetchall()
        assert len(hits) >= 1
    # GDAL reads it, with the number of features that it says
    layer = (data := ogr.Open(str(outside.path))).GetLayerByName("buildings")
    assert layer.GetFeatureCount() == len(names) == sum(1 for _ in layer)
    del layer, data
    # and edits keep the index right
    run(outside, "UPDATE buildings SET geom = ? WHERE twin_id = 'b5'", encode(square(93000, 437000), 28992)[0])
    with opened(outside.path) as connection:
        assert connection.execute("SELECT rtreecheck('rtree_buildings_geom')").fetchone() == ("ok",)
        hit = connection.execute("SELECT count(*) FROM rtree_buildings_geom WHERE minx > 92999").fetchone()
    assert hit == (1,)


def test_an_area_in_degrees_and_one_where_nothing_is(copy: WorkingCopy) -> None:
    far = ogr.CreateGeometryFromWkt("POLYGON ((5 53, 5.1 53, 5.1 53.1, 5 53))")
    outside = package(copy, area=Area(bytes(far.ExportToWkb()), 4326))
    with opened(outside.path) as connection:
        assert connection.execute("SELECT count(*) FROM buildings WHERE geom IS NOT NULL").fetchone() == (0,)
        assert connection.execute("SELECT rtreecheck('rtree_buildings_geom')").fetchone() == ("ok",)
    run(outside, "INSERT INTO buildings (name, geom) VALUES ('x', ?)", encode(square(93000, 437000), 28992)[0])
    assert back(copy, outside) == (1, 0, 0, 0, 0)


def test_a_package_is_not_written_over_a_file_and_a_cancelled_one_leaves_nothing(copy: WorkingCopy) -> None:
    package(copy)
    with pytest.raises(FileExists):
        package(copy)

    class Stop:
        asked = 0

        def cancelled(self) -> bool:
            self.asked += 1
            return self.asked > 2

        def report(self, *_: object) -> None: ...
        def note(self, _: str) -> None: ...

    before = sorted(copy.path.parent.iterdir())
    made = Package("x", "2026-11-23T08:00:00Z")
    with pytest.raises(Cancelled):
        excerpt(copy, copy.path.parent / "two.gpkg", ["buildings"], None, made, progress=Stop())
    assert sorted(copy.path.parent.iterdir()) == before


# -- coming back -----------------------------------------------------------------------------------------------------


def test_edits_come_back_as_edits_once(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    outside = package(copy)
    run(outside, "UPDATE buildings SET height = 7 WHERE twin_id = 'b1'")
    run(outside, "DELETE FROM buildings WHERE twin_id = 'b2'")
    run(outside, "INSERT INTO buildings (name, geom) VALUES ('Shed', ?)", encode(square(93000, 437000), 28992)[0])
    assert back(copy, outside) == (1, 1, 1, 0, 0)
    assert sorted((change.kind, change.label) for change in copy.changes()) == [
        ("delete", "Building 2"), ("insert", "Shed"), ("update", "Building 1"),
    ]  # fmt: skip
    after = everything(copy)
    assert back(copy, outside) == (0, 0, 0, 0, 0) and everything(copy) == after, "the same package twice"
    assert publish(copy, client, "m").published == 3 and twin.properties("b1")["height"] == 7
    nothing_left(copy, client)
    after = everything(copy)
    assert back(copy, outside) == (0, 0, 0, 0, 0) and everything(copy) == after, "also after a publish"


def test_it_may_come_back_again_with_more(copy: WorkingCopy) -> None:
    outside = package(copy)
    run(outside, "UPDATE buildings SET height = 7 WHERE twin_id = 'b1'")
    run(outside, "INSERT INTO buildings (name) VALUES ('Shed')")
    back(copy, outside)
    run(copy, "UPDATE buildings SET height = 8 WHERE twin_id = 'b1'")  # the office knows better
    assert back(copy, outside) == (0, 0, 0, 0, 0) and row(copy, "b1", "height") == (8.0,)
    run(outside, "UPDATE buildings SET floors = 4 WHERE twin_id = 'b1'")
    run(outside, "UPDATE buildings SET name = 'Barn' WHERE name = 'Shed'")
    assert back(copy, outside) == (0, 1, 0, 1, 0)
    assert row(copy, "b1", "height", "floors") == (8.0, 4)
    assert [change.label for change in copy.changes() if change.kind == "insert"] == ["Barn"]
    # taken back outside: taken back here
    run(outside, "DELETE FROM buildings WHERE name = 'Barn'")
    run(outside, "UPDATE buildings SET floors = (SELECT floors FROM twin_base_buildings WHERE twin_id = 'b1') "
                 "WHERE twin_id = 'b1'")  # fmt: skip
    back(copy, outside)
    assert [change.kind for change in copy.changes()] == ["update"]
    (update,) = copy.changes()
    assert [cell.column for cell in update.cells] == ["height"]


def test_different_columns_merge_and_the_same_one_is_asked(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    outside = package(copy)
    run(outside, "UPDATE buildings SET height = 7 WHERE twin_id IN ('b1', 'b2', 'b3')")
    run(outside, "UPDATE buildings SET floors = 9 WHERE twin_id = 'b2'")
    run(copy, "UPDATE buildings SET floors = 3 WHERE twin_id = 'b1'")
    run(copy, "UPDATE buildings SET height = 8 WHERE twin_id = 'b2'")
    run(copy, "DELETE FROM buildings WHERE twin_id = 'b3'")
    assert back(copy, outside) == (0, 0, 0, 1, 2)
    assert row(copy, "b1", "height", "floors") == (7.0, 3)
    clash, gone = copy.conflicts()
    assert (clash.twin_id, clash.kind, [cell.column for cell in clash.clashes]) == ("b2", "update-update", ["height"])
    assert clash.outside and clash.who == "Jan" and gone.kind == "delete-update"
    assert back(copy, outside) == (0, 0, 0, 0, 0) and len(copy.conflicts()) == 2
    blocked = publish(copy, client, "m")
    assert blocked.conflicts == 2 and twin.properties("b2")["height"] not in (7, 8)
    decided = Resolution("buildings", "b2", clash.token, "merged", {"height": 7.0})
    assert resolve(copy, [decided, resolution_of(gone, "theirs")]) == 2 and copy.conflicts() == []
    assert row(copy, "b2", "height", "floors") == (7.0, 9) and row(copy, "b3", "height") == (7.0,)
    assert {change.key: change.kind for change in copy.changes()} == {
        "buildings/b2": "update", "buildings/b3": "update",
    }, "b1 went with the first publish"  # fmt: skip
    assert publish(copy, client, "m").published == 2
    assert (twin.properties("b2")["floors"], twin.properties("b3")["height"]) == (9, 7)
    nothing_left(copy, client)


@pytest.mark.parametrize("side", ["mine", "theirs"])
def test_deleted_outside_and_changed_here(copy: WorkingCopy, client: Twin, twin: SmallTwin, side: Any) -> None:
    outside = package(copy)
    run(outside, "DELETE FROM buildings WHERE twin_id = 'b1'")
    run(copy, "UPDATE buildings SET height = 8 WHERE twin_id = 'b1'")
    assert back(copy, outside) == (0, 0, 0, 0, 1)
    resolve_all(copy, side)
    (change,) = copy.changes()
    assert change.kind == ("update" if side == "mine" else "delete")
    assert publish(copy, client, "m").published == 1
    nothing_left(copy, client)


def test_two_packages_are_two_colleagues(copy: WorkingCopy) -> None:
    one, two = package(copy, "one"), package(copy, "two")
    run(one, "UPDATE buildings SET height = 7 WHERE twin_id IN ('b1', 'b2')")
    run(two, "UPDATE buildings SET floors = 5 WHERE twin_id = 'b1'")
    run(two, "UPDATE buildings SET height = 9 WHERE twin_id = 'b2'")
    assert back(copy, one) == (0, 2, 0, 0, 0)
    assert back(copy, two) == (0, 0, 0, 1, 1)
    assert row(copy, "b1", "height", "floors") == (7.0, 5)
    (clash,) = copy.conflicts()
    assert (clash.cell("height").mine, clash.cell("height").theirs) == (7.0, 9.0)  # type: ignore[union-attr]


def test_what_was_new_in_the_office_comes_back_to_its_own_row(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    for name in ("A", "B", "C"):
        run(copy, "INSERT INTO buildings (name, geom) VALUES (?, ?)", name, encode(square(93000, 437000), 28992)[0])
    run(copy, "UPDATE buildings SET geom = ? WHERE name = 'B'", encode(square(94000, 437000), 28992)[0])
    run(copy, "UPDATE buildings SET geom = ? WHERE name = 'C'", encode(square(95000, 437000), 28992)[0])
    outside = package(copy)
    run(outside, "UPDATE buildings SET height = 3 WHERE name IN ('A', 'B')")
    run(outside, "DELETE FROM buildings WHERE name = 'C'")
    run(copy, "UPDATE buildings SET height = 4 WHERE name = 'B'")
    assert back(copy, outside) == (0, 1, 1, 0, 1)
    (clash,) = copy.conflicts()
    change = next(change for change in copy.changes() if change.label == "B")
    assert clash.key == change.key and change.conflict
    resolve(copy, [resolution_of(clash, "theirs")])
    assert publish(copy, client, "m").published == 2
    nothing_left(copy, client)
    # published meanwhile, it is still the same feature
    run(outside, "UPDATE buildings SET floors = 6 WHERE name = 'A'")
    assert back(copy, outside) == (0, 1, 0, 0, 0)
    assert [change.kind for change in copy.changes()] == ["update"]


def test_the_twin_may_change_while_it_is_outside(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    outside = package(copy)
    run(outside, "UPDATE buildings SET height = 7 WHERE twin_id IN ('b1', 'b2', 'b3')")
    twin.colleague("b1", name="Anders")
    twin.colleague("b2", height=12)
    twin.colleague_deletes("b3")
    pull(copy, client)
    assert back(copy, outside) == (0, 0, 0, 1, 2)
    assert row(copy, "b1", "name", "height") == ("Anders", 7.0)
    assert {conflict.twin_id: conflict.kind for conflict in copy.conflicts()} == {
        "b2": "update-update", "b3": "delete-update",
    }  # fmt: skip
    resolve_all(copy, "theirs")
    assert publish(copy, client, "m").published == 3
    assert twin.properties("b2")["height"] == 7 and twin.count() == 20
    nothing_left(copy, client)


def test_an_edit_that_ends_a_clash_does_not_lose_the_rest(copy: WorkingCopy) -> None:
    outside = package(copy)
    run(outside, "UPDATE buildings SET height = 7, floors = 9 WHERE twin_id = 'b1'")
    run(copy, "UPDATE buildings SET height = 8 WHERE twin_id = 'b1'")
    back(copy, outside)
    run(copy, "UPDATE buildings SET height = 7 WHERE twin_id = 'b1'")
    (left,) = copy.conflicts()
    assert left.clashes == (), "nothing to decide, but the floors are not here yet"
    resolve(copy, [Resolution("buildings", "b1", left.token)])
    assert row(copy, "b1", "height", "floors") == (7.0, 9) and copy.conflicts() == []


def test_a_small_move_outside_is_an_edit(copy: WorkingCopy) -> None:
    """A pull takes differences below the server's digits for rounding; somebody outside who typed round numbers did
    not round."""
    exact = encode(square(92020.123456789, 436000.987654321), 28992)[0]
    run(copy, "UPDATE buildings SET geom = ? WHERE twin_id = 'b1'", exact)
    outside = package(copy)
    rounded = encode(square(92020.1, 436001.0), 28992)[0]
    run(outside, "UPDATE buildings SET geom = ? WHERE twin_id = 'b1'", rounded)
    assert back(copy, outside) == (0, 1, 0, 0, 0)
    assert row(copy, "b1", "geom") == (rounded,)


# -- what is no package, or a strange one ----------------------------------------------------------------------------


def test_what_is_no_package_is_refused(copy: WorkingCopy, tmp_path: Path) -> None:
    with pytest.raises(NotAPackage):
        hand_back(copy, copy.path)
    other = tmp_path / "other.gpkg"
    shutil.copy(copy.path, other)
    with pytest.raises(NotAPackage, match="no field review package"):
        hand_back(copy, other)
    junk = tmp_path / "junk.gpkg"
    junk.write_bytes(b"SQLite format 3\0" + bytes(2000))
    before = everything(copy)
    with pytest.raises(WorkingCopyError):
        hand_back(copy, junk)
    with pytest.raises(NotAWorkingCopy):
        hand_back(copy, tmp_path / "none.gpkg")
    assert everything(copy) == before


def test_a_truncated_file_changes_nothing(copy: WorkingCopy) -> None:
    outside = package(copy)
    run(outside, "UPDATE buildings SET height = 7 WHERE twin_id = 'b1'")
    whole, before = outside.path.read_bytes(), everything(copy)
    for part in (100, 5000, len(whole) // 2, len(whole) - 4096):
        outside.path.write_bytes(whole[:part])
        try:
            found = hand_back(copy, outside.path)
        except WorkingCopyError:
            assert everything(copy) == before
        else:
            assert found.edits == 1  # what was lost was not needed
            break


def test_foreign_triggers_and_views_run_nothing(copy: WorkingCopy) -> None:
    outside = package(copy)
    run(outside, "UPDATE buildings SET height = 7 WHERE twin_id = 'b1'")
    connection = sqlite3.connect(outside.path)
    connection.execute("CREATE TABLE loot (x)")
    connection.execute("CREATE TRIGGER evil AFTER UPDATE ON twin_package BEGIN INSERT INTO loot VALUES (1); END")
    connection.execute("CREATE VIEW spy AS SELECT load_extension('x')")
    connection.commit()
    connection.close()
    size = outside.path.read_bytes()
    assert back(copy, outside) == (0, 1, 0, 0, 0)
    assert outside.path.read_bytes() == size, "the package is only read"


def test_a_layer_without_tracking_says_so_and_the_others_come(copy: WorkingCopy) -> None:
    outside = package(copy)
    run(outside, "DROP TRIGGER twin_update_buildings")
    run(outside, "UPDATE buildings SET height = 7 WHERE twin_id = 'b1'")
    report = hand_back(copy, outside.path)
    assert report.edits == 0 and "no longer recorded" in report.layers[0].notes[0]


def test_of_another_working_copy(copy: WorkingCopy, tmp_path: Path) -> None:
    run(copy, "INSERT INTO buildings (name) VALUES ('New here')")
    outside = package(copy)
    run(outside, "UPDATE buildings SET height = 7 WHERE twin_id = 'b1'")
    run(outside, "UPDATE buildings SET height = 5 WHERE name = 'New here'")
    second = tmp_path / "second.gpkg"
    shutil.copy(copy.path, second)
    with sqlite3.connect(second) as connection:
        connection.execute("DELETE FROM twin_package")
        connection.execute("DELETE FROM buildings WHERE twin_id IS NULL")
    other = WorkingCopy.open(second)
    found = hand_back(other, outside.path)
    assert found.notes and (found.layers[0].created, found.layers[0].updated) == (1, 1)
    after = everything(other)
    hand_back(other, outside.path)
    assert everything(other) == after


# -- whatever happens ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(25))
def test_no_edit_is_lost_whatever_happens(copy: WorkingCopy, seed: int) -> None:
    """Random edits on three sides, packages that come back in any order and more than once: in the end each column of
    each feature is what one of those who edited it last wrote, or is asked about."""
    dice = random.Random(seed)
    sides = [copy, package(copy, "one"), package(copy, "two")]
    wrote: dict[tuple[str, str], dict[int, float]] = {}
    for step in range(40):
        side = dice.randrange(3)
        name, column = f"b{dice.randint(1, 6)}", dice.choice(["height", "floors"])
        if dice.random() < 0.2 and side:
            hand_back(copy, sides[side].path)
            continue
        value = float(100 + step)
        run(sides[side], f"UPDATE buildings SET {column} = ? WHERE twin_id = ?", value, name)
        wrote.setdefault((name, column), {})[side] = value
    for side in (1, 2, 1):
        hand_back(copy, sides[side].path)
    asked = {(conflict.twin_id, cell.column) for conflict in copy.conflicts() for cell in conflict.cells}
    for (name, column), by in wrote.items():
        (now,) = row(copy, name, column)
        assert float(now) in by.values() or (name, column) in asked, (name, column, by, now)
    before = everything(copy)
    for side in (2, 1):
        hand_back(copy, sides[side].path)
    assert everything(copy) == before
    resolve_all(copy, "theirs")
    for _ in range(3):
        resolve_all(copy, "theirs")
    assert copy.conflicts() == []
    for (name, column), by in wrote.items():
        if set(by) <= {1} or set(by) <= {2}:
            assert float(row(copy, name, column)[0]) == next(iter(by.values())), "only one side wrote it"
