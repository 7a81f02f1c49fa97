"""A package as QGIS opens it elsewhere: every layer there, paths relative, forms that work without the plugin."""

from __future__ import annotations

import gc
import shutil
import zipfile
from datetime import datetime, timezone
from pathlib import Path

import pytest
from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsExpression,
    QgsFeature,
    QgsGeometry,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProject,
    QgsVectorLayerUtils,
)
from qgis.PyQt.QtCore import QSize

from plugin.map import tasks as running
from plugin.map.layers import make_layers
from plugin.map.review.packaging import package_review
from plugin.processing.packagereview import PackageReview
from plugin.review import plain, schema
from plugin.review import tasks as todo
from plugin.review.bundle import unpack
from plugin.twin.errors import Cancelled
from plugin.workcopy.connection import opened as workcopy_opened
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.errors import FileExists, WorkingCopyError
from plugin.workcopy.package import Package, packages
from tests.qgis.review.packages import EAST, NORTH, SOUTH, WEST, elsewhere, layer_of, made, opened, request


@pytest.fixture(scope="module")
def walk(city_file: Path, tmp_path_factory, qgis_app) -> Path:
    """One package for all that only look at one; the office's file is gone."""
    place = tmp_path_factory.mktemp("walk")
    shutil.copyfile(city_file, place / "city.gpkg")
    folder = elsewhere(made(WorkingCopy.open(place / "city.gpkg"), place / "Walk one"), place / "moved")
    (place / "city.gpkg").unlink()
    return folder


@pytest.fixture
def folder(walk: Path, tmp_path: Path) -> Path:
    shutil.copytree(walk, tmp_path / "somewhere else")
    return tmp_path / "somewhere else"


@pytest.fixture
def project(folder: Path):
    found = opened(folder)
    yield found
    found.clear()


def new_feature(layer, wkt: str = "Point(92900 436200)", **values) -> QgsFeature:
    """A feature as the form makes it: with the layer's own default values."""
    known = {layer.fields().lookupField(name): value for name, value in values.items()}
    return QgsVectorLayerUtils.createFeature(layer, QgsGeometry.fromWkt(wkt), known, layer.createExpressionContext())


def test_every_layer_opens_elsewhere_and_is_found_beside_the_project(project, folder):
    layers = list(project.mapLayers().values())
    assert {layer.name() for layer in layers} >= {"Review tasks", "Review: points", "Review: lines", "Review: areas"}
    assert all(layer.isValid() for layer in layers)
    assert {layer.dataProvider().name() for layer in layers} == {"ogr"}
    with zipfile.ZipFile(folder / "review.qgz") as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".qgs")]
        text = archive.read(name).decode()
    assert text.count("<datasource>./review.gpkg|layername=") == len(layers)
    assert str(folder.parent) not in text and "saveUser" not in text
    assert project.filePathStorage() == Qgis.FilePathType.Relative and project.presetHomePath() == ""
    assert layer_of(project, "buildings").featureCount() > 20
    assert layer_of(project, "review_tasks").featureCount() == 3


def test_nothing_lies_beside_the_files_that_the_contract_names(folder):
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*")) == [
        "README.txt", "photos", "photos/README.txt", "review.gpkg", "review.json", "review.qgz",
    ]  # fmt: skip


def test_what_is_seen_first_is_the_area(project):
    box = project.viewSettings().defaultViewExtent()
    assert box.crs().authid() == "EPSG:28992"
    assert box.contains(layer_of(project, "review_tasks").extent())
    assert box.width() < 800


def test_opening_asks_nobody_which_way_coordinates_go(project):
    context, own = project.transformContext(), project.crs()
    for code in ("EPSG:4326", "EPSG:3857"):
        assert context.hasTransform(QgsCoordinateReferenceSystem(code), own), code


def test_notes_lie_on_the_ticks_of_tasks_and_both_on_areas(project):
    order = [layer.name() for layer in project.layerTreeRoot().layerOrder()]
    assert order[:4] == ["Review: points", "Review tasks", "Review: lines", "Review: areas"]


def test_what_is_confirmed_has_its_sign_and_no_words(project):
    notes = layer_of(project, "reviews")
    words, context = QgsExpression(notes.labeling().settings().fieldName), notes.createExpressionContext()

    def said(**values) -> str:
        context.setFeature(new_feature(notes, **values))
        return words.evaluate(context)

    assert said(kind="confirmed", about_label="Meent 12") == ""
    assert said(kind="confirmed", about_label="Meent 12", text="Newly painted") == "Newly painted"
    assert said(kind="wrong", about_label="Meent 12", status="done") == "Meent 12 (done)"


def test_themes_show_what_they_say(project):
    themes = project.mapThemeCollection()
    assert set(themes.mapThemes()) == {"Everything", "City without review"}
    shown = {layer.name() for layer in themes.mapThemeVisibleLayers("City without review")}
    assert "Buildings" in shown and not any(name.startswith("Review") for name in shown)


def test_a_note_is_filled_in_by_itself(project):
    layer = layer_of(project, "reviews")
    before = datetime.now(timezone.utc).replace(microsecond=0)
    feature = new_feature(layer, text="The gable is gone")
    assert (feature["kind"], feature["status"], feature["author"]) == ("wrong", "open", "Team West")
    noted = datetime.fromisoformat(feature["noted"].replace("Z", "+00:00"))
    assert before <= noted <= datetime.now(timezone.utc)
    assert len(feature["key"]) == 36
    assert new_feature(layer)["key"] != feature["key"]


@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "Pacific/Apia", "America/St_Johns", "UTC"])
def test_a_note_s_time_is_utc_wherever_it_is_written(project, zone, monkeypatch):
    import time

    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        noted = new_feature(layer_of(project, "reviews"))["noted"]
    finally:
        monkeypatch.undo()
        time.tzset()
    moment = datetime.fromisoformat(noted.replace("Z", "+00:00"))
    assert abs((datetime.now(timezone.utc) - moment).total_seconds()) < 5


def test_notes_made_through_qgis_are_read_by_the_office(project, folder):
    for table, wkt in (
        ("reviews", "Point(92900 436200)"),
        ("review_lines", "MultiLineString((92900 436200, 92950 436250))"),
        ("review_areas", "MultiPolygon(((92900 436200, 92950 436250, 92950 436200, 92900 436200)))"),
    ):
        layer = layer_of(project, table)
        layer.startEditing()
        assert layer.addFeature(new_feature(layer, wkt, text=table, photo="photos/a.jpg"))
        assert layer.commitChanges(), layer.commitErrors()
    project.clear()
    items = plain.read(folder / "review.gpkg").items
    assert {item.table for item in items} == set(schema.COLLECTIONS)
    assert {item.text for item in items} == set(schema.COLLECTIONS)
    assert all(item.photos == ("photos/a.jpg",) and item.key and item.status == "open" for item in items)


def test_a_task_that_is_ticked_says_when_and_by_whom(project, folder):
    layer = layer_of(project, "review_tasks")
    layer.startEditing()
    first = next(layer.getFeatures())
    layer.changeAttributeValue(first.id(), layer.fields().lookupField("done"), True)
    assert layer.commitChanges(), layer.commitErrors()
    project.clear()
    done, *rest = todo.read(folder / "review.gpkg")
    assert (done.done, done.done_by) == (True, "Team West") and done.done_at.endswith("Z")
    assert not any(task.done or task.done_at for task in rest)


def test_forms_hide_what_nobody_types_and_attach_photos(project):
    layer = layer_of(project, "reviews")
    config = layer.editFormConfig()
    for name in ("key", "status", "noted", "answer"):
        assert config.readOnly(layer.fields().lookupField(name)), name
    widgets = {field.name(): layer.editorWidgetSetup(index) for index, field in enumerate(layer.fields())}
    assert widgets["photo"].type() == "ExternalResource"
    assert widgets["photo"].config()["RelativeStorage"] == 1
    assert [next(iter(one)) for one in widgets["kind"].config()["map"]] == [
        "Wrong", "Missing", "New", "Question", "Confirmed",
    ]  # fmt: skip
    assert {"Buildings": "buildings"} in widgets["about"].config()["map"]
    buildings = layer_of(project, "buildings")
    for name in ("twin_id", "twin_version"):
        assert buildings.editFormConfig().readOnly(buildings.fields().lookupField(name))


def test_what_is_edited_in_the_package_is_tracked(project, folder):
    layer = layer_of(project, "buildings")
    layer.startEditing()
    feature = next(layer.getFeatures())
    layer.changeAttributeValue(feature.id(), layer.fields().lookupField("height"), 99.5)
    assert layer.commitChanges(), layer.commitErrors()
    project.clear()
    copy = WorkingCopy.open(folder / "review.gpkg")
    assert not copy.problems
    assert [change.kind for change in copy.changes("buildings")] == ["update"]


def test_the_file_alone_opens_as_the_project_shows_it(folder):
    from qgis.core import QgsVectorLayer

    layer = QgsVectorLayer(f"{folder / 'review.gpkg'}|layername=reviews", "x", "ogr")
    assert layer.renderer().type() == "categorizedSymbol"
    assert layer.editorWidgetSetup(layer.fields().lookupField("photo")).type() == "ExternalResource"


def test_kinds_and_statuses_look_different(project):
    layer = layer_of(project, "reviews")
    layer.startEditing()
    spots = {}
    for number, (kind, status) in enumerate(
        [("wrong", "open"), ("new", "open"), ("confirmed", "open"), ("wrong", "done"), ("wrong", "accepted")]
    ):
        spots[kind, status] = number
        layer.addFeature(new_feature(layer, f"Point({92900 + 20 * number} 436200)", kind=kind, status=status))
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setOutputSize(QSize(500, 100))
    settings.setDestinationCrs(layer.crs())
    from qgis.core import QgsRectangle

    settings.setExtent(QgsRectangle(92890, 436190, 92990, 436210))
    settings.setFlag(Qgis.MapSettingsFlag.DrawLabeling, False)
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    # beside the sign, on the disc
    seen = {key: image.pixelColor(50 + 100 * number - 8, 50).name() for key, number in spots.items()}
    layer.rollBack()
    assert len(set(seen.values())) == len(seen), seen


def test_a_zip_holds_the_same_and_leaves_no_folder(city, tmp_path):
    packed = made(city, tmp_path / "walk.zip")
    assert packed.folder is None and packed.zip == tmp_path / "walk.zip" and packed.bytes > 10_000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["office", "walk.zip"]
    root = unpack(packed.zip, tmp_path / "out").folder
    project = opened(root)
    assert project.count() == 10 and all(layer.isValid() for layer in project.mapLayers().values())
    assert (root / "photos").is_dir()
    project.clear()


class Stop:
    """Cancels at the first sentence that has ``word`` in it."""

    def __init__(self, word: str) -> None:
        self.word, self.stopped = word, False

    def cancelled(self) -> bool:
        return self.stopped

    def report(self, done, total, text) -> None:
        self.stopped = self.stopped or self.word in text

    def note(self, text) -> None:
        pass


def noted(copy: WorkingCopy) -> tuple[Package, ...]:
    """The packages that a working copy knows."""
    with workcopy_opened(copy.path) as connection:
        return packages(connection)


@pytest.mark.parametrize("word", ["Copying", "Preparing", "Packing the file", "Packing review"])
def test_a_cancelled_package_leaves_nothing(city, tmp_path, word):
    with pytest.raises(Cancelled):
        package_review(city, request(tmp_path / "walk", zipped=True), Stop(word))
    assert [path.name for path in tmp_path.iterdir()] == ["office"]
    assert noted(city) == ()


class Squatter(Stop):
    """Somebody puts something at the target at the last moment."""

    def __init__(self, word: str, target: Path) -> None:
        super().__init__(word)
        self.target = target

    def report(self, done, total, text) -> None:
        if self.word in text:
            (self.target / "mine").mkdir(parents=True, exist_ok=True)


def test_a_package_that_fails_in_the_end_is_not_known_to_the_office(city, tmp_path):
    with pytest.raises(WorkingCopyError):
        package_review(
            city, request(tmp_path / "walk", zipped=True), Squatter("Writing the project", tmp_path / "walk")
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["office", "walk"] and noted(city) == ()
    packed = made(city, tmp_path / "walk two")
    assert [one.id for one in noted(city)] == [packed.package.id]


def test_what_is_there_is_never_replaced(city, tmp_path):
    (tmp_path / "walk").mkdir()
    with pytest.raises(FileExists):
        made(city, tmp_path / "walk")
    assert list((tmp_path / "walk").iterdir()) == []


def test_a_layer_that_is_not_there_is_named(city, tmp_path):
    with pytest.raises(WorkingCopyError, match="bridges"):
        made(city, tmp_path / "walk", tables=("bridges",))


def test_in_a_task_the_open_project_is_left_alone(city, tmp_path, qtbot):
    """A project of its own is written, and cleared in the end: the layers of the open one live on."""
    shown = {layer.id(): layer for layer in make_layers(city, ["buildings", "trees"])}
    project = QgsProject.instance()
    project.addMapLayers(list(shown.values()))
    found = []
    running.run(
        "x",
        lambda progress: package_review(city, request(tmp_path / "walk"), progress),
        done=found.append,
        failed=found.append,
    )
    qtbot.waitUntil(lambda: bool(found), timeout=20_000)
    assert found[0].counts["buildings"] > 20
    gc.collect()
    assert set(project.mapLayers()) == set(shown)
    assert all(layer.isValid() and layer.featureCount() for layer in shown.values())
    again = QgsProject()
    assert again.read(str(found[0].folder / "review.qgz"))
    again.clear()
    del again
    gc.collect()
    assert set(project.mapLayers()) == set(shown) and all(layer.isValid() for layer in shown.values())
    project = opened(found[0].folder)
    assert all(layer.isValid() for layer in project.mapLayers().values())
    project.clear()


class Told(QgsProcessingFeedback):
    def __init__(self) -> None:
        super().__init__(False)
        self.said: list[str] = []

    def pushInfo(self, text: str) -> None:
        self.said.append(text)

    def pushWarning(self, text: str) -> None:
        self.said.append(text)


def test_the_algorithm_makes_a_package(city, tmp_path):
    told = Told()
    out, ok = PackageReview().run(
        {
            "WORKING_COPY": str(city.path),
            "EXTENT": f"{WEST},{EAST},{SOUTH},{NORTH} [EPSG:4326]",
            "LAYERS": "buildings, trees",
            "TITLE": "Streets",
            "FOR": "Team West",
            "DUE": "2026-12-01",
            "OUTPUT": str(tmp_path / "out"),
        },
        QgsProcessingContext(),
        told,
    )
    assert ok, told.said
    assert out["OUTPUT"] == str(tmp_path / "out") and out["FEATURE_COUNT"] > 100
    project = opened(tmp_path / "out")
    assert project.title() == "Streets" and project.count() == 6
    project.clear()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"LAYERS": "bridges"}, "bridges"),
        ({"DUE": "soon"}, "no date"),
        ({"EXTENT": "92000,93000,436000,437000"}, "CRS"),
    ],
)
def test_the_algorithm_says_what_is_wrong(city, tmp_path, wrong, words):
    parameters = {"WORKING_COPY": str(city.path), "OUTPUT": str(tmp_path / "out"), **wrong}
    with pytest.raises(QgsProcessingException, match=words):
        PackageReview().run(parameters, QgsProcessingContext(), Told(), catchExceptions=False)
    assert not (tmp_path / "out").exists()
