"""The walk through a package: which task comes next, what was looked at, and what is noted on the way. No window."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsExpressionContextUtils,
    QgsFeature,
    QgsGeometry,
    QgsProject,
    QgsVectorLayer,
    QgsVectorLayerUtils,
)

from ...map.layers import project_layers
from ...map.review import writing
from ...map.review.book import ReviewBook
from ...map.review.forms import AUTHOR
from ...review import schema, tasks
from ...review import vocabulary as words
from ...review.tasks import Task
from ...text import tr
from ...workcopy.columns import ID
from ...workcopy.excerpt import OFFICE
from ...workcopy.package import Package
from .on_map import crs_of, feature_of, geometry_of


@dataclass(frozen=True)
class Subject:
    """What a note can be about: ``place`` is a point in ``crs``; ``table`` and ``id`` name a feature, or are empty."""

    label: str
    place: QgsGeometry
    crs: QgsCoordinateReferenceSystem
    table: str = ""
    id: str = ""


class WalkPresenter:
    """Over the package at ``path``; "" while the project is none. Main thread; writing raises `NotWritten`."""

    def __init__(self, book: ReviewBook) -> None:
        self._book = book
        self.path = ""
        self._fid: int | None = None

    # -- where it stands

    def look_at(self, path: str) -> None:
        """The package that is walked through; it begins with the first task that is not done."""
        if path != self.path:
            self.path, self._fid = path, None
        if self.current is None:
            self._fid = next((task.fid for task in self.tasks if not task.done), None)
            if self._fid is None and self.tasks:
                self._fid = self.tasks[0].fid

    @property
    def package(self) -> Package | None:
        """What it is, for whom and until when."""
        return self._book.contents(self.path).this

    @property
    def tasks(self) -> tuple[Task, ...]:
        return self._book.contents(self.path).tasks

    @property
    def current(self) -> Task | None:
        """The task that is looked at now."""
        return next((task for task in self.tasks if task.fid == self._fid), None)

    @property
    def done(self) -> int:
        """How many tasks were looked at."""
        return sum(task.done for task in self.tasks)

    @property
    def place(self) -> int:
        """Which of the tasks it is, from 1; 0 without one."""
        return next((at + 1 for at, task in enumerate(self.tasks) if task.fid == self._fid), 0)

    def choose(self, fid: int | None) -> None:
        """Look at this task."""
        self._fid = fid

    def step(self, by: int) -> None:
        """The task ``by`` places on, round and round."""
        if self.tasks:
            self._fid = self.tasks[(self.place - 1 + by) % len(self.tasks)].fid

    def next_open(self) -> bool:
        """The next task that is not done; False where all are."""
        order = [*self.tasks[self.place :], *self.tasks[: self.place]]
        found = next((task for task in order if not task.done and task.fid != self._fid), None)
        if found is not None:
            self._fid = found.fid
        return found is not None

    def feature(self) -> tuple[QgsVectorLayer, QgsFeature] | None:
        """The layer and the feature that the task is about."""
        task = self.current
        return feature_of(self.path, task.collection, task.feature) if task is not None else None

    def spot(self) -> tuple[QgsGeometry, QgsCoordinateReferenceSystem] | None:
        """Where the task is: its feature's shape, else its point."""
        task, found = self.current, self.feature()
        if found is not None and found[1].hasGeometry():
            return found[1].geometry(), found[0].crs()
        shape = geometry_of(task.geometry) if task is not None else None
        return (shape, crs_of(self._book.contents(self.path).tasks_srid)) if shape is not None else None

    # -- what is written

    @property
    def author(self) -> str:
        """Who walks: as the project knows, as its forms do."""
        known = QgsExpressionContextUtils.projectScope(QgsProject.instance()).variable(AUTHOR)
        return str(known or (self.package.for_whom if self.package else "")).strip()

    def confirm(self) -> None:
        """The task was looked at and all is as the twin shows it; a feature gets a note that says so."""
        task, spot = self.current, self.spot()
        if task is None:
            return
        if task.collection and task.feature and spot is not None and not self._confirmed(task):
            shape, crs = spot
            self.note(
                Subject(task.label, shape.pointOnSurface(), crs, task.collection, task.feature), words.CONFIRMED, ""
            )
        self.tick(True)

    def tick(self, done: bool) -> None:
        """Mark the task as looked at, or take that back."""
        task, layer = self.current, self._layer(tasks.TABLE)
        if task is None or task.fid is None or task.done == done:
            return
        values = {
            tasks.DONE: done,
            tasks.DONE_AT: _now() if done else None,
            tasks.DONE_BY: (self.author or None) if done else None,
        }
        writing.change(layer, {task.fid: values}, tr("Look at {name}", name=task.label))

    def note(self, subject: Subject, kind: str, text: str, photos: tuple[str, ...] = ()) -> None:
        """A new review item about ``subject``; ``photos`` are names relative to the package's folder."""
        layer = self._layer(schema.POINTS)
        point = QgsGeometry(subject.place)
        try:
            point.transform(QgsCoordinateTransform(subject.crs, layer.crs(), QgsProject.instance()))
        except QgsCsException as error:
            raise writing.NotWritten(
                tr("The place cannot be brought to the layer's reference system. Nothing was written."),
                detail=str(error),
            ) from error
        values: dict[str, object] = {
            schema.KIND: kind,
            schema.TEXT: text or None,
            schema.STATUS: words.OPEN,
            schema.ABOUT: subject.table or None,
            schema.ABOUT_ID: subject.id or None,
            schema.ABOUT_LABEL: (subject.label or None) if subject.id else None,
            schema.AUTHOR: self.author or None,
            schema.NOTED: _now(),
            schema.KEY: str(uuid.uuid4()),
        }
        values.update(zip(schema.PHOTOS, photos))
        writing.add(layer, values, point, tr("Note: {kind}", kind=words.kind_title(kind)))

    def subjects(self, middle: QgsGeometry, crs: QgsCoordinateReferenceSystem) -> list[Subject]:
        """What a note can be about now: the task, a feature that is selected, ``middle`` of the map."""
        out = []
        task, spot = self.current, self.spot()
        if task is not None and spot is not None:
            shape, own = spot
            out.append(Subject(task.label, shape.pointOnSurface(), own, task.collection, task.feature))
        for layer in project_layers(Path(self.path)):
            at = layer.fields().lookupField(ID)
            table = str(layer.customProperty("citytwin/table") or "")
            if layer.selectedFeatureCount() != 1 or at < 0 or not table or table in schema.COLLECTIONS:
                continue
            (feature,) = layer.selectedFeatures()
            id = feature.attribute(at) or f"{OFFICE}{feature.id()}"
            known = {(subject.table, subject.id) for subject in out}
            if (table, str(id)) not in known and feature.hasGeometry():
                label = QgsVectorLayerUtils.getFeatureDisplayString(layer, feature) or str(id)
                place = feature.geometry().pointOnSurface()
                out.append(Subject(label, place, layer.crs(), table, str(id)))
        out.append(Subject(tr("The middle of the map"), middle, crs))
        return out

    def _confirmed(self, task: Task) -> bool:
        mine = (note.item for note in self._book.notes(self.path))
        return any(
            item.kind == words.CONFIRMED and (item.about, item.about_id) == (task.collection, task.feature)
            for item in mine
        )

    def _layer(self, table: str) -> QgsVectorLayer:
        layer = self._book.layer(self.path, table)
        if layer is None:
            raise writing.NotWritten(
                tr(
                    "The package's layer {table} is not in the project. Open {project} again, which has it.",
                    table=table,
                    project="review.qgz",
                )
            )
        return layer


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")
