"""What goes outside: which layers, where, what lies below them, which tasks. No window."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from qgis.core import (
    QgsFeature,
    QgsFeatureRequest,
    QgsGeometry,
    QgsMapLayer,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
    QgsVectorLayerUtils,
    QgsVectorTileLayer,
)

from ...map.layers import origin_of, project_layers
from ...map.live.layers import LiveLayers
from ...map.live.snapshot import Snapshot, take
from ...map.pilots.session import blob
from ...map.review import background, places
from ...map.review.background import Background, Estimate
from ...map.review.book_reading import Note
from ...map.review.packaging import ZIP, Request, srid_of
from ...review import schema
from ...review import vocabulary as words
from ...review.tasks import Task
from ...text import tr
from ...twin.errors import CityTwinError
from ...twin.progress import Progress
from ...workcopy.columns import ID
from ...workcopy.copy import WorkingCopy
from ...workcopy.excerpt import OFFICE, Area
from ...workcopy.source import Source
from .on_map import crs_of, geometry_of

VISIBLE = "visible"  # a background of what the map shows
SELECTED, ITEMS = "selected", "items"  # tasks: selected features, review items
MOST_TASKS = 5000  # more is no list that anybody walks through


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

    def selected(self) -> list[tuple[QgsVectorLayer, list[QgsFeature]]]:
        """The selected features of the layers that go along."""
        out = []
        for layer in project_layers(self.copy.path):
            origin = origin_of(layer)
            if origin is not None and origin[1] in self.asked.tables and layer.selectedFeatureCount():
                out.append((layer, list(layer.getSelectedFeatures())[:MOST_TASKS]))
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

    def request(self) -> Request:
        """All of it. Raises `CityTwinError`."""
        target = self.target
        if target is None:
            raise CityTwinError(self.obstacle())
        asked = self.asked
        srid = srid_of(self.copy, asked.tables)
        return Request(
            target=target,
            tables=asked.tables,
            area=asked.area,
            title=asked.title.strip(),
            made_by=asked.made_by.strip(),
            for_whom=asked.for_whom.strip(),
            due=asked.due,
            tasks=tuple(self.tasks(srid)),
            tasks_srid=srid,
            background=self.background(),
            sensors=tuple(self._snapshots()) if asked.sensors else (),
            zipped=asked.zipped,
        )

    def tasks(self, srid: int) -> list[Task]:
        """The list of what to look at, its points in EPSG:``srid``. Raises `CityTwinError` where it is too long."""
        todo, out = self.asked.todo, []
        if todo == SELECTED:
            for layer, features in self.selected():
                out += [self._task(layer, feature, srid) for feature in features]
        elif todo == ITEMS:
            for note in self.waiting():
                item = note.item
                shape = geometry_of(item.geometry)
                place = _point(shape, note.srid, srid) if shape is not None else None
                why = item.answer if item.status == words.ACCEPTED and item.answer else item.text
                out.append(Task(item.label, why, item.about, item.about_id, geometry=place))
        elif todo:
            out = self._all_of(todo, srid)
        if len(out) > MOST_TASKS:
            raise CityTwinError(
                tr("That would be {n} tasks or more. Choose a smaller area, or select some features.", n=MOST_TASKS)
            )
        return out

    def _all_of(self, table: str, srid: int) -> list[Task]:
        found = project_layers(self.copy.path, table)
        if not found:
            raise CityTwinError(
                tr("The layer whose features are to be looked at is not in the project. Add it, then try again.")
            )
        layer, request = found[0], QgsFeatureRequest()
        shape = None
        if self.asked.area is not None:
            shape = places.shape_in(self.asked.area, layer.crs())
            request.setFilterRect(shape.boundingBox())
        out = []
        for feature in layer.getFeatures(request):
            if shape is None or shape.intersects(feature.geometry()):
                out.append(self._task(layer, feature, srid))
            if len(out) > MOST_TASKS:
                break
        return out

    def _task(self, layer: QgsVectorLayer, feature: QgsFeature, srid: int) -> Task:
        origin = origin_of(layer)
        at = layer.fields().lookupField(ID)
        id = feature.attribute(at) if at >= 0 else None
        label = QgsVectorLayerUtils.getFeatureDisplayString(layer, feature) or str(id or feature.id())
        code = layer.crs().authid().partition(":")[2]
        place = _point(feature.geometry(), int(code) if code.isdigit() else srid, srid)
        return Task(label, "", origin[1] if origin else "", str(id or f"{OFFICE}{feature.id()}"), geometry=place)

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


def _point(shape: QgsGeometry, own: int, srid: int) -> bytes | None:
    """Where a shape is, as the GeoPackage has it."""
    if shape.isNull() or shape.isEmpty():
        return None
    place = shape.pointOnSurface()
    place.transform(places.way(crs_of(own), crs_of(srid)))
    place.get().dropZValue()
    place.get().dropMValue()
    return blob(place, srid)
