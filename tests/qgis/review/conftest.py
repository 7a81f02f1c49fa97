"""Fixtures of the review's tests in QGIS: a part of the demo twin's city, checked out once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from qgis.core import QgsApplication

from plugin.demo.__main__ import fill
from plugin.demo.app import create_app
from plugin.demo.settings import Settings
from plugin.demo.store import Store
from plugin.twin.client import Twin
from plugin.workcopy.checkout import checkout
from plugin.workcopy.copy import WorkingCopy
from tests.twin_server import serve_app


@pytest.fixture(scope="session")
def city_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One checkout for all tests; copy it before writing."""
    folder = tmp_path_factory.mktemp("review_city")
    store = Store(folder / "twin.sqlite")
    fill(store)
    url, stop = serve_app(create_app(store, Settings()))
    checkout(Twin(url), ["pilots", "buildings", "districts", "trees", "streets", "water"], folder / "city.gpkg")
    stop()
    store.close()
    return folder / "city.gpkg"


@pytest.fixture
def city(city_file: Path, tmp_path: Path, qgis_app: QgsApplication) -> WorkingCopy:
    """The working copy of the office, of this test's own."""
    (tmp_path / "office").mkdir()
    shutil.copyfile(city_file, tmp_path / "office" / "city.gpkg")
    return WorkingCopy.open(tmp_path / "office" / "city.gpkg")
