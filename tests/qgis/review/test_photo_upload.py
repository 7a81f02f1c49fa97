"""Photos through QGIS's own network, to the embedded twin and back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from plugin.demo.app import create_app
from plugin.demo.city import review_items
from plugin.demo.settings import Settings
from plugin.demo.store import Store
from plugin.map.network import QgisAdapter
from plugin.twin.attachments import fetch, offer, send
from plugin.twin.client import Twin
from plugin.twin.errors import Rejected
from plugin.twin.session import Session
from tests.pictures import picture
from tests.twin_server import serve_app


@pytest.fixture
def twin(tmp_path: Path, qgis_app: object) -> Iterator[Twin]:
    store = Store(tmp_path / "twin.sqlite")
    store.load("Reviews", "", review_items())
    url, stop = serve_app(create_app(store, Settings()))
    with Session(url, adapter=QgisAdapter()) as session:
        yield Twin(url, session=session)
    stop()
    store.close()


def test_a_photo_arrives_byte_for_byte(twin: Twin) -> None:
    collection = twin.collection("reviews")
    page, _ = twin.session.get_json(collection.items_url)
    identity = page["features"][0]["id"]
    place = offer(twin.session, collection)
    assert place is not None and place.max_bytes == 8 << 20
    for raw, kind in ((picture(2000, 1500), "image/jpeg"), (picture(driver="PNG"), "image/png")):
        address = send(twin.session, place, identity, raw, kind)
        assert fetch(twin.session, address) == raw
    with pytest.raises(Rejected, match="no image/jpeg"):
        send(twin.session, place, identity, b"<html>", "image/jpeg")
