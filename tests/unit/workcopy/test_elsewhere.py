"""Pages read in other processes: the same file comes of them, whatever happens to the processes."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plugin.twin.errors import BadResponse, Cancelled
from plugin.twin.progress import Silent
from plugin.workcopy import checkout as checking
from plugin.workcopy import elsewhere
from plugin.workcopy.checkout import CheckoutReport
from plugin.workcopy.connection import opened
from tests.raw_pages import RawTwin, declared

SCHEMA = declared("polygon", name="string", height="number", storeys="integer", seen="date-time", more="object")
_begin = elsewhere._begin


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """The processes that were begun: for collections of any size, two of them."""
    processes: list[Any] = []

    def begin(python: str) -> Any:
        processes.append(_begin(python))
        return processes[-1]

    monkeypatch.setattr(elsewhere, "WORTH_IT", 0)
    monkeypatch.setattr(elsewhere, "_begin", begin)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    yield processes
    assert all(process.poll() is not None for process in processes), "a process outlived its checkout"


def feature(number: int) -> dict[str, Any]:
    x, y = 90_000 + number, 430_000.125 + number / 8
    ring = [[x, y], [x + 1, y], [x + 1, y + 1], [x, y]]
    geometry: Any = {"type": "Polygon", "coordinates": [ring]}
    if number % 7 == 3:
        geometry = None
    elif number % 7 == 4:
        geometry = {"type": "Polygon", "coordinates": [[[x, y, 3.5] for x, y in ring]]}
    elif number % 7 == 5:
        geometry = {"type": "Polygon", "coordinates": []}
    elif number % 7 == 6:
        geometry = {"type": "Polygon", "coordinates": [[[x, "y"]]]}
    return {
        "type": "Feature",
        "id": None if number % 11 == 0 else f"b{number % 90}",
        "geometry": geometry,
        "properties": {
            "name": "Æ \U0001f333 “x”" if number % 3 else None,
            "height": "high" if number % 13 == 0 else number / 3,
            "storeys": 2**62 if number % 5 == 0 else number,
            "seen": "2026-11-23T10:00:00+01:00",
            "more": {"a": [1, None]},
            "unknown": 1,
        },
    }


@pytest.fixture
def pages(raw: RawTwin, monkeypatch: pytest.MonkeyPatch) -> RawTwin:
    monkeypatch.setattr(checking, "_LOOK_AT", 5)  # all on the first page, which is always read here
    raw.give([feature(number) for number in range(1, 101)], SCHEMA, size=9)
    raw.count = 100
    return raw


def rows(path: Path) -> list[Any]:
    with opened(path) as connection:
        found = connection.execute("SELECT * FROM things ORDER BY fid").fetchall()
        boxes = connection.execute("SELECT * FROM rtree_things_geom ORDER BY id").fetchall()
        books = connection.execute("SELECT min_x, min_y, max_x, max_y FROM gpkg_contents").fetchall()
        kinds = connection.execute("SELECT geometry_type_name, z FROM gpkg_geometry_columns").fetchall()
    return [found, boxes, books, kinds]


def told(report: CheckoutReport) -> list[Any]:
    return [(layer.table, layer.count, sorted(layer.problems)) for layer in report.layers]


@pytest.fixture
def here(pages: RawTwin, tmp_path: Path) -> tuple[list[Any], list[Any]]:
    """What a checkout without other processes makes of the pages."""
    report = pages.checkout(tmp_path / "here.gpkg")
    return rows(tmp_path / "here.gpkg"), told(report)


def test_the_same_file(pages: RawTwin, tmp_path: Path, here: Any, begun: list[Any]) -> None:
    report = pages.checkout(tmp_path / "there.gpkg", python=sys.executable)
    assert len(begun) == 2
    assert (rows(tmp_path / "there.gpkg"), told(report)) == here


def test_pages_are_really_read_elsewhere(
    pages: RawTwin, tmp_path: Path, begun: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Any] = []
    take = elsewhere._Job.take

    def noted(job: Any, progress: Any) -> Any:
        taken.append(take(job, progress))
        return taken[-1]

    monkeypatch.setattr(elsewhere._Job, "take", noted)
    pages.checkout(tmp_path / "there.gpkg", python=sys.executable)
    assert len(taken) == 11 and None not in taken  # of twelve pages the first shows what columns there are


def test_small_collections_are_read_here(pages: RawTwin, tmp_path: Path, begun: list[Any]) -> None:
    elsewhere.WORTH_IT = 101
    pages.checkout(tmp_path / "there.gpkg", python=sys.executable)
    assert begun == []


@pytest.mark.parametrize("which", [0, 1, 2])
def test_processes_that_are_killed(
    pages: RawTwin, tmp_path: Path, here: Any, begun: list[Any], monkeypatch: pytest.MonkeyPatch, which: int
) -> None:
    """One of them, the other, or both, when some pages are there."""
    give, given = elsewhere.Processes.give, 0

    def kill(self: Any, *page: Any) -> Any:
        nonlocal given
        given += 1
        if given == 4:
            for process in begun if which == 2 else begun[which : which + 1]:
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
        return give(self, *page)

    monkeypatch.setattr(elsewhere.Processes, "give", kill)
    report = pages.checkout(tmp_path / "there.gpkg", python=sys.executable)
    assert (rows(tmp_path / "there.gpkg"), told(report)) == here


@pytest.mark.parametrize("python", ["/no/such/python", "/bin/false", "/bin/true", "/bin/cat"])
def test_what_is_no_python(pages: RawTwin, tmp_path: Path, here: Any, begun: list[Any], python: str) -> None:
    report = pages.checkout(tmp_path / "there.gpkg", python=python)
    assert (rows(tmp_path / "there.gpkg"), told(report)) == here


def test_a_page_that_cannot_be_read_is_told_as_always(pages: RawTwin, tmp_path: Path, begun: list[Any]) -> None:
    pages.pages = [*pages.pages[:5], '[{"type": "Feature", "geometry"', *pages.pages[6:]]
    with pytest.raises(BadResponse, match="Page 6 of the features cannot be read"):
        pages.checkout(tmp_path / "there.gpkg", python=sys.executable)
    assert not (tmp_path / "there.gpkg").exists()


def test_another_page_than_the_one_expected_follows(pages: RawTwin, tmp_path: Path, begun: list[Any]) -> None:
    """The next link is guessed before a page is read; a feature's own links can mislead."""
    misled = {**feature(50), "id": "misleads", "links": [{"rel": "next", "href": "/collections/things/items?page=9"}]}
    listed = [json.loads(page) for page in pages.pages]
    listed[4].append(misled)
    pages.pages = [json.dumps(page) for page in listed]
    here = pages.checkout(tmp_path / "here.gpkg")
    there = pages.checkout(tmp_path / "there.gpkg", python=sys.executable)
    assert (rows(tmp_path / "there.gpkg"), told(there)) == (rows(tmp_path / "here.gpkg"), told(here))


def test_cancelling_ends_the_processes(pages: RawTwin, tmp_path: Path, begun: list[Any]) -> None:
    class Stop(Silent):
        def cancelled(self) -> bool:
            return bool(begun)

    with pytest.raises(Cancelled):
        pages.checkout(tmp_path / "there.gpkg", python=sys.executable, progress=Stop())
    assert begun and not any(thread.name == "city-twin-rows" for thread in threading.enumerate())
    assert list(tmp_path.glob("there*")) == []
