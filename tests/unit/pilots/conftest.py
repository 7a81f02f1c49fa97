"""The generated city's twin, in this process, and a working copy of it that tests may read but not write."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from plugin.demo.__main__ import fill
from plugin.demo.app import create_app
from plugin.demo.settings import Settings
from plugin.demo.store import Store
from plugin.twin.client import Twin
from plugin.workcopy.checkout import checkout
from plugin.workcopy.copy import WorkingCopy
from tests.twin_server import serve_app

TODAY = date(2026, 11, 23)


@dataclass
class City:
    """The embedded twin with the generated city, and a checkout of all of it."""

    url: str
    path: Path

    @property
    def copy(self) -> WorkingCopy:
        return WorkingCopy.open(self.path)


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    folder = tmp_path_factory.mktemp("city")
    store = Store(folder / "twin.sqlite")
    fill(store)
    url, stop = serve_app(create_app(store, Settings()))
    path = folder / "city.gpkg"
    checkout(Twin(url), ["pilots", "buildings", "districts", "trees", "streets", "water"], path)
    yield City(url, path)
    stop()
    store.close()


@pytest.fixture
def copied(city: City, tmp_path: Path) -> WorkingCopy:
    """A working copy of the test's own."""
    path = tmp_path / "city.gpkg"
    shutil.copyfile(city.path, path)
    return WorkingCopy.open(path)


@pytest.fixture
def today() -> date:
    return TODAY
