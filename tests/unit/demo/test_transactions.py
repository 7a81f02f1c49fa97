"""Whole change sets: all of a set or none of it, whatever is wrong with which of its actions."""

from __future__ import annotations

import json
import threading
import uuid

import pytest

from plugin.demo.app import Settings
from plugin.demo.crs import CRS84, RD, transform
from plugin.demo.model import Collection, Feature, Property, Schema, compact
from plugin.demo.quirks import Quirks
from plugin.demo.store import Store

from .conftest import HOUSES, Client, square

KIND = "application/ogc-tx+json"
IN_RD = {"Content-Crs": f"<{RD}>"}
SHOWN = {**IN_RD, "Prefer": "return=representation"}
ITEMS = "/collections/houses/items"
EXTENSION = "urn:x-citytwin:conf:transaction-if-match"


def new(**properties):
    values = {"name": "New", "function": "office", **properties}
    return {"type": "Feature", "geometry": square(93500, 436500, 20), "properties": values}


def insert(*items, **more):
    return {"action": "insert", "collection": "houses", "items": list(items), **more}


def on(item_id, action, etag=None, collection="houses", **more):
    found = {"action": action, "collection": collection, "filter": {"op": "=", "args": [{"property": "id"}, item_id]}}
    return {**found, **({"ifMatch": etag} if etag else {}), **more}


def change(item_id, etag, **values):
    modify = [{"name": name, "value": value} for name, value in values.items()]
    return on(item_id, "update", etag, properties={"modify": modify})


def send(call, *actions, headers=SHOWN, **more):
    return call("POST", "/transactions", {"semantic": "atomic", "transaction": list(actions), **more}, headers, KIND)


def state(call):
    return [call("GET", f"/collections/{name}/items?limit=1000").json()["features"] for name in ("houses", "notes")]


@pytest.fixture
def etag(call):
    return call("GET", f"{ITEMS}/h%2F1").etag


def refused(call, answer, status, *failed):
    assert answer.status == status, answer.body
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert [(one["index"], one["status"]) for one in document["failures"]] == list(failed)
    assert all(one["detail"] in document["detail"] or n for n, one in enumerate(document["failures"]))
    return document["failures"]


def test_it_is_declared_where_clients_look(call, store):
    conforms = call("GET", "/conformance").json()["conformsTo"]
    base = "http://www.opengis.net/spec/ogcapi-features-11/1.0/conf/"
    assert {f"{base}transactions", f"{base}json-transactions", f"{base}atomic-transactions", EXTENSION} <= set(conforms)
    landing = Client(store, Settings(max_actions=7))("GET", "/").json()
    assert [one["href"] for one in landing["links"] if one["rel"].endswith("transactions")] == [
        "http://twin.test/transactions"
    ]
    assert landing["x-citytwin-transactions"] == {"semantics": ["atomic"], "maxActions": 7}
    api = Client(store, Settings(max_actions=7))("GET", "/api").json()["paths"]["/transactions"]["post"]
    assert api["requestBody"]["content"][KIND]["schema"]["properties"]["transaction"]["maxItems"] == 7
    assert call("OPTIONS", "/transactions").headers["accept-post"].startswith(KIND)


@pytest.mark.parametrize(
    "settings", [Settings(tier="w1"), Settings(tier="w0"), Settings(read_only=True), Settings(tier="r")]
)
def test_other_tiers_have_none_of_it(store, settings):
    call = Client(store, settings)
    assert call("POST", "/transactions", {"transaction": []}, kind=KIND).status == 404
    assert "transaction" not in str(call("GET", "/conformance").json())
    assert "transaction" not in str(call("GET", "/").json())
    assert "/transactions" not in call("GET", "/api").json()["paths"]


def test_all_of_it_lands(call, etag):
    note = call("GET", "/collections/notes/items/7").etag
    other = call("GET", f"{ITEMS}/h%2F2").etag
    mine = str(uuid.uuid4())
    answer = send(
        call,
        insert({**new(height=12.5), "id": mine}, id="a"),
        change("h/1", etag, height=99, storeys=None, geometry=square(94050, 437000)),
        on("h/2", "replace", other, properties={"feature": {**new(name="Whole"), "id": "h/2"}}),
        on(7, "delete", note, collection="notes"),
    )
    assert answer.status == 200, answer.body
    document = answer.json()
    assert document["semantic"] == "atomic"
    assert document["summary"] == {"totalInserted": 1, "totalUpdated": 1, "totalReplaced": 1, "totalDeleted": 1}
    assert document["insertResults"] == [f"http://twin.test{ITEMS}/{mine}"]
    assert document["updateResults"] == [f"http://twin.test{ITEMS}/h%2F1"]
    assert document["deleteResults"] == ["http://twin.test/collections/notes/items/7"]
    first, second, third, fourth = document["actionResults"]
    assert (first["index"], first["id"], first["itemId"], first["status"]) == (0, "a", mine, 201)
    assert (fourth["status"], fourth["itemId"]) == (204, "7") and "etag" not in fourth
    for result in (first, second, third):
        stored = call("GET", f"{result['location'].replace('http://twin.test', '')}?crs={RD}")
        assert stored.etag == result["etag"] == result["item"]["etag"]
        told = result["item"]
        assert (told["properties"], told["geometry"]) == (stored.json()["properties"], stored.json()["geometry"])
    assert second["item"]["properties"]["area_m2"] == 100.0 and "storeys" not in second["item"]["properties"]
    assert second["item"]["properties"]["name"] == "House 1" and "height" not in third["item"]["properties"]
    assert call("GET", "/collections/notes/items/7").status == 404
    assert call("GET", "/collections/houses").json()["itemCount"] == 26
    assert call("GET", "/collections/notes").json()["itemCount"] == 1


def test_none_of_it_lands(call, etag):
    """Every kind of fault, each after and before actions that are possible: the twin is as it was."""
    before = state(call)
    good = [insert(new()), change("h/1", etag, height=1), on(7, "delete", "*", collection="notes")]
    faults = [
        (change("h/2", '"old"', height=1), 412),
        (on("h/2", "delete", '"old"'), 412),
        (on("h/2", "delete"), 428),
        (on("none", "delete", "*"), 404),
        (insert(new(height=-1)), 400),
        (change("h/2", "*", nonsense=1), 400),
        (on("h/2", "replace", "*", properties={"feature": {**new(), "id": "h/3"}}), 400),
    ]
    for bad, status in faults:
        whole = 422 if status == 404 else status
        refused(call, send(call, *good, bad), whole, (3, status))
        refused(call, send(call, bad, *good), whole, (0, status))
    found = refused(call, send(call, *(bad for bad, _ in faults)), 422, *((n, s) for n, (_, s) in enumerate(faults)))
    assert found[0]["collection"] == "houses" and found[0]["action"] == "update" and '"old"' in found[0]["detail"]
    assert [one["property"] for one in found[4]["errors"]] == ["height"]
    assert state(call) == before


def test_what_is_written_in_a_set_is_seen_by_what_follows(call, etag):
    answer = send(call, change("h/1", etag, height=1), change("h/1", etag, height=2))
    refused(call, answer, 412, (1, 412))
    mine = str(uuid.uuid4())
    answer = send(call, insert({**new(), "id": mine}), on(mine, "delete", "*"))
    assert answer.status == 200 and call("GET", f"{ITEMS}/{mine}").status == 404


def test_a_create_in_a_set_is_safe_to_repeat(call, etag):
    mine = {**new(), "id": str(uuid.uuid4())}
    first = send(call, insert(mine)).json()["actionResults"][0]
    again = send(call, insert(mine), change("h/1", etag, height=3)).json()["actionResults"][0]
    assert (again["itemId"], again["etag"], again["status"]) == (first["itemId"], first["etag"], 201)
    alone = call("POST", ITEMS, mine, headers=IN_RD)
    assert (alone.status, alone.etag) == (201, first["etag"])
    call("PATCH", f"{ITEMS}/{mine['id']}", {"properties": {"height": 4}}, {"If-Match": first["etag"]})
    late = send(call, insert(mine)).json()["actionResults"][0]
    assert late["etag"] == first["etag"] and "item" not in late  # changed since: what is there is not this create's
    refused(call, send(call, insert({**mine, "properties": {**mine["properties"], "name": "Else"}})), 409, (0, 409))
    assert call("GET", "/collections/houses").json()["itemCount"] == 26


def test_limit(store, etag):
    call = Client(store, Settings(max_actions=3))
    assert send(call, *[insert(new())] * 3).status == 200
    for actions in ([insert(new())] * 4, [insert(new(), new()), insert(new(), new())]):
        answer = send(call, *actions)
        assert answer.status == 413 and answer.json()["maxActions"] == 3
    assert call("GET", "/collections/houses").json()["itemCount"] == 28


def test_crs_of_the_set_and_of_an_action(call, etag):
    corners = transform(square(93500, 436500, 20)["coordinates"][0], RD, CRS84)
    there = {**new(), "geometry": {"type": "Polygon", "coordinates": [[list(p) for p in corners]]}}
    answer = send(call, insert(there, contentCrs=CRS84), insert(new()))
    assert answer.status == 200
    far, near = (one["item"]["geometry"]["coordinates"][0][0] for one in answer.json()["actionResults"])
    assert far == pytest.approx(corners[0], abs=1e-8) and near == [93500, 436500]
    refused(call, send(call, insert(new(), contentCrs="urn:x")), 400, (0, 400))
    assert send(call, insert(there), headers={}).status == 200


@pytest.mark.parametrize(
    "given",
    [
        {"ids": ["h/1"]}, {"op": "=", "args": [{"property": "id"}, "h/1"]}, "id = 'h/1'", "ID IN ('h/1')",
        {"op": "in", "args": [{"property": "id"}, ["h/1"]]},
    ],
)  # fmt: skip
def test_filters_that_name_items(call, etag, given):
    answer = send(call, {**change("h/1", etag, height=5), "filter": given})
    assert answer.status == 200 and answer.json()["actionResults"][0]["itemId"] == "h/1"


@pytest.mark.parametrize(
    "given", [None, {}, {"ids": []}, "height > 3", "id = 'a' OR id = 'b'", {"op": ">", "args": [{"property": "id"}, 1]},
              {"op": "=", "args": [{"property": "height"}, 1]}, {"ids": [True]}, [], 7],
)  # fmt: skip
def test_filters_that_ask_for_more_are_refused(call, etag, given):
    refused(call, send(call, {**change("h/1", etag, height=5), "filter": given}), 400, (0, 400))


def test_several_items_of_one_action(call):
    both = {**on("x", "delete", "*"), "filter": "id in ('h/3', 'h/4')"}
    answer = send(call, both)
    assert answer.json()["summary"] == {"totalDeleted": 2}
    assert [one["itemId"] for one in answer.json()["actionResults"]] == ["h/3", "h/4"]


@pytest.mark.parametrize(
    "action",
    [
        7, {}, {"action": "merge", "collection": "houses"}, {"action": "insert", "collection": "houses"},
        insert(), insert(1), on("h/1", "update", "*"), on("h/1", "update", "*", properties={}),
        on("h/1", "update", "*", properties={"modify": {}}),
        on("h/1", "update", "*", properties={"modify": [{"name": 1}]}),
        on("h/1", "update", "*", properties={"delete": [1]}), on("h/1", "replace", "*", properties={}),
        on("h/1", "delete", "*", ifMatch=3), insert(new(), contentCrs=3),
    ],
)  # fmt: skip
def test_actions_that_make_no_sense(call, action):
    before = state(call)
    refused(call, send(call, insert(new()), action), 400, (1, 400))
    assert state(call) == before


def test_documents_that_make_no_sense(call):
    for document in ({}, {"transaction": {}}, {"semantic": "batch", "transaction": []}):
        assert call("POST", "/transactions", document, kind=KIND).status == 400
    assert call("POST", "/transactions", {"transaction": []}, kind="text/plain").status == 415
    assert send(call, on("h/1", "delete", "*", collection="nowhere")).status == 422
    assert send(call).json()["summary"] == {}


def test_add_and_delete_of_an_update(call, etag):
    held = {"add": [{"name": "code", "value": "ABC"}], "delete": ["storeys"]}
    answer = send(call, on("h/1", "update", etag, properties=held))
    stored = answer.json()["actionResults"][0]["item"]["properties"]
    assert stored["code"] == "ABC" and "storeys" not in stored and stored["height"] == 1.5
    again = answer.json()["actionResults"][0]["etag"]
    refused(call, send(call, on("h/1", "update", again, properties={"delete": ["geometry"]})), 400, (0, 400))


def test_preferences(call, etag):
    plain = send(call, insert(new()), headers=IN_RD).json()["actionResults"][0]
    assert plain["etag"] and "item" not in plain
    minimal = send(call, insert(new()), headers={**IN_RD, "Prefer": "return=minimal"})
    assert minimal.json() == {"semantic": "atomic", "summary": {"totalInserted": 1}}
    assert send(call, insert(new()), headers={**IN_RD, "Prefer": "return=none"}).status == 204


def test_the_message_is_noted_with_every_change(store, call, etag):
    send(call, insert(new()), change("h/1", etag, height=3), headers={**IN_RD, "Citytwin-Message": "h%C3%B6her"})
    with store._connection() as db:
        assert [row[0] for row in db.execute("SELECT message FROM change")] == ["höher", "höher"]


def test_sets_of_many_writers_do_not_mix(store):
    """Eight threads move one unit from house to house in sets of two: the sum never changes, and no set is lost."""
    steps = 12

    def work(n: int) -> None:
        call = Client(store)
        for _ in range(steps):
            while True:
                items = [call("GET", f"{ITEMS}/h%2F{k}") for k in (n % 3, 3)]
                values = [one.json()["properties"]["storeys"] for one in items]
                changes = [
                    change(f"h/{n % 3}", items[0].etag, storeys=values[0] + 1),
                    change("h/3", items[1].etag, storeys=values[1] + 1),
                ]
                if send(call, *changes).status == 200:
                    break

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    call = Client(store)
    found = [call("GET", f"{ITEMS}/h%2F{n}").json()["properties"]["storeys"] for n in range(4)]
    assert found[3] == 3 + 8 * steps and sum(found[:3]) == 0 + 1 + 2 + 8 * steps


PARTS = Collection("parts", "Parts", RD, Schema((Property("of", refers_to="houses"), Property("name")), "none"))


@pytest.fixture
def family(tmp_path):
    """A house, and a part that refers to it."""
    store = Store(tmp_path / "family.sqlite")
    shape = compact(square(93000, 436000))
    house = Feature("h", shape, (93000, 436000, 93010, 436010), compact({"name": "H", "function": "office"}))
    store.load("Family", "", [(HOUSES, [house]), (PARTS, [Feature("p", None, None, compact({"of": "h"}))])])
    yield Client(store)
    store.close()


def part(of, **more):
    feature = {"type": "Feature", "geometry": None, "properties": {"of": of}, **more}
    return {"action": "insert", "collection": "parts", "items": [feature]}


def test_references_are_declared_and_kept(family):
    schema = family("GET", "/collections/parts/schema").json()["properties"]["of"]
    assert (schema["x-ogc-role"], schema["x-ogc-collectionId"], schema["type"]) == ("reference", "houses", "string")
    assert any(uri.endswith("conf/references") for uri in family("GET", "/conformance").json()["conformsTo"])
    nobody = {"type": "Feature", "geometry": None, "properties": {"of": "x"}}
    answer = family("POST", "/collections/parts/items", nobody)
    assert answer.status == 422 and answer.json()["errors"][0]["property"] == "of"
    gone = family("DELETE", "/collections/houses/items/h", headers={"If-Match": "*"})
    assert gone.status == 422 and "parts/p" in gone.json()["detail"]


def test_the_order_of_a_set_is_that_of_its_references(family):
    mine = str(uuid.uuid4())
    refused(family, send(family, part(mine), insert({**new(), "id": mine})), 422, (0, 422))
    assert send(family, insert({**new(), "id": mine}), part(mine)).status == 200
    house, child = on("h", "delete", "*"), on("p", "delete", "*", collection="parts")
    refused(family, send(family, house, child), 422, (0, 422))
    assert send(family, child, house).status == 200


def test_a_change_that_waits_to_be_written_counts(family):
    etags = {name: family("GET", f"/collections/{name}").etag for name in ("houses/items/h", "parts/items/p")}
    house = on("h", "delete", etags["houses/items/h"])
    kept = on("p", "update", etags["parts/items/p"], "parts", properties={"modify": [{"name": "name", "value": "P"}]})
    assert send(family, kept, house).status == 422, "it still refers to the house"
    gone = on("p", "update", etags["parts/items/p"], "parts", properties={"delete": ["of"]})
    answer = send(family, gone, house)
    assert answer.status == 200, answer.body
    assert answer.json()["actionResults"][0]["item"]["properties"] == {}
    part_now = family("GET", "/collections/parts/items/p")
    assert part_now.etag == answer.json()["actionResults"][0]["etag"] and part_now.json()["properties"] == {}


def test_an_update_of_properties_leaves_the_rest_as_it_is(call, etag, store):
    before = store.item("houses", "h/1")
    twice = [change("h/1", etag, name="Once"), change("h/1", "*", name="Twice")]
    first, second = send(call, *twice).json()["actionResults"]
    after = store.item("houses", "h/1")
    assert second["etag"] == after.etag != first["etag"] and json.loads(after.properties)["name"] == "Twice"
    assert after.geometry == before.geometry and "item" in second
    with store._connection() as db:
        assert [row[0] for row in db.execute("SELECT action FROM change WHERE item = 'h/1'")] == ["update"] * 2
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_quirks_hold_in_sets_too(store):
    call = Client(store, Settings(quirks=Quirks(integer_ids=True, drops_unknown=True, coordinate_decimals=0)))
    answer = send(call, insert({**new(nonsense=1), "geometry": square(93500.4, 436500.4)}), insert(new()))
    first, second = answer.json()["actionResults"]
    assert (first["itemId"], second["itemId"]) == (1, 2) and first["item"]["id"] == 1
    assert first["item"]["geometry"] == square(93500, 436500) and "nonsense" not in first["item"]["properties"]
