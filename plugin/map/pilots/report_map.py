"""The map of a report: the working copy as it looks in QGIS, the pilot in front, other pilots faintly.

Drawn in the thread that calls, with layers of its own that live and end there: no open project is needed, and none is
touched.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsFeature,
    QgsFeatureRenderer,
    QgsFillSymbol,
    QgsGeometry,
    QgsMapLayer,
    QgsMapRendererCustomPainterJob,
    QgsMapSettings,
    QgsPalLayerSettings,
    QgsProperty,
    QgsRectangle,
    QgsRuleBasedRenderer,
    QgsSymbol,
    QgsTextBufferSettings,
    QgsTextFormat,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
)
from qgis.PyQt.QtCore import QEventLoop, QRectF, QSize, QTimer
from qgis.PyQt.QtGui import QColor, QFont, QImage, QPainter

from ...pilots import shapes, sql
from ...pilots import vocabulary as words_of
from ...pilots.mapping import PilotMapping
from ...pilots.record import Pilot
from ...twin.errors import CityTwinError
from ...twin.progress import SILENT, Progress, check
from ...workcopy.columns import GEOMETRY
from ...workcopy.connection import opened
from ...workcopy.copy import WorkingCopy
from ..layers import PAPER, make_layers
from ..symbols import colour, dashed, fill, line, stack
from .report_city import way_from
from .report_parts import MapFrame
from .report_type import font
from .style import LOOKS, Look, symbol

_UNKNOWN = Look("#5b5b5b", 0.5)
_SOLID = 15  # a city model's building has so many faces
_MOST = 9000  # features that a page of reasonable size holds as lines; more become a picture
_SHARP = 300  # dots to the inch of that picture
_SMALLER = 0.78  # names, against those in the window
_LONGEST = 120  # letters of a name on the map; a longer one than 255 would not be taken at all
_POLL = 40  # ms between two looks whether somebody cancelled
RD = "EPSG:28992"


def draw(
    painter: QPainter,
    frame: MapFrame,
    unit: float,
    copy: WorkingCopy,
    mapping: PilotMapping,
    pilots: Sequence[Pilot],
    progress: Progress = SILENT,
) -> None:
    """The map into its frame; ``pilots``: the report's first, then the others. ``unit``: pixels of the device to a mm.

    Lines stay lines and text stays text, up to some thousand features; beyond that the map is a picture. Raises
    `Cancelled`.
    """
    tables = [source.table for source in copy.sources if source.collection != mapping.collection]
    layers: list[QgsMapLayer] = [pilots_layer(pilots), *map(for_paper, make_layers(copy, tables))]
    check(progress)
    size = QRectF(frame.x * unit, frame.y * unit, frame.w * unit, frame.h * unit)
    painter.save()
    if _features(copy, tables, frame) > _MOST:
        sharp = _SHARP / 25.4
        image = QImage(round(frame.w * sharp), round(frame.h * sharp), QImage.Format.Format_RGB32)
        image.fill(QColor(PAPER))
        inner = QPainter(image)
        _render(inner, layers, frame, sharp, False, progress)
        inner.end()
        painter.drawImage(size, image)
    else:
        painter.setClipRect(size)
        painter.translate(size.topLeft())
        _render(painter, layers, frame, unit, True, progress)
    painter.restore()
    check(progress)


def _render(
    painter: QPainter, layers: list[QgsMapLayer], frame: MapFrame, unit: float, vectors: bool, progress: Progress
) -> None:
    settings = QgsMapSettings()
    settings.setLayers(layers)
    settings.setDestinationCrs(QgsCoordinateReferenceSystem(RD))
    settings.setOutputSize(QSize(round(frame.w * unit), round(frame.h * unit)))
    settings.setOutputDpi(unit * 25.4)
    settings.setExtent(QgsRectangle(*frame.extent))
    settings.setBackgroundColor(QColor(PAPER))
    settings.setFlag(Qgis.MapSettingsFlag.Antialiasing, True)
    settings.setFlag(Qgis.MapSettingsFlag.ForceVectorOutput, vectors)
    settings.setFlag(Qgis.MapSettingsFlag.UseAdvancedEffects, not vectors)
    settings.setTextRenderFormat(Qgis.TextRenderFormat.AlwaysText)
    context = QgsExpressionContext()
    context.appendScope(QgsExpressionContextUtils.globalScope())
    context.appendScope(QgsExpressionContextUtils.mapSettingsScope(settings))
    settings.setExpressionContext(context)
    job = QgsMapRendererCustomPainterJob(settings, painter)
    loop, timer = QEventLoop(), QTimer()
    timer.timeout.connect(lambda: job.cancelWithoutBlocking() if progress.cancelled() else None)
    job.finished.connect(loop.quit)
    timer.start(_POLL)
    job.start()
    loop.exec()  # this thread's own: QGIS draws in another one and tells when it has
    timer.stop()


def _features(copy: WorkingCopy, tables: Sequence[str], frame: MapFrame) -> int:
    """About how much there is to draw."""
    count = 0
    with opened(copy.path) as connection:
        for source in copy.sources:
            if source.table not in tables or not source.has_geometry:
                continue
            try:
                _way, (west, south, east, north) = way_from(source.srid, frame.extent)
                question = sql.rows_in_box(source.table, GEOMETRY, ["fid"])
                rows = connection.execute(question, (east, west, north, south)).fetchall()
            except (CityTwinError, sqlite3.Error):
                continue
            count += len(rows) * (_SOLID if source.has_z else 1)
    return count


def for_paper(layer: QgsVectorLayer) -> QgsVectorLayer:
    """Names in a size for a small map, and without extra space between letters: QGIS sets that wrongly on paper."""
    labeling = layer.labeling()
    if labeling is not None and labeling.type() == "simple":
        settings = labeling.settings()
        text = settings.format()
        written = text.font()
        written.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, 0)
        text.setFont(written)
        text.setSize(text.size() * _SMALLER)
        settings.setFormat(text)
        layer.setLabeling(QgsVectorLayerSimpleLabeling(settings))
    return layer


# -- pilots ----------------------------------------------------------------------------------------------------------


def pilots_layer(pilots: Sequence[Pilot]) -> QgsVectorLayer:
    """The first pilot as its stage looks, the others faintly and named, in a layer of their own."""
    fields = "field=name:string&field=stage:string&field=chosen:integer"
    layer = QgsVectorLayer(f"MultiPolygon?crs={RD}&{fields}", "pilots", "memory")
    features = []
    for place, pilot in enumerate(pilots):
        try:
            shape = shapes.in_rd(pilot.wkb, pilot.srid)
        except CityTwinError:
            continue
        if shape is None:
            continue
        geometry = QgsGeometry()
        geometry.fromWkb(shapes.wkb_of_shape(shape))
        feature = QgsFeature(layer.fields())
        feature.setAttributes([pilot.label[:_LONGEST], pilot.stage[:_LONGEST], int(place == 0)])
        feature.setGeometry(geometry)
        features.append(feature)
    layer.dataProvider().addFeatures(features)
    in_front(layer, '"chosen" = 1', lambda stage: f"\"stage\" = '{stage}'", '"name"')
    return layer


def in_front(layer: QgsVectorLayer, chosen: str, in_stage: Callable[[str], str], name: str) -> None:
    """Style a layer of pilots for a report. ``chosen``, ``in_stage``, ``name``: expressions that tell the report's
    pilot, a stage, and a title."""
    layer.setRenderer(_renderer(chosen, in_stage))
    layer.setLabeling(QgsVectorLayerSimpleLabeling(_names(chosen, name)))
    layer.setLabelsEnabled(True)


def _renderer(chosen: str, in_stage: Callable[[str], str]) -> QgsFeatureRenderer:
    root = QgsRuleBasedRenderer.Rule(None)
    for front in (False, True):  # the report's own is drawn over the others
        test = chosen if front else f"NOT ({chosen})"
        rule = QgsRuleBasedRenderer.Rule(None, filterExp=test)
        for stage in words_of.STAGES:
            drawn = _strong(LOOKS[stage]) if front else _faint(LOOKS[stage])
            rule.appendChild(QgsRuleBasedRenderer.Rule(drawn, filterExp=in_stage(stage)))
        drawn = _strong(_UNKNOWN) if front else _faint(_UNKNOWN)
        rule.appendChild(QgsRuleBasedRenderer.Rule(drawn, elseRule=True))
        root.appendChild(rule)
    return QgsRuleBasedRenderer(root)


def _strong(look: Look) -> QgsSymbol:
    return symbol(look)


def _faint(look: Look) -> QgsSymbol:
    ink = colour(look.ink, 150)
    edge = dashed(ink, 0.3, list(look.pattern)) if look.pattern else line(ink, 0.3)
    return stack(QgsFillSymbol(), fill(colour(look.ink, 14), None), edge)


def _names(chosen: str, name: str) -> QgsPalLayerSettings:
    settings = QgsPalLayerSettings()
    settings.fieldName = f"wordwrap({name}, 22, ' ')"
    settings.isExpression = True
    settings.placement = Qgis.LabelPlacement.Horizontal
    settings.multilineAlign = Qgis.LabelMultiLineAlignment.Center
    settings.priority = 3
    text = QgsTextFormat()
    text.setFont(font(6.5))
    text.setSize(6.5)
    text.setSizeUnit(Qgis.RenderUnit.Points)
    text.setColor(QColor("#565b60"))
    halo = QgsTextBufferSettings()
    halo.setEnabled(True)
    halo.setSize(0.5)
    halo.setColor(colour("#ffffff", 210))
    text.setBuffer(halo)
    settings.setFormat(text)
    properties = settings.dataDefinedProperties()
    properties.setProperty(QgsPalLayerSettings.Property.Show, QgsProperty.fromExpression(f"NOT ({chosen})"))
    settings.setDataDefinedProperties(properties)
    return settings
