"""Map tips: what they say, that nothing from outside is taken for HTML, and what is left of them without the plugin."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import unquote

import pytest
from qgis._3d import Qgs3D
from qgis.core import QgsExpression, QgsExpressionContext, QgsExpressionContextUtils, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QByteArray
from qgis.PyQt.QtGui import QImage, QTextDocument

from plugin.map import foreign
from plugin.map.live import fields, playback, playback_rows, snapshot, style, style_tip, tips
from plugin.sensors.live import Live
from plugin.sensors.thresholds import Threshold
from tests.qgis.live_style.city import OneFeed, city, stream

EVIL = "<script>alert(\"1\")</script> & [% 1+1 %] 'x'"
TOO_MUCH = Threshold("t", "Too <much>", 50.0)


@pytest.fixture(autouse=True)
def project(qgis_new_project, qgis_app) -> Iterator[QgsProject]:
    Qgs3D.initialize()
    yield QgsProject.instance()
    tips.unregister()
    QgsProject.instance().clear()


@pytest.fixture
def air(project: QgsProject) -> tuple[QgsVectorLayer, Live]:
    streams = [stream(0), stream(1, name=EVIL), stream(2), stream(3), stream(4)]
    layer, live = city(
        streams, [30.0, 60.0, ..., -999.0, 12.5], ages=[10.0, 10.0, 10.0, 10.0, 4000.0], thresholds=[TOO_MUCH]
    )
    style.apply(layer, streams)
    project.addMapLayer(layer)
    return layer, live


def tip(layer: QgsVectorLayer, fid: int) -> str:
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    context.setFeature(layer.getFeature(fid))
    return QgsExpression.replaceExpressionText(layer.mapTipTemplate(), context)


def words(html: str) -> str:
    """As Qt's rich text shows it, which is what QGIS has without WebKit."""
    document = QTextDocument()
    document.setHtml(html)
    return document.toPlainText()


def test_a_tip_says_what_where_how_much_how_old_and_what_it_means(air: tuple[QgsVectorLayer, Live]) -> None:
    layer, live = air
    tips.register(OneFeed(layer, live))
    said = words(tip(layer, 1))
    for part in (
        "NO2 at station 0",
        "Station 0",
        "30 µg/m³",
        "25–40 µg/m³ (above WHO day mean)",
        "live · 10 seconds ago",
    ):
        assert part in said
    assert "[%" not in said and "Too" not in said
    assert "rising" in words(tip(layer, 1)) or "falling" in said or "steady" in said
    old = words(tip(layer, 5))
    assert "silent · 1 hour ago" in old and not re.search("rising|falling|steady", old)
    assert "no observation yet" in words(tip(layer, 3)) and "ago" not in words(tip(layer, 3))
    assert "nothing measured" in words(tip(layer, 4)) and "µg" not in words(tip(layer, 4))


def test_the_chart_is_a_picture_of_the_last_readings(air: tuple[QgsVectorLayer, Live]) -> None:
    layer, live = air
    tips.register(OneFeed(layer, live))
    found = re.search(r'<img src="data:image/png;base64,([^"]+)" width="(\d+)" height="(\d+)"', tip(layer, 1))
    assert found
    image = QImage.fromData(QByteArray(base64.b64decode(found.group(1))))
    assert (image.width(), image.height()) == (2 * int(found.group(2)), 2 * int(found.group(3)))
    assert len({image.pixel(x, y) for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)}) > 3
    assert "<img" not in tip(layer, 3) and "<img" not in tip(layer, 4), "there is nothing to draw"
    series = live.recent("0")
    assert len(series) == 9 and series.unit == "µg/m³" and not len(live.recent("unknown"))


def test_names_from_outside_are_text(air: tuple[QgsVectorLayer, Live]) -> None:
    layer, live = air
    tips.register(OneFeed(layer, live))
    html = tip(layer, 2)
    assert "<script" not in html and "Too <much>" not in html
    assert EVIL in words(html) and "Too <much>: above 50 µg/m³" in words(html)


@pytest.mark.parametrize("unit", ["%][% 40+2 %]", "%]<img src=x>", "a%' || 40+2 || '", "[%]", "\\%]'[% 40+2 %]"])
@pytest.mark.parametrize("of", ["NO2", "thing"])
def test_a_unit_is_never_part_of_an_expression(project: QgsProject, of: str, unit: str) -> None:
    streams = [stream(number, of, unit) for number in range(12)]
    layer, live = city(streams, [float(7 * number) for number in range(12)])
    style.apply(layer, streams)
    project.addMapLayer(layer)
    tips.register(OneFeed(layer, live))
    html = tip(layer, 3)
    assert "<img src=x" not in html
    expected = 2 if of == "thing" else 1  # of the value, and of its class where it has one
    assert words(html).count(unit) >= expected and "42" not in words(html).replace(unit, "").replace(f"14 {unit}", "")
    for category in layer.renderer().categories():
        assert "[%" not in category.label(), "a layout's legend would evaluate it"
        seen = QgsExpression.replaceExpressionText(category.label(), QgsExpressionContext())
        assert seen == category.label()
    found = QgsExpression(layer.renderer().classAttribute())
    assert not found.hasParserError()
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    context.setFeature(layer.getFeature(4))
    assert found.evaluate(context) in {category.value() for category in layer.renderer().categories()} | {"other"}
    if of == "thing":
        assert str(found.evaluate(context)).startswith("c"), "its unit is still known as its own"


@pytest.mark.parametrize("name", ["[% 40+2 %]", "a [%[% 40+2 %]%] b"])
def test_names_of_layers_are_no_expressions(name: str) -> None:
    frames = playback_rows.Frames(0.0, 60.0, 2)
    live = QgsVectorLayer("Point?crs=EPSG:4326", "x", "memory")
    played = playback.make(live, name, frames)
    for found in (foreign.title(name), snapshot.layer_name(name, 0.0), played.name()):
        assert QgsExpression.replaceExpressionText(found, QgsExpressionContext()) == found
        assert "40+2" in found


def test_what_was_kept_tells_names_as_text(air: tuple[QgsVectorLayer, Live]) -> None:
    """Without a map tip of its own, QGIS shows the display name, and takes it for HTML."""
    layer, _live = air
    played = playback.make(layer, "NO2", playback_rows.Frames(0.0, 60.0, 2))
    layer.setMapTipTemplate(played.mapTipTemplate())
    html = tip(layer, 2)
    assert "<script" not in html and EVIL in words(html)
    assert "60 µg/m³" in words(html) and "UTC" in words(html) and "Beyond a threshold" in words(html)
    assert "ago" not in words(html) and "UTC" not in words(tip(layer, 3)), "no observation yet"


def test_the_link_names_layer_and_datastream(air: tuple[QgsVectorLayer, Live]) -> None:
    layer, live = air
    tips.register(OneFeed(layer, live))
    found = re.search(r'<a href="([^"]+)"[^>]*>Show chart</a>', tip(layer, 2))
    assert found and unescape(found.group(1)) == f"{tips.SCHEME}:{layer.id()}/1"
    scheme, _, rest = tips.link(live, layer.id(), "a/b'c <é>").partition(":")
    assert scheme == tips.SCHEME and [unquote(part) for part in rest.split("/")] == [layer.id(), "a/b'c <é>"]


def test_without_the_plugin_a_tip_still_says_what_the_columns_know(air: tuple[QgsVectorLayer, Live]) -> None:
    layer, live = air
    tips.register(OneFeed(layer, live))
    tips.unregister()
    html = tip(layer, 2)
    said = words(html)
    assert "60 µg/m³" in said and "UTC" in said and "Beyond a threshold" in said
    assert "Show chart" not in said and "<img" not in html
    assert not re.search(r"eval|citytwin|error|Eval", html)


def test_layers_that_are_not_live_get_no_answers(air: tuple[QgsVectorLayer, Live]) -> None:
    layer, live = air
    other, _ = city([stream(9)], [1.0])
    tips.register(OneFeed(other, live))
    assert "Show chart" not in tip(layer, 1)
    call = QgsExpression(f"{style_tip.AGE}('gone', NULL)")
    assert call.evaluate() in ("", None)


def test_registering_twice_leaves_nothing_behind(air: tuple[QgsVectorLayer, Live]) -> None:
    layer, live = air
    names = {style_tip.CHART, style_tip.AGE, style_tip.EXCEEDED, style_tip.LINK}

    def known() -> set[str]:
        return {function.name() for function in QgsExpression.Functions()} & names

    for _ in range(2):
        tips.register(OneFeed(layer, live))
    assert known() == names
    tips.unregister()
    tips.unregister()
    assert not known()


def test_the_name_of_a_feature_is_its_own_or_its_id(air: tuple[QgsVectorLayer, Live]) -> None:
    layer, _live = air
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    name = QgsExpression(layer.displayExpression())
    context.setFeature(layer.getFeature(1))
    assert name.evaluate(context) == "NO2 at station 0"
    layer.dataProvider().changeAttributeValues({1: {layer.fields().lookupField(fields.NAME): ""}})
    context.setFeature(layer.getFeature(1))
    assert name.evaluate(context) == "0"
