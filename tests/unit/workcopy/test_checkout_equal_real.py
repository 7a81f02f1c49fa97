"""The 216,000 real roof prints: every vertex as GDAL reads it from the same pages, and what the R-tree finds."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from osgeo import gdal

from plugin.workcopy.tables import QuietGdal
from tests.equal import expect_equal
from tests.raw_pages import RawTwin
from tests.sound import expect_sound, expect_valid

_COUNT = 215_765
_PAGE = 10_000
_SOME = 12  # every how many-th is compared; each one with CITYTWIN_EVERY_ROOF=1, in a minute or two


def features(shared_data: Path, folder: Path) -> Iterator[str]:
    """Each as the text that GDAL writes, to the last bit."""
    archive = shared_data / "perf" / "rotterdam_roofprints_216k.gpkg.zip"
    if not archive.is_file():
        pytest.skip(f"{archive.name} is not here")
    path = folder / "roofs.geojson"
    with QuietGdal():
        options = gdal.VectorTranslateOptions(
            format="GeoJSON", layerCreationOptions=["RFC7946=NO", "COORDINATE_PRECISION=17", "ID_GENERATE=YES"]
        )
        with zipfile.ZipFile(archive) as opened:
            (name,) = (inner for inner in opened.namelist() if inner.endswith(".gpkg"))
            opened.extract(name, folder)
        gdal.VectorTranslate(str(path), str(folder / name), options=options)
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith('{ "type": "Feature",'):
                yield line.rstrip().rstrip(",")


@pytest.mark.slow
def test_every_roof(raw: RawTwin, shared_data: Path, tmp_path: Path) -> None:
    texts = features(shared_data, tmp_path)
    pages = []
    while page := list(islice(texts, _PAGE)):
        pages.append(f"[{','.join(page)}]")
    raw.pages, raw.schema = pages, None
    report = raw.checkout(tmp_path / "a.gpkg")
    assert (report.feature_count, report.problems) == (_COUNT, ())

    step = 1 if os.environ.get("CITYTWIN_EVERY_ROOF") else _SOME
    served = (one for text in pages for one in json.loads(text)[::step])
    assert expect_equal(tmp_path / "a.gpkg", "things", served, some=step > 1)
    expect_sound(tmp_path / "a.gpkg")
    expect_valid(tmp_path / "a.gpkg")
