"""Coordinate reference systems: which one to read and write in, and in which order its axes come.

A GeoPackage stores east, north; a twin with Part 2 sends a CRS's own axis order (OGC API – Features Part 2, 18-058r1).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from osgeo import gdal, osr

from ..text import tr
from .errors import Unsupported
from .model import CRS84, CRS84H, Capabilities, Collection, Extent

_CRS84_FORMS = re.compile(r"(^|[/:])(OGC[/:][\w.]*[/:]?)?CRS84(h?)\]?$", re.IGNORECASE)
_EPSG_FORMS = re.compile(r"EPSG(?:[/:][\w.]*)?[/:](\d+)\]?$|epsg\.xml#(\d+)$", re.IGNORECASE)
_LOOSE = 0.1  # of an extent's size: collections say theirs roughly
_DENSIFY = 21  # points per edge of an extent that is transformed: straight edges become curves


@dataclass(frozen=True)
class CrsChoice:
    """The CRS that one collection is read and written in.

    ``uri`` goes into ``crs``, ``bbox-crs`` and ``Content-Crs``; None sends none of them and means CRS84. ``srid`` is
    the EPSG code for the GeoPackage, of the horizontal part (28992 for EPSG:7415, 4326 for CRS84). ``swap``: the twin's
    coordinates come north, east.
    """

    uri: str | None
    srid: int
    swap: bool = False
    has_z: bool = False
    is_geographic: bool = True  # degrees
    unlike_declared: bool = False  # the twin was seen to send east, north where the CRS has north, east


@dataclass(frozen=True)
class _Crs:
    srid: int
    swap: bool
    has_z: bool
    is_geographic: bool


DEFAULT = CrsChoice(None, 4326)


def same_place(one: str, other: str) -> bool:
    """Whether coordinates in two CRSs (URIs or codes) are the same numbers in the same order, heights aside."""
    if crs_key(one) == crs_key(other):
        return True
    first, second = _lookup(one), _lookup(other)
    return first is not None and second is not None and (first.srid, first.swap) == (second.srid, second.swap)


def crs_key(uri: str) -> str:
    """One spelling per CRS: ``CRS84``, ``CRS84H`` or ``EPSG:28992``; what is neither stays as it is."""
    crs84 = _CRS84_FORMS.search(uri.strip())
    if crs84:
        return "CRS84H" if crs84.group(3) else "CRS84"
    epsg = _EPSG_FORMS.search(uri.strip())
    return f"EPSG:{int(epsg.group(1) or epsg.group(2))}" if epsg else uri.strip()


def epsg_uri(srid: int) -> str:
    return f"http://www.opengis.net/def/crs/EPSG/0/{srid}"


def storage_srid(collection: Collection) -> int:
    """The EPSG code of the collection's storage CRS, horizontal part; 4326 for CRS84, none, or one without a code."""
    crs = _lookup(collection.storage_crs) if collection.storage_crs else None
    return crs.srid if crs else 4326


def read_crs(capabilities: Capabilities, collection: Collection) -> CrsChoice:
    """Storage CRS where the twin has Part 2 *and* declares it; else CRS84 without a word about it.

    Real servers ignore ``Content-Crs`` in different ways; this is the only choice that none of them corrupts.
    """
    if capabilities.crs_supported and collection.storage_crs:
        crs = _lookup(collection.storage_crs)
        if crs is not None:
            return CrsChoice(
                collection.storage_crs, crs.srid, crs.swap, crs.has_z or collection.has_z, crs.is_geographic
            )
    return CrsChoice(None, 4326, False, collection.has_z)


def seen_order(choice: CrsChoice, extent: Extent, positions: Sequence[tuple[float, float]]) -> CrsChoice:
    """``choice`` with the axis order in which coordinates really come.

    pygeoapi hands out what PostGIS stores, east and north, whatever the CRS says. ``positions`` as they came;
    ``extent`` is the collection's in CRS84. The declared order is doubted only where it leads outside of that, and the
    other one inside.
    """
    if not choice.swap or not positions:
        return choice
    try:
        box = transform_extent(extent, 4326, choice.srid)
    except Unsupported:
        return choice
    dx, dy = (box[2] - box[0]) * _LOOSE, (box[3] - box[1]) * _LOOSE
    box = (box[0] - dx, box[1] - dy, box[2] + dx, box[3] + dy)
    as_declared = any(_within(box, north_east[1], north_east[0]) for north_east in positions)
    as_seen = all(_within(box, *east_north) for east_north in positions)
    return replace(choice, swap=False, unlike_declared=True) if as_seen and not as_declared else choice


def _within(box: Extent, x: float, y: float) -> bool:
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def bbox_params(choice: CrsChoice, extent: Extent) -> dict[str, str]:
    """The query members for ``extent`` (east/north, in the CRS of ``choice``), in the twin's axis order."""
    params = {"bbox": ",".join(f"{v:.15g}" for v in in_twin_order(choice, extent))}
    if choice.uri is not None:
        params["bbox-crs"] = choice.uri
    return params


def in_twin_order(choice: CrsChoice, extent: Extent) -> Extent:
    """An extent from east/north to the twin's axis order, or back."""
    return (extent[1], extent[0], extent[3], extent[2]) if choice.swap else extent


def swapped(geometry: dict[str, Any] | Any) -> Any:
    """A GeoJSON geometry with the first two numbers of every position exchanged; Z stays. Its own inverse."""
    if not isinstance(geometry, dict):
        return geometry
    if isinstance(geometry.get("geometries"), list):
        return {**geometry, "geometries": [swapped(g) for g in geometry["geometries"]]}
    if "coordinates" in geometry:
        return {**geometry, "coordinates": _swap(geometry["coordinates"])}
    return geometry


def _swap(coordinates: Any) -> Any:
    if not isinstance(coordinates, (list, tuple)):
        return coordinates
    if len(coordinates) >= 2 and not isinstance(coordinates[0], (list, tuple)):
        return [coordinates[1], coordinates[0], *coordinates[2:]]
    return [_swap(c) for c in coordinates]


def transform_extent(extent: Extent, from_srid: int, to_srid: int) -> Extent:
    """``extent`` (east/north) in another CRS, large enough for its curved edges. Raises `Unsupported`."""
    if from_srid == to_srid:
        return extent
    with _quiet():
        source, target = reference_system(from_srid), reference_system(to_srid)
        bounds: tuple[float, ...] = ()
        if source is not None and target is not None:
            try:
                bounds = osr.CoordinateTransformation(source, target).TransformBounds(*extent, _DENSIFY)
            except RuntimeError:
                bounds = ()
    if len(bounds) != 4 or not all(math.isfinite(v) for v in bounds):
        raise Unsupported(
            tr(
                "The extent cannot be expressed in the CRS EPSG:{srid}. It may lie outside the area that this CRS is "
                "made for; choose a smaller extent.",
                srid=to_srid,
            ),
            detail=f"{extent} from EPSG:{from_srid} to EPSG:{to_srid}: {bounds}",
        )
    return (bounds[0], bounds[1], bounds[2], bounds[3])


@lru_cache(maxsize=256)
def _lookup(uri: str) -> _Crs | None:
    """What PROJ's database knows about a URI; None for what has no EPSG code there."""
    key = crs_key(uri)
    if key in ("CRS84", "CRS84H"):
        return _Crs(4326, False, key == "CRS84H", True)
    if not key.startswith("EPSG:"):
        return None
    with _quiet():
        srs = reference_system(int(key[5:]))
        if srs is None:
            return None
        swap = bool(srs.EPSGTreatsAsLatLong() or srs.EPSGTreatsAsNorthingEasting())
        has_z = srs.GetAxesCount() > 2 or bool(srs.IsCompound())
        srid = int(key[5:])
        if has_z:
            node = "PROJCS" if srs.IsProjected() else "GEOGCS"
            horizontal = srs.Clone()
            if srs.IsCompound():
                code = srs.GetAuthorityCode(node)
            else:
                horizontal.DemoteTo2D(None)
                code = horizontal.GetAuthorityCode(None)
            srid = int(code) if code and code.isdigit() else (4326 if srid == 4979 else srid)
        return _Crs(srid, swap, has_z, bool(srs.IsGeographic()))


def reference_system(srid: int) -> Any:
    """The `osr.SpatialReference` of EPSG:``srid``, east before north; None for one that is not known here."""
    srs = osr.SpatialReference()
    try:
        if srs.ImportFromEPSGA(srid) != 0:
            return None
    except RuntimeError:
        return None
    srs.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return srs


@contextmanager
def _quiet() -> Iterator[None]:
    """GDAL's own error output off; whether it raises or returns is the host's choice and both are handled."""
    gdal.PushErrorHandler("CPLQuietErrorHandler")
    try:
        yield
    finally:
        gdal.PopErrorHandler()


__all__ = [
    "CRS84",
    "CRS84H",
    "DEFAULT",
    "CrsChoice",
    "bbox_params",
    "crs_key",
    "epsg_uri",
    "in_twin_order",
    "read_crs",
    "reference_system",
    "same_place",
    "seen_order",
    "storage_srid",
    "swapped",
    "transform_extent",
]
