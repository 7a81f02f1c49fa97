"""Two maps of one conflict, mine and theirs, that move together; the base lies under both."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.core import Qgis, QgsCoordinateReferenceSystem, QgsGeometry, QgsPointXY, QgsRectangle
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtGui import QColor, QPainter, QPaintEvent, QPalette
from qgis.PyQt.QtWidgets import QHBoxLayout, QRadioButton, QVBoxLayout, QWidget

from ..text import tr
from ..workcopy.geometry import wkb_of
from .conflict_canvas import Outline, SideMap
from .conflict_choices import Pick
from .conflict_colours import COLOURS
from .conflict_legend import Legend
from .conflict_shapes import Shapes
from .status_line import ElidedLabel

_AROUND = 1.5  # how much more than the geometries themselves is shown
_LEAST = 30.0  # metres that are shown at least
_DEGREE = 111_000.0
_FRAME = 2


class _Half(QWidget):
    """One side: its name to choose it by, what differs in words, and its map."""

    def __init__(self, side: Pick, title: str, main: QgsMapCanvas) -> None:
        super().__init__()
        self.side = side
        self.choose = QRadioButton(title)
        self.choose.setAutoExclusive(False)  # none of the two is chosen at first
        self.words = ElidedLabel(dim=True)
        self.map = SideMap(side, main)
        self.map.setAccessibleName(title)
        head = QHBoxLayout()
        head.setContentsMargins(2, 0, 2, 0)
        head.setSpacing(8)
        head.addWidget(self.choose)
        head.addWidget(self.words, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addLayout(head)
        self._frame = _Frame()
        around = QVBoxLayout(self._frame)
        around.setContentsMargins(_FRAME, _FRAME, _FRAME, _FRAME)
        around.addWidget(self.map)
        layout.addWidget(self._frame, 1)

    def name(self, title: str) -> None:
        """What the side is called."""
        self.choose.setText(title)
        self.map.setAccessibleName(title.replace("&", ""))

    def set_chosen(self, chosen: bool) -> None:
        """Frame the map of the side that was chosen in its colour."""
        self.choose.setChecked(chosen)
        self._frame.show_colour(COLOURS[self.side] if chosen else None)


class _Frame(QWidget):
    """Painted, not styled: QGIS's themes give frames and canvases their own colours."""

    def __init__(self) -> None:
        super().__init__()
        self._colour: QColor | None = None

    def show_colour(self, colour: QColor | None) -> None:
        self._colour = colour
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._colour or self.palette().color(QPalette.ColorRole.Mid))
        painter.end()


class ConflictMaps(QWidget):
    """Shows `Shapes`. Where all sides have the same geometry one map says where it is."""

    picked = pyqtSignal(str)  # side

    def __init__(self, main: QgsMapCanvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.mine = _Half("mine", tr("Use M&ine"), main)
        self.theirs = _Half("theirs", tr("Use T&heirs"), main)
        self.legend = Legend()
        self._linking = self._outside = False
        self._halves = (self.mine, self.theirs)
        halves = QHBoxLayout()
        halves.setContentsMargins(0, 0, 0, 0)
        halves.setSpacing(8)
        for half in self._halves:
            halves.addWidget(half, 1)
            half.choose.clicked.connect(lambda _checked=False, side=half.side: self.picked.emit(side))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.setSpacing(4)
        layout.addLayout(halves, 1)
        layout.addWidget(self.legend)
        for one, other in ((self.mine.map, self.theirs.map), (self.theirs.map, self.mine.map)):
            one.extentsChanged.connect(lambda one=one, other=other: self._follow(one, other))
            one.xyCoordinates.connect(other.point_at)
            one.left.connect(other.point_nowhere)

    # -- what is shown -----------------------------------------------------------------------------------------------

    def show_shapes(self, shapes: Shapes, crs: QgsCoordinateReferenceSystem, gone: Sequence[str] = ()) -> None:
        """Draw these geometries of ``crs``. ``gone``: the sides that deleted the feature."""
        geometries = {side: _geometry(shapes.side(side).blob) for side in ("base", "mine", "theirs")}
        base = Outline("base", geometries["base"])
        both = shapes.differ or bool(gone)
        self.theirs.setVisible(both)
        for half in self._halves:
            side = shapes.side(half.side)
            half.choose.setVisible(both and not gone)
            words = self._words(side.story, side.words, both, half.side in gone)
            half.words.say(tr("Geometry: {words}", words=words) if gone and words else words)
            half.map.tell(self._gone(half.side) if half.side in gone else "")
            outline = Outline(half.side, geometries[half.side], side.changed, side.gone)
            half.map.draw((base, outline) if both else (outline,), crs)
        marks = any(shapes.side(side).changed for side in ("mine", "theirs"))
        removed = any(shapes.side(side).gone for side in ("mine", "theirs"))
        kinds = [geometry.type() for geometry in geometries.values() if geometry is not None]
        point = bool(kinds) and kinds[0] == Qgis.GeometryType.Point
        sides = [side for side in ("mine", "theirs") if geometries[side] is not None]
        self.legend.tell(
            sides=sides if both else [],
            base=both and geometries["base"] is not None,
            vertices=both and marks and not point,
            removed=both and removed and not point,
            point=point,
        )
        self._zoom([geometry for geometry in geometries.values() if geometry is not None], crs)

    def name_theirs(self, outside: bool) -> None:
        """Call the other side what it is: the twin's, or a field review's."""
        self._outside = outside
        self.theirs.name(tr("Use Field Re&view") if outside else tr("Use T&heirs"))
        self.legend.name("theirs", tr("Field review") if outside else tr("Theirs"))

    def set_pick(self, pick: str, able: bool) -> None:
        """Which geometry the result has; empty while that is open."""
        for half in self._halves:
            half.set_chosen(half.side == pick)
            half.choose.setEnabled(able)

    def clear(self) -> None:
        """Draw nothing, and stop drawing."""
        for half in self._halves:
            half.map.clear()

    def _words(self, story: str, words: str, both: bool, gone: bool) -> str:
        if not both:
            return tr("Where it is: the geometry is the same on all sides")
        return "" if gone else words or story

    def _gone(self, side: Pick) -> str:
        if side == "mine":
            return tr("You deleted it")
        return tr("Deleted outside") if self._outside else tr("They deleted it")

    # -- moving together ---------------------------------------------------------------------------------------------

    def _follow(self, one: SideMap, other: SideMap) -> None:
        if self._linking or not other.isVisible():
            return
        self._linking = True
        try:
            other.setExtent(one.extent())
            other.refresh()
        finally:
            self._linking = False

    def _zoom(self, geometries: Sequence[QgsGeometry], crs: QgsCoordinateReferenceSystem) -> None:
        box = QgsRectangle()
        for geometry in geometries:
            box.combineExtentWith(geometry.boundingBox())
        if not geometries:
            return
        least = _LEAST / _DEGREE if crs.isGeographic() else _LEAST
        width, height = max(box.width() * _AROUND, least), max(box.height() * _AROUND, least)
        centre = box.center()
        box = QgsRectangle.fromCenterAndSize(QgsPointXY(centre), width, height)
        self.mine.map.look_at(box, crs)
        if self.theirs.isVisibleTo(self):
            self.theirs.map.look_at(box, crs)


def _geometry(blob: bytes | None) -> QgsGeometry | None:
    if blob is None:
        return None
    geometry = QgsGeometry()
    geometry.fromWkb(wkb_of(blob))
    return None if geometry.isNull() or geometry.isEmpty() else geometry
