"""How a collection looks on the map; kept in the file as its own default style, so that it looks so everywhere."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsExpression,
    QgsFeatureRenderer,
    QgsNullSymbolRenderer,
    QgsRendererCategory,
    QgsSingleSymbolRenderer,
    QgsVectorLayer,
)
from qgis.PyQt.QtGui import QColor

from ..review import schema as review
from ..text import tr
from ..workcopy.columns import KEY
from ..workcopy.source import Source
from . import foreign, labels, symbols, three_d
from .pilots import style as pilots_style
from .themes import Theme, column_named, name_column, stable_hue, theme_of

STYLE_NAME = "City Twin"

# Muted, and of one lightness: what a building is for shows, the city stays one city.
_FUNCTIONS = (
    (("resid", "housing", "dwelling", "woon", "apartment", "logies"), "#e2d8c6"),
    (("office", "kantoor"), "#c9d2dc"),
    (("shop", "retail", "winkel", "commerc", "market", "mixed"), "#ecd0c0"),
    (("industr", "warehouse", "port", "logist", "bedrijf"), "#d3cdd9"),
    (("educat", "school", "onderwijs", "univers"), "#e6d7a8"),
    (("health", "zorg", "hospital"), "#e8c9cd"),
    (("cultur", "museum", "bijeenkomst", "assembl", "leisure", "sport", "horeca"), "#d6c7e0"),
    (("public", "civic", "govern", "overheid", "station", "transport"), "#cfdccb"),
)
_SCALES = {"trees": 15_000, "bins": 10_000}  # below which small things would only be noise


def _numbered(source: Source) -> str:
    """What features without names are called: QGIS would take a text that may be the same for all of them."""
    title = foreign.literal(f"{source.title or source.table} ")
    return f"concat({title}, {QgsExpression.quotedColumnRef(KEY)})"


def apply(layer: QgsVectorLayer, source: Source) -> None:
    """Symbols, labels, scales, name and 3D of ``layer``. Main thread."""
    theme = theme_of(source, family(layer))
    layer.setRenderer(_renderer(layer, source, theme))
    layer.setScaleBasedVisibility(theme.name in _SCALES)
    if theme.name in _SCALES:
        layer.setMinimumScale(_SCALES[theme.name])
        layer.setMaximumScale(0)
    labels.apply(layer, source, theme)
    name = name_column(source)
    layer.setDisplayExpression(QgsExpression.quotedColumnRef(name) if name is not None else _numbered(source))
    pilots = pilots_style.applies(source) if theme.name == "pilots" else None
    if pilots is not None:
        pilots_style.apply(layer, source, pilots)
    if source.collection in review.COLLECTIONS and source.column(review.KIND) is not None:
        from .review import looks  # which needs this module

        looks.apply_review(layer)
    three_d.apply(layer, source, theme)


def save_as_default(layer: QgsVectorLayer) -> str:
    """Make the look and the form of ``layer`` its table's default style in the file; what went wrong, or ""."""
    return str(layer.saveStyleToDatabase(STYLE_NAME, tr("As City Twin Workbench draws it"), True, "") or "")


def family(layer: QgsVectorLayer) -> str:
    """As `themes.family_of`, for a layer."""
    names = ("point", "line", "polygon", "", "none")
    number = int(layer.geometryType().value)
    return names[number] if 0 <= number < len(names) else ""


def _renderer(layer: QgsVectorLayer, source: Source, theme: Theme) -> QgsFeatureRenderer:
    shape = family(layer)
    if shape in ("none", ""):
        return QgsNullSymbolRenderer()
    build = _RENDERERS.get(theme.name)
    if build is not None:
        return build(source, shape)
    return QgsSingleSymbolRenderer(symbols.plain(shape, stable_hue(source.collection)))


def _buildings(source: Source, _family: str) -> QgsFeatureRenderer:
    column = column_named(source, "function", "functie", "gebruiksdoel", "use", "usage", "gebruik", types=("string",))
    known = source.schema.get(source.column(column).property) if column else None  # type: ignore[union-attr]
    if column and known and known.enum:
        categories = [
            QgsRendererCategory(value, symbols.building(_function(str(value), number), source.has_z), _words(value))
            for number, value in enumerate(known.enum)
            if value is not None
        ]
        categories.append(QgsRendererCategory(None, symbols.building(solid=source.has_z), tr("Other")))
        renderer = QgsCategorizedSymbolRenderer(QgsExpression.quotedColumnRef(column), categories)
    else:
        renderer = QgsSingleSymbolRenderer(symbols.building(solid=source.has_z))
    renderer.setUsingSymbolLevels(source.has_z)
    return renderer


def _function(value: str, number: int) -> str:
    for words, colour in _FUNCTIONS:
        if any(word in value.lower() for word in words):
            return colour
    return str(QColor.fromHsl(30 + 47 * number % 330, 60, 212).name()) if number else symbols.BUILDING


def _words(value: Any) -> str:
    text = foreign.title(str(value).replace("_", " "))
    return text[:1].upper() + text[1:]


def _streets(source: Source, _family: str) -> QgsFeatureRenderer:
    width = column_named(source, "width", "breedte", "width_m", types=("number", "integer"))
    expression = f"coalesce({QgsExpression.quotedColumnRef(width)}, 7)" if width else _by_class(source)
    renderer = QgsSingleSymbolRenderer(symbols.street(expression))
    renderer.setUsingSymbolLevels(True)
    return renderer


def _by_class(source: Source) -> str | None:
    column = column_named(
        source, "class", "kind", "road_class", "highway", "type", "function", "functie", types=("string",)
    )
    if column is None:
        return None
    ref = f"lower(coalesce({QgsExpression.quotedColumnRef(column)}, ''))"
    return (
        f"CASE WHEN {ref} ~ 'motorway|snelweg|trunk' THEN 18 WHEN {ref} ~ 'primary|main|arterial|hoofd' THEN 14 "
        f"WHEN {ref} ~ 'secondary|tertiary|distrib' THEN 10 WHEN {ref} ~ 'foot|path|cycl|fiets|voet|pedest' THEN 3 "
        "ELSE 7 END"
    )


def _trees(source: Source, _family: str) -> QgsFeatureRenderer:
    crown = column_named(
        source, "crown_diameter", "crown", "kroondiameter", "diameter_crown", types=("number", "integer")
    )
    height = column_named(source, "height", "hoogte", "boomhoogte", types=("number", "integer"))
    expression = None
    if crown:
        expression = f"coalesce({QgsExpression.quotedColumnRef(crown)}, 6)"
    elif height:
        expression = f"clamp(3, 0.6 * coalesce({QgsExpression.quotedColumnRef(height)}, 10), 14)"
    return QgsSingleSymbolRenderer(symbols.tree(expression))


def _water(_source: Source, family: str) -> QgsFeatureRenderer:
    return QgsSingleSymbolRenderer(symbols.water() if family == "polygon" else symbols.watercourse())


_RENDERERS = {
    "buildings": _buildings,
    "streets": _streets,
    "trees": _trees,
    "water": _water,
    "pavement": lambda *_: QgsSingleSymbolRenderer(symbols.pavement()),
    "green": lambda *_: QgsSingleSymbolRenderer(symbols.green()),
    "bins": lambda *_: QgsSingleSymbolRenderer(symbols.bin_()),
    "stations": lambda *_: QgsSingleSymbolRenderer(symbols.dot(QColor("#1b7a8c"), 2.6)),
    "pilots": lambda *_: QgsSingleSymbolRenderer(symbols.pilot()),
    "districts": lambda *_: QgsSingleSymbolRenderer(symbols.boundary(symbols.DISTRICT, 0.36, [3.2, 1.0, 0.8, 1.0])),
    "neighbourhoods": lambda *_: QgsSingleSymbolRenderer(symbols.boundary(symbols.DISTRICT, 0.26, [1.8, 0.9])),
}
