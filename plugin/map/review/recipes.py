"""How to open a project's layer once more, elsewhere: told in the main thread, made in the thread that draws.

A layer belongs to one thread. What is told of it is its source and its style; layers that live in memory only are
copied.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qgis.core import (
    QgsDataSourceUri,
    QgsMapLayer,
    QgsProviderRegistry,
    QgsRasterLayer,
    QgsVectorLayer,
    QgsVectorTileLayer,
)
from qgis.PyQt.QtCore import QThread
from qgis.PyQt.QtXml import QDomDocument


@dataclass(frozen=True)
class Recipe:
    """``kind``: vector, raster, tiles (of vectors), memory. ``style``: QGIS's XML. ``source`` never leaves the machine:
    it may have credentials."""

    kind: str
    name: str
    source: str
    provider: str
    style: str
    attribution: str = ""
    copy: QgsMapLayer | None = None

    @property
    def is_picture(self) -> bool:
        """Whether its tiles are rather photographs than drawings."""
        return self.kind == "raster"

    @property
    def file(self) -> Path | None:
        """The MBTiles file that it shows."""
        if self.kind == "tiles":
            uri = QgsDataSourceUri()
            uri.setEncodedUri(self.source)
            path = uri.param("url")
        else:
            parts = QgsProviderRegistry.instance().decodeUri(self.provider, self.source)
            path = str(parts.get("path") or parts.get("url") or "")
        path = path[7:] if path.startswith("file://") else path
        return Path(path) if path.lower().endswith(".mbtiles") and Path(path).is_file() else None


def recipe_of(layer: QgsMapLayer) -> Recipe | None:
    """What there is to tell of ``layer``; None for a layer of a kind that is not drawn elsewhere. Main thread."""
    kind = {QgsRasterLayer: "raster", QgsVectorLayer: "vector", QgsVectorTileLayer: "tiles"}.get(type(layer), "")
    if not kind or not layer.isValid():
        return None
    copy = None
    if kind == "vector" and layer.providerType() in ("memory", "virtual"):
        kind, copy = "memory", layer.clone()
        if copy is None:
            return None
        copy.moveToThread(None)
    document = QDomDocument("qgis")
    layer.exportNamedStyle(document)
    return Recipe(
        kind,
        layer.name(),
        layer.source(),
        layer.providerType(),
        document.toString(),
        layer.serverProperties().attribution() or ", ".join(layer.metadata().rights()),
        copy,
    )


def layer_from(recipe: Recipe) -> QgsMapLayer | None:
    """The layer, of the thread that calls; None where it cannot be opened."""
    if recipe.copy is not None:
        recipe.copy.moveToThread(QThread.currentThread())
        return recipe.copy
    layer: QgsMapLayer
    if recipe.kind == "raster":
        layer = QgsRasterLayer(recipe.source, recipe.name, recipe.provider)
    elif recipe.kind == "tiles":
        layer = QgsVectorTileLayer(recipe.source, recipe.name)
    else:
        layer = QgsVectorLayer(recipe.source, recipe.name, recipe.provider)
    if not layer.isValid():
        return None
    style(layer, recipe.style)
    return layer


def style(layer: QgsMapLayer, text: str) -> None:
    """Give ``layer`` a style that was told."""
    document = QDomDocument()
    document.setContent(text)
    layer.importNamedStyle(document)
