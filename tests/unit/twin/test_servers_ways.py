"""What pygeoapi and QGIS Server were seen to do, replayed without them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from plugin.twin.client import Twin, item_url
from plugin.twin.crs import CrsChoice, read_crs, seen_order
from plugin.twin.errors import NotFound, PerhapsGone
from plugin.twin.features import pages
from plugin.twin.model import Collection, Item, Schema
from plugin.twin.schema import infer, merge_inferred
from plugin.twin.session import Session
from plugin.twin.writes import Writer
from tests.unit.twin.faults_server import Answer, FaultyServer, Seen, as_json
from tests.unit.twin.test_client import serve

WGS84 = "http://www.opengis.net/def/crs/EPSG/0/4326"
NORTH_EAST = CrsChoice(WGS84, 4326, swap=True)
CITY = (4.4, 51.9, 4.5, 52.0)
INVALID = as_json([{"code": "Internal server error", "description": "Invalid feature [7]"}], 500)
ITEM = {"type": "Feature", "id": "7", "geometry": None, "properties": {"name": "x"}}
MakeCollection = Callable[..., Collection]


@pytest.mark.parametrize(
    ("positions", "swap"),
    [
        ([(51.95, 4.45)], True),  # as the CRS has it
        ([(4.45, 51.95)], False),  # as PostGIS stores it
        ([(4.45, 51.95), (10.0, 20.0)], True),  # not sure enough
        ([(0.0, 0.0)], True),
        ([], True),
    ],
)
def test_the_axis_order_that_really_comes(positions: list[tuple[float, float]], swap: bool) -> None:
    assert seen_order(NORTH_EAST, CITY, positions).swap is swap


def test_an_extent_that_fits_both_orders_says_nothing() -> None:
    assert seen_order(NORTH_EAST, (-10, -10, 10, 10), [(4.0, 5.0)]).swap


def test_the_order_is_looked_at_once_and_only_where_the_crs_has_north_first(server: FaultyServer) -> None:
    extent = {"spatial": {"bbox": [list(CITY)]}}
    part2 = ["http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs"]
    rd = "http://www.opengis.net/def/crs/EPSG/0/28992"
    collections = [
        {"id": "trees", "storageCrs": WGS84, "crs": [WGS84], "extent": extent},
        {"id": "roads", "storageCrs": rd, "crs": [rd], "extent": extent},
    ]
    twin = Twin(serve(server, conforms=part2, collections=collections))
    point = {**ITEM, "geometry": {"type": "Point", "coordinates": [4.45, 51.95]}}
    server.routes["/collections/trees/items"] = as_json({"type": "FeatureCollection", "features": [point]})
    trees, roads = twin.collections()
    for _ in range(2):
        choice = twin.choice(trees)
        assert (choice.swap, choice.unlike_declared, choice.uri) == (False, True, WGS84)
        assert twin.choice(roads) == read_crs(twin.capabilities(), roads)
    assert [s.query["crs"] for s in server.seen if s.path.endswith("/items")] == [WGS84]


def test_a_key_that_repeats_the_id_is_not_the_users_to_edit() -> None:
    items = [Item(str(n), {"fid": n, "seats": n, "name": "x"}, None, None) for n in (1, 2)]
    seen = infer(items)
    assert [(p.name, p.read_only) for p in seen.properties] == [("fid", True), ("seats", False), ("name", False)]
    other = infer([Item("3", {"fid": 4}, None, None)])
    assert not any(p.read_only for p in merge_inferred(seen, other).properties)


@pytest.fixture
def writer(server: FaultyServer, session: Session, make_collection: MakeCollection) -> Writer:
    serve(server)
    capabilities = Twin(f"{server.url}/", session=session).capabilities()
    return Writer(session, capabilities, make_collection(), Schema(()), CrsChoice(None, 4326))


PATH = "/collections/things/items"


def _page(*features: Any) -> Answer:
    return as_json({"type": "FeatureCollection", "features": list(features)})


def test_a_500_means_gone_only_where_the_twin_still_finds_others(
    server: FaultyServer, writer: Writer, naps: list[float]
) -> None:
    server.routes[f"{PATH}/7"] = INVALID
    server.routes[PATH] = _page({**ITEM, "id": "8"})
    with pytest.raises(NotFound, match="Somebody deleted it"):
        writer.get("7")
    assert server.paths()[-4:] == [f"{PATH}/7", PATH, f"{PATH}/7", PATH]
    assert naps == []


@pytest.mark.parametrize(
    "answers",
    [
        [_page()],  # its database is away: it lists nothing
        [as_json({"code": "x"}, 500)],
        [_page({**ITEM, "id": "8"}), _page()],  # and goes away while we look
    ],
)
def test_a_500_while_the_database_is_away_deletes_nothing(
    answers: list[Answer], server: FaultyServer, writer: Writer
) -> None:
    server.routes[f"{PATH}/7"] = INVALID
    server.routes[PATH] = answers
    with pytest.raises(PerhapsGone):
        writer.get("7")


def test_a_500_that_was_a_hiccup(server: FaultyServer, writer: Writer) -> None:
    server.routes[f"{PATH}/7"] = [INVALID, as_json(ITEM, kind="application/geo+json")]
    server.routes[PATH] = _page(ITEM)
    assert writer.get("7")[0].id == "7"


def test_a_change_for_a_server_whose_patch_is_no_merge_patch(server: FaultyServer, writer: Writer) -> None:
    bodies: list[tuple[str, str, Any]] = []

    def answer(seen: Seen) -> Answer:
        if seen.method == "GET":
            return as_json(ITEM, kind="application/geo+json")
        body = json.loads(seen.body)
        bodies.append((seen.method, seen.headers["Content-Type"], body))
        if seen.method == "PATCH" and "modify" not in body:
            words = 'Missing "modify" instruction in PATCH method'
            return as_json([{"code": "Bad request error", "description": words}], 400)
        return as_json(ITEM, kind="application/geo+json")

    server.routes[f"{PATH}/7"] = answer
    writer.patch("7", {"name": "x"}, token=None)
    assert bodies[-1] == ("PATCH", "application/json", {"modify": {"name": "x"}})
    point = {"type": "Point", "coordinates": [4.45, 51.95]}
    writer.patch("7", {"name": "x"}, point, token=None)
    whole = {"type": "Feature", "id": "7", "geometry": point, "properties": {"name": "x"}}
    assert bodies[-1] == ("PUT", "application/geo+json", whole)
    assert len(bodies) == 4
    writer.patch("7", {}, point, token=None)
    assert bodies[-1] == ("PUT", "application/geo+json", whole), "without a property it passes over the geometry"
    writer.patch("7", {"name": "Ĳ"}, token=None)
    assert server.seen[-2].body.isascii() and bodies[-1][2] == {"modify": {"name": "Ĳ"}}


def test_qgis_server_is_known_by_its_api_description(server: FaultyServer, session: Session) -> None:
    serve(server)
    landing = json.loads(server.routes["/"].body)  # type: ignore[union-attr]
    landing["links"].append({"rel": "service-desc", "href": "/api", "type": "application/vnd.oai.openapi+json"})
    server.routes["/"] = as_json(landing)
    item = {"put": {"operationId": "getFeaturePUT"}, "patch": {"operationId": "getFeaturePUT"}}
    server.routes["/api"] = as_json({"paths": {"/wfs3/collections/things/items/{featureId}": item}})
    found = Twin(f"{server.url}/", session=session).capabilities()
    assert found.methods == {"PUT", "PATCH"}
    assert any("cannot be emptied" in problem for problem in found.problems)


@pytest.mark.parametrize("name", ["items", "items.json", "items.geojson?limit=1"])
def test_an_item_is_below_the_items_whatever_their_link_is_called(name: str, make_collection: MakeCollection) -> None:
    collection = make_collection(items_url=f"http://twin.example/collections/things/{name}")
    assert item_url(collection, "a/b") == "http://twin.example/collections/things/items/a%2Fb"


def test_a_server_that_takes_no_limit_of_ours_gets_none(server: FaultyServer) -> None:
    def answer(seen: Seen) -> Answer:
        if int(seen.query.get("limit", 0)) > 20:
            return as_json([{"code": "Bad request error", "description": "Number of features [0-20]"}], 400)
        return _page({**ITEM, "properties": {"name": "x"}})

    twin = Twin(serve(server))
    server.routes[PATH] = answer
    collection, schema = twin.describe(twin.collections()[0])
    assert [prop.name for prop in schema.properties] == ["name"]
    found = [item for page in pages(twin.session, collection, choice=twin.choice(collection)) for item in page.items]
    assert [item.id for item in found] == ["7"]


def test_the_column_of_a_geometry_that_is_not_there_is_no_property() -> None:
    bare, there = Item("1", {"geom": None, "name": None}, None, None), {"type": "Point", "coordinates": [0, 0]}
    assert [prop.name for prop in infer([bare]).properties] == ["name"]
    assert [prop.name for prop in infer([Item("1", {"shape": None}, there, None)]).properties] == ["shape"]


def test_pygeoapi_is_known_by_its_header(server: FaultyServer) -> None:
    part4 = ["http://www.opengis.net/spec/ogcapi-features-4/1.0/conf/create-replace-delete"]
    url = serve(server, conforms=part4)
    server.routes["/"].headers["X-Powered-By"] = "pygeoapi 0.21.0"  # type: ignore[union-attr]
    assert any("without a geometry" in problem for problem in Twin(url).capabilities().problems)
    reader = serve(server)
    assert Twin(reader).capabilities().problems == ()


def test_lists_that_are_declared_as_text_are_lists(server: FaultyServer) -> None:
    links = [{"rel": "schema", "href": "/schema", "type": "application/schema+json"}]
    twin = Twin(serve(server, collections=[{"id": "things", "links": links}]))
    declared = {"geometry": {"format": "geometry-any"}, "tags": {"type": "string"}, "name": {"type": "string"}}
    server.routes["/schema"] = as_json({"type": "object", "properties": declared})
    server.routes[PATH] = _page({**ITEM, "properties": {"tags": ["a"], "name": "x"}}, {**ITEM, "id": "8"})
    _, schema = twin.describe(twin.collections()[0])
    assert [(prop.name, prop.type) for prop in schema.properties] == [("tags", "array"), ("name", "string")]
