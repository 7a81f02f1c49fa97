"""A twin that calls its pilots "proefgebieden": somebody says which column is which, and its areas are pilots."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from qgis.core import QgsProject, QgsSettings, QgsVectorLayer

from plugin.demo.__main__ import fill
from plugin.demo.app import create_app
from plugin.demo.settings import Settings
from plugin.demo.store import Store
from plugin.gui.catalogue_model import CatalogueModel
from plugin.gui.collection_list import CollectionList
from plugin.gui.connection_dialog import ConnectionDialog
from plugin.gui.pilots.mapping_dialog import MappingDialog
from plugin.gui.pilots.mapping_draft import Draft
from plugin.gui.pilots.mapping_presenter import MappingPresenter, may_be_pilots
from plugin.gui.pilots.mapping_sample import Sample
from plugin.map import connections, forms, layers
from plugin.map.connections import Connection
from plugin.map.pilots import mappings
from plugin.map.pilots.combining import open_copy
from plugin.pilots import schema as cols
from plugin.pilots.mapping import PilotMapping
from plugin.pilots.reading import read_pilots
from plugin.twin.client import Twin
from plugin.twin.model import Collection, Property, Schema
from plugin.workcopy.checkout import checkout
from tests.copies import square
from tests.qgis.map.meanwhile import spin
from tests.twin_server import serve_app

NAME = "Stad / test"
PILOTS = [
    {"Naam": "Deelfietsen", "fase": "loopt", "thema": "mobiliteit", "startdatum": "2025-01-01",
     "einddatum": "2026-05-01", "trekker": "Mobiliteit", "budget": 40000, "opm": "x"},
    {"Naam": "Laadpalen", "fase": "in uitvoering", "thema": "energy", "startdatum": "2026-01-01",
     "einddatum": "2027-01-01", "trekker": "Energie", "budget": None, "opm": "y"},
    {"Naam": "Warmtenet", "fase": "gestopt", "thema": "energy", "startdatum": None, "einddatum": None,
     "trekker": None, "budget": 1e6, "opm": None},
    {"Naam": "Luchtkabel", "fase": "droom", "thema": None, "startdatum": None, "einddatum": None,
     "trekker": None, "budget": None, "opm": None},
]  # fmt: skip


def write(folder: Path) -> None:
    rd = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::28992"}}
    areas = [
        {"type": "Feature", "id": f"g{n}", "geometry": square(92000 + 300 * n, 437000, 100), "properties": one}
        for n, one in enumerate(PILOTS)
    ]
    point = {"type": "Point", "coordinates": [92000.5, 437000.5]}
    benches = [{"type": "Feature", "id": "b1", "geometry": point, "properties": {"naam": "Bank"}}]
    for name, features in (("proefgebieden", areas), ("wijken", areas[:1]), ("banken", benches)):
        document = {"type": "FeatureCollection", "crs": rd, "features": features}
        (folder / f"{name}.geojson").write_text(json.dumps(document), encoding="utf-8")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("dutch")
    data = folder / "data"
    data.mkdir()
    write(data)
    store = Store(folder / "twin.sqlite")
    fill(store, data)
    url, stop = serve_app(create_app(store, Settings()))
    yield url
    stop()
    store.close()


@pytest.fixture
def twin(served: str, qgis_app: Any) -> Iterator[str]:
    QgsSettings().remove("citytwin")
    QgsProject.instance().clear()
    connections.save(Connection(NAME, served))
    yield served
    QgsProject.instance().clear()
    QgsSettings().remove("citytwin")


def described(url: str) -> list[Collection]:
    """As the catalogue has them once it has looked into each."""
    client = Twin(url)
    return [client.describe(one)[0] for one in client.collections()]


def presenter_of(url: str, chosen: str = "proefgebieden") -> MappingPresenter:
    presenter = MappingPresenter(NAME, described(url))
    presenter.begin(chosen)
    assert spin(lambda: presenter.phase != "reading"), presenter.error
    return presenter


# -- what is guessed, and what is said


def test_a_dutch_collection_is_guessed(twin: str) -> None:
    presenter = presenter_of(twin)
    assert [one.id for one in presenter.collections] == ["proefgebieden", "wijken"], "points are no pilots"
    draft = presenter.draft
    assert draft is not None and presenter.obstacle == ""
    found = {row.ours: row.theirs for row in draft.columns() if row.theirs}
    assert found == {
        cols.NAME: "Naam", cols.STAGE: "fase", cols.THEME: "thema", cols.START: "startdatum", cols.END: "einddatum",
        cols.LEAD: "trekker", cols.BUDGET: "budget",
    }  # fmt: skip
    examples = {row.ours: row.examples for row in draft.columns()}
    assert examples[cols.NAME] == "Deelfietsen · Laadpalen · Warmtenet" and examples[cols.SUMMARY] == ""
    meant = {(row.ours, row.theirs): row.word for row in draft.values()}
    assert meant == {
        (cols.STAGE, "droom"): "", (cols.STAGE, "gestopt"): "stopped", (cols.STAGE, "in uitvoering"): "running",
        (cols.STAGE, "loopt"): "running", (cols.THEME, "energy"): "energy", (cols.THEME, "mobiliteit"): "",
    }  # fmt: skip
    assert [(one.name, one.stage, one.theme) for one in draft.preview()] == [
        ("Deelfietsen", "running", "mobiliteit"), ("Laadpalen", "running", "energy"),
        ("Warmtenet", "stopped", "energy"),
    ]  # fmt: skip
    first, *_, last = draft.warnings()
    assert first == "The value droom means no stage: its pilots have none."
    assert "Summary" in last and "Partners" in last and "Theme" not in last


def test_a_choice_changes_what_is_read(twin: str) -> None:
    presenter = presenter_of(twin)
    presenter.set_value(cols.THEME, "mobiliteit", "mobility")
    presenter.set_value(cols.STAGE, "droom", "idea")
    presenter.set_column(cols.SUMMARY, "opm")
    draft = presenter.draft
    assert draft is not None
    assert [(one.theme, one.summary) for one in draft.preview()][:2] == [("mobility", "x"), ("energy", "y")]
    assert not any("droom" in words for words in draft.warnings())
    presenter.set_column(cols.SUMMARY, "")
    presenter.set_value(cols.STAGE, "droom", "")
    assert presenter.draft is not None and presenter.draft.mapping.values[cols.STAGE] == {
        "loopt": "running", "in uitvoering": "running", "gestopt": "stopped",
    }  # fmt: skip
    presenter.set_column(cols.STAGE, "")
    assert presenter.obstacle == "Choose the column of Stage: without it there are no pilots." and not presenter.save()
    presenter.set_column(cols.STAGE, "opm")
    assert presenter.obstacle == "Say what at least one value of the stage means."
    presenter.set_column(cols.STAGE, "budget")
    assert presenter.obstacle == "The column budget holds no words, so it cannot be the stage."
    presenter.set_column(cols.STAGE, "fase")
    assert presenter.obstacle == "", "and its values are meant as guessed by their words"
    presenter.guess()
    assert presenter.draft.mapping.column(cols.STAGE) == "fase"
    assert mappings.kept(NAME) is None, "nothing is kept before Save"


def _collection(identity: str) -> Collection:
    return Collection(
        identity, identity.title(), "", "MultiPolygon", False, None, None, "", "", (), None, "u", "s", None, frozenset()
    )


def test_points_are_no_pilots(twin: str) -> None:
    """A twin that does not say what a collection holds before it is asked for it."""
    presenter = MappingPresenter(NAME, Twin(twin).collections())
    presenter.begin("banken")
    assert spin(lambda: presenter.phase == "ready")
    assert presenter.obstacle == "This collection holds no areas. Choose one that does."


def test_words_of_the_users_language_are_known(tmp_path: Path, qgis_app: Any) -> None:
    """Values that are called as our words are called, and ratings inside lists."""
    judged = [{"criterion": "reuse", "rating": "Met"}, {"criterion": "time", "rating": "matig"}]
    rows = ({"name": "One", "stage": "Running", "theme": "Climate_adaptation", "technical": judged},)
    schema = Schema((Property("name", "string"), Property("stage", "string"), Property("theme", "string"),
                     Property("technical", "array")))  # fmt: skip
    draft = Draft.guessed(Sample(_collection("areas"), schema, rows))
    assert {(row.ours, row.theirs): row.word for row in draft.values()} == {
        ("stage", "Running"): "running", ("theme", "Climate_adaptation"): "climate adaptation",
        ("rating", "Met"): "met", ("rating", "matig"): "",
    }  # fmt: skip
    assert draft.mapping.columns == {} and draft.columns()[0].fixed
    changed = draft.with_value("rating", "matig", "partly met")
    assert [one.rating for one in changed.preview()[0].technical] == ["met", "partly met"]


def test_which_collections_may_be_pilots() -> None:
    from dataclasses import replace

    areas = _collection("areas")
    assert may_be_pilots(areas) and may_be_pilots(replace(areas, geometry_type=""))
    assert not may_be_pilots(replace(areas, geometry_type="Point"))
    assert not may_be_pilots(replace(areas, is_features=False))


# -- keeping it


def in_project(url: str, folder: Path) -> tuple[Path, QgsVectorLayer]:
    path = folder / "stad.gpkg"
    checkout(Twin(url), ["proefgebieden"], path)
    copy = open_copy(path)
    layers.save_default_styles(copy)
    (layer,) = layers.make_layers(copy)
    QgsProject.instance().addMapLayer(layer)
    return path, layer


def test_saved_the_layers_of_the_project_are_pilots_and_forgotten_they_are_not(twin: str, tmp_path: Path) -> None:
    path, layer = in_project(twin, tmp_path)
    assert layer.renderer().type() == "singleSymbol"
    told: list[str] = []
    mappings.signals.changed.connect(told.append)
    presenter = presenter_of(twin)
    assert presenter.save() and told == [NAME]
    assert layer.renderer().type() == "RuleRenderer"
    stage = layer.editorWidgetSetup(layer.fields().lookupField("fase"))
    assert {"Running (loopt)": "loopt"} in stage.config()["map"]
    copy = open_copy(path)
    (again,) = layers.make_layers(copy)
    assert again.renderer().type() == "RuleRenderer", "the file keeps it"
    pilots = read_pilots(copy, mappings.of_copy(copy))
    assert [(one.name, one.stage) for one in pilots][:3] == [
        ("Deelfietsen", "running"), ("Laadpalen", "running"), ("Warmtenet", "stopped"),
    ]  # fmt: skip

    later = MappingPresenter(NAME, Twin(twin).collections())
    assert later.kept == presenter.draft.mapping if presenter.draft else False
    later.begin()
    assert later.chosen == "proefgebieden" and spin(lambda: later.phase == "ready")
    later.forget()
    assert mappings.kept(NAME) is None and layer.renderer().type() == "singleSymbol"
    assert not layer.customProperty(forms.UNLISTED)
    mappings.signals.changed.disconnect(told.append)


def test_another_collection_takes_the_place(twin: str) -> None:
    mappings.keep(NAME, PilotMapping("proefgebieden", {cols.NAME: "Naam", cols.STAGE: "fase"}))
    presenter = presenter_of(twin, "wijken")
    assert presenter.replaces in ("proefgebieden", "Proefgebieden") and presenter.chosen == "wijken"
    presenter.choose("proefgebieden")
    assert presenter.replaces == "" and spin(lambda: presenter.phase == "ready")
    assert presenter.draft is not None and presenter.draft.theirs(cols.LEAD) == "", "what was kept is shown"
    presenter.set_column(cols.LEAD, "trekker")
    presenter.choose("wijken")
    presenter.choose("proefgebieden")
    assert presenter.draft.theirs(cols.LEAD) == "trekker", "looking elsewhere loses nothing"


def test_a_renamed_connection_keeps_its_mapping(twin: str) -> None:
    mapping = PilotMapping("proefgebieden", {cols.NAME: "Naam", cols.STAGE: "fase"})
    mappings.keep(NAME, mapping)
    former = connections.get(NAME)
    dialog = ConnectionDialog(former)
    dialog.name.setText("Stad")
    dialog.accept()
    assert mappings.kept("Stad") == mapping and mappings.kept(NAME) is None
    dialog.deleteLater()


# -- the window


def test_the_window(twin: str) -> None:
    dialog = MappingDialog(NAME, Twin(twin).collections(), chosen="proefgebieden")
    dialog.show()
    assert spin(lambda: dialog.presenter.phase == "ready")
    assert dialog.collection.currentData() == "proefgebieden" and not dialog.forget_button.isVisible()
    assert dialog.columns.boxes[cols.NAME].currentText() == "Naam"
    assert dialog.columns.boxes[cols.SUMMARY].currentText() == "(none)"
    assert dialog.preview.item(0, 0).text() == "Deelfietsen" and dialog.preview.item(1, 0).text() == "Running"
    box = dialog.values.boxes[f"{cols.STAGE}\ndroom"]
    box.setCurrentIndex(box.findData("idea"))
    box.activated.emit(box.currentIndex())
    assert dialog.presenter.draft is not None
    assert dialog.presenter.draft.mapping.word(cols.STAGE, "droom") == "idea"
    assert dialog.values.boxes[f"{cols.STAGE}\ndroom"] is box, "the keyboard stays where it is"
    stage = dialog.columns.boxes[cols.STAGE]
    stage.setCurrentIndex(0)
    stage.activated.emit(0)
    assert not dialog.save_button.isEnabled() and dialog.trouble.isVisible()
    dialog.guess_button.click()
    assert dialog.save_button.isEnabled() and not dialog.trouble.isVisible()
    dialog.save_button.click()
    assert not dialog.isVisible() and mappings.kept(NAME) is not None
    dialog.deleteLater()


def test_a_twin_that_does_not_answer(twin: str) -> None:
    collections = Twin(twin).collections()
    connections.save(Connection(NAME, "http://127.0.0.1:9/"))
    presenter = MappingPresenter(NAME, collections)
    dialog = MappingDialog(NAME, collections, presenter=presenter)
    dialog.show()
    assert spin(lambda: presenter.phase == "failed")
    assert dialog.trouble.text and not dialog.save_button.isEnabled() and not dialog.splitter.isEnabled()
    dialog.reject()
    dialog.deleteLater()
    nothing = MappingPresenter(NAME, [])
    nothing.begin()
    assert nothing.error == "This twin has no collection of areas."


def test_the_catalogues_menu_leads_there(twin: str) -> None:
    model = CatalogueModel()
    found = described(twin)
    model.set_collections(found)
    view = CollectionList(model)
    wanted: list[Any] = []
    view.pilots_wanted.connect(wanted.append)
    by_id = {one.id: one for one in found}
    assert "Use as Pilots…" not in [action.text() for action in view.menu(by_id["banken"]).actions()]
    menu = view.menu(by_id["proefgebieden"])
    (action,) = [action for action in menu.actions() if action.text() == "Use as Pilots…"]
    action.trigger()
    assert wanted == [by_id["proefgebieden"]]
    assert "Use as Pilots…" not in [action.text() for action in view.menu(None).actions()]
    view.deleteLater()
