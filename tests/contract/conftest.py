"""Every scenario runs for every server that it concerns; what came of it is printed as a matrix."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from plugin.demo.__main__ import fill
from plugin.demo.app import create_app
from plugin.demo.settings import Settings
from plugin.demo.store import Store
from tests.contract import matrix
from tests.contract.desk import TABLES, Desk
from tests.contract.expectations import EXPECT, ON_FILE, WRITABLE
from tests.contract.places import Embedded, OnGeoPackage, OnPostgis, Place
from tests.servers import city
from tests.servers.postgis import Cluster, start_cluster
from tests.servers.process import NoServer
from tests.servers.pygeoapi_server import start_pygeoapi
from tests.servers.qgis_server import start_qgis_server
from tests.servers.tipg_server import start_tipg
from tests.twin_server import serve_app

_TIERS = {"twin W0": "w0", "twin W1": "w1", "twin W2": "w2"}
_PREFIXES = {"tipg": "city."}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "scenario(title, writes=True): a row of the matrix of `make contract`")
    config.pluginmanager.register(matrix.Recorder(config), "contract-matrix")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "place" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("scenario")
        assert marker is not None, f"{metafunc.definition.nodeid} names no scenario"
        names = WRITABLE if marker.kwargs.get("writes", True) else tuple(EXPECT)
        names = tuple(name for name in names if name in marker.kwargs.get("only", names))
        metafunc.parametrize("place", names, indirect=True)


def started(start: Callable[[], Any]) -> Any:
    """A server, or the test's end: it fails where `make setup` should have brought it, and skips where it cannot."""
    try:
        return start()
    except NoServer as error:
        if os.environ.get("QGIS_PYTHON"):
            pytest.skip(str(error))
        raise


@pytest.fixture(scope="session")
def postgis() -> Iterator[Cluster]:
    cluster = started(start_cluster)
    city.create(cluster)
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def geopackage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("contract") / "city.gpkg"
    city.create_geopackage(path)
    return path


@pytest.fixture(scope="session")
def addresses(postgis: Cluster, geopackage: Path) -> Iterator[Callable[[str], str]]:
    """The address of a server by its name; it starts when first asked for."""
    starters: dict[str, Callable[[], Any]] = {
        "pygeoapi": lambda: start_pygeoapi(postgis),
        "QGIS Server": lambda: start_qgis_server(postgis),
        ON_FILE: lambda: start_qgis_server(geopackage),
        "tipg": lambda: start_tipg(postgis),
    }
    running: dict[str, Any] = {}

    def address(name: str) -> str:
        if name not in running:
            running[name] = started(starters[name])
        url: str = running[name][0]
        return url

    yield address
    for _url, server in running.values():
        server.stop()


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A server with its data as at the start."""
    name: str = request.param
    if name in _TIERS:
        yield from _embedded(name, tmp_path)
        return
    if name == ON_FILE:
        path: Path = request.getfixturevalue("geopackage")
        city.fill_geopackage(path)
        yield OnGeoPackage(name, request.getfixturevalue("addresses")(name), path)
        return
    cluster: Cluster = request.getfixturevalue("postgis")
    city.fill(cluster)
    yield OnPostgis(name, request.getfixturevalue("addresses")(name), cluster, _PREFIXES.get(name, ""))


def _embedded(name: str, folder: Path) -> Iterator[Place]:
    data = folder / "data"
    data.mkdir()
    city.write_geojson(data)
    path = folder / "twin.sqlite"
    store = Store(path)
    fill(store, data)
    url, stop = serve_app(create_app(store, Settings(tier=_TIERS[name])))  # type: ignore[arg-type]
    try:
        yield Embedded(name, url, path)
    finally:
        stop()
        store.close()


@pytest.fixture
def open_desk(place: Place, tmp_path: Path) -> Callable[..., Desk]:
    """A further working copy of the place."""
    made: list[Desk] = []

    def open_one(tables: tuple[str, ...] = TABLES, **options: Any) -> Desk:
        made.append(Desk(place, tmp_path / f"work{len(made)}.gpkg", tables, **options))
        return made[-1]

    return open_one


@pytest.fixture
def desk(open_desk: Callable[..., Desk]) -> Desk:
    """A working copy with buildings and benches."""
    return open_desk()


@pytest.fixture
def stated(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Tell the matrix that the scenario passed with a stated degradation."""

    def state(word: str) -> None:
        request.node.user_properties.append(("stated", word))

    return state
