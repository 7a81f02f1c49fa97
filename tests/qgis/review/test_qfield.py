"""The rules that QField's documentation and its project checker give: docs/review-qfield.md has them with sources."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from qgis.core import Qgis, QgsExpression, QgsProject, QgsRenderContext, QgsSvgMarkerSymbolLayer, QgsVectorLayer

from plugin.map.layers import make_layers
from plugin.map.review.background import background_of
from plugin.workcopy.copy import WorkingCopy
from tests.qgis.review.packages import layer_of, made, opened

# "Attribute form", table of supported widgets, by QGIS's own names
WIDGETS = {
    "ExternalResource", "Color", "DateTime", "CheckBox", "Hidden", "Range", "RelationReference", "TextEdit", "ValueMap",
    "ValueRelation", "UuidGenerator",
}  # fmt: skip
FORBIDDEN = re.compile(r'[<>:"\\|?*]')


@pytest.fixture(scope="module")
def folder(city_file, tmp_path_factory, qgis_app) -> Path:
    """One package that all look at."""
    place = tmp_path_factory.mktemp("qfield")
    shutil.copyfile(city_file, place / "city.gpkg")
    city = WorkingCopy.open(place / "city.gpkg")
    wanted = background_of([layer for layer in make_layers(city) if layer.name() in ("Streets", "Water")], 16)
    return made(city, place / "Bürgerwacht — wijk 3", background=wanted).folder


@pytest.fixture(scope="module")
def project(folder):
    found = opened(folder)
    yield found
    found.clear()


def vectors(project: QgsProject) -> list[QgsVectorLayer]:
    return [layer for layer in project.mapLayers().values() if isinstance(layer, QgsVectorLayer)]


def shown(layer: QgsVectorLayer) -> list[str]:
    """The columns of the form."""
    found: list[str] = []
    todo = [layer.editFormConfig().invisibleRootContainer()]
    while todo:
        one = todo.pop()
        if hasattr(one, "children"):
            todo.extend(one.children())
        elif hasattr(one, "idx"):
            found.append(one.name())
    return found


def test_paths_are_relative_and_there_is_no_home_path(project):
    assert project.filePathStorage() == Qgis.FilePathType.Relative
    assert project.presetHomePath() == ""


def test_every_source_is_a_file_in_the_project_s_folder(project, folder):
    for layer in project.mapLayers().values():
        path = Path(layer.source().split("|")[0]).resolve()
        assert path.is_file() and folder.resolve() in path.parents, layer.source()
        assert layer.dataProvider().name() in ("ogr", "gdal")  # neither memory nor a service


def test_names_of_files_can_be_written_everywhere(folder):
    for path in folder.rglob("*"):
        assert path.name.isascii() and not FORBIDDEN.search(path.name)


def test_vector_layers_are_geopackage_in_utf_8_with_one_key(project):
    for layer in vectors(project):
        assert layer.dataProvider().storageType() == "GPKG"
        assert layer.dataProvider().encoding() == "UTF-8"
        (key,) = layer.primaryKeyAttributes()
        assert "," not in layer.fields()[key].name()


def test_layers_of_one_file_are_taken_along_in_one_way(project):
    actions: dict[str, set[str]] = {}
    for layer in project.mapLayers().values():
        actions.setdefault(layer.source().split("|")[0], set()).add(layer.customProperty("QFieldSync/action"))
        assert layer.customProperty("QFieldSync/cloud_action") in ("offline", "no_action")
    assert len(actions) == 2 and all(found == {"copy"} for found in actions.values())


def test_forms_have_widgets_that_qfield_has(project):
    for layer in vectors(project):
        assert layer.editFormConfig().layout() == Qgis.AttributeFormLayout.DragAndDrop
        names = shown(layer)
        assert names, layer.name()
        for name in names:
            kind = layer.editorWidgetSetup(layer.fields().lookupField(name)).type()
            assert kind in WIDGETS, (layer.name(), name, kind)
        assert not layer.editFormConfig().initCode() and not layer.editFormConfig().uiForm()


def test_expressions_need_no_plugin(project):
    for layer in vectors(project):
        texts = [layer.displayExpression()]
        for index in range(layer.fields().count()):
            texts.append(layer.defaultValueDefinition(index).expression())
            texts.append(layer.constraintExpression(index))
        for text in filter(None, texts):
            expression = QgsExpression(text)
            assert not expression.hasParserError(), (layer.name(), text, expression.parserErrorString())
            assert not any(name.startswith("citytwin") for name in expression.referencedFunctions())


def test_attachments_lie_beside_the_project_and_are_named_there(project):
    for table in ("reviews", "review_lines", "review_areas"):
        layer = layer_of(project, table)
        naming = json.loads(layer.customProperty("QFieldSync/attachment_naming"))
        assert json.loads(layer.customProperty("QFieldSync/photo_naming")) == naming
        names = set()
        for column in ("photo", "photo_2", "photo_3"):
            config = layer.editorWidgetSetup(layer.fields().lookupField(column)).config()
            assert (config["RelativeStorage"], config["DocumentViewer"]) == (1, 1)
            assert not config.get("StorageType")
            # what QField makes a file's name of: without such an end it takes a name and folder of its own
            found = QgsExpression(naming[column]).evaluate()
            assert re.fullmatch(r"photos/\d{8}_\d{9}_\d\.\{extension\}", found), found
            names.add(found[-14:])
        assert len(names) == 3
    attached, ok = project.readListEntry("qfieldsync", "attachmentDirs")
    assert ok and attached == ["photos"]
    assert project.readNumEntry("qfieldsync", "maximumImageWidthHeight")[0] == 2048


def test_it_opens_to_look_and_notes_are_the_first_layer_to_draw_in(project):
    assert project.readEntry("qfieldsync", "initialMapMode")[0] == "browse"
    assert project.mapLayer(project.readEntry("qfieldsync", "initialActiveLayer")[0]) == layer_of(project, "reviews")
    assert project.readBoolEntry("qfieldsync", "createBaseMap", True)[0] is False


def test_there_are_map_themes_of_layers_that_exist(project):
    themes = project.mapThemeCollection()
    assert len(themes.mapThemes()) == 4
    for name in themes.mapThemes():
        assert themes.mapThemeVisibleLayers(name)


def test_tasks_are_neither_moved_nor_removed(project):
    layer = layer_of(project, "review_tasks")
    for what in ("is_feature_deletion_locked", "is_geometry_editing_locked"):
        assert layer.customProperty(f"QFieldSync/{what}")
    assert not layer_of(project, "reviews").customProperty("QFieldSync/is_geometry_editing_locked")


def test_signs_are_embedded(project):
    signs = [
        symbol.symbolLayer(index).path()
        for layer in vectors(project)
        for symbol in layer.renderer().symbols(QgsRenderContext())
        for index in range(symbol.symbolLayerCount())
        if isinstance(symbol.symbolLayer(index), QgsSvgMarkerSymbolLayer)
    ]
    assert len(set(signs)) == 8 and all(path.startswith("base64:") for path in signs)


def test_the_background_is_a_file_nobody_taps_on(project):
    (layer,) = project.mapLayersByName("Background")
    assert layer.source().endswith("background.mbtiles")
    assert not layer.flags() & layer.LayerFlag.Identifiable
