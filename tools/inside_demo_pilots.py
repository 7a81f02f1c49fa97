"""The tour's part about pilots: the Pilots page, a form, a profile, a report, and the portfolio board. Called by
`inside_demo`, in QGIS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qgis.core import QgsProject
from qgis.PyQt.QtWidgets import QWidget
from qgis.utils import iface


class PilotTour:
    """``tour``: the tour that it is a part of; ``say``, ``pause``, ``until`` and ``picture`` are its ways."""

    def __init__(
        self, tour: Any, folder: Path, say: Callable[..., None], pause: Callable[..., None],
        until: Callable[..., None], picture: Callable[..., None],
    ) -> None:  # fmt: skip
        self.tour, self.folder, self.say, self.pause, self.until, self.picture = (
            tour,
            folder,
            say,
            pause,
            until,
            picture,
        )
        self.desk = tour.window.pilots
        self.page = self.desk.page
        self.book = self.desk.book

    def choose(self) -> None:
        """The page, with the pilot that has most to tell, and the map at it."""
        self.tour.window.show_pilots()
        self.until(lambda: self.book.records() and not self.book.busy, "the pilots")
        records = self.book.records()
        fading = [record for record in records if record.fading]
        self.say(f"The Pilots page has {len(records)} pilots, {len(fading)} of them fading")
        inside = self.tour.in_map(self.tour.buildings)
        layer = self.book.layer(records[0].path)
        near = [record for record in records if self.box(layer, record).intersects(inside)]
        self.record = max(near or list(records), key=lambda record: (len(record.pilot.history), record.key))
        self.page.show_pilot(self.record.path, self.record.key)
        self.desk.zoom(self.record.path, self.record.key)
        self.tour.settle()
        self.pause(2000)  # its flash is over
        iface.messageBar().clearWidgets()
        self.picture("pilots")

    def box(self, layer: Any, record: Any) -> Any:
        return layer.getFeature(record.pilot.fid).geometry().boundingBox()

    def describe(self) -> None:
        """Its form."""
        self.desk.edit(self.record.path, self.record.key)
        self.until(lambda: self.desk.dialog is not None, "the form")
        self.pause(600)
        self.keep("pilot-form", self.desk.dialog)
        self.desk.dialog.reject()
        self.until(lambda: self.desk.dialog is None, "the end of the form")

    def understand(self) -> None:
        """What lies inside it."""
        self.desk.profile(self.record.path, self.record.key)
        window = self.newest()
        self.until(lambda: not window.presenter.busy, "the profile")
        self.pause(600)
        self.keep("pilot-profile", window)
        window.close()

    def report(self) -> None:
        """Its page as PDF, and how that looks."""
        self.desk.report(self.record.path, self.record.key)
        window = self.newest()
        presenter = window.presenter
        self.until(lambda: not presenter.busy and presenter.made is not None, "the report", 120)
        saved: list[Any] = []
        presenter.saved.connect(saved.append)
        path = self.folder / "pilot-report.pdf"
        presenter.save(path)
        self.until(lambda: saved, "the report's file", 120)
        picture = self.folder / "pilot-report.png"
        presenter.made.picture.save(str(picture))
        self.say(f"Report: {path.name}, {path.stat().st_size // 1024} kB; picture: {picture.name}")
        window.close()

    def board(self) -> None:
        """All pilots of the city."""
        self.desk.board()
        window = self.newest()
        window.resize(1600, 900)
        self.pause(800)
        self.keep("portfolio", window)
        window.tabs.setCurrentIndex(1)
        self.pause(400)
        self.keep("portfolio-timeline", window)
        window.tabs.setCurrentIndex(2)
        self.pause(400)
        self.keep("portfolio-conditions", window)
        window.close()

    def newest(self) -> QWidget:
        """The window that was just opened."""
        self.until(self.desk.windows.open, "the window")
        found: QWidget = self.desk.windows.open()[-1]
        return found

    def keep(self, name: str, window: QWidget) -> None:
        """A picture of the window alone."""
        path = self.folder / f"{name}.png"
        if not window.grab().save(str(path)):
            raise RuntimeError(f"{path} could not be written")
        self.say(f"Picture: {path.parent.name}/{path.name}")

    def go(self) -> None:
        """The whole part."""
        self.choose()
        self.describe()
        self.understand()
        self.report()
        self.board()
        # what comes next is about something else
        layer = self.book.layer(self.record.path)
        layer.removeSelection()
        QgsProject.instance().layerTreeRoot().findLayer(layer.id()).setItemVisibilityChecked(False)
