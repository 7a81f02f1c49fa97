"""The stages of a pilot as a chain: where it is, where it was, and where it can go, which are buttons."""

from __future__ import annotations

from qgis.PyQt.QtCore import QPoint, QRectF, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QFont, QPainter, QPaintEvent, QPalette, QPen
from qgis.PyQt.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QWidget

from ...pilots import schema as cols
from ...pilots import vocabulary as words
from ...text import tr
from ..tool_tip import tool_tip
from .dialog_presenter import DialogPresenter
from .stage_look import arrow, colour_of, ink_on

_HIGH = 34
_PAD = 16


class StageButton(QAbstractButton):
    """One stage. It can be pressed where the pilot can go there."""

    def __init__(self, stage: str, *, first: bool, apart: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.stage = stage
        self._first = first
        self._apart = apart
        self._current = self._passed = False
        self.setText(words.stage_title(stage))
        self.setObjectName(f"CityTwinStage_{stage}")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def tell(self, current: bool, passed: bool, possible: bool, forward: bool, asked: str) -> None:
        """``asked``: the columns that it needs and that are empty, in words."""
        self._current, self._passed = current, passed
        self.setEnabled(possible)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if possible else Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor if possible else Qt.CursorShape.ArrowCursor)
        title = words.stage_title(self.stage)
        if current:
            said = tr("The pilot is in this stage.")
        elif possible and self.stage == words.STOPPED:
            said = tr("Stop it, with a reason, so that others learn from it.")
        elif possible and forward:
            said = tr("The next stage: click to go there.")
        elif possible:
            said = tr("Click to go back there, with a reason.")
        else:
            said = tr("It cannot go there from its present stage: one step forward at a time.")
        if possible and asked:
            said += "\n" + tr("Needed there, and still empty: {columns}.", columns=asked)
        self.setToolTip(tool_tip(said))
        self.setAccessibleName(title)
        self.setAccessibleDescription(said)
        self.update()

    def sizeHint(self) -> QSize:
        font = QFont(self.font())
        font.setBold(True)
        metrics = self.fontMetrics()
        wide = metrics.boundingRect(self.text()).width() * 1.1
        return QSize(round(wide) + 2 * _PAD, _HIGH)

    def minimumSizeHint(self) -> QSize:
        return QSize(self.sizeHint().width() - _PAD, _HIGH)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette, ink = self.palette(), colour_of(self.stage)
        text = QColor(palette.color(QPalette.ColorGroup.Active, QPalette.ColorRole.WindowText))
        place = QRectF(self.rect()).adjusted(1.5, 2.5, -1.5, -2.5)
        ground = QColor(palette.color(QPalette.ColorGroup.Active, QPalette.ColorRole.Window))
        edge = QColor(text)
        edge.setAlpha(70)
        if self._current:
            ground, edge = ink, QColor(text)
            edge.setAlpha(110)
            text = ink_on(ink)
        elif self.isEnabled():
            ground = palette.color(QPalette.ColorGroup.Active, QPalette.ColorRole.Button)
            ground = ground.lighter(112) if self.underMouse() else ground
            edge.setAlpha(150)
        elif not self._passed:
            text.setAlpha(120)
        if self.isDown():
            ground = ground.darker(112)
        painter.setPen(QPen(edge, 1))
        painter.setBrush(ground)
        shape = arrow(place, self._first)
        if self._apart:
            painter.drawRoundedRect(place, 5, 5)
        else:
            painter.drawPath(shape)
        self._write(painter, place, text, ink)
        if self.hasFocus():
            focus = QPen(palette.color(QPalette.ColorRole.Highlight), 2)
            painter.setPen(focus)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            if self._apart:
                painter.drawRoundedRect(place, 5, 5)
            else:
                painter.drawPath(shape)
        painter.end()

    def _write(self, painter: QPainter, place: QRectF, text: QColor, ink: QColor) -> None:
        font = QFont(self.font())
        font.setBold(self._current)
        painter.setFont(font)
        inner = place.adjusted(6 if self._first or self._apart else 12, 0, -6 if self._apart else -10, 0)
        if not self._current:  # its colour as a dot, with a seam that is seen on any ground
            wide = min(inner.width(), painter.fontMetrics().boundingRect(self.text()).width() + 14.0)
            left = inner.left() + max(0.0, (inner.width() - wide) / 2)
            dot = QRectF(left, inner.center().y() - 4, 8, 8)
            seam = QColor(text)
            seam.setAlpha(min(110, text.alpha()))
            fill = QColor(ink)
            fill.setAlpha(text.alpha())
            painter.setPen(QPen(seam, 1))
            painter.setBrush(fill)
            painter.drawEllipse(dot)
            inner = QRectF(left + 14, inner.top(), max(0.0, inner.right() - left - 14), inner.height())
        painter.setPen(text)
        how = Qt.AlignmentFlag.AlignVCenter
        how |= Qt.AlignmentFlag.AlignHCenter if self._current else Qt.AlignmentFlag.AlignLeft
        shown = painter.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, round(inner.width()) + 2)
        painter.drawText(inner, int(how), shown)


class StageStrip(QWidget):
    """``wanted(stage)``: the user pressed a stage to go to."""

    wanted = pyqtSignal(str)

    def __init__(self, presenter: DialogPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self.setAccessibleName(cols.title(cols.STAGE))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self.buttons: dict[str, StageButton] = {}
        for stage in words.STAGES:
            apart = stage == words.STOPPED
            if apart:
                row.addSpacing(14)
            button = StageButton(stage, first=stage == words.IDEA, apart=apart, parent=self)
            button.clicked.connect(lambda _checked=False, stage=stage: self.wanted.emit(stage))
            self.buttons[stage] = button
            row.addWidget(button)
        presenter.changed.connect(lambda _column: self._show())
        self._show()

    def below(self, stage: str) -> QPoint:
        """The middle of a stage's lower edge, in this widget."""
        button = self.buttons[stage]
        return QPoint(button.geometry().center().x(), button.geometry().bottom())

    def _show(self) -> None:
        now = self._presenter.pilot.stage
        moves = {move.stage: move for move in self._presenter.moves()}
        place = words.PATH.index(now) if now in words.PATH else -1
        for stage, button in self.buttons.items():
            move = moves.get(stage)
            asked = ", ".join(cols.title(column) for column in move.missing) if move else ""
            passed = stage in words.PATH and words.PATH.index(stage) < place
            button.tell(stage == now, passed, move is not None, bool(move and move.forward), asked)
