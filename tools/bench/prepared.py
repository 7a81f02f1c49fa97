"""What the bench twin serves, prepared once: features as GeoJSON text, one after the other, and where each begins.

Any page of any size is then one piece of one file, which the server sends as it lies there. Made by `prepare` from the
real roof prints; kept in ``build/bench/prepared`` for the next time.
"""

from __future__ import annotations

import array
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..paths import BUILD, ROOT

DATA = ROOT.parent / "shared" / "data" / "perf" / "rotterdam_roofprints_216k.gpkg.zip"
FOLDER = BUILD / "bench" / "prepared"
VERSION = 1  # of what is prepared: another one makes it anew

RD = "http://www.opengis.net/def/crs/EPSG/0/28992"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
CITY = "roofs"  # all of the real roof prints
# The real ones again and again, each copy 100 km from the other, are the larger cities.
COPIES = 5
COUNTS = {"roofs-10k": 10_000, "roofs-50k": 50_000, "roofs-100k": 100_000, "roofs-200k": 200_000, "roofs-1m": 1_000_000}
EDITED = 20_000  # features of the file that the embedded twin serves for publishing


@dataclass(frozen=True)
class Features:
    """A file of features' text, and the byte at which each begins (one number more: where the last one ends).

    A comma stands between two features, so a page is everything from one beginning to the comma before another.
    """

    path: Path
    begins: array.array[int]

    @property
    def count(self) -> int:
        return len(self.begins) - 1

    def piece(self, first: int, count: int) -> tuple[int, int]:
        """Where in the file ``count`` features from ``first`` lie: the first byte, and how many there are."""
        if count <= 0:
            return 0, 0
        begin = self.begins[first]
        return begin, self.begins[first + count] - begin - 1

    @classmethod
    def open(cls, path: Path) -> Features:
        begins = array.array("Q")
        begins.frombytes(path.with_suffix(".begins").read_bytes())
        return cls(path, begins)


@dataclass(frozen=True)
class Prepared:
    """The folder of what was prepared."""

    folder: Path

    @property
    def about(self) -> dict[str, Any]:
        """How many real features there are, their schema and extents."""
        found: dict[str, Any] = json.loads((self.folder / "about.json").read_text(encoding="utf-8"))
        return found

    def features(self, crs: str) -> Features:
        return Features.open(self.folder / ("rd.json" if crs == RD else "crs84.json"))

    @property
    def source(self) -> Path:
        """The real data as they came."""
        return self.folder / "source.gpkg"

    @property
    def edited(self) -> Path:
        """The folder with the file of which the embedded twin is made where something is published."""
        return self.folder / "edited"

    def snapshot(self, kind: str) -> Path:
        """All real features with their id and token as a ``fgb`` or ``gpkg`` file."""
        return self.folder / f"{CITY}.{kind}"


def stamp(data: Path) -> str:
    return f"{VERSION} {data.name} {data.stat().st_size}"


def prepared(data: Path = DATA, folder: Path = FOLDER) -> Prepared | None:
    """What there is to serve, made now where it is not there; None where the real data is absent."""
    if not data.is_file():
        return None
    noted = folder / "stamp"
    if not noted.is_file() or noted.read_text(encoding="utf-8") != stamp(data):
        print(f"Preparing what the bench twin serves, once, in {folder.relative_to(ROOT)}", flush=True)
        # in a process of its own: the memory it takes must not be counted as that of what is measured
        subprocess.run([sys.executable, "-m", "tools.bench.prepare", str(data), str(folder)], cwd=ROOT, check=True)
    return Prepared(folder)
