"""Servers, and a session that loses no time, for the tests of the client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from plugin.twin.model import CRS84, Collection
from plugin.twin.session import Session
from tests.unit.twin.faults_server import FaultyServer, Watch
from tests.unit.twin.small_twin import Serve, serving
from tests.unit.twin.sta_stub import Stub, stubs


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    running = FaultyServer()
    yield running
    running.close()


@pytest.fixture
def other() -> Iterator[FaultyServer]:
    """Another origin: the same host on another port."""
    running = FaultyServer()
    yield running
    running.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """A function that starts the small twin, with its settings."""
    with serving(tmp_path) as start:
        yield start


@pytest.fixture
def stub() -> Iterator[Callable[..., Stub]]:
    """A function that starts SensorThings services, each as able as it is told to be."""
    with stubs() as start:
        yield start


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def naps() -> list[float]:
    """The seconds that sessions wanted to wait."""
    return []


@pytest.fixture
def session(server: FaultyServer, watch: Watch, naps: list[float]) -> Iterator[Session]:
    one = Session(server.url, progress=watch, sleep=naps.append, timeout=5)
    yield one
    one.close()


@pytest.fixture
def make_collection(server: FaultyServer) -> Callable[..., Collection]:
    def make(**changes: Any) -> Collection:
        values: dict[str, Any] = {
            "id": "things",
            "title": "Things",
            "description": "",
            "geometry_type": "",
            "has_z": False,
            "count": None,
            "extent": None,
            "licence": "",
            "attribution": "",
            "crs": (CRS84,),
            "storage_crs": None,
            "items_url": f"{server.url}/collections/things/items",
            "self_url": f"{server.url}/collections/things",
            "schema_url": None,
            "methods": frozenset({"POST", "PUT", "PATCH", "DELETE"}),
        }
        return Collection(**{**values, **changes})

    return make
