"""Columns in the 3D view: one rule for each class, and when they are drawn anew."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from qgis._3d import Qgs3D
from qgis.core import QgsExpression, QgsExpressionContext, QgsExpressionContextUtils, QgsProject, QgsVectorLayer

from plugin.map.live import fields, style, three_d
from tests.qgis.live_style.city import city, stream


@pytest.fixture(autouse=True)
def project(qgis_new_project, qgis_app) -> Iterator[QgsProject]:
    Qgs3D.initialize()
    yield QgsProject.instance()
    QgsProject.instance().clear()


def styled(results: list, of: str, unit: str, **more) -> QgsVectorLayer:
    streams = [stream(number, of, unit) for number in range(len(results))]
    layer, _live = city(streams, results, **more)
    style.apply(layer, streams)
    return layer


def heights(layer: QgsVectorLayer) -> list[list[float]]:
    """Of each feature, the heights of the columns that it gets."""
    found = []
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    rules = layer.renderer3D().rootRule().children()
    for feature in layer.getFeatures():
        context.setFeature(feature)
        found.append(
            [
                rule.symbol().shapeProperties()["length"] / 2
                for rule in rules
                if QgsExpression(rule.filterExpression()).evaluate(context)
            ]
        )
    return found


def test_each_feature_has_one_column_the_higher_the_worse() -> None:
    found = heights(styled([5.0, 30.0, 300.0, -999.0, ...], "NO2", "µg/m³"))
    assert all(len(each) == 1 for each in found)
    low, middle, high, nothing, none = (each[0] for each in found)
    assert nothing == none < low < middle < high
    slow, fast = heights(styled([10.0, 120.0], "Traffic speed", "km/h"))
    assert slow > fast
    clamped, most = heights(styled([65535, 20000.0], "Traffic flow", "veh/h"))
    assert clamped == most


def test_a_silent_one_stands_low_and_grey_whatever_it_said_last() -> None:
    live, late, silent = heights(styled([300.0] * 3, "NO2", "µg/m³", ages=[10.0, 150.0, 4000.0]))
    assert live == late and silent[0] < live[0] / 10


class Layers:
    def __init__(self, layer: QgsVectorLayer) -> None:
        self._layer = layer

    def all(self) -> list[QgsVectorLayer]:
        return [self._layer]


def test_columns_are_drawn_anew_only_where_they_show_and_something_changed() -> None:
    layer = styled([5.0, 30.0], "NO2", "µg/m³")
    risen = three_d.Risen(Layers(layer))
    asked: list[int] = []
    risen.look()
    layer.request3DUpdate.connect(lambda: asked.append(1))
    risen.look()
    assert len(asked) == 1
    risen.look()
    assert len(asked) == 1, "nothing changed"
    column = layer.fields().lookupField(fields.CLASS)
    layer.dataProvider().changeAttributeValues({1: {column: 5}})
    risen.look()
    assert len(asked) == 2
    freshness = layer.fields().lookupField(fields.FRESHNESS)
    layer.dataProvider().changeAttributeValues({2: {freshness: "silent"}})
    risen.look()
    assert len(asked) == 3
    risen.stop()


def test_a_view_that_still_draws_is_left_alone() -> None:
    layer = styled([5.0, 30.0], "NO2", "µg/m³")
    scene = SimpleNamespace(totalPendingJobsCount=lambda: len(pending))
    views = [SimpleNamespace(scene=lambda: None), SimpleNamespace(scene=lambda: scene)]
    pending = [1]
    risen = three_d.Risen(Layers(layer), SimpleNamespace(mapCanvases3D=lambda: views))
    asked: list[int] = []
    layer.request3DUpdate.connect(lambda: asked.append(1))
    risen.look()
    assert asked == []
    pending.clear()
    risen.look()
    assert asked == [1]
    risen.stop()
