"""An attribute table that is open on a live layer, and whatever else keeps its features: told of what changed.

Rows are written into the provider, of which nobody hears. Caches of features (attribute tables, snapping) listen to
what a layer tells of edits, so that is told: cell by cell, which leaves selection and scroll position where they are,
while "all has changed" would have a table read everything again. It takes about 10 µs a cell, and half a millisecond
where forms are shown, so it is told in slices; what changes again before its turn is told once.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from time import perf_counter

from qgis.core import NULL, QgsGeometry, QgsVectorLayer

from . import fields
from .fields import Cells


class Onlookers:
    """Of one layer. Main thread. ``age`` gives that of a feature by its id, in seconds; None where it has none."""

    def __init__(self, layer: QgsVectorLayer, age: Callable[[int], int | None]) -> None:
        self._layer = layer
        self._age = age
        self._changes: OrderedDict[int, Cells] = OrderedDict()

    def there(self) -> bool:
        """Whether anybody listens."""
        return bool(self._layer.receivers(self._layer.attributeValueChanged))

    def note(self, changes: Mapping[int, Cells]) -> None:
        """These cells have changed."""
        if self.there():
            for fid, cells in changes.items():
                self._changes.setdefault(fid, {}).update(cells)

    def tell(self, budget: float) -> bool:
        """Tell for about ``budget`` seconds; True where there is more to tell."""
        layer, changes = self._layer, self._changes
        if not changes:
            return False
        if not self.there():
            changes.clear()
            return False
        if layer.isEditable():
            return False  # what a user is writing there counts more, until that is saved
        age = layer.fields().lookupField(fields.AGE)
        changed = layer.attributeValueChanged
        stop = perf_counter() + budget
        while changes:
            fid, cells = changes.popitem(last=False)
            while cells and perf_counter() < stop:
                column, value = cells.popitem()
                # each time another thread may have Python's lock for a while
                changed.emit(fid, column, NULL if value is None else value)
            if cells:
                changes[fid] = cells
                changes.move_to_end(fid, last=False)
                break
            if age >= 0:
                old = self._age(fid)
                changed.emit(fid, age, NULL if old is None else old)
            if perf_counter() > stop:
                break
        return bool(changes)

    def came(self, fids: Iterable[int]) -> None:
        """Features were added."""
        if self._layer.receivers(self._layer.featureAdded):
            for fid in fids:
                self._layer.featureAdded.emit(fid)

    def moved(self, places: Mapping[int, QgsGeometry]) -> None:
        """Features have another place."""
        if self._layer.receivers(self._layer.geometryChanged):
            for fid, place in places.items():
                self._layer.geometryChanged.emit(fid, place)

    def gone(self, fids: Iterable[int]) -> None:
        """Features were deleted. Python cannot send the signal that tables wait for: they read everything again."""
        for fid in fids:
            self._changes.pop(fid, None)
        if self.there():
            self._layer.dataChanged.emit()

    def all_anew(self) -> None:
        """Everything is another."""
        self._changes.clear()
        if self.there():
            self._layer.dataChanged.emit()
