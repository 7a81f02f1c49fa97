"""How a user gets from a pilot on the map to its form: an action in Identify's results, the attribute table and QGIS's
own form."""

from __future__ import annotations

from collections.abc import Callable

from qgis.core import Qgis, QgsFeature, QgsMapLayer, QgsVectorLayer
from qgis.gui import QgsGui, QgsMapLayerAction, QgsMapLayerActionContext
from qgis.PyQt.QtCore import QObject

from ...map import layers
from ...map.pilots.book import PilotBook
from ...text import tr
from ..icons import icon


class EditPilot(QgsMapLayerAction):
    """Offered for the features of layers of pilots."""

    def __init__(self, book: PilotBook, parent: QObject) -> None:
        target = Qgis.MapLayerActionTargets(Qgis.MapLayerActionTarget.SingleFeature)
        super().__init__(tr("Edit Pilot…"), parent, Qgis.LayerType.Vector, target, icon("pilots"))
        self._book = book

    def canRunUsingLayer(self, layer: QgsMapLayer | None, _context: QgsMapLayerActionContext | None = None) -> bool:
        """QGIS asks."""
        return bool(path_of(self._book, layer))


class PilotAction(QObject):
    """In QGIS's registry from its making until `stop`. ``edit`` gets path and key."""

    def __init__(self, book: PilotBook, edit: Callable[[str, str], None], parent: QObject) -> None:
        super().__init__(parent)
        self._book, self._edit = book, edit
        self.action: EditPilot | None = EditPilot(book, self)
        self.action.triggeredForFeatureV2.connect(self._run)
        QgsGui.mapLayerActionRegistry().addMapLayerAction(self.action)

    def stop(self) -> None:
        """Take it away again."""
        action, self.action = self.action, None
        if action is not None:
            QgsGui.mapLayerActionRegistry().removeMapLayerAction(action)
            action.deleteLater()

    def _run(self, layer: QgsMapLayer, feature: QgsFeature, _context: object = None) -> None:
        path = path_of(self._book, layer)
        found = [one for one in self._book.records(path) if one.pilot.fid == feature.id()] if path else []
        if found:
            self._edit(path, found[0].key)


def path_of(book: PilotBook, layer: object) -> str:
    """The working copy whose pilots a layer shows; "" for any other layer."""
    origin = layers.origin_of(layer) if isinstance(layer, QgsVectorLayer) else None
    for path in book.paths() if origin is not None else ():
        source = book.source(path)
        if origin is not None and source is not None and (str(origin[0]), origin[1]) == (path, source.table):
            return path
    return ""
