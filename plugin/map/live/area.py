"""Where sensors stand, and where those of a connection are expected to: where its twin's collections lie, else where
the project's working copies do."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from qgis.core import QgsCoordinateReferenceSystem, QgsCoordinateTransform, QgsCsException, QgsProject

from ...twin.errors import Cancelled, CityTwinError
from ...twin.model import Extent
from ...twin.progress import Progress
from ...twin.sensorthings import Datastream
from ...twin.sta.swapped import swapped
from ..connections import Connection
from ..layers import origin_of
from ..network import open_twin

_lock = threading.Lock()
_told: dict[tuple[str, str], Extent | None] = {}  # by a twin's address and identity


def expected(connection: Connection, service: str, project: Extent | None, progress: Progress) -> Extent | None:
    """The area in degrees of longitude and latitude; None where nothing is known. Any thread. Raises `Cancelled`.

    ``service``: the address of the sensors, which may be all that the connection leads to; ``project``: `project_area`.
    """
    is_twin = connection.url.rstrip("/") != service.rstrip("/")
    return (twin_area(connection, progress) if is_twin else None) or project


def project_area() -> Extent | None:
    """Where the project's working copies lie. Main thread."""
    project, degrees = QgsProject.instance(), QgsCoordinateReferenceSystem("OGC:CRS84")
    boxes = []
    for layer in project.mapLayers().values():
        if origin_of(layer) is None or not layer.isSpatial() or layer.extent().isEmpty():
            continue
        try:
            box = QgsCoordinateTransform(layer.crs(), degrees, project).transformBoundingBox(layer.extent())
        except QgsCsException:
            continue
        boxes.append((box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum()))
    return _all(boxes)


def twin_area(connection: Connection, progress: Progress) -> Extent | None:
    """Where the collections of the connection's twin lie, asked for once. Any thread. Raises `Cancelled`."""
    key = (connection.url, connection.authcfg)
    with _lock:
        if key in _told:
            return _told[key]
    try:
        found = _all(one.extent for one in open_twin(connection, progress).collections() if one.extent is not None)
    except Cancelled:
        raise
    except CityTwinError:  # it is no twin, or has no time: nothing is known then
        found = None
    with _lock:
        _told[key] = found
    return found


def stand_in(streams: Iterable[Datastream]) -> Extent | None:
    """Where these stand, without those that seem to be elsewhere by mistake; None where none has a place."""
    places = {stream.id: stream.position[:2] for stream in streams if stream.position is not None}
    wrong = swapped(places)
    return _all((lon, lat, lon, lat) for key, (lon, lat) in places.items() if key not in wrong)


def _all(boxes: Iterable[Extent]) -> Extent | None:
    known = list(boxes)
    if not known:
        return None
    wests, souths, easts, norths = zip(*known)
    return min(wests), min(souths), max(easts), max(norths)
