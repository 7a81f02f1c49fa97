"""How live layers look: which sign a value gets, what the legend says, and that a user's own style stays."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from qgis._3d import Qgs3D
from qgis.core import (
    Qgis,
    QgsExpression,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsMarkerSymbol,
    QgsPointXY,
    QgsProject,
    QgsRectangle,
    QgsSingleSymbolRenderer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor, QImage

from plugin.map.live import fields, style, style_classes, style_colours, style_ours
from plugin.sensors import norms, recognise
from plugin.sensors.thresholds import Threshold
from tests.qgis.live_style.city import city, stream

SIDE = 60  # pixels


@pytest.fixture(scope="session")
def registries(qgis_app) -> None:
    Qgs3D.initialize()


@pytest.fixture(autouse=True)
def project(registries, qgis_new_project) -> Iterator[QgsProject]:
    yield QgsProject.instance()
    QgsProject.instance().clear()


def styled(results: list, of: str = "NO2", unit: str = "µg/m³", **more) -> QgsVectorLayer:
    kind = more.pop("kind", "OM_Measurement")
    streams = [stream(number, of, unit, kind=kind) for number in range(len(results))]
    layer, _live = city(streams, results, **more)
    style.apply(layer, streams)
    return layer


def legend(layer: QgsVectorLayer) -> list[str]:
    return [category.label() for category in layer.renderer().categories()]


def key_of(layer: QgsVectorLayer, fid: int) -> object:
    """The class that the renderer finds for a feature."""
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    context.setFeature(layer.getFeature(fid))
    return QgsExpression(layer.renderer().classAttribute()).evaluate(context)


def picture(layer: QgsVectorLayer, fid: int, scale: float = 20_000) -> QImage:
    """A feature alone, in the middle of a white picture."""
    point = layer.getFeature(fid).geometry().asPoint()
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(layer.crs())
    settings.setOutputSize(QSize(SIDE, SIDE))
    settings.setOutputDpi(96)
    settings.setBackgroundColor(QColor("white"))
    half = 1e-7
    settings.setExtent(
        QgsRectangle(QgsPointXY(point.x() - half, point.y() - half), QgsPointXY(point.x() + half, point.y() + half))
    )
    extent = QgsRectangle(settings.extent())
    extent.scale(scale / settings.scale())
    settings.setExtent(extent)
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    context.appendScope(QgsExpressionContextUtils.mapSettingsScope(settings))
    settings.setExpressionContext(context)
    settings.setFlag(Qgis.MapSettingsFlag.Antialiasing, True)
    settings.setFlag(Qgis.MapSettingsFlag.DrawLabeling, True)
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    assert not job.errors()
    return job.renderedImage()


def middle(image: QImage) -> QColor:
    return image.pixelColor(SIDE // 2, SIDE // 2)


def close(one: QColor, other: str, by: int = 12) -> bool:
    wanted = QColor(other)
    return all(
        abs(a - b) <= by
        for a, b in ((one.red(), wanted.red()), (one.green(), wanted.green()), (one.blue(), wanted.blue()))
    )


def coloured(image: QImage) -> int:
    """How many pixels are not white."""
    return sum(1 for x in range(SIDE) for y in range(SIDE) if image.pixelColor(x, y).lightness() < 245)


def test_the_legend_tells_ranges_units_whose_norm_and_what_the_signs_mean() -> None:
    rows = legend(styled([20.0, 30.0]))
    assert rows[0] == "below 10 µg/m³" and "25–40 µg/m³ (above WHO day mean)" in rows
    assert rows[-3:] == [
        "Faint: late, should have been renewed",
        "Hollow: silent, its last value is old",
        "Red ring: beyond a threshold",
    ]
    assert "Nothing measured" in rows and "No observation yet" in rows
    assert "More than the sensor can tell" not in rows
    assert "More than the sensor can tell" in legend(styled([100.0], "Traffic flow", "veh/h"))


def test_fresh_late_and_silent_never_look_alike() -> None:
    layer = styled([30.0, 30.0, 30.0], ages=[10.0, 150.0, 2000.0])
    states = [feature[fields.FRESHNESS] for feature in layer.getFeatures()]
    assert states == ["live", "late", "silent"]
    colour = style_colours.of(recognise.NO2, norms.classes(recognise.NO2).breaks, "up")[3]
    live, late, silent = (picture(layer, fid) for fid in (1, 2, 3))
    assert close(middle(live), colour)
    assert middle(late).lightness() > QColor(colour).lightness() + 40 and middle(late) != QColor("white")
    assert close(middle(silent), "#ffffff") and coloured(silent) > 10


@pytest.mark.parametrize(("result", "key"), [(-999.0, "nothing"), (None, "nothing"), (..., "none")])
def test_no_number_has_a_quiet_grey_sign(result: object, key: str) -> None:
    layer = styled([result, 30.0])
    assert key_of(layer, 1) == key
    image = picture(layer, 1)
    strongest = max(image.pixelColor(x, y).saturation() for x in range(SIDE) for y in range(SIDE))
    assert 5 < coloured(image) < coloured(picture(layer, 2)) and strongest < 40


def test_more_than_the_sensor_can_tell_is_the_top_colour_with_a_plus() -> None:
    layer = styled([65535, 20000.0], "Traffic flow", "veh/h")
    assert key_of(layer, 1) == "more"
    top = style_colours.NEUTRAL[-1]
    clamped, highest = picture(layer, 1, 4000), picture(layer, 2, 4000)
    assert close(middle(highest), top) and close(middle(clamped), top)
    # 10 pixels from the middle is outside of a dot of 4.2 mm
    arms = [(SIDE // 2 + x, SIDE // 2 + y) for x, y in ((10, 0), (-11, 0), (0, 10), (0, -11))]
    assert all(clamped.pixelColor(*arm).lightness() < 200 for arm in arms)
    assert all(highest.pixelColor(*arm).lightness() > 240 for arm in arms)


def test_beyond_a_threshold_there_is_a_ring_around_it() -> None:
    too_much = Threshold("t", "Too much", 50.0)
    calm, beyond = styled([30.0], thresholds=[too_much]), styled([80.0], thresholds=[too_much])
    assert beyond.getFeature(1)[fields.EXCEEDED] == 1
    alarm = QColor(style_colours.ALARM)

    def ring(image: QImage) -> int:
        return sum(1 for x in range(SIDE) for y in range(SIDE) if close(image.pixelColor(x, y), alarm.name(), 60))

    assert ring(picture(beyond, 1)) > 20
    assert ring(picture(calm, 1)) == 0
    # what a sensor said before it fell silent is no alarm now
    silent = styled([80.0], ages=[2000.0], thresholds=[too_much])
    quiet = styled([80.0], ages=[2000.0])
    row = silent.getFeature(1)
    assert row[fields.EXCEEDED] == 1 and row[fields.FRESHNESS] == "silent"
    assert ring(picture(silent, 1)) == 0
    assert coloured(picture(silent, 1)) > coloured(picture(quiet, 1)) + 10, "a trace of the ring is left"


def test_trend_and_value_show_from_near_only() -> None:
    layer = styled([30.0, 30.0, 30.0])
    rising = next(f.id() for f in layer.getFeatures() if f[fields.TREND] == "rising")
    steady = next(f.id() for f in layer.getFeatures() if f[fields.TREND] == "steady")
    assert coloured(picture(layer, rising, 8_000)) > coloured(picture(layer, steady, 8_000)) + 15
    assert abs(coloured(picture(layer, rising, 12_000)) - coloured(picture(layer, steady, 12_000))) < 6
    labels = layer.labeling().settings()
    assert layer.labelsEnabled() and labels.scaleVisibility and labels.minimumScale == 5_000


def test_speed_is_worse_below_and_water_turns_at_nap() -> None:
    speed = style_colours.of(recognise.SPEED, norms.classes(recognise.SPEED).breaks, "down")
    assert speed[0] == style_colours.WORSE[-1] and speed[-1] == style_colours.WORSE[0]
    breaks = norms.classes(recognise.WATER_LEVEL).breaks
    water = style_colours.of(recognise.WATER_LEVEL, breaks, "")
    assert len(water) == len(breaks) + 1
    below = water[: breaks.index(0.0) + 1]
    assert all(QColor(each).hue() < 60 for each in below) and all(
        QColor(each).hue() > 180 for each in water[len(below) :]
    )


@pytest.mark.parametrize("quantity", recognise.QUANTITIES)
def test_neighbouring_classes_differ_in_lightness(quantity: str) -> None:
    """So that whoever confuses hues tells them apart; of a diverging ramp each half for itself."""
    known = norms.classes(quantity)
    colours = style_colours.of(quantity, known.breaks, known.worse)
    lights = [style_colours.lightness(colour) for colour in colours]
    apart = [abs(b - a) for a, b in zip(lights, lights[1:])]
    if quantity == recognise.WATER_LEVEL:
        del apart[known.breaks.index(0.0)]
    assert min(apart) > 0.05
    for colour in colours:
        ring = style_colours.lightness(style_colours.ring(colour))
        assert 0.3 < ring < 0.66, "a thin ring is seen on white and on black"
        edge = style_colours.lightness(style_colours.edge(colour))
        assert abs(edge - style_colours.lightness(colour)) > 0.25


def test_values_without_a_norm_have_even_steps_that_stay() -> None:
    streams = [stream(number, "Air temperature", "°C") for number in range(20)]
    layer, _live = city(streams, [float(number) for number in range(20)])
    style.apply(layer, streams)
    first = legend(layer)
    assert first[:4] == ["below 5 °C", "5–10 °C", "10–15 °C", "over 15 °C"]
    assert [key_of(layer, fid) for fid in (1, 6, 20)] == ["c0", "c1", "c3"]
    warmer = layer.fields().lookupField(fields.RESULT)
    layer.dataProvider().changeAttributeValues({fid: {warmer: 40.0} for fid in range(1, 21)})
    style.apply(layer, streams)
    assert legend(layer) == first and key_of(layer, 1) == "c3"


def test_even_steps_wait_for_values() -> None:
    streams = [stream(number, "Air temperature", "°C") for number in range(3)]
    empty, _live = city(streams, [...] * 3)
    style.apply(empty, streams)
    assert "A value" in legend(empty) and not empty.customProperty(style_classes.BREAKS)
    column = empty.fields().lookupField(fields.RESULT)
    unit = empty.fields().lookupField(fields.UNIT)
    empty.dataProvider().changeAttributeValues({fid: {column: 5.0 * fid, unit: "°C"} for fid in (1, 2, 3)})
    style.apply(empty, streams)
    assert legend(empty)[0].endswith("°C") and empty.customProperty(style_classes.BREAKS)


def test_each_unit_is_classed_for_itself_or_not_at_all() -> None:
    streams = [stream(1, "NO2", "µg/m³"), stream(2, "NO2", "mg/m3"), stream(3, "Speed of sound", "m/s")]
    layer, _live = city(streams[:2], [30.0, 0.03])
    style.apply(layer, streams[:2])
    assert key_of(layer, 1) == key_of(layer, 2) == "c3"
    streams = [stream(number, "Air temperature", "°C" if number < 5 else "K") for number in range(6)]
    layer, _live = city(streams, [1.0, 2.0, 3.0, 4.0, 5.0, 280.0])
    style.apply(layer, streams)
    assert key_of(layer, 1) == "c0" and key_of(layer, 6) == "other"


def test_booleans_and_texts_are_what_they_are() -> None:
    doors = styled([True, False], "Door open", "", kind="OM_TruthObservation")
    assert [key_of(doors, fid) for fid in (1, 2)] == ["yes", "no"] and {"Yes", "No"} <= set(legend(doors))
    texts = styled(["closed <b>", "open"], "State of the bridge", "", kind="OM_CategoryObservation")
    assert key_of(texts, 1) == "other" and "A text: see its label" in legend(texts)
    assert not any(label.startswith("below") for label in legend(texts))
    assert close(middle(picture(texts, 1)), style_colours.PLAIN)


def test_what_the_user_restyled_stays_and_the_rest_is_kept_up() -> None:
    streams = [stream(number) for number in range(3)]
    layer, _live = city(streams, [20.0, 30.0, 40.0])
    style.apply(layer, streams)
    layer.setRenderer(QgsSingleSymbolRenderer(QgsMarkerSymbol.createSimple({"name": "star"})))
    layer.setMapTipTemplate("mine")
    layer.setCustomProperty(style_ours.PROPERTY + "of", "an older edition")
    config = layer.attributeTableConfig()
    style.apply(layer, [stream(number, "Traffic flow", "veh/h") for number in range(3)])
    assert isinstance(layer.renderer(), QgsSingleSymbolRenderer) and layer.mapTipTemplate() == "mine"
    # what was not touched follows
    assert len(layer.renderer3D().rootRule().children()) == 10
    layer.setLabelsEnabled(False)
    layer.setCustomProperty(style_ours.PROPERTY + "of", "an older edition")
    style.apply(layer, streams)
    assert not layer.labelsEnabled() and config.columns()[0].name == fields.NAME


def test_it_survives_the_project_and_is_still_known_as_ours(project: QgsProject, tmp_path: Path) -> None:
    streams = [stream(number) for number in range(3)]
    layer, _live = city(streams, [20.0, 30.0, 40.0])
    style.apply(layer, streams)
    project.addMapLayer(layer)
    path = str(tmp_path / "city.qgs")
    assert project.write(path)
    project.clear()
    assert project.read(path)
    (again,) = project.mapLayers().values()
    before = legend(again)
    # nothing is known before the service is read
    style.apply(again, [])
    assert legend(again) == before
    # a newer edition may replace all that nobody touched
    again.setCustomProperty(style_ours.PROPERTY + "of", "an older edition")
    flows = [stream(number, "Traffic flow", "veh/h") for number in range(3)]
    style.apply(again, flows)
    assert legend(again)[0] == "below 500 vehicles/h"
    assert "NAP" not in again.mapTipTemplate() and "vehicles/h" in again.mapTipTemplate()
    assert len(again.renderer3D().rootRule().children()) > 8


def test_applying_again_changes_nothing() -> None:
    layer = styled([20.0, 30.0])
    renderer = layer.renderer()
    style.apply(layer, [stream(number) for number in range(2)])
    assert layer.renderer() is renderer


def test_it_shows_the_present_whatever_the_time_of_the_map_and_edits_nothing() -> None:
    layer = styled([20.0])
    assert not layer.temporalProperties().isActive()
    shown = [column.name for column in layer.attributeTableConfig().columns() if not column.hidden]
    assert shown[0] == fields.NAME and fields.CLASS not in shown and fields.KIND not in shown
    form = [child.name() for child in layer.editFormConfig().invisibleRootContainer().children()]
    assert form[0] == fields.NAME and fields.KIND not in form
    index = layer.fields().lookupField(fields.TEXT)
    assert layer.editFormConfig().readOnly(index)


def test_ten_thousand_are_styled_at_once_and_drawn_soon() -> None:
    streams = [stream(number) for number in range(10_000)]
    layer, _live = city(streams[:50], [float(number) for number in range(50)])
    started = time.process_time()
    style.apply(layer, streams)
    style.apply(layer, streams)
    assert time.process_time() - started < 0.5
