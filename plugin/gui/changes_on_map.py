"""The changes that are chosen on the Changes page, on the map: drawn, zoomed to and flashed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qgis.core import QgsCoordinateReferenceSystem
from qgis.PyQt.QtCore import QObject

from ..map import tasks
from ..map.log import push, push_error
from ..text import tr
from ..workcopy.changes import Change
from .canvas_preview import MOST, CanvasPreview
from .change_reader import Reading

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

Chosen = Sequence[tuple[str, Change]]  # with the path of their working copy
_FLASHED = 200


class ChangesOnMap(QObject):
    """``readings`` are the page's own, by path."""

    def __init__(self, iface: QgisInterface, readings: Mapping[str, Reading], parent: QObject) -> None:
        super().__init__(parent)
        self._iface, self._readings = iface, readings
        self._crs: dict[int, QgsCoordinateReferenceSystem] = {}
        self.preview = CanvasPreview(iface.mapCanvas())

    def crs_of(self, srid: int) -> QgsCoordinateReferenceSystem:
        """The CRS of an EPSG code."""
        if srid not in self._crs:
            self._crs[srid] = QgsCoordinateReferenceSystem.fromEpsgId(srid)
        return self._crs[srid]

    def crs_for(self, path: str, change: Change) -> QgsCoordinateReferenceSystem:
        """The CRS that a change's geometries are in."""
        return self.crs_of(self._readings[path].copy.source(change.table).srid)

    def draw(self, chosen: Chosen) -> None:
        """Draw these, and these only."""
        self.preview.show([(change, self.crs_for(path, change)) for path, change in chosen[:MOST]])

    def clear(self) -> None:
        """Leave nothing on the map."""
        self.preview.clear()

    def zoom(self, chosen: Chosen) -> None:
        """Show them on the map."""
        self._with_box(chosen, self.preview.zoom)

    def zoom_to(self, path: str, table: str, at: tuple[float, float]) -> None:
        """Show a point of a table."""
        self.preview.zoom((*at, *at), self.crs_of(self._readings[path].copy.source(table).srid))

    def zoom_to_box(self, box: Sequence[float], srid: int) -> None:
        """Show a rectangle."""
        self.preview.zoom(box, self.crs_of(srid))

    def flash(self, chosen: Chosen) -> None:
        """Flash them, after moving the map there if it shows none of them."""

        def go(box: Sequence[float], crs: QgsCoordinateReferenceSystem) -> None:
            if not self.preview.sees(box, crs):
                self.preview.zoom(box, crs)
            self.preview.flash([(change, self.crs_for(path, change)) for path, change in chosen[:_FLASHED]])

        self._with_box(chosen, go)

    def _with_box(self, chosen: Chosen, then: Callable[[Any, QgsCoordinateReferenceSystem], None]) -> None:
        """Find out where the changes are, which may ask the file, and go on from there."""
        if not chosen:
            return
        path, first = chosen[0]
        copy, crs = self._readings[path].copy, self.crs_for(path, first)
        alike = [change for p, change in chosen if p == path and self.crs_for(p, change) == crs]

        def work(_progress: Any) -> Any:
            boxes = [box for box in map(copy.feature_box, alike) if box]
            columns = list(zip(*boxes))
            return (min(columns[0]), min(columns[1]), max(columns[2]), max(columns[3])) if boxes else None

        def done(box: Any) -> None:
            if box is None:
                push(self._iface, tr("This feature has no geometry, so there is nothing to show on the map."))
            else:
                then(box, crs)

        tasks.run(
            tr("Looking for changes"),
            work,
            done=done,
            failed=lambda error: push_error(self._iface, error),
            parent=self,
        )
