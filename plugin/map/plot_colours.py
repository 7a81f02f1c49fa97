"""The colours of charts: lines that can be told apart without seeing red and green, on light and dark grounds."""

from __future__ import annotations

from dataclasses import dataclass

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor, QPalette, QPen

# Blue, orange, green, pink, brown and violet, far enough apart also where red or green is not seen: at least 20 in
# CIE Lab, as simulated after G. Machado et al. (2009), and with a contrast of at least 3 : 1 to the ground.
_ON_LIGHT = ("#0066cc", "#e0650f", "#0b9a72", "#cc46a2", "#5a4700", "#3d1060")
_ON_DARK = ("#4a94ff", "#f57c1f", "#1fe68f", "#ff5aa5", "#fff04d", "#d9d4f0")
DISTINCT = len(_ON_LIGHT)
_DASHES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine)


@dataclass(frozen=True)
class Ink:
    """The colours of one chart. A ``ground`` that is transparent is not painted."""

    ground: QColor
    text: QColor
    faint: QColor
    grid: QColor
    norm: QColor
    threshold: QColor
    now: QColor
    dark: bool

    def line(self, place: int) -> QColor:
        """The colour of the ``place``-th series."""
        return QColor((_ON_DARK if self.dark else _ON_LIGHT)[place % DISTINCT])

    def pen(self, place: int, width: float) -> QPen:
        """A pen for the ``place``-th series; those that share a colour are dashed in different ways."""
        pen = QPen(self.line(place), width)
        pen.setStyle(_DASHES[place // DISTINCT % len(_DASHES)])
        pen.setJoinStyle(Qt.PenJoinStyle.BevelJoin)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        return pen


def ink_on(ground: QColor, text: QColor) -> Ink:
    """The colours for text of colour ``text`` on ``ground``."""
    dark = text.lightness() > 128 if ground.alpha() == 0 else ground.lightness() < 128
    return Ink(
        ground=QColor(ground),
        text=QColor(text),
        faint=_faded(text, 165),
        grid=_faded(text, 28),
        norm=_faded(text, 110),
        threshold=QColor("#ff6b5e" if dark else "#c8372d"),
        now=_faded(text, 120),
        dark=dark,
    )


def ink_of(palette: QPalette) -> Ink:
    """The colours for a widget of ``palette``."""
    return ink_on(palette.color(QPalette.ColorRole.Base), palette.color(QPalette.ColorRole.Text))


def light() -> Ink:
    """The colours for paper, whatever the theme."""
    return ink_on(QColor("#ffffff"), QColor("#262626"))


def _faded(colour: QColor, alpha: int) -> QColor:
    faded = QColor(colour)
    faded.setAlpha(alpha)
    return faded
