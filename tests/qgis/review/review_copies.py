"""A working copy with review items in plain tables, its layers in the project, and the book of its review."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from osgeo import gdal, ogr
from qgis.core import QgsProject

from plugin.map import layers, tasks
from plugin.map.project import ProjectCopies
from plugin.review import plain, table
from plugin.review.item import Item
from plugin.workcopy.copy import WorkingCopy

ITEMS = (
    Item("wrong", "The gable was taken down\nlast week", author="Team West", noted="2026-11-20T10:15:00Z", key="a",
         about="buildings", about_label="Coolsingel 40", photos=("photos/gable.jpg", "photos/liar.jpg")),
    Item("missing", "No tree here any more", author="Team West", noted="2026-11-20T11:00:00Z", key="b"),
    Item("new", "A new bench <b>here</b>", author="Team East", noted="2026-11-21T09:00:00Z", key="c"),
    Item("question", "Who owns this?", author="Team East", noted="2026-11-21T09:30:00Z", key="d", status="accepted"),
    Item("confirmed", "", author="Team East", noted="2026-11-21T09:40:00Z", key="e", status="done",
         about="buildings", about_label="Meent 12", answered="2026-11-22T09:40:00Z", answered_by="GIS"),
)  # fmt: skip


def point(x: float, y: float) -> bytes:
    shape = ogr.Geometry(ogr.wkbPoint)
    shape.AddPoint_2D(x, y)
    return table.blob_of(shape, 28992)


def photo(path: Path, wide: int = 400, high: int = 300) -> Path:
    """A real JPEG."""
    path.parent.mkdir(exist_ok=True)
    memory = gdal.GetDriverByName("MEM").Create("", wide, high, 3)
    for band, value in ((1, 180), (2, 120), (3, 60)):
        memory.GetRasterBand(band).Fill(value)
    gdal.GetDriverByName("JPEG").CreateCopy(str(path), memory)
    return path


class Office:
    """A working copy with five items, two of them about a building."""

    def __init__(self, source: Path, folder: Path, qtbot, shown: bool = True) -> None:
        folder.mkdir(exist_ok=True)
        file = folder / "office.gpkg"
        shutil.copyfile(source, file)
        self.qtbot, self.path = qtbot, str(file)
        self.copy = WorkingCopy.open(file)
        plain.create(file, 28992)
        self.buildings = layers.make_layers(self.copy, ["buildings"])[0]
        first = next(self.buildings.getFeatures())
        self.building = str(first["twin_id"])
        x, y = first.geometry().centroid().asPoint()
        plain.write(
            file,
            [
                replace(item, geometry=point(x + 30 * at, y), about_id=self.building if item.about else "")
                for at, item in enumerate(ITEMS)
            ],
        )
        photo(folder / "photos" / "gable.jpg")
        (folder / "photos" / "liar.jpg").write_text("<svg onload='alert(1)'/>")
        QgsProject.instance().addMapLayer(self.buildings)
        if shown:
            from plugin.map.review import shown as review_layers

            review_layers.add(self.copy, ["reviews"])
        self.copies = ProjectCopies()

    def items(self) -> dict[str, Item]:
        """As the file has them."""
        return {item.key: item for item in plain.read(Path(self.path)).items}

    def until(self, done, timeout: int = 5000) -> None:
        self.qtbot.waitUntil(lambda: bool(done()), timeout=timeout)

    def stop(self) -> None:
        self.copies.stop()
        tasks.cancel_all()
        QgsProject.instance().clear()
