"""What of many features lies inside an area: whole ones by NumPy, those on its outline by geopandas (GEOS).

All in EPSG:28992, in m and m². Features in another CRS are brought there first, corner by corner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..twin.progress import SILENT, Progress, check
from ..workcopy.geometry import wkb_of
from . import shapes
from .analysis import changed, geopandas, mended
from .coordinates import Floats, Ints, Outlines, read
from .pieces import parted, rings
from .raster import INSIDE, UNDECIDED, Raster

POINTS, LINES, AREAS = 0, 1, 2
# less than this of a feature inside is two outlines that touch: m and m²
_TOUCH = 0.01
_PAUSE = 1000  # features that GEOS looks at between two looks whether somebody cancelled


@dataclass(frozen=True)
class Inside:
    """Per feature, in the order given. ``kind``: POINTS, LINES, AREAS, or -1 for no geometry.

    ``amount``: 1 for points, else the length (m) or area (m²) inside; ``share``: of the whole feature, 0 to 1.
    """

    kind: Ints
    amount: Floats
    share: Floats
    mended: int = 0  # how many had a broken outline, mended for the calculation
    unreadable: int = 0

    @property
    def touched(self) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Which have more than a touch inside."""
        return (self.share > 0) & (self.amount >= np.where(self.kind == POINTS, 0.0, _TOUCH))


class Measure:
    """An area to measure features against. Raises `NoGeopandas`."""

    def __init__(self, wkb: bytes) -> None:
        """``wkb``: a valid polygon or multipolygon in EPSG:28992."""
        series = geopandas().GeoSeries.from_wkb([wkb], crs=shapes.RD)
        self._area = series.iloc[0]
        self.area = float(self._area.area)
        self.bounds: tuple[float, float, float, float] = self._area.bounds
        self._raster = Raster(list(rings(self._area)))

    def holds(self, xy: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Which positions (shape (n, 2), EPSG:28992) lie inside or on the outline."""
        return _held(xy, self._area)

    def inside(self, blobs: Sequence[Any], srid: int = shapes.RD, progress: Progress = SILENT) -> Inside:
        """What of the features in GeoPackage ``blobs`` lies inside. Raises `CityTwinError` for an unknown CRS,
        `Cancelled`."""
        outlines = read(blobs)
        if srid != shapes.RD and len(outlines.xy):
            outlines = outlines.moved(to_rd(outlines.xy, srid))
        kind, amount, share = self._whole(outlines)
        boxes = outlines.boxes()
        known = ~np.isnan(boxes[:, 0])
        state = np.zeros(len(kind), np.int64)
        state[known] = self._raster.states(boxes[known])
        near = parted(self._area, boxes, np.flatnonzero(state == UNDECIDED), progress)
        for indices in near.inside:
            state[indices] = INSIDE
        share[state == INSIDE] = 1.0
        amount[state != INSIDE] = 0.0
        # faces of a solid lie over each other: only their union is the footprint
        solid = np.array([i for i in outlines.solid if state[i] == INSIDE], np.int64)
        groups = [(solid, None), (np.array(outlines.odd, np.int64), self._area), *near.cut]
        found = Inside(kind, amount, share)
        for indices, piece in groups:
            left, found = self._points(found, outlines, indices, piece)
            for begin in range(0, len(left), _PAUSE):
                check(progress)
                found = self._exactly(found, outlines, blobs, srid, left[begin : begin + _PAUSE], piece)
        return found

    def _whole(self, outlines: Outlines) -> tuple[Ints, Floats, Floats]:
        kind = outlines.kinds()
        amount = np.where(kind == AREAS, outlines.areas(), np.where(kind == LINES, outlines.lengths(), 1.0))
        return kind, amount, np.zeros(len(kind))

    def _exactly(
        self, found: Inside, outlines: Outlines, blobs: Sequence[Any], srid: int, look: Ints, piece: Any | None
    ) -> Inside:
        """``found``, with the features ``look`` cut by GEOS with a ``piece`` of the area; None: they are inside."""
        kind, amount, share = found.kind, found.amount, found.share
        wkbs, kept, lost = [], [], found.unreadable
        for index in look:
            shape = shapes.shape_of(wkb_of(blobs[index]))
            if shape is None or shape.IsEmpty():
                lost += shape is None
                continue
            wkbs.append(shapes.wkb_of_shape(shape.GetLinearGeometry() if shape.HasCurveGeometry(1) else shape))
            kept.append(index)
        if not kept:
            return Inside(kind, amount, share, found.mended, lost)
        # of one already in metres a CRS need not be made for every group
        series = geopandas().GeoSeries.from_wkb(wkbs, crs=None if srid == shapes.RD else srid)
        if srid != shapes.RD:
            series = series.to_crs(shapes.RD)
        solids = np.isin(kept, outlines.solid)
        if solids.any():
            series = changed(series, solids, _footprint)
        series, broken = mended(series)
        index = np.array(kept)
        kind[index] = [_dimension(shape) for shape in series]
        cut = series if piece is None else series.intersection(piece)
        sizes = _sizes(cut, kind[index])
        whole = _sizes(series, kind[index])
        amount[index] = sizes
        # a wall seen from above has no area of its own: it is inside where it touches
        touches = sizes > 0 if (whole > 0).all() else (~cut.is_empty).to_numpy()
        with np.errstate(divide="ignore", invalid="ignore"):
            share[index] = np.where(whole > 0, np.minimum(1.0, sizes / whole), touches.astype(float))
        return Inside(kind, amount, share, found.mended + broken, lost)

    @staticmethod
    def _points(found: Inside, outlines: Outlines, look: Ints, piece: Any | None) -> tuple[Ints, Inside]:
        """Single points among the undecided, all at once: making an object of each would take longest of all."""
        single = np.bincount(outlines.feature, minlength=outlines.count) == 1
        points = look[(found.kind[look] == POINTS) & single[look]] if len(look) else look
        if not len(points):
            return look, found
        place = np.searchsorted(outlines.feature, points)
        xy = outlines.xy[outlines.starts[place]]
        found.share[points] = found.amount[points] = 1.0 if piece is None else _held(xy, piece).astype(float)
        return np.setdiff1d(look, points), found


def to_rd(xy: Floats, srid: int) -> Floats:
    """Positions, east/north in EPSG:``srid``, in EPSG:28992. Raises `CityTwinError`."""
    found = np.empty_like(xy)
    found[:, 0], found[:, 1] = _way(srid, shapes.RD).transform(xy[:, 0], xy[:, 1])
    return found


def box_in(srid: int, bounds: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """The box in EPSG:``srid`` around a box in EPSG:28992. Raises `CityTwinError`."""
    if srid == shapes.RD:
        return bounds
    west, south, east, north = _way(shapes.RD, srid).transform_bounds(*bounds, densify_pts=21)
    return west, south, east, north


def _way(source: int, target: int) -> Any:
    for srid in (source, target):
        shapes.must_know(srid)
    from pyproj import Transformer

    return Transformer.from_crs(source, target, always_xy=True)


def _held(xy: Floats, area: Any) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    pandas = geopandas()
    points = pandas.GeoSeries(pandas.points_from_xy(xy[:, 0], xy[:, 1]))
    found: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = points.intersects(area).to_numpy(np.bool_)
    return found


def _sizes(series: Any, kind: Ints) -> Floats:
    if (kind == AREAS).all():  # asked of each shape, the others would take as long again
        areas: Floats = series.area.to_numpy()
        return areas
    found: Floats = np.where(
        kind == AREAS,
        series.area.to_numpy(),
        np.where(kind == LINES, series.length.to_numpy(), (~series.is_empty).to_numpy().astype(float)),
    )
    return found


def _footprint(shape: Any) -> Any:
    """The ground that the faces of a solid cover; walls, which have no area from above, are left out."""
    from shapely.ops import unary_union

    faces = [face.buffer(0) for face in getattr(shape, "geoms", [shape]) if face.area > 1e-6]
    return unary_union(faces) if faces else shape


def _dimension(shape: Any) -> int:
    kinds = {"Point": POINTS, "LineString": LINES, "LinearRing": LINES, "Polygon": AREAS}
    return (
        max((_dimension(part) for part in shape.geoms), default=-1)
        if hasattr(shape, "geoms")
        else kinds[shape.geom_type]
    )
