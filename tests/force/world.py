"""A small twin and a working copy of it that can be put back to their beginning in milliseconds.

The twin's own memory (its items, and its table of changes) is read directly: what it did is judged by what it wrote
down, never by what the plugin says about it.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from plugin.demo import app as demo_app
from plugin.demo.geometry import box_of
from plugin.demo.locks import Timestamps
from plugin.demo.model import Author, Collection, Feature, Item, Property, Schema, compact
from plugin.demo.schema import compute
from plugin.demo.server import TwinServer
from plugin.demo.store import Store
from plugin.twin.client import Twin
from plugin.twin.session import Session
from plugin.workcopy.checkout import checkout
from plugin.workcopy.connection import connect
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.geometry import encode
from tests.copies import square

from .tiers import settings_of

RD = "http://www.opengis.net/def/crs/EPSG/0/28992"
COLLEAGUE = "colleague"

BUILDINGS = Collection(
    id="buildings",
    title="Buildings",
    storage_crs=RD,
    schema=Schema(
        properties=(
            Property("name", "string", required=True, max_length=80),
            Property("height", "number", minimum=0, unit="m"),
            Property("floors", "integer"),
            Property("monument", "boolean"),
            Property("built", "string", format="date"),
            Property("seen", "string", format="date-time"),
            Property("tags", "array"),
            Property("area_m2", "number", read_only=True, computed="area"),
        ),
        geometry_type="Polygon",
    ),
)
TREES = Collection(
    id="trees",
    title="Trees",
    storage_crs=RD,
    schema=Schema(
        properties=(Property("name", "string", required=True), Property("height", "number")),
        geometry_type="Point",
    ),
)
# one property of each type, none of them needed: for the merge matrix
THINGS = Collection(
    id="things",
    title="Things",
    storage_crs=RD,
    schema=Schema(
        properties=(
            Property("string_", "string"),
            Property("integer_", "integer"),
            Property("number_", "number"),
            Property("boolean_", "boolean"),
            Property("date_", "string", format="date"),
            Property("date_time_", "string", format="date-time"),
            Property("object_", "object"),
            Property("array_", "array"),
            Property("area_", "number", read_only=True, computed="area"),
        ),
        geometry_type="Polygon",
    ),
)
COLLECTIONS = (BUILDINGS, TREES, THINGS)


def building(number: int, **properties: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Id, properties and geometry of the building of that number."""
    values = {
        "name": f"Building {number}",
        "height": 10.5 + number,
        "floors": number,
        "monument": number % 2 == 0,
        "built": f"19{10 + number}-05-0{1 + number % 9}",
        "seen": f"2026-01-0{1 + number % 9}T08:00:00Z",
        "tags": ["brick", number],
    }
    return f"b{number}", {**values, **properties}, square(92000 + 20 * number, 436000)


def tree(number: int) -> tuple[str, dict[str, Any], dict[str, Any]]:
    point = {"type": "Point", "coordinates": [92000.5 + number, 436200.25]}
    return f"t{number}", {"name": f"Tree {number}", "height": 3.0 + number}, point


def feature_of(
    collection: Collection, identity: str, properties: Mapping[str, Any], geometry: dict[str, Any] | None
) -> Feature:
    """As the twin would store it, what it computes included."""
    values = compute(collection.schema, dict(properties), geometry)
    return Feature(identity, compact(geometry) if geometry else None, box_of(geometry), compact(values))


@dataclass(frozen=True)
class Note:
    """One row of the twin's own table of changes."""

    seq: int
    collection: str
    item: str
    action: str
    author: str | None


# collection → its features: id, properties, geometry
Data = dict[str, list[tuple[str, dict[str, Any], Any]]]
Cells = dict[str, Any]  # property → value, "geometry" among them
TwinState = dict[tuple[str, str], Cells]  # (collection, id) → cells


class Memory:
    """The twin's store, read and (as a colleague) written past HTTP."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store = Store(path)
        self._db = sqlite3.connect(str(path), isolation_level=None, check_same_thread=False)
        self._names = dict(self._db.execute("SELECT n, id FROM collection"))

    def close(self) -> None:
        self._db.close()
        self.store.close()

    def state(self) -> TwinState:
        """Every item, by collection and id."""
        rows = self._db.execute("SELECT collection, id, properties, geometry FROM item")
        return {(self._names[n], i): {**json.loads(p), "geometry": json.loads(g) if g else None} for n, i, p, g in rows}

    def notes(self, after: int = 0) -> list[Note]:
        """What the twin did, in its order."""
        rows = self._db.execute(
            "SELECT seq, collection, item, action, author FROM change WHERE seq > ? ORDER BY seq", (after,)
        )
        return [Note(seq, self._names[n], item, action, author) for seq, n, item, action, author in rows]

    def colleague(self, collection: str, identity: str, **cells: Any) -> None:
        """Somebody else changes an item (``geometry=`` included)."""
        shape = self.store.collection(collection)
        assert shape is not None
        now = self.state()[(collection, identity)]
        geometry = cells.pop("geometry", now.pop("geometry"))
        with self.store.write(collection) as writing:
            author = _author(writing.item(identity))
            writing.replace(feature_of(shape, identity, {**now, **cells}, geometry), author)

    def colleague_many(self, collection: str, changes: Mapping[str, Mapping[str, Any]]) -> None:
        """As `colleague`, for many items in one go."""
        shape, state = self.store.collection(collection), self.state()
        assert shape is not None
        with self.store.write(collection) as writing:
            for identity, cells in changes.items():
                whole = {**state[(collection, identity)], **cells}
                geometry = whole.pop("geometry")
                writing.replace(feature_of(shape, identity, whole, geometry), _author(writing.item(identity)))

    def reshape(self, collection: Collection) -> None:
        """The twin's people change a collection's schema; what the items hold stays."""
        self._db.execute("UPDATE collection SET body = ? WHERE id = ?", (collection.dump(), collection.id))
        self.store._read_collections(self._db)

    def colleague_creates(self, collection: str, identity: str, geometry: Any, **properties: Any) -> None:
        shape = self.store.collection(collection)
        assert shape is not None
        with self.store.write(collection) as writing:
            writing.create(feature_of(shape, identity, properties, geometry), _author())

    def colleague_deletes(self, collection: str, identity: str) -> None:
        with self.store.write(collection) as writing:
            writing.delete(identity, _author())


def _author(item: Item | None = None) -> Author:
    """A colleague, now; but later than the item's last change, as a twin that locks by the hour has it."""
    at = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Author(at=Timestamps().moment(item, at) if item else at, name=COLLEAGUE)


class World:
    """A twin behind a fixed address, and a working copy of it; `reset` puts both back to their beginning.

    ``around`` may wrap every request (WSGI). ``url`` is where clients think the twin is: at the proxy, if there is one.
    """

    def __init__(self, folder: Path, tier: str = "W1", *, proxy: Any = None, data: Data | None = None) -> None:
        self.folder, self.tier = folder, tier
        folder.mkdir(parents=True, exist_ok=True)
        self.around: Callable[[Any, Any, Any], Any] | None = None
        self._pattern_twin = folder / "pattern.sqlite"
        store = Store(self._pattern_twin)
        data = data or {
            "buildings": [building(number) for number in range(1, 7)],
            "trees": [tree(number) for number in range(1, 4)],
        }
        kinds = {collection.id: collection for collection in COLLECTIONS}
        store.load(
            "Force",
            "",
            [(kinds[name], [feature_of(kinds[name], *one) for one in features]) for name, features in data.items()],
        )
        store.close()
        _settle(self._pattern_twin)
        self._number = 0
        self.memory = self._fresh_memory()
        self._server = TwinServer(self._app)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.origin = self._server.url
        self.proxy = proxy
        if proxy is not None:
            proxy.start(self.origin)
        self.url = proxy.url if proxy is not None else self.origin
        self._pattern_copy = folder / "pattern.gpkg"
        with self.session() as session:
            checkout(Twin(self.url, session=session), list(data), self._pattern_copy)
        self.path = self._pattern_copy

    def _app(self, environ: Any, start: Any) -> Any:
        around = self.around
        return around(environ, start, self._inner) if around is not None else self._inner(environ, start)

    def _fresh_memory(self) -> Memory:
        self._number += 1
        place = self.folder / f"twin-{self._number}.sqlite"
        shutil.copyfile(self._pattern_twin, place)
        memory = Memory(place)
        self._inner = demo_app.create_app(memory.store, settings_of(self.tier))
        return memory

    def reset(self) -> Path:
        """Both as they were; returns the path of a new working copy."""
        old, gone = self.memory, self.path
        self.around = None
        self.memory = self._fresh_memory()
        old.close()
        for suffix in ("", "-wal", "-shm"):
            old.path.with_name(old.path.name + suffix).unlink(missing_ok=True)
        if gone != self._pattern_copy:
            remove(gone)
        self.path = self.another()
        return self.path

    def another(self) -> Path:
        """One more working copy, as fresh as a checkout at the beginning."""
        self._number += 1
        path = self.folder / f"work-{self._number}.gpkg"
        shutil.copyfile(self._pattern_copy, path)
        return path

    def session(self, *, retries: int = 0, timeout: float = 5.0) -> Session:
        return Session(self.url, retries=retries, timeout=timeout, backoff=0.0, sleep=lambda _seconds: None)

    def twin(self, *, retries: int = 0, timeout: float = 5.0) -> Twin:
        """A client that has asked nothing yet."""
        return Twin(self.url, session=self.session(retries=retries, timeout=timeout))

    def close(self) -> None:
        if self.proxy is not None:
            self.proxy.stop()
        self._server.shutdown()
        self._server.server_close()
        self.memory.close()


def quick_folder() -> Path:
    """A new folder in memory, where the system has such: a kill leaves there what it leaves on a disk, but sooner."""
    memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="force-", dir=memory if os.access(memory, os.W_OK) else None))


def remove(path: Path) -> None:
    for suffix in ("", "-journal", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _settle(path: Path) -> None:
    db = sqlite3.connect(str(path))
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


# -- a hand in the working copy --------------------------------------------------------------------------------------


def run(path: Path, statement: str, *values: Any) -> int:
    """One statement as GDAL or QGIS would run it; how many rows it touched."""
    connection = connect(path, write=True)
    try:
        return connection.execute(statement, values).rowcount
    finally:
        connection.close()


def rows(path: Path, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    connection = connect(path)
    try:
        return connection.execute(statement, values).fetchall()
    finally:
        connection.close()


def blob(geometry: Mapping[str, Any] | None) -> bytes | None:
    return encode(geometry, 28992)[0]


def table(path: Path, name: str) -> dict[Any, Cells]:
    """The rows of a table by twin_id (by ``new:fid`` where there is none): columns as stored."""
    connection = connect(path)
    try:
        cursor = connection.execute(f'SELECT * FROM "{name}"')
        columns = [entry[0] for entry in cursor.description]
        found = {}
        for row in cursor:
            cells = dict(zip(columns, row))
            key = cells.pop("twin_id")
            found[key if key is not None else f"new:{cells['fid']}"] = cells
        return found
    finally:
        connection.close()


# -- judging ---------------------------------------------------------------------------------------------------------


def health(path: Path) -> list[str]:
    """What is wrong with the file: pages, R-tree, tracking; empty where nothing is."""
    found = []
    connection = connect(path)
    try:
        (word,) = connection.execute("PRAGMA integrity_check").fetchone()
        if word != "ok":
            found.append(f"integrity_check: {word}")
        for (name,) in connection.execute("SELECT table_name FROM gpkg_geometry_columns").fetchall():
            tree_name = f"rtree_{name}_geom"
            (word,) = connection.execute("SELECT rtreecheck(?)", (tree_name,)).fetchone()
            if word != "ok":
                found.append(f"{tree_name}: {word}")
            # every row in the tree, no other in it, each box around its geometry (the tree rounds outwards)
            strange = connection.execute(
                f'SELECT count(*) FROM "{name}" t LEFT JOIN "{tree_name}" r ON r.id = t.fid '
                "WHERE t.geom IS NOT NULL AND NOT ST_IsEmpty(t.geom) AND (r.id IS NULL "
                "OR r.minx > ST_MinX(t.geom) OR r.maxx < ST_MaxX(t.geom) "
                "OR r.miny > ST_MinY(t.geom) OR r.maxy < ST_MaxY(t.geom) "
                "OR abs(r.minx - ST_MinX(t.geom)) > 1 OR abs(r.maxx - ST_MaxX(t.geom)) > 1 "
                "OR abs(r.miny - ST_MinY(t.geom)) > 1 OR abs(r.maxy - ST_MaxY(t.geom)) > 1)"
            ).fetchone()[0]
            stale = connection.execute(
                f'SELECT count(*) FROM "{tree_name}" r LEFT JOIN "{name}" t ON r.id = t.fid '
                "WHERE t.fid IS NULL OR t.geom IS NULL"
            ).fetchone()[0]
            if strange or stale:
                found.append(f"{tree_name}: {strange} rows not in it, {stale} boxes of nobody")
            doubled = connection.execute(
                f'SELECT count(*) - count(DISTINCT twin_id) FROM "{name}" WHERE twin_id IS NOT NULL'
            ).fetchone()[0]
            if doubled:
                found.append(f"{name}: {doubled} rows share an id")
            counted = connection.execute(
                "SELECT feature_count FROM gpkg_ogr_contents WHERE table_name = ?", (name,)
            ).fetchone()
            (there,) = connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()
            if counted is not None and counted[0] is not None and counted[0] != there:
                found.append(f"{name}: gpkg_ogr_contents says {counted[0]} rows, there are {there}")
    finally:
        connection.close()
    copy = WorkingCopy.open(path)
    found += [f"{name}: {' '.join(words)}" for name, words in copy.problems.items()]
    return found


def work_done(notes: Iterable[Note], known: Mapping[str, str] | None = None) -> Counter[tuple[str, str, str]]:
    """What others than the colleague made the twin do, counted; created items as ``new``."""
    return Counter(
        (note.collection, "new" if note.action == "create" else note.item, note.action)
        for note in notes
        if note.author != COLLEAGUE
    )


def named(state: TwinState) -> dict[tuple[str, str], Cells]:
    """The twin's items, those with ids of the server's or client's making under their names."""
    return {
        (collection, identity if identity[0] in "bt" and len(identity) < 20 else f"new {cells['name']}"): cells
        for (collection, identity), cells in state.items()
    }
