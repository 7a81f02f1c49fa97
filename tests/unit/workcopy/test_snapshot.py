"""A checkout from the twin's own file is the checkout from its pages, feature by feature; and where the file is not
what it should be, the pages are read."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import requests

from plugin.demo.app import create_app
from plugin.demo.crs import CRS84, EPSG, RD
from plugin.demo.geometry import box_of
from plugin.demo.model import Collection, Feature, Property, Schema, compact
from plugin.demo.settings import Settings
from plugin.demo.store import Store
from plugin.twin import snapshots as offered
from plugin.twin.client import Twin
from plugin.twin.errors import Cancelled
from plugin.twin.session import Session
from plugin.workcopy import snapshot
from plugin.workcopy.checkout import checkout
from plugin.workcopy.connection import connect
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.geometry import encode
from plugin.workcopy.geometry import same as same_geometry
from plugin.workcopy.pull import pull
from plugin.workcopy.snapshot_fgb import FlatGeobuf
from plugin.workcopy.snapshot_flatbuffers import BadSnapshot
from tests.twin_server import serve_app

from .conftest import Around

RING = [[0, 0], [9.5, 0], [9.5, 9.25], [0, 9.25], [0, 0]]
HOLE = [[1, 1], [2, 1], [2, 2], [1, 2], [1, 1]]
FAR = [[20, 20], [21.125, 20], [21, 21.0625], [20, 20]]
PLAIN: dict[str, Any] = {
    "Point": [3.1, 4.2],
    "LineString": [[0, 0], [1, 1.5], [2, 0]],
    "Polygon": [RING, HOLE],
    "MultiPoint": [[0, 0], [5, 5.5]],
    "MultiLineString": [[[0, 0], [1, 1]], [[2, 2], [3, 3], [4, 2]]],
    "MultiPolygon": [[RING, HOLE], [FAR]],
}
TYPES = (
    Property("text"),
    Property("whole", "integer"),
    Property("number", "number"),
    Property("yes", "boolean"),
    Property("day", format="date"),
    Property("moment", format="date-time"),
    Property("thing", "object"),
    Property("list", "array"),
    Property("fid", "integer"),
    Property("id"),
)
VALUES: tuple[dict[str, Any], ...] = (
    {"text": "Überß 𝄞 'quoted' \"twice\"", "whole": 2**62 + 1, "number": 0.1, "yes": True, "day": "2024-02-29"},
    {"text": "", "whole": -(2**63), "number": -1e-300, "yes": False, "day": "0001-01-01", "id": "not the item's"},
    {"moment": "2024-02-29T23:59:59.9876Z", "thing": {"a": [1, 2.5, None, {"é": "ü"}]}, "list": [], "fid": 7},
    {"moment": "2024-06-01T12:00:00+02:00", "thing": {}, "list": [1, "two", {"three": 3.0}], "number": 12},
    {"moment": "2024-06-01T12:00:00Z", "text": "line\nbreak\ttab", "whole": 9007199254740993},
    {},
)


def moved(node: Any, x: float, y: float, height: float | None = None) -> Any:
    if isinstance(node[0], (int, float)):
        return [node[0] + x, node[1] + y, *([] if height is None else [height + node[0]])]
    return [moved(part, x, y, height) for part in node]


def features(kind: str, deep: bool, x: float, y: float) -> Iterator[Feature]:
    """Twice as many as there are values, the last without a geometry; ids are texts and numbers."""
    for n in range(2 * len(VALUES)):
        name = kind or list(PLAIN)[n % len(PLAIN)]
        geometry: Any = None
        if kind == "GeometryCollection" or (not kind and n == 10):
            members = [
                {"type": k, "coordinates": moved(PLAIN[k], x + n, y)} for k in ("Point", "Polygon", "MultiPoint")
            ]
            nested = {"type": "GeometryCollection", "geometries": members[:2]}
            geometry = {"type": "GeometryCollection", "geometries": [*members, nested]}
        elif kind != "none" and n < 2 * len(VALUES) - 1:
            geometry = {"type": name, "coordinates": moved(PLAIN[name], x + 10 * n, y, 2.5 if deep else None)}
        text = compact(geometry) if geometry else None
        yield Feature(n if n % 2 else f"f/{n} é", text, box_of(geometry), compact(VALUES[n % len(VALUES)]))


def collections() -> Iterator[tuple[Collection, list[Feature]]]:
    for kind in (*PLAIN, "GeometryCollection", "", "none"):
        for deep in (False, True):
            if deep and kind in ("GeometryCollection", "", "none"):
                continue
            name = f"{kind or 'any'}{'-z' if deep else ''}"
            yield Collection(name, name, RD, Schema(TYPES, kind, deep)), list(features(kind, deep, 92000, 436000))
    yield Collection("degrees", "Degrees", CRS84, Schema(TYPES, "Polygon")), list(features("Polygon", False, 4.5, 51.9))
    north = list(features("Point", False, 2_900_000, 4_000_000))  # EPSG:3035 has north first
    yield Collection("north", "North", EPSG + "3035", Schema(TYPES, "Point")), north
    names = (Property("order", "integer"), Property("Order"))
    case = features("Point", False, 92000, 436000)
    values = compact({"order": 5, "Order": "five"})
    yield Collection("case", "Case", RD, Schema(names, "Point")), [replace(one, properties=values) for one in case]
    mixed = [*features("Polygon", False, 92000, 436000)]
    several = {"type": "MultiPolygon", "coordinates": moved(PLAIN["MultiPolygon"], 92500, 436000)}
    mixed.append(Feature("several", compact(several), box_of(several), "{}"))
    yield Collection("mixed", "Mixed", RD, Schema(TYPES, "MultiPolygon")), mixed


NAMES = tuple(collection.id for collection, _ in collections())


@dataclass
class City:
    url: str
    around: Around
    store: Store


def serving(path: Path, content: Iterable[tuple[Collection, list[Feature]]]) -> Iterator[City]:
    store = Store(path)
    store.load("City", "", content)
    around = Around(create_app(store, Settings(tier="w1")))
    url, stop = serve_app(around)
    yield City(url, around, store)
    stop()
    store.close()


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    yield from serving(tmp_path_factory.mktemp("twin") / "twin.sqlite", collections())


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, city: City) -> Iterator[None]:
    """Files are used for these small collections, too."""
    monkeypatch.setattr(snapshot, "LEAST", 0)
    yield
    city.around.before = None


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let one kind of file be seen."""
    real = offered.offers

    def choose(kind: str) -> None:
        monkeypatch.setattr(offered, "offers", lambda one: tuple(o for o in real(one) if o.kind == kind))

    return choose


def content(path: Path, table: str) -> dict[str, Any]:
    """All that a table is: rows by id, index, books of the GeoPackage, triggers."""
    db = connect(path)
    try:
        names = [row[0] for row in db.execute("SELECT name FROM pragma_table_info(?)", (table,))]
        rows = db.execute(f'SELECT * FROM "{table}"').fetchall()
        found: dict[str, Any] = {
            "names": names,
            "rows": {row[names.index("twin_id")]: dict(zip(names, row)) for row in rows},
            "count": len(rows),
            "contents": db.execute("SELECT * FROM gpkg_contents WHERE table_name = ?", (table,)).fetchone()[:4],
            "box": db.execute(
                "SELECT min_x, min_y, max_x, max_y FROM gpkg_contents WHERE table_name = ?", (table,)
            ).fetchone(),
            "geometry": db.execute("SELECT * FROM gpkg_geometry_columns WHERE table_name = ?", (table,)).fetchall(),
            "objects": sorted(db.execute("SELECT type, name, sql FROM sqlite_master").fetchall(), key=str),
            "source": db.execute(
                "SELECT geometry_type, served_types, feature_count, mapping, schema, crs, swap FROM twin_source "
                "WHERE table_name = ?",
                (table,),
            ).fetchone(),
        }
        if "geom" in names:
            found["index"] = sorted(db.execute(f'SELECT * FROM "rtree_{table}_geom"').fetchall())
            found["sound"] = db.execute("SELECT rtreecheck('main', ?)", (f"rtree_{table}_geom",)).fetchone()
        return found
    finally:
        db.close()


def both(city: City, table: str, folder: Path, kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    pages, file = folder / "pages.gpkg", folder / "file.gpkg"
    checkout(Twin(city.url), [table], pages, snapshots=False)
    report = checkout(Twin(city.url), [table], file)
    assert report.layers[0].snapshot == kind and report.problems == ()
    return content(pages, table), content(file, table)


@pytest.mark.parametrize("kind", ["gpkg", "fgb"])
@pytest.mark.parametrize("name", NAMES)
def test_the_same_as_from_pages(city: City, only: Callable[[str], None], name: str, kind: str, tmp_path: Path) -> None:
    if name == "case" and kind == "gpkg":
        pytest.skip("a table cannot have two columns whose names differ in case only")
    only(kind)
    pages, file = both(city, name, tmp_path, kind)
    assert file["rows"].keys() == pages["rows"].keys() and pages["count"] == file["count"] > 10
    for identity, row in pages["rows"].items():
        assert file["rows"][identity] == row
    assert file == pages
    assert not list(tmp_path.glob("*.part*"))


def test_the_quicker_file_is_taken_first(city: City, tmp_path: Path) -> None:
    report = checkout(Twin(city.url), ["Polygon", "case", "none"], tmp_path / "work.gpkg")
    assert [layer.snapshot for layer in report.layers] == ["gpkg", "fgb", "gpkg"]


def test_small_collections_and_extents_are_read_from_pages(
    city: City, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    box = (91990.0, 435990.0, 92500.0, 436500.0)
    report = checkout(Twin(city.url), ["Polygon"], tmp_path / "some.gpkg", extent=box, extent_srid=28992)
    assert report.layers[0].snapshot == "" and report.problems == ()
    monkeypatch.setattr(snapshot, "LEAST", 12)
    report = checkout(Twin(city.url), ["Polygon"], tmp_path / "few.gpkg")
    assert report.layers[0].snapshot == "" and report.problems == ()


def without_files(city: City) -> Callable[..., Any]:
    """The same twin, its collections without links to files."""

    def before(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        if not environ["PATH_INFO"].startswith("/collections/") or environ["PATH_INFO"].count("/") != 2:
            return None
        parts = city.around.app({**environ, "HTTP_ACCEPT_ENCODING": ""}, lambda *_: None)
        body = b"".join(parts).replace(b'"enclosure"', b'"alternate"')
        start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    return before


@pytest.mark.parametrize("name", ["Polygon-z", "any", "north", "degrees", "none"])
def test_items_as_flatgeobuf_page_by_page(
    city: City, monkeypatch: pytest.MonkeyPatch, name: str, tmp_path: Path
) -> None:
    monkeypatch.setattr(snapshot, "LIMIT", 5)
    city.around.before = without_files(city)
    pages, file = both(city, name, tmp_path, "fgb")
    assert file == pages
    asked = [path for method, path, headers in city.around.seen if "flatgeobuf" in headers.get("accept", "")]
    assert asked[-3:] == [f"/collections/{name}/items"] * 3


# -- other programs' files -------------------------------------------------------------------------------------------


def answer(body: bytes, kind: str, status: str = "200 OK", **headers: str) -> Callable[..., Any]:
    """In the place of the twin's files: this."""

    def before(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        if "/snapshots/" not in environ["PATH_INFO"]:
            return None
        told = [(name.replace("_", "-"), value) for name, value in headers.items()]
        start(status, [("Content-Type", kind), ("Content-Length", str(len(body))), *told])
        return [body]

    return before


TYPE = {"gpkg": "application/geopackage+sqlite3", "fgb": "application/flatgeobuf"}
DRIVER = {"gpkg": "GPKG", "fgb": "FlatGeobuf"}
FIRST = {"Last_Modified": "Thu, 01 Jan 2026 00:00:00 GMT"}


def file_of(city: City, name: str, kind: str) -> bytes:
    return requests.get(f"{city.url}collections/{name}/snapshots/{kind}", timeout=20).content


def rewritten(city: City, name: str, kind: str, folder: Path, *options: str) -> bytes:
    """The twin's file, read and written by GDAL."""
    source, target = folder / f"source.{kind}", folder / f"target.{kind}"
    source.write_bytes(file_of(city, name, kind))
    subprocess.run(["ogr2ogr", "-q", "-f", DRIVER[kind], str(target), str(source), *options], check=True)
    return target.read_bytes()


@pytest.fixture(scope="module")
def placed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """The same without what has no geometry: GDAL leaves that out of a FlatGeobuf."""
    yield from serving(
        tmp_path_factory.mktemp("placed") / "twin.sqlite",
        [(one, [feature for feature in found if feature.geometry]) for one, found in collections() if one.id in GDALS],
    )


GDALS = ("Point", "LineString", "Polygon-z", "MultiPoint", "MultiPolygon", "any")


@pytest.mark.parametrize("kind", ["gpkg", "fgb"])
@pytest.mark.parametrize("name", GDALS)
def test_files_that_gdal_wrote(placed: City, only: Callable[[str], None], name: str, kind: str, tmp_path: Path) -> None:
    """Points without envelopes and FlatGeobuf's own index; GDAL rounds times, nothing else."""
    only(kind)
    city = placed
    city.around.before = None
    city.around.before = answer(rewritten(city, name, kind, tmp_path), TYPE[kind], **FIRST)
    pages, file = both(city, name, tmp_path, kind)
    assert file["rows"].keys() == pages["rows"].keys()
    for identity, row in pages["rows"].items():
        other = file["rows"][identity]
        moments = [str(one.pop("moment"))[:22] for one in (row, other)]
        assert moments[0] == moments[1] or moments == ["2024-02-29T23:59:59.98", "2024-02-29T23:59:59.98"]
        for one in (row, other):
            one.pop("fid")
            one["list"], one["thing"] = (json.loads(one[key]) if one[key] else None for key in ("list", "thing"))
        assert other == row
    assert (file["sound"], file["geometry"], file["box"]) == (("ok",), pages["geometry"], pages["box"])


# -- what is not believed --------------------------------------------------------------------------------------------


Make = Callable[[City, Path, str], Callable[..., Any]]
WRONG: dict[str, tuple[str, Make]] = {
    "a web page": ("is no", lambda city, folder, kind: answer(b"<html>sorry</html>", "text/html")),
    "an error": ("", lambda city, folder, kind: answer(b"{}", "application/json", "404 Not Found")),
    "nothing": ("cannot be read", lambda city, folder, kind: answer(b"", TYPE[kind])),
    "another format": ("cannot be read", lambda city, folder, kind: answer(b"PK\3\4" + bytes(5000), TYPE[kind])),
    "cut off": ("cannot be read", lambda city, folder, kind: answer(cut(file_of(city, "Polygon", kind)), TYPE[kind])),
    "other coordinates": ("pages", lambda *about: altered(*about, "-ct", "+proj=affine +xoff=1000")),
    "another CRS": ("EPSG:28992", lambda *about: altered(*about, "-t_srs", "EPSG:3857")),
    "half of it": ("features, the twin", lambda *about: altered(*about, "-limit", "6")),
    "a column less": ("lacks", lambda *about: altered(*about, "-select", "id_2,id,etag,text")),
    "without ids": ("ids", lambda *about: altered(*about, "-select", "id,etag,text")),
    "another collection": ("pages", lambda city, folder, kind: answer(file_of(city, "Polygon-z", kind), TYPE[kind])),
}


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def altered(city: City, folder: Path, kind: str, *options: str) -> Callable[..., Any]:
    return answer(rewritten(city, "Polygon", kind, folder, *options), TYPE[kind], **FIRST)


@pytest.mark.parametrize("kind", ["gpkg", "fgb"])
@pytest.mark.parametrize("wrong", WRONG)
def test_pages_are_read_where_the_file_is(
    city: City, only: Callable[[str], None], wrong: str, kind: str, tmp_path: Path
) -> None:
    only(kind)
    words, make = WRONG[wrong]
    city.around.before = make(city, tmp_path, kind)
    folder = tmp_path / "out"
    report = checkout(Twin(city.url), ["Polygon", "Point"], folder / "work.gpkg")
    assert (report.layers[0].snapshot, report.layers[0].count) == ("", 12)
    (problem, *_) = report.layers[0].problems
    assert "was not used, its pages were read instead" in problem and words in problem
    assert [path.name for path in folder.iterdir()] == ["work.gpkg"]
    assert len(content(folder / "work.gpkg", "Polygon")["rows"]) == 12


def test_an_index_of_flatgeobuf_is_passed_over(city: City, tmp_path: Path) -> None:
    body = rewritten(city, "case", "fgb", tmp_path, "-lco", "SPATIAL_INDEX=YES")
    (tmp_path / "indexed.fgb").write_bytes(body)
    with FlatGeobuf(tmp_path / "indexed.fgb") as file:
        assert file.header.index_bytes > 0 and file.header.count == 11
        found = {
            str(identity): blob
            for batch in file.batches(28992, multi=False, z=None)
            for identity, blob in zip(batch.values[0], batch.geometry.blobs)
        }
    assert found["f/0 é"] == encode({"type": "Point", "coordinates": [92003.1, 436004.2]}, 28992)[0]
    assert len(found) == 11


def test_nonsense_in_a_flatgeobuf_is_told_and_never_more(city: City, tmp_path: Path) -> None:
    """Bytes that were changed anywhere: it is read, or it is a bad file; nothing else happens, and nothing grows."""
    whole, path = file_of(city, "any", "fgb"), tmp_path / "any.fgb"
    chance = random.Random(7)
    read = refused = 0
    for _ in range(250):
        content = bytearray(whole)
        for _ in range(chance.choice((1, 1, 2, 8))):
            place = chance.randrange(len(content))
            content[place] = chance.choice((0, 1, 2, 0x7F, 0x80, 0xFF, content[place] ^ (1 << chance.randrange(8))))
        path.write_bytes(content[: chance.choice((len(content), chance.randrange(len(content))))])
        try:
            with FlatGeobuf(path) as file:
                for batch in file.batches(28992, multi=chance.random() < 0.5, z=chance.choice((None, True))):
                    assert len(batch.geometry.blobs) == batch.count < 1000
            read += 1
        except BadSnapshot:
            refused += 1
    assert read > 20 and refused > 20


@pytest.mark.parametrize("kind", ["gpkg", "fgb"])
def test_whatever_is_wrong_with_a_file_the_features_are_right(
    city: City, only: Callable[[str], None], kind: str, tmp_path: Path
) -> None:
    only(kind)
    whole, chance, taken = file_of(city, "Polygon", kind), random.Random(11), []
    checkout(Twin(city.url), ["Polygon"], tmp_path / "pages.gpkg", snapshots=False)
    pages = content(tmp_path / "pages.gpkg", "Polygon")["rows"]
    for _ in range(20):
        body = bytearray(whole)
        for _ in range(chance.choice((1, 4, 40))):
            body[chance.randrange(len(body))] = chance.choice((0, 1, 0x7F, 0xFF))
        city.around.before = answer(bytes(body[: chance.choice((len(body), len(body) // 3))]), TYPE[kind])
        path = tmp_path / "work.gpkg"
        report = checkout(Twin(city.url), ["Polygon"], path, replace_file=True)
        found = content(path, "Polygon")
        assert found["rows"].keys() == pages.keys() and found["sound"] == ("ok",)
        for identity, row in pages.items():
            other = found["rows"][identity]
            assert same_geometry(row["geom"], other.pop("geom"), 0.001)
            other.pop("twin_version")  # a wrong one is taken for another version: the next pull looks
            assert other == {name: row[name] for name in other}
        taken.append(report.layers[0].snapshot)
    assert "" in taken


# -- on the way ------------------------------------------------------------------------------------------------------


class Watching:
    """Cancels when told so many times how far it is; keeps what it is told."""

    def __init__(self, patience: int = 10**9) -> None:
        self.patience = patience
        self.told: list[tuple[int, int | None, str]] = []

    def cancelled(self) -> bool:
        return len(self.told) > self.patience

    def report(self, done: int, total: int | None, text: str) -> None:
        self.told.append((done, total, text))

    def note(self, text: str) -> None:
        pass


@pytest.mark.parametrize("kind", ["gpkg", "fgb"])
def test_cancelled_anywhere_nothing_is_left(
    city: City, only: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, kind: str, tmp_path: Path
) -> None:
    only(kind)
    monkeypatch.setattr("plugin.workcopy.checkout._REPORT_EVERY", -1)
    watching = Watching()
    checkout(Twin(city.url), ["Polygon"], tmp_path / "whole" / "work.gpkg", progress=watching)
    assert watching.told[0][2] == "Polygon: 0 MB of its file" and len(watching.told) > 3
    for patience in range(len(watching.told) - 1):
        folder = tmp_path / str(patience)
        with pytest.raises(Cancelled):
            checkout(Twin(city.url), ["Polygon"], folder / "work.gpkg", progress=Watching(patience))
        assert list(folder.iterdir()) == []


def test_a_connection_that_breaks_is_tried_again(city: City, tmp_path: Path) -> None:
    whole, tries = file_of(city, "Polygon", "gpkg"), []

    def before(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        if "/snapshots/" not in environ["PATH_INFO"]:
            return None
        tries.append(1)
        start("200 OK", [("Content-Type", TYPE["gpkg"]), ("Content-Length", str(len(whole)))])
        return [whole[: len(whole) // 2]] if len(tries) < 3 else [whole]

    city.around.before = before
    with Session(city.url, sleep=lambda _: None) as session:
        report = checkout(Twin(city.url, session=session), ["Polygon"], tmp_path / "work.gpkg")
    assert report.layers[0].snapshot == "gpkg" and len(tries) == 3


def test_credentials_stay_at_home(city: City, tmp_path: Path) -> None:
    """The file may lie on another server, which is told nothing."""
    away = Around(answer(file_of(city, "Polygon", "gpkg"), TYPE["gpkg"]))
    url, stop = serve_app(away)

    def before(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        if environ["PATH_INFO"] not in ("/collections", "/collections/Polygon"):
            return None
        seen: list[Any] = []
        content = b"".join(city.around.app({**environ, "HTTP_ACCEPT_ENCODING": ""}, lambda *given: seen.append(given)))
        content = content.replace(f"{city.url}collections/Polygon/snapshots".encode(), f"{url}snapshots".encode())
        start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(content)))])
        return [content]

    city.around.before, city.around.seen[:] = before, []
    try:
        address = city.url.replace("http://", "http://jan:geheim@")
        report = checkout(Twin(address), ["Polygon"], tmp_path / "work.gpkg")
    finally:
        stop()
    assert report.layers[0].snapshot == "gpkg"
    assert away.seen and all("authorization" not in headers for _, _, headers in away.seen)
    assert all("authorization" in headers for _, _, headers in city.around.seen)


def test_an_older_file_says_so_and_a_pull_brings_the_rest(tmp_path: Path) -> None:
    content_of = [one for one in collections() if one[0].id == "Polygon"]
    for city in serving(tmp_path / "twin.sqlite", content_of):
        url, around = city.url, city.around
        old = requests.get(f"{url}collections/Polygon/snapshots/gpkg", timeout=20)
        assert old.headers["Last-Modified"] == FIRST["Last_Modified"]
        item = f"{url}collections/Polygon/items/3"
        headers = {"If-Match": requests.get(item, timeout=5).headers["ETag"]}
        headers["Content-Type"] = "application/merge-patch+json"
        done = requests.patch(item, json={"properties": {"text": "new"}}, headers=headers, timeout=5)
        assert done.status_code in (200, 204)
        around.before = answer(old.content, TYPE["gpkg"], **FIRST)
        path = tmp_path / "work.gpkg"
        report = checkout(Twin(url), ["Polygon"], path)
        assert report.layers[0].snapshot == "gpkg"
        (problem,) = report.problems
        assert "shows the state of" in problem and "Pull to get what changed since" in problem
        copy = WorkingCopy.open(path)
        assert copy.sources[0].pulled == "2026-01-01T00:00:00Z" and not copy.has_changes()
        pull(copy, Twin(url))
        assert content(path, "Polygon")["rows"]["3"]["text"] == "new"
        around.before = None  # the file that the twin makes now
        report = checkout(Twin(url), ["Polygon"], tmp_path / "new.gpkg")
        assert report.problems == () and content(tmp_path / "new.gpkg", "Polygon")["rows"]["3"]["text"] == "new"
