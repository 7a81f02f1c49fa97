"""Writing single items: to the embedded twin, and to servers that do it in their own way."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from plugin.twin.client import Twin
from plugin.twin.crs import CrsChoice
from plugin.twin.errors import BadResponse, Clash, NotFound, Rejected, Unreachable, Unsupported
from plugin.twin.features import pages
from plugin.twin.model import Capabilities, Collection, Schema
from plugin.twin.session import Session
from plugin.twin.writes import UNSET, Writer
from tests.twin_server import RunningTwin
from tests.unit.twin.faults_server import Answer, FaultyServer, as_json

ITEMS = "/collections/things/items"
LATLON = CrsChoice("http://www.opengis.net/def/crs/EPSG/0/4326", 4326, True, False, True)
PLAIN = CrsChoice(None, 4326)
LOCKED = Capabilities("u", "t", "", ("urn:x-citytwin:conf:item-etags",), "W1", "etags", frozenset(), True, True, False,
                      True, True, True, None)  # fmt: skip
OPEN = replace(LOCKED, conformance=(), tier="W0", locking="none", item_etags=False, create_with_id=False)
Make = Callable[..., Collection]


@pytest.fixture
def make(session: Session, make_collection: Make) -> Callable[..., Writer]:
    def writer(capabilities: Capabilities = LOCKED, choice: CrsChoice = PLAIN, **changes: Any) -> Writer:
        return Writer(session, capabilities, make_collection(**changes), Schema(()), choice)

    return writer


def feature(identity: Any = "1", etag: str | None = '"v2"', status: int = 200, **properties: Any) -> Answer:
    body = {"type": "Feature", "id": identity, "geometry": None, "properties": properties}
    return as_json(body, status, "application/geo+json", **({"ETag": etag} if etag else {}))


def test_headers_and_bodies_of_every_write(server: FaultyServer, make: Callable[..., Writer]) -> None:
    writer = make(choice=LATLON)
    point = {"type": "Point", "coordinates": [4.5, 52.0]}
    client_id = str(uuid.uuid4())
    server.routes[ITEMS] = replace(feature(client_id, status=201), headers={
        "Content-Type": "application/geo+json", "ETag": '"v1"', "Location": f"items/{client_id}"})  # fmt: skip
    server.routes[f"{ITEMS}/a%2Fb"] = feature("a/b", n=1)
    assert writer.create({"n": 1}, point, client_id=client_id, message="Eén & twee").id == client_id
    writer.replace("a/b", {"n": None}, None, token='"v1"', raw_id=7)
    writer.patch("a/b", {"n": 2}, token="Sat, 21 Feb 2026 10:00:00 GMT")
    writer.patch("a/b", {}, point, token='"v2"')
    writer.patch("a/b", {}, None, token=None)
    writer.delete("a/b", token='"v3"')
    post, put, patch, shape, unset, delete = server.seen
    assert json.loads(post.body) == {
        "type": "Feature", "id": client_id, "properties": {"n": 1},
        "geometry": {"type": "Point", "coordinates": [52.0, 4.5]},
    }  # fmt: skip
    assert post.headers["Content-Type"] == "application/geo+json" and post.headers["Content-Crs"] == f"<{LATLON.uri}>"
    assert post.headers["Prefer"] == "return=representation" and "If-Match" not in post.headers
    assert post.headers["Citytwin-Message"] == "E%C3%A9n %26 twee"
    assert json.loads(put.body) == {"type": "Feature", "id": 7, "geometry": None, "properties": {"n": None}}
    assert put.path.endswith("a%2Fb") and put.headers["If-Match"] == '"v1"'
    assert patch.headers["Content-Type"] == "application/merge-patch+json" and json.loads(patch.body) == {
        "properties": {"n": 2}
    }
    assert patch.headers["If-Unmodified-Since"] == "Sat, 21 Feb 2026 10:00:00 GMT" and "If-Match" not in patch.headers
    assert json.loads(shape.body) == {"geometry": {"type": "Point", "coordinates": [52.0, 4.5]}}
    assert json.loads(unset.body) == {"geometry": None} and "If-Match" not in unset.headers
    assert delete.headers["If-Match"] == '"v3"' and delete.body == b"" and "Content-Crs" not in delete.headers
    assert repr(UNSET) == "UNSET"


def test_crs84_is_written_without_a_header_and_messages_stay_within_the_profile(
    server: FaultyServer, make: Callable[..., Writer]
) -> None:
    server.routes[f"{ITEMS}/1"] = feature()
    make(OPEN).patch("1", {"n": 1}, token=None, message="for the profile only")
    assert "Content-Crs" not in server.seen[0].headers and "Citytwin-Message" not in server.seen[0].headers


def test_a_client_id_goes_only_where_it_is_declared(server: FaultyServer, make: Callable[..., Writer]) -> None:
    server.routes[ITEMS] = feature("s1", status=201)
    assert make(OPEN).create({}, None, client_id="c1").id == "s1"
    assert "id" not in json.loads(server.seen[0].body)


@pytest.mark.parametrize(
    ("location", "identity"),
    [
        ("/collections/things/items/urn%3Ax%3A7", "urn:x:7"),
        ("items/7/", "7"),
        ("https://other.example/v1/collections/things/items/a%2Fb?f=json", "a/b"),
        ("/collections/things", None),
    ],
)
def test_the_new_id_comes_from_the_location(
    location: str, identity: str | None, server: FaultyServer, make: Callable[..., Writer]
) -> None:
    server.routes[f"POST {ITEMS}"] = Answer(201, b"", {"Location": location})
    written = make().create({}, None)
    assert (written.id, written.item) == (identity, None)


def test_what_the_server_made_of_it_is_read_back(server: FaultyServer, make: Callable[..., Writer]) -> None:
    server.routes[f"PATCH {ITEMS}/1"] = Answer(204, b"", {"ETag": '"v2"'})
    server.routes[f"GET {ITEMS}/1"] = feature(n="rounded")
    written = make().patch("1", {"n": "x"}, token='"v1"')
    assert written.item is not None and written.item.properties == {"n": "rounded"} and written.token == '"v2"'
    assert not written.overtaken


def test_somebody_who_was_faster_than_the_read_is_not_taken_for_us(
    server: FaultyServer, make: Callable[..., Writer]
) -> None:
    server.routes[f"PATCH {ITEMS}/1"] = Answer(204, b"", {"ETag": '"v2"'})
    server.routes[f"GET {ITEMS}/1"] = feature(etag='"v3"', n="theirs")
    written = make().patch("1", {"n": "mine"}, token='"v1"')
    assert written.item is None and written.token == '"v2"' and written.overtaken
    server.routes[f"GET {ITEMS}/1"] = as_json({}, 404)
    assert make().patch("1", {"n": "mine"}, token='"v1"').overtaken


def test_a_read_back_that_fails_does_not_undo_the_write(server: FaultyServer, make: Callable[..., Writer]) -> None:
    server.routes[f"PUT {ITEMS}/1"] = Answer(204, b"", {"ETag": '"v2"'})
    server.routes[f"GET {ITEMS}/1"] = as_json({}, 500)
    written = make().replace("1", {}, None, token='"v1"')
    assert (written.item, written.token, written.overtaken) == (None, '"v2"', False)


@pytest.mark.parametrize("etag", ['W/"v2"', '"v2-gzip"', None])
def test_a_weak_or_rewritten_etag_is_no_lock(
    etag: str | None, server: FaultyServer, make: Callable[..., Writer]
) -> None:
    server.routes[f"{ITEMS}/1"] = feature(etag=etag)
    assert make().get("1")[1] is None
    assert make().patch("1", {"n": 1}, token='"v1"').token is None


def test_a_repeated_create_that_shows_a_later_version_is_not_taken_for_ours(
    server: FaultyServer, make: Callable[..., Writer]
) -> None:
    body = {"type": "Feature", "id": "c", "geometry": None, "properties": {"n": "theirs"}, "etag": '"v9"'}
    server.routes[f"POST {ITEMS}"] = as_json(body, 201, "application/geo+json", ETag='"v1"', Location="items/c")
    server.routes[f"GET {ITEMS}/c"] = as_json(body, 200, "application/geo+json", ETag='"v9"')
    written = make().create({"n": "mine"}, None, client_id="c")
    assert written.item is None and written.token == '"v1"' and written.overtaken


def test_timestamps_are_locks_where_the_twin_says_so(server: FaultyServer, make: Callable[..., Writer]) -> None:
    when = "Sat, 21 Feb 2026 10:00:00 GMT"
    answer = feature(etag=None)
    server.routes[f"{ITEMS}/1"] = replace(answer, headers={**answer.headers, "Last-Modified": when})
    assert make(replace(LOCKED, locking="timestamps", item_etags=False)).get("1")[1] == when
    assert make(OPEN).get("1")[1] is None
    both = {"type": "Feature", "id": "1", "geometry": None, "properties": {}, "etag": '"e"', "updatedBy": "ann"}
    server.routes[f"{ITEMS}/1"] = as_json(both, 200, "application/geo+json", Last_Modified=when)
    item, token = make(replace(LOCKED, locking="timestamps")).get("1")
    assert (item.token, token, item.updated_by) == (when, when, "ann")


@pytest.mark.parametrize("capabilities", [LOCKED, OPEN])
def test_a_web_page_is_no_answer_to_a_write(
    server: FaultyServer, make: Callable[..., Writer], capabilities: Capabilities
) -> None:
    """A hotspot's login page with 200: taken for the twin's word, it would make an edit look published."""
    page = Answer(200, b"<html><title>Free WiFi</title></html>", {"Content-Type": "text/html"})
    server.routes[ITEMS] = server.routes[f"{ITEMS}/1"] = page
    writer = make(capabilities)
    for write in (
        lambda: writer.create({"n": 1}, None, client_id=str(uuid.uuid4())),
        lambda: writer.patch("1", {"n": 1}, token='"v1"'),
        lambda: writer.replace("1", {"n": 1}, None, token='"v1"'),
        lambda: writer.delete("1", token='"v1"'),
    ):
        with pytest.raises(BadResponse, match="not known yet"):
            write()


def test_queued_writes_are_said(server: FaultyServer, make: Callable[..., Writer]) -> None:
    server.routes[ITEMS] = server.routes[f"{ITEMS}/1"] = Answer(202, b"", {})
    writer = make()
    assert writer.create({}, None).queued and writer.patch("1", {}, token=None).queued
    assert writer.delete("1", token=None).queued and len(server.seen) == 3


def test_what_a_collection_does_not_take_is_not_sent(server: FaultyServer, make: Callable[..., Writer]) -> None:
    writer = make(methods=frozenset({"PUT"}))
    for call in (
        lambda: writer.create({}, None),
        lambda: writer.patch("1", {}, token=None),
        lambda: writer.delete("1", token=None),
        lambda: writer.replace("..", {}, None, token=None),
        lambda: writer.replace("1", {"n": float("nan")}, None, token=None),
    ):
        with pytest.raises(Unsupported):
            call()
    assert server.seen == []


def test_an_item_that_is_none_is_said(server: FaultyServer, make: Callable[..., Writer]) -> None:
    server.routes[f"{ITEMS}/1"] = as_json({"title": "Landing page", "links": []})
    with pytest.raises(BadResponse, match="no GeoJSON feature"):
        make().get("1")


def test_a_cut_connection_leaves_the_outcome_open(server: FaultyServer, make: Callable[..., Writer]) -> None:
    server.routes[ITEMS] = Answer(raw=lambda _handler: None)
    with pytest.raises(Unreachable) as caught:
        make().create({}, None)
    assert caught.value.sent and len(server.seen) == 1


@pytest.fixture
def trees(fresh_twin: RunningTwin) -> Iterator[tuple[Twin, Writer, Collection, Schema]]:
    """The embedded twin's trees: points in RD."""
    with Session(fresh_twin.url) as session:
        twin = Twin.connect(session)
        collection, schema = twin.describe(twin.collection("trees"))
        yield (
            twin,
            Writer(session, twin.capabilities(), collection, schema, twin.choice(collection)),
            collection,
            schema,
        )


def test_the_life_of_an_item_at_the_embedded_twin(trees: tuple[Twin, Writer, Collection, Schema]) -> None:
    twin, writer, collection, schema = trees
    choice = twin.choice(collection)
    assert choice.srid == 28992
    template = next(pages(twin.session, collection, choice=choice, item_etags=True)).items[0]
    assert template.id is not None
    assert writer.get(template.id) == (template, template.token)
    writable = {k: v for k, v in template.properties.items() if not getattr(schema.get(k), "read_only", False)}
    client_id = str(uuid.uuid4())

    made = writer.create(writable, template.geometry, client_id=client_id, message="een boom")
    assert made.id == client_id and made.item is not None and made.item.geometry == template.geometry and made.token
    assert writer.create(writable, template.geometry, client_id=client_id) == made
    with pytest.raises(Clash):
        writer.create(writable, {"type": "Point", "coordinates": [92000.0, 437000.0]}, client_id=client_id)

    x, y = 92001.25, 437002.5
    moved = writer.patch(client_id, {}, {"type": "Point", "coordinates": [x, y]}, token=made.token)
    assert moved.item is not None and moved.item.geometry is not None and moved.token != made.token
    assert moved.item.geometry["coordinates"][:2] == pytest.approx([x, y], abs=1e-6)
    with pytest.raises(Clash, match="no longer as it was"):
        writer.patch(client_id, {}, {"type": "Point", "coordinates": [x, y]}, token=made.token)
    with pytest.raises(Clash):
        writer.delete(client_id, token=made.token)
    with pytest.raises(Clash, match="version lock"):
        writer.delete(client_id, token=None)
    with pytest.raises(Rejected, match="refused the edit"):
        writer.patch(client_id, {"no such property": {"a": 1}}, token=moved.token)

    replaced = writer.replace(client_id, writable, template.geometry, token=moved.token)
    assert replaced.item is not None and replaced.item.geometry == template.geometry
    assert writer.delete(client_id, token=replaced.token).id == client_id
    with pytest.raises(NotFound):
        writer.get(client_id)
