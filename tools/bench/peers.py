"""Those we are compared with: ``ogr2ogr`` and QGIS's own OGC API – Features provider."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .measure import Failed, Run, run, work
from .place import Place
from .prepared import CITY, COUNTS

PAGE_SIZES = (10_000, 1_000)
TRIAL = "roofs-50k"  # on which the better page size is found
Peer = Callable[[Place, str, int, str], Run]  # the twin's address, features in a page, the collection


def ogr2ogr_pages(place: Place, url: str, size: int, collection: str = CITY) -> Run:
    """Into a GeoPackage, index included. This GDAL asks for no CRS, so it gets degrees."""
    path = place.fresh("ogr2ogr.gpkg")
    return run(["ogr2ogr", "-q", "-oo", f"PAGE_SIZE={size}", "-f", "GPKG", str(path), f"OAPIF:{url}", collection])


def ogr2ogr_file(source: Path, target: Path) -> Run:
    """From a local file into a GeoPackage, index included."""
    return run(["ogr2ogr", "-q", "-f", "GPKG", "-nln", CITY, str(target), str(source)])


def qgis_pages(place: Place, url: str, size: int, collection: str = CITY) -> Run:
    """Read only: what writing would take is not counted."""
    found = work("qgis_reading", url, collection, size)
    if found.said["count"] != {CITY: place.prepared.about["count"], **COUNTS}[collection]:
        raise Failed(f"QGIS's provider read {found.said['count']} features")
    return found
