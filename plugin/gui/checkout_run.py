"""A checkout as the catalogue page does it: which file, the task, and what happens with what it brought."""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from qgis.core import QgsProject, QgsSettings
from qgis.PyQt.QtCore import QObject, QStandardPaths, pyqtSignal

from ..map import layers, tasks
from ..map.connections import Connection
from ..map.network import open_twin
from ..map.processes import python_that_helps
from ..review.carrying import carry
from ..text import number, tr, trn
from ..twin.errors import CityTwinError
from ..twin.model import Extent
from ..twin.progress import Progress
from ..workcopy.checkout import CheckoutReport, checkout
from . import catalogue_wording as wording

_FOLDER = "citytwin/checkoutFolder"


def proposed_path(name: str, project: QgsProject | None = None) -> Path:
    """A file that does not exist yet, named after the twin: beside the project, in the last folder or in Documents."""
    project = project or QgsProject.instance()
    last = str(QgsSettings().value(_FOLDER, "", type=str))
    documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    folder = next(
        (Path(place) for place in (project.absolutePath(), last, documents) if place and Path(place).is_dir()),
        Path.home(),
    )
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "city-twin"
    path = folder / f"{stem}.gpkg"
    number = 2
    while path.exists():
        path = folder / f"{stem}-{number}.gpkg"
        number += 1
    return path


def file_fault(path: Path | None) -> str:
    """What is wrong with the file that was chosen, as a sentence; "" where nothing is."""
    if path is None or not path.name:
        return tr("Choose a file for the working copy.")
    if not path.parent.is_dir():
        return tr("The folder {folder} does not exist. Choose another.", folder=path.parent)
    if layers.project_layers(path):
        return tr("{file} is open in this project. Choose another name, or remove its layers first.", file=path.name)
    return ""


class CheckoutRun(QObject):
    """One checkout at a time. Main thread. Exactly one of ``finished``, ``failed``, ``cancelled`` follows `start`."""

    progressed = pyqtSignal(int, int, str)  # done, total (-1: not known), sentence
    finished = pyqtSignal(object, float)  # CheckoutReport, seconds
    failed = pyqtSignal(object)  # CityTwinError
    cancelled = pyqtSignal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._handle: tasks.TaskHandle | None = None

    @property
    def running(self) -> bool:
        return self._handle is not None

    def start(
        self,
        connection: Connection,
        collections: Sequence[str],
        path: Path,
        area: tuple[Extent, int] | None,
        replace_file: bool,
    ) -> None:
        """``area`` is an east/north box and its EPSG code, None for everything."""
        began = time.monotonic()
        extent, srid = area if area is not None else (None, 4326)
        QgsSettings().setValue(_FOLDER, str(path.parent))

        def work(progress: Progress) -> CheckoutReport:
            return checkout(
                open_twin(connection, progress),
                collections,
                path,
                extent=extent,
                extent_srid=srid,
                progress=progress,
                replace_file=replace_file,
                carry=carry,
                python=python_that_helps(),
            )

        def done(report: CheckoutReport) -> None:
            self._handle = None
            self.finished.emit(report, time.monotonic() - began)

        def failed(error: CityTwinError) -> None:
            self._handle = None
            self.failed.emit(error)

        def cancelled() -> None:
            self._handle = None
            self.cancelled.emit()

        self._handle = tasks.run(
            tr("Checking out from {name}", name=connection.name),
            work,
            done=done,
            failed=failed,
            cancelled=cancelled,
            progress=lambda now, total, text: self.progressed.emit(now, -1 if total is None else total, text),
            note=lambda text: self.progressed.emit(0, -1, text),
            parent=self,
        )

    def cancel(self) -> None:
        if self._handle is not None:
            self._handle.cancel()


def outcome(report: CheckoutReport, seconds: float) -> tuple[str, str]:
    """The sentence for the message bar, and the details: counts by layer, and problems."""
    features = trn(
        "{count} feature", "{count} features", report.feature_count, count=wording.number(report.feature_count)
    )
    collections = trn("{n} collection", "{n} collections", len(report.layers))
    text = tr(
        "Checked out {features} of {collections} into {file} in {seconds} s.",
        features=features,
        collections=collections,
        file=report.path.name,
        seconds=number(seconds, ".1f"),
    )
    if report.problems:
        text += " " + trn("There is {n} thing to know.", "There are {n} things to know.", len(report.problems))
    lines = [
        tr(
            "{title}: {count} features in {seconds} s",
            title=one.title,
            count=wording.number(one.count),
            seconds=number(one.seconds, ".1f"),
        )
        for one in report.layers
    ]
    return text, "\n".join([*lines, *report.problems])
