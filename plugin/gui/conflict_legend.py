"""What the lines and marks on a conflict's maps mean, in words."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import QPointF, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from qgis.PyQt.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from ..text import tr
from .conflict_colours import COLOURS
from .dim import dimmed


class Swatch(QWidget):
    """A line, a diamond or a cross, as on the map."""

    def __init__(self, kind: str, colour: QColor, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kind, self._colour, self._point = kind, colour, False
        self.setFixedSize(QSize(22 if kind in ("line", "dashes") else 12, 14))

    def set_point(self, point: bool) -> None:
        """A ring instead of a line: what is drawn are points."""
        self._point = point
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = QRectF(self.rect()).center()
        pen = QPen(self._colour, 2 if self._kind != "line" else 3)
        if self._kind == "dashes":
            pen.setStyle(Qt.PenStyle.DashLine)
            pen.setDashPattern([2.6, 1.8])
        painter.setPen(pen)
        if self._point and self._kind in ("line", "dashes"):
            painter.setPen(QPen(self._colour, 2))
            size = 5.5 if self._kind == "line" else 4.0
            painter.drawEllipse(middle, size, size)
        elif self._kind in ("line", "dashes"):
            painter.drawLine(QPointF(1, middle.y()), QPointF(self.width() - 1, middle.y()))
        elif self._kind == "cross":
            for down in (-3.5, 3.5):
                painter.drawLine(middle + QPointF(-3.5, -down), middle + QPointF(3.5, down))
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._colour)
            corners = [QPointF(0, -5), QPointF(5, 0), QPointF(0, 5), QPointF(-5, 0)]
            painter.drawPolygon(QPolygonF([middle + corner for corner in corners]))
        painter.end()


class Legend(QWidget):
    """One line below the maps; only what is drawn is named."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2, 0, 2, 0)
        layout.setSpacing(5)
        dark = QColor(110, 110, 110)
        self._entries: dict[str, tuple[Swatch, QLabel]] = {}
        for name, kind, colour, words in (
            ("base", "dashes", COLOURS["base"], tr("Base")),
            ("mine", "line", COLOURS["mine"], tr("Mine")),
            ("theirs", "line", COLOURS["theirs"], tr("Theirs")),
            ("vertices", "diamond", dark, tr("Vertex that differs")),
            ("removed", "cross", COLOURS["base"], tr("Vertex taken out")),
        ):
            entry = self._entries[name] = (Swatch(kind, colour), dimmed(QLabel(words)))
            layout.addWidget(entry[0])
            layout.addWidget(entry[1])
            layout.addSpacing(9)
        layout.addStretch(1)
        # Longer words in another language must not take room from the list.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def tell(self, *, sides: Sequence[str], base: bool, vertices: bool, removed: bool, point: bool) -> None:
        """Name what is drawn; nothing where there is nothing to tell apart."""
        wanted = {"base": base, "vertices": vertices, "removed": removed, **dict.fromkeys(sides, True)}
        for name, entry in self._entries.items():
            entry[0].set_point(point)
            for widget in entry:
                widget.setVisible(wanted.get(name, False))
        self.setVisible(any(wanted.values()))

    def name(self, entry: str, words: str) -> None:
        """Call an entry something else."""
        self._entries[entry][1].setText(words)

    def words(self) -> list[str]:
        """What is named now."""
        return [entry[1].text() for entry in self._entries.values() if not entry[1].isHidden()]
