"""Live layers made by hand: the columns of the real ones, rows of every kind."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsGeometry,
    QgsMemoryProviderUtils,
    QgsPointXY,
    QgsVectorLayer,
    QgsWkbTypes,
)

from plugin.map.live import fields
from plugin.sensors import norms
from plugin.sensors.live import Live
from plugin.sensors.thresholds import Threshold
from plugin.twin.sensorthings import Datastream, Observation, ObservedProperty, Thing, Unit

NOW = 1_790_000_000.0
_WEST, _SOUTH, _WIDE, _HIGH = 4.35, 51.86, 0.25, 0.11


def stream(
    number: int, of: str = "NO2", unit: str = "µg/m³", *, kind: str = "OM_Measurement", name: str | None = None
) -> Datastream:
    """One datastream somewhere in Rotterdam."""
    where = random.Random(number)
    return Datastream(
        id=str(number),
        key=str(number),
        name=f"{of} at station {number}" if name is None else name,
        description="",
        unit=Unit("", unit, "") if unit else None,
        observed_property=ObservedProperty("1", of, "", ""),
        thing=Thing(str(number), f"Station {number}", ""),
        position=(_WEST + _WIDE * where.random(), _SOUTH + _HIGH * where.random(), None),
        observation_type=f"http://www.opengis.net/def/observationType/OGC-OM/2.0/{kind}",
        topic=f"v1.1/Datastreams({number})/Observations",
        latest=None,
        self_link="",
    )


def city(
    streams: Sequence[Datastream],
    results: Iterable[object],
    *,
    ages: Sequence[float] = (10.0,),
    thresholds: Sequence[Threshold] = (),
) -> tuple[QgsVectorLayer, Live]:
    """A layer and the state of its datastreams, of which each has a result every minute, the last of it the given one
    ``ages`` seconds ago (in turn); a result `...` stands for no observation."""
    live = Live(clock=lambda: NOW)
    live.watch(thresholds)
    live.add(streams)
    for index, (each, result) in enumerate(zip(streams, results)):
        last = NOW - ages[index % len(ages)]
        for back in range(8, -1, -1):
            if result is ...:
                break
            moved = (
                result + (index % 3 - 1) * -0.7 * back if isinstance(result, float) and 0 < result < 9000 else result
            )
            live.put(each.id, Observation(None, last - 60 * back, last - 60 * back, moved, None), last - 60 * back + 1)
    layer = QgsMemoryProviderUtils.createMemoryLayer(
        streams[0].observed_property.name,
        fields.fields(),
        QgsWkbTypes.Type.Point,
        QgsCoordinateReferenceSystem("EPSG:4326"),
    )
    layer.dataProvider().addFeatures([_feature(layer, each, live) for each in streams])
    layer.updateExtents()
    return layer, live


def _feature(layer: QgsVectorLayer, each: Datastream, live: Live) -> QgsFeature:
    latest = live.latest(each.id)
    feature = QgsFeature(layer.fields())
    feature.setAttributes(fields.row(each, latest or fields.nothing_yet(each), norms.fit(each)))
    feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(each.position[0], each.position[1])))
    return feature


class OneFeed:
    """What map tips ask of live layers, for one layer."""

    def __init__(self, layer: QgsVectorLayer, live: Live) -> None:
        self._layer = layer
        self.live = live

    def feed_of(self, layer: QgsVectorLayer) -> OneFeed | None:
        return self if layer.id() == self._layer.id() else None
