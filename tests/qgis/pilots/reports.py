"""Working copies to report about, and reports of them: fixtures and helpers of the tests of reports."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pypdf
import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from osgeo import ogr

from plugin.demo.__main__ import fill
from plugin.demo.app import create_app
from plugin.demo.settings import Settings
from plugin.demo.store import Store
from plugin.map.pilots import report_pdf, report_run
from plugin.map.pilots.report import Report, Wanted
from plugin.map.pilots.report_parts import Page
from plugin.map.pilots.report_run import Order
from plugin.pilots import shapes
from plugin.pilots.reading import find_pilot, read_pilots
from plugin.pilots.record import Pilot
from plugin.text import use_language
from plugin.twin.client import Twin
from plugin.workcopy.checkout import checkout
from plugin.workcopy.copy import WorkingCopy
from tests.qgis.pilots.pilot_copies import TODAY
from tests.twin_server import serve_app

PO = Path(__file__).resolve().parents[3] / "i18n" / "nl.po"
_made: list[Path] = []
SMALL = "MULTIPOLYGON (((93600 435700,93700 435700,93700 435780,93600 435700)))"


@pytest.fixture(scope="session")
def whole_file(tmp_path_factory) -> Path:
    """The demo twin's city; and one of pilots alone beside it."""
    if _made and _made[0].is_file():
        return _made[0]  # another file of tests had it checked out
    folder = tmp_path_factory.mktemp("report")
    store = Store(folder / "twin.sqlite")
    fill(store)
    url, stop = serve_app(create_app(store, Settings()))
    checkout(Twin(url), ["pilots", "buildings", "districts", "trees", "streets", "water"], folder / "city.gpkg")
    checkout(Twin(url), ["pilots"], folder / "alone.gpkg")
    stop()
    store.close()
    _made[:] = [folder / "city.gpkg"]
    return _made[0]


@pytest.fixture
def whole(whole_file, tmp_path, qgis_app) -> WorkingCopy:
    shutil.copyfile(whole_file, tmp_path / "city.gpkg")
    return WorkingCopy.open(tmp_path / "city.gpkg")


@pytest.fixture
def dutch(tmp_path_factory) -> Iterator[None]:
    """The catalogues are there; the window speaks English."""
    folder = tmp_path_factory.mktemp("i18n")
    with PO.open("rb") as source, (folder / "nl.mo").open("wb") as target:
        write_mo(target, read_po(source, locale="nl"))
    use_language("en", folder)
    yield
    use_language("en", Path("nowhere"))


def pilot_of(copy: WorkingCopy, key: str) -> Pilot:
    return find_pilot(read_pilots(copy), key)


def make(copy: WorkingCopy, pilot: Pilot | str, wanted: Wanted | None = None) -> tuple[Report, Page]:
    pilot = pilot_of(copy, pilot) if isinstance(pilot, str) else pilot
    return report_run.make(Order(copy, pilot, wanted or Wanted(), TODAY))


def written(copy: WorkingCopy, path: Path, page: Page, *pilots: Pilot) -> pypdf.PdfReader:
    """The PDF of a page; ``pilots`` are those of its map."""
    report_pdf.write(page, path, copy, pilots)
    return pypdf.PdfReader(path)


def text_of(reader: pypdf.PdfReader) -> str:
    return " ".join(reader.pages[0].extract_text().split())


def area(wkt: str) -> bytes:
    return shapes.wkb_of_shape(ogr.CreateGeometryFromWkt(wkt))


class Says:
    """A `Progress` that remembers what it was told, and stops where ``stop`` says so."""

    def __init__(self, stop: bool = False) -> None:
        self.stop = stop
        self.notes: list[str] = []

    def cancelled(self) -> bool:
        return self.stop

    def report(self, done: int, total: int | None, text: str) -> None:
        pass

    def note(self, text: str) -> None:
        self.notes.append(text)
