"""Pages of the embedded twin that the client has already are not made again."""

from __future__ import annotations

import pytest

from plugin.demo.app import Settings
from plugin.demo.model import Author
from plugin.demo.quirks import Quirks
from plugin.demo.store import Store

from .conftest import Client, house

PAGE = "/collections/houses/items?limit=10&offset=10"
NOBODY = Author("2026-03-04T05:06:07Z", None, None)


def asked(call: Client, etag: str, page: str = PAGE, **headers: str) -> int:
    answer = call("GET", page, headers={"If-None-Match": etag, **headers})
    if answer.status == 304:
        assert answer.body == b"" and answer.etag == etag
    return int(answer.status)


def test_a_page_is_sent_again_only_when_its_collection_changed(call: Client, store: Store) -> None:
    etag = call("GET", PAGE).etag
    assert etag.startswith('W/"'), "the page tells the time at which it was made"
    for header in (etag, f'"x", {etag}', "*"):
        assert call("GET", PAGE, headers={"If-None-Match": header}).status == 304
    with store.write("notes") as writing:
        writing.delete("7", NOBODY)
    assert asked(call, etag) == 304, "another collection"
    before = etag
    for change in ("replace", "create", "delete"):
        with store.write("houses") as writing:
            if change == "delete":
                writing.delete("h/3", NOBODY)
            else:
                getattr(writing, change)(house(3 if change == "replace" else 99, 93000, 436000), NOBODY)
        assert asked(call, before) == 200, f"{change}: pages shift, and the numbers in them change"
        after = call("GET", PAGE).etag
        assert after != before and asked(call, after) == 304
        before = after


def test_only_a_page_as_it_would_be_sent_counts(call: Client) -> None:
    etag = call("GET", PAGE).etag
    assert call("GET", PAGE, headers={"If-None-Match": '"other"'}).status == 200
    assert asked(call, etag, PAGE + "&f=html") == 200
    assert asked(call, etag, "/collections/houses/items?limit=0") == 400
    assert asked(call, etag, PAGE + "&crs=nothing") == 400
    assert "etag" not in call("GET", PAGE + "&f=html").headers


def test_a_twin_that_sends_its_items_otherwise_has_other_pages(store: Store) -> None:
    etags = {Client(store, Settings(tier=tier))("GET", PAGE).etag for tier in ("w0", "w1")}
    assert len(etags) == 2 and "" not in etags
    like = Client(store, Settings(quirks=Quirks(page_cap=5)))
    assert "etag" not in like("GET", PAGE).headers, "a twin like another server has what that has"


@pytest.mark.parametrize("query", ["?bbox=93000,436000,94000,437000&bbox-crs=http://www.opengis.net/def/crs/EPSG/0/28992",
                                   "?name=House%203"])  # fmt: skip
def test_filtered_pages_too(call: Client, store: Store, query: str) -> None:
    page = f"/collections/houses/items{query}"
    etag = call("GET", page).etag
    assert asked(call, etag, page) == 304
    with store.write("houses") as writing:
        writing.delete("h/3", NOBODY)
    assert asked(call, etag, page) == 200
