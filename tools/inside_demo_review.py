"""The tour's last part: a field review. A package is prepared, walked through in its own project, and comes home: it is
merged, decided, printed and published. Called by `inside_demo`, in QGIS."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from osgeo import gdal
from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeatureRequest,
    QgsGeometry,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsPointXY,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsSettings,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QDate, QObject, QSize, Qt, QUrl, pyqtSlot
from qgis.PyQt.QtGui import QColor, QDesktopServices, QImage
from qgis.PyQt.QtWidgets import QDockWidget
from qgis.utils import iface

from tests.pictures import seen_at, with_exif

TASKS, NOTES = 6, 6
TEAM = "Team West"
DETAIL = 0.25  # metres a pixel of the city map
PAPER = "#f6f4ee"


class Quiet(QObject):
    """In place of the programs that would show a folder or a PDF."""

    @pyqtSlot(QUrl)
    def open(self, _url: QUrl) -> None:
        """Nobody looks."""


class ReviewTour:
    """``tour``: the tour that it is a part of; ``say``, ``pause``, ``until`` and ``picture`` are its ways. ``live``:
    its live layer; ``record``: the pilot whose area is reviewed."""

    def __init__(
        self, tour: Any, live: QgsVectorLayer, record: Any, folder: Path, say: Callable[..., None],
        pause: Callable[..., None], until: Callable[..., None], picture: Callable[..., None],
    ) -> None:  # fmt: skip
        self.tour, self.live, self.record, self.folder = tour, live, record, folder
        self.say, self.pause, self.until, self.picture = say, pause, until, picture
        self.desk = tour.window.review
        self.page = self.desk.page
        self.canvas = tour.canvas
        self.project_layers = tour.module("map.layers").project_layers
        self.quiet = Quiet()
        self.url = os.environ["CITYTWIN_URL"]
        _, self.table = tour.module("map.layers").origin_of(tour.buildings)

    def go(self) -> None:
        """The whole part."""
        QDesktopServices.setUrlHandler("file", self.quiet, "open")
        self.tidy()
        self.lay_below()
        self.prepare()
        self.walk()
        self.come_home()
        self.decide()
        self.print_list()
        self.publish()

    # -- in the office

    def tidy(self) -> None:
        """What was played back is put away, and the pilots are seen again. QGIS shall not ask how coordinates come from
        degrees to the map: its own answer is right."""
        QgsSettings().setValue("projections/promptWhenMultipleTransformsExist", False, section=QgsSettings.Section.App)
        self.pilots.removeSelection()
        self.canvas.temporalController().setNavigationMode(Qgis.TemporalNavigationMode.Disabled)
        for dock in iface.mainWindow().findChildren(QDockWidget):
            if dock.objectName() == "Temporal Controller":
                dock.close()
        tree = QgsProject.instance().layerTreeRoot()
        for layer in list(QgsProject.instance().mapLayers().values()):
            node = tree.findLayer(layer.id())
            if layer.name().startswith(f"{self.live.name()}:"):
                QgsProject.instance().removeMapLayer(layer.id())
            elif node is not None:
                node.setItemVisibilityChecked(True)
                node.setExpanded(False)

    @property
    def pilots(self) -> QgsVectorLayer:
        return self.tour.window.pilots.book.layer(self.record.path)

    def area(self, crs: QgsCoordinateReferenceSystem) -> QgsGeometry:
        """The pilot's."""
        shape = self.pilots.getFeature(self.record.pilot.fid).geometry()
        shape.transform(QgsCoordinateTransform(self.pilots.crs(), crs, QgsProject.instance()))
        return shape

    def box(self, margin: float) -> QgsRectangle:
        """The pilot's area and what is around it, in the map's CRS."""
        found = self.area(QgsProject.instance().crs()).boundingBox()
        found.scale(margin)
        return found

    def lay_below(self) -> None:
        """A city map as a picture, as an office has one of its own: the layers' colours, without what is reviewed."""
        hidden = {self.pilots.id(), self.live.id()}
        layers = [layer for layer in self.canvas.layers() if layer.id() not in hidden]
        extent = self.box(2)
        settings = QgsMapSettings()
        settings.setLayers(layers)
        settings.setDestinationCrs(QgsProject.instance().crs())
        settings.setExtent(extent)
        settings.setOutputSize(QSize(int(extent.width() / DETAIL), int(extent.height() / DETAIL)))
        settings.setBackgroundColor(QColor(PAPER))
        job = QgsMapRendererParallelJob(settings)
        job.start()
        self.until(lambda: not job.isActive(), "the city map")
        drawn = str(self.folder / "city-map.png")
        job.renderedImage().save(drawn)
        seen = job.mapSettings().visibleExtent()
        bounds = [seen.xMinimum(), seen.yMaximum(), seen.xMaximum(), seen.yMinimum()]
        file = str(self.folder / "city-map.tif")
        gdal.Translate(
            file, drawn, outputBounds=bounds, outputSRS=QgsProject.instance().crs().authid(), bandList=[1, 2, 3]
        )
        layer = QgsRasterLayer(file, "City Map")
        QgsProject.instance().addMapLayer(layer, False)
        QgsProject.instance().layerTreeRoot().addLayer(layer)
        QgsProject.instance().layerTreeRoot().findLayer(layer.id()).setExpanded(False)

    def prepare(self) -> None:
        """Some buildings of the pilot's area are to be looked at."""
        self.canvas.setExtent(self.box(1.25))
        buildings = self.tour.buildings
        area = self.area(buildings.crs())
        inside = [
            feature
            for feature in buildings.getFeatures(QgsFeatureRequest(area.boundingBox()))
            if feature.geometry().pointOnSurface().within(area)
        ]
        inside.sort(key=lambda feature: feature.geometry().area(), reverse=True)
        buildings.selectByIds([feature.id() for feature in inside[:TASKS]])
        self.tour.window.show_review()
        self.until(lambda: self.page.path and not self.desk.book.busy, "the review items")
        self.tour.window.actions["prepare_review"].trigger()
        dialog, made = self.desk.dialog, list[Any]()
        dialog.made.connect(made.append)
        form = dialog.form
        form.name.setText(f"Walk through {self.record.pilot.label}")
        form.area.choose(self.pilots, self.record.pilot.fid)
        self.until(form.area.ready, "the pilot's area")
        form.whom.setText(TEAM)
        form.by.setText("GIS office")
        form.due.setDate(QDate.currentDate().addDays(14))
        form.folder.setFilePath(str(self.folder))
        self.until(lambda: dialog.presenter.expected is not None, "the size of the background")
        self.tour.settle()
        self.picture("review-prepare")
        started = time.monotonic()
        dialog.go_button.click()
        self.until(lambda: made, "the package", 120)
        self.packed = made[0]
        self.say(
            f"Packed {sum(self.packed.counts.values())} features, {self.packed.tasks} tasks and "
            f"{self.packed.background.tiles} tiles in {time.monotonic() - started:.1f} s: "
            f"{self.packed.zip.name}, {self.packed.bytes / 1e6:.1f} MB"
        )

    # -- outside

    def walk(self) -> None:
        """The package's own project: tasks are confirmed, things are noted, one building is corrected."""
        self.office = self.folder / "Rotterdam.qgz"
        if not QgsProject.instance().write(str(self.office)):
            raise RuntimeError("the project could not be saved")
        if not iface.addProject(str(self.packed.folder / "review.qgz")):
            raise RuntimeError("the package's project does not open")
        self.tour.window.show_review()
        walk = self.page.walk
        self.until(lambda: walk.isVisible() and not self.desk.book.busy and walk.presenter.tasks, "the walk")
        self.canvas.setExtent(self.box_outside())
        self.tour.settle()
        for number in (1, 2):
            walk.confirm_button.click()
            self.until(lambda number=number: walk.presenter.done >= number and not self.desk.book.busy, "a tick")
        front, bench = self.photos()
        walk.zoom()
        self.note("wrong", "Two storeys more than the twin shows, since last year.", [front], shot="review-note")
        walk.next_button.click()
        self.note("question", "Who owns the gate?", [])
        self.stand(0.3, 0.62)
        self.note("missing", "The bench is gone.", [bench], about=-1)
        self.stand(0.6, 0.27)
        self.note("new", "A bicycle shed stands here now.", [], about=-1)
        self.correct()
        walk.next_button.click()
        self.canvas.setExtent(self.box_outside())
        self.tour.settle()
        self.pause(2000)  # its flash is over
        iface.messageBar().clearWidgets()
        self.picture("review-walk")

    def box_outside(self) -> QgsRectangle:
        extent = QgsProject.instance().viewSettings().defaultViewExtent()
        found = QgsRectangle(extent)
        found.scale(1.1)
        return found

    def stand(self, east: float, north: float) -> None:
        """The map's middle at a place of the package's area, in parts of its width and height."""
        box = QgsProject.instance().viewSettings().defaultViewExtent()
        self.canvas.setCenter(QgsPointXY(box.xMinimum() + east * box.width(), box.yMinimum() + north * box.height()))

    def note(self, kind: str, text: str, photos: Sequence[Path], *, about: int = 0, shot: str = "") -> None:
        """Say what is seen; ``about``: which of what the form offers."""
        walk, notes = self.page.walk, self.desk.book.notes
        before = len(notes(self.page.path))
        walk.note_button.click()
        form = walk.form
        form.kinds.setCurrentIndex(form.kinds.findData(kind))
        form.about.setCurrentIndex(about % form.about.count())
        form.words.setPlainText(text)
        form.add_photos(photos)
        if shot:
            self.tour.settle()
            self.pause(2000)
            self.picture(shot)
        form.save_button.click()
        self.until(lambda: len(notes(self.page.path)) > before and not self.desk.book.busy, f"the note: {text}")

    def photos(self) -> tuple[Path, Path]:
        """What a telephone would have taken: pieces of the tour's 3D picture, with the place in them."""
        seen = QImage(str(self.folder / "3d.png"))
        wide, high = seen.width(), seen.height()
        out = []
        for name, left, top in (("front", 0.28, 0.36), ("bench", 0.4, 0.6)):
            path = self.folder / f"{name}.jpg"
            piece = seen.copy(int(wide * left), int(high * top), int(wide * 0.28), int(high * 0.33))
            piece.scaled(1600, 1200, Qt.AspectRatioMode.KeepAspectRatioByExpanding).save(str(path), "JPG", 88)
            taken = {0x9003: time.strftime("%Y:%m:%d %H:%M:%S"), 0x9011: time.strftime("%z")[:3] + ":00"}
            path.write_bytes(with_exif(path.read_bytes(), {}, taken, seen_at(4.4452, 51.9093, 40.0)))
            out.append(path)
        return out[0], out[1]

    def correct(self) -> None:
        """A direct edit, as outside anybody may make one."""
        (layer,) = self.project_layers(self.packed.folder / "review.gpkg", self.table)
        column = layer.fields().lookupField(self.tour.column)
        feature = next(iter(layer.getFeatures()))
        layer.startEditing()
        layer.changeAttributeValue(feature.id(), column, (feature[column] or 10) + 3)
        if not layer.commitChanges():
            raise RuntimeError("; ".join(layer.commitErrors()))

    # -- home again

    def come_home(self) -> None:
        """Merged into the working copy that it was made of."""
        if not iface.addProject(str(self.office)):
            raise RuntimeError("the office's project does not open")
        self.tour.window.show_review()
        self.until(lambda: self.page.path.endswith("Rotterdam.gpkg") and not self.desk.book.busy, "the working copy")
        self.tour.window.actions["merge_review"].trigger()
        dialog = self.desk.dialog
        dialog.add([self.packed.folder])
        dialog.merge_button.click()
        self.until(lambda: len(self.theirs()) == NOTES and not dialog.presenter.running, "the merge", 60)
        self.until(lambda: self.desk.book.layer(self.page.path, "reviews") is not None, "the review layer")
        iface.messageBar().clearWidgets()
        self.pilots.removeSelection()
        self.tour.settle()
        self.picture("review-merge")
        self.say(f"Merged: {dialog.status.text}")
        dialog.reject()
        self.until(lambda: self.desk.dialog is None, "the end of the dialog")

    def decide(self) -> None:
        """One accepted, one rejected with a reason, one done."""
        for kind, action in (("missing", "accept"), ("new", "done"), ("question", "reject")):
            note = self.found(kind)
            self.page.list.choose(note.key)
            self.page.actions.actions[action].trigger()
            if action == "reject":
                self.until(lambda: self.desk.dialog is not None, "the question why")
                self.desk.dialog.write("The gate is private.", "GIS office")
                self.desk.dialog.accept()
            self.until(lambda kind=kind: self.found(kind).item.status != "open", f"the decision about {kind}")
        note = self.found("wrong")
        self.page.list.choose(note.key)
        self.canvas.setExtent(self.box(1.25))
        self.tour.settle()
        self.pause(2500)  # its flash is over, its photo there
        iface.messageBar().clearWidgets()
        self.picture("review")

    def theirs(self) -> list[Any]:
        """What was noted on this walk."""
        return [note for note in self.desk.book.notes(self.page.path) if note.item.author == TEAM]

    def found(self, kind: str) -> Any:
        return next(note for note in self.theirs() if note.item.kind == kind)

    def print_list(self) -> None:
        """The list as PDF, and how its first page looks."""
        keys = [note.key for group in self.page.model.groups for note in group.rows]
        path = self.folder / "review-list.pdf"
        self.desk.export(self.page.path, keys, path)
        self.until(path.is_file, "the list")
        gdal.Translate(str(path.with_suffix(".png")), str(path), bandList=[1, 2, 3])
        self.say(f"List: {path.name}, {path.stat().st_size // 1024} kB; picture: review-list.png")

    def publish(self) -> None:
        """Items, photos and the edit go to the twin."""
        self.tour.window.dock.show_page("changes")
        page = self.tour.window.dock.page("changes")
        self.until(lambda: len(page.model.all_changes(self.page.path)) == NOTES + 1, "the changes")
        page.publish()
        self.until(lambda: page.dialog is not None, "the Publish window")
        dialog = page.dialog
        self.until(lambda: dialog.presenter.phase == "ready", "the checks")
        dialog.message.setPlainText(f"Seen outside by {TEAM}")
        self.until(dialog.publish_button.isEnabled, "the Publish button")
        dialog.publish_button.click()
        self.until(lambda: dialog.presenter.phase == "report", "the report")
        self.until(lambda: not page.model.all_changes(self.page.path), "the end of the changes")
        iface.messageBar().clearWidgets()
        self.tour.settle()
        self.picture("review-publish")
        report = dialog.presenter.report
        dialog.reject()
        if (report.published, report.failed, report.conflicts) != (NOTES + 1, 0, 0):
            raise RuntimeError(f"published {report.published}, failed {report.failed}, clashes {report.conflicts}")
        with urllib.request.urlopen(f"{self.url}collections/reviews/items?f=json", timeout=10) as answer:
            items = [one["properties"] for one in json.load(answer)["features"]]
        items = [item for item in items if item["author"] == TEAM]
        photos = [item["photo"] for item in items if item.get("photo")]
        if len(items) != NOTES or len(photos) != 2 or not all(photo.startswith(self.url) for photo in photos):
            raise RuntimeError(f"the twin has {len(items)} review items with the photos {photos}")
        self.say(f"The twin has {len(items)} review items and {len(photos)} photos")
