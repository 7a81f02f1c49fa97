"""Pictures of symbols put into the style itself: a style that names a file on this machine is no style elsewhere."""

from __future__ import annotations

import base64
from pathlib import Path

from qgis.core import (
    QgsRasterFillSymbolLayer,
    QgsRasterMarkerSymbolLayer,
    QgsRenderContext,
    QgsSVGFillSymbolLayer,
    QgsSvgMarkerSymbolLayer,
    QgsSymbol,
    QgsVectorLayer,
)

_LARGEST = 2_000_000  # bytes of one picture


def embed(layer: QgsVectorLayer) -> bool:
    """Embed the pictures of ``layer``'s symbols; whether there were any. What cannot be read loses its path."""
    renderer = layer.renderer()
    if renderer is None:
        return False
    changed = [_symbol(symbol) for symbol in renderer.symbols(QgsRenderContext())]
    return any(changed)


def _symbol(symbol: QgsSymbol) -> bool:
    changed = False
    for index in range(symbol.symbolLayerCount()):
        part = symbol.symbolLayer(index)
        if isinstance(part, (QgsSvgMarkerSymbolLayer, QgsRasterMarkerSymbolLayer)) and _is_file(part.path()):
            part.setPath(_picture(part.path()))
            changed = True
        elif isinstance(part, QgsSVGFillSymbolLayer) and _is_file(part.svgFilePath()):
            part.setSvgFilePath(_picture(part.svgFilePath()))
            changed = True
        elif isinstance(part, QgsRasterFillSymbolLayer) and _is_file(part.imageFilePath()):
            part.setImageFilePath(_picture(part.imageFilePath()))
            changed = True
        inner = part.subSymbol()
        if inner is not None:
            changed = _symbol(inner) or changed
    return changed


def _is_file(path: str) -> bool:
    return bool(path) and not path.startswith(("base64:", "http:", "https:"))


def _picture(path: str) -> str:
    file = Path(path)
    try:
        if file.stat().st_size > _LARGEST:
            return ""
        return "base64:" + base64.b64encode(file.read_bytes()).decode()
    except OSError:
        return ""
