"""A report's page as a QGIS print layout: real items that can be moved, worded and styled anew. Main thread.

Made step by step, one item per turn of the event loop. The map shows the project's own layers of the working copy; how
they look in it (the pilot in front, others faintly, names in a size for paper) is kept in the layout alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsExpression,
    QgsFillSymbol,
    QgsLayoutItem,
    QgsLayoutItemLabel,
    QgsLayoutItemMap,
    QgsLayoutItemPage,
    QgsLayoutItemPicture,
    QgsLayoutItemScaleBar,
    QgsLayoutItemShape,
    QgsLayoutMeasurement,
    QgsLineSymbol,
    QgsMapLayer,
    QgsMapLayerStyle,
    QgsPrintLayout,
    QgsProject,
    QgsRectangle,
    QgsTextFormat,
    QgsVectorLayer,
)
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QRectF, Qt, QTimer
from qgis.PyQt.QtGui import QColor, QFontMetricsF

from ...pilots import schema as cols
from ...pilots.mapping import PilotMapping
from ...pilots.record import Pilot
from ...workcopy.columns import ID, KEY
from ...workcopy.copy import WorkingCopy
from ...workcopy.source import Source
from .. import foreign
from ..layers import PAPER, PROPERTY, make_layers, project_layers
from ..styles import family
from ..symbols import MILLIMETRES, fill, line, stack
from . import mappings
from .fading import stage_is
from .report_map import RD, for_paper, in_front
from .report_paint import arrow
from .report_parts import Block, Drawing, MapFrame, North, Page, Part, ScaleBar, Words
from .report_svg import Picture, picture
from .report_type import CAP, FAINT, INK, POINT, font, words

_LONGEST = 100  # of a layout's name
_ALIGN = {
    "left": Qt.AlignmentFlag.AlignLeft,
    "middle": Qt.AlignmentFlag.AlignHCenter,
    "right": Qt.AlignmentFlag.AlignRight,
}


@dataclass(frozen=True)
class Prepared:
    """A page and its drawings as pictures: made in a task, so that the window need not wait. By place on the page."""

    page: Page
    pictures: Mapping[int, Picture]
    styles: Mapping[tuple[str, str], str]


def prepared(page: Page, copy: WorkingCopy, source: Source, mapping: PilotMapping, pilot: Pilot) -> Prepared:
    """Any thread."""
    drawn = {place: picture(part) for place, part in enumerate(page.parts) if isinstance(part, Drawing)}
    drawn |= {
        place: picture(Drawing(part.x, part.y, part.w, part.h, arrow(part)))
        for place, part in enumerate(page.parts)
        if isinstance(part, North)
    }
    return Prepared(page, drawn, _styles(copy, source, mapping, pilot) if page.map else {})


def add(
    ready: Prepared,
    path: Path,
    source: Source,
    done: Callable[[QgsPrintLayout], None],
    gone: Callable[[], bool] = lambda: False,
) -> None:
    """Add the layout to the project, one step per turn of the event loop; then call ``done``. Nothing is added once
    ``gone()`` is true, or the project was closed meanwhile."""
    project = QgsProject.instance()
    layout = QgsPrintLayout(project)
    steps = _steps(layout, ready, path, source)
    closed = [False]

    def ended() -> None:
        closed[0] = True

    project.cleared.connect(ended)

    def turn() -> None:
        if closed[0] or gone() or sip.isdeleted(layout):
            project.cleared.disconnect(ended)
            if not sip.isdeleted(layout):
                layout.deleteLater()
            return
        try:
            next(steps)
        except StopIteration:
            project.cleared.disconnect(ended)
            layout.undoStack().blockCommands(False)
            layout.setName(free_name(project, ready.page.title))
            if project.layoutManager().addLayout(layout):
                done(layout)
            return
        QTimer.singleShot(0, turn)

    QTimer.singleShot(0, turn)


def free_name(project: QgsProject, title: str) -> str:
    """``title``, with a number behind it where the project has a layout of that name."""
    short = title if len(title) <= _LONGEST else f"{title[: _LONGEST - 1].rstrip()}…"
    taken = {layout.name() for layout in project.layoutManager().layouts()}
    name, number = short, 1
    while name in taken:
        number += 1
        name = f"{short} ({number})"
    return name


def _steps(layout: QgsPrintLayout, ready: Prepared, path: Path, source: Source) -> Iterator[None]:
    layout.undoStack().blockCommands(True)
    layout.initializeDefaults()
    layout.pageCollection().page(0).setPageSize("A4", QgsLayoutItemPage.Orientation.Portrait)
    yield
    shown: QgsLayoutItemMap | None = None
    for place, part in enumerate(ready.page.parts):
        if isinstance(part, MapFrame):
            layers = _in_order(project_layers(path), source)
            styles = {layer.id(): ready.styles[_kind(layer)] for layer in layers if _kind(layer) in ready.styles}
            yield
            shown = _map(layout, part, layers, styles)
        elif isinstance(part, ScaleBar):
            _scale_bar(layout, part, shown)
        elif isinstance(part, North):
            _shape(layout, Block(part.x, part.y, part.w, part.h, "#ffffff", radius=0.8, name="north"))
            _picture(layout, ready.pictures[place], "north", shown)
            _label(layout, words(part.x, part.y + 6.7, part.w, ["N"], 7, bold=True, align="middle", name="north"))
        elif isinstance(part, Drawing):
            _picture(layout, ready.pictures[place], part.name)
        else:
            _plain(layout, part)
        yield


def _plain(layout: QgsPrintLayout, part: Part) -> None:
    if isinstance(part, Words) and part.lines:
        _label(layout, part)
    elif isinstance(part, Block):
        _shape(layout, part)


# -- items -----------------------------------------------------------------------------------------------------------


def _label(layout: QgsPrintLayout, part: Words) -> None:
    item = QgsLayoutItemLabel(layout)
    # what stands between "[%" and "%]" would be evaluated
    item.setText("\n".join(foreign.title(one) for one in part.lines))
    text = QgsTextFormat()
    text.setFont(font(part.size, part.bold))
    text.setSize(part.size)
    text.setSizeUnit(Qgis.RenderUnit.Points)
    text.setColor(QColor(part.ink))
    text.setLineHeight(part.leading)
    text.setLineHeightUnit(MILLIMETRES)
    item.setTextFormat(text)
    item.setMarginX(0)
    item.setMarginY(0)
    item.setHAlign(_ALIGN[part.align])
    item.setVAlign(Qt.AlignmentFlag.AlignTop)
    # QGIS begins a line above its capitals, where the tallest accent would be
    above = max(0.0, _above(part))
    _put(layout, item, part.x, part.y - above, part.w, part.h + above + 0.4, part.name)


def _above(part: Words) -> float:
    """From the top of a line to the tops of its capitals, mm."""
    written = font(part.size, part.bold)
    written.setPixelSize(1000)
    metrics = QFontMetricsF(written)
    return float(metrics.ascent() / 1000 - CAP) * part.size * POINT


def _shape(layout: QgsPrintLayout, part: Block) -> None:
    item = QgsLayoutItemShape(layout)
    item.setShapeType(QgsLayoutItemShape.Shape.Rectangle)
    edge = QColor(part.edge) if part.edge else None
    item.setSymbol(stack(QgsFillSymbol(), fill(QColor(part.fill) if part.fill else None, edge, part.width)))
    if part.radius:
        item.setCornerRadius(QgsLayoutMeasurement(part.radius))
    _put(layout, item, part.x, part.y, part.w, part.h, part.name or "rule")


def _picture(layout: QgsPrintLayout, drawn: Picture, name: str, north_of: QgsLayoutItemMap | None = None) -> None:
    item = QgsLayoutItemPicture(layout)
    item.setPicturePath(drawn.data, Qgis.PictureFormat.SVG if drawn.is_svg else Qgis.PictureFormat.Raster)
    turns = north_of is not None  # what turns must keep its shape
    mode = QgsLayoutItemPicture.ResizeMode
    item.setResizeMode(mode.Zoom if turns else mode.Stretch)
    if north_of is not None:
        item.setLinkedMap(north_of)
        item.setNorthMode(QgsLayoutItemPicture.NorthMode.GridNorth)
    _put(layout, item, drawn.x, drawn.y, drawn.w, drawn.h, name)


def _map(layout: QgsPrintLayout, part: MapFrame, layers: list[QgsMapLayer], styles: dict[str, str]) -> QgsLayoutItemMap:
    item = QgsLayoutItemMap(layout)
    item.setLayers(layers)
    item.setKeepLayerSet(True)
    item.setLayerStyleOverrides(styles)
    item.setKeepLayerStyles(True)
    item.setCrs(QgsCoordinateReferenceSystem(RD))
    _put(layout, item, part.x, part.y, part.w, part.h, "map")
    item.setExtent(QgsRectangle(*part.extent))
    item.setBackgroundColor(QColor(PAPER))
    item.setFrameEnabled(True)
    item.setFrameStrokeColor(QColor("#8a9096"))
    item.setFrameStrokeWidth(QgsLayoutMeasurement(0.2))
    return item


def _scale_bar(layout: QgsPrintLayout, part: ScaleBar, shown: QgsLayoutItemMap | None) -> None:
    item = QgsLayoutItemScaleBar(layout)
    if shown is not None:
        item.setLinkedMap(shown)
    item.setStyle("Single Box")
    kilometres = part.metres >= 1000
    item.setUnits(Qgis.DistanceUnit.Kilometers if kilometres else Qgis.DistanceUnit.Meters)
    item.setMapUnitsPerScaleBarUnit(1)
    item.setUnitLabel("km" if kilometres else "m")
    item.setNumberOfSegmentsLeft(0)
    item.setNumberOfSegments(2)
    item.setUnitsPerSegment(part.metres / (2000 if kilometres else 2))
    item.setHeight(1.3)
    item.setBoxContentSpace(0)
    item.setLabelBarSpace(0.8)
    item.setLineSymbol(stack(QgsLineSymbol(), line(QColor(INK), 0.15)))
    text = QgsTextFormat()
    text.setFont(font(6.5))
    text.setSize(6.5)
    text.setColor(QColor(FAINT))
    item.setTextFormat(text)
    _put(layout, item, part.x - 0.6, part.y - 1.0, part.w, 5.0, "scale bar")


def _put(layout: QgsPrintLayout, item: QgsLayoutItem, x: float, y: float, w: float, h: float, name: str) -> None:
    if name:
        item.setId(name)
    layout.addLayoutItem(item)
    item.attemptSetSceneRect(QRectF(x, y, w, h))


# -- the map's layers ------------------------------------------------------------------------------------------------


def _in_order(layers: list[QgsVectorLayer], pilots: Source) -> list[QgsMapLayer]:
    """Pilots on top, all else from the top of the layer tree to its bottom."""
    wanted = {layer.id() for layer in layers}
    found = [layer for layer in QgsProject.instance().layerTreeRoot().layerOrder() if layer.id() in wanted]
    return sorted(found, key=lambda layer: layer.customProperty(PROPERTY) != pilots.table)


def _styles(copy: WorkingCopy, source: Source, mapping: PilotMapping, pilot: Pilot) -> dict[tuple[str, str], str]:
    """By table and kind of geometry how a layer looks in a report, as XML. Any thread."""
    found = {}
    for layer in make_layers(copy):
        if layer.customProperty(PROPERTY) == source.table:
            columns = mappings.columns(source, mapping)
            key, value = (ID, pilot.twin_id) if pilot.twin_id else (KEY, pilot.fid)
            chosen = f"{QgsExpression.quotedColumnRef(key)} = {QgsExpression.quotedValue(value)}"
            name = QgsExpression.quotedColumnRef(columns[cols.NAME])
            in_front(layer, chosen, _tell(columns[cols.STAGE], mapping), name)
        else:
            for_paper(layer)
        style = QgsMapLayerStyle()
        style.readFromLayer(layer)
        found[_kind(layer)] = str(style.xmlData())
    return found


def _tell(column: str, mapping: PilotMapping) -> Callable[[str], str]:
    return lambda stage: stage_is(column, mapping, stage)


def _kind(layer: QgsMapLayer) -> tuple[str, str]:
    return str(layer.customProperty(PROPERTY)), family(layer) if isinstance(layer, QgsVectorLayer) else ""
