"""geopandas, imported late: QGIS brings it on most systems, and says so where it does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..text import tr
from ..twin.errors import CityTwinError


class NoGeopandas(CityTwinError):
    """The analysis needs geopandas, and this Python has none."""


def geopandas() -> Any:
    """The module. Raises `NoGeopandas`."""
    try:
        import geopandas as found
    except ImportError as error:
        raise NoGeopandas(
            tr(
                "A profile needs the Python package geopandas, which this QGIS does not have. Nothing was computed. "
                "Install it (python3-geopandas on Linux, the OSGeo4W setup on Windows), then start QGIS again."
            ),
            detail=repr(error),
        ) from error
    return found


def changed(series: Any, which: Any, change: Callable[[Any], Any]) -> Any:
    """A GeoSeries with ``change`` applied to the geometries that ``which`` (one boolean each) marks."""
    shapes = [change(shape) if marked else shape for shape, marked in zip(series, which)]
    return geopandas().GeoSeries(shapes, crs=series.crs)


def mended(series: Any) -> tuple[Any, int]:
    """A GeoSeries with its invalid geometries made valid, and how many those were."""
    wrong = ~series.is_valid
    broken = int(wrong.sum())
    if not broken:
        return series, 0
    from shapely.validation import make_valid  # geopandas's own came later

    return changed(series, wrong, make_valid), broken
