"""What a reader gets: documents, pages, boxes, CRSs, formats, and clear refusals."""

from __future__ import annotations

import json
import math

import pytest

from plugin.demo.app import Settings
from plugin.demo.crs import CRS84, EPSG, MERCATOR, RD, RD_NAP, WGS84
from plugin.demo.negotiation import Credentials

from .conftest import Client


def ids(answer):
    return [feature["id"] for feature in answer.json()["features"]]


def links(document):
    return {link["rel"]: link["href"] for link in document["links"]}


def test_landing_leads_everywhere(call):
    landing = call("GET", "/").json()
    found = links(landing)
    assert found["service-desc"] == "http://twin.test/api"
    assert call("GET", "/conformance").json()["conformsTo"]
    assert call("GET", "/api").headers["content-type"] == "application/vnd.oai.openapi+json;version=3.0"
    names = [c["id"] for c in call("GET", "/collections").json()["collections"]]
    assert names == ["houses", "roofs", "notes"]


def test_conformance_declares_the_profile(call):
    found = call("GET", "/conformance").json()["conformsTo"]
    for suffix in (
        "ogcapi-features-1/1.0/conf/core",
        "ogcapi-features-2/1.0/conf/crs",
        "ogcapi-features-4/1.0/conf/create-replace-delete",
        "ogcapi-features-4/1.0/conf/update",
        "ogcapi-features-4/1.0/req/optimistic-locking-etags",
        "ogcapi-common-3/1.0/conf/schemas",
        "urn:x-citytwin:conf:item-etags",
        "urn:x-citytwin:conf:create-with-id",
        "urn:x-citytwin:conf:delete-if-match",
    ):
        assert any(uri.endswith(suffix) for uri in found), suffix


def test_read_only_twin_says_so_and_refuses(store):
    call = Client(store, Settings(read_only=True))
    assert not any("features-4" in uri for uri in call("GET", "/conformance").json()["conformsTo"])
    assert call("OPTIONS", "/collections/houses/items").headers["allow"] == "GET, HEAD, OPTIONS"
    assert call("POST", "/collections/houses/items", {}).status == 405
    assert "post" not in json.dumps(call("GET", "/api").json()["paths"]["/collections/houses/items"])


def test_collection(call):
    found = call("GET", "/collections/houses").json()
    assert found["itemCount"] == 25 and found["itemType"] == "feature"
    assert found["storageCrs"] == RD and found["crs"] == [CRS84, WGS84, RD, MERCATOR]
    west, south, east, north = found["extent"]["spatial"]["bbox"][0]
    assert 4.4 < west < east < 4.6 and 51.8 < south < north < 52
    assert found["license"] == "CC0 1.0" and links(found)["license"].endswith("/zero/1.0/")
    assert RD_NAP in call("GET", "/collections/roofs").json()["crs"]
    assert "extent" not in call("GET", "/collections/roofs").json()


def test_schema(call):
    answer = call("GET", "/collections/houses/schema")
    assert answer.headers["content-type"] == "application/schema+json"
    schema = answer.json()
    properties = schema["properties"]
    assert schema["required"] == ["name", "function", "geometry"]
    assert properties["geometry"]["format"] == "geometry-polygon"
    assert properties["geometry"]["x-ogc-role"] == "primary-geometry"
    assert properties["geometry"]["x-citytwin-dimension"] == 2
    assert properties["function"]["enum"] == ["residential", "office"]
    assert properties["height"]["minimum"] == 0 and properties["height"]["x-ogc-unit"] == "m"
    assert properties["area_m2"]["readOnly"] is True
    assert [p.get("x-ogc-propertySeq") for p in properties.values()][2:] == list(range(1, 11))


def test_pages_lead_through_everything(call):
    seen, url = [], "/collections/houses/items?limit=10"
    while url:
        answer = call("GET", url)
        page = answer.json()
        assert page["numberMatched"] == 25 and page["numberReturned"] == len(page["features"])
        assert page["timeStamp"].endswith("Z")
        seen += ids(answer)
        url = links(page).get("next", "").replace("http://twin.test", "")
    assert seen == [f"h/{n}" for n in range(25)]
    last = call("GET", "/collections/houses/items?limit=10&offset=20").json()
    assert "next" not in links(last) and "offset=10" in links(last)["prev"]


def test_links_keep_the_query(call):
    page = call("GET", f"/collections/houses/items?limit=1&crs={RD}&function=office").json()
    assert "function=office" in links(page)["next"] and "crs=http" in links(page)["next"]


def test_limit_clamps(call):
    assert len(ids(call("GET", "/collections/houses/items?limit=999999999999999999999"))) == 25


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=-1", "limit=ten", "limit=", "limit=1.5", "limit=²", "offset=-1", "offset=x", "bbox=1,2,3",
        "bbox=1,2,3,x", "bbox=nan,0,1,1", "bbox=1,2,1,1", "bbox=inf,1,inf,2", "crs=EPSG:9999", "crs=nonsense",
        f"bbox-crs={RD}", "nonsense=1", "Limit=1", "f=xml", "datetime=yesterday", "datetime=../../..", "datetime=..",
        "storeys=many", "listed=perhaps", f"bbox=2,2,1,3&bbox-crs={RD}", "name=%ff",
    ],
)  # fmt: skip
def test_bad_queries_get_400_and_a_sentence(call, query):
    answer = call("GET", f"/collections/houses/items?{query}")
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == 400 and len(problem["detail"]) > 20


@pytest.mark.parametrize("url", ["/?x=1", "/collections?limit=1", "/collections/houses/items/h%2F1?limit=1"])
def test_unknown_parameters_elsewhere(call, url):
    assert call("GET", url).status == 400


def test_datetime_matches_what_has_no_time(call):
    for value in ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z/..", "../2026-01-01T00:00:00Z"):
        assert call("GET", f"/collections/houses/items?datetime={value}").json()["numberMatched"] == 25


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f"bbox=93000,436000,93105,436105&bbox-crs={RD}", ["h/0", "h/1"]),
        (f"bbox=93001,436001,93002,436002&bbox-crs={RD}", ["h/0"]),  # inside a house
        (f"bbox=93000,436000,1,93105,436105,2&bbox-crs={RD}", ["h/0", "h/1"]),
        (f"bbox=93011,436000,93099,436099&bbox-crs={RD}", []),
        (f"bbox=93010,436010,93100,436100&bbox-crs={RD}", ["h/0", "h/1"]),  # touching counts
        ("bbox=-180,-90,180,90", [f"h/{n}" for n in range(25)]),
        ("bbox=170,-90,-170,90", []),  # across the antimeridian, not here
        ("bbox=4,-90,-170,90", [f"h/{n}" for n in range(25)]),
        (f"bbox=-90,-180,90,180&bbox-crs={WGS84}", [f"h/{n}" for n in range(25)]),
        ("bbox=10,10,11,11", []),
    ],
)
def test_bbox(call, query, expected):
    answer = call("GET", f"/collections/houses/items?{query}")
    assert ids(answer) == expected
    assert answer.json()["numberMatched"] == len(expected)


def test_bbox_asks_the_geometry_not_only_its_box(store, call):
    triangle = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [0, 1], [0, 0]]]}
    moved = [[[4.0 + x, 51.0 + y] for x, y in ring] for ring in triangle["coordinates"]]
    created = call("POST", "/collections/notes/items", {"type": "Feature", "properties": {}, "geometry": {
        "type": "Polygon", "coordinates": moved}})  # fmt: skip
    assert created.status == 201
    assert call("GET", "/collections/notes/items?bbox=4.8,51.8,4.95,51.95").json()["numberMatched"] == 0
    assert call("GET", "/collections/notes/items?bbox=4.3,51.4,4.35,51.95").json()["numberMatched"] == 1


def test_items_without_geometry_are_in_no_box(call):
    assert ids(call("GET", "/collections/notes/items")) == [7, "no where"]
    assert ids(call("GET", "/collections/notes/items?bbox=-180,-90,180,90")) == [7]


def test_crs_and_axis_order(call):
    def first(uri):
        answer = call("GET", f"/collections/houses/items?limit=1&crs={uri}")
        assert answer.headers["content-crs"] == f"<{uri}>"
        return answer.json()["features"][0]["geometry"]["coordinates"][0][0]

    assert first(RD) == [93000.0, 436000.0]
    longitude, latitude = first(CRS84)
    assert longitude == pytest.approx(4.486, abs=0.01) and latitude == pytest.approx(51.909, abs=0.01)
    assert first(WGS84) == [latitude, longitude]
    radius = 6378137
    north = radius * math.log(math.tan(math.pi / 4 + math.radians(latitude) / 2))
    assert first(MERCATOR) == pytest.approx([radius * math.radians(longitude), north], abs=0.01)
    default = call("GET", "/collections/houses/items?limit=1")
    assert default.headers["content-crs"] == f"<{CRS84}>"
    assert default.json()["features"][0]["geometry"]["coordinates"][0][0] == [longitude, latitude]


def test_filter_by_property(call):
    assert len(ids(call("GET", "/collections/houses/items?function=office"))) == 12
    assert ids(call("GET", "/collections/houses/items?storeys=3")) == ["h/3"]
    assert ids(call("GET", "/collections/houses/items?height=4.5&function=residential")) == ["h/4"]
    assert ids(call("GET", "/collections/houses/items?name=%27%20OR%201=1--")) == []


def test_item_and_its_token_in_pages(call):
    single = call("GET", "/collections/houses/items/h%2F3")
    assert single.status == 200 and single.json()["id"] == "h/3"
    page = call("GET", "/collections/houses/items?limit=4").json()
    assert page["features"][3]["etag"] == single.etag == single.json()["etag"]
    assert single.etag.startswith('"') and not single.etag.startswith("W/")
    assert call("GET", "/collections/notes/items/7").json()["id"] == 7
    assert call("GET", "/collections/notes/items/no%20where").json()["geometry"] is None
    assert call("GET", "/collections/houses/items/h/3").status == 404
    assert call("GET", "/collections/houses/items/h%2F99").status == 404


def test_if_none_match(call):
    etag = call("GET", "/collections/houses/items/h%2F3").etag
    for header in (etag, f'"x", {etag}', f"W/{etag}", "*"):
        answer = call("GET", "/collections/houses/items/h%2F3", headers={"If-None-Match": header})
        assert (answer.status, answer.body, answer.etag) == (304, b"", etag)
    assert call("GET", "/collections/houses/items/h%2F3", headers={"If-None-Match": '"other"'}).status == 200


def test_gzip_and_head(call):
    plain = call("GET", "/collections/houses/items")
    zipped = call("GET", "/collections/houses/items", headers={"Accept-Encoding": "deflate, gzip;q=0.5"})
    assert zipped.headers["content-encoding"] == "gzip" and "Accept-Encoding" in zipped.headers["vary"]
    assert zipped.json()["features"] == plain.json()["features"]
    assert int(zipped.headers["content-length"]) < len(plain.body) / 3
    refused = call("GET", "/collections/houses/items", headers={"Accept-Encoding": "gzip;q=0"})
    assert "content-encoding" not in refused.headers
    head = call("HEAD", "/collections/houses/items")
    assert head.status == 200 and head.body == b"" and head.headers["content-length"] == plain.headers["content-length"]


@pytest.mark.parametrize(
    "url",
    ["/", "/conformance", "/api", "/collections", "/collections/houses", "/collections/houses/schema",
     "/collections/houses/items", "/collections/houses/items/h%2F3"],
)  # fmt: skip
def test_every_resource_is_html_too(call, url):
    for answer in (
        call("GET", url + "?f=html"),
        call("GET", url, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}),
    ):
        assert answer.status == 200 and answer.headers["content-type"].startswith("text/html")
        assert answer.body.startswith(b"<!DOCTYPE html>")
    assert call("GET", url, headers={"Accept": "*/*"}).headers["content-type"].find("json") > 0


def test_html_escapes(call):
    evil = {"type": "Feature", "properties": {"text": "<script>alert(1)</script>"}, "geometry": None}
    call("POST", "/collections/notes/items", evil)
    assert b"<script>alert" not in call("GET", "/collections/notes/items?f=html").body


def test_not_acceptable_not_found_not_allowed(call):
    assert call("GET", "/", headers={"Accept": "image/png"}).status == 406
    assert call("GET", "/collections/houses/items", headers={"Accept": "application/json"}).status == 200
    assert call("GET", "/collections/houses/items", headers={"Accept": "application/geo+json;q=0"}).status == 406
    for url in ("/nothing", "/collections/nothing", "/collections/nothing/items", "/collections/houses/nothing"):
        answer = call("GET", url)
        assert answer.status == 404 and answer.headers["content-type"] == "application/problem+json"
    answer = call("DELETE", "/collections/houses/items")
    assert answer.status == 405 and answer.headers["allow"] == "GET, POST, HEAD, OPTIONS"
    assert call("POST", "/collections", {}).status == 405


def test_options(call):
    items = call("OPTIONS", "/collections/houses/items")
    assert items.status == 204 and "POST" in items.headers["allow"] and "accept-post" in items.headers
    item = call("OPTIONS", "/collections/houses/items/h%2F3")
    assert item.headers["allow"] == "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"
    assert item.headers["accept-patch"].startswith("application/merge-patch+json")


def test_credentials(store):
    call = Client(store, Settings(credentials=Credentials("ann", "näh:x")))
    denied = call("GET", "/")
    assert denied.status == 401 and denied.headers["www-authenticate"].startswith("Basic realm=")
    assert call("GET", "/", headers={"Authorization": "Basic bogus"}).status == 401
    assert call("GET", "/", headers={"Authorization": "Basic YW5uOndyb25n"}).status == 401
    assert call("POST", "/collections/houses/items", {}).status == 401
    right = {"Authorization": "Basic YW5uOm7DpGg6eA=="}
    assert call("GET", "/", headers=right).status == 200
    note = {"type": "Feature", "properties": {"text": "x"}, "geometry": None}
    location = call("POST", "/collections/notes/items", note, headers=right).headers["location"]
    item = call("GET", location.replace("http://twin.test", ""), headers=right).json()
    assert item["updatedBy"] == "ann" and item["updated"].endswith("Z")


def test_openapi_is_sound(call):
    document = call("GET", "/api").json()
    assert document["openapi"].startswith("3.0")
    names = [op["operationId"] for path in document["paths"].values() for op in path.values() if isinstance(op, dict)]
    assert len(names) == len(set(names))
    parameters = document["paths"]["/collections/houses/items"]["get"]["parameters"]
    limit = next(p for p in parameters if p["name"] == "limit")["schema"]
    assert limit["maximum"] == 10_000
    body = document["paths"]["/collections/houses/items"]["post"]["requestBody"]["content"]["application/geo+json"]
    assert body["schema"]["properties"]["properties"]["required"] == ["name", "function"]


def test_uri_spellings(call):
    for spelling in ("http://www.opengis.net/def/crs/EPSG/0/28992", "http://www.opengis.net/def/crs/EPSG/9.9/28992"):
        assert call("GET", f"/collections/houses/items?crs={spelling}").headers["content-crs"] == f"<{EPSG}28992>"
