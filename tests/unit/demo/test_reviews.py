"""Review items on the embedded twin: the schema that the plugin asks for, and photos that are sent, kept and shown."""

from __future__ import annotations

import json
import sqlite3
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from plugin.demo import photo_links
from plugin.demo.__main__ import fill
from plugin.demo.app import Settings, create_app
from plugin.demo.city import review_items, reviews, reviews_for_data
from plugin.demo.store import Store
from plugin.review import schema
from plugin.review import vocabulary as words
from plugin.twin.client import Twin
from tests.pictures import picture
from tests.twin_server import serve_app, start_twin

from .conftest import Client, fill_small

KEY = reviews.ITEMS["reviews"][0][1]["key"]
PHOTOS = f"/collections/reviews/items/{KEY}/photos"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the review collections alone."""
    path = tmp_path_factory.mktemp("reviews") / "twin.sqlite"
    store = Store(path)
    store.load("Reviews", "", review_items())
    store.close()
    return path


@pytest.fixture
def store(filled: Path, tmp_path: Path) -> Iterator[Store]:
    path = tmp_path / "twin.sqlite"
    path.write_bytes(filled.read_bytes())
    store = Store(path)
    yield store
    store.close()


def send(call: Client, raw: bytes, kind: str = "image/jpeg", url: str = PHOTOS) -> Any:
    return call("POST", url, raw, kind=kind)


def local(url: str) -> str:
    return url.replace("http://twin.test", "")


# -- the collections -------------------------------------------------------------------------------------------------


def test_they_are_what_the_plugin_calls_review_items(store: Store) -> None:
    assert tuple(one.id for one in store.collections()) == schema.COLLECTIONS
    assert (reviews.KINDS, reviews.STATUSES) == (words.KINDS, words.STATUSES)
    url, stop = serve_app(create_app(store))
    try:
        twin = Twin(url)
        for name in schema.COLLECTIONS:
            collection, served = twin.describe(twin.collection(name))
            wanted = schema.schema(name)
            assert (served.geometry_type, served.geometry_required) == (wanted.geometry_type, True)
            assert [replace(one, nullable=True) for one in served.properties] == [
                replace(one, nullable=True) for one in wanted.properties
            ]
            assert collection.methods == {"POST", "PUT", "PATCH", "DELETE"}
    finally:
        stop()


def test_the_items_are_about_features_that_are_there(tmp_path: Path) -> None:
    store = Store(tmp_path / "city.sqlite")
    fill(store)
    seen = 0
    for items in reviews.ITEMS.values():
        for _, values in items:
            if "about" in values:
                seen += 1
                feature = store.item(values["about"], values["about_id"])
                assert feature is not None and values["about_label"] in feature.properties
            assert values["status"] != words.REJECTED or values["answer"]
    assert seen >= 4
    store.close()


def test_beside_loaded_data_they_are_there_on_request_and_empty(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    point = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [4.5, 51.9]}, "properties": {"a": 1}}
    (data / "things.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [point]}))
    plain, with_reviews = Store(tmp_path / "a.sqlite"), Store(tmp_path / "b.sqlite")
    fill(plain, data)
    fill(with_reviews, data, reviews=True)
    assert [one.id for one in plain.collections()] == ["things"]
    assert [one.id for one in with_reviews.collections()] == ["things", *schema.COLLECTIONS]
    assert with_reviews.state("reviews").count == 0 and len(reviews_for_data()) == 3
    plain.close()
    with_reviews.close()


@pytest.mark.slow
def test_a_process_serves_them_too(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    running = start_twin(data, store=tmp_path / "twin.sqlite", options=["--reviews", "--sensors", "0"])
    try:
        assert tuple(one.id for one in Twin(running.url).collections()) == schema.COLLECTIONS
    finally:
        running.stop()


# -- photos ----------------------------------------------------------------------------------------------------------


def test_a_photo_is_sent_listed_and_shown(call: Client) -> None:
    raw = picture()
    before = call("GET", PHOTOS.rpartition("/")[0])
    answer = send(call, raw)
    assert answer.status == 201
    address = answer.headers["location"]
    assert answer.json() == {"href": address, "type": "image/jpeg", "bytes": len(raw)}
    shown = call("GET", local(address), headers={"Accept": "text/html,*/*;q=0.5", "Accept-Encoding": "gzip"})
    assert (shown.status, shown.body, shown.headers["content-type"]) == (200, raw, "image/jpeg")
    assert shown.headers["x-content-type-options"] == "nosniff" and "content-encoding" not in shown.headers
    assert call("GET", local(address), headers={"If-None-Match": shown.etag}).status == 304
    assert call("HEAD", local(address)).headers["content-length"] == str(len(raw))
    listed = call("GET", PHOTOS).json()["photos"]
    assert [(one["href"], one["bytes"]) for one in listed] == [(address, len(raw))]
    after = call("GET", PHOTOS.rpartition("/")[0])
    links = {(one["rel"], one["href"]) for one in after.json()["links"]}
    assert ("enclosure", address) in links and (photo_links.REL, f"http://twin.test{PHOTOS}") in links
    assert after.etag == before.etag, "a photo is no part of its item"
    assert "Photos of" in call("GET", f"{PHOTOS}?f=html").body.decode()


def test_the_same_photo_again_has_the_same_address(call: Client) -> None:
    first, again, other = send(call, picture()), send(call, picture()), send(call, picture(seed=2))
    assert (first.status, again.status, other.status) == (201, 200, 201)
    assert first.headers["location"] == again.headers["location"] != other.headers["location"]
    assert len(call("GET", PHOTOS).json()["photos"]) == 2


def test_png_is_taken(call: Client) -> None:
    answer = send(call, picture(driver="PNG"), "image/png")
    assert answer.status == 201
    assert call("GET", local(answer.headers["location"])).headers["content-type"] == "image/png"


HUGE = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 200_000, 200_000) + bytes(60)


@pytest.mark.parametrize(
    ("raw", "kind", "status"),
    [
        (b"<svg onload='alert(1)'/>", "image/svg+xml", 415),
        (b"<html>", "text/html", 415),
        (b"<html><script>alert(1)</script>", "image/jpeg", 422),
        (picture(), "image/png", 422),
        (picture(driver="PNG"), "image/jpeg", 422),
        (picture()[:20], "image/jpeg", 422),
        (b"", "image/jpeg", 422),
        (b"\xff\xd8\xff" * 50, "image/jpeg", 422),
        (b"\xff\xd8\xff\xe0\0\0" * 50, "image/jpeg", 422),
        (HUGE, "image/png", 422),
    ],
)
def test_what_is_no_photo_is_not_taken(call: Client, raw: bytes, kind: str, status: int) -> None:
    answer = send(call, raw, kind)
    assert answer.status == status and answer.headers["content-type"] == "application/problem+json"
    assert call("GET", PHOTOS).json()["photos"] == []


def test_there_are_limits(store: Store) -> None:
    call = Client(store, Settings(max_photo=3000, max_photos=2))
    told = call("GET", "/collections/reviews").json()["x-citytwin-photos"]
    assert told == {"types": ["image/jpeg", "image/png"], "maxBytes": 3000, "maxPhotos": 2}
    assert send(call, picture(400, 300)).status == 413
    small = [picture(seed=n) for n in range(3)]
    assert [send(call, raw).status for raw in small] == [201, 201, 409]
    assert send(call, small[0]).status == 200, "what is there may be sent again"


def test_where_there_are_no_photos(call: Client, store: Store, tmp_path: Path) -> None:
    assert send(call, picture(), url="/collections/reviews/items/none/photos").status == 404
    assert call("GET", "/collections/reviews/items/none/photos").status == 404
    assert call("GET", f"{PHOTOS}/none.jpg").status == 404
    assert call("GET", f"{PHOTOS}?x=1").status == 400
    assert call("PUT", PHOTOS, picture(), kind="image/jpeg").status == 405
    other = Store(tmp_path / "small.sqlite")
    fill_small(other)
    houses = Client(other)
    assert send(houses, picture(), url="/collections/houses/items/h%2F1/photos").status == 404
    assert houses("GET", "/collections/houses/items/h%2F1/photos").status == 404
    other.close()


def test_a_link_tells_where_photos_can_be_sent_to(call: Client, store: Store) -> None:
    def upload(call: Client) -> list[str]:
        links = call("GET", "/collections/reviews").json()["links"]
        return [one["href"] for one in links if one["rel"] == photo_links.REL]

    assert upload(call) == ["http://twin.test/collections/reviews/items/{featureId}/photos"]
    assert call("OPTIONS", PHOTOS).headers["accept-post"] == "image/jpeg, image/png"
    paths = call("GET", "/api").json()["paths"]
    assert set(paths["/collections/reviews/items/{featureId}/photos"]) == {"parameters", "get", "post"}
    assert list(paths["/collections/reviews/items/{featureId}/photos/{photo}"]["get"]["responses"]["200"]["content"])
    reader = Client(store, Settings(tier="r"))
    assert upload(reader) == [] and send(reader, picture()).status == 405
    assert "post" not in reader("GET", "/api").json()["paths"]["/collections/reviews/items/{featureId}/photos"]


def test_photos_outlast_the_process_and_go_with_their_item(store: Store, tmp_path: Path) -> None:
    call = Client(store)
    address = local(send(call, picture()).headers["location"])
    store.close()
    again = Client(Store(tmp_path / "twin.sqlite"))
    assert again("GET", address).status == 200
    item = again("GET", PHOTOS.rpartition("/")[0])
    assert again("DELETE", PHOTOS.rpartition("/")[0], headers={"If-Match": item.etag}).status == 204
    assert again("GET", address).status == 404
    with sqlite3.connect(tmp_path / "twin.sqlite") as db:
        assert db.execute("SELECT count(*) FROM photo").fetchone() == (0,)
    db.close()


def test_a_twin_from_before_there_were_photos_takes_them_too(filled: Path, tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite"
    path.write_bytes(filled.read_bytes())
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE photo")
    db.close()
    store = Store(path)
    assert send(Client(store), picture()).status == 201
    store.close()
