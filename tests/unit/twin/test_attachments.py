"""Photos of a twin's items: told by a link, sent once however often, fetched by whoever may see them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from plugin.demo.app import create_app
from plugin.demo.city import review_items
from plugin.demo.negotiation import Credentials
from plugin.demo.settings import Settings
from plugin.demo.store import Store
from plugin.twin import attachments
from plugin.twin.attachments import REL, Offer, fetch, offer, send
from plugin.twin.client import Twin
from plugin.twin.errors import AccessDenied, BadResponse, Cancelled, Clash, NotFound, Rejected, ServerFailed
from plugin.twin.model import Collection, Link
from plugin.twin.session import Session
from tests.pictures import picture
from tests.twin_server import serve_app
from tests.unit.twin.faults_server import Answer, FaultyServer, Watch, as_html, as_json

JPEG = "image/jpeg"


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """A function that serves review items, with its settings."""
    ends = []

    def start(**settings: object) -> str:
        store = Store(tmp_path / f"{len(ends)}.sqlite")
        store.load("Reviews", "", review_items())
        url, stop = serve_app(create_app(store, Settings(**settings)))  # type: ignore[arg-type]
        ends.append(lambda: (stop(), store.close()))
        return url

    yield start
    for end in ends:
        end()


def first(twin: Twin) -> tuple[Collection, str]:
    collection = twin.collection("reviews")
    page, _ = twin.session.get_json(collection.items_url)
    return collection, page["features"][0]["id"]


def place(server: FaultyServer) -> Offer:
    return Offer(f"{server.url}/collections/things/items/{{featureId}}/photos")


AT = "POST /collections/things/items/a%2Fb/photos"


def test_a_twin_that_takes_photos_says_so_and_keeps_them(serving: Callable[..., str]) -> None:
    twin = Twin(serving(max_photo=50_000))
    collection, identity = first(twin)
    found = offer(twin.session, collection)
    assert (
        found is not None
        and found.max_bytes == 50_000
        and found.max_photos == 20
        and found.types == (JPEG, "image/png")
    )
    raw = picture()
    address = send(twin.session, found, identity, raw, JPEG)
    assert address.startswith(found.url(identity)) and fetch(twin.session, address) == raw
    assert send(twin.session, found, identity, raw, JPEG) == address
    assert send(twin.session, found, identity, picture(driver="PNG"), "image/png") != address
    with pytest.raises(NotFound):
        send(twin.session, found, "no such item", raw, JPEG)
    with pytest.raises(Rejected):
        send(twin.session, found, identity, b"<html>", JPEG)


def test_where_nothing_is_linked_nothing_is_asked(session: Session, server: FaultyServer, make_collection) -> None:
    assert offer(session, make_collection()) is None
    assert offer(session, make_collection(links=(Link(f"{server.url}/photos", REL),))) is None, "no place for an id"
    assert server.seen == []


def test_a_twin_that_is_read_only_takes_none(serving: Callable[..., str]) -> None:
    twin = Twin(serving(tier="r"))
    assert offer(twin.session, first(twin)[0]) is None


@pytest.mark.parametrize(
    "limits", [None, [], {"maxBytes": "9", "maxPhotos": True, "types": 5}, {"types": ["text/html"]}]
)
def test_limits_that_are_none_are_no_limits(
    session: Session, server: FaultyServer, make_collection, limits: object
) -> None:
    server.routes["/collections/things"] = as_json({"id": "things", "x-citytwin-photos": limits})
    linked = make_collection(
        self_url=f"{server.url}/collections/things", links=(Link(f"{server.url}/i/{{featureId}}/photos", REL),)
    )
    assert offer(session, linked) == Offer(f"{server.url}/i/{{featureId}}/photos")
    server.routes["/collections/things"] = as_html("<p>Hello")
    assert offer(session, linked) == Offer(f"{server.url}/i/{{featureId}}/photos")


def test_what_the_twin_does_not_take_is_not_sent(session: Session, server: FaultyServer) -> None:
    small = replace(place(server), max_bytes=100)
    with pytest.raises(Rejected, match="too large"):
        send(session, small, "a", picture(), JPEG)
    with pytest.raises(Rejected, match="webp"):
        send(session, small, "a", b"RIFF", "image/webp")
    assert server.seen == []


def test_an_upload_of_unclear_outcome_is_repeated(session: Session, server: FaultyServer) -> None:
    cut = Answer(raw=lambda handler: None)
    server.routes[AT] = [cut, Answer(503), as_json({}, 201, Location="/photos/1.jpg")]
    assert send(session, place(server), "a/b", picture(), JPEG) == f"{server.url}/photos/1.jpg"
    assert [seen.body for seen in server.seen] == [picture()] * 3
    assert {seen.headers["Content-Type"] for seen in server.seen} == {JPEG}
    server.routes[AT] = Answer(500)
    with pytest.raises(ServerFailed):
        send(session, place(server), "a/b", picture(), JPEG)
    assert len(server.seen) == 6


def test_what_is_refused_is_not_repeated(session: Session, server: FaultyServer) -> None:
    for status, error in ((409, Clash), (413, Rejected), (404, NotFound), (403, AccessDenied)):
        server.routes[AT] = as_json({"title": "No", "detail": "because"}, status, "application/problem+json")
        before = len(server.seen)
        with pytest.raises(error, match="because"):
            send(session, place(server), "a/b", picture(), JPEG)
        assert len(server.seen) == before + 1


def test_the_address_may_be_in_the_body(session: Session, server: FaultyServer) -> None:
    server.routes[AT] = as_json({"href": "https://photos.example.org/7.jpg"}, 201)
    assert send(session, place(server), "a/b", picture(), JPEG) == "https://photos.example.org/7.jpg"


@pytest.mark.parametrize(
    "answer",
    [Answer(201), as_json([], 201), as_json({"href": 5}, 201), as_json({"href": "javascript:alert(1)"}, 201),
     as_json({}, 201, Location="file:///etc/passwd"), as_json({}, 201, Location="/" + "x" * 600)],
)  # fmt: skip
def test_an_answer_without_an_address_is_told(session: Session, server: FaultyServer, answer: Answer) -> None:
    server.routes[AT] = answer
    with pytest.raises(BadResponse, match="address"):
        send(session, place(server), "a/b", picture(), JPEG)


def test_cancelled_before_sending_nothing_is_sent(session: Session, server: FaultyServer, watch: Watch) -> None:
    watch.stop = lambda: True
    with pytest.raises(Cancelled):
        send(session, place(server), "a/b", picture(), JPEG)
    assert server.seen == []


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "application/octet-stream"])
def test_what_is_fetched_is_a_picture(session: Session, server: FaultyServer, kind: str) -> None:
    server.routes["/x"] = Answer(200, b"<svg onload='alert(1)'/>", {"Content-Type": kind})
    with pytest.raises(BadResponse, match="no photo"):
        fetch(session, f"{server.url}/x")


def test_more_than_a_photo_holds_is_not_taken(session: Session, server: FaultyServer, monkeypatch) -> None:
    monkeypatch.setattr(attachments, "LARGEST", 10)
    server.routes["/x"] = Answer(200, bytes(11), {"Content-Type": JPEG})
    with pytest.raises(BadResponse):
        fetch(session, f"{server.url}/x")


def test_credentials_go_to_the_twin_and_nowhere_else(serving: Callable[..., str], other: FaultyServer) -> None:
    url = serving(credentials=Credentials("ann", "secret"))
    twin = Twin(url.replace("http://", "http://ann:secret@"))
    collection, identity = first(twin)
    found = offer(twin.session, collection)
    assert found is not None
    address = send(twin.session, found, identity, picture(), JPEG)
    assert "secret" not in address and fetch(twin.session, address) == picture()
    with pytest.raises(AccessDenied):
        fetch(Session(url), address)
    other.routes["/x.jpg"] = Answer(200, picture(), {"Content-Type": JPEG})
    fetch(twin.session, f"{other.url}/x.jpg")
    assert "Authorization" not in other.seen[0].headers
