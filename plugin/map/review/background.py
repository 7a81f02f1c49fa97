"""The map below all that is reviewed: drawn into tiles here, so that nothing outside needs a network, or taken over
from a file of tiles. With an estimate before, a limit, and at any moment an end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qgis.core import (
    Qgis,
    QgsBilinearRasterResampler,
    QgsDataSourceUri,
    QgsMapLayer,
    QgsMultiBandColorRenderer,
    QgsRasterLayer,
    QgsVectorTileBasicRenderer,
    QgsVectorTileLayer,
)
from qgis.PyQt.QtGui import QColor

from ...review import manifest as man
from ...review.manifest import Bounds
from ...text import number, tr
from ...twin.errors import CityTwinError
from ...twin.progress import Progress
from ...workcopy.errors import WorkingCopyError
from ...workcopy.excerpt import Area
from . import mbtiles, recipes, render
from .recipes import Recipe
from .tiles import block_of, zooms_of

LIMIT = 500_000_000  # bytes: what a phone takes without a thought
# bytes of a tile as measured over a city: a drawing, a photograph
_DRAWING, _PICTURE = 9_000, 18_000
_NOT_FOR_TAKING = ("tile.openstreetmap.org", "tile.osm.org")


class TooLarge(CityTwinError):
    """More tiles than the limit has room for."""


@dataclass(frozen=True)
class Background:
    """What is wanted: ``layers`` to be drawn, the lowest last, or the tiles of ``file`` (its ``style`` is QGIS's XML),
    down to ``zoom`` (18: about 0.4 m a pixel in the Netherlands), of at most ``limit`` bytes."""

    layers: tuple[Recipe, ...] = ()
    file: Path | None = None
    style: str = ""
    zoom: int = 18
    limit: int = LIMIT


@dataclass(frozen=True)
class Estimate:
    """How much a background is; exact for a file."""

    tiles: int
    bytes: int
    first: int
    deepest: int

    @property
    def label(self) -> str:
        """In words: "about 12 MB in 1,240 tiles"."""
        return tr("about {size} MB in {n} tiles", size=number(max(1, self.bytes / 1e6)), n=number(self.tiles))


@dataclass(frozen=True)
class Backdrop:
    """What was made: a ``file`` of tiles beside the project."""

    file: str
    title: str
    vector: bool
    tiles: int
    bytes: int
    style: str = ""
    attribution: str = ""
    notes: tuple[str, ...] = ()


def background_of(layers: Sequence[QgsMapLayer], zoom: int = 18, limit: int = LIMIT) -> Background:
    """A background of the project's ``layers``, the lowest last. One that shows an MBTiles file is taken over as it is.

    Main thread.
    """
    told = [recipe for recipe in map(recipes.recipe_of, layers) if recipe is not None]
    if len(told) == 1 and told[0].file is not None:
        return Background(file=told[0].file, style=told[0].style, zoom=zoom, limit=limit)
    return Background(tuple(told), zoom=zoom, limit=limit)


def estimate(wanted: Background, bounds: Bounds) -> Estimate:
    """How large ``wanted`` would be over ``bounds`` (degrees). Raises `WorkingCopyError` for a file without tiles."""
    zooms = zooms_of(bounds, wanted.zoom)
    if wanted.file is not None:
        tiles, size = mbtiles.size_of(wanted.file, bounds, wanted.zoom)
    else:
        tiles = sum(block_of(bounds, zoom).count for zoom in zooms)
        size = tiles * (_PICTURE if any(recipe.is_picture for recipe in wanted.layers) else _DRAWING)
    return Estimate(tiles, size, zooms.start, zooms.stop - 1)


def make(wanted: Background, folder: Path, bounds: Bounds, area: Area | None, progress: Progress) -> Backdrop:
    """Write ``background.mbtiles`` into ``folder``. Any thread.

    Raises `TooLarge`, `Cancelled`, `CityTwinError`; then there is none.
    """
    expected = estimate(wanted, bounds)
    if expected.bytes > wanted.limit:
        raise too_large(expected, wanted.limit)
    target = folder / man.BACKGROUND
    if wanted.file is not None:
        tiles, size = mbtiles.copy(wanted.file, target, bounds, wanted.zoom, expected.tiles, progress)
        about = mbtiles.metadata_of(wanted.file)
        if not tiles:
            target.unlink(missing_ok=True)
            raise CityTwinError(
                tr("{file} has no tiles in the area. Choose another background.", file=wanted.file.name)
            )
        return Backdrop(
            target.name,
            tr("Background"),
            mbtiles.is_vector(wanted.file),
            tiles,
            size,
            wanted.style,
            about.get("attribution", ""),
        )
    notes = tuple(_not_allowed(wanted.layers))
    for note in notes:
        progress.note(note)
    made = render.render_mbtiles(
        wanted.layers, bounds, area, zooms_of(bounds, wanted.zoom), target, wanted.limit, progress
    )
    return Backdrop(
        target.name, tr("Background"), False, made.tiles, made.bytes, "", made.attribution, (*notes, *made.notes)
    )


def too_large(expected: Estimate, limit: int) -> TooLarge:
    """The sentence about a background without bounds."""
    return TooLarge(
        tr(
            "The background would be {size}, more than the {limit} MB that are allowed. Choose a smaller area, or less "
            "detail.",
            size=expected.label,
            limit=number(limit / 1e6),
        )
    )


def background_layer(folder: Path, backdrop: Backdrop) -> QgsMapLayer:
    """The layer of a background in ``folder``, in no project. Raises `WorkingCopyError`."""
    path = folder / backdrop.file
    layer: QgsMapLayer
    if backdrop.vector:
        uri = QgsDataSourceUri()
        uri.setParam("type", "mbtiles")
        uri.setParam("url", str(path))
        layer = QgsVectorTileLayer(bytes(uri.encodedUri()).decode(), backdrop.title)
    else:
        # not by the provider of web maps: QField's tools would take it for a layer that needs a network
        layer = QgsRasterLayer(str(path), backdrop.title, "gdal")
    if not layer.isValid():
        raise WorkingCopyError(
            tr("The background {file} cannot be opened.", file=path.name), detail=layer.error().message()
        )
    if isinstance(layer, QgsVectorTileLayer):
        if backdrop.style:
            recipes.style(layer, backdrop.style)
        else:
            layer.setRenderer(_calm())
    else:
        _dress(layer)
    if backdrop.attribution:
        layer.serverProperties().setAttribution(backdrop.attribution)
    layer.setFlags(layer.flags() & ~QgsMapLayer.LayerFlag.Identifiable & ~QgsMapLayer.LayerFlag.Searchable)
    return layer


def _calm() -> QgsVectorTileBasicRenderer:
    """For tiles of which nobody said how they look: pale, so that what is reviewed stands out."""
    renderer = QgsVectorTileBasicRenderer()
    renderer.setStyles(
        QgsVectorTileBasicRenderer.simpleStyle(
            QColor("#e9e5dc"), QColor("#cfc9bd"), 0.1, QColor("#bdb6a8"), 0.3, QColor("#a39c8e"), QColor("#ffffff"), 1.0
        )
    )
    return renderer


def _dress(layer: QgsRasterLayer) -> None:
    """Colours as they are in the tiles, none stretched, and smooth between two zoom levels."""
    renderer = QgsMultiBandColorRenderer(layer.dataProvider(), 1, 2, 3)
    if layer.bandCount() >= 4:
        renderer.setAlphaBand(4)
    layer.setRenderer(renderer)
    layer.setResamplingStage(Qgis.RasterResamplingStage.ResampleFilter)
    filter_ = layer.resampleFilter()
    filter_.setZoomedInResampler(QgsBilinearRasterResampler())
    filter_.setZoomedOutResampler(QgsBilinearRasterResampler())
    filter_.setMaxOversampling(2.0)


def _not_allowed(layers: Sequence[Recipe]) -> list[str]:
    """Services whose terms forbid what is being done."""
    return [
        tr(
            "The terms of {service} do not allow taking many tiles along. Choose another background where you can.",
            service=host,
        )
        for host in _NOT_FOR_TAKING[:1]
        if any(name in recipe.source for name in _NOT_FOR_TAKING for recipe in layers)
    ]
