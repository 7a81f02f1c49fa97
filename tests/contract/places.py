"""A server under test, and the way around it: its own database, and a colleague who writes into that."""

from __future__ import annotations

import json
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import requests
from osgeo import ogr

from plugin.twin.client import Twin
from plugin.twin.session import Session
from tests.contract.expectations import EXPECT, Expect
from tests.servers import city
from tests.servers.postgis import Cluster

RD = "http://www.opengis.net/def/crs/EPSG/0/28992"


@dataclass(frozen=True)
class Row:
    """One feature: canonical values, and its geometry with east/north coordinates in the table's own CRS."""

    values: Mapping[str, Any]
    geometry: Mapping[str, Any] | None


def canonical(name: str, value: Any) -> Any:
    """One spelling per value, whoever wrote it: times in UTC to the second, dates as text, truth as bool."""
    if value is None:
        return None
    if name == "monument":
        return bool(value)
    if name == "seen":
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).replace("Z", "+00:00"))
        return moment.astimezone(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return value


def canonical_row(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: canonical(name, value) for name, value in values.items()}


def _key(table: str) -> str:
    return city.KEYS.get(table, "fid")


def _srid(table: str) -> int:
    return city.SRIDS.get(table, 28992)


class Place(ABC):
    """One server with its data. ``url`` ends with a slash."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self.url = url

    @property
    def expect(self) -> Expect:
        return EXPECT[self.name]

    def twin(self) -> Twin:
        """A client of its own, that does not wait."""
        return Twin(self.url, session=Session(self.url, sleep=lambda _seconds: None, timeout=20))

    def collection(self, table: str) -> str:
        """What the server calls a table."""
        return table

    @abstractmethod
    def rows(self, table: str) -> dict[str, Row]:
        """What its database holds, by id."""

    @abstractmethod
    def change(self, table: str, identity: str, **values: Any) -> None:
        """A colleague changes a feature."""

    @abstractmethod
    def move(self, table: str, identity: str, geometry: Mapping[str, Any]) -> None:
        """A colleague changes an outline (east/north, the table's own CRS)."""

    @abstractmethod
    def delete(self, table: str, identity: str) -> None:
        """A colleague deletes a feature."""

    @abstractmethod
    def create(self, table: str, values: Mapping[str, Any], geometry: Mapping[str, Any] | None) -> str:
        """A colleague adds a feature; its id."""


class OnPostgis(Place):
    """A server on PostGIS: the colleague uses SQL."""

    def __init__(self, name: str, url: str, cluster: Cluster, prefix: str = "") -> None:
        super().__init__(name, url)
        self._cluster = cluster
        self._prefix = prefix

    def collection(self, table: str) -> str:
        return self._prefix + table

    def rows(self, table: str) -> dict[str, Row]:
        statement = f"SELECT to_jsonb(t) - 'geom', ST_AsGeoJSON(geom, 15, 0) FROM city.{table} t"
        found = {}
        for values, geometry in self._cluster.run(statement):
            identity = str(values.pop(_key(table)))
            found[identity] = Row(canonical_row(values), json.loads(geometry) if geometry else None)
        return found

    def change(self, table: str, identity: str, **values: Any) -> None:
        settings = ", ".join(f"{name} = %s" for name in values)
        self._cluster.run(f"UPDATE city.{table} SET {settings} WHERE {_key(table)} = %s", (*values.values(), identity))

    def move(self, table: str, identity: str, geometry: Mapping[str, Any]) -> None:
        self._cluster.run(
            f"UPDATE city.{table} SET geom = ST_SetSRID(ST_GeomFromGeoJSON(%s), %s) WHERE {_key(table)} = %s",
            (json.dumps(geometry), _srid(table), identity),
        )

    def delete(self, table: str, identity: str) -> None:
        self._cluster.run(f"DELETE FROM city.{table} WHERE {_key(table)} = %s", (identity,))

    def create(self, table: str, values: Mapping[str, Any], geometry: Mapping[str, Any] | None) -> str:
        names = ", ".join(values)
        holes = ", ".join(["%s"] * len(values))
        made = self._cluster.run(
            f"INSERT INTO city.{table} ({names}, geom) VALUES ({holes}, ST_SetSRID(ST_GeomFromGeoJSON(%s), %s)) "
            f"RETURNING {_key(table)}",
            (*values.values(), json.dumps(geometry) if geometry else None, _srid(table)),
        )
        return str(made[0][0])


class OnGeoPackage(Place):
    """A server on a GeoPackage: the colleague opens the same file with GDAL."""

    def __init__(self, name: str, url: str, path: Path) -> None:
        super().__init__(name, url)
        self._path = path

    def rows(self, table: str) -> dict[str, Row]:
        file = ogr.Open(str(self._path))
        found = {}
        for feature in file.GetLayerByName(table):
            shape = feature.GetGeometryRef()
            geometry = json.loads(shape.ExportToJson(["COORDINATE_PRECISION=15"])) if shape is not None else None
            values = {field.GetName(): feature.GetField(field.GetName()) for field in file.GetLayerByName(table).schema}
            for name in ("opened", "seen"):
                if values.get(name):
                    values[name] = values[name].replace("/", "-").replace(" ", "T")
            found[str(feature.GetFID())] = Row(canonical_row(values), geometry)
        return found

    def _edit(self, table: str, identity: str, edit: Callable[[Any], None]) -> None:
        file = ogr.Open(str(self._path), update=1)
        layer = file.GetLayerByName(table)
        feature = layer.GetFeature(int(identity))
        edit(feature)
        assert layer.SetFeature(feature) == 0

    def change(self, table: str, identity: str, **values: Any) -> None:
        self._edit(table, identity, lambda feature: city.set_values(feature, values))

    def move(self, table: str, identity: str, geometry: Mapping[str, Any]) -> None:
        shape = ogr.CreateGeometryFromJson(json.dumps(geometry))
        self._edit(table, identity, lambda feature: feature.SetGeometry(shape))

    def delete(self, table: str, identity: str) -> None:
        file = ogr.Open(str(self._path), update=1)
        assert file.GetLayerByName(table).DeleteFeature(int(identity)) == 0

    def create(self, table: str, values: Mapping[str, Any], geometry: Mapping[str, Any] | None) -> str:
        file = ogr.Open(str(self._path), update=1)
        return str(city.put(file.GetLayerByName(table), values, geometry))


class Embedded(Place):
    """The embedded twin: the colleague uses its API, and its SQLite file is looked into."""

    def __init__(self, name: str, url: str, store: Path) -> None:
        super().__init__(name, url)
        self._store = store

    def rows(self, table: str) -> dict[str, Row]:
        with sqlite3.connect(f"file:{self._store}?mode=ro", uri=True) as connection:
            found = connection.execute(
                "SELECT i.id, i.properties, i.geometry FROM item i JOIN collection c ON c.n = i.collection "
                "WHERE c.id = ?",
                (table,),
            ).fetchall()
        return {
            str(identity): Row(canonical_row(json.loads(values)), json.loads(geometry) if geometry else None)
            for identity, values, geometry in found
        }

    def _send(self, method: str, url: str, body: Any = None, kind: str = "application/geo+json") -> requests.Response:
        headers = {"Content-Type": kind, "Content-Crs": f"<{RD}>"}
        if method != "POST":
            token = requests.get(url, timeout=10).headers.get("ETag")
            if token:
                headers["If-Match"] = token
        reply = requests.request(method, url, json=body, headers=headers, timeout=10)
        assert reply.ok, reply.text
        return reply

    def _items(self, table: str) -> str:
        return f"{self.url}collections/{table}/items"

    def change(self, table: str, identity: str, **values: Any) -> None:
        self._patch(table, identity, {"properties": values})

    def move(self, table: str, identity: str, geometry: Mapping[str, Any]) -> None:
        self._patch(table, identity, {"geometry": geometry})

    def _patch(self, table: str, identity: str, body: Mapping[str, Any]) -> None:
        self._send("PATCH", f"{self._items(table)}/{identity}", body, "application/merge-patch+json")

    def delete(self, table: str, identity: str) -> None:
        self._send("DELETE", f"{self._items(table)}/{identity}")

    def create(self, table: str, values: Mapping[str, Any], geometry: Mapping[str, Any] | None) -> str:
        body = {"type": "Feature", "properties": values, "geometry": geometry}
        return self._send("POST", self._items(table), body).headers["Location"].rpartition("/")[2]
