"""The background: estimated, drawn into tiles, limited, cancelled, or taken over from a file."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from osgeo import gdal, ogr, osr
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCoordinateTransformContext,
    QgsFeature,
    QgsGeometry,
    QgsPointXY,
    QgsProcessingContext,
    QgsProject,
    QgsVectorLayer,
    QgsVectorTileLayer,
)
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor, QImage

from plugin.map import tasks
from plugin.map.layers import make_layers
from plugin.map.review import background, mbtiles
from plugin.map.review.background import Background, TooLarge, background_of, estimate
from plugin.map.review.recipes import Recipe
from plugin.map.review.tiles import SIDE, block_of, zooms_of
from plugin.processing.packagereview import PackageReview
from plugin.twin.errors import Cancelled, CityTwinError
from plugin.twin.progress import SILENT
from plugin.workcopy.errors import WorkingCopyError
from plugin.workcopy.excerpt import Area
from tests.qgis.review.packages import EAST, NORTH, SOUTH, WEST, area, made, opened
from tests.qgis.review.test_project import Stop, Told

BOUNDS = (WEST, SOUTH, EAST, NORTH)


def rows(path: Path, question: str = "SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles"):
    connection = sqlite3.connect(path)
    try:
        return connection.execute(question).fetchall()
    finally:
        connection.close()


def red(wkt: str) -> QgsVectorLayer:
    """A layer in memory that is red all over."""
    layer = QgsVectorLayer("Polygon?crs=EPSG:4326", "red", "memory")
    feature = QgsFeature()
    feature.setGeometry(QgsGeometry.fromWkt(wkt))
    layer.dataProvider().addFeatures([feature])
    symbol = layer.renderer().symbol()
    symbol.symbolLayer(0).setFillColor(QColor("#ff0000"))
    symbol.symbolLayer(0).setStrokeStyle(Qt.PenStyle.NoPen)
    return layer


BOX = f"Polygon(({WEST} {SOUTH},{EAST} {SOUTH},{EAST} {NORTH},{WEST} {NORTH},{WEST} {SOUTH}))"


def test_tiles_cover_the_area_from_far_to_near():
    zooms = zooms_of(BOUNDS, 18)
    assert zooms[-1] == 18 and zooms[0] in (14, 15, 16)
    for zoom in zooms:
        block = block_of(BOUNDS, zoom)
        assert block.count == sum(piece.count for piece in block.blocks(3)) == len(list(block.blocks(1)))
    first = block_of(BOUNDS, zooms[0])
    assert first.east - first.west <= 1 and first.south - first.north <= 1


def test_tiles_lie_where_the_web_has_them():
    way = QgsCoordinateTransform(
        QgsCoordinateReferenceSystem("EPSG:4326"),
        QgsCoordinateReferenceSystem("EPSG:3857"),
        QgsCoordinateTransformContext(),
    )
    for longitude, latitude in ((4.4793, 51.9228), (-70.6, -33.4), (179.9, 80.0)):
        place = way.transform(QgsPointXY(longitude, latitude))
        for zoom in (0, 7, 18):
            block = block_of((longitude, latitude, longitude, latitude), zoom)
            west, south, east, north = block.box
            assert block.count == 1 and west <= place.x() < east and south <= place.y() < north
            assert block.rows_from_south() == ((1 << zoom) - 1 - block.north,) * 2


def test_own_layers_become_tiles_beside_the_project(city, tmp_path):
    packed = made(city, tmp_path / "walk", background=background_of(make_layers(city), 17))
    path = packed.folder / "background.mbtiles"
    assert not (packed.folder / "background.mbtiles.aux.xml").exists()
    found = rows(path)
    assert len(found) == packed.background.tiles > 8
    assert {row[0] for row in found} == set(zooms_of(BOUNDS, 17))
    assert all(QImage.fromData(row[3]).width() == SIDE for row in found)
    dataset = gdal.Open(str(path))
    assert dataset.GetDriver().ShortName == "MBTiles" and dataset.RasterCount >= 3
    project = opened(packed.folder)
    (layer,) = project.mapLayersByName("Background")
    assert layer.isValid() and layer.providerType() == "gdal"
    tree = [node.layer().name() for node in project.layerTreeRoot().findLayers()]
    assert tree[-1] == "Background"
    assert "Review and background" in project.mapThemeCollection().mapThemes()
    assert "City Twin" in layer.serverProperties().attribution()
    project.clear()


def test_what_is_drawn_lies_in_its_place(qgis_app, tmp_path):
    middle = (WEST + EAST) / 2
    west_half = f"Polygon(({WEST} {SOUTH},{middle} {SOUTH},{middle} {NORTH},{WEST} {NORTH},{WEST} {SOUTH}))"
    wanted = background_of([red(west_half)], 17)
    background.make(wanted, tmp_path, BOUNDS, None, SILENT)
    dataset = gdal.Open(str(tmp_path / "background.mbtiles"))
    way = QgsCoordinateTransform(
        QgsCoordinateReferenceSystem("EPSG:4326"),
        QgsCoordinateReferenceSystem("EPSG:3857"),
        QgsCoordinateTransformContext(),
    )
    x0, dx, _, y0, _, dy = dataset.GetGeoTransform()

    def colour(x: float, y: float) -> tuple[int, ...]:
        place = way.transform(QgsPointXY(x, y))
        pixel = (int((place.x() - x0) / dx), int((place.y() - y0) / dy))
        return tuple(int(dataset.GetRasterBand(n).ReadAsArray(*pixel, 1, 1)[0][0]) for n in (1, 2, 3))

    south = (SOUTH + NORTH) / 2
    assert colour(middle - 0.0004, south)[0] > 240 and colour(middle - 0.0004, south)[1] < 20
    assert colour(middle + 0.0004, south)[1] > 230


def test_nothing_outside_the_area_is_drawn(qgis_app, tmp_path):
    corner = f"Polygon(({WEST} {SOUTH},{EAST} {SOUTH},{EAST} {NORTH},{WEST} {SOUTH}))"
    half = Area(bytes(QgsGeometry.fromWkt(corner).asWkb()), 4326)
    whole = background.make(background_of([red(BOX)], 18), tmp_path, BOUNDS, None, SILENT)
    (tmp_path / "background.mbtiles").unlink()
    less = background.make(background_of([red(BOX)], 18), tmp_path, BOUNDS, half, SILENT)
    assert less.tiles < 0.75 * whole.tiles


def test_around_a_compact_area_the_corners_go_along(qgis_app, tmp_path):
    middle = QgsGeometry.fromWkt(f"Point({(WEST + EAST) / 2} {(SOUTH + NORTH) / 2})")
    round_ = middle.buffer((NORTH - SOUTH) / 2, 12)
    box, wanted = round_.boundingBox(), background_of([red(BOX)], 18)
    bounds = (box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum())
    packed = background.make(wanted, tmp_path, bounds, Area(bytes(round_.asWkb()), 4326), SILENT)
    assert packed.tiles == estimate(wanted, bounds).tiles


def test_more_than_the_limit_is_refused_before_anything_is_drawn(city, tmp_path):
    wanted = background_of(make_layers(city), 20, limit=1_000_000)
    assert estimate(wanted, BOUNDS).bytes > 1_000_000
    with pytest.raises(TooLarge, match="smaller area"):
        made(city, tmp_path / "walk", background=wanted)
    assert [path.name for path in tmp_path.iterdir()] == ["office"]


def test_an_estimate_that_was_too_low_stops_at_the_limit(city, tmp_path, monkeypatch):
    monkeypatch.setattr(background, "_DRAWING", 10)
    with pytest.raises(CityTwinError, match="became larger"):
        made(city, tmp_path / "walk", background=background_of(make_layers(city), 17, limit=20_000))
    assert [path.name for path in tmp_path.iterdir()] == ["office"]


def test_the_estimate_is_of_the_right_size(city, tmp_path):
    wanted = background_of(make_layers(city), 17)
    told = estimate(wanted, BOUNDS)
    found = background.make(wanted, tmp_path, BOUNDS, None, SILENT)
    assert found.tiles <= told.tiles
    assert told.bytes / 3 < found.bytes < told.bytes * 3


def test_a_cancelled_background_leaves_nothing(city, tmp_path):
    with pytest.raises(Cancelled):
        background.make(background_of(make_layers(city), 18), tmp_path, BOUNDS, area(), Stop("Drawing"))
    assert [path.name for path in tmp_path.iterdir()] == ["office"]


def test_nothing_to_draw_is_said(qgis_app, tmp_path):
    far = red("Polygon((1 1,1 2,2 2,2 1,1 1))")
    with pytest.raises(CityTwinError, match="Nothing of the background"):
        background.make(background_of([far], 16), tmp_path, BOUNDS, None, SILENT)
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_tiles_is_taken_over_in_part(qgis_app, tmp_path):
    wide = (WEST - 0.02, SOUTH - 0.02, EAST + 0.02, NORTH + 0.02)
    corners = f"Polygon(({wide[0]} {wide[1]},{wide[2]} {wide[1]},{wide[2]} {wide[3]},{wide[0]} {wide[3]}))"
    background.make(background_of([red(corners)], 16), tmp_path, wide, None, SILENT)
    source = (tmp_path / "background.mbtiles").rename(tmp_path / "city.mbtiles")
    wanted = Background(file=source)
    told = estimate(wanted, BOUNDS)
    found = background.make(wanted, tmp_path, BOUNDS, None, SILENT)
    assert (found.tiles, found.bytes, found.vector) == (told.tiles, told.bytes, False)
    assert 0 < found.tiles < len(rows(source))
    known = set(rows(source))
    assert set(rows(tmp_path / "background.mbtiles")) <= known
    about = mbtiles.metadata_of(tmp_path / "background.mbtiles")
    assert about["bounds"] == mbtiles.bounds_text(BOUNDS) and about["maxzoom"] == "16"


def vector_tiles(path: Path) -> None:
    """A file of vector tiles with one polygon."""
    source = gdal.GetDriverByName("Memory").Create("", 0, 0, 0, gdal.GDT_Unknown)
    reference = osr.SpatialReference()
    reference.ImportFromEPSG(4326)
    reference.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    layer = source.CreateLayer("ground", reference, ogr.wkbPolygon)
    feature = ogr.Feature(layer.GetLayerDefn())
    feature.SetGeometry(ogr.CreateGeometryFromWkt(BOX))
    layer.CreateFeature(feature)
    gdal.VectorTranslate(str(path), source, format="MBTILES", datasetCreationOptions=["MINZOOM=12", "MAXZOOM=15"])


def test_vector_tiles_are_taken_over_with_their_style(city, tmp_path):
    vector_tiles(tmp_path / "ground.mbtiles")
    shown = QgsVectorTileLayer(f"type=mbtiles&url={tmp_path / 'ground.mbtiles'}", "Ground")
    assert shown.isValid()
    wanted = background_of([shown])
    assert wanted.file == tmp_path / "ground.mbtiles" and wanted.style
    packed = made(city, tmp_path / "walk", background=wanted)
    assert packed.background.vector and packed.background.tiles > 0
    (tmp_path / "ground.mbtiles").unlink()
    moved = packed.folder.rename(tmp_path / "moved")
    project = opened(moved)
    (layer,) = project.mapLayersByName("Background")
    assert isinstance(layer, QgsVectorTileLayer) and layer.isValid()
    assert str(moved) in layer.source()
    project.clear()


def test_a_file_that_has_nothing_here_is_said(qgis_app, tmp_path):
    vector_tiles(tmp_path / "ground.mbtiles")
    with pytest.raises(CityTwinError, match="no tiles in the area"):
        background.make(Background(file=tmp_path / "ground.mbtiles"), tmp_path, (1, 1, 1.01, 1.01), None, SILENT)
    assert [path.name for path in tmp_path.iterdir()] == ["ground.mbtiles"]


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100])
def test_a_file_without_tiles_is_refused(qgis_app, tmp_path, content):
    (tmp_path / "x.mbtiles").write_bytes(content)
    with pytest.raises(WorkingCopyError, match="MBTiles"):
        background.make(Background(file=tmp_path / "x.mbtiles"), tmp_path, BOUNDS, None, SILENT)


def test_a_service_that_forbids_it_is_named(qgis_app, tmp_path):
    layer = Recipe("raster", "OSM", "type=xyz&url=https://tile.openstreetmap.org/{z}/{x}/{y}.png", "wms", "")
    assert "tile.openstreetmap.org" in background._not_allowed([layer])[0]
    assert background._not_allowed([background_of([red(BOX)]).layers[0]]) == []


def test_the_algorithm_draws_a_background(city, tmp_path):
    _out, ok = PackageReview().run(
        {
            "WORKING_COPY": str(city.path),
            "EXTENT": f"{WEST},{EAST},{SOUTH},{NORTH} [EPSG:4326]",
            "BACKGROUND": [f"{city.path}|layername=water", f"{city.path}|layername=streets"],
            "ZOOM": 16,
            "OUTPUT": str(tmp_path / "out"),
        },
        _context(),
        Told(),
    )
    assert ok and len(rows(tmp_path / "out" / "background.mbtiles")) >= 4


def _context() -> QgsProcessingContext:
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    return context


def test_a_layer_in_memory_is_drawn_in_a_task(qgis_app, tmp_path, qtbot):
    found: list = []
    wanted = background_of([red(BOX)], 16)
    tasks.run(
        "x",
        lambda progress: background.make(wanted, tmp_path, BOUNDS, area(), progress),
        done=found.append,
        failed=found.append,
    )
    qtbot.waitUntil(lambda: bool(found), timeout=20_000)
    assert found[0].tiles == len(rows(tmp_path / "background.mbtiles")) > 3
