"""An analyst at work: a working copy of one server's data, edited with SQL as QGIS would, pulled and published."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from osgeo import osr

from plugin.twin.client import Twin
from plugin.twin.session import Session
from plugin.workcopy.checkout import CheckoutReport, checkout
from plugin.workcopy.connection import connect
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.geometry import decode, encode
from plugin.workcopy.outcome import PublishReport
from plugin.workcopy.publish import publish
from plugin.workcopy.pull import PullReport, pull
from plugin.workcopy.source import Source
from tests.contract.places import Place, Row, canonical_row
from tests.servers.city import SRIDS

TABLES = ("buildings", "benches")


class Desk:
    """One working copy."""

    def __init__(self, place: Place, path: Path, tables: tuple[str, ...] = TABLES, **options: Any) -> None:
        self.place = place
        self.path = path
        self.twin = place.twin()
        self.report: CheckoutReport = checkout(
            self.twin, [place.collection(table) for table in tables], path, **options
        )

    @property
    def copy(self) -> WorkingCopy:
        return WorkingCopy.open(self.path)

    def source(self, table: str) -> Source:
        wanted = self.place.collection(table)
        return next(source for source in self.copy.sources if source.collection == wanted)

    # -- looking -----------------------------------------------------------------------------------------------------

    def rows(self, table: str) -> dict[str, Row]:
        """The rows by twin_id (new ones by ``new-fid``), geometries in the table's own CRS at the server."""
        source = self.source(table)
        columns = [column.name for column in source.columns]
        selected = ", ".join(f'"{name}"' for name in ("fid", "twin_id", "geom", *columns))
        connection = connect(self.path)
        try:
            found = connection.execute(f'SELECT {selected} FROM "{source.table}"').fetchall()
        finally:
            connection.close()
        out = {}
        for fid, twin_id, geometry, *values in found:
            named = dict(zip((column.property for column in source.columns), values))
            shape = transformed(decode(geometry), source.srid, SRIDS.get(table, 28992)) if geometry else None
            out[twin_id or f"new-{fid}"] = Row(canonical_row(named), shape)
        return out

    # -- editing -----------------------------------------------------------------------------------------------------

    def _run(self, statement: str, *values: Any) -> None:
        connection = connect(self.path, write=True)
        try:
            connection.execute(statement, values)
        finally:
            connection.close()

    def _settings(self, source: Source, table: str, values: Mapping[str, Any]) -> dict[str, Any]:
        names = {column.property: column.name for column in source.columns}
        out: dict[str, Any] = {}
        for name, value in values.items():
            if name == "geometry":
                shape = transformed(value, SRIDS.get(table, 28992), source.srid)
                multi = source.geometry_type.startswith("Multi")
                out["geom"] = encode(shape, source.srid, multi=multi)[0]
            else:
                out[names[name]] = value
        return out

    def change(self, table: str, identity: str | None, **values: Any) -> None:
        """Edit a row (None: the new ones); ``geometry`` in the table's own CRS at the server."""
        source = self.source(table)
        settings = self._settings(source, table, values)
        columns = ", ".join(f'"{name}" = ?' for name in settings)
        self._run(f'UPDATE "{source.table}" SET {columns} WHERE twin_id IS ?', *settings.values(), identity)

    def create(self, table: str, **values: Any) -> None:
        source = self.source(table)
        settings = self._settings(source, table, values)
        columns = ", ".join(f'"{name}"' for name in settings)
        holes = ", ".join("?" * len(settings))
        self._run(f'INSERT INTO "{source.table}" ({columns}) VALUES ({holes})', *settings.values())

    def delete(self, table: str, identity: str) -> None:
        self._run(f'DELETE FROM "{self.source(table).table}" WHERE twin_id = ?', identity)

    # -- exchanging --------------------------------------------------------------------------------------------------

    def publish(self, message: str = "contract", **options: Any) -> PublishReport:
        return publish(self.copy, self.twin, message, **options)

    def pull(self) -> PullReport:
        return pull(self.copy, self.twin)

    def on_request(self, hook: Callable[[str, str, Callable[[], Any]], Any]) -> None:
        """Stand between client and server: ``hook(method, url, send)`` is called for each request."""
        real = Session.request
        session = self.twin.session

        def request(method: str, url: str, **options: Any) -> Any:
            return hook(method, url, lambda: real(session, method, url, **options))

        session.request = request  # type: ignore[method-assign]


def fresh(desk: Desk) -> Twin:
    """Another client of the same server, without what stands between."""
    return desk.place.twin()


def transformed(geometry: Mapping[str, Any] | None, from_srid: int, to_srid: int) -> dict[str, Any] | None:
    """A geometry (east/north) in another CRS."""
    if geometry is None:
        return None
    if from_srid == to_srid:
        return dict(geometry)
    way = osr.CoordinateTransformation(_srs(from_srid), _srs(to_srid))

    def turn(part: Any) -> Any:
        if part and isinstance(part[0], (int, float)):
            return list(way.TransformPoint(part[0], part[1])[:2])
        return [turn(one) for one in part]

    return {"type": geometry["type"], "coordinates": turn(geometry["coordinates"])}


def _srs(srid: int) -> Any:
    srs = osr.SpatialReference()
    srs.ImportFromEPSG(srid)
    srs.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return srs


def distance(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> float:
    """How far two geometries of the same vertices are apart at most, in CRS units; infinite where they are not alike.
    A multi of one part is that part."""
    if one is None or other is None:
        return 0.0 if one is other else float("inf")
    first, second = _single(one), _single(other)
    if first["type"] != second["type"]:
        return float("inf")
    a, b = list(_flat(first["coordinates"])), list(_flat(second["coordinates"]))
    return max((abs(x - y) for x, y in zip(a, b)), default=0.0) if len(a) == len(b) else float("inf")


def _single(geometry: Mapping[str, Any]) -> Mapping[str, Any]:
    if geometry["type"].startswith("Multi") and len(geometry["coordinates"]) == 1:
        return {"type": geometry["type"][5:], "coordinates": geometry["coordinates"][0]}
    return geometry


def _flat(part: Any) -> Any:
    for one in part:
        if isinstance(one, (int, float)):
            yield float(one)
        else:
            yield from _flat(one)
