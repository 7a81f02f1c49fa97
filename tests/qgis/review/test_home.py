"""Packages come home to a project that shows the working copy, and in the algorithm."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProject,
    QgsVectorLayer,
)

from plugin.gui.edit_sessions import EditSessions
from plugin.map import layers as map_layers
from plugin.map.pilots.combining import open_copy
from plugin.map.review import writing
from plugin.map.review.home import Came, HomeComing, merge_review
from plugin.map.writers import Writers
from plugin.pilots.parts import Assessment
from plugin.pilots.reading import as_columns, find_pilot, pilots_source, read_pilots
from plugin.pilots.record import Pilot, written
from plugin.processing.mergereview import MergeReview
from plugin.review import bundle, plain, tick_words
from plugin.review.item import Item
from plugin.workcopy.connection import connect, opened
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.excerpt import excerpt
from plugin.workcopy.geometry import encode
from plugin.workcopy.package import Package
from tests.pictures import picture
from tests.qgis.map.meanwhile import Heartbeat, spin
from tests.qgis.review.packages import made

BLOCK_LIMIT = 50  # ms


@pytest.fixture(autouse=True)
def _own_project(qgis_app: Any) -> Iterator[None]:
    QgsProject.instance().clear()
    yield
    for layer in QgsProject.instance().mapLayers().values():
        if isinstance(layer, QgsVectorLayer) and layer.isEditable():
            layer.rollBack()
    QgsProject.instance().clear()


def package(copy: WorkingCopy, name: str = "one", tables: tuple[str, ...] = ("buildings", "pilots")) -> Path:
    """The package's folder."""
    folder = copy.path.parent.parent / name
    (folder / "photos").mkdir(parents=True)
    made = Package(f"id-{name}", "2026-01-02T08:00:00Z", "office", f"Delfshaven {name}", "Jan")
    excerpt(copy, folder / "review.gpkg", tables, None, made)
    plain.create(folder / "review.gpkg", 28992)
    return folder


def outside(folder: Path, statement: str, *values: Any) -> None:
    connection = connect(folder / "review.gpkg", write=True)
    connection.execute(statement, values)
    connection.close()


def note(folder: Path, key: str) -> None:
    blob = encode({"type": "Point", "coordinates": [92000.0, 437000.0]}, 28992)[0]
    plain.write(folder / "review.gpkg", [Item(text=f"Note {key}", key=key, geometry=blob)])


def some(copy: WorkingCopy, count: int = 3) -> list[str]:
    with opened(copy.path) as connection:
        found = connection.execute("SELECT twin_id FROM buildings ORDER BY fid LIMIT ?", (count,)).fetchall()
    return [name for (name,) in found]


def opened_in_project(copy: WorkingCopy, *tables: str) -> dict[str, QgsVectorLayer]:
    added: list[Any] = []
    map_layers.add_copy(copy, tables=tables, done=added.append)
    assert spin(lambda: bool(added))
    return {str(layer.customProperty(map_layers.PROPERTY)): layer for layer in added[0]}


class Coming:
    def __init__(self, copy: WorkingCopy, *paths: Path) -> None:
        self.home = HomeComing(copy.path, paths, EditSessions(copy.path, ask=lambda _unsaved: True), Writers())
        self.came: list[Came] = []
        self.over: list[bool] = []
        self.home.came.connect(self.came.append)
        self.home.over.connect(self.over.append)

    def run(self) -> list[Came]:
        self.home.start()
        assert spin(lambda: bool(self.over))
        return self.came


def height(layer: QgsVectorLayer, identity: str) -> float:
    return float(next(f for f in layer.getFeatures() if f["twin_id"] == identity)["height"])


def test_several_come_and_the_layers_show_it(city: WorkingCopy) -> None:
    buildings = opened_in_project(city, "buildings")["buildings"]
    one, two, three = some(city)
    first, second = package(city), package(city, "two")
    outside(first, "UPDATE buildings SET height = 71 WHERE twin_id IN (?, ?)", one, two)
    outside(second, "UPDATE buildings SET height = 72 WHERE twin_id IN (?, ?)", two, three)
    note(first, "k-1")
    note(second, "k-2")
    zipped = bundle.pack(second, second.with_suffix(".zip"))
    nothing = second.with_name("notes.zip")
    nothing.write_text("no package")
    came = Coming(city, first, nothing, zipped).run()
    assert [one.path for one in came] == [first, nothing, zipped]
    assert came[1].error is not None and "no zip" in came[1].error.message and came[1].summary is None
    told = [one.summary for one in came if one.summary is not None]
    assert [(s.edits, s.items, s.conflicts, s.label) for s in told] == [
        (2, 1, 0, "Delfshaven one"), (1, 1, 1, "Delfshaven two"),
    ]  # fmt: skip
    assert (height(buildings, one), height(buildings, two), height(buildings, three)) == (71, 71, 72)
    (conflict,) = open_copy(city.path).conflicts()
    assert conflict.outside and conflict.who == "Jan"
    assert {item.key for item in plain.read(city.path).items} == {"k-1", "k-2"}
    assert not buildings.readOnly() and buildings.startEditing() and buildings.rollBack()
    # a second time, in another order
    came = Coming(city, zipped, first).run()
    assert not any(one.summary.brought for one in came if one.summary is not None)


def test_a_layer_of_plain_notes_shows_new_ones(city: WorkingCopy) -> None:
    folder = package(city)
    note(folder, "k-1")
    Coming(city, folder).run()
    layer = QgsVectorLayer(f"{city.path}|layername=reviews", "Notes", "ogr")
    QgsProject.instance().addMapLayer(layer)
    assert layer.featureCount() == 1
    note(folder, "k-2")
    Coming(city, folder).run()
    assert {feature["key"] for feature in layer.getFeatures()} == {"k-1", "k-2"}


def test_waits_for_unsaved_edits(city: WorkingCopy) -> None:
    buildings = opened_in_project(city, "buildings")["buildings"]
    one, two, _ = some(city)
    folder = package(city)
    outside(folder, "UPDATE buildings SET height = 71 WHERE twin_id = ?", two)
    assert buildings.startEditing()
    feature = next(f for f in buildings.getFeatures() if f["twin_id"] == one)
    assert buildings.changeAttributeValue(feature.id(), buildings.fields().indexOf("height"), 55.0)
    before = city.path.stat().st_mtime_ns
    coming = Coming(city, folder)
    coming.home.start()
    assert coming.home.phase == "waiting" and coming.home.editing.unsaved == (buildings.name(),)
    assert not spin(lambda: coming.home.phase != "waiting", 0.6) and city.path.stat().st_mtime_ns == before
    assert coming.home.save_and_go_on() == ""
    assert spin(lambda: bool(coming.over))
    assert (height(buildings, one), height(buildings, two)) == (55, 71)
    assert buildings.isEditable() and not buildings.isModified(), "the session goes on"


def test_cancelled_while_it_waits_writes_nothing(city: WorkingCopy) -> None:
    buildings = opened_in_project(city, "buildings")["buildings"]
    folder = package(city)
    outside(folder, "UPDATE buildings SET height = 71")
    assert buildings.startEditing()
    feature = next(buildings.getFeatures())
    assert buildings.changeAttributeValue(feature.id(), buildings.fields().indexOf("height"), 55.0)
    coming = Coming(city, folder)
    coming.home.start()
    coming.home.cancel()
    assert coming.over == [True] and coming.came == [] and open_copy(city.path).changes() == []
    assert buildings.isModified()


def test_nobody_can_edit_meanwhile_and_the_window_stays_awake(city: WorkingCopy) -> None:
    buildings = opened_in_project(city, "buildings")["buildings"]
    folder = package(city)
    outside(folder, "UPDATE buildings SET height = height + 1 WHERE fid % 10 = 0")
    coming = Coming(city, folder)
    coming.home.start()
    assert coming.home.phase == "merging" and buildings.readOnly() and not buildings.startEditing()
    with pytest.raises(writing.NotWritten, match="is being written just now"):
        writing.change(buildings, {1: {"height": 1.0}}, "Height")
    heart = Heartbeat()
    assert spin(lambda: bool(coming.over), 60)
    away = heart.stop()
    print(f"main thread away {away:.0f} ms")
    if os.getloadavg()[0] < (os.cpu_count() or 1):  # else others kept us from the processor
        assert away < 2 * BLOCK_LIMIT, "once; a block of ours is far longer"
    (came,) = coming.came
    assert came.summary is not None and came.summary.edits > 100 and not buildings.readOnly()


def test_stopped_for_good(city: WorkingCopy) -> None:
    buildings = opened_in_project(city, "buildings")["buildings"]
    coming = Coming(city, package(city))
    coming.home.start()
    coming.home.stop()
    assert not buildings.readOnly() and not spin(lambda: bool(coming.over or coming.came), 0.5)


def another_program(path: Path, *statements: str) -> None:
    """Edit with GDAL in a process of its own."""
    code = (
        "import sys\nfrom osgeo import gdal\ngdal.UseExceptions()\n"
        "d = gdal.OpenEx(sys.argv[1], gdal.OF_UPDATE | gdal.OF_VECTOR)\n"
        "for s in sys.argv[2:]:\n    d.ExecuteSQL(s)\nd = None\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path), *statements], check=True, timeout=60)


def test_a_whole_package_goes_out_and_comes_home(city: WorkingCopy, tmp_path: Path) -> None:
    """As it is made for outside, noted and edited there by another program, sent as a zip of its own."""
    folder = made(city, tmp_path / "walk").folder
    assert folder is not None
    gpkg = folder / "review.gpkg"
    with opened(gpkg) as connection:
        ((one,), (two,)) = connection.execute("SELECT twin_id FROM buildings ORDER BY fid LIMIT 2").fetchall()
    (folder / "photos" / "roof.jpg").write_bytes(picture())
    srid = plain.read(gpkg).srids["reviews"]
    degrees = QgsCoordinateReferenceSystem("EPSG:4326")
    to_table = QgsCoordinateTransform(degrees, QgsCoordinateReferenceSystem.fromEpsgId(srid), QgsProject.instance())
    at = to_table.transform(4.485, 51.911)
    blob = encode({"type": "Point", "coordinates": [at.x(), at.y()]}, srid)[0]
    assert blob is not None
    another_program(
        gpkg,
        f"UPDATE buildings SET height = 71 WHERE twin_id = '{one}'",
        f"DELETE FROM buildings WHERE twin_id = '{two}'",
        "INSERT INTO reviews (geom, kind, text, status, photo) VALUES "
        f"(X'{blob.hex()}', 'wrong', 'The roof is new', 'open', 'photos/roof.jpg')",
        "UPDATE review_tasks SET done = 1 WHERE fid = 1",
    )
    shutil.make_archive(str(tmp_path / "home"), "zip", tmp_path, "walk")
    summary = merge_review(open_copy(city.path), tmp_path / "home.zip")
    assert (summary.edits, summary.items, summary.photos, summary.conflicts, summary.notes) == (2, 1, 1, 0, ())
    assert (summary.tasks, summary.tasks_done, summary.label) == (3, 1, "Walk one")
    assert tick_words.sentences(summary) == ["Look 1: looked at by somebody"]
    (item,) = plain.read(city.path).items
    assert item.text == "The roof is new" and (city.path.parent / item.photos[0]).is_file()
    layer = QgsVectorLayer(f"{city.path}|layername=reviews", "Notes", "ogr")
    place = next(layer.getFeatures()).geometry().asPoint()
    there = QgsCoordinateTransform(layer.crs(), degrees, QgsProject.instance()).transform(place)
    assert there.x() == pytest.approx(4.485, abs=1e-6) and there.y() == pytest.approx(51.911, abs=1e-6)
    assert not merge_review(open_copy(city.path), folder).brought


# -- lists of pilots -------------------------------------------------------------------------------------------------


def judged(copy: WorkingCopy, path: Path, criterion: str, rating: str) -> Pilot:
    """Somebody judges one technical criterion of P-06 in the file at ``path``."""
    pilot = find_pilot(read_pilots(open_copy(path)), "P-06")
    kept = [one for one in pilot.technical if one.criterion != criterion]
    new = Assessment(criterion, rating, f"{rating}, seen there", date(2026, 11, 23))
    values = as_columns(pilots_source(copy), written(replace(pilot, technical=(*kept, new))))
    connection = connect(path, write=True)
    for name, value in values.items():
        connection.execute(f'UPDATE pilots SET "{name}" = ? WHERE fid = ?', (value, pilot.fid))
    connection.close()
    return pilot


def test_lists_of_pilots_merge_inside(city: WorkingCopy) -> None:
    """Who judged other criteria outside never clashes with the office."""
    folder = package(city)
    judged(city, folder / "review.gpkg", "reuse", "met")
    judged(city, city.path, "maintenance", "not met")
    summary = merge_review(open_copy(city.path), folder)
    assert (summary.edits, summary.conflicts) == (1, 0)
    (layer,) = [layer for layer in summary.layers if layer.table == "pilots"]
    assert layer.merged == 1 and "merged inside" in layer.inside[0]
    ratings = {one.criterion: one.rating for one in find_pilot(read_pilots(open_copy(city.path)), "P-06").technical}
    assert (ratings["reuse"], ratings["maintenance"]) == ("met", "not met")


def test_one_criterion_that_both_judged_is_asked(city: WorkingCopy) -> None:
    folder = package(city)
    judged(city, folder / "review.gpkg", "reuse", "met")
    judged(city, city.path, "reuse", "not met")
    summary = merge_review(open_copy(city.path), folder)
    assert (summary.edits, summary.conflicts) == (0, 1)
    (conflict,) = open_copy(city.path).conflicts()
    (cell,) = conflict.clashes
    assert cell.inside is not None and len(cell.inside.clashes) == 1
    rated = {entry["criterion"]: entry["rating"] for entry in json.loads(str(cell.if_theirs))}
    assert rated["reuse"] == "met"


# -- the algorithm ---------------------------------------------------------------------------------------------------


class Told(QgsProcessingFeedback):
    def __init__(self) -> None:
        super().__init__(False)
        self.said: list[str] = []
        self.warned: list[str] = []

    def pushInfo(self, text: str) -> None:
        self.said.append(text)

    def pushWarning(self, text: str) -> None:
        self.warned.append(text)


def run(path: Path, source: Path) -> tuple[dict[str, Any], Told]:
    told, context, algorithm = Told(), QgsProcessingContext(), MergeReview()
    context.setProject(QgsProject.instance())
    algorithm.initAlgorithm({})
    parameters = {"WORKING_COPY": str(path), "PACKAGE": str(source)}
    assert algorithm.checkParameterValues(parameters, context) == (True, "")
    prepared = algorithm.create()
    assert prepared.prepare(parameters, context, told)
    return prepared.processAlgorithm(parameters, context, told), told


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_the_algorithm(city: WorkingCopy, form: str) -> None:
    one, two, _ = some(city)
    folder = package(city)
    outside(folder, "UPDATE buildings SET height = 71 WHERE twin_id IN (?, ?)", one, two)
    connection = connect(city.path, write=True)
    connection.execute("UPDATE buildings SET height = 70 WHERE twin_id = ?", (two,))
    connection.close()
    note(folder, "k-1")
    source = folder if form == "folder" else bundle.pack(folder, folder.with_suffix(".zip"))
    results, told = run(city.path, source)
    assert results == {"EDITS": 1, "ITEMS": 1, "PHOTOS": 0, "CONFLICTS": 1}
    assert any(line.startswith("Buildings: 0 new, 1 changed") for line in told.said)
    assert run(city.path, source)[0] == {"EDITS": 0, "ITEMS": 0, "PHOTOS": 0, "CONFLICTS": 0}


def test_the_algorithm_refuses_in_words(city: WorkingCopy, tmp_path: Path) -> None:
    with pytest.raises(QgsProcessingException, match="There is no file"):
        run(city.path, tmp_path / "nowhere.zip")
    (tmp_path / "text.zip").write_text("no package")
    with pytest.raises(QgsProcessingException, match="no zip"):
        run(city.path, tmp_path / "text.zip")
    assert open_copy(city.path).changes() == []
