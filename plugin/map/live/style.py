"""How a live layer looks at once: colour by value, fainter when late, hollow when silent, and a legend that says so.

What a user changed is left alone: of each part of the style a fingerprint of ours is kept in the layer, and only what
still bears it is replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from qgis.core import QgsCategorizedSymbolRenderer, QgsRendererCategory, QgsSymbol, QgsVectorLayer

from ...text import tr
from ...twin.sta.model import Datastream
from .. import foreign
from . import style_classes, style_colours, style_form, style_labels, style_ours, style_symbols, style_tip, three_d
from .style_classes import Scale
from .style_symbols import Size

# higher when layers that have our older style are to get the newer one
_EDITION = 2


def apply(layer: QgsVectorLayer, streams: Sequence[Datastream]) -> None:
    """Symbols, labels, map tip, form and 3D of ``layer``, which has the columns of `fields`. ``streams`` are the
    datastreams that it shows. May be called again at any time. Main thread."""
    for _ in steps(layer, streams):
        pass


def steps(layer: QgsVectorLayer, streams: Sequence[Datastream]) -> Iterator[None]:
    """`apply` in steps of some milliseconds: all of it at once would hold the window up."""
    if not streams and style_ours.has_style(layer):
        return  # nothing is known yet of what the layer had when it was saved
    scale = style_classes.scale_of(layer, streams)
    size = style_symbols.size_for(len(streams))
    if style_ours.is_of(layer, f"{_EDITION} {scale} {size}"):
        return
    parts: dict[str, Callable[[], object]] = {
        "renderer": lambda: layer.setRenderer(renderer(scale, size)),
        "labels": lambda: style_labels.apply(layer),
        "tip": lambda: style_tip.apply(layer, scale),
        "form": lambda: style_form.apply(layer),
        "3d": lambda: three_d.apply(layer, scale),
    }
    for part, write in parts.items():
        yield
        style_ours.renew(layer, part, write)
    # it shows what is now, whatever the time that the map is set to
    layer.temporalProperties().setIsActive(False)


def renderer(scale: Scale, size: Size) -> QgsCategorizedSymbolRenderer:
    """One category for each class, then what is no number, then what the signs mean."""
    rows: list[tuple[str | None, QgsSymbol, str]] = [
        (f"c{index}", style_symbols.value(colour, size), title)
        for index, (colour, title) in enumerate(zip(scale.colours, scale.titles))
    ]
    if scale.clamped and scale.colours:
        beyond = style_symbols.value(scale.colours[-1], size, clamped=True)
        rows.append((style_classes.CLAMPED, beyond, tr("More than the sensor can tell")))
    if scale.boolean:
        rows.append((style_classes.YES, style_symbols.value(style_colours.YES, size), tr("Yes")))
        rows.append((style_classes.NO, style_symbols.value(style_colours.NO, size), tr("No")))
    rows.append((style_classes.NOTHING, style_symbols.single(style_symbols.cross(size)), tr("Nothing measured")))
    rows.append((style_classes.NONE, style_symbols.single(style_symbols.nothing(size)), tr("No observation yet")))
    other = tr("Another value: see its label") if scale.numeric else tr("A text: see its label")
    # the empty value takes all that no other one takes
    rows.insert(len(rows) - 2, (None, style_symbols.value(style_colours.PLAIN, size), other))
    # units come from outside, and a layout's legend evaluates what looks like an expression
    categories = [QgsRendererCategory(key, symbol, foreign.title(words)) for key, symbol, words in rows]
    categories += [QgsRendererCategory(f"~{name}", symbol, text) for name, symbol, text in _signs(scale, size)]
    return QgsCategorizedSymbolRenderer(scale.key, categories)


def _signs(scale: Scale, size: Size) -> tuple[tuple[str, QgsSymbol, str], ...]:
    """Legend entries that explain the signs; no feature has their values."""
    colour = scale.colours[len(scale.colours) // 2] if scale.colours else style_colours.PLAIN
    single = style_symbols.single
    return (
        ("late", single(style_symbols.late(colour, size)), tr("Faint: late, should have been renewed")),
        ("silent", single(style_symbols.hollow(colour, size)), tr("Hollow: silent, its last value is old")),
        (
            "exceeded",
            single(style_symbols.halo(size), style_symbols.live(colour, size)),
            tr("Red ring: beyond a threshold"),
        ),
    )
