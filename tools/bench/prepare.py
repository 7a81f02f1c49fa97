"""``python -m tools.bench.prepare ZIP FOLDER``: make what `prepared` describes."""

from __future__ import annotations

import array
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from osgeo import gdal

from plugin.demo import crs, schema
from plugin.demo.geometry import positions
from plugin.demo.loaders import geopackage
from plugin.demo.model import Collection, Feature, compact

from .prepared import CITY, COPIES, CRS84, EDITED, RD, Prepared, stamp

_BATCH = 1000
_DEGREES = 7  # decimals in degrees: a centimetre, as fine as the data


def main(data: Path, folder: Path) -> None:
    gdal.PushErrorHandler("CPLQuietErrorHandler")  # the data is of a GeoPackage a little newer than this GDAL
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    made = Prepared(folder)
    with zipfile.ZipFile(data) as archive:
        (name,) = (one for one in archive.namelist() if one.endswith(".gpkg"))
        with archive.open(name) as packed, made.source.open("wb") as plain:
            shutil.copyfileobj(packed, plain, 1 << 20)
    about = write_features(made)
    repeat(folder / "rd.json")
    (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")
    snapshots(made)
    made.edited.mkdir()
    ogr2ogr("-f", "GPKG", "-limit", str(EDITED), "-nln", "edited", str(made.edited / "edited.gpkg"), str(made.source))
    (folder / "stamp").write_text(stamp(data), encoding="utf-8")


def write_features(made: Prepared) -> dict[str, Any]:
    """The real features in both CRSs; what is to be told about them."""
    for draft in geopackage.read(made.source):
        if draft.schema is None:
            break
        collection = Collection(CITY, "Roof prints", RD, draft.schema, "Roofs of Rotterdam, seen from above")
        box = [float("inf"), float("inf"), float("-inf"), float("-inf")]
        with _File(made.folder / "rd.json") as metres, _File(made.folder / "crs84.json") as degrees:
            for features in _batches(iter(draft.ready)):
                for one in features:
                    if one.box:
                        box = [*map(min, box[:2], one.box[:2]), *map(max, box[2:], one.box[2:])]
                metres.add(text_of(one, one.geometry) for one in features)
                moved = in_degrees([one.geometry for one in features])
                degrees.add(text_of(one, text) for one, text in zip(features, moved))
            count = metres.count
        all_copies = (box[0], box[1] - 200_000, box[2], box[3] + 200_000)
        return {
            "count": count,
            "schema": schema.document(collection, ""),
            "extent": crs.transform_box((box[0], box[1], box[2], box[3]), RD, CRS84),
            "extents": crs.transform_box(all_copies, RD, CRS84),
        }
    raise SystemExit("The data has no layer.")


def _batches(features: Iterator[Feature]) -> Iterator[list[Feature]]:
    batch: list[Feature] = []
    for one in features:
        batch.append(one)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def text_of(one: Feature, geometry: str | None) -> str:
    """As the embedded twin writes a feature, with its token."""
    return (
        f'{{"type":"Feature","id":"r0-{one.id:06}","etag":"\\"{one.id:x}-1\\"",'
        f'"geometry":{geometry or "null"},"properties":{one.properties}}}'
    )


def in_degrees(texts: list[str | None]) -> list[str | None]:
    """GeoJSON geometries moved from RD to CRS84."""
    geometries = [json.loads(text) if text else None for text in texts]
    crs.reproject([one for one in geometries if one], RD, CRS84)
    for one in geometries:
        for position in positions(one) if one else ():
            position[:] = [round(number, _DEGREES) for number in position]
    return [compact(one) if one else None for one in geometries]


class _File:
    """A `Features` file in the making."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb")
        self._begins = array.array("Q", [0])

    @property
    def count(self) -> int:
        return len(self._begins) - 1

    def add(self, texts: Iterator[str]) -> None:
        for text in texts:
            data = text.encode()
            self._file.write(data + b",")
            self._begins.append(self._begins[-1] + len(data) + 1)

    def __enter__(self) -> _File:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._path.with_suffix(".begins").write_bytes(self._begins.tobytes())


def repeat(path: Path) -> None:
    """The same features again behind the real ones, each copy 100 km further north or south, with ids of its own.

    Everything here lies between 400 and 500 km north, so the first digit after the comma within a position is a 4: a
    copy has another digit there, and is as long as the first. No other value in the text follows a comma directly.
    """
    real = path.read_bytes()
    begins = array.array("Q")
    begins.frombytes(path.with_suffix(".begins").read_bytes())
    everywhere = begins[:]
    with path.open("ab") as file:
        for copy, digit in zip(range(1, COPIES), (b"5", b"3", b"6", b"2")):
            moved = real.replace(b",4", b"," + digit).replace(b'"id":"r0-', b'"id":"r%d-' % copy)
            file.write(moved)
            everywhere.extend(begin + copy * len(real) for begin in begins[1:])
    path.with_suffix(".begins").write_bytes(everywhere.tobytes())


def snapshots(made: Prepared) -> None:
    """All real features with ``id`` and ``etag``, as the pages have them."""
    with_ids = "SELECT geom, printf('r0-%06d', fid) AS id, printf('\"%x-1\"', fid) AS etag, * FROM roofprints"
    for kind, driver in (("fgb", "FlatGeobuf"), ("gpkg", "GPKG")):
        ogr2ogr(
            "-f", driver, "-dialect", "SQLITE", "-sql", f"SELECT {_columns(made)} FROM ({with_ids})", "-nln", CITY,
            "-nlt", "MULTIPOLYGON", str(made.snapshot(kind)), str(made.source),
        )  # fmt: skip


def _columns(made: Prepared) -> str:
    """Every column of the source but its key, behind ``id`` and ``etag``."""
    source = gdal.OpenEx(str(made.source), gdal.OF_VECTOR)
    definition = source.GetLayer(0).GetLayerDefn()
    names = [definition.GetFieldDefn(i).GetName() for i in range(definition.GetFieldCount())]
    return ", ".join(f'"{name}"' for name in ("geom", "id", "etag", *names))


def ogr2ogr(*arguments: str) -> None:
    subprocess.run(["ogr2ogr", "-q", *arguments], check=True, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
