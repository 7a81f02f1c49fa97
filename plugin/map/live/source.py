"""What a live layer shows, kept in the layer itself so that it opens with its project, and is copied with the layer."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from qgis.core import QgsMapLayer

from ...twin.model import Extent
from ...twin.replies import without_query, without_userinfo

PROPERTY = "citytwin/live"


@dataclass(frozen=True)
class LiveSource:
    """Datastreams of one observed property of one service.

    ``service``: the SensorThings landing page's address, without secrets; ``connection``: a connection's name, "" where
    there is none, whose credentials are used for its own origin only; ``observed_property``: its id ("": all of them),
    ``title``: its name; ``extent``: in degrees of longitude and latitude (CRS84), None for everywhere;
    ``datastreams``: ids, only these are shown; None for all.
    """

    service: str
    connection: str
    observed_property: str
    title: str
    extent: Extent | None = None
    datastreams: tuple[str, ...] | None = None

    def as_text(self) -> str:
        """For the layer's custom property."""
        return json.dumps(
            {
                "service": _without_secrets(self.service),
                "connection": self.connection,
                "observed_property": self.observed_property,
                "title": self.title,
                "extent": self.extent,
                "datastreams": self.datastreams,
            },
            ensure_ascii=False,
        )

    @staticmethod
    def from_text(text: object) -> LiveSource | None:
        """None for what `as_text` did not write."""
        try:
            found = json.loads(text) if isinstance(text, str) else None
        except (ValueError, RecursionError):
            return None
        if not isinstance(found, dict):
            return None
        words = [found.get(name, "") for name in ("service", "connection", "observed_property", "title")]
        if not all(isinstance(word, str) for word in words) or "://" not in words[0]:
            return None
        extent, ids = _extent(found.get("extent")), found.get("datastreams")
        if isinstance(extent, str) or not (ids is None or isinstance(ids, list)):
            return None
        try:
            service = _without_secrets(words[0])
        except ValueError:
            return None
        chosen = None if ids is None else tuple(str(one) for one in ids)
        return LiveSource(service, words[1], words[2], words[3], extent, chosen)

    def shows(self, datastream: str) -> bool:
        """Whether the datastream of that id is among those that were chosen."""
        return self.datastreams is None or datastream in self.datastreams


def _without_secrets(url: str) -> str:
    """A service is where its path leads; names, passwords and keys in its address are nobody else's."""
    return without_query(without_userinfo(url))


def _extent(value: Any) -> Extent | str | None:
    """An extent, None for none, text for what is neither."""
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 4:
        return "no extent"
    if not all(isinstance(part, (int, float)) and math.isfinite(part) for part in value):
        return "no extent"
    west, south, east, north = (float(part) for part in value)
    return west, south, east, north


def source_of(layer: QgsMapLayer) -> LiveSource | None:
    """What ``layer`` shows live, None where it is no live layer."""
    text = layer.customProperty(PROPERTY)
    return LiveSource.from_text(text) if text else None


def mark(layer: QgsMapLayer, source: LiveSource) -> None:
    """Make ``layer`` the live layer of ``source``. Its content comes from `layers.LiveLayers`."""
    layer.setCustomProperty(PROPERTY, source.as_text())
