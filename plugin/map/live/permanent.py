"""A live layer that the user made permanent: what is in the file now is a moment that is over."""

from __future__ import annotations

from collections.abc import Iterator

from qgis.core import QgsFeatureRequest, QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QTimer

from ...sensors import freshness
from ...text import tr
from . import fields, style_classes, style_ours, style_tip
from .source import PROPERTY

_AT_ONCE = 250  # rows of a file, which take a few milliseconds
_OURS = (PROPERTY, "skipMemoryLayersCheck", style_classes.BREAKS)


def leave(layer: QgsVectorLayer) -> None:
    """Make ``layer`` the user's: its sensors are silent from now on, and nothing says that it is live. Main thread;
    the rows follow in later turns."""
    # as long as it is ours: without the plugin's words on what is now
    style_ours.renew(layer, "tip", lambda: layer.setMapTipTemplate(style_tip.past()))
    for name in [name for name in layer.customPropertyKeys() if name in _OURS or name.startswith(style_ours.PROPERTY)]:
        layer.removeCustomProperty(name)
    layer.setReadOnly(False)
    age = layer.fields().lookupField(fields.AGE)
    if age >= 0:
        layer.setFieldAlias(age, tr("Age when it was kept (s)"))
    column = layer.fields().lookupField(fields.FRESHNESS)
    if column >= 0:  # there are formats that cut names
        _silence(layer, column, _blocks(layer, column))


def _blocks(layer: QgsVectorLayer, column: int) -> Iterator[list[int]]:
    """The rows that say that they are fresh."""
    words = (freshness.LIVE, freshness.LATE)
    request = QgsFeatureRequest().setFlags(QgsFeatureRequest.Flag.NoGeometry)
    request.setSubsetOfAttributes([column])
    fids = [row.id() for row in layer.dataProvider().getFeatures(request) if row[column] in words]
    for at in range(0, len(fids), _AT_ONCE):
        yield fids[at : at + _AT_ONCE]


def _silence(layer: QgsVectorLayer, column: int, blocks: Iterator[list[int]]) -> None:
    if sip.isdeleted(layer):
        return
    block = next(blocks, None)
    if not block:
        layer.triggerRepaint()
        return
    layer.dataProvider().changeAttributeValues({fid: {column: freshness.SILENT} for fid in block})
    QTimer.singleShot(0, lambda: _silence(layer, column, blocks))
