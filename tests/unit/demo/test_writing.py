"""What a writer gets: locks that hold, a schema that is kept, CRSs, and creates that are safe to repeat."""

from __future__ import annotations

import json
import threading
from urllib.parse import quote

import pytest

from plugin.demo.app import Settings
from plugin.demo.crs import CRS84, RD, WGS84, transform

from .conftest import Client, square

ITEMS = "/collections/houses/items"
IN_RD = {"Content-Crs": f"<{RD}>"}
UUID = "0b2f6f0e-7c0e-4e39-9a53-2d9a4f7d2f10"


def body(**properties):
    values = {"name": "New", "function": "office", **properties}
    return {"type": "Feature", "geometry": square(93500, 436500, 20), "properties": values}


def path(answer):
    return answer.headers["location"].replace("http://twin.test", "")


def lock(etag, **more):
    return {"If-Match": etag, **IN_RD, **more}


def problem(answer, status=400):
    assert answer.status == status, answer.body
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.json()


def test_create(call):
    answer = call("POST", ITEMS, body(height=12.5), headers=IN_RD)
    assert answer.status == 201 and answer.body == b""
    item = call("GET", f"{path(answer)}?crs={RD}")
    assert item.etag == answer.etag
    assert item.json()["geometry"] == square(93500, 436500, 20)
    assert item.json()["properties"] == {"name": "New", "function": "office", "height": 12.5, "area_m2": 400.0}
    assert call("GET", "/collections/houses").json()["itemCount"] == 26


def test_prefer_representation(call):
    answer = call("POST", ITEMS, body(), headers={**IN_RD, "Prefer": "return=representation"})
    assert answer.status == 201 and answer.json()["etag"] == answer.etag
    assert answer.headers["content-crs"] == f"<{RD}>" and answer.headers["preference-applied"]
    changed = call("PUT", path(answer), body(name="Other"), headers=lock(answer.etag, Prefer="return=representation"))
    assert changed.status == 200 and changed.json()["properties"]["name"] == "Other"
    assert changed.etag != answer.etag


def test_put_replaces_whole(call):
    before = call("GET", f"{ITEMS}/h%2F1")
    answer = call("PUT", f"{ITEMS}/h%2F1", {**body(), "id": "h/1"}, headers=lock(before.etag))
    assert answer.status == 204 and answer.body == b"" and "content-length" not in answer.headers
    after = call("GET", f"{ITEMS}/h%2F1")
    assert after.etag == answer.etag != before.etag
    assert "storeys" not in after.json()["properties"]
    assert after.json()["updated"].endswith("Z")


def test_patch_merges(call):
    before = call("GET", f"{ITEMS}/h%2F2?crs={RD}")
    patch = {"properties": {"height": 99, "storeys": None}}
    answer = call("PATCH", f"{ITEMS}/h%2F2", patch, {"If-Match": before.etag}, "application/merge-patch+json")
    assert answer.status == 204
    after = call("GET", f"{ITEMS}/h%2F2?crs={RD}").json()
    assert after["properties"]["height"] == 99 and "storeys" not in after["properties"]
    assert after["properties"]["name"] == "House 2"
    assert after["geometry"] == before.json()["geometry"]
    moved = call("PATCH", f"{ITEMS}/h%2F2", {"geometry": square(94050, 437000)}, lock(answer.etag))
    assert moved.status == 204
    after = call("GET", f"{ITEMS}/h%2F2?crs={RD}").json()
    assert after["geometry"] == square(94050, 437000) and after["properties"]["area_m2"] == 100.0
    near = f"{ITEMS}?bbox=94040,437003,94053,437005&bbox-crs={RD}"
    assert [f["id"] for f in call("GET", near).json()["features"]] == ["h/2"]


def test_delete(call):
    etag = call("GET", f"{ITEMS}/h%2F5").etag
    assert call("DELETE", f"{ITEMS}/h%2F5", headers={"If-Match": etag}).status == 204
    assert call("GET", f"{ITEMS}/h%2F5").status == 404
    assert problem(call("DELETE", f"{ITEMS}/h%2F5", headers={"If-Match": etag}), 404)
    assert call("GET", f"{ITEMS}?bbox=93500,436500,93510,436510&bbox-crs={RD}").json()["numberMatched"] == 0


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_locks(call, method):
    content = None if method == "DELETE" else body()
    url = f"{ITEMS}/h%2F6"
    etag = call("GET", url).etag
    assert "If-Match" in problem(call(method, url, content, IN_RD), 428)["detail"]
    assert etag in problem(call(method, url, content, lock('"old"')), 412)["detail"]
    problem(call(method, url, content, lock(f"W/{etag}")), 412)
    problem(call(method, f"{ITEMS}/none", content, lock(etag)), 404)
    assert call("GET", url).etag == etag
    assert call(method, url, content, lock(f'"old", {etag}')).status == 204


def test_star_matches_what_is_there(call):
    assert call("PUT", f"{ITEMS}/h%2F6", body(), lock("*")).status == 204
    problem(call("PUT", f"{ITEMS}/none", body(), lock("*")), 404)


def test_put_does_not_create_and_keeps_the_id(call):
    etag = call("GET", f"{ITEMS}/h%2F6").etag
    assert "h/7" in problem(call("PUT", f"{ITEMS}/h%2F6", {**body(), "id": "h/7"}, lock(etag)))["detail"]


def test_a_token_never_comes_back(call):
    first = call("POST", ITEMS, body(), headers=IN_RD)
    seen = {first.etag}
    etag = first.etag
    for _ in range(5):
        etag = call("PUT", path(first), body(), headers=lock(etag)).etag
        assert etag not in seen
        seen.add(etag)


def test_create_with_id_is_safe_to_repeat(call):
    mine = {**body(), "id": UUID}
    first = call("POST", ITEMS, mine, headers=IN_RD)
    assert first.status == 201 and first.headers["location"].endswith(UUID)
    again = call("POST", ITEMS, dict(reversed(mine.items())), headers=IN_RD)
    assert (again.status, again.etag, again.headers["location"]) == (201, first.etag, first.headers["location"])
    assert call("GET", "/collections/houses").json()["itemCount"] == 26
    problem(call("POST", ITEMS, {**body(name="Else"), "id": UUID}, headers=IN_RD), 409)
    problem(call("POST", ITEMS, mine, headers={"Content-Crs": f"<{WGS84}>"}), 400)
    call("PUT", path(first), body(), headers=lock(first.etag))
    assert call("POST", ITEMS, mine, headers=IN_RD).etag == first.etag  # no lock on what came after
    current = call("GET", path(first)).etag
    call("DELETE", path(first), headers={"If-Match": current})
    assert "deleted" in problem(call("POST", ITEMS, mine, headers=IN_RD), 409)["detail"]


@pytest.mark.parametrize("given", ["h/1", "7", 7, "", None, {"a": 1}, "not-a-uuid"])
def test_other_ids_are_the_servers_choice(call, given):
    answer = call("POST", ITEMS, {**body(), "id": given}, headers=IN_RD)
    assert answer.status == 201 and len(answer.headers["location"].rsplit("/", 1)[1]) == 36


@pytest.mark.parametrize(
    ("properties", "name"),
    [
        ({"name": None}, "name"), ({"name": "  "}, "name"), ({"name": "x" * 21}, "name"), ({"name": 5}, "name"),
        ({"function": "castle"}, "function"), ({"height": -1}, "height"), ({"height": 301}, "height"),
        ({"height": "tall"}, "height"), ({"height": True}, "height"), ({"storeys": 1.5}, "storeys"),
        ({"listed": 1}, "listed"), ({"code": "abc"}, "code"), ({"built": "1-2-2020"}, "built"),
        ({"built": "2020-02-30"}, "built"), ({"seen": "2020-02-03"}, "seen"),
        ({"seen": "2020-02-03T25:00:00Z"}, "seen"), ({"extra": "text"}, "extra"), ({"nonsense": 1}, "nonsense"),
    ],
)  # fmt: skip
def test_schema_is_kept(call, properties, name):
    found = problem(call("POST", ITEMS, body(**properties), headers=IN_RD))
    assert name in found["detail"] and [error["property"] for error in found["errors"]] == [name]
    etag = call("GET", f"{ITEMS}/h%2F6").etag
    patched = problem(call("PATCH", f"{ITEMS}/h%2F6", {"properties": properties}, lock(etag)))
    assert [error["property"] for error in patched["errors"]] == [name]


def test_several_errors_at_once(call):
    found = problem(call("POST", ITEMS, body(height=-1, function="castle", what=1), headers=IN_RD))
    assert {error["property"] for error in found["errors"]} == {"height", "function", "what"}


def test_what_fits(call):
    good = body(storeys=3.0, listed=False, code="ABC", built="2020-02-29", seen="2020-02-03T10:00:00.5+01:00",
                extra={"a": [1]}, height=0)  # fmt: skip
    answer = call("POST", ITEMS, {**good, "links": [], "etag": "x"}, headers=IN_RD)
    assert answer.status == 201
    stored = call("GET", path(answer)).json()["properties"]
    assert stored["storeys"] == 3 and isinstance(stored["storeys"], int) and stored["extra"] == {"a": [1]}


def test_read_only_properties_are_the_servers(call):
    answer = call("POST", ITEMS, body(area_m2=-5), headers=IN_RD)
    assert answer.status == 201 and call("GET", path(answer)).json()["properties"]["area_m2"] == 400.0


def polygon(*rings):
    return {"type": "Polygon", "coordinates": list(rings)}


RING = square(93500, 436500)["coordinates"][0]


@pytest.mark.parametrize(
    ("geometry", "words"),
    [
        (None, "required"),
        ({"type": "Point", "coordinates": [93500, 436500]}, "must be a Polygon, not a Point"),
        ({"type": "MultiPolygon", "coordinates": [[RING]]}, "not a MultiPolygon"),
        ({"type": "Blob"}, "no GeoJSON geometry type"), ("POINT(1 2)", "GeoJSON geometry"), ([], "GeoJSON geometry"),
        (polygon(RING[:-1]), "not closed"), (polygon(RING[:2]), "at least four"), (polygon(), "empty"),
        (polygon([[1, "x"]] * 4), "no finite number"), (polygon([[1]] * 4), "must have 2 numbers"),
        (polygon([[p[0], p[1], 5.0] for p in RING]), "must have 2 numbers, not 3"),
        (polygon(5), "right depth"), ({"type": "Polygon"}, "right depth"),
        (square(4.48, 51.9, 0.001), "Content-Crs"),
    ],
)  # fmt: skip
def test_geometry_is_checked(call, geometry, words):
    found = problem(call("POST", ITEMS, {**body(), "geometry": geometry}, headers=IN_RD))
    assert words in found["detail"] and found["errors"][0]["property"] == "geometry"


def test_heights_belong_to_3d(call):
    flat = {"type": "MultiPolygon", "coordinates": [[RING]]}
    feature = {"type": "Feature", "properties": {"name": "roof"}, "geometry": flat}
    assert "height" in problem(call("POST", "/collections/roofs/items", feature, headers=IN_RD))["detail"]
    solid = {"type": "MultiPolygon", "coordinates": [[[[*p, 7.25] for p in RING]]]}
    nap = {"Content-Crs": "<http://www.opengis.net/def/crs/EPSG/0/7415>"}
    answer = call("POST", "/collections/roofs/items", {**feature, "geometry": solid}, headers=nap)
    assert answer.status == 201
    assert call("GET", f"{path(answer)}?crs={RD}").json()["geometry"] == solid
    turned = call("GET", f"{path(answer)}?crs={WGS84}").json()["geometry"]["coordinates"][0][0][0]
    assert turned[2] == 7.25 and 51 < turned[0] < 52


def test_geometry_may_be_null_where_it_is_not_required(call):
    note = {"type": "Feature", "properties": {"text": "nowhere"}, "geometry": None}
    answer = call("POST", "/collections/notes/items", note)
    assert answer.status == 201 and call("GET", path(answer)).json()["geometry"] is None


@pytest.mark.parametrize(("uri", "swap"), [(CRS84, False), (WGS84, True), (None, False)])
def test_content_crs(call, uri, swap):
    corners = transform(RING, RD, CRS84)
    ring = [[y, x] if swap else [x, y] for x, y in corners]
    headers = {"Content-Crs": f"<{uri}>"} if uri else {}
    answer = call("POST", ITEMS, {**body(), "geometry": polygon(ring)}, headers=headers)
    assert answer.status == 201
    stored = call("GET", f"{path(answer)}?crs={RD}").json()["geometry"]["coordinates"][0]
    assert [n for p in stored for n in p] == pytest.approx([n for p in RING for n in p], abs=0.001)


def test_unknown_content_crs(call):
    assert "Content-Crs" in problem(call("POST", ITEMS, body(), headers={"Content-Crs": "<urn:x>"}))["detail"]


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/geo+json", 400), (b"[]", "application/json", 400), (b"\xff", "application/json", 400),
        (b'{"a": NaN}', "application/json", 400), (b"[" * 100_000, "application/json", 400), (b"{}", "text/plain", 415),
        (b"{}", "application/x-www-form-urlencoded", 415),
        (b'{"type":"Feature","properties":[]}', "application/json", 400),
        (b'{"type":"FeatureCollection","features":[]}', "application/geo+json", 400), (b"", "application/json", 400),
        (b" " * 5000, "application/json", 413),
    ],
)  # fmt: skip
def test_bad_bodies(store, content, kind, status):
    call = Client(store, Settings(max_body=4000 if len(content) < 10_000 else 1_000_000))
    problem(call("POST", ITEMS, content, IN_RD, kind), status)


@pytest.mark.parametrize("value", ['{"a": 1e999}', '{"a": "\\ud800"}', '{"a":' * 985 + "1" + "}" * 985])
def test_values_that_json_lets_through_but_no_store_can_hold(call, value):
    content = json.dumps(body(extra=None)).replace('"extra": null', f'"extra": {value}').encode()
    assert call("POST", ITEMS, content, IN_RD).status in (400, 201)
    assert call("GET", ITEMS).status == 200
    assert call("GET", ITEMS + "?name=New").status == 200


def test_compressed_bodies_are_refused(call):
    problem(call("POST", ITEMS, body(), {**IN_RD, "Content-Encoding": "gzip"}), 415)


def test_message_is_kept(store, call):
    message = "Höhe geändert – Büro"
    call("POST", ITEMS, body(), headers={**IN_RD, "Citytwin-Message": "UTF-8''" + quote(message)})
    call("POST", ITEMS, body(), headers={**IN_RD, "Citytwin-Message": quote("plain " + message)})
    with store._connection() as db:
        assert [row[0] for row in db.execute("SELECT message FROM change")] == [message, "plain " + message]


def test_writers_do_not_overwrite_each_other(store):
    """Eight threads raise one number under its lock: no update may be lost."""
    done = []

    def raise_it():
        call = Client(store)
        for _ in range(10):
            while True:
                item = call("GET", f"{ITEMS}/h%2F0")
                patch = {"properties": {"storeys": item.json()["properties"]["storeys"] + 1}}
                if call("PATCH", f"{ITEMS}/h%2F0", patch, {"If-Match": item.etag}).status == 204:
                    break
        done.append(True)

    threads = [threading.Thread(target=raise_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 8
    assert Client(store)("GET", f"{ITEMS}/h%2F0").json()["properties"]["storeys"] == 80


def test_a_failed_write_changes_nothing(call):
    before = call("GET", ITEMS).json()["features"]
    call("POST", ITEMS, body(height=-1), headers=IN_RD)
    call("PUT", f"{ITEMS}/h%2F0", {"type": "Feature"}, headers=lock("*"))
    assert json.dumps(call("GET", ITEMS).json()["features"]) == json.dumps(before)
