"""Layers drawn into tiles, a large square of them at a time: memory stays flat, and names are not cut at every tile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qgis.core import (
    Qgis,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsGeometry,
    QgsMapLayer,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsRectangle,
)
from qgis.PyQt.QtCore import QBuffer, QEventLoop, QIODevice, QSize, Qt, QTimer
from qgis.PyQt.QtGui import QColor, QImage, QPainter

from ...review.manifest import Bounds
from ...text import number, tr
from ...twin.errors import CityTwinError
from ...twin.progress import Progress, check
from ...workcopy.excerpt import Area
from ..layers import PAPER
from . import mbtiles
from .places import WEB, crs_of, shape_in
from .recipes import Recipe, layer_from
from .tiles import SIDE, Block, block_of

_TOGETHER = 8  # tiles along the side of what is drawn at once: 2048 pixels, 17 MB for each layer
_POLL = 40  # ms between two looks whether somebody cancelled
_QUALITY = 82  # of JPEG: drawings as PNG take ten times as long and four times the room
_COMPACT = 0.6  # of its box that a compact area takes
_DOTS = 96  # per inch: how large a web map's names are


@dataclass(frozen=True)
class Rendered:
    """What was written; ``notes``: what went wrong and left gaps."""

    tiles: int
    bytes: int
    attribution: str
    notes: tuple[str, ...]


def render_mbtiles(
    recipes: Sequence[Recipe],
    bounds: Bounds,
    area: Area | None,
    zooms: range,
    target: Path,
    limit: int,
    progress: Progress,
) -> Rendered:
    """Draw ``recipes`` (the lowest last) over ``bounds`` (degrees), tiles outside ``area`` left out, into ``target``.

    Raises `Cancelled`, and `CityTwinError` where nothing can be drawn or more than ``limit`` bytes come of it; then
    there is no file. Any thread.
    """
    layers = [layer for layer in map(layer_from, recipes) if layer is not None]
    notes = [tr("{layer} could not be opened for the background.", layer=one.name) for one in _lost(recipes, layers)]
    if not layers:
        raise CityTwinError(tr("None of the background's layers can be drawn. Choose others, or none."))
    shape = shape_in(area, crs_of(WEB)) if area is not None else None
    # around a compact area the corners go along: what is next to it is seen, and the map has straight edges
    ragged = shape is not None and shape.area() < _COMPACT * shape.boundingBox().area()
    engine = QgsGeometry.createGeometryEngine(shape.constGet()) if shape is not None and ragged else None
    if engine is not None:
        engine.prepareGeometry()
    blocks = [block for zoom in zooms for block in block_of(bounds, zoom).blocks(_TOGETHER)]
    total, done = sum(block.count for block in blocks), 0
    attribution = ", ".join(dict.fromkeys(one.attribution for one in recipes if one.attribution))
    failed: set[str] = set()
    with mbtiles.Writer(target) as writer:
        for block in blocks:
            check(progress)
            progress.report(done, total, tr("Drawing the background…"))
            done += block.count
            if engine is not None and not _meets(engine, block):
                continue
            image = _draw(layers, block, failed, progress)
            for tile in block.blocks(1):
                if engine is None or _meets(engine, tile):
                    data = _tile(image, block, tile)
                    if data:
                        writer.put(tile.zoom, tile.west, tile.rows_from_south()[0], data)
            if writer.bytes > limit:
                raise CityTwinError(
                    tr(
                        "The background became larger than the {limit} MB that are allowed. Choose a smaller area, or "
                        "less detail.",
                        limit=number(limit / 1e6),
                    )
                )
        if not writer.count:
            raise CityTwinError(
                tr("Nothing of the background could be drawn in the area. Choose other layers, or none.")
            )
        notes.extend(sorted(failed))
        west, south, east, north = bounds
        writer.describe(
            {
                "name": tr("Background"),
                "format": "jpg",
                "bounds": mbtiles.bounds_text(bounds),
                "center": f"{(west + east) / 2:.6f},{(south + north) / 2:.6f},{zooms.start}",
                "minzoom": str(zooms.start),
                "maxzoom": str(zooms.stop - 1),
                "type": "baselayer",
                "version": "1",
                **({"attribution": attribution} if attribution else {}),
            }
        )
        return Rendered(writer.count, writer.bytes, attribution, tuple(notes))


def _lost(recipes: Sequence[Recipe], layers: Sequence[QgsMapLayer]) -> list[Recipe]:
    names = [layer.name() for layer in layers]
    return [recipe for recipe in recipes if recipe.name not in names]


def _meets(engine: object, block: Block) -> bool:
    box = QgsGeometry.fromRect(QgsRectangle(*block.box))
    return bool(engine.intersects(box.constGet()))  # type: ignore[attr-defined]


def _draw(layers: list[QgsMapLayer], block: Block, failed: set[str], progress: Progress) -> QImage:
    settings = QgsMapSettings()
    settings.setLayers(layers)
    settings.setDestinationCrs(crs_of(WEB))
    width, height = block.east - block.west + 1, block.south - block.north + 1
    settings.setOutputSize(QSize(width * SIDE, height * SIDE))
    settings.setOutputDpi(_DOTS)
    settings.setExtent(QgsRectangle(*block.box))
    settings.setBackgroundColor(QColor(Qt.GlobalColor.transparent))
    settings.setOutputImageFormat(QImage.Format.Format_ARGB32_Premultiplied)
    settings.setFlag(Qgis.MapSettingsFlag.Antialiasing, True)
    settings.setFlag(Qgis.MapSettingsFlag.RenderMapTile, True)
    settings.setFlag(Qgis.MapSettingsFlag.UseAdvancedEffects, True)
    settings.setFlag(Qgis.MapSettingsFlag.UseRenderingOptimization, True)
    context = QgsExpressionContext()
    context.appendScope(QgsExpressionContextUtils.globalScope())
    context.appendScope(QgsExpressionContextUtils.mapSettingsScope(settings))
    settings.setExpressionContext(context)
    job = QgsMapRendererParallelJob(settings)
    loop, timer = QEventLoop(), QTimer()
    timer.timeout.connect(lambda: job.cancelWithoutBlocking() if progress.cancelled() else None)
    job.finished.connect(loop.quit)
    timer.start(_POLL)
    job.start()
    loop.exec()  # this thread's own: QGIS draws in others and tells when it has
    timer.stop()
    check(progress)
    failed.update(error.message for error in job.errors() if error.message)
    return job.renderedImage()


def _tile(image: QImage, block: Block, tile: Block) -> bytes:
    """One tile of what was drawn, as JPEG on the map's paper; empty where there is nothing on it."""
    piece = image.copy((tile.west - block.west) * SIDE, (tile.north - block.north) * SIDE, SIDE, SIDE)
    bits = piece.constBits()
    bits.setsize(piece.sizeInBytes())
    if not bytes(bits).strip(b"\0"):
        return b""
    flat = QImage(SIDE, SIDE, QImage.Format.Format_RGB32)
    flat.fill(QColor(PAPER))
    painter = QPainter(flat)
    painter.drawImage(0, 0, piece)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    flat.save(buffer, "JPG", _QUALITY)
    return bytes(buffer.data())
