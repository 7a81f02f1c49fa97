"""What goes outside: which layers, where, what lies below them, which tasks. No window."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qgis.core import (
    QgsFeature,
    QgsGeometry,
    QgsMapLayer,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
    QgsVectorTileLayer,
)

from ...map.layers import origin_of, project_layers
from ...map.live.layers import LiveLayers
from ...map.live.snapshot import Snapshot, take
from ...map.review import background, places
from ...map.review.background import Background, Estimate
from ...map.review.book_reading import Note
from ...map.review.packaging import ZIP, Packed, Request, package_review, srid_of
from ...review import schema
from ...review import vocabulary as words
from ...text import tr
from ...twin.errors import CityTwinError
from ...twin.progress import Progress
from ...workcopy.copy import WorkingCopy
from ...workcopy.excerpt import Area
from ...workcopy.source import Source
from . import prepare_tasks
from .prepare_tasks import Gather

VISIBLE = "visible"  # a background of what the map shows
SELECTED, ITEMS = "selected", "items"  # tasks: selected features, review items


@dataclass(frozen=True)
class Asked:
    """What the user chose. ``under``: "", `VISIBLE`, or a file of tiles; ``todo``: "", `SELECTED`, `ITEMS`, or a table
    all of whose features in the area are looked at."""

    tables: tuple[str, ...] = ()
    area: Area | None = None
    title: str = ""
    made_by: str = ""
    for_whom: str = ""
    due: str = ""
    under: str = ""
    zoom: int = 18
    sensors: bool = False
    todo: str = ""
    folder: str = ""
    zipped: bool = True


class PreparePresenter:
    """Over one working copy. Main thread."""

    def __init__(self, copy: WorkingCopy, notes: Sequence[Note] = (), live: LiveLayers | None = None) -> None:
        self.copy = copy
        self.live = live
        self.asked = Asked()
        self._notes = notes
        self.expected: Estimate | None = None  # how large the background would be, as far as it is known
        self.trouble = ""  # why that cannot be told

    # -- what there is

    def sources(self) -> list[Source]:
        """The layers that can go along; review layers always do."""
        return [source for source in self.copy.sources if source.table not in schema.COLLECTIONS]

    def backgrounds(self) -> list[QgsMapLayer]:
        """The visible layers of the project that can lie below, from the top: pictures and tiles."""
        order = QgsProject.instance().layerTreeRoot().layerOrder()
        seen = {layer.id() for layer in QgsProject.instance().layerTreeRoot().checkedLayers()}
        kinds = (QgsRasterLayer, QgsVectorTileLayer)
        return [layer for layer in order if layer.id() in seen and isinstance(layer, kinds) and layer.isValid()]

    def live_layers(self) -> list[QgsVectorLayer]:
        """The live layers whose last values can go along."""
        return self.live.all() if self.live is not None else []

    def selected(self) -> list[QgsVectorLayer]:
        """The layers that go along and have selected features."""
        out = []
        for layer in project_layers(self.copy.path):
            origin = origin_of(layer)
            if origin is not None and origin[1] in self.asked.tables and layer.selectedFeatureCount():
                out.append(layer)
        return out

    def waiting(self) -> list[Note]:
        """The items that somebody should look at again: open questions, and what was accepted."""
        wanted = {words.ACCEPTED}
        return [
            note
            for note in self._notes
            if note.item.status in wanted or (note.item.status, note.item.kind) == (words.OPEN, words.QUESTION)
        ]

    # -- what is asked

    def ask(self, asked: Asked) -> None:
        """Take over what the user chose."""
        self.asked = asked

    @property
    def target(self) -> Path | None:
        """The folder of the package; one that is not there yet. None while nothing is chosen."""
        if not self.asked.folder or not self.asked.title.strip():
            return None
        wanted = Path(self.asked.folder).expanduser() / file_name(self.asked.title)
        found, number = wanted, 1
        while found.exists() or found.with_name(found.name + ZIP).exists():
            number += 1
            found = wanted.with_name(f"{wanted.name} {number}")
        return found

    def obstacle(self) -> str:
        """Why it cannot begin, in a sentence; "" where it can."""
        asked = self.asked
        if not asked.tables:
            return tr("Choose at least one layer to take along.")
        if not asked.title.strip():
            return tr("Give the review a title.")
        if not asked.folder:
            return tr("Choose where the package is to be saved.")
        if not Path(asked.folder).expanduser().is_dir():
            return tr("The folder {folder} is not there.", folder=asked.folder)
        if asked.under and self.trouble:
            return self.trouble
        if asked.under and self.expected is not None and self.expected.bytes > background.LIMIT:
            return background.too_large(self.expected, background.LIMIT).message
        return ""

    def measure(self) -> Callable[[Progress], Estimate | None]:
        """What finds out, in any thread, how large the background would be; None without one, or without a place."""
        wanted, copy, tables, area = self.background(), self.copy, self.asked.tables, self.asked.area

        def work(_progress: Progress) -> Estimate | None:
            bounds = places.bounds_of(copy, tables, area) if wanted is not None and tables else None
            return background.estimate(wanted, bounds) if wanted is not None and bounds is not None else None

        return work

    def background(self) -> Background | None:
        """What is drawn below."""
        if not self.asked.under:
            return None
        if self.asked.under == VISIBLE:
            layers = self.backgrounds()
            return background.background_of(layers, self.asked.zoom) if layers else None
        return Background(file=Path(self.asked.under), zoom=self.asked.zoom)

    # -- what is to be made

    def job(self) -> Callable[[Progress], Packed]:
        """What makes it, in any thread: raises as `package_review`. Raises `CityTwinError`."""
        target = self.target
        if target is None:
            raise CityTwinError(self.obstacle())
        asked, copy = self.asked, self.copy
        srid = srid_of(copy, asked.tables)
        todo = self.tasks(srid)
        request = Request(
            target=target,
            tables=asked.tables,
            area=asked.area,
            title=asked.title.strip(),
            made_by=asked.made_by.strip(),
            for_whom=asked.for_whom.strip(),
            due=asked.due,
            tasks_srid=srid,
            background=self.background(),
            sensors=tuple(self._snapshots()) if asked.sensors else (),
            zipped=asked.zipped,
        )
        return lambda progress: package_review(copy, replace(request, tasks=tuple(todo(progress))), progress)

    def tasks(self, srid: int) -> Gather:
        """What gathers the list of what to look at, its points in EPSG:``srid``. Raises `CityTwinError`."""
        todo = self.asked.todo
        if todo == SELECTED:
            return prepare_tasks.of_layers(self.selected(), srid, selected=True)
        if todo == ITEMS:
            return prepare_tasks.of_notes(self.waiting(), srid)
        if not todo:
            return prepare_tasks.nothing
        found = project_layers(self.copy.path, todo)
        if not found:
            raise CityTwinError(
                tr("The layer whose features are to be looked at is not in the project. Add it, then try again.")
            )
        return prepare_tasks.of_layers(found[:1], srid, area=self.asked.area)

    def _snapshots(self) -> list[Snapshot]:
        out = []
        for layer in self.live_layers():
            feed = self.live.feed_of(layer) if self.live is not None else None
            if feed is not None:
                out.append(take(layer, feed))
        return out


def file_name(title: str) -> str:
    """A title as the name of a folder on any system."""
    plain = unicodedata.normalize("NFC", title)
    kept = re.sub(r'[<>:"/\\|?*\x00-\x1f]+', " ", plain)
    return " ".join(kept.split()).strip(". ")[:60].strip() or tr("Field review")


def area_of(layer: QgsVectorLayer, feature: QgsFeature) -> Area | None:
    """A feature's outline as the area of a package; None where it has none."""
    shape = feature.geometry()
    code = layer.crs().authid().partition(":")[2]
    if shape.isNull() or shape.isEmpty() or not code.isdigit():
        return None
    flat = QgsGeometry(shape)
    flat.get().dropZValue()
    flat.get().dropMValue()
    return Area(bytes(flat.asWkb()), int(code))


def box_of(extent: tuple[float, float, float, float], srid: int) -> Area:
    """A rectangle, east/north, as the area of a package."""
    return Area(bytes(QgsGeometry.fromRect(QgsRectangle(*extent)).asWkb()), srid)
