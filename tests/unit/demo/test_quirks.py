"""Tiers and quirks: each switch does its one thing, and the profile is declared only as far as it holds."""

from __future__ import annotations

from dataclasses import fields

import pytest

from plugin.demo.__main__ import _parser, _settings
from plugin.demo.app import Settings
from plugin.demo.crs import CRS84, RD, transform
from plugin.demo.quirks import LIKE, Quirks

from .conftest import Client, square

ITEMS = "/collections/houses/items"
ONE = f"{ITEMS}/h%2F1"
IN_RD = {"Content-Crs": f"<{RD}>"}
SHOWN = {**IN_RD, "Prefer": "return=representation"}
UUID = "0b2f6f0e-7c0e-4e39-9a53-2d9a4f7d2f10"


def body(**properties):
    values = {"name": "New", "function": "office", **properties}
    return {"type": "Feature", "geometry": square(93500, 436500, 20), "properties": values}


@pytest.fixture
def like(store):
    def make(tier="w1", **switches):
        return Client(store, Settings(tier=tier, quirks=Quirks(**switches)))

    return make


def conforms(call, word):
    return [uri for uri in call("GET", "/conformance").json()["conformsTo"] if word in uri]


def test_w0_has_no_versions_and_no_locks(like):
    call = like("w0")
    assert not conforms(call, "locking") and not conforms(call, "item-etags") and not conforms(call, "delete-if-match")
    assert conforms(call, "create-replace-delete") and conforms(call, "ogcapi-features-4/1.0/conf/update")
    one = call("GET", ONE)
    assert "etag" not in one.headers and "last-modified" not in one.headers and "etag" not in one.json()
    assert "etag" not in call("GET", ITEMS).json()["features"][0]
    for lock in ({}, {"If-Match": '"old"'}):
        assert call("PATCH", ONE, {"properties": {"height": 1}}, {**IN_RD, **lock}).status == 204
        done = call("PUT", ONE, body(), {**SHOWN, **lock})
        assert done.status == 200 and "etag" not in done.headers and "updated" not in done.json()
    assert call("DELETE", ONE, headers={"If-Match": '"old"'}).status == 204
    made = call("POST", ITEMS, body(), SHOWN)
    assert made.status == 201 and "etag" not in made.headers
    api = call("GET", "/api").json()["paths"]["/collections/houses/items/{featureId}"]["delete"]
    assert api["parameters"] == []


def test_w1_is_w2_without_sets(like, store):
    w1, w2 = like("w1"), Client(store)
    only = set(w2("GET", "/conformance").json()["conformsTo"]) - set(w1("GET", "/conformance").json()["conformsTo"])
    assert only and all("features-11" in uri or "transaction-if-match" in uri for uri in only)
    assert w1("GET", ONE).headers == w2("GET", ONE).headers


def test_r_reads(like):
    call = like("r")
    assert call("GET", ONE).etag and not conforms(call, "features-4") and not conforms(call, "create-with-id")
    assert call("OPTIONS", ONE).headers["allow"] == "GET, HEAD, OPTIONS"
    assert call("POST", ITEMS, body(), IN_RD).status == 405


def test_no_item_etags(like):
    call = like(no_item_etags=True)
    assert not conforms(call, "item-etags") and conforms(call, "locking-etags")
    assert "etag" not in call("GET", ITEMS).json()["features"][0]
    one = call("GET", ONE)
    assert "etag" not in one.json()
    assert call("PUT", ONE, body(), {**IN_RD, "If-Match": one.etag}).status == 204


def test_no_create_with_id(like):
    call = like(no_create_with_id=True)
    assert not conforms(call, "create-with-id")
    places = {call("POST", ITEMS, {**body(), "id": UUID}, IN_RD).headers["location"] for _ in range(2)}
    assert len(places) == 2 and not any(UUID in place for place in places)


def test_integer_ids(like):
    call = like(integer_ids=True)
    assert not conforms(call, "create-with-id")
    first = call("POST", "/collections/notes/items", {"type": "Feature", "geometry": None, "properties": {}}, SHOWN)
    assert first.json()["id"] == 8 and first.headers["location"].endswith("/items/8")  # 7 was the largest
    call("DELETE", "/collections/notes/items/8", headers={"If-Match": first.etag})
    again = call("POST", "/collections/notes/items", {"type": "Feature", "geometry": None, "properties": {}}, SHOWN)
    assert again.json()["id"] == 9  # an id never comes back


def test_weak_etags(like):
    call = like(weak_etags=True)
    one = call("GET", ONE)
    assert one.etag.startswith('W/"') and one.json()["etag"] == one.etag
    assert call("PUT", ONE, body(), {**IN_RD, "If-Match": one.etag}).status == 412
    assert call("PUT", ONE, body(), {**IN_RD, "If-Match": one.etag[2:]}).status == 412
    done = call("PUT", ONE, body(), IN_RD)
    assert done.status == 204 and done.etag.startswith('W/"')


def test_gzip_etags(like):
    call = like(gzip_etags=True)
    one = call("GET", ONE)
    assert one.etag.endswith('-gzip"') and one.json()["etag"] == one.etag.replace("-gzip", "")
    assert call("PUT", ONE, body(), {**IN_RD, "If-Match": one.etag}).status == 412
    assert call("PUT", ONE, body(), {**IN_RD, "If-Match": one.json()["etag"]}).status == 204


def test_no_post_etag_and_no_representation(like):
    made = like(no_post_etag=True)("POST", ITEMS, body(), SHOWN)
    assert made.status == 201 and "etag" not in made.headers and made.json()["etag"]
    call = like(no_representation=True)
    made = call("POST", ITEMS, body(), SHOWN)
    assert made.status == 201 and made.body == b"" and made.etag
    assert call("PUT", ONE, body(), {**SHOWN, "If-Match": "*"}).status == 204


def test_timestamps(like):
    call = like("w2", timestamps=True)
    assert conforms(call, "locking-timestamps") and not conforms(call, "locking-etags") and not conforms(call, "-11/")
    assert not conforms(call, "item-etags")
    first = call("GET", ONE)
    when = first.headers["last-modified"]
    assert "etag" not in first.headers and when == "Thu, 01 Jan 2026 00:00:00 GMT"
    assert call("PATCH", ONE, {"properties": {"height": 1}}).status == 428
    seen = [when]
    for height in range(3):  # faster than a second: still never the same time twice
        done = call("PATCH", ONE, {"properties": {"height": height}}, {"If-Unmodified-Since": seen[-1]})
        assert done.status == 204
        assert call("GET", ONE).headers["last-modified"] == done.headers["last-modified"] not in seen
        seen.append(done.headers["last-modified"])
    for old in seen[:-1]:
        assert call("DELETE", ONE, headers={"If-Unmodified-Since": old}).status == 412
    assert call("DELETE", ONE, headers={"If-Unmodified-Since": "yesterday"}).status == 400
    assert call("DELETE", ONE, headers={"If-Unmodified-Since": seen[-1]}).status == 204


@pytest.mark.parametrize("status", [409, 428, 200])
def test_missing_lock(like, status):
    for switches in ({}, {"timestamps": True}, {"weak_etags": True}):
        call = like(missing_lock=status, **switches)
        done = call("PATCH", ONE, {"properties": {"height": 1}})
        assert done.status == (204 if status == 200 else status)


def test_no_patch(like):
    call = like(no_patch=True)
    assert not conforms(call, "conf/update") and "PATCH" not in call("OPTIONS", ONE).headers["allow"]
    assert call("PATCH", ONE, {"properties": {}}, {"If-Match": "*"}).status == 405
    assert "patch" not in call("GET", "/api").json()["paths"]["/collections/houses/items/{featureId}"]
    assert call("PUT", ONE, body(), {**IN_RD, "If-Match": "*"}).status == 204


def test_put_merges(like):
    call = like("w0", put_merges=True)
    before = call("GET", f"{ONE}?crs={RD}").json()
    assert call("PUT", ONE, {"type": "Feature", "properties": {"height": 7}}, IN_RD).status == 204
    after = call("GET", f"{ONE}?crs={RD}").json()
    assert after["properties"]["height"] == 7 and after["properties"]["name"] == before["properties"]["name"]
    assert after["geometry"] == before["geometry"]


def test_a_patch_of_its_own(like):
    call = like("w0", patch_modify=True)
    assert call("PATCH", ONE, {"properties": {"height": 7}}).status == 400
    assert call("PATCH", ONE, {"modify": {"height": 7, "name": None}}, kind="application/json").status == 204
    after = call("GET", ONE).json()["properties"]
    assert after["height"] == 7 and after["name"] == "House 1"


def test_an_item_that_is_not_there_is_a_failure(like):
    answer = like("w0", missing_500=True)("GET", f"{ITEMS}/none")
    assert answer.status == 500 and answer.json()[0]["description"] == "Invalid feature [none]"


def test_put_upserts_and_needs_the_id(like):
    call = like("w0", put_upserts=True, put_needs_id=True)
    assert call("PUT", f"{ITEMS}/new", body(), IN_RD).status == 400
    made = call("PUT", f"{ITEMS}/new", {**body(), "id": "new"}, IN_RD)
    assert made.status == 201 and call("GET", f"{ITEMS}/new").status == 200
    assert call("PUT", f"{ITEMS}/new", {**body(name="Else"), "id": "new"}, IN_RD).status == 204


def test_unknown_properties_are_dropped_in_silence(like):
    call = like("w0", drops_unknown=True)
    made = call("POST", ITEMS, body(nonsense=1), SHOWN)
    assert made.status == 201 and "nonsense" not in made.json()["properties"]
    assert call("PATCH", ONE, {"properties": {"nonsense": 1}}).status == 204


def test_what_is_stored_is_rounded(like):
    call = like(coordinate_decimals=1, number_decimals=2)
    shape = square(93500.123, 436500.456)
    made = call("POST", ITEMS, {**body(height=1.23456, storeys=3), "geometry": shape}, SHOWN).json()
    assert made["geometry"]["coordinates"][0][0] == [93500.1, 436500.5]
    assert made["properties"]["height"] == 1.23 and made["properties"]["storeys"] == 3
    assert call("POST", ITEMS, {**body(), "geometry": "nonsense"}, IN_RD).status == 400


def test_coordinates_cut_where_they_are_degrees(like):
    ring = [[round(n, 9) for n in p] for p in transform(square(93500, 436500, 20)["coordinates"][0], RD, CRS84)]
    made = like(coordinate_decimals=6)(
        "POST", ITEMS, {**body(), "geometry": {"type": "Polygon", "coordinates": [ring]}}, {"Prefer": SHOWN["Prefer"]}
    )
    back = made.json()["geometry"]["coordinates"][0]
    assert [n for p in back for n in p] == pytest.approx([round(n, 6) for p in ring for n in p], abs=2e-8)
    assert back != ring


def test_errors_as_500(like):
    call = like(errors_500=True)
    for content in (body(height=-1), b"{"):
        answer = call("POST", ITEMS, content, IN_RD)
        assert answer.status == 500 and answer.headers["content-type"].startswith("text/plain") and answer.body
    assert call("PATCH", ONE, {"properties": {"height": 1}}, {"If-Match": '"old"'}).status == 412
    assert call("GET", f"{ITEMS}?limit=x").status == 400


def test_delete_of_nothing(like):
    call = like("w0", delete_missing_ok=True)
    assert call("DELETE", f"{ITEMS}/none").status == 200
    assert call("DELETE", ONE).status == 200 and call("GET", ONE).status == 404


def test_options_fail(like):
    assert like(options_fail=True)("OPTIONS", ITEMS).status == 500


def test_pages(like):
    call = like(no_number_matched=True, page_cap=10)
    seen, url = [], f"{ITEMS}?limit=1000"
    while url:
        page = call("GET", url).json()
        assert "numberMatched" not in page and "numberReturned" not in page and len(page["features"]) <= 10
        seen += [feature["id"] for feature in page["features"]]
        url = next((one["href"].replace("http://twin.test", "") for one in page["links"] if one["rel"] == "next"), "")
    assert seen == [f"h/{n}" for n in range(25)]
    assert (
        len(call("GET", ITEMS).json()["features"]) == 10
        and len(call("GET", f"{ITEMS}?limit=3").json()["features"]) == 3
    )


def test_longitude_and_latitude_only(like):
    call = like(crs84_only=True)
    assert not conforms(call, "features-2")
    for document in (call("GET", "/collections").json(), call("GET", "/collections/houses").json()):
        assert "storageCrs" not in str(document) and "'crs': [" not in str(document)
    one = call("GET", f"{ONE}?crs={RD}")
    assert "content-crs" not in one.headers and 4 < one.json()["geometry"]["coordinates"][0][0][0] < 5
    assert call("POST", ITEMS, body(), IN_RD).status == 400  # the header is not read, so these are no degrees


def test_the_command_line(capsys):
    def settings(*words):
        return _settings(_parser().parse_args(words))

    assert settings() == Settings() and settings().sets and settings("--read-only").writable is False
    assert settings("--mode", "w0").locks.kind == "none" and not settings("--mode", "r").writable
    found = settings("--mode", "w1", "--quirk", "weak-etags", "--quirk", "page-cap=50", "--max-actions", "5")
    assert found == Settings(tier="w1", max_actions=5, quirks=Quirks(weak_etags=True, page_cap=50))
    assert (
        settings("--like", "qgis-server").quirks == LIKE["qgis-server"] and settings("--like", "pygeoapi").tier == "w0"
    )
    assert settings("--like", "pygeoapi", "--quirk", "page-cap=9").quirks.put_upserts
    for wrong in ("nonsense", "page-cap", "page-cap=x", "weak-etags=1", ""):
        with pytest.raises(ValueError, match="There is no quirk"):
            settings("--quirk", wrong)
    assert settings("--delay", "50").delay == 0.05
    with pytest.raises(ValueError, match="delay"):
        settings("--delay", "-1")
    with pytest.raises(ValueError, match="max-actions"):
        settings("--max-actions", "0")
    assert len(Quirks.names()) == len(fields(Quirks)) and "missing-lock=N" in Quirks.names()


@pytest.mark.parametrize("name", sorted(LIKE))
def test_like_real_servers(store, name):
    """A create, a change and a delete as a careful client makes them work on each."""
    call = Client(store, Settings(tier="w0", quirks=LIKE[name]))
    corners = transform(square(93500, 436500, 20)["coordinates"][0], RD, CRS84)
    feature = {**body(), "geometry": {"type": "Polygon", "coordinates": [[list(p) for p in corners]]}}
    made = call("POST", ITEMS, feature)
    identity = made.headers["location"].rpartition("/")[2]
    assert made.status == 201 and made.body == b"" and identity.isdigit()
    feature = {**feature, "id": int(identity), "properties": {**feature["properties"], "height": 3}}
    assert call("PUT", f"{ITEMS}/{identity}", feature).status == 204
    assert call("GET", f"{ITEMS}/{identity}").json()["properties"]["height"] == 3
    assert call("DELETE", f"{ITEMS}/{identity}").status in (200, 204)
