"""The history of a live layer as a temporal layer, which QGIS's own Temporal Controller plays."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from qgis.core import (
    QgsFeature,
    QgsFeatureSink,
    QgsField,
    QgsFields,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsVectorLayer,
    QgsVectorLayerTemporalProperties,
)
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QDateTime, QLocale, QMetaType, QObject, QTimer

from ...sensors.series import Series
from ...sensors.thresholds import Threshold
from ...sensors.trend import UNKNOWN
from ...text import tr
from ...twin.errors import CityTwinError
from ...twin.progress import Progress, check
from ...twin.sensorthings import Datastream
from .. import foreign, tasks
from . import fields, playback_rows, style_tip
from .feed import Feed
from .playback_rows import Frames
from .source import source_of

VALID_FROM, VALID_UNTIL = "valid_from", "valid_until"
PROPERTY = "citytwin/playback"  # on the layer: start, step and number of frames
_SAMPLE = 5  # sensors that tell the rhythm
_BLOCK = 2000  # features added at a time, about 5 ms
_LONGEST_LEAD = 6 * 3600.0
_MANY = 300_000  # rows from which on a frame takes longer than most patience

Failed = Callable[[CityTwinError], None]


@dataclass(frozen=True)
class Estimate:
    """What playing back a period comes to. ``rhythm``: seconds between readings, None where too few tell;
    ``lead``: seconds before the period from which on readings tell what it begins with."""

    observations: int
    sensors: int
    rhythm: float | None
    step: int
    lead: float

    @property
    def heavy(self) -> bool:
        """Whether the animation will be slow."""
        return self.observations > _MANY


@dataclass(frozen=True)
class Built:
    """Rows that were made in a task."""

    features: list[QgsFeature]
    frames: Frames
    readings: int


def columns() -> QgsFields:
    """Those of a live layer, and when each row is shown."""
    found = fields.fields()
    for name in (VALID_FROM, VALID_UNTIL):
        found.append(QgsField(name, QMetaType.Type.QDateTime))
    return found


def estimate(
    feed: Feed,
    streams: Sequence[Datastream],
    start: float,
    end: float,
    *,
    done: Callable[[Estimate], None],
    failed: Failed,
    parent: QObject | None = None,
) -> tasks.TaskHandle:
    """Ask the history of a few of ``streams``, which tells the rhythm and how much there is."""
    some = _sample(streams)

    def read(found: dict[str, Series]) -> None:
        done(estimated([one.between(start, end) for one in found.values()], len(streams), end - start))

    return feed.history([stream.id for stream in some], start, end, done=read, failed=failed, parent=parent)


def estimated(sample: Sequence[Series], sensors: int, period: float) -> Estimate:
    """From the histories of a few."""
    count = round(sum(map(len, sample)) / len(sample) * sensors) if sample else 0
    interval = playback_rows.rhythm(sample)
    lead = max((playback_rows.patience(one.times)[1] for one in sample if len(one) > 2), default=3600.0)
    return Estimate(count, sensors, interval, playback_rows.step_for(interval, period), min(lead, _LONGEST_LEAD))


def _sample(streams: Sequence[Datastream]) -> list[Datastream]:
    """A few from all over, of those that say anything where there are any."""
    telling = [stream for stream in streams if stream.latest is not None] or list(streams)
    return telling[:: max(1, len(telling) // _SAMPLE)][:_SAMPLE]


def build(
    streams: Sequence[Datastream],
    history: Mapping[str, Series],
    frames: Frames,
    thresholds: Sequence[Threshold],
    progress: Progress,
) -> Built:
    """The rows of all ``streams``. In a task."""
    layout = columns()
    features: list[QgsFeature] = []
    readings = 0
    moments: dict[float, QDateTime | None] = {}

    def moment(seconds: float) -> QDateTime | None:
        found = moments.get(seconds)
        if found is None:
            found = moments[seconds] = fields.moment(seconds)
        return found

    for done, stream in enumerate(streams):
        series = history.get(stream.id)
        if series is None or not len(series):
            continue
        check(progress)
        progress.report(done, len(streams), tr("Making the frames…"))
        readings += len(series)
        shown = playback_rows.shown(series, frames, [one for one in thresholds if one.holds_for(stream)])
        cells = playback_rows.Cells(stream)
        named = (stream.id, stream.name, stream.thing.name, stream.observed_property.name)
        place = None
        if stream.position is not None:
            place = QgsGeometry.fromPointXY(QgsPointXY(*stream.position[:2]))
        rows = zip(
            shown.begins.tolist(), shown.ends.tolist(), shown.times.tolist(), shown.numbers.tolist(), shown.fresh,
            shown.exceeded.tolist(),
        )  # fmt: skip
        for begin, end, at, number, fresh, exceeded in rows:
            result, text, kind, klass = cells.of(number)
            feature = QgsFeature(layout)
            if place is not None:
                feature.setGeometry(place)
            feature.setAttributes(
                [
                    *named, result, text, series.unit, kind, moment(at), fresh, UNKNOWN, klass, exceeded,
                    moment(begin), moment(end),
                ]
            )  # fmt: skip
            features.append(feature)
    return Built(features, frames, readings)


def load(
    layer: QgsVectorLayer,
    feed: Feed,
    streams: Sequence[Datastream],
    frames: Frames,
    lead: float,
    thresholds: Sequence[Threshold],
    *,
    done: Callable[[QgsVectorLayer], None],
    failed: Failed,
    progress: Callable[[int, int | None, str], None] | None = None,
    note: Callable[[str], None] | None = None,
    parent: QObject | None = None,
) -> Loading:
    """Read the history of ``streams`` of the live ``layer`` and make the layer that plays it, in no project yet.

    ``note``: what the user should know of it, such as sensors that could not be read.
    """
    return Loading(layer, feed, streams, frames, lead, thresholds, done, failed, progress, note, parent)


class Loading(QObject):
    """Reading, making the rows, filling the layer; `cancel` ends it at any point and leaves nothing. Main thread."""

    def __init__(
        self,
        layer: QgsVectorLayer,
        feed: Feed,
        streams: Sequence[Datastream],
        frames: Frames,
        lead: float,
        thresholds: Sequence[Threshold],
        done: Callable[[QgsVectorLayer], None],
        failed: Failed,
        progress: Callable[[int, int | None, str], None] | None,
        note: Callable[[str], None] | None,
        parent: QObject | None,
    ) -> None:
        super().__init__(parent)
        self._live = layer
        self._streams = list(streams)
        self._frames = frames
        self._thresholds = tuple(thresholds)
        self._done = done
        self._failed = failed
        self._progress = progress or (lambda *_: None)
        self._over = False
        source = source_of(layer)
        self._title = source.title if source is not None and source.title else layer.name()
        ids = [stream.id for stream in streams]
        self._handle = feed.history(
            ids, frames.start - lead, frames.end, done=self._read, failed=self._fail, progress=self._progress,
            note=note, parent=self,
        )  # fmt: skip

    @property
    def running(self) -> bool:
        return not self._over

    def cancel(self) -> None:
        """Stop; nobody is told any more."""
        self._over = True
        self._handle.cancel()

    def _fail(self, error: CityTwinError) -> None:
        if not self._over:
            self._over = True
            self._failed(error)

    def _read(self, found: dict[str, Series]) -> None:
        if self._over:
            return
        streams, frames, thresholds = self._streams, self._frames, self._thresholds
        self._handle = tasks.run(
            tr("Making the frames of {layer}", layer=self._title),
            lambda progress: build(streams, found, frames, thresholds, progress),
            done=self._built,
            failed=self._fail,
            progress=self._progress,
            parent=self,
        )

    def _built(self, built: Built) -> None:
        if self._over:
            return
        if not built.features:
            self._fail(
                CityTwinError(
                    tr("The service has no observations of these sensors in that period. Choose another period.")
                )
            )
            return
        if sip.isdeleted(self._live):
            self._fail(CityTwinError(tr("The live layer was removed meanwhile, so nothing is played back.")))
            return
        layer = make(self._live, self._title, built.frames)
        self._add(layer, built.features, 0)

    def _add(self, layer: QgsVectorLayer, features: list[QgsFeature], at: int) -> None:
        if self._over:
            return
        until = time.perf_counter() + 0.01
        while at < len(features) and time.perf_counter() < until:
            layer.dataProvider().addFeatures(features[at : at + _BLOCK], QgsFeatureSink.Flag.FastInsert)
            at += _BLOCK
        self._progress(min(at, len(features)), len(features), tr("Filling the layer…"))
        if at < len(features):
            QTimer.singleShot(0, lambda: None if sip.isdeleted(self) else self._add(layer, features, at))
            return
        layer.updateExtents()
        self._over = True
        self._done(layer)


def make(live: QgsVectorLayer, title: str, frames: Frames) -> QgsVectorLayer:
    """The empty layer: looks like ``live``, and shows each row from its begin until its end."""
    layer = QgsVectorLayer("Point?crs=EPSG:4326", name(title, frames.start, frames.end), "memory")
    layer.dataProvider().addAttributes(columns().toList())
    layer.updateFields()
    # QGIS would ask at closing whether to keep what can be loaded again
    layer.setCustomProperty("skipMemoryLayersCheck", 1)
    layer.setCustomProperty(PROPERTY, f"{frames.start:.3f} {frames.step:.3f} {frames.count}")
    layer.setReadOnly(True)
    for column, alias in {**fields.aliases(), **_aliases()}.items():
        layer.setFieldAlias(layer.fields().lookupField(column), alias)
    layer.setDisplayExpression(f'"{fields.NAME}"')
    layer.setMapTipTemplate(style_tip.past())  # without one, QGIS shows names as HTML
    renderer = live.renderer()
    if renderer is not None:
        layer.setRenderer(renderer.clone())
    properties = layer.temporalProperties()
    properties.setMode(QgsVectorLayerTemporalProperties.TemporalMode.ModeFeatureDateTimeStartAndEndFromFields)
    properties.setStartField(VALID_FROM)
    properties.setEndField(VALID_UNTIL)
    properties.setIsActive(True)
    return layer


def name(title: str, start: float, end: float) -> str:
    """ "Traffic speed: 22-11-2026 14:00–15:00", in the user's own zone."""
    locale, short = QLocale(), QLocale.FormatType.ShortFormat
    begin, until = QDateTime.fromSecsSinceEpoch(int(start)), QDateTime.fromSecsSinceEpoch(int(end))
    last = locale.toString(until.time(), short)
    if begin.date() != until.date():
        last = f"{locale.toString(until.date(), short)} {last}"
    return tr(
        "{title}: {date} {start}–{end}",
        title=foreign.title(title),
        date=locale.toString(begin.date(), short),
        start=locale.toString(begin.time(), short),
        end=last,
    )


def add(layer: QgsVectorLayer, live: QgsVectorLayer) -> None:
    """Put ``layer`` into the project right above ``live``, which is hidden: both at once would show two times."""
    project = QgsProject.instance()
    project.addMapLayer(layer, False)
    root = project.layerTreeRoot()
    node = root.findLayer(live.id()) if not sip.isdeleted(live) else None
    if node is None or node.parent() is None:
        root.insertLayer(0, layer)
        return
    group = node.parent()
    group.insertLayer(group.children().index(node), layer)
    node.setItemVisibilityChecked(False)


def _aliases() -> dict[str, str]:
    return {VALID_FROM: tr("Shown from"), VALID_UNTIL: tr("Shown until")}
