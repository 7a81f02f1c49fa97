"""Packages for tests: asked for, made, moved elsewhere, and opened as if nothing of the office were there."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from osgeo import ogr
from qgis.core import QgsGeometry, QgsProject, QgsRectangle, QgsVectorLayer

from plugin.map.review.packaging import Packed, Request, package_review
from plugin.review import table
from plugin.review.tasks import Task
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.excerpt import Area

WEST, SOUTH, EAST, NORTH = 4.4826, 51.9087, 4.4906, 51.9137  # some streets in the middle of the demo's city


def area() -> Area:
    return Area(bytes(QgsGeometry.fromRect(QgsRectangle(WEST, SOUTH, EAST, NORTH)).asWkb()), 4326)


def point(x: float, y: float) -> bytes:
    shape = ogr.Geometry(ogr.wkbPoint)
    shape.AddPoint_2D(x, y)
    return table.blob_of(shape, 4326)


def request(target: Path, **more: Any) -> Request:
    tasks = tuple(
        Task(label=f"Look {number}", why="Is it as high?", geometry=point(WEST + 0.001 * number, (SOUTH + NORTH) / 2))
        for number in (1, 2, 3)
    )
    known: dict[str, Any] = {
        "target": target, "tables": ("pilots", "buildings", "districts", "trees", "streets", "water"), "area": area(),
        "title": "Walk one", "made_by": "GIS office", "for_whom": "Team West", "due": "2026-12-01", "tasks": tasks,
    }  # fmt: skip
    return Request(**{**known, **more})


def made(copy: WorkingCopy, target: Path, **more: Any) -> Packed:
    return package_review(copy, request(target, **more))


def elsewhere(packed: Packed, place: Path) -> Path:
    """The package moved and renamed, and nothing left of what it was made of but the test's own copy."""
    shutil.move(str(packed.folder), str(place))
    return place


def opened(folder: Path) -> QgsProject:
    """The package as the running project: variables of the project are asked of that one. Clear it afterwards."""
    project = QgsProject.instance()
    if not project.read(str(folder / "review.qgz")):
        raise AssertionError(project.error())
    return project


def layer_of(project: QgsProject, table_name: str) -> QgsVectorLayer:
    for layer in project.mapLayers().values():
        if layer.source().endswith(f"layername={table_name}"):
            return layer
    raise AssertionError(table_name)
