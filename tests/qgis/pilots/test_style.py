"""Pilot areas in QGIS: drawn by stage, fading ones marked as `pilots.fading` says, dated, and a form without JSON."""

from __future__ import annotations

import itertools
import json
import random
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qgis.core import (
    QgsDateTimeRange,
    QgsExpression,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsFeature,
    QgsFeatureRequest,
    QgsProject,
    QgsRenderContext,
    QgsSettings,
    QgsVectorLayer,
    QgsVectorLayerTemporalContext,
    QgsVectorLayerUtils,
)
from qgis.gui import QgsAttributeEditorContext, QgsAttributeForm, QgsGui
from qgis.PyQt.QtCore import QDate, QDateTime, Qt, QTime
from qgis.PyQt.QtGui import QImage, QPainter
from qgis.PyQt.QtWidgets import QLabel, QTabWidget

from plugin.demo.__main__ import fill
from plugin.demo.app import create_app
from plugin.demo.settings import Settings
from plugin.demo.store import Store
from plugin.map import connections, forms, layers, themes
from plugin.map.connections import Connection
from plugin.map.pilots import form as pilots_form
from plugin.map.pilots import mappings as pilot_mappings
from plugin.map.pilots import style as pilots_style
from plugin.map.pilots.fading import fading_expression
from plugin.pilots import schema as cols
from plugin.pilots import vocabulary as words
from plugin.pilots.fading import fading
from plugin.pilots.mapping import PilotMapping
from plugin.pilots.reading import read_pilots
from plugin.twin.client import Twin
from plugin.twin.model import Item, Property
from plugin.workcopy.checkout import checkout
from plugin.workcopy.copy import WorkingCopy
from tests.hand_made import Given, make, multi_square
from tests.identity_scenarios import sql_elsewhere
from tests.twin_server import serve_app


@pytest.fixture(scope="module")
def checked_out(tmp_path_factory) -> Path:
    """Pilots of the embedded twin."""
    folder = tmp_path_factory.mktemp("pilots")
    store = Store(folder / "twin.sqlite")
    fill(store)
    url, stop = serve_app(create_app(store, Settings()))
    checkout(Twin(url), ["pilots"], folder / "city.gpkg")
    stop()
    store.close()
    return folder / "city.gpkg"


@pytest.fixture
def city(checked_out, tmp_path) -> WorkingCopy:
    shutil.copyfile(checked_out, tmp_path / "city.gpkg")
    return WorkingCopy.open(tmp_path / "city.gpkg")


@pytest.fixture
def project(qgis_app, qgis_new_project) -> Iterator[QgsProject]:
    QgsGui.editorWidgetRegistry().initEditors()
    yield QgsProject.instance()
    QgsProject.instance().clear()


@pytest.fixture
def no_connections() -> Iterator[None]:
    yield
    QgsSettings().remove("citytwin/connections")


def pilots_layer(copy: WorkingCopy, table: str = "pilots") -> QgsVectorLayer:
    (layer,) = layers.make_layers(copy, [table])
    return layer


def context_of(layer: QgsVectorLayer) -> QgsExpressionContext:
    return QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))


def drawn_as(layer: QgsVectorLayer, name: str = "name") -> dict[str, set[str]]:
    """Every feature's name → the legend entries that draw it."""
    renderer = layer.renderer().clone()
    context = QgsRenderContext()
    context.setExpressionContext(context_of(layer))
    labels = {item.ruleKey(): item.label() for item in renderer.legendSymbolItems()}
    renderer.startRender(context, layer.fields())
    out = {}
    for feature in layer.getFeatures():
        context.expressionContext().setFeature(feature)
        keys = renderer.legendKeysForFeature(feature, context)  # that of all rules together among them
        out[feature[name]] = {labels[key] for key in keys if key in labels}
    renderer.stopRender(context)
    return out


# -- the look


def test_every_stage_has_a_look_and_a_word(city, project):
    layer = pilots_layer(city)
    legend = [item.label() for item in layer.renderer().legendSymbolItems()]
    assert legend[:7] == [words.stage_title(stage) for stage in words.STAGES]
    assert legend[7].startswith("Fading") and legend[8] == "No known stage"
    sql_elsewhere(city.path, "UPDATE pilots SET stage = 'dormant' WHERE twin_id = 'P-04'")
    sql_elsewhere(city.path, "UPDATE pilots SET stage = NULL WHERE twin_id = 'P-03'")
    layer.dataProvider().reloadData()
    found = drawn_as(layer)
    for pilot in read_pilots(city):
        stage = words.stage_title(pilot.stage) if pilot.stage in words.STAGES else "No known stage"
        fades = {legend[7]} if fading(pilot, date.today()) else set()
        assert found[pilot.name] == {stage} | fades
    assert any(len(entries) == 2 for entries in found.values()), "some fade"


@pytest.mark.parametrize("sight", ["normal", "protan", "deutan", "tritan"])
def test_stages_are_told_apart_by_every_colour_vision(sight):
    """Differences of colours as people without red, green or blue cones see them (Machado 2009), in CIE Lab."""
    seen = {stage: lab(np.clip(SIGHT[sight] @ linear(look.ink), 0, 1)) for stage, look in pilots_style.LOOKS.items()}
    for one, other in itertools.combinations(seen, 2):
        assert np.linalg.norm(seen[one] - seen[other]) > 20, (one, other)
    kinds = [(look.pattern, look.width, look.hatch) for look in pilots_style.LOOKS.values()]
    assert len(set(kinds)) == len(kinds), "without any colour, by the line alone"


def test_outlines_are_read_on_paper_and_on_dark_photographs(project):
    paper = (XYZ @ linear(layers.PAPER))[1]
    for look in pilots_style.LOOKS.values():
        assert (paper + 0.05) / ((XYZ @ linear(look.ink))[1] + 0.05) >= 3  # WCAG 2.1, 1.4.11
        image = QImage(60, 60, QImage.Format.Format_RGB32)
        image.fill(Qt.GlobalColor.black)
        painter = QPainter(image)
        pilots_style.symbol(look).drawPreviewIcon(painter, image.size())
        painter.end()
        most = max(image.pixelColor(x, 30).lightness() for x in range(60))
        assert most > 200, "the light seam"


def test_a_fading_pilot_is_marked_on_the_map_and_in_its_label(city, project):
    layer = pilots_layer(city)
    settings = layer.labeling().settings()
    label = QgsExpression(settings.fieldName)
    context, told = context_of(layer), {}
    for feature in layer.getFeatures():
        context.setFeature(feature)
        told[feature["name"]] = label.evaluate(context)
        assert not label.hasEvalError(), label.evalErrorString()
    for pilot in read_pilots(city):
        assert told[pilot.name].replace("\n", " ") == pilot.name + (" (fading)" if fading(pilot, date.today()) else "")
    assert layer.displayExpression() == '"name"'
    image = QImage(80, 80, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    pilots_style.mark().drawPreviewIcon(painter, image.size())
    painter.end()
    colours = {image.pixelColor(x, y).name() for x in range(80) for y in range(80)}
    assert {pilots_style.WARNING, pilots_style.WARNING_INK} <= colours


def test_the_expression_agrees_with_fading_on_every_day(city, project):
    layer, source = pilots_layer(city), city.source("pilots")
    disagreements(layer, source, read_pilots(city), range(0, 2500, 61))


def test_the_expression_agrees_with_fading_on_odd_pilots(city, project):
    """Random histories, ratings, dates and stages, null and nonsense among them."""
    dice = random.Random(5)

    def day() -> str:
        return (date(2024, 1, 1) + timedelta(dice.randrange(1000))).isoformat()

    def when() -> str:
        return dice.choice([day(), f"{day()}T12:00:00Z", "2026-13-45", "soon"])

    def stage() -> str:
        return dice.choice([*words.STAGES, "other"])

    def history() -> list[Any]:
        found: list[Any] = [{"at": when(), "from": stage(), "to": stage()} for _ in range(dice.randrange(5))]
        return [*found, *dice.sample([{"to": "running"}, {"at": day()}, 7, "x", None], dice.randrange(2))]

    def ratings(condition: str) -> list[Any]:
        criteria = dice.sample(words.CRITERIA[condition], dice.randrange(6))
        found: list[Any] = [{"criterion": name, "rating": dice.choice([*words.RATINGS, "so so"])} for name in criteria]
        for one in found:
            one.update(dice.choice([{"date": when()}, {}]))
        return [*found, *dice.sample([{"rating": "met", "date": day()}, None], dice.randrange(2))]

    for fid in range(1, 11):
        values: dict[str, str | None] = {
            "stage": stage(), "start_date": dice.choice([day(), None]), "end_date": dice.choice([day(), None]),
            "stage_history": dice.choice([json.dumps(history()), None, "[]"]),
            **{name: dice.choice([json.dumps(ratings(name)), None]) for name in words.CONDITIONS},
        }  # fmt: skip
        pairs = ", ".join(f"{name} = {QgsExpression.quotedValue(value)}" for name, value in values.items())
        sql_elsewhere(city.path, f"UPDATE pilots SET {pairs} WHERE fid = {fid}")
    layer, source = pilots_layer(city), city.source("pilots")
    assert disagreements(layer, source, read_pilots(city), range(1000, 2500, 61)) > 20


def disagreements(layer, source, pilots, days) -> int:
    """Every pilot on every day since 2021: none disagrees. How often one fades."""
    context, count = context_of(layer), 0
    features = list(layer.getFeatures())
    for day in (date(2021, 1, 1) + timedelta(n) for n in days):
        expression = QgsExpression(fading_expression(source, today=f"to_date('{day}')"))
        assert not expression.hasParserError(), expression.parserErrorString()
        expression.prepare(context)
        by_fid = {pilot.fid: pilot for pilot in pilots}
        for feature in features:
            context.setFeature(feature)
            fades, why = bool(expression.evaluate(context)), fading(by_fid[feature.id()], day)
            assert not expression.hasEvalError(), expression.evalErrorString()
            assert fades == bool(why), (day, by_fid[feature.id()], why)
            count += fades
    return count


def test_the_temporal_controller_can_show_a_day_and_does_not_unasked(city, project):
    layer = pilots_layer(city)
    assert not layer.temporalProperties().isActive()
    layers.save_default_styles(city)
    again = QgsVectorLayer(f"{city.path}|layername=pilots", "again", "ogr")
    properties = again.temporalProperties()
    assert (properties.startField(), properties.endField()) == ("start_date", "end_date")
    assert not properties.isActive()
    properties.setIsActive(True)
    pilots = read_pilots(city)
    ends = {pilot.end for pilot in pilots if pilot.end}
    for day in (date(2022, 1, 1), date(2026, 2, 28), date(2026, 3, 1), *ends):
        start = QDateTime(QDate(day.year, day.month, day.day), QTime(0, 0))
        context = QgsVectorLayerTemporalContext()
        context.setLayer(again)
        test = properties.createFilterString(context, QgsDateTimeRange(start, start.addSecs(3600)))
        shown = {feature["name"] for feature in again.getFeatures(QgsFeatureRequest().setFilterExpression(test))}
        assert shown == {
            one.name for one in pilots if (not one.start or one.start <= day) and (not one.end or day <= one.end)
        }


# -- which layers


def area(name: str, x: float, **values: Any) -> Item:
    return Item(name, {"naam": name, **values}, multi_square(x, 437000, 100), '"1"')


def foreign() -> Given:
    items = [
        area("Deelfietsen", 92000, fase="loopt", einddatum="2024-05-01"),
        area("Laadpalen", 92300, fase="LOOPT", einddatum="2099-01-01"),
        area("Warmtenet", 92600, fase="gestopt", einddatum=None),
        area("Luchtkabel", 92900, fase="droom", einddatum=None),
    ]
    properties = (
        Property("naam", "string", "Naam"), Property("fase", "string", "Fase"),
        Property("einddatum", "date", "Einddatum"),
    )  # fmt: skip
    return Given(items, properties, title="Gebieden")


MAPPING = PilotMapping(
    "gebieden",
    {cols.NAME: "naam", cols.STAGE: "fase", cols.END: "einddatum"},
    {cols.STAGE: {"loopt": "running", "gestopt": "stopped"}},
)


def test_a_connections_mapping_makes_pilots_of_a_layer(project, tmp_path, no_connections):
    copy = make(tmp_path / "a.gpkg", {"gebieden": foreign()})
    source = copy.source("gebieden")
    assert themes.theme_of(source).name == "areas" and pilot_mappings.of_copy(copy) == PilotMapping()
    connections.save(Connection("Stad / test", source.url))
    pilot_mappings.keep("Stad / test", MAPPING)
    assert pilot_mappings.kept("Stad / test") == MAPPING == pilot_mappings.of_copy(copy)
    assert themes.theme_of(source).name == "pilots"
    layer = pilots_layer(copy, "gebieden")
    drawn = drawn_as(layer, "naam")
    assert drawn["Deelfietsen"] == {"Running", "Fading: late, undecided or silent"}
    assert drawn["Laadpalen"] == {"Running"} and drawn["Warmtenet"] == {"Stopped"}
    assert drawn["Luchtkabel"] == {"No known stage"}
    fields = layer.fields()
    stage = layer.editorWidgetSetup(fields.lookupField("fase"))
    assert {"Running": "loopt"} in stage.config()["map"] and layer.attributeAlias(fields.lookupField("naam")) == "Naam"
    pilot_mappings.keep("Stad / test", None)
    assert themes.theme_of(source).name == "areas"


@pytest.mark.parametrize(
    "properties",
    [
        (Property("name", "string"),),
        (Property("name", "string"), Property("stage", "integer")),
        (Property("name", "string"), Property("stage", "string", enum=("A", "B"))),
    ],
)
def test_other_pilots_keep_the_plain_look(project, tmp_path, properties):
    items = [Item("p1", {"name": "One"}, multi_square(92000, 437000), '"1"')]
    layer = pilots_layer(make(tmp_path / "a.gpkg", {"pilots": Given(items, properties)}))
    assert layer.renderer().type() == "singleSymbol"
    tab_less = layer.editFormConfig().invisibleRootContainer().children()
    assert [child.name() for child in tab_less] == [one.name for one in properties]


def test_a_mapping_that_cannot_be_read_is_none(no_connections):
    connections.save(Connection("Stad", "http://127.0.0.1:9/"))
    for text in ("{", "[]", "7"):
        QgsSettings().setValue("citytwin/connections/Stad/pilots", text)
        assert pilot_mappings.kept("Stad") is None


# -- the form


def test_the_form_tells_json_in_words_and_lets_nobody_type_it(city, project):
    layer = pilots_layer(city)
    config = layer.editFormConfig()
    shown = forms._shown(config.invisibleRootContainer())
    for name in cols.STRUCTURED:
        assert name not in shown and config.readOnly(layer.fields().lookupField(name))
    hidden = {column.name for column in layer.attributeTableConfig().columns() if column.hidden}
    assert set(cols.STRUCTURED) <= hidden
    project.addMapLayer(layer)
    (feature,) = layer.getFeatures("twin_id = 'P-05'")
    form = QgsAttributeForm(layer, feature, QgsAttributeEditorContext())
    (tabs,) = form.findChildren(QTabWidget)
    names = ["Pilot", "Organisation", "Platform", "Assessment", "History"]
    assert [tabs.tabText(index) for index in range(tabs.count())] == names
    text = "\n".join(label.text() for label in form.findChildren(QLabel))
    assert "Funding beyond the pilot: <b>Not met</b> · 2025-10-13" in text
    assert "Nobody keeps the sensors after the pilot." in text and "Running → Evaluated" in text
    assert "Official noise stations · datastream" in text and "{" not in text and "[%" not in text


def test_texts_of_odd_lists():
    def told(build, value: Any) -> str:
        context = QgsExpressionContext()
        scope = QgsExpressionContextUtils.globalScope()
        scope.setVariable("given", value)
        context.appendScope(scope)
        expression = QgsExpression(build("given").replace('"given"', "@given"))
        assert not expression.hasParserError(), expression.parserErrorString()
        return str(expression.evaluate(context))

    assert told(pilots_form.assessment_text, None) == "<i>Nothing is assessed yet.</i>"
    assert told(pilots_form.assessment_text, "no JSON & <b>") == "no JSON &amp; &lt;b>", "nothing is kept from view"
    text = told(pilots_form.assessment_text, [{"criterion": "<img src=x>", "rating": "met"}, 7, {"rating": "met"}])
    assert text == "&lt;img src=x>: <b>Met</b>"
    note = {"at": "2026-01-02", "from": "running", "to": "running", "reason": "a & b " + "word " * 30}
    text = told(pilots_form.history_text, [{"at": "2026-01-01", "to": "idea"}, note])
    assert text.startswith("2026-01-02: <b>Note</b><br><i>a &amp; b word") and text.endswith("2026-01-01: <b>Idea</b>")
    assert text.count("<br>") == 4, "long lines are broken"
    assert told(pilots_form.links_text, ["Zoning plan", {"href": "https://x.example/1"}]) == (
        "Zoning plan<br>https://x.example/1"
    )
    assert told(pilots_form.links_text, json.dumps([{"title": "As text"}])) == "As text"


def test_choices_are_words_and_dates_are_dates(city, project):
    layer = pilots_layer(city)

    def setup(name: str):
        return layer.editorWidgetSetup(layer.fields().lookupField(name))

    stages = [next(iter(entry.items())) for entry in setup("stage").config()["map"]]
    assert stages == [(words.stage_title(stage), stage) for stage in words.STAGES], "required: no empty entry"
    assert {"€ 1 to 5 million": "1M to 5M"} in setup("budget_band").config()["map"]
    assert setup("start_date").type() == "DateTime" and setup("stage_history").type() != "Hidden"
    assert layer.defaultValueDefinition(layer.fields().lookupField("stage")).expression() == "'idea'"
    assert layer.attributeAlias(layer.fields().lookupField("budget_eur")) == "Budget (€)"
    doubled = [{"Running": "loopt"}, {"Running": "lopend"}]
    assert pilots_form._apart(doubled) == [{"Running": "loopt"}, {"Running (lopend)": "lopend"}]


def test_the_stage_changes_only_where_its_history_is_kept(city, project):
    layer = pilots_layer(city)
    project.addMapLayer(layer)
    config, stage = layer.editFormConfig(), layer.fields().lookupField("stage")
    assert config.readOnly(stage) and not config.readOnly(layer.fields().lookupField("summary"))
    layer.startEditing()
    drawn = QgsVectorLayerUtils.createFeature(layer)
    form = QgsAttributeForm(layer, drawn, QgsAttributeEditorContext())
    form.setMode(QgsAttributeEditorContext.Mode.AddFeatureMode)
    texts = [label.text() for label in form.findChildren(QLabel)]
    assert any("Changed in the plugin's form of a pilot" in text for text in texts)
    form.changeAttribute("name", "Drawn in the Field")
    assert form.save()
    (feature,) = (one for one in layer.getFeatures() if one["name"] == "Drawn in the Field")
    assert feature["stage"] == "idea", "as everybody's pilot begins"
    layer.rollBack()


def test_the_stage_of_a_twin_without_history_stays_free(project, tmp_path, no_connections):
    copy = make(tmp_path / "a.gpkg", {"gebieden": foreign()})
    connections.save(Connection("Stad", copy.source("gebieden").url))
    pilot_mappings.keep("Stad", MAPPING)
    layer = pilots_layer(copy, "gebieden")
    assert not layer.editFormConfig().readOnly(layer.fields().lookupField("fase"))


def test_a_pilots_form_saved_untouched_changes_nothing(city, project):
    layer = pilots_layer(city)
    project.addMapLayer(layer)
    layer.startEditing()
    for feature in list(layer.getFeatures()):
        form = QgsAttributeForm(layer, QgsFeature(feature), QgsAttributeEditorContext())
        assert form.save()
    assert layer.commitChanges(), layer.commitErrors()
    assert WorkingCopy.open(city.path).changes() == []


def test_a_column_of_ones_own_joins_the_form_and_json_stays_out(city, project):
    layers.save_default_styles(city)
    layer = pilots_layer(city)
    assert set(layer.customProperty(forms.UNLISTED)) == set(cols.STRUCTURED), "the file keeps it"
    before = forms._shown(layer.editFormConfig().invisibleRootContainer())
    sql_elsewhere(city.path, "ALTER TABLE pilots ADD COLUMN mine TEXT")
    layer.dataProvider().reloadData()
    layer.updateFields()
    forms.add_to_layout(layer)
    assert forms._shown(layer.editFormConfig().invisibleRootContainer()) == before | {"mine"}


# -- colours

# of linear sRGB
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
SIGHT = {
    "normal": np.eye(3),
    "protan": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                        [-0.003882, -0.048116, 1.051998]]),
    "deutan": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                        [-0.011820, 0.042940, 0.968881]]),
    "tritan": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                        [0.004733, 0.691367, 0.303900]]),
}  # fmt: skip


def linear(ink: str) -> np.ndarray:
    values = np.array([int(ink[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(light: np.ndarray) -> np.ndarray:
    share = XYZ @ light / (XYZ @ np.ones(3))
    bent = np.where(share > 0.008856, np.cbrt(share), 7.787 * share + 16 / 116)
    return np.array([116 * bent[1] - 16, 500 * (bent[0] - bent[1]), 200 * (bent[1] - bent[2])])
