"""What a pilot can be linked to: collections of its twins, and datastreams of the project's live layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from qgis.core import Qgis, QgsFeatureRequest, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QObject

from ...pilots.parts import DataLink
from ...text import tr
from ...twin.errors import CityTwinError
from ...twin.model import Collection
from ...twin.progress import Progress
from ...twin.replies import without_query, without_userinfo
from ...workcopy.copy import WorkingCopy
from .. import tasks
from ..live import fields
from ..live.source import LiveSource, source_of
from ..network import open_twin
from ..tasks import TaskHandle
from ..twins import Origin, origins_of

COLLECTION, DATASTREAM = "collection", "datastream"


@dataclass(frozen=True)
class Choice:
    """``link`` is what the pilot would keep; ``origin`` the twin or service that it is from, ``about`` a few words."""

    link: DataLink
    origin: str
    about: str = ""


class LinkSource:
    """Without a working copy and live layers it offers nothing: addresses can be typed all the same. Main thread."""

    def __init__(self, copy: WorkingCopy | None = None, project: QgsProject | None = None) -> None:
        self._copy = copy
        self._project = project

    def at_hand(self) -> tuple[Choice, ...]:
        """What needs no network: the working copy's tables, and the sensors of live layers (25 ms for 10,000)."""
        project = self._project or QgsProject.instance()
        found = list(self._tables())
        for layer in project.mapLayers().values():
            source = source_of(layer) if isinstance(layer, QgsVectorLayer) else None
            if source is not None:
                found += _streams(layer, source)
        return tuple({one.link.href: one for one in reversed(found)}.values())[::-1]

    def twins(self) -> tuple[Origin, ...]:
        """The twins whose catalogues can be read."""
        return origins_of(self._copy) if self._copy is not None else ()

    def read(
        self,
        origin: Origin,
        *,
        done: Callable[[tuple[Choice, ...]], None],
        failed: Callable[[CityTwinError], None],
        cancelled: Callable[[], None] | None = None,
        parent: QObject | None = None,
    ) -> TaskHandle:
        """Read the catalogue of a twin in a task; one of the callbacks is called in the main thread."""

        def work(progress: Progress) -> tuple[Choice, ...]:
            twin = open_twin(origin.connection, progress)
            twin.session.retries = 1  # somebody waits for it, and can try again
            return tuple(_choice(one, origin.title) for one in twin.collections())

        description = tr("Reading the catalogue of {name}", name=origin.title)
        return tasks.run(description, work, done=done, failed=failed, cancelled=cancelled, parent=parent)

    def _tables(self) -> Iterator[Choice]:
        if self._copy is None:
            return
        titles = {table: origin.title for origin in origins_of(self._copy) for table in origin.tables}
        for source in self._copy.sources:
            link = DataLink(source.title or source.collection, collection_url(source.items_url), COLLECTION)
            yield Choice(link, titles.get(source.table, source.url), tr("in the working copy"))


def collection_url(items_url: str) -> str:
    """A collection's own address, from that of its items; without names, passwords and keys."""
    return plain(items_url).rstrip("/").removesuffix("/items")


def plain(url: str) -> str:
    """``url`` without what is nobody else's."""
    try:
        return without_query(without_userinfo(url))
    except ValueError:
        return url


def datastream_url(service: str, datastream: str) -> str:
    """The address of a datastream of a SensorThings service, by its id."""
    key = datastream if datastream.isdecimal() else "'" + datastream.replace("'", "''") + "'"
    return f"{plain(service).rstrip('/')}/Datastreams({key})"


def _choice(one: Collection, origin: str) -> Choice:
    href = plain(one.self_url) if one.self_url else collection_url(one.items_url)
    return Choice(DataLink(one.title or one.id, href, COLLECTION), origin, " ".join(one.description.split()))


def _streams(layer: QgsVectorLayer, source: LiveSource) -> Iterator[Choice]:
    columns = [layer.fields().lookupField(name) for name in (fields.DATASTREAM, fields.NAME, fields.THING)]
    if min(columns) < 0:
        return
    request = QgsFeatureRequest().setFlags(Qgis.FeatureRequestFlag.NoGeometry).setSubsetOfAttributes(columns)
    for feature in layer.getFeatures(request):
        key, name, thing = (_text(feature[column]) for column in columns)
        if key:
            link = DataLink(name or thing or key, datastream_url(source.service, key), DATASTREAM)
            yield Choice(link, layer.name(), thing if thing != name else "")


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
