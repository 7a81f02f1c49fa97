"""What to do next, in one line, at each moment of drawing an area."""

from __future__ import annotations

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor, QPainter, QPaintEvent
from qgis.PyQt.QtWidgets import QHBoxLayout, QLabel, QWidget

from ...text import tr
from .draw_area import How
from .draw_draft import Draft

_COLOUR = "#0a9396"
_LEAST = 3  # corners of an area


def guide(draft: Draft, *, drawing: bool, corners: int, taking: bool, selected: int, busy: bool) -> str:
    """``drawing``: the mouse draws; ``corners`` of the outline so far; ``taking``: the box of selections is open, with
    ``selected`` features; ``busy``: they are being taken."""
    if busy:
        return tr("The area is being taken from the selected features.")
    if corners and not drawing:
        return tr("The outline waits: press Draw on the Map to go on with it.")
    if drawing:
        return _corner(draft, corners)
    if taking and not selected:
        return tr("Select features on the map: the area is made of them.")
    if taking:
        return tr("Take the selected features, or change the selection on the map.")
    if draft.checking:
        return tr("The area is being checked.")
    if not draft.has_area:
        return tr("Draw the outline on the map, or take it from selected features.")
    if draft.verdict.errors:
        return tr("Solve the errors below, or draw the area anew.")
    if draft.verdict.warnings:
        return tr("Look at the warnings below, then continue.")
    return tr("The area is fine. Continue, or go on changing it.")


def _corner(draft: Draft, corners: int) -> str:
    if corners >= _LEAST:
        return tr("Click on, or finish with a right click or Enter. Backspace takes a corner back.")
    if corners:
        return tr("Click the next corner. Backspace takes one back, Esc drops the outline.")
    if draft.has_area and draft.how is How.ADD:
        return tr("Click the first corner of what is to be added.")
    if draft.has_area and draft.how is How.CUT:
        return tr("Click the first corner of what is to be cut out.")
    if draft.has_area:
        return tr("Click the first corner of the new outline, which replaces the area.")
    return tr("Click the first corner on the map.")


class GuideLine(QWidget):
    """The sentence, where it is not overlooked. It keeps the height of two lines, so that nothing jumps."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label = QLabel()
        self._label.setWordWrap(True)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._label.setMinimumHeight(2 * self._label.fontMetrics().lineSpacing())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 5, 8, 5)
        layout.addWidget(self._label)

    def say(self, text: str) -> None:
        self._label.setText(text)
        self.setAccessibleName(text)

    @property
    def text(self) -> str:
        return str(self._label.text())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        colour = QColor(_COLOUR)
        painter.fillRect(0, 0, 3, self.height(), colour)
        colour.setAlpha(28)
        painter.fillRect(3, 0, self.width() - 3, self.height(), colour)
        painter.end()
