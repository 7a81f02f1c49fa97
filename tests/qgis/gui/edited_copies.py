"""A running twin with one collection, a working copy of it, and others who edit either."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from plugin.twin.client import Twin
from plugin.workcopy.checkout import checkout
from plugin.workcopy.copy import WorkingCopy
from tests.twin_server import RunningTwin, start_twin

RD = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::28992"}}
STREETS = ("Coolhaven", "Schiedamseweg", "Mathenesserlaan", "Nieuwe Binnenweg", "Heemraadssingel", "Rochussenstraat")


def box(x: float, y: float, size: float = 12.0) -> dict[str, Any]:
    """A square in RD metres."""
    return {"type": "Polygon", "coordinates": [[[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]]}


def city(houses: int = 12, trees: int = 4) -> dict[str, Any]:
    """File name → GeoJSON."""
    buildings = [
        {
            "type": "Feature",
            "id": f"b{n}",
            "geometry": box(91000 + 40 * (n % 10), 436000 + 40 * (n // 10)),
            "properties": {"name": f"{STREETS[n % len(STREETS)]} {n}", "height": 8.0 + n, "use": "residential"},
        }
        for n in range(1, houses + 1)
    ]
    planted = [
        {
            "type": "Feature",
            "id": f"t{n}",
            "geometry": {"type": "Point", "coordinates": [91005.0 + 15 * n, 436100.0]},
            "properties": {"species": "Tilia europaea", "planted": 1990 + n},
        }
        for n in range(1, trees + 1)
    ]
    return {
        "buildings.geojson": {"type": "FeatureCollection", "crs": RD, "features": buildings},
        "trees.geojson": {"type": "FeatureCollection", "crs": RD, "features": planted},
    }


def run_twin(folder: Path, **files: Any) -> RunningTwin:
    """A twin over ``files`` (default: `city`)."""
    data = folder / "data"
    data.mkdir()
    for name, document in (files or city()).items():
        (data / name).write_text(json.dumps(document), encoding="utf-8")
    return start_twin(data, store=folder / "twin.sqlite")


@dataclass
class Field:
    """What a test works with."""

    twin: RunningTwin
    path: Path

    @property
    def copy(self) -> WorkingCopy:
        return WorkingCopy.open(self.path)

    def item(self, collection: str, identity: str) -> dict[str, Any]:
        """An item as the twin has it now."""
        answer = requests.get(f"{self.twin.url}collections/{collection}/items/{identity}", timeout=10)
        answer.raise_for_status()
        return dict(answer.json())

    def items(self, collection: str) -> list[dict[str, Any]]:
        answer = requests.get(f"{self.twin.url}collections/{collection}/items?limit=1000", timeout=10)
        return list(answer.json()["features"])

    def somebody_sets(self, collection: str, identity: str, **values: Any) -> None:
        """A colleague changes an item on the twin."""
        url = f"{self.twin.url}collections/{collection}/items/{identity}"
        token = requests.get(url, timeout=10).headers["ETag"]
        answer = requests.patch(
            url,
            data=json.dumps({"type": "Feature", "properties": values}),
            headers={"Content-Type": "application/merge-patch+json", "If-Match": token},
            timeout=10,
        )
        answer.raise_for_status()

    def another_program(self, *statements: str) -> None:
        """Edit the file with GDAL in a process of its own."""
        code = (
            "import sys\nfrom osgeo import gdal\ngdal.UseExceptions()\n"
            "d = gdal.OpenEx(sys.argv[1], gdal.OF_UPDATE | gdal.OF_VECTOR)\n"
            "for s in sys.argv[2:]:\n    d.ExecuteSQL(s)\nd = None\n"
        )
        self._run(code, *statements)

    def another_program_draws(self, table: str, identity: str, wkt: str) -> None:
        """Give a feature another geometry with GDAL in a process of its own."""
        code = (
            "import sys\nfrom osgeo import gdal, ogr\ngdal.UseExceptions()\n"
            "d = gdal.OpenEx(sys.argv[1], gdal.OF_UPDATE | gdal.OF_VECTOR)\nl = d.GetLayerByName(sys.argv[2])\n"
            "l.SetAttributeFilter(f\"twin_id = '{sys.argv[3]}'\")\nf = l.GetNextFeature()\n"
            "f.SetGeometry(ogr.CreateGeometryFromWkt(sys.argv[4]))\nl.SetFeature(f)\nf = l = d = None\n"
        )
        self._run(code, table, identity, wkt)

    def _run(self, code: str, *statements: str) -> None:
        subprocess.run([sys.executable, "-c", code, str(self.path), *statements], check=True, timeout=60)


@pytest.fixture()
def field(tmp_path: Path, qgis_app: Any) -> Iterator[Field]:
    """A twin of its own and a fresh working copy of it."""
    twin = run_twin(tmp_path)
    path = tmp_path / "delfshaven.gpkg"
    checkout(Twin(twin.url), ["buildings", "trees"], path)
    yield Field(twin, path)
    twin.stop()
