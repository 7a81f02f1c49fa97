"""A live layer as it is at one moment, kept in a GeoPackage: for the field, and as evidence."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qgis.core import (
    Qgis,
    QgsFeatureRenderer,
    QgsLayerTreeGroup,
    QgsProject,
    QgsVectorLayer,
    QgsVectorLayerFeatureSource,
)
from qgis.PyQt.QtCore import QDateTime, QLocale, QMetaType, QObject, QTimer

from ...text import tr
from ...twin.errors import CityTwinError
from ...twin.progress import Progress, check
from ...twin.sta import times
from .. import foreign, styles, tasks
from ..flush import flush
from ..log import log
from ..opening import ogr_layer
from . import fields, snapshot_file, style, style_tip
from .feed import Feed
from .snapshot_file import Position, Row, Table
from .source import source_of

PROPERTY = "citytwin/snapshot"  # on the layer: when it was taken, RFC 3339
_GROUP = "citytwin/snapshots"
SNAPSHOT_TIME, AGE, SERVICE, LINK = "snapshot_time", "age_s", "service", "datastream_url"
_KINDS = {
    QMetaType.Type.QString: "text",
    QMetaType.Type.Double: "number",
    QMetaType.Type.Int: "integer",
    QMetaType.Type.QDateTime: "time",
}
_LONGEST = 60  # letters of a title in the table's name


@dataclass(frozen=True)
class Snapshot:
    """What was copied of a live layer at ``taken`` (seconds since 1970 UTC). The ``features`` are read in a task: they
    are those of the moment, whatever comes in meanwhile. ``links``: the address of each datastream, by its id."""

    title: str
    taken: float
    service: str
    observed_property: str
    features: QgsVectorLayerFeatureSource
    columns: tuple[tuple[str, str], ...]
    renderer: QgsFeatureRenderer | None
    links: dict[str, str]

    @property
    def time(self) -> str:
        """RFC 3339, UTC, to the second."""
        return utc(self.taken)

    @property
    def name(self) -> str:
        """ "NO₂: snapshot of 14:05 on 22-11-2026", in the user's own zone."""
        return layer_name(self.title, self.taken)


@dataclass(frozen=True)
class Written:
    """``table`` in ``path``, with as many ``rows``."""

    path: Path
    table: str
    rows: int


def utc(seconds: float) -> str:
    """RFC 3339, UTC, to the second."""
    return times.written(int(seconds))


def layer_name(title: str, taken: float) -> str:
    """What a snapshot of ``taken`` (seconds since 1970 UTC) is called in the layer tree."""
    local, locale = QDateTime.fromSecsSinceEpoch(int(taken)), QLocale()
    short = QLocale.FormatType.ShortFormat
    day, clock = locale.toString(local.date(), short), locale.toString(local.time(), short)
    return tr("{title}: snapshot of {time} on {date}", title=foreign.title(title), time=clock, date=day)


def table_name(title: str, taken: float) -> str:
    """``<title>_<UTC time>``: letters, digits and low lines, so that every program can write it."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    words = re.sub(r"\W+", "_", plain).strip("_")[:_LONGEST] or "snapshot"
    if words[0].isdigit() or words.lower().startswith(("twin_", "gpkg_", "rtree_", "sqlite_")):
        words = f"snapshot_{words}"
    return f"{words}_{re.sub('[-:]', '', utc(taken))}"


def take(layer: QgsVectorLayer, feed: Feed, title: str = "") -> Snapshot:
    """Copy what ``layer`` shows now; at once, however many features it has. Main thread. Raises `CityTwinError`."""
    source = source_of(layer)
    if source is None:
        raise CityTwinError(tr("{layer} is no live layer. Choose one.", layer=layer.name()))
    if not layer.featureCount():
        raise CityTwinError(
            tr("{layer} has no sensors yet, so there is nothing to keep. Wait until it is filled.", layer=layer.name())
        )
    streams = feed.datastreams(source)
    # just after the layer was made it may still have QGIS's own looks
    style.apply(layer, streams)
    columns = tuple(
        (field.name(), _KINDS.get(QMetaType.Type(field.type()), "text"))
        for field in layer.fields()
        if field.name() != fields.AGE
    )
    return Snapshot(
        title=title.strip() or layer.name(),
        taken=feed.live.now(),
        service=feed.url,
        observed_property=source.title,
        features=QgsVectorLayerFeatureSource(layer),
        columns=columns,
        renderer=layer.renderer().clone() if layer.renderer() is not None else None,
        links={stream.id: stream.self_link for stream in streams},
    )


def write(snapshot: Snapshot, path: Path, progress: Progress) -> Written:
    """Write it as a table of its own into the GeoPackage at ``path``, which is made where there is none. In a task.

    Raises `CityTwinError`, and nothing was written.
    """
    rows = list(_rows(snapshot, progress))
    added = ((SNAPSHOT_TIME, "time"), (AGE, "number"), (SERVICE, "text"), (LINK, "text"))
    table = Table(
        name=table_name(snapshot.title, snapshot.taken),
        title=snapshot.title,
        description=tr(
            "Snapshot of the live sensors {title} at {time}, from {service}. Times are in UTC.",
            title=snapshot.title,
            time=snapshot.time,
            service=snapshot.service,
        ),
        columns=(*snapshot.columns, *added),
        about={
            "SNAPSHOT_TIME": snapshot.time,
            "SENSORTHINGS_SERVICE": snapshot.service,
            "OBSERVED_PROPERTY": snapshot.observed_property,
            "MADE_BY": "City Twin Workbench",
        },
    )
    name = snapshot_file.write(path, table, rows, progress)
    flush(path)
    return Written(path, name, len(rows))


def _rows(snapshot: Snapshot, progress: Progress) -> Iterator[tuple[Position | None, Row]]:
    names = [name for name, _kind in snapshot.columns]
    time, id = names.index(fields.TIME), names.index(fields.DATASTREAM)
    for number, feature in enumerate(snapshot.features.getFeatures()):
        if number % 1000 == 0:
            check(progress)
        values = [plain(feature.attribute(name)) for name in names]
        observed = feature.attribute(time)
        age = None
        if isinstance(observed, QDateTime) and observed.isValid():
            age = round(snapshot.taken - observed.toMSecsSinceEpoch() / 1000, 3)
        position = None
        if feature.hasGeometry() and not feature.geometry().isEmpty():
            point = feature.geometry().asPoint()
            position = (point.x(), point.y())
        yield (
            position,
            (*values, moment_text(snapshot.taken), age, snapshot.service, snapshot.links.get(values[id], "")),
        )


def plain(value: Any) -> Any:
    """An attribute as SQLite takes it; NULL of either Qt is None."""
    if isinstance(value, QDateTime):
        return moment_text(value.toMSecsSinceEpoch() / 1000) if value.isValid() else None
    if value is None or isinstance(value, (str, int, float)):
        return value
    return None


def moment_text(seconds: float) -> str:
    """A point in time as GeoPackage writes it, to the millisecond."""
    text = times.written(seconds)
    return text if "." in text else f"{text[:-1]}.000Z"


def keep(
    layer: QgsVectorLayer,
    feed: Feed,
    path: Path,
    *,
    title: str = "",
    done: Callable[[QgsVectorLayer | None, Written], None],
    failed: Callable[[CityTwinError], None],
    parent: QObject | None = None,
) -> tasks.TaskHandle | None:
    """Take a snapshot of ``layer``, write it to ``path`` in a task, and add it to the project. Main thread.

    ``done`` gets the new layer (None where QGIS cannot open it) and what was written.
    """
    try:
        snapshot = take(layer, feed, title)
    except CityTwinError as error:
        failed(error)
        return None
    beside = layer.id()

    def written(found: Written) -> None:
        # opening a table takes a while, and so does what the task's end does: not in one turn
        QTimer.singleShot(0, lambda: done(show(snapshot, found, beside), found))

    return tasks.run(
        tr("Keeping a snapshot of {layer}", layer=layer.name()),
        lambda progress: write(snapshot, path, progress),
        done=written,
        failed=failed,
        parent=parent,
    )


def show(snapshot: Snapshot, written: Written, beside: str = "") -> QgsVectorLayer | None:
    """Add the table to the project, as the live layer looked, in the group of snapshots. Nobody edits evidence: the
    layer is read-only. None where QGIS cannot open it, which the log says."""
    uri = f"{written.path}|layername={written.table}"
    layer = ogr_layer(uri, snapshot.name)
    if not layer.isValid():
        log(f"{uri}: {layer.error().message()}", Qgis.MessageLevel.Critical)
        return None
    if snapshot.renderer is not None:
        layer.setRenderer(snapshot.renderer.clone())
    for name, alias in {**fields.aliases(), **_aliases()}.items():
        layer.setFieldAlias(layer.fields().lookupField(name), alias)
    layer.setDisplayExpression(f'"{fields.NAME}"')
    layer.setMapTipTemplate(style_tip.past())  # without one, QGIS shows names as HTML
    layer.setCustomProperty(PROPERTY, snapshot.time)
    metadata = layer.metadata()
    metadata.setTitle(snapshot.name)
    metadata.setAbstract(
        tr(
            "Snapshot of the live sensors {title} at {time}, from {service}. Times are in UTC.",
            title=snapshot.title,
            time=snapshot.time,
            service=snapshot.service,
        )
    )
    layer.setMetadata(metadata)
    layer.setReadOnly(True)
    QgsProject.instance().addMapLayer(layer, False)
    node = _group(beside).insertLayer(0, layer)
    node.setExpanded(False)
    # not in this turn: it writes to the file
    QTimer.singleShot(0, lambda: _keep_style(layer.id()))
    return layer


def _aliases() -> dict[str, str]:
    return {
        SNAPSHOT_TIME: tr("Snapshot taken"),
        AGE: tr("Age (s)"),
        SERVICE: tr("Service"),
        LINK: tr("Datastream's address"),
    }


def _keep_style(id: str) -> None:
    layer = QgsProject.instance().mapLayer(id)
    if not isinstance(layer, QgsVectorLayer):
        return
    message = styles.save_as_default(layer)
    if message:
        log(f"{layer.source()}: {message}", Qgis.MessageLevel.Warning)


def _group(beside: str) -> QgsLayerTreeGroup:
    """The group of snapshots; a new one comes right below the group of the live layer."""
    root = QgsProject.instance().layerTreeRoot()
    for group in root.findGroups(True):
        if group.customProperty(_GROUP):
            return group
    node = root.findLayer(beside)
    while node is not None and node.parent() is not None and node.parent() is not root:
        node = node.parent()
    children = root.children()
    group = root.insertGroup(children.index(node) + 1 if node in children else 0, tr("Snapshots"))
    group.setCustomProperty(_GROUP, "1")
    return group
