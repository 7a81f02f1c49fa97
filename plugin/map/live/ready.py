"""Features of live layers made beforehand: by the thread that reads the sensors, so that the main thread need not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from qgis.core import QgsFeature, QgsFields, QgsGeometry, QgsPointXY

from ...sensors import norms
from ...sensors.live import Live
from ...sensors.norms import Fit
from ...sensors.state import Latest
from ...twin.sensorthings import Datastream
from . import fields


class Ready(NamedTuple):
    """A datastream, its state at that moment, and the feature that shows it, which is in no layer yet."""

    stream: Datastream
    fit: Fit | None
    latest: Latest
    feature: QgsFeature


def make(live: Live, columns: QgsFields, streams: Iterable[Datastream]) -> Iterator[Ready]:
    """For those of ``streams`` that have a place. In any thread.

    Each call of QGIS lets Python's lock go: beside a busy thread the main thread would wait for it six times a feature.
    """
    placed = [stream for stream in streams if stream.position is not None]
    for stream, known in zip(placed, live.states(stream.id for stream in placed)):
        latest = known or fields.nothing_yet(stream)
        fit = norms.fit(stream)
        feature = QgsFeature(columns)
        feature.setGeometry(point(stream))
        feature.setAttributes(fields.row(stream, latest, fit))
        yield Ready(stream, fit, latest, feature)


def point(stream: Datastream) -> QgsGeometry:
    """Where it stands, in degrees of longitude and latitude."""
    return QgsGeometry.fromPointXY(QgsPointXY(*stream.position[:2])) if stream.position is not None else QgsGeometry()
