"""How pilot areas look: by stage, fading ones marked, named, and ready for the Temporal Controller.

Colours are told apart by every kind of colour vision, and each stage also has a line of its own: dots and dashes while
it is talk, whole lines once it runs, wider as it grows. A light seam under each line keeps it readable over buildings
and aerial photographs.
"""

from __future__ import annotations

from dataclasses import dataclass

from qgis.core import (
    Qgis,
    QgsExpression,
    QgsFeatureRenderer,
    QgsFillSymbol,
    QgsGeometryGeneratorSymbolLayer,
    QgsLinePatternFillSymbolLayer,
    QgsLineSymbol,
    QgsMarkerSymbol,
    QgsPalLayerSettings,
    QgsProperty,
    QgsRuleBasedRenderer,
    QgsSimpleMarkerSymbolLayer,
    QgsSymbol,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
    QgsVectorLayerTemporalProperties,
)
from qgis.PyQt.QtCore import QPointF
from qgis.PyQt.QtGui import QColor

from ...pilots import schema as cols
from ...pilots import vocabulary as words
from ...pilots.mapping import PilotMapping
from ...text import tr
from ...workcopy.source import Source
from ..symbols import MILLIMETRES, colour, dashed, fill, line, stack
from . import mappings, rules
from .fading import fading_expression, stage_is

WARNING, WARNING_INK = "#ffc02e", "#2b2a28"
CHOSEN, CHOSEN_RIM = "#ffd60a", "#2b2a28"
_SEAM = colour("#ffffff", 225)


@dataclass(frozen=True)
class Look:
    """``width`` and ``pattern`` in mm (no pattern: a whole line); ``inside`` is the fill's opacity, 0–255."""

    ink: str
    width: float
    pattern: tuple[float, ...] = ()
    inside: int = 34
    hatch: bool = False


LOOKS = {
    words.IDEA: Look("#2392e0", 0.7, (0.7, 1.3), 20),
    words.PROPOSED: Look("#223689", 0.7, (2.6, 1.3), 26),
    words.RUNNING: Look("#e3540d", 0.8),
    words.EVALUATED: Look("#644200", 0.8, (4.0, 1.2, 0.8, 1.2)),
    words.SCALING: Look("#bf4994", 1.0),
    words.EMBEDDED: Look("#04704b", 1.2, (), 48),
    words.STOPPED: Look("#2a2a2a", 0.6, (1.3, 1.3), 12, True),
}
_UNKNOWN = Look("#5b5b5b", 0.4, (), 12)


def applies(source: Source) -> PilotMapping | None:
    """The mapping of a layer that is drawn here; None for one that keeps the plain look of its theme."""
    return mappings.of_source(source) if "Polygon" in source.geometry_type else None


def apply(layer: QgsVectorLayer, source: Source, mapping: PilotMapping) -> None:
    """Symbols, labels and times, over the look of the theme. Main thread."""
    layer.setRenderer(renderer(source, mapping))
    chosen = layer.selectionProperties()
    chosen.setSelectionSymbol(selection())
    chosen.setSelectionRenderingMode(Qgis.SelectionRenderingMode.CustomSymbol)
    label(layer, source, mapping)
    make_temporal(layer, source, mapping)


def renderer(source: Source, mapping: PilotMapping) -> QgsFeatureRenderer:
    """A rule for each stage in its order, one for any other word, and the mark of fading pilots above all of them."""
    stage = mappings.columns(source, mapping)[cols.STAGE]
    root = QgsRuleBasedRenderer.Rule(None)
    for name in words.STAGES:
        test = stage_is(stage, mapping, name)
        root.appendChild(QgsRuleBasedRenderer.Rule(symbol(LOOKS[name]), filterExp=test, label=words.stage_title(name)))
    fades = fading_expression(source, mapping, rules.current())
    root.appendChild(QgsRuleBasedRenderer.Rule(mark(), filterExp=fades, label=tr("Fading: late, undecided or silent")))
    root.appendChild(QgsRuleBasedRenderer.Rule(symbol(_UNKNOWN), label=tr("No known stage"), elseRule=True))
    return QgsRuleBasedRenderer(root)


def symbol(look: Look) -> QgsSymbol:
    """An area that lets the city below it be read."""
    ink = QColor(look.ink)
    layers = [fill(colour(look.ink, look.inside), None)]
    if look.hatch:
        hatch = QgsLinePatternFillSymbolLayer()
        hatch.setLineAngle(45)
        hatch.setDistance(2.6)
        hatch.setDistanceUnit(MILLIMETRES)
        hatch.setSubSymbol(stack(QgsLineSymbol(), line(colour(look.ink, 120), 0.2)))
        layers.append(hatch)
    edge = dashed(ink, look.width, list(look.pattern)) if look.pattern else line(ink, look.width)
    return stack(QgsFillSymbol(), *layers, line(_SEAM, look.width + 0.8), edge)


def selection() -> QgsSymbol:
    """A selected area: a bright edge, and the city below it still to be read. QGIS's own is one yellow patch."""
    edges = line(colour(CHOSEN_RIM), 2.2), line(colour(CHOSEN), 1.4)
    return stack(QgsFillSymbol(), fill(colour(CHOSEN, 46), None), *edges)


def mark() -> QgsSymbol:
    """A warning triangle where the outline is nearest to the north-east: out of the way of the name inside."""
    triangle = QgsSimpleMarkerSymbolLayer(Qgis.MarkerShape.Triangle, 5)
    triangle.setFillColor(QColor(WARNING))
    triangle.setStrokeColor(QColor(WARNING_INK))
    triangle.setStrokeWidth(0.35)
    stroke = QgsSimpleMarkerSymbolLayer(Qgis.MarkerShape.Line, 1.5)
    stroke.setStrokeColor(QColor(WARNING_INK))
    stroke.setStrokeWidth(0.55)
    stroke.setOffset(QPointF(0, 0.1))
    dot = QgsSimpleMarkerSymbolLayer(Qgis.MarkerShape.Circle, 0.65)
    dot.setFillColor(QColor(WARNING_INK))
    dot.setStrokeColor(QColor(WARNING_INK))
    dot.setStrokeWidth(0)
    dot.setOffset(QPointF(0, 1.5))
    place = QgsGeometryGeneratorSymbolLayer.create(
        {"geometryModifier": "closest_point(boundary(@geometry), make_point(x_max(@geometry), y_max(@geometry)))"}
    )
    place.setSymbolType(Qgis.SymbolType.Marker)
    place.setSubSymbol(stack(QgsMarkerSymbol(), triangle, stroke, dot))
    place.setRenderingPass(1)  # above the outlines of every other pilot
    return stack(QgsFillSymbol(), place)


def label(layer: QgsVectorLayer, source: Source, mapping: PilotMapping) -> None:
    """Titles in the colour of the stage, fading pilots told in words; on top of the theme's own labels."""
    columns = mappings.columns(source, mapping)
    name = QgsExpression.quotedColumnRef(columns[cols.NAME])
    layer.setDisplayExpression(name)
    labeling = layer.labeling()
    if labeling is None:
        return
    settings = labeling.settings()
    # wrapped here: wrapping by itself, QGIS would break what stands below the title, too
    fades = fading_expression(source, mapping, rules.current())
    word = QgsExpression.quotedString(tr("fading"))
    settings.fieldName = f"wordwrap({name}, 20, ' ') || if({fades}, '\\n(' || {word} || ')', '')"
    settings.isExpression = True
    settings.autoWrapLength = 0
    cases = " ".join(
        f"WHEN {stage_is(columns[cols.STAGE], mapping, stage)} THEN '{QColor(look.ink).darker(115).name()}'"
        for stage, look in LOOKS.items()
    )
    properties = settings.dataDefinedProperties()
    properties.setProperty(
        QgsPalLayerSettings.Property.Color,
        QgsProperty.fromExpression(f"CASE {cases} ELSE '{QColor(_UNKNOWN.ink).name()}' END"),
    )
    # where there is no room for all, what needs somebody is named first
    properties.setProperty(QgsPalLayerSettings.Property.Priority, QgsProperty.fromExpression(f"if({fades}, 10, 8)"))
    settings.setDataDefinedProperties(properties)
    layer.setLabeling(QgsVectorLayerSimpleLabeling(settings))


def make_temporal(layer: QgsVectorLayer, source: Source, mapping: PilotMapping) -> None:
    """Let the Temporal Controller show the pilots of a day, once somebody switches that on for the layer. A pilot
    without a date is open on that side."""
    columns = mappings.columns(source, mapping)
    start, end = (_dated(source, columns.get(name)) for name in (cols.START, cols.END))
    if not start or not end:
        return
    properties = layer.temporalProperties()
    properties.setMode(QgsVectorLayerTemporalProperties.TemporalMode.ModeFeatureDateTimeStartAndEndFromFields)
    properties.setStartField(start)
    properties.setEndField(end)
    # a pilot still runs on its last day
    properties.setLimitMode(Qgis.VectorTemporalLimitMode.IncludeBeginIncludeEnd)
    properties.setIsActive(False)


def _dated(source: Source, name: str | None) -> str | None:
    column = source.column(name) if name else None
    return column.name if column is not None and column.type in ("date", "date-time") else None
