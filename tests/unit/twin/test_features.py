"""Pages of features: every layout of JSON, every way in which a page can be wrong, and no thread left behind."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.twin.crs import DEFAULT, CrsChoice
from plugin.twin.errors import BadResponse, Cancelled, ServerFailed, TwinError, Unsupported
from plugin.twin.features import pages
from plugin.twin.items import is_outside, item_id, parse_item, usable_token
from plugin.twin.model import Collection, Item, Page
from plugin.twin.pagetext import features, guess_next
from plugin.twin.session import Session
from tests.unit.twin.faults_server import Answer, FaultyServer, Seen, Watch, as_html, as_json

KIND = {"Content-Type": "application/geo+json"}
ITEMS = "/collections/things/items"
RD = CrsChoice("http://www.opengis.net/def/crs/EPSG/0/28992", 28992, False, False, False)
LATLON = CrsChoice("http://www.opengis.net/def/crs/EPSG/0/4326", 4326, True, False, True)
Make = Callable[..., Collection]


def feature(identity: Any, x: float = 4.5, y: float = 52.0, **more: Any) -> dict[str, Any]:
    made = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [x, y]}, "properties": {"n": 1}, **more}
    return {**made, "id": identity} if identity is not ... else made


def page(*found: Any, following: str | None = None, **more: Any) -> Answer:
    links = [{"rel": "next", "href": following, "type": "application/geo+json"}] if following else []
    body = {"type": "FeatureCollection", "features": list(found), **more, "links": links}
    return as_json(body, kind="application/geo+json")


def read(session: Session, collection: Collection, **more: Any) -> tuple[list[Item], list[str], list[Page]]:
    got = list(pages(session, collection, **{"choice": DEFAULT, **more}))
    return [i for p in got for i in p.items], [t for p in got for t in p.problems], got


def no_threads() -> bool:
    return not any(t.name == "city-twin-pages" for t in threading.enumerate())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(st.text(max_size=8).filter(lambda n: n != "features"), json_values, max_size=4),
    st.lists(json_values, max_size=4),
    st.dictionaries(st.text(max_size=8).filter(lambda n: n != "features"), json_values, max_size=4),
    st.sampled_from([None, 1, "\t"]),
    st.booleans(),
)
def test_any_valid_layout_is_read_like_json_does(
    before: dict[str, Any], found: list[Any], after: dict[str, Any], indent: Any, ascii_only: bool
) -> None:
    document = {**before, "features": found, **{k: v for k, v in after.items() if k not in before}}
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    members: dict[str, Any] = {}
    assert list(features(text, members)) == found
    assert members == {**document, "features": len(found)}


@given(st.integers(min_value=0, max_value=200))
def test_text_that_ends_early_or_late_is_malformed(cut: int) -> None:
    text = json.dumps({"type": "FeatureCollection", "features": [feature("a"), feature("b")], "links": []}, indent=1)
    with pytest.raises(ValueError):
        list(features(text[: min(cut, len(text) - 1)], {}))
    with pytest.raises(ValueError):
        list(features(text + "]", {}))


def test_the_next_link_is_seen_before_decoding() -> None:
    link = [{"rel": "next", "href": "/n", "type": "application/geo+json"}]
    early = json.dumps({"links": link, "features": [feature("a", links=[{"rel": "next", "href": "/wrong"}])]})
    late = json.dumps({"features": [feature("a")], "links": link}, indent=2)
    assert guess_next(early) == guess_next(late) == "/n"
    assert guess_next(json.dumps({"features": [], "links": [{"rel": "self", "href": "/s"}]})) is None
    assert guess_next('{"features":[{"links"') is None


def test_pages_are_followed_by_their_opaque_links(
    server: FaultyServer, session: Session, make_collection: Make
) -> None:
    server.routes[ITEMS] = page(feature(1), feature("b"), following="items/more?c=x%7Cy", numberMatched=3)
    server.routes["/collections/things/items/more"] = page(feature("c", geometry=None), numberMatched=3)
    items, problems, got = read(session, make_collection())
    assert [i.id for i in items] == ["1", "b", "c"]
    assert items[2].geometry is None and items[0].raw_id == 1
    assert problems == [] and [p.matched for p in got] == [3, 3] and all(p.bytes for p in got)
    assert server.seen[0].query == {"limit": "10000"}
    assert server.seen[1].query == {"c": "x|y"}
    assert all("application/geo+json" in s.headers["Accept"] for s in server.seen)
    assert no_threads()


def test_large_pages_come_in_handfuls_with_their_problems_last(
    server: FaultyServer, session: Session, make_collection: Make
) -> None:
    server.routes[ITEMS] = page(*(feature(i) for i in range(1050)), feature(...), numberMatched=1051)
    items, problems, got = read(session, make_collection())
    assert len(items) == 1051 and len(got) > 5
    assert {p.matched for p in got} == {1051}
    assert problems == list(got[-1].problems) and "1 feature has no id" in problems[0]
    assert sum(p.bytes for p in got) == got[-1].bytes > 100_000


def test_a_guess_that_was_wrong_harms_nothing(server: FaultyServer, session: Session, make_collection: Make) -> None:
    misleading = feature("b", links=[{"rel": "next", "href": "/wrong"}])
    body = {"features": [feature("a"), misleading], "type": "FeatureCollection"}
    server.routes[ITEMS] = Answer(
        200,
        json.dumps({"numberMatched": 2, **body}).encode(),
        {"Content-Type": "application/geo+json"},
    )
    items, problems, _ = read(session, make_collection())
    assert [i.id for i in items] == ["a", "b"] and problems == []
    assert no_threads()


def test_a_guess_that_led_elsewhere_is_corrected(server: FaultyServer, session: Session, make_collection: Make) -> None:
    body = {
        "type": "FeatureCollection",
        "features": [feature("a")],
        "links": [{"rel": "next", "href": "/2"}],
        "extra": {"links": [{"rel": "next", "href": "/wrong"}]},
    }
    server.routes[ITEMS] = as_json(body)
    server.routes["/wrong"] = page(feature("wrong"))
    server.routes["/2"] = page(feature("b"))
    assert [i.id for i in read(session, make_collection())[0]] == ["a", "b"]
    assert no_threads()


def test_the_next_page_travels_while_one_is_read(server: FaultyServer, session: Session, make_collection: Make) -> None:
    server.routes[ITEMS] = page(feature("a"), following="/2")
    server.routes["/2"] = page(feature("b"), following="/3")
    server.routes["/3"] = page(feature("c"))
    reading = pages(session, make_collection(), choice=DEFAULT)
    next(reading)
    deadline = time.monotonic() + 3
    while len(server.seen) < 2 and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(0.05)
    assert [s.path for s in server.seen] == [ITEMS, "/2"]  # one ahead, not two
    reading.close()  # type: ignore[attr-defined]
    assert no_threads()


def test_cancel_ends_at_once_and_leaves_no_thread(
    server: FaultyServer, session: Session, make_collection: Make, watch: Watch
) -> None:
    release = threading.Event()
    server.routes[ITEMS] = page(feature("a"), following="/2")
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/geo+json\r\nContent-Length: 9999\r\n\r\n"

    def trickle(handler: Any) -> None:
        handler.wfile.write(head)
        while not release.wait(0.01):
            handler.wfile.write(b" ")
            handler.wfile.flush()

    server.routes["/2"] = Answer(raw=trickle)
    reading = pages(session, make_collection(), choice=DEFAULT, progress=watch)
    next(reading)
    began = time.monotonic()
    watch.stop = lambda: time.monotonic() - began > 0.2
    with pytest.raises(Cancelled):
        next(reading)
    assert time.monotonic() - began < 1.5
    assert no_threads()
    release.set()


def test_waiting_is_told_by_the_reading_thread(
    server: FaultyServer, session: Session, make_collection: Make, watch: Watch
) -> None:
    server.routes[ITEMS] = [as_json({}, 429, Retry_After="5"), page(feature("a"))]
    items, _, _ = read(session, make_collection(), progress=watch)
    assert len(items) == 1 and watch.notes == ["The twin asks us to wait 5 seconds"]


@pytest.mark.parametrize("status", [400, 413, 500])
def test_a_server_that_cannot_take_large_pages_gets_smaller_ones(
    status: int, server: FaultyServer, session: Session, make_collection: Make
) -> None:
    def answer(seen: Seen) -> Answer:
        return page(feature("a")) if int(seen.query["limit"]) <= 100 else as_json({"detail": "limit"}, status)

    server.routes[ITEMS] = answer
    assert len(read(session, make_collection())[0]) == 1
    server.routes[ITEMS] = as_json({"detail": "never"}, status)
    with pytest.raises((BadResponse, ServerFailed), match="never"):
        read(session, make_collection())


def test_a_circle_of_pages_is_an_error(server: FaultyServer, session: Session, make_collection: Make) -> None:
    server.routes[ITEMS] = page(feature("a"), following="/2")
    server.routes["/2"] = page(feature("b"), following="/2")
    with pytest.raises(BadResponse, match="in a circle"):
        read(session, make_collection())
    assert no_threads()


def test_empty_pages_without_end_are_an_error(server: FaultyServer, session: Session, make_collection: Make) -> None:
    server.routes[ITEMS] = lambda seen: page(following=f"{ITEMS}?o={int(seen.query.get('o', 0)) + 1}")
    with pytest.raises(BadResponse, match="in a circle"):
        read(session, make_collection())
    assert len(server.seen) <= 25


def test_a_next_link_to_another_origin_gets_no_credentials(
    server: FaultyServer, other: FaultyServer, make_collection: Make
) -> None:
    server.routes[ITEMS] = page(feature("a"), following=f"{other.url}/2")
    other.routes["/2"] = page(feature("b"))
    with Session(server.url.replace("://", "://u:p@")) as session:
        assert len(read(session, make_collection())[0]) == 2
    assert "Authorization" in server.seen[0].headers and "Authorization" not in other.seen[0].headers


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (Answer(200, b'{"type":"FeatureCollection","features":[{"type":"Feature"', KIND),
         "Page 1 of the features cannot be read"),
        (Answer(200, b'{"features":[{"id":"\xff"}]}', KIND), "Page 1.*cannot be read"),
        (as_html("<html><title>Maintenance</title>"), "Page 1 .*web page.*Maintenance"),
        (as_json({"title": "Landing", "links": []}), "not a list of features"),
        (as_json({"features": {"a": 1}}), "not a list of features"),
        (as_json([1, 2]), "not a list of features"),
    ],
)  # fmt: skip
def test_an_unreadable_page_is_named(
    answer: Answer, sentence: str, server: FaultyServer, session: Session, make_collection: Make
) -> None:
    server.routes[ITEMS] = answer
    with pytest.raises(BadResponse, match=sentence):
        read(session, make_collection())
    assert no_threads()


def test_a_cut_second_page_is_an_error_not_an_end(
    server: FaultyServer, session: Session, make_collection: Make
) -> None:
    server.routes[ITEMS] = page(feature("a"), following="/2")
    server.routes["/2"] = Answer(200, b'{"features":[' + json.dumps(feature("b")).encode(), {})
    with pytest.raises(BadResponse, match="Page 2"):
        read(session, make_collection())


@pytest.mark.parametrize(
    "document",
    [
        {"type": "FeatureCollection", "features": [{"type": "CityJSONFeature", "id": "x", "CityObjects": {}}]},
        {"type": "CityJSON", "CityObjects": {}, "vertices": []},
        {"features": [], "type": "CityJSONFeature"},
    ],
)
def test_cityjson_is_said(document: Any, server: FaultyServer, session: Session, make_collection: Make) -> None:
    server.routes[ITEMS] = as_json(document)
    with pytest.raises(Unsupported, match="CityJSON"):
        read(session, make_collection())


def test_ids_that_repeat_or_miss_and_oddities_are_told(
    server: FaultyServer, session: Session, make_collection: Make
) -> None:
    server.routes[ITEMS] = page(feature("a"), feature("a"), feature(""), feature(...), None, 7, following="/2")
    server.routes["/2"] = page(feature("a"), feature("b"), numberReturned=5, numberMatched=9)
    items, problems, _ = read(session, make_collection())
    assert [i.id for i in items] == ["a", None, None, "b"]
    assert problems == [
        "1 feature came with an id that was there already; only the first of each is kept.",
        "2 features have no id: they can be looked at, but changes to them cannot be published.",
        "2 entries were no GeoJSON features and were left out.",
        "Page 2 says that it holds 5 features, but 2 came.",
        "1 feature came with an id that was there already; only the first of each is kept.",
        "The twin counted 9 features but sent 8; somebody may have edited meanwhile. Pull again to be sure.",
    ]


def test_the_extent_is_asked_for_in_the_twins_axis_order_and_checked(
    server: FaultyServer, session: Session, make_collection: Make
) -> None:
    line = {"type": "LineString", "coordinates": [[51.0, 4.55], [53.0, 4.55]]}
    server.routes[ITEMS] = page(
        feature("in", 52.0, 4.5), feature("out", 4.5, 52.0), feature("null", geometry=None), feature("x", geometry=line)
    )
    items, problems, _ = read(session, make_collection(), choice=LATLON, extent=(4.4, 51.9, 4.6, 52.1))
    assert server.seen[0].query["bbox"] == "51.9,4.4,52.1,4.6"
    assert server.seen[0].query["bbox-crs"] == server.seen[0].query["crs"] == LATLON.uri
    assert [i.id for i in items] == ["in", "null", "x"]
    assert problems == ["The twin did not keep to the extent: 1 feature outside it was left out."]


def test_coordinates_in_another_crs_are_refused(server: FaultyServer, session: Session, make_collection: Make) -> None:
    degrees = page(feature("a", 4.5, 52.0))
    metres = page(feature("a", 92000.0, 437000.0))
    server.routes[ITEMS] = replace(
        degrees, headers={**degrees.headers, "Content-Crs": "<http://www.opengis.net/def/crs/OGC/1.3/CRS84>"}
    )
    with pytest.raises(BadResponse, match="asked for coordinates in EPSG:28992, but sends CRS84"):
        read(session, make_collection(), choice=RD)
    server.routes[ITEMS] = degrees  # without a word about it
    with pytest.raises(BadResponse, match="degrees"):
        read(session, make_collection(), choice=RD)
    for uri in ("http://www.opengis.net/def/crs/EPSG/0/28992", "urn:ogc:def:crs:EPSG::7415"):
        server.routes[ITEMS] = replace(metres, headers={**metres.headers, "Content-Crs": f"<{uri}>"})
        assert len(read(session, make_collection(), choice=RD)[0]) == 1


def test_tokens_come_along_only_where_the_twin_declares_them(
    server: FaultyServer, session: Session, make_collection: Make
) -> None:
    server.routes[ITEMS] = page(feature("a", etag='"v1"', updatedBy="Jan"), feature("b", etag='W/"v1"'))
    items = read(session, make_collection(), item_etags=True)[0]
    assert [(i.token, i.updated_by) for i in items] == [('"v1"', "Jan"), (None, None)]
    assert [i.token for i in read(session, make_collection())[0]] == [None, None]


def test_gzip_pages_are_read(server: FaultyServer, session: Session, make_collection: Make) -> None:
    plain = page(*(feature(i) for i in range(500)))
    server.routes[ITEMS] = Answer(200, gzip.compress(plain.body), {**plain.headers, "Content-Encoding": "gzip"})
    assert len(read(session, make_collection())[0]) == 500
    server.routes[ITEMS] = Answer(200, gzip.compress(plain.body)[:-60], {**plain.headers, "Content-Encoding": "gzip"})
    with pytest.raises(TwinError):
        read(session, make_collection())


@pytest.mark.parametrize(
    ("raw", "text"),
    [(7, "7"), (12345678901234567890, "12345678901234567890"), (12.0, "12"), (1.5, "1.5"), ("a/b", "a/b"), ("0", "0"),
     (0, "0"), ("", None), (None, None), (True, None), ([1], None)],
)  # fmt: skip
def test_ids_as_text(raw: Any, text: str | None) -> None:
    assert item_id(raw) == text == parse_item(feature(raw), item_etags=False).id


@pytest.mark.parametrize(
    ("etag", "usable"),
    [('"a"', True), ('W/"a"', False), ('w/"a"', False), ('"a-gzip"', False), ('"a;gzip"', False), ('"a"-gzip', False),
     ('""', False), ("", False), (None, False), ("plain", True), ('"my-gzip-a"', True)],
)  # fmt: skip
def test_only_strong_unrewritten_etags_are_locks(etag: Any, usable: bool) -> None:
    assert usable_token(etag) == (etag if usable else None)


def test_what_lies_outside() -> None:
    box = (0.0, 0.0, 10.0, 10.0)
    ring = [[-5, -5], [15, -5], [15, 15], [-5, 15], [-5, -5]]
    assert not is_outside({"type": "Polygon", "coordinates": [ring]}, box)
    assert is_outside({"type": "MultiPoint", "coordinates": [[11, 1], [12, 2]]}, box)
    assert not is_outside({"type": "MultiPoint", "coordinates": [[11, 1], [2, 2, 9]]}, box)
    assert not is_outside({"type": "MultiPoint", "coordinates": []}, box)
    assert not is_outside({"type": "Point", "coordinates": ["a", None]}, box)
    inside = {"type": "Point", "coordinates": [1, 1]}
    assert not is_outside(
        {"type": "GeometryCollection", "geometries": [{**inside, "coordinates": [99, 1]}, inside]}, box
    )


def test_real_pages_of_pdok(shared_data: Path, server: FaultyServer, session: Session, make_collection: Make) -> None:
    folder = shared_data / "ogcapi" / "pdok_gokoala"
    kind = {"Content-Type": "application/geo+json"}
    # The recorded next link names another host: PDOK's own, which stands in for a foreign origin here.
    cursor = (
        (folder / "foo_collection_with_cursor.json").read_bytes().replace(b"http://localhost:8080", server.url.encode())
    )
    server.routes["/collections/foo/items"] = lambda s: (
        page(feature("9")) if s.query.get("cursor") else Answer(200, cursor, kind)
    )
    items, problems, _ = read(session, make_collection(items_url=f"{server.url}/collections/foo/items?f=json"))
    assert [i.id for i in items] == ["3838", "3839", "9"] and problems == []
    assert items[0].properties["straatnaam"] == "Realengracht"
    assert server.seen[0].query == {"f": "json", "limit": "10000"}
    server.routes[ITEMS] = Answer(200, (folder / "features_roads.json").read_bytes(), kind)
    items, problems, _ = read(session, make_collection())
    assert len(items) == 10 and problems == []
    assert all(i.geometry and i.geometry["type"] == "Polygon" for i in items)
