"""The catalogue's item model and filter, without a window."""

from __future__ import annotations

from dataclasses import replace

import pytest
from qgis.PyQt.QtCore import QLocale, Qt

from plugin.gui import catalogue_wording as wording
from plugin.gui.catalogue_model import CatalogueFilter, CatalogueModel, Role
from plugin.twin.model import Collection, Property, Schema

CHECKED, UNCHECKED = Qt.CheckState.Checked, Qt.CheckState.Unchecked
TICK = Qt.ItemDataRole.CheckStateRole
ALL = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def collection(identity: str, **told) -> Collection:
    base = Collection(
        id=identity, title=identity.title(), description="", geometry_type="MultiPolygon", has_z=False, count=1200,
        extent=None, licence="", attribution="", crs=(), storage_crs=None, items_url="", self_url="", schema_url=None,
        methods=ALL,
    )  # fmt: skip
    return replace(base, **told)


@pytest.fixture
def model(qgis_app):
    QLocale.setDefault(QLocale("en"))
    model = CatalogueModel()
    model.set_collections(
        [
            collection("trees", title="Trees", description="Street trees and park trees", licence="CC0 1.0"),
            collection("buildings", title="Buildings", methods=frozenset(), geometry_type="MultiPolygon", has_z=True),
            collection("docs", title="Records", is_features=False),
        ]
    )
    return model


def titles(proxy: CatalogueFilter) -> list[str]:
    return [proxy.index(row, 0).data() for row in range(proxy.rowCount())]


def test_ticks_are_told_and_kept_when_the_catalogue_is_read_again(model):
    told = []
    model.ticks_changed.connect(lambda: told.append([one.id for one in model.ticked()]))
    assert model.setData(model.index(1), CHECKED, TICK)
    assert told == [["buildings"]]
    model.set_collections([collection("buildings"), collection("water")])
    assert [one.id for one in model.ticked()] == ["buildings"]
    model.set_collections([collection("water")])
    assert model.ticked() == []


def test_what_holds_no_features_cannot_be_ticked(model):
    index = model.index(2)
    assert not index.flags() & Qt.ItemFlag.ItemIsUserCheckable
    assert index.data(TICK) is None
    assert not model.setData(index, CHECKED, TICK)
    model.tick(["docs", "trees"])
    assert [one.id for one in model.ticked()] == ["trees"]
    assert index.data(Role.SUMMARY) == "Not features, cannot be checked out"


def test_what_becomes_known_later_is_shown_and_told(model):
    rows = []
    model.dataChanged.connect(lambda first, _last, _roles: rows.append(first.row()))
    model.update_collection(collection("buildings", count=7, methods=frozenset({"PATCH"})))
    assert rows == [1]
    assert model.index(1).data(Role.SUMMARY) == "7 features · Polygons · Editable: change only"
    assert model.index(1).data(Role.EDITABLE) is True
    model.update_collection(collection("gone"))
    assert rows == [1]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["Buildings", "Records", "Trees"]),
        ("TREE", ["Trees"]),
        ("park street", ["Trees"]),  # every word, anywhere
        ("cc0", ["Trees"]),
        ("docs", ["Records"]),  # the id
        ("tree building", []),
    ],
)
def test_the_filter_searches_title_id_description_and_licence(model, text, found):
    proxy = CatalogueFilter()
    proxy.setSourceModel(model)
    proxy.set_filter(text)
    assert titles(proxy) == found


def test_a_tick_set_through_the_filter_stays_when_it_hides_the_row(model):
    proxy = CatalogueFilter()
    proxy.setSourceModel(model)
    proxy.setData(proxy.index(2, 0), CHECKED, TICK)
    proxy.set_filter("buildings")
    assert [one.id for one in model.ticked()] == ["trees"]


def test_each_geometry_has_an_icon(model):
    for kind in ("Point", "MultiLineString", "Polygon", "GeometryCollection", "none", "", "Curve??"):
        model.set_collections([collection("x", geometry_type=kind)])
        assert not model.index(0).data(Qt.ItemDataRole.DecorationRole).isNull(), kind


def test_words(qgis_app):
    QLocale.setDefault(QLocale("en"))
    one = collection("b", count=1_234_567, has_z=True, extent=(4.46, 51.9, 4.51, 51.93))
    assert wording.summary(one) == "1,234,567 features · 3D polygons · Editable"
    assert wording.size(one.extent) == "3.4 × 3.3 km"
    assert wording.size((179.9, 0.0, -179.9, 0.1)) == "22.3 × 11.1 km"  # across the date line
    assert wording.kilometres(0.5, 0.25) == "500 × 250 m"
    assert wording.summary(replace(one, count=None, geometry_type="")) == "Editable"
    assert wording.count(replace(one, count=1)) == "1 feature"


def test_details_show_what_a_twin_says_as_text_only(qgis_app):
    text = wording.details_html(
        collection("b", title="<b>x</b>", description="<script>", licence="https://example.org/l?a=1&b=2"), "#808080"
    )
    assert "<script>" not in text
    assert "&lt;b&gt;x" in text
    assert "<a href='https://example.org/l?a=1&amp;b=2'>" in text


def test_details_name_the_columns_once_they_are_known(model):
    schema = Schema((Property("height", "number", title="Height", unit="m"), Property("name", "string")))
    model.update_collection(collection("trees"), schema)
    assert model.index(0).data(Role.SCHEMA) is schema
    assert "Height (m), name" in wording.details_html(collection("trees"), "#808080", schema)
    model.set_collections([collection("trees")])
    assert model.index(0).data(Role.SCHEMA) is None
