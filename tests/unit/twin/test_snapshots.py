"""Which files of a collection a twin offers, as its links tell, and that the report says so."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from plugin.demo.__main__ import fill
from plugin.demo.app import create_app
from plugin.demo.settings import Settings
from plugin.demo.store import Store
from plugin.twin.client import Twin
from plugin.twin.collections import parse_collection
from plugin.twin.model import Collection
from plugin.twin.report import as_json, sentences
from plugin.twin.session import Session
from plugin.twin.snapshots import offers
from tests.twin_server import serve_app

HOME = "https://twin.test/"


def collection(*links: dict[str, Any], **members: Any) -> Collection:
    """A collection that has these links."""
    document = {"id": "trees", "links": list(links), **members}
    with Session(HOME) as session:
        capabilities: Any = type("Capabilities", (), {"methods": frozenset()})
        found = parse_collection(session, capabilities, document, f"{HOME}collections")
    assert found is not None
    return found


def enclosure(href: str, kind: str = "", **more: Any) -> dict[str, Any]:
    return {"rel": "enclosure", "href": href, "type": kind, **more}


@pytest.mark.parametrize(
    ("kind", "href", "expected"),
    [
        ("application/geopackage+sqlite3", "files/1", "gpkg"),
        ("application/flatgeobuf", "files/1", "fgb"),
        ("application/vnd.flatgeobuf; charset=binary", "files/1", "fgb"),
        ("application/octet-stream", "trees.FGB?v=2", "fgb"),
        ("", "https://other.test/trees.gpkg", "gpkg"),
        ("application/octet-stream", "trees.zip", None),
        ("application/zip", "trees.gpkg", None),
        ("image/jpeg", "trees.jpg", None),
    ],
)
def test_what_can_be_read(kind: str, href: str, expected: str | None) -> None:
    found = offers(collection(enclosure(href, kind)))
    assert [offer.kind for offer in found] == ([expected] if expected else [])


def test_the_quicker_one_comes_first_and_links_tell_more() -> None:
    names = {"id": "identity", "etag": 7, "other": "x"}
    fgb = enclosure("a.fgb", "application/flatgeobuf", length=12, **{"x-citytwin-columns": names})
    gpkg = enclosure("/a.gpkg", "application/geopackage+sqlite3", length="12")
    found = offers(collection(fgb, gpkg, updated="2026-03-01T10:00:00.5Z"))
    assert [(one.kind, one.url, one.length, one.id_column, one.etag_column) for one in found] == [
        ("gpkg", f"{HOME}a.gpkg", None, "id", "etag"),
        ("fgb", f"{HOME}a.fgb", 12, "identity", "etag"),
    ]
    assert found[0].changed == datetime(2026, 3, 1, 10, 0, 0, 500_000, tzinfo=timezone.utc)


@pytest.mark.parametrize("updated", ["yesterday", "", 5, None, "2026-03-01T10:00:00"])
def test_nonsense_is_not_known(updated: Any) -> None:
    (found,) = offers(collection(enclosure("a.fgb", "application/flatgeobuf"), updated=updated))
    assert found.changed is None


def test_the_report_tells(tmp_path: Path) -> None:
    store = Store(tmp_path / "twin.sqlite")
    fill(store)
    url, stop = serve_app(create_app(store, Settings()))
    try:
        twin = Twin(url)
        lines = [line.text for line in sentences(twin.capabilities(), twin.collections())]
        assert any("as one file each, too" in line for line in lines)
        assert all(
            one["files"] == ["gpkg", "fgb"] for one in as_json(twin.capabilities(), twin.collections())["collections"]
        )
    finally:
        stop()
        store.close()
