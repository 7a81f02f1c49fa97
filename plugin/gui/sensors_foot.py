"""The foot of the Sensors page: what is chosen, and what can be done with it."""

from __future__ import annotations

from qgis.PyQt.QtCore import QSize, pyqtSignal
from qgis.PyQt.QtWidgets import QFrame, QHBoxLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from ..text import tr, trn
from .icons import icon
from .sensors_choice import Choice
from .status_line import ElidedLabel
from .tool_tip import tool_tip

_ICON = 20


class SensorsFoot(QWidget):
    """Only shows and tells. Each button has its word as tool tip and accessible name."""

    add_asked = pyqtSignal()
    chart_asked = pyqtSignal()
    thresholds_asked = pyqtSignal()
    log_asked = pyqtSignal()
    snapshot_asked = pyqtSignal()
    playback_asked = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.chosen = ElidedLabel()
        self.add_button = QPushButton(icon("live-layer"), add_text(0))
        self.add_button.setDefault(True)
        self.add_button.setToolTip(tr("Show what is chosen on the map, and keep it up to date"))
        self.add_button.clicked.connect(lambda _checked=False: self.add_asked.emit())
        self._tools = QHBoxLayout()
        self._tools.setContentsMargins(0, 0, 0, 0)
        self._tools.setSpacing(2)
        self.chart_button = self._tool("chart", tr("Show Chart"), self.chart_asked)
        self.thresholds_button = self._tool("threshold", tr("Thresholds…"), self.thresholds_asked)
        self.log_button = self._tool("threshold-log", tr("Log of Crossed Thresholds"), self.log_asked)
        line = QFrame()
        line.setFrameShape(QFrame.Shape.VLine)
        line.setFrameShadow(QFrame.Shadow.Sunken)
        self._tools.addWidget(line)
        self.snapshot_button = self._tool("snapshot", tr("Snapshot…"), self.snapshot_asked)
        self.playback_button = self._tool("playback", tr("Play Back…"), self.playback_asked)
        self._tools.addStretch(1)
        self._tools.addWidget(self.add_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(6)
        layout.addWidget(self.chosen)
        layout.addLayout(self._tools)
        self.show_choice(Choice(), None)

    def _tool(self, picture: str, text: str, asked: pyqtSignal) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(icon(picture))
        button.setIconSize(QSize(_ICON, _ICON))
        button.setAutoRaise(True)
        button.setToolTip(text)
        button.setAccessibleName(text)
        button.clicked.connect(lambda _checked=False: asked.emit())
        self._tools.addWidget(button)
        return button

    def show_choice(self, choice: Choice, layer: str | None) -> None:
        """What is chosen, and the name of the live layer that belongs to it (None: there is none)."""
        self.chosen.say(choice.sentence())
        n = choice.layers
        self.add_button.setText(add_text(n))
        self.add_button.setEnabled(n > 0)
        rows = len(choice.rows)
        self._enable(self.chart_button, tr("Show Chart"), bool(rows), tr("select datastreams first"))
        one = len(choice.properties) == 1
        self._enable(self.thresholds_button, tr("Thresholds…"), one, tr("choose one property first"))
        missing = tr("choose what is on the map as a live layer")
        for button, text in ((self.snapshot_button, tr("Snapshot…")), (self.playback_button, tr("Play Back…"))):
            self._enable(button, text, layer is not None, missing, layer or "")

    def _enable(self, button: QToolButton, text: str, able: bool, why_not: str, of: str = "") -> None:
        button.setEnabled(able)
        beside = of if able else why_not
        button.setToolTip(tool_tip(tr("{what} ({beside})", what=text, beside=beside) if beside else text))


def add_text(layers: int) -> str:
    """What a button says that adds so many live layers."""
    if layers > 1:
        return trn("Add {n} &Live Layer", "Add {n} &Live Layers", layers)
    return tr("Add &Live Layer")
