"""An area of selected features: of several layers, in several reference systems, with lines and points widened."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import pytest
from osgeo import ogr, osr
from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsGeometry,
    QgsProject,
    QgsVectorLayer,
)

from plugin.map.pilots.taking import Taken, selections, taking
from plugin.pilots.checks import Surroundings, check_outline, mended
from plugin.pilots.record import Pilot
from plugin.twin.errors import Cancelled, CityTwinError
from plugin.twin.progress import SILENT

RD = QgsCoordinateReferenceSystem.fromEpsgId(28992)


@pytest.fixture
def project(qgis_app, qgis_new_project) -> Iterator[QgsProject]:
    yield QgsProject.instance()
    QgsProject.instance().clear()


def layer_of(kind: str, wkts: list[str], name: str = "layer", srid: int = 28992) -> QgsVectorLayer:
    """A layer in the project with all of its features selected."""
    layer = QgsVectorLayer(f"{kind}?crs=EPSG:{srid}&field=id:integer", name, "memory")
    for wkt in wkts:
        feature = QgsFeature(layer.fields())
        if wkt:
            feature.setGeometry(QgsGeometry.fromWkt(wkt))
        assert layer.dataProvider().addFeatures([feature])[0]
    layer.selectAll()
    QgsProject.instance().addMapLayer(layer)
    return layer


def take(layers: list[QgsVectorLayer], metres: float = 0, areas: bool = False, target: int = 28992) -> Taken:
    return taking(layers, QgsCoordinateReferenceSystem.fromEpsgId(target), metres, areas)(SILENT)


def shape(taken: Taken) -> ogr.Geometry:
    found = ogr.CreateGeometryFromWkb(taken.wkb)
    assert found.GetGeometryName() == "MULTIPOLYGON" and found.IsValid() and not found.Is3D()
    return found


def box(x: float, y: float, size: float) -> str:
    return f"POLYGON (({x} {y}, {x + size} {y}, {x + size} {y + size}, {x} {y + size}, {x} {y}))"


# -- what is selected


def test_selections_come_in_the_order_of_the_layer_tree(project):
    layer_of("Polygon", [box(0, 0, 1)] * 3, "Blocks")
    streets = layer_of("LineString", ["LINESTRING (0 0, 1 1)"], "Streets")
    layer_of("Point", ["POINT (0 0)"], "Trees").removeSelection()
    layer_of("NoGeometry", [""], "Table")
    found = selections(project)
    assert [(one.name, one.count, one.areas) for one in found] == [("Streets", 1, False), ("Blocks", 3, True)]
    streets.removeSelection()
    assert [one.name for one in selections(project)] == ["Blocks"]


# -- joining


def test_blocks_that_touch_and_overlap_become_one_area(project):
    taken = take([layer_of("Polygon", [box(92000, 437000, 100), box(92100, 437000, 100), box(92150, 437050, 100)])])
    assert shape(taken).GetArea() == 27500 and shape(taken).GetGeometryCount() == 1
    assert taken.count == 3 and taken.notes == ()


def test_only_what_is_selected_is_taken_unsaved_edits_included(project):
    layer = layer_of("Polygon", [box(92000, 437000, 100), box(93000, 437000, 200)])
    layer.selectByIds([1])
    assert shape(take([layer])).GetArea() == 10_000
    layer.startEditing()
    feature = QgsFeature(layer.fields())
    feature.setGeometry(QgsGeometry.fromWkt(box(94000, 437000, 10)))
    layer.addFeature(feature)
    layer.changeGeometry(1, QgsGeometry.fromWkt(box(92000, 437000, 50)))
    layer.selectByIds([1, *layer.editBuffer().addedFeatures()])
    assert shape(take([layer])).GetArea() == 2500 + 100
    layer.rollBack()


def test_an_area_in_degrees_comes_to_the_pilots_metres(project):
    ring = [(4.47, 51.91), (4.48, 51.91), (4.48, 51.92), (4.47, 51.92), (4.47, 51.91)]
    wkt = "POLYGON ((" + ", ".join(f"{x} {y}" for x, y in ring) + "))"
    expected = ogr.CreateGeometryFromWkt(wkt)
    there = osr.SpatialReference()
    there.ImportFromEPSG(28992)
    here = osr.SpatialReference()
    here.ImportFromEPSG(4326)
    for one in (here, there):
        one.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    expected.Transform(osr.CoordinateTransformation(here, there))
    layer = layer_of("Polygon", [wkt], srid=4326)
    assert shape(take([layer])).GetArea() == pytest.approx(expected.GetArea(), rel=1e-6)
    back = shape(take([layer], target=4326))
    assert back.GetArea() == pytest.approx(1e-4, rel=1e-9), "and stays where it is, to the digit"


def test_streets_and_trees_are_widened_by_metres_in_any_system(project):
    street = "LINESTRING (92000 437000, 92300 437000)"
    assert shape(take([layer_of("LineString", [street])], 10)).GetArea() == pytest.approx(
        300 * 20 + math.pi * 100, rel=2e-3
    )
    layer = layer_of("Point", ["POINT (4.47 51.92)", "POINT (4.49 51.92)"], srid=4326)
    assert shape(take([layer], 50)).GetArea() == pytest.approx(2 * math.pi * 2500, rel=4e-3)
    mercator = layer_of("Point", ["POINT (498000 6784000)"], srid=3857)
    assert shape(take([mercator], 50)).GetArea() == pytest.approx(math.pi * 2500, rel=4e-3), "metres on the ground"
    degrees = shape(take([mercator], 50, target=4326))
    assert degrees.GetEnvelope()[1] < 5


def test_areas_are_widened_only_when_asked(project):
    block, tree = layer_of("Polygon", [box(92000, 437000, 100)]), layer_of("Point", ["POINT (95000 437000)"])
    dot = math.pi * 100
    assert shape(take([block, tree], 10)).GetArea() == pytest.approx(10_000 + dot, rel=2e-3)
    assert shape(take([block, tree], 10, areas=True)).GetArea() == pytest.approx(14_000 + 2 * dot, rel=2e-3)


# -- what comes is not always sound


def test_lines_without_a_distance_are_left_out_and_that_is_said(project):
    block, street = layer_of("Polygon", [box(0, 0, 9)]), layer_of("LineString", ["LINESTRING (0 0, 1 1)"] * 2)
    assert take([block, street]).notes == ("2 lines and points were left out: say how many metres around them.",)
    with pytest.raises(CityTwinError, match="no area of their own"):
        take([street])


def test_curves_become_straight_and_that_is_said(project):
    circle = "CURVEPOLYGON (CIRCULARSTRING (92000 437000, 92200 437000, 92000 437000))"
    taken = take([layer_of("CurvePolygon", [circle])])
    assert shape(taken).GetArea() == pytest.approx(math.pi * 10_000, rel=1e-3)
    assert "1 outline had curves" in taken.notes[0]
    assert not check_outline(Pilot(wkb=taken.wkb), Surroundings())


def test_crossing_outlines_solids_and_heights(project):
    bow = "POLYGON Z ((92000 437000 5, 92100 437100 5, 92100 437000 5, 92000 437100 5, 92000 437000 5))"
    taken = take([layer_of("PolygonZ", [bow])])
    assert shape(taken).GetArea() == pytest.approx(5000) and taken.notes == (
        "1 outline crossed itself and was mended.",
    )
    faces = (
        "((0 0 0, 0 9 0, 9 9 0, 9 0 0, 0 0 0))", "((0 0 8, 9 0 8, 9 9 8, 0 9 8, 0 0 8))",
        "((0 0 0, 9 0 0, 9 0 8, 0 0 8, 0 0 0))", "((0 0 0, 0 0 8, 0 9 8, 0 9 0, 0 0 0))",
    )  # fmt: skip
    solid = layer_of("MultiPolygonZ", [f"MULTIPOLYGON Z ({', '.join(faces)})"])
    assert shape(take([solid])).GetArea() == pytest.approx(81), "a building stands on its ground"


def test_degrees_in_a_layer_that_counts_in_metres(project):
    layer = layer_of("Polygon", [box(4.47, 51.91, 0.01)], "Wrong")
    with pytest.raises(CityTwinError, match="Wrong counts in metres, but its coordinates are degrees"):
        take([layer], 10, areas=True)
    pilot = Pilot(wkb=take([layer]).wkb)
    (problem,) = check_outline(pilot, Surroundings())
    assert problem.code == "degrees", "taken as it is, told and mended in the panel"
    assert not check_outline(mended(pilot, problem), Surroundings())


def test_features_without_a_place_are_left_out_and_that_is_said(project):
    layer = layer_of("Polygon", [box(92000, 437000, 10), "", "POLYGON EMPTY"])
    assert take([layer]).notes == ("2 features were left out: they have no place on the map.",)
    with pytest.raises(CityTwinError, match="have no geometry"):
        take([layer_of("Polygon", [""])])
    far = layer_of("Point", ["POINT (1e30 1e30)"], srid=28992)
    with pytest.raises(CityTwinError, match="cannot be worked out"):
        take([far], 10, target=4326)


def test_no_selection_and_no_reference_system_are_sentences(project):
    layer = layer_of("Polygon", [box(0, 0, 9)], "Plans")
    layer.setCrs(QgsCoordinateReferenceSystem())
    with pytest.raises(CityTwinError, match="Plans does not say its coordinate reference system"):
        take([layer])
    layer.removeSelection()
    with pytest.raises(CityTwinError, match="Nothing is selected any more"):
        take([layer])


def test_it_can_be_cancelled(project):
    class Stopped:
        def cancelled(self) -> bool:
            return True

        def report(self, done: int, total: int | None, text: str) -> None:
            """Nothing."""

        def note(self, text: str) -> None:
            """Nothing."""

    with pytest.raises(Cancelled):
        taking([layer_of("Polygon", [box(0, 0, 9)])], RD)(Stopped())


# -- real


def test_real_neighbourhoods_become_one_sound_area(project, shared_data):
    layer = QgsVectorLayer(str(shared_data / "areas" / "rotterdam_neighbourhoods.geojson"), "Districts", "ogr")
    assert layer.isValid() and layer.wkbType() == Qgis.WkbType.MultiPolygon
    project.addMapLayer(layer)
    layer.selectAll()
    begun = time.perf_counter()
    taken = take([layer])
    assert time.perf_counter() - begun < 5
    way = osr.CoordinateTransformation(*_axes(4326, 28992))
    expected = ogr.Geometry(ogr.wkbMultiPolygon)
    for feature in layer.getFeatures():
        one = ogr.CreateGeometryFromWkb(bytes(feature.geometry().asWkb()))
        one.Transform(way)
        expected = expected.Union(one.MakeValid())
    assert shape(taken).GetArea() == pytest.approx(expected.GetArea(), rel=1e-9)
    assert taken.count == 22
    codes = {problem.code for problem in check_outline(Pilot(wkb=taken.wkb), Surroundings())}
    assert "too-large" in codes and not codes & {"invalid", "curved", "degrees", "off-the-map"}


def _axes(*codes: int) -> list[osr.SpatialReference]:
    found = []
    for code in codes:
        one = osr.SpatialReference()
        one.ImportFromEPSG(code)
        one.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
        found.append(one)
    return found
