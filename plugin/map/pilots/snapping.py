"""Snapping to edges that matter to a pilot area, for as long as it is drawn; then the user's own comes back.

It is switched in the map's snapping alone. The project's configuration is never written, so nothing of this can be
saved with it, and nothing is left of it should QGIS end meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from qgis.core import Qgis, QgsMapLayer, QgsProject, QgsSnappingConfig, QgsSnappingUtils, QgsVectorLayer
from qgis.gui import QgsMapCanvas
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject

from ...pilots import roles
from ...workcopy.copy import WorkingCopy
from ..layers import origin_of
from . import mappings

TOLERANCE = 12.0  # pixels
_LONG = 5  # letters from which a word is also found inside another: Dutch writes compounds as one
_PARCELS = ("parcel", "parcels", "perceel", "percelen", "kadaster", "cadastre", "cadastral", "kadastrale")
_AREAS = ("district", "wijk", "wijken", "stadsdeel", "neighbourhood", "neighborhood", "buurt", "buurten", "borough",
          "pilots")  # fmt: skip


def edge_layers(canvas: QgsMapCanvas, copies: Sequence[WorkingCopy]) -> list[QgsVectorLayer]:
    """The layers on the map whose edges a pilot may follow: districts, parcels and pilots. Main thread."""
    return [layer for layer in canvas.layers() if isinstance(layer, QgsVectorLayer) and _is_edge(layer, copies)]


def _is_edge(layer: QgsVectorLayer, copies: Sequence[WorkingCopy]) -> bool:
    if layer.geometryType() not in (Qgis.GeometryType.Polygon, Qgis.GeometryType.Line):
        return False
    origin = origin_of(layer)
    if origin is not None:
        for copy in copies:
            source = next((one for one in copy.sources if one.table == origin[1]), None)
            if copy.path != origin[0] or source is None:
                continue
            if mappings.of_source(source) is not None or roles.role_of(source) == roles.DISTRICTS:
                return True
            return _speaks_of(f"{source.collection} {source.title}", _PARCELS)
    return _speaks_of(layer.name(), (*_AREAS, *_PARCELS))


def _speaks_of(text: str, words: Sequence[str]) -> bool:
    found = [word for word in re.split(r"[\W_]+", text.lower()) if word]
    return any(word == one or (len(word) >= _LONG and word in one) for word in words for one in found)


class EdgeSnapping(QObject):
    """`start` and `stop` as often as one likes; layers that leave the project are let go at once."""

    def __init__(self, canvas: QgsMapCanvas, parent: QObject) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._utils: QgsSnappingUtils | None = None
        self._layers: list[QgsVectorLayer] = []
        self._before: QgsSnappingConfig | None = None
        self._busy = False

    @property
    def on(self) -> bool:
        return self._before is not None

    def start(self, layers: Sequence[QgsVectorLayer]) -> None:
        """Snap to vertices and edges of ``layers``, and to nothing else."""
        self._layers = list(layers)
        if self._before is None:
            self._utils = self._canvas.snappingUtils()
            if self._utils is None:
                return
            self._before = QgsSnappingConfig(self._utils.config())
            self._utils.configChanged.connect(self._overruled)
            QgsProject.instance().layersWillBeRemoved.connect(self._leaving)
        self._apply()

    def stop(self) -> None:
        """Put back what the user had. Ending twice does no harm."""
        before, self._before = self._before, None
        utils, self._utils = self._utils, None
        self._layers = []
        if before is None:
            return
        QgsProject.instance().layersWillBeRemoved.disconnect(self._leaving)
        if utils is not None and not sip.isdeleted(utils):
            utils.configChanged.disconnect(self._overruled)
            utils.setConfig(before)

    def _apply(self) -> None:
        if self._utils is None or sip.isdeleted(self._utils):
            return
        self._busy = True
        self._utils.setConfig(config_for(self._layers))
        self._busy = False

    def _overruled(self) -> None:
        """The user (or the project) set another: that is what comes back in the end."""
        if not self._busy and self._utils is not None:
            self._before = QgsSnappingConfig(self._utils.config())
            self._apply()

    def _leaving(self, ids: Sequence[str]) -> None:
        """A configuration names layers by their address: none may outlive its layer."""
        gone: list[QgsMapLayer] = [layer for layer in map(QgsProject.instance().mapLayer, ids) if layer is not None]
        if self._before is not None:
            self._before.removeLayers(gone)
        if any(layer.id() in ids for layer in self._layers):
            self._layers = [layer for layer in self._layers if layer.id() not in ids]
            self._apply()


def config_for(layers: Sequence[QgsVectorLayer]) -> QgsSnappingConfig:
    """Vertices and segments of ``layers``, within some pixels."""
    config = QgsSnappingConfig()
    config.setEnabled(True)
    config.setMode(Qgis.SnappingMode.AdvancedConfiguration)
    kinds = Qgis.SnappingType.Vertex | Qgis.SnappingType.Segment
    one = QgsSnappingConfig.IndividualLayerSettings(True, kinds, TOLERANCE, Qgis.MapToolUnit.Pixels, 0.0, 0.0)
    for layer in layers:
        config.setIndividualLayerSettings(layer, one)
    return config
