"""What a twin says about itself, as real servers and the embedded twin say it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugin.twin import report
from plugin.twin.capabilities import Conformance
from plugin.twin.client import Twin
from plugin.twin.crs import CrsChoice
from plugin.twin.errors import AccessDenied, BadResponse, NotATwin, NotFound, Unreachable
from plugin.twin.features import pages
from plugin.twin.session import Session
from tests.twin_server import RunningTwin
from tests.unit.twin.faults_server import Answer, FaultyServer, Seen, as_html, as_json

RD = "http://www.opengis.net/def/crs/EPSG/0/28992"
SPEC = "http://www.opengis.net/spec/"
CORE = [f"{SPEC}ogcapi-features-1/1.0/conf/core", f"{SPEC}ogcapi-features-1/1.0/conf/geojson"]
PART4 = [f"{SPEC}ogcapi-features-4/1.0/conf/create-replace-delete", f"{SPEC}ogcapi-features-4/1.0/conf/update"]


def serve(
    server: FaultyServer,
    *,
    root: str = "",
    conforms: list[str] | None = None,
    collections: list[dict[str, Any]] | None = None,
    landing: dict[str, Any] | None = None,
    **more: Any,
) -> str:
    """A minimal twin below ``root``; its URL."""
    rel = "http://www.opengis.net/def/rel/ogc/1.0/"
    links = [
        {"rel": "self", "href": f"{server.url}{root}/", "type": "application/json"},
        {"rel": "conformance", "href": "conformance", "type": "application/json"},
        {"rel": f"{rel}data", "href": f"{root}/collections", "type": "application/json"},
    ]
    server.routes[f"{root}/"] = as_json(landing or {"title": "City", "links": links}, Server="test/1")
    if root:
        server.routes[root] = server.routes[f"{root}/"]
    server.routes[f"{root}/conformance"] = as_json({"conformsTo": CORE + (conforms or [])})
    server.routes[f"{root}/collections"] = as_json({"collections": collections or [{"id": "things"}], **more})
    return f"{server.url}{root}/"


@pytest.fixture
def connect(naps: list[float]) -> Callable[[str], Twin]:
    return lambda url: Twin(url, session=Session(url, sleep=naps.append, timeout=5, retries=1))


BARE = {"type": "Feature", "id": 1, "geometry": None, "properties": {}}
Connect = Callable[[str], Twin]


def test_a_reading_twin(server: FaultyServer, connect: Connect) -> None:
    twin = connect(serve(server))
    found = twin.capabilities()
    assert (found.title, found.tier, found.locking, found.methods) == ("City", "R", "none", frozenset())
    assert not found.crs_supported and not found.schemas and not found.writable and found.problems == ()
    assert found.url == f"{server.url}/" and "test/1" in found.server
    asked = len(server.seen)
    assert twin.capabilities() is found and len(server.seen) == asked


@pytest.mark.parametrize(
    ("classes", "tier", "locking", "methods"),
    [
        (PART4[:1], "W0", "none", {"POST", "PUT", "DELETE"}),
        (PART4, "W0", "none", {"POST", "PUT", "PATCH", "DELETE"}),
        (
            [*PART4, f"{SPEC}ogcapi-features-4/1.0/req/optimistic-locking-etags"],
            "W1", "etags", {"POST", "PUT", "PATCH", "DELETE"},
        ),
        (
            [
                "https://www.opengis.net/spec/ogcapi-features-4/0.0/conf/create-replace-delete/",
                f"{SPEC}ogcapi-features-4/0.0/conf/optimistic-locking-timestamps",
            ],
            "W1",
            "timestamps",
            {"POST", "PUT", "DELETE"},
        ),
        ([f"{SPEC}ogcapi-features-4/1.0/conf/optimistic-locking-etags"], "R", "etags", set()),
    ],
)  # fmt: skip
def test_tiers(
    classes: list[str], tier: str, locking: str, methods: set[str], server: FaultyServer, connect: Connect
) -> None:
    found = connect(serve(server, conforms=classes)).capabilities()
    assert (found.tier, found.locking, found.methods) == (tier, locking, frozenset(methods))


def test_conformance_classes_match_whatever_their_version() -> None:
    for uri in (
        "ogcapi-common-3/1.0/conf/schemas",
        "ogcapi-common-3/0.0/req/schemas",
        "OGCAPI-Common-3/1.0-draft.2/conf/Schemas",
    ):
        assert Conformance([SPEC + uri]).has("ogcapi-common-3", "schemas"), uri
    assert not Conformance([f"{SPEC}ogcapi-common-3/1.0/conf/schemas-more"]).has("ogcapi-common-3", "schemas")


@pytest.mark.parametrize(
    "below", ["/collections", "/conformance", "/collections/things", "/collections/things/items?limit=5", "/no/such"]
)
def test_an_address_below_the_landing_page_is_climbed_up_from(
    below: str, server: FaultyServer, connect: Connect
) -> None:
    url = serve(server, root="/city/v1")
    server.routes["/city/v1/collections/things"] = as_json({"id": "things", "links": [], "extent": {}})
    server.routes["/city/v1/collections/things/items"] = as_html("<html>map</html>")
    twin = connect(url.rstrip("/") + below)
    assert twin.capabilities().title == "City"
    assert "lies below the twin's landing page" in twin.capabilities().problems[0]
    assert [c.id for c in twin.collections()] == ["things"]


def test_a_landing_page_that_prefers_html(server: FaultyServer, connect: Connect) -> None:
    url = serve(server)
    document = server.routes["/"]
    server.routes["/"] = lambda s: document if s.query.get("f") == "json" else as_html("<html>")  # type: ignore[return-value]
    found = connect(url).capabilities()
    assert found.title == "City" and found.url == url and found.problems == ()


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (as_html("<!doctype html><title>City hall</title>"), "is a web page, not a twin"),
        (Answer(200, b"<?xml version='1.0'?><WFS_Capabilities/>", {"Content-Type": "text/xml"}), "WMS and WFS"),
        (as_json({"value": [{"name": "Things", "url": "x"}], "serverSettings": {}}), "SensorThings"),
        (as_json({"hello": "world"}), "no OGC API"),
        (as_json([]), "web page, not a twin|no OGC API"),
    ],
)
def test_what_is_no_twin_is_told_apart(answer: Answer, sentence: str, server: FaultyServer, connect: Connect) -> None:
    server.routes["/api"] = answer
    with pytest.raises(NotATwin, match=sentence):
        connect(f"{server.url}/api").capabilities()


def test_an_api_without_features_is_no_twin(server: FaultyServer, connect: Connect) -> None:
    links = [{"rel": "conformance", "href": "conformance"}, {"rel": "service-desc", "href": "api"}]
    url = serve(server, landing={"links": links})
    server.routes["/conformance"] = as_json({"conformsTo": [f"{SPEC}ogcapi-processes-1/1.0/conf/core"]})
    with pytest.raises(NotATwin, match="offers no features"):
        connect(url).capabilities()


def test_what_keeps_the_first_page_from_answering_is_said(server: FaultyServer, connect: Connect) -> None:
    server.routes["/a"] = as_json({}, 401)
    with pytest.raises(AccessDenied):
        connect(f"{server.url}/a").capabilities()
    with pytest.raises(NotFound):
        connect(f"{server.url}/nothing").capabilities()
    server.close()
    with pytest.raises(Unreachable):
        connect(server.url).capabilities()


def test_collections_are_read_with_patience(server: FaultyServer, connect: Connect) -> None:
    odd: list[Any] = [
        {"id": "a", "title": None, "extent": {"spatial": {"bbox": [[None] * 4]}}, "crs": ["#/crs", "x:own"]},
        {"id": 7, "itemType": "record", "extent": {"spatial": {"bbox": [[-180, -90, 0, 180, 90, 9]]}}, "itemCount": 12},
        {"id": ""},
        {"id": "ll", "extent": {"spatial": {"bbox": [[51, 4, 52, 5]], "crs": "http://www.opengis.net/def/crs/EPSG/0/4326"}}},
        "nonsense",
        {"id": "a", "title": "again"},
        {"id": "b/ c", "extent": {"spatial": {"bbox": [4, 51, 5, 52]}}, "license": "CC BY 4.0", "links": "no"},
        {
            "id": "rd",
            "extent": {"spatial": {"bbox": [[84000, 436000, 95000, 439000]], "crs": RD}},
            "links": [
                {"rel": "items", "href": "rd/items?f=html", "type": "text/html"},
                {"rel": "items", "href": "./collections/rd/items?f=json", "type": "application/geo+json"},
                {"rel": "describedby", "href": "doc.html", "type": "text/html"},
                {"rel": "describedby", "href": "rd.json", "type": "application/schema+json"},
                {"rel": "license", "href": "https://l.example/?token=x"},
            ],
        },
    ]  # fmt: skip
    url = serve(server, collections=odd, crs=[RD],
                links=[{"rel": "next", "href": "collections2"},
                       {"rel": "license", "href": "x", "title": "CC0"}])  # fmt: skip
    server.routes["/collections2"] = Answer(
        200,
        b'{"collections":[{"id":"inf","extent":{"spatial":{"bbox":[[-Infinity,0,NaN,1]]}}}]}',
        {"Content-Type": "application/json"},
    )
    found = {c.id: c for c in connect(url).collections()}
    assert list(found) == ["a", "7", "ll", "b/ c", "rd", "inf"]
    assert found["ll"].extent == (4, 51, 5, 52)
    assert found["a"].title == "a" and found["a"].extent is None and found["inf"].extent is None
    assert found["a"].crs == (RD, "x:own") and found["a"].licence == "CC0"
    assert not found["7"].is_features and found["7"].extent == (-180, -90, 180, 90) and found["7"].count == 12
    assert (
        found["b/ c"].items_url == f"{server.url}/collections/b%2F%20c/items" and found["b/ c"].licence == "CC BY 4.0"
    )
    rd = found["rd"]
    assert rd.items_url == f"{server.url}/collections/rd/items?f=json" and rd.schema_url == f"{server.url}/rd.json"
    assert rd.licence == "https://l.example/?token=***"
    # By hand: 71 and 60 km west of Amersfoort (5.388 E), at 68.7 km per degree.
    assert rd.extent == pytest.approx((4.354, 51.91, 4.514, 51.94), abs=0.015)


def test_a_collections_page_that_is_none(server: FaultyServer, connect: Connect) -> None:
    url = serve(server)
    server.routes["/collections"] = as_json({"title": "landing again", "links": []})
    with pytest.raises(BadResponse, match="should list the twin's collections"):
        connect(url).collections()


def test_one_collection_by_its_id(server: FaultyServer, connect: Connect) -> None:
    url = serve(server, collections=[{"id": "a b"}, {"id": "c"}])
    server.routes["/collections/a%20b"] = as_json({"id": "a b", "title": "A"})
    twin = connect(url)
    one = twin.collection("a b")
    assert (one.id, one.title, one.items_url) == ("a b", "A", f"{server.url}/collections/a%20b/items")
    assert twin.collection("c").id == "c"
    with pytest.raises(NotFound, match="no collection “zzz”"):
        twin.collection("zzz")


def test_methods_by_options_then_openapi_then_conformance(server: FaultyServer, connect: Connect) -> None:
    desc = {"rel": "service-desc", "href": "/api", "type": "application/vnd.oai.openapi+json;version=3.0"}
    links = [{"rel": "conformance", "href": "conformance"}, {"rel": "data", "href": "collections"}, desc]
    url = serve(server, conforms=PART4, landing={"links": links})
    items, item = "/collections/things/items", "/collections/things/items/1"
    server.routes[f"GET {items}"] = as_json({"features": [BARE]})
    server.routes[f"OPTIONS {items}"] = Answer(200, b"", {"Allow": "GET, POST, OPTIONS"})
    server.routes[f"OPTIONS {item}"] = Answer(204, b"", {"Allow": "GET,PATCH"})

    def methods() -> frozenset[str]:
        twin = connect(url)
        return twin.describe(twin.collection("things"))[0].methods

    assert methods() == {"POST", "PATCH"}
    server.routes[f"OPTIONS {items}"] = Answer(200, b"", {"Allow": "GET, OPTIONS"})
    server.routes[f"OPTIONS {item}"] = Answer(200, b"", {"Allow": "GET, OPTIONS"})
    assert methods() == frozenset()
    server.routes[f"OPTIONS {items}"] = as_json({}, 405)
    server.routes["/api"] = as_json(
        {"paths": {"/collections/things/items": {"get": {}, "post": {}}, "/collections/things/items/{id}": {"put": {}},
                   "/collections/other/items/{id}": {"delete": {}}}}
    )  # fmt: skip
    assert methods() == {"POST", "PUT"}
    server.routes["/api"] = as_html("<html>swagger")
    assert methods() == {"POST", "PUT", "PATCH", "DELETE"}


def test_edits_that_are_described_but_not_declared(server: FaultyServer, connect: Connect) -> None:
    desc = {"rel": "service-desc", "href": "/api", "type": "application/json"}
    links = [{"rel": "conformance", "href": "conformance"}, {"rel": "data", "href": "collections"}, desc]
    url = serve(server, landing={"links": links})
    server.routes["/api"] = as_json({"paths": {"/wfs3/collections/{collectionId}/items": {"get": {}, "post": {}}}})
    found = connect(url).capabilities()
    assert found.tier == "W0" and found.methods == {"POST"} and "does not declare" in found.problems[0]


def test_a_schema_is_inferred_where_none_is_declared(server: FaultyServer, connect: Connect) -> None:
    url = serve(server)
    point = {"type": "Point", "coordinates": [1.0, 2.0, 3.0]}
    made = [{"type": "Feature", "id": 1, "geometry": point, "properties": {"n": 1, "t": "x", "d": "2026-01-31"}}]
    server.routes["/collections/things/items"] = as_json({"features": made, "numberMatched": 41})
    twin = connect(url)
    one, schema = twin.describe(twin.collection("things"))
    assert (one.geometry_type, one.has_z, schema.declared) == ("Point", True, False)
    assert [(p.name, p.type) for p in schema.properties] == [("n", "integer"), ("t", "string"), ("d", "date")]
    assert twin.count(one) == 41
    assert twin.count(one, (1, 2, 3, 4)) == 41 and server.seen[-1].query == {"limit": "1", "bbox": "1,2,3,4"}
    assert twin.describe(one)[1] is schema


def test_pdok_as_recorded(shared_data: Path, server: FaultyServer, connect: Connect) -> None:
    folder = shared_data / "ogcapi" / "pdok_gokoala"

    def recorded(name: str) -> Answer:
        text = (folder / name).read_text(encoding="utf-8").replace("http://localhost:8080", server.url)
        return as_json(json.loads(text))

    url = serve(server)
    server.routes["/conformance"] = recorded("conformance.json")
    server.routes["/collections"] = recorded("collections_features_and_attributes.json")
    server.routes["/collections/roads/schema"] = recorded("schema.json")
    server.routes["/collections/roads/items"] = recorded("features_roads.json")
    twin = connect(url)
    found = twin.capabilities()
    assert found.tier == "R" and found.crs_supported and found.schemas and found.queryables
    attributes, roads = twin.collections()
    assert attributes.geometry_type == "none" and attributes.extent is None and attributes.licence == "CC0"
    # The recorded extent is in EPSG:4326, latitude first.
    assert roads.extent == (2.52713, 50.2129, 7.37403, 55.7212) and roads.geometry_type == "Polygon"
    one, schema = twin.describe(roads)
    assert schema.declared and one.geometry_type == "Point" and one.methods == frozenset()
    assert twin.choice(one) == CrsChoice("http://www.opengis.net/def/crs/OGC/1.3/CRS84", 4326)
    # And the address of its conformance page, which has links too, is not mistaken for the landing page.
    assert "lies below" in connect(f"{url}conformance").capabilities().problems[0]


def test_the_real_bgt_catalogue(shared_data: Path, server: FaultyServer, connect: Connect) -> None:
    url = serve(server)
    document = json.loads((shared_data / "ogcapi" / "bgt_collections.json").read_text(encoding="utf-8"))
    server.routes["/collections"] = as_json(document)
    found = connect(url).collections()
    assert len(found) == len(document["collections"]) > 20
    assert {c.licence for c in found} == {"CC0 1.0"} and all(c.extent and c.is_features for c in found)


def test_the_report_says_what_is_missing(server: FaultyServer, connect: Connect) -> None:
    twin = connect(serve(server))
    said = report.sentences(twin.capabilities(), twin.collections())
    assert said[0].kind == "limit" and "but not publish" in said[0].text
    unprotected = report.sentences(connect(serve(server, conforms=PART4)).capabilities())
    assert unprotected[0].kind == "bad" and "unprotected" in unprotected[0].text
    document = report.as_json(twin.capabilities(), twin.collections())
    assert json.loads(json.dumps(document)) == document
    assert document["tier"] == "R" and document["collections"][0]["id"] == "things"


def test_secrets_in_the_address_stay_out_of_the_report(server: FaultyServer, connect: Connect) -> None:
    serve(server)
    twin = connect(f"{server.url.replace('://', '://jan:geheim@')}/?apikey=abcdef")
    text = json.dumps(report.as_json(twin.capabilities(), twin.collections()))
    assert "geheim" not in text and "abcdef" not in text and "jan" not in text


def test_the_embedded_twin(demo_twin: RunningTwin) -> None:
    with Session(demo_twin.url) as session:
        twin = Twin.connect(session)
        found = twin.capabilities()
        assert (found.tier, found.locking) == ("W2", "etags") and found.problems == ()
        assert (
            found.crs_supported
            and found.schemas
            and found.item_etags
            and found.create_with_id
            and found.delete_if_match
        )
        assert [s for s in report.sentences(found, twin.collections()) if s.kind != "good"] == []
        for collection in twin.collections():
            one, schema = twin.describe(collection)
            assert one.methods == {"POST", "PUT", "PATCH", "DELETE"} and schema.declared and one.geometry_type
            choice = twin.choice(one)
            items = [i for p in pages(session, one, choice=choice, item_etags=True) for i in p.items]
            assert len(items) == one.count == len({i.id for i in items}) and all(i.token for i in items)


def test_a_seen_request_is_a_real_one(server: FaultyServer, connect: Connect) -> None:
    connect(serve(server)).collections()
    assert all(isinstance(s, Seen) and s.headers["User-Agent"] == "City-Twin-Workbench" for s in server.seen)
