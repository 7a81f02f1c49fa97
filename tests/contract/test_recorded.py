"""PDOK's answers (GoKoala) as they were recorded, replayed for reading: nobody on this project wrote them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plugin.twin.client import Twin
from plugin.twin.report import sentences
from plugin.workcopy.checkout import checkout
from plugin.workcopy.connection import connect
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.geometry import decode
from plugin.workcopy.pull import pull
from tests.contract.expectations import READ_ONLY
from tests.unit.twin.faults_server import Answer, FaultyServer, Seen, as_json

ADDRESSES, ROADS = "foo", "roads"  # what they are called in the recordings


class Recorded:
    """The recordings behind a server; ``without`` are items that it has no more."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.server = FaultyServer()
        self.without: set[str] = set()
        links = [
            {"rel": "conformance", "href": "/conformance", "type": "application/json"},
            {"rel": "data", "href": "/collections", "type": "application/json"},
        ]
        roads = self.document("collection_features.json")
        addresses = json.loads(json.dumps(roads).replace("roads", ADDRESSES).replace("Roads", "Addresses"))
        routes = self.server.routes
        routes["/"] = as_json({"title": "PDOK", "links": links})
        routes["/conformance"] = as_json(self.document("conformance.json"))
        routes["/collections"] = as_json({"links": [], "collections": [roads, addresses]})
        routes[f"/collections/{ADDRESSES}/schema"] = as_json(self.document("schema.json"))
        routes[f"/collections/{ADDRESSES}/items"] = self._page
        routes[f"/collections/{ROADS}/items"] = as_json(self.document("features_roads.json"))
        for kind in ("limit", "cursor"):
            for identity, one in self.features(f"foo_collection_with_{kind}.json").items():
                routes[f"/collections/{ADDRESSES}/items/{identity}"] = as_json(one, kind="application/geo+json")

    def document(self, name: str) -> Any:
        text = (self._folder / name).read_text(encoding="utf-8")
        return json.loads(text.replace("http://localhost:8080", self.server.url))

    def features(self, name: str) -> dict[str, Any]:
        return {one["id"]: one for one in self.document(name)["features"]}

    def _page(self, seen: Seen) -> Answer:
        """Two pages were recorded, linked by a cursor; the link behind the second leads out of the recording."""
        second = "cursor" in seen.query
        page = self.document(f"foo_collection_with_{'cursor' if second else 'limit'}.json")
        if second:
            page["links"] = [link for link in page["links"] if link["rel"] != "next"]
        page["features"] = [one for one in page["features"] if one["id"] not in self.without]
        page["numberReturned"] = len(page["features"])
        return as_json(page, kind="application/geo+json")


@pytest.fixture
def recorded(shared_data: Path) -> Iterator[Recorded]:
    running = Recorded(shared_data / "ogcapi" / "pdok_gokoala")
    yield running
    running.server.close()


@pytest.fixture
def copy(recorded: Recorded, tmp_path: Path) -> WorkingCopy:
    path = tmp_path / "pdok.gpkg"
    checkout(Twin(recorded.server.url), [ADDRESSES, ROADS], path)
    return WorkingCopy.open(path)


def rows(copy: WorkingCopy, table: str, *columns: str) -> dict[str, tuple[Any, ...]]:
    connection = connect(copy.path)
    try:
        names = ", ".join(("twin_id", "geom", *columns))
        return {row[0]: row[1:] for row in connection.execute(f"SELECT {names} FROM {table}")}
    finally:
        connection.close()


@pytest.mark.scenario("checkout")
def test_checkout(recorded: Recorded, copy: WorkingCopy) -> None:
    first, second = (recorded.features(f"foo_collection_with_{kind}.json") for kind in ("limit", "cursor"))
    found = rows(copy, ADDRESSES, "straatnaam", "huisnummer", "datum_eind")
    assert set(found) == {*first, *second} and len(found) == 4, "both pages, by their cursor"
    for identity, feature in {**first, **second}.items():
        shape, *values = found[identity]
        assert decode(shape) == feature["geometry"]
        assert values == [feature["properties"][name] for name in ("straatnaam", "huisnummer", "datum_eind")]
    roads = recorded.features("features_roads.json")
    assert {identity: decode(row[0]) for identity, row in rows(copy, ROADS).items()} == {
        identity: road["geometry"] for identity, road in roads.items()
    }
    assert {(source.collection, source.srid, source.crs is None) for source in copy.sources} == {
        (ADDRESSES, 4326, False),
        (ROADS, 4326, False),
    }


@pytest.mark.scenario("pull without changes")
def test_pull_without_changes(recorded: Recorded, copy: WorkingCopy) -> None:
    report = pull(copy, Twin(recorded.server.url))
    assert (report.created, report.updated, report.deleted, report.conflicts, report.notes) == (0, 0, 0, 0, ())
    assert not report.touched


@pytest.mark.scenario("pull what others did")
def test_what_is_gone_says_so_itself(recorded: Recorded, copy: WorkingCopy) -> None:
    """One item left the pages and gives the recorded 404; another left the pages only."""
    recorded.without |= {"3838", "3839"}
    gone = as_json(recorded.document("feature_404.json"), 404, "application/problem+json")
    recorded.server.routes[f"/collections/{ADDRESSES}/items/3838"] = gone
    report = pull(copy, Twin(recorded.server.url))
    assert (report.created, report.updated, report.deleted, report.conflicts) == (0, 0, 1, 0)
    assert set(rows(copy, ADDRESSES)) == {"3542", "3837", "3839"}


@pytest.mark.scenario("capability report")
def test_the_report_says_what_is_missing(recorded: Recorded) -> None:
    twin = Twin(recorded.server.url)
    text = "\n".join(sentence.text for sentence in sentences(twin.capabilities(), twin.collections()))
    assert twin.capabilities().tier == "R" and READ_ONLY in text
