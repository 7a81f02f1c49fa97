"""The head of a profile: what the pilot is called, where it stands, how large it is, and the figures at a glance."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import QRectF, QSize, Qt
from qgis.PyQt.QtGui import QColor, QPainter, QPaintEvent, QPalette
from qgis.PyQt.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from ...map.pilots.profiling import Outcome
from ...map.pilots.style import LOOKS
from ...pilots import vocabulary
from ...pilots.record import Pilot
from ...text import tr
from ..dim import dimmed
from ..status_line import ElidedLabel
from . import profile_words as words
from .profile_words import Fact

_NO_STAGE = "#5b5b5b"


class StageChip(QWidget):
    """The stage on its colour on the map."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text, self._colour = "", QColor(_NO_STAGE)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_stage(self, stage: str) -> None:
        self._text = vocabulary.stage_title(stage) or tr("no stage")
        look = LOOKS.get(stage)
        self._colour = QColor(look.ink if look is not None else _NO_STAGE)
        self.setAccessibleName(tr("Stage: {stage}", stage=self._text))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._text) + 18, metrics.height() + 6)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        place = QRectF(self.rect())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._colour)
        painter.drawRoundedRect(place, 4, 4)
        painter.setPen(QColor("white"))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, self._text)
        painter.end()


class ProfileHeading(QWidget):
    """Name, stage, dates, size, and as of when."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = QLabel()
        font = self.name.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.5)
        self.name.setFont(font)
        self.stage = StageChip()
        self.dates, self.extent = ElidedLabel(), QLabel()
        self.as_of = QLabel()
        for label in (self.name, self.extent, self.as_of):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        dimmed(self.as_of)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.stage)
        line.addWidget(self.dates, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.name)
        layout.addLayout(line)
        layout.addWidget(self.extent)
        layout.addWidget(self.as_of)

    def show_pilot(self, pilot: Pilot | None, outcome: Outcome | None) -> None:
        """What is known by now."""
        self.name.setText(pilot.label if pilot is not None else tr("Pilot"))
        self.stage.setVisible(pilot is not None)
        if pilot is not None:
            self.stage.show_stage(pilot.stage)
        self.dates.say(words.dates(pilot) if pilot is not None else "")
        self.extent.setText(words.extent(outcome.profile) if outcome is not None else "")
        self.as_of.setText(words.as_of(outcome) if outcome is not None else "")
        self.extent.setVisible(outcome is not None)
        self.as_of.setVisible(outcome is not None)


class Tiles(QFrame):
    """A row of figures with what they count."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 4, 0, 4)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(0)
        self._labels: list[tuple[QLabel, QLabel, QLabel]] = []

    def show_facts(self, facts: Sequence[Fact]) -> None:
        """One beside the other."""
        while len(self._labels) < len(facts):
            self._add()
        for (title, figure, below), fact in zip(self._labels, facts):
            title.setText(fact.title)
            figure.setText(fact.text)
            below.setText(fact.below)
            font = self.font()
            font.setBold(fact.known)
            font.setPointSizeF(font.pointSizeF() * (1.6 if fact.known else 1.0))
            figure.setFont(font)
            figure.setAccessibleName(f"{fact.title}: {fact.text}")

    def _add(self) -> None:
        column = len(self._labels)
        found = (QLabel(), QLabel(), QLabel())
        for row, label in enumerate(found):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(row != 1)
            label.setAlignment(Qt.AlignmentFlag.AlignLeft | (_TOP if row == 2 else _BOTTOM))
            self._grid.addWidget(label, row, column)
        dimmed(found[0])
        dimmed(found[2])
        self._grid.setColumnStretch(column, 1)
        self._labels.append(found)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A hairline above and below, in the theme's own colour."""
        super().paintEvent(event)
        painter = QPainter(self)
        colour = QColor(self.palette().color(QPalette.ColorRole.WindowText))
        colour.setAlphaF(0.2)
        painter.setPen(colour)
        painter.drawLine(0, 0, self.width(), 0)
        painter.drawLine(0, self.height() - 1, self.width(), self.height() - 1)
        painter.end()


_TOP, _BOTTOM = Qt.AlignmentFlag.AlignTop, Qt.AlignmentFlag.AlignBottom
