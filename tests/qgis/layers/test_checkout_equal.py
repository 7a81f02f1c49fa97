"""QGIS opens a checkout and finds what the twin served: count, types, geometries; the file stays sound as it edits."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from qgis.core import QgsFeature, QgsFeatureRequest, QgsGeometry, QgsRectangle, QgsVectorLayer

from tests.raw_pages import declared, raw_twin
from tests.shapes import FLAT, HIGH, X, Y, ring, shapes
from tests.sound import expect_sound, expect_valid


def feature(identity: str, geometry: dict | None, **properties: object) -> dict:
    return {"type": "Feature", "id": identity, "geometry": geometry, "properties": properties}


def opened(path: Path, kind: str = "") -> QgsVectorLayer:
    layer = QgsVectorLayer(f"{path}|layername=things{kind}", "things", "ogr")
    assert layer.isValid()
    return layer


def test_what_qgis_reads(qgis_app, tmp_path: Path) -> None:
    """All kinds of geometry in one table: each kind is a layer, as QGIS splits them, and none is missing."""
    every = [*shapes(FLAT), *shapes(HIGH)]
    with raw_twin() as twin:
        twin.give([feature(f"f{n}", one, n=2**53 + n) for n, one in enumerate(every)], None)
        twin.checkout(tmp_path / "a.gpkg")
    kinds = {"Point": ("Point", "MultiPoint"), "LineString": ("LineString", "MultiLineString")}
    kinds["Polygon"] = ("Polygon", "MultiPolygon")
    for kind, members in kinds.items():
        found = {}
        for member in members:
            for suffix in ("", "Z", "25D"):
                layer = QgsVectorLayer(
                    f"{tmp_path / 'a.gpkg'}|layername=things|geometrytype={member}{suffix}", "t", "ogr"
                )
                found.update({row["twin_id"]: row for row in layer.getFeatures()} if layer.isValid() else {})
        wanted = {f"f{n}" for n, one in enumerate(every) if one["type"] in members}
        assert wanted <= set(found), f"{kind}: {wanted - set(found)} cannot be seen"
        assert all(found[name]["n"] == 2**53 + int(name[1:]) for name in wanted)


@pytest.mark.parametrize("count", [0, 1, 52, 700])
def test_what_qgis_edits(qgis_app, tmp_path: Path, count: int) -> None:
    """Found by place, moved, deleted and added in an edit session."""
    given = [feature(f"f{n}", {"type": "Polygon", "coordinates": [ring(X + 20 * n, Y)]}, n=n) for n in range(count)]
    with raw_twin() as twin:
        twin.give(given, declared("Polygon", n="integer"), size=1000)
        twin.checkout(tmp_path / "a.gpkg")
    layer = opened(tmp_path / "a.gpkg")
    assert layer.featureCount() == count
    rows = {row["twin_id"]: row for row in layer.getFeatures()}
    for one in given:
        wkb = bytes(rows[one["id"]].geometry().asWkb())
        (size,) = struct.unpack_from("<I", wkb, 9)
        numbers = struct.unpack_from(f"<{2 * size}d", wkb, 13)
        assert [list(pair) for pair in zip(numbers[::2], numbers[1::2])] == one["geometry"]["coordinates"][0]
    window = QgsRectangle(X + 100, Y - 1, X + 131, Y + 1)
    seen = {row["twin_id"] for row in layer.getFeatures(QgsFeatureRequest().setFilterRect(window))}
    assert seen == {one["id"] for one in given[5:7]}
    assert layer.startEditing()
    for fid in range(1, count + 1):
        if fid % 3 == 0:
            layer.deleteFeature(fid)
        elif fid % 3 == 1:
            layer.changeGeometry(fid, QgsGeometry.fromWkt(f"POLYGON (({fid} 0,{fid} 1,{fid + 1} 1,{fid} 0))"))
        elif fid % 6 == 2:
            layer.changeGeometry(fid, QgsGeometry())
    for place in range(80):
        row = QgsFeature(layer.fields())
        row.setGeometry(QgsGeometry.fromWkt(f"POLYGON (({place} 5,{place} 6,{place + 1} 6,{place} 5))"))
        assert layer.addFeature(row)
    assert layer.commitChanges(), layer.commitErrors()
    del layer
    expect_sound(tmp_path / "a.gpkg", by_qgis=True)
    expect_valid(tmp_path / "a.gpkg")
