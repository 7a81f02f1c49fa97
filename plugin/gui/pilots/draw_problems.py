"""What is wrong with an area, as rows: what, what to do, and a button where something mends it by itself."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import QEvent, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QIcon, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette
from qgis.PyQt.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ...pilots.problems import Problem
from ...text import tr, trn
from ..dim import dimmed
from ..icons import icon

_ICONS = {"error": "change-problem", "warning": "change-conflict", "notice": "mIconInfo.svg"}
_SIZE = 16
MOST = 12  # rows shown at once: making them takes a millisecond each


class ProblemList(QWidget):
    """``zoom(Problem)`` and ``fix(Problem)`` tell what the user asks for."""

    zoom = pyqtSignal(object)
    fix = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[ProblemRow] = []
        self._more = dimmed(QLabel())
        self._more.setContentsMargins(30, 2, 0, 2)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(2)
        self._layout.addWidget(self._more)
        self._more.hide()
        self.setAccessibleName(tr("Problems"))

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Show these; rows that are there are used again, so that nothing flickers while somebody draws."""
        shown = problems[:MOST]
        while len(self.rows) < len(shown):
            row = ProblemRow(self)
            row.zoom.connect(self.zoom)
            row.fix.connect(self.fix)
            self._layout.insertWidget(len(self.rows), row)
            self.rows.append(row)
        for row, problem in zip(self.rows, shown):
            row.show_problem(problem)
        for row in self.rows[len(shown) :]:
            row.hide()
        more = len(problems) - len(shown)
        self._more.setText(trn("and {n} more", "and {n} more", more) if more else "")
        self._more.setVisible(more > 0)


class ProblemRow(QWidget):
    """One problem. A click, Enter or the space bar shows where it is."""

    zoom = pyqtSignal(object)
    fix = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.problem: Problem | None = None
        self._icon = QLabel()
        self._icon.setFixedSize(_SIZE, _SIZE)
        self._words, self._advice = QLabel(), dimmed(QLabel())
        for label in (self._words, self._advice):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.button = QPushButton()
        self.button.clicked.connect(lambda _checked=False: self.fix.emit(self.problem))
        text = QVBoxLayout()
        text.setSpacing(2)
        text.addWidget(self._words)
        text.addWidget(self._advice)
        text.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(6, 5, 4, 5)
        layout.setSpacing(8)
        layout.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(text, 1)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    @property
    def has_place(self) -> bool:
        return self.problem is not None and self.problem.place is not None

    def show_problem(self, problem: Problem) -> None:
        """Show another problem in this row, or the same as it is now."""
        if problem is not self.problem:
            self.problem = problem
            self._icon.setPixmap(_icon(problem.severity).pixmap(QSize(_SIZE, _SIZE)))
            self._words.setText(problem.sentence)
            self._advice.setText(problem.advice)
            self._advice.setVisible(bool(problem.advice))
            self.button.setVisible(problem.fix is not None)
            self.button.setText(problem.fix.label if problem.fix is not None else "")
            self.setAccessibleName(problem.sentence)
            self.setCursor(Qt.CursorShape.PointingHandCursor if self.has_place else Qt.CursorShape.ArrowCursor)
            self.button.setCursor(Qt.CursorShape.ArrowCursor)
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if self.has_place else Qt.FocusPolicy.NoFocus)
            self.setToolTip(tr("Click to show it on the map") if self.has_place else "")
        self.show()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.has_place:
            self.zoom.emit(self.problem)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.has_place and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.zoom.emit(self.problem)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
        return bool(super().event(event))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Tinted under the mouse, framed where the keyboard is."""
        if not self.has_place:
            return
        painter = QPainter(self)
        colour = QColor(self.palette().color(QPalette.ColorRole.Highlight))
        if self.hasFocus():
            painter.setPen(colour)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        if self.underMouse():
            colour.setAlpha(30)
            painter.fillRect(self.rect(), colour)
        painter.end()


def _icon(severity: str) -> QIcon:
    return icon(_ICONS[severity])
