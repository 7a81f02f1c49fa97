"""Connections in QGIS's settings."""

from __future__ import annotations

import pytest
from qgis.core import QgsSettings

from plugin.map import connections
from plugin.map.connections import Connection
from plugin.twin.errors import CityTwinError


@pytest.fixture(autouse=True)
def clean(qgis_app):
    QgsSettings().remove("citytwin/connections")
    yield
    QgsSettings().remove("citytwin/connections")


def test_saved_listed_found_replaced_removed():
    heard = []
    hear = lambda: heard.append(1)  # noqa: E731
    connections.signals.changed.connect(hear)
    assert connections.all() == []
    delft = connections.save(Connection(" Delft ", "https://delft.example/ogc/ "))
    rotterdam = connections.save(Connection("rotterdam", "https://twin.example:443/api", "abc1234"))
    assert delft == Connection("Delft", "https://delft.example/ogc/")
    assert connections.all() == [delft, rotterdam]
    assert connections.get("rotterdam") == rotterdam
    assert connections.get("nobody") is None
    connections.save(Connection("Delft", "https://delft.example/new"))
    assert [c.url for c in connections.all()] == ["https://delft.example/new", "https://twin.example:443/api"]
    connections.remove("Delft")
    connections.remove("nobody")
    assert connections.all() == [rotterdam]
    assert len(heard) == 5
    connections.signals.changed.disconnect(hear)


@pytest.mark.parametrize("name", ["Rotterdam/Delfshaven", "a\\b", "50 % groen", "Zoë & ‹co›", "x=y;z", "%2F"])
def test_any_name(name):
    connections.save(Connection(name, "https://twin.example"))
    assert [c.name for c in connections.all()] == [name]
    assert connections.get(name) is not None
    connections.remove(name)
    assert connections.all() == []


@pytest.mark.parametrize(
    "url",
    [
        "https://TWIN.example/api/",
        "https://twin.example:443/api",
        "https://twin.example/api#top",
        "HTTPS://twin.example/api",
    ],
)
def test_one_place_in_several_spellings(url):
    saved = connections.save(Connection("Rotterdam", "https://twin.example/api", "abc1234"))
    assert connections.find_by_url(url) == saved
    assert connections.resolve(url) == saved


@pytest.mark.parametrize(
    "url", ["https://twin.example/api2", "http://twin.example/api", "https://x.example:1/api", "x"]
)
def test_another_place(url):
    connections.save(Connection("Rotterdam", "https://twin.example/api"))
    assert connections.find_by_url(url) is None


def test_resolve():
    saved = connections.save(Connection("Rotterdam", "https://twin.example/api", "abc1234"))
    assert connections.resolve("Rotterdam") == saved
    assert connections.resolve(" rotterdam ") == saved
    assert connections.resolve("http://127.0.0.1:8080/") == Connection("127.0.0.1", "http://127.0.0.1:8080/")
    with pytest.raises(CityTwinError, match="no connection named “Utrecht”"):
        connections.resolve("Utrecht")
    with pytest.raises(CityTwinError, match="no address of a web service"):
        connections.resolve("ftp://twin.example")


@pytest.mark.parametrize("url", ["", "twin.example", "https://", "ftp://x.example", "https://twin.example:port/"])
def test_no_address(url):
    with pytest.raises(CityTwinError, match="no address of a web service"):
        connections.save(Connection("x", url))
    assert connections.all() == []


def test_no_name():
    with pytest.raises(CityTwinError, match="needs a name"):
        connections.save(Connection("  ", "https://twin.example"))


def test_credentials_are_not_kept_nor_shown():
    for url in ("https://anna:hunter2@twin.example/", "https://anna:hunter2@:99999/"):
        with pytest.raises(CityTwinError) as info:
            connections.save(Connection("x", url))
        assert "hunter2" not in info.value.message + info.value.detail
    assert connections.all() == []
