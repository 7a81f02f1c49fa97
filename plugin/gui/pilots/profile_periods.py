"""The buildings of a pilot by when they were built, as a small bar chart."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import QEvent, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPalette
from qgis.PyQt.QtWidgets import QSizePolicy, QToolTip, QWidget

from ...map.plot_colours import ink_on
from ...pilots.figures import Period
from ...text import number, tr, trn
from .profile_words import period

_HEIGHT = 132
_FAINT = 0.65


class PeriodsChart(QWidget):
    """Bars from the first to the last period, their counts above and their years below; what has no year comes last,
    fainter."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bars: list[tuple[str, int, bool]] = []  # words, count, known
        self.setMinimumSize(QSize(330, _HEIGHT))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)

    def show_periods(self, periods: Sequence[Period], unknown: int) -> None:
        """``unknown``: buildings of which the year is not known."""
        self._bars = [(period(one), one.count, True) for one in periods]
        if unknown and periods:
            self._bars.append((tr("not known"), unknown, False))
        words = ", ".join(f"{words}: {count}" for words, count, _ in self._bars)
        self.setAccessibleName(tr("Buildings by the year in which they were built"))
        self.setAccessibleDescription(words)
        self.setVisible(bool(self._bars))
        self.update()

    @property
    def bars(self) -> tuple[tuple[str, int], ...]:
        """What it shows, in words."""
        return tuple((words, count) for words, count, _ in self._bars)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        font = self.font()
        font.setPointSizeF(max(6.5, font.pointSizeF() * 0.85))
        painter.setFont(font)
        line = painter.fontMetrics().height()
        text = self.palette().color(QPalette.ColorRole.WindowText)
        fill = ink_on(self.palette().color(QPalette.ColorRole.Window), text).line(0)
        most = max((count for _, count, _ in self._bars), default=0)
        foot = self.height() - 2 * line - 3
        room = foot - line - 2
        for number_, (words, count, known) in enumerate(self._bars):
            slot = self._slot(number_)
            high = room * count / most if most else 0.0
            bar = QRectF(slot.left() + slot.width() * 0.14, foot - high, slot.width() * 0.72, high)
            colour = QColor(fill if known else text)
            colour.setAlphaF(1.0 if known else 0.3)
            painter.fillRect(bar, colour)
            painter.setPen(text)
            above = QRectF(slot.left() - 8, bar.top() - line - 1, slot.width() + 16, line)
            painter.drawText(above, Qt.AlignmentFlag.AlignCenter, number(count))
            faint = QColor(text)
            faint.setAlphaF(_FAINT)
            painter.setPen(faint)
            below = QRectF(slot.left(), foot + 3, slot.width(), 2 * line)
            flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
            # a line for each year: five bars are beside each other
            painter.drawText(below, int(flags) | int(Qt.TextFlag.TextWordWrap), words.replace("–", "–\n"))
        ground = QColor(text)
        ground.setAlphaF(0.35)
        painter.setPen(ground)
        painter.drawLine(0, foot, self.width(), foot)
        painter.end()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            for place, (words, count, _known) in enumerate(self._bars):
                if self._slot(place).contains(event.pos().x(), 1):
                    tip = trn(
                        "{words}: {count} building",
                        "{words}: {count} buildings",
                        count,
                        words=words,
                        count=number(count),
                    )
                    QToolTip.showText(event.globalPos(), tip, self)
                    return True
            QToolTip.hideText()
            return True
        return bool(super().event(event))

    def _slot(self, place: int) -> QRectF:
        width = self.width() / max(1, len(self._bars))
        return QRectF(place * width, 0, width, self.height())
