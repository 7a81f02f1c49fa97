"""Changes go in the order of the references between collections, as the twin's schema declares them."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from plugin.demo.app import create_app
from plugin.demo.crs import RD
from plugin.demo.model import Collection, Feature, Property, Schema, compact
from plugin.demo.settings import Settings, Tier
from plugin.demo.store import Store
from plugin.twin.client import Twin
from plugin.workcopy.changes import Change
from plugin.workcopy.checkout import checkout
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.order import in_order
from plugin.workcopy.publish import publish
from tests.twin_server import serve_app

from .test_publish import run

PLAIN = Property("name")
STREETS = Collection("streets", "Streets", RD, Schema((PLAIN,), "none"))
HOUSES = Collection("houses", "Houses", RD, Schema((PLAIN, Property("street", refers_to="streets")), "none"))
ROOMS = Collection("rooms", "Rooms", RD, Schema((PLAIN, Property("house", refers_to="houses")), "none"))


def feature(identity: str, **properties: str) -> Feature:
    return Feature(identity, None, None, compact(properties))


@pytest.mark.parametrize("tier", ["w1", "w2"])
def test_what_is_referred_to_comes_first_and_goes_last(tmp_path: Path, tier: Tier) -> None:
    store = Store(tmp_path / "twin.sqlite")
    store.load(
        "Family",
        "",
        [
            (ROOMS, [feature("r", name="Room", house="h"), feature("r2", name="Room 2", house="h")]),
            (HOUSES, [feature("h", name="House", street="s")]),
            (STREETS, [feature("s", name="Street")]),
        ],
    )
    url, stop = serve_app(create_app(store, Settings(tier=tier)))
    try:
        client = Twin(url)
        checkout(client, ["rooms", "houses", "streets"], tmp_path / "work.gpkg")
        copy = WorkingCopy.open(tmp_path / "work.gpkg")
        assert copy.source("rooms").schema.get("house").refers_to == "houses"  # type: ignore[union-attr]
        for table in ("streets", "houses", "rooms"):
            run(copy, f"DELETE FROM {table}")
            run(copy, f"INSERT INTO {table} (name) VALUES ('New')")
        report = publish(copy, client, "all anew")
        assert report.published == 7, [(o.change.key, o.message) for o in report.outcomes]
        left = {
            name: requests.get(f"{url}collections/{name}/items", timeout=5).json()["numberMatched"]
            for name in ("streets", "houses", "rooms")
        }
        assert left == {"streets": 1, "houses": 1, "rooms": 1} and copy.changes() == []
        phases = in_order(
            [Change(t, k, 1, None, None, (), "") for t in ("rooms", "houses", "streets") for k in ("delete", "insert")],  # type: ignore[arg-type]
            copy.sources,
        )
        assert [(p[0].kind, [c.table for c in p]) for p in phases] == [
            ("insert", ["streets"]),
            ("insert", ["houses"]),
            ("insert", ["rooms"]),
            ("delete", ["rooms"]),
            ("delete", ["houses"]),
            ("delete", ["streets"]),
        ]
    finally:
        stop()
        store.close()
