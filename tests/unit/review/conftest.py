"""A package on disk, made of a working copy without a twin."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from plugin.review import manifest as man
from plugin.review import plain, tasks
from plugin.review.item import Item
from plugin.workcopy.connection import connect
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.excerpt import excerpt
from plugin.workcopy.geometry import encode
from plugin.workcopy.package import Package
from tests.copies import make_copy

# the beginning of a JPEG file; whether it is a photo is for another module to say
PHOTO = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40


def point(x: float, y: float = 436000.0) -> bytes:
    made = encode({"type": "Point", "coordinates": [x, y]}, 28992)[0]
    assert made is not None
    return made


@dataclass
class Outside:
    """A package's folder and the working copy that it was made of."""

    folder: Path
    copy: WorkingCopy

    @property
    def geopackage(self) -> Path:
        return self.folder / man.GEOPACKAGE

    def run(self, statement: str, *values: Any) -> None:
        connection = connect(self.geopackage, write=True)
        connection.execute(statement, values)
        connection.close()


@pytest.fixture
def outside(tmp_path: Path) -> Outside:
    copy = make_copy(tmp_path / "work.gpkg")
    folder = tmp_path / "delfshaven"
    folder.mkdir()
    made = Package("p-1", "2026-11-23T08:00:00Z", "office", "Delfshaven", "Jan", "2026-11-30")
    path = folder / man.GEOPACKAGE
    excerpt(copy, path, ["buildings"], None, made)
    plain.create(path, 28992)
    tasks.create(path, 28992, [tasks.Task("Building 1", "roof", "buildings", "b1", geometry=point(92020))])
    plain.write(
        path,
        [Item(text="The roof is gone", key="k-1", noted="2026-11-23T10:00:00Z", photos=("photos/a.jpg",),
              geometry=point(92020))],
    )  # fmt: skip
    (folder / "photos").mkdir()
    (folder / "photos" / "a.jpg").write_bytes(PHOTO)
    (folder / man.PROJECT).write_bytes(b"PK a project")
    (folder / man.README).write_text("What this is", encoding="utf-8")
    (folder / man.BACKGROUND).write_bytes(bytes(5000))
    known = man.manifest_of(Package("p-1", made.made, "office", "Delfshaven", "Jan", "2026-11-30", ("buildings",)))
    man.write(folder, known)
    return Outside(folder, copy)
