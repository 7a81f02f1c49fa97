"""Working copies with pilots of the embedded twin, in the project: fixtures of the tests of the window's pilots."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from qgis.core import QgsProject, QgsVectorLayer

from plugin.demo.__main__ import fill
from plugin.demo.app import create_app
from plugin.demo.settings import Settings
from plugin.demo.store import Store
from plugin.map import layers, tasks
from plugin.map.pilots.book import PilotBook
from plugin.map.project import ProjectCopies
from plugin.twin.client import Twin
from plugin.workcopy.checkout import checkout
from plugin.workcopy.copy import WorkingCopy
from tests.twin_server import serve_app

TODAY = date(2026, 11, 23)


@pytest.fixture(scope="session")
def pilots_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One checkout for all tests; copy it before writing."""
    folder = tmp_path_factory.mktemp("pilots_file")
    store = Store(folder / "twin.sqlite")
    fill(store)
    url, stop = serve_app(create_app(store, Settings()))
    checkout(Twin(url), ["pilots", "districts"], folder / "city.gpkg")
    stop()
    store.close()
    return folder / "city.gpkg"


class Desk:
    """A working copy whose layers are in the project, and the book of its pilots."""

    def __init__(self, path: Path, qtbot) -> None:
        self.path = str(path)
        self.qtbot = qtbot
        self.copy = WorkingCopy.open(path)
        self.layer, self.districts = self.add()
        self.copies = ProjectCopies()
        self.book = PilotBook(self.copies, clock=lambda: TODAY)
        self.until(lambda: self.book.known(self.path) and not self.book.busy)

    def add(self) -> tuple[QgsVectorLayer, QgsVectorLayer]:
        found = layers.make_layers(self.copy, ["pilots"]) + layers.make_layers(self.copy, ["districts"])
        QgsProject.instance().addMapLayers(found)
        return found[0], found[1]

    def until(self, done, timeout: int = 5000) -> None:
        self.qtbot.waitUntil(done, timeout=timeout)

    def pilot(self, key: str):
        record = self.book.record(self.path, key)
        return record.pilot if record is not None else None

    def save(self, pilot) -> int:
        from plugin.map.pilots import writing

        return writing.save(self.book.layer(self.path), self.book.mapping(self.path), pilot, self.copy.sources[0])

    def stop(self) -> None:
        self.book.stop()
        self.copies.stop()
        tasks.cancel_all()
        QgsProject.instance().clear()


@pytest.fixture
def city(pilots_file, tmp_path, qtbot, qgis_app) -> Iterator[Desk]:
    """The demo twin's ten pilots in a file of this test's own, in the project."""
    shutil.copyfile(pilots_file, tmp_path / "city.gpkg")
    desk = Desk(tmp_path / "city.gpkg", qtbot)
    yield desk
    desk.stop()
