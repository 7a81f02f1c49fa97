"""A process that edits a package as QField does, by GDAL, and forks a child per job to be killed: ``python -m
tests.force.package_editor``.

A job is a line of JSON: ``path``, ``journal`` (SQLite's way to write), ``first`` (the number of the first edit) and
``delay`` seconds until the child is killed. The answer: the number of the last edit whose commit came to its end.
Edit number n is always the same, so that whoever knows how many there were knows what the file must hold.
"""

from __future__ import annotations

import json
import os
import select
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from osgeo import gdal, ogr

ROOT = Path(__file__).resolve().parents[2]
ROWS = 10


def state_after(count: int) -> tuple[dict[str, tuple[Any, Any]], list[str], list[str]]:
    """Name and height by twin_id, the names of the new features and the texts of the notes, after so many edits."""
    known = {f"b{n}": (f"Building {n}", 10.0 + n) for n in range(1, ROWS + 1)}
    new: list[str] = []
    notes: list[str] = []
    for number in range(1, count + 1):
        if number % 5 == 0:
            new.append(f"New {number}")
        elif number % 5 == 1:
            notes.append(f"Note {number}")
        elif number % 35 == 7 and new:
            new.pop(0)
        else:
            key = f"b{number % ROWS + 1}"
            known[key] = (f"Edit {number}" if number % 2 else known[key][0], float(number))
    return known, new, notes


def edit(data: Any, number: int) -> None:
    """One edit in one transaction, with more pages than SQLite keeps to itself."""
    buildings, notes = data.GetLayerByName("buildings"), data.GetLayerByName("reviews")
    data.StartTransaction()
    if number % 5 == 0:
        feature = ogr.Feature(buildings.GetLayerDefn())
        feature.SetField("name", f"New {number}")
        feature.SetGeometry(ogr.CreateGeometryFromWkt(f"MULTIPOLYGON ((({number} 0, {number} 9, 9 9, {number} 0)))"))
        buildings.CreateFeature(feature)
    elif number % 5 == 1:
        feature = ogr.Feature(notes.GetLayerDefn())
        feature.SetField("text", f"Note {number}")
        feature.SetField("answer", "x" * 20_000)
        feature.SetGeometry(ogr.CreateGeometryFromWkt(f"POINT ({number} 436000)"))
        notes.CreateFeature(feature)
    elif number % 35 == 7:
        found = sorted(one.GetFID() for one in buildings if not one.GetField("twin_id"))
        if found:
            buildings.DeleteFeature(found[0])
    else:
        buildings.SetAttributeFilter(f"twin_id = 'b{number % ROWS + 1}'")
        feature = buildings.GetNextFeature()
        buildings.SetAttributeFilter(None)
        if number % 2:
            feature.SetField("name", f"Edit {number}")
        feature.SetField("height", float(number))
        buildings.SetFeature(feature)
    data.CommitTransaction()


def _child(job: dict[str, Any], pipe: int) -> None:
    gdal.SetConfigOption("OGR_SQLITE_JOURNAL", job["journal"])
    gdal.UseExceptions()
    data = gdal.OpenEx(job["path"], gdal.OF_VECTOR | gdal.OF_UPDATE)
    number = job["first"]
    os.write(pipe, struct.pack("<q", number - 1))
    while True:
        edit(data, number)
        os.write(pipe, struct.pack("<q", number))
        number += 1


def _run(job: dict[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            _child(job, writing)
        finally:
            os._exit(1)
    os.close(writing)
    told = b""
    select.select([reading], [], [], 20.0)  # it is at work
    deadline = time.monotonic() + job["delay"]
    while (left := deadline - time.monotonic()) > 0:
        if select.select([reading], [], [], left)[0]:
            piece = os.read(reading, 4096)
            if not piece:
                break
            told += piece
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    while piece := os.read(reading, 4096):
        told += piece
    os.close(reading)
    whole = told[: len(told) // 8 * 8]
    return {"killed": os.WIFSIGNALED(status), "last": struct.unpack("<q", whole[-8:])[0] if whole else None}


def main() -> None:
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(_run(json.loads(line))), flush=True)


class Editor:
    """The process, as its parent sees it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.force.package_editor"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None and self._process.stdout.readline().strip() == "ready"

    def run(self, **job: Any) -> dict[str, Any]:
        """Edit until killed."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(job, default=str) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


if __name__ == "__main__":
    main()
