"""A notice with a button, and a line that says how far reading is."""

from __future__ import annotations

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QWidget

from ..text import tr
from .icons import icon
from .notice import Notice
from .status_line import Kind, StatusLine


class ChartNotice(QWidget):
    """Hidden while it has nothing to say. ``wanted()``: its button."""

    wanted = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.notice = Notice()
        self.button = QPushButton()
        self.button.clicked.connect(self.wanted)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(6, 2, 6, 2)
        layout.setSpacing(6)
        layout.addWidget(self.notice, 1)
        layout.addWidget(self.button)
        self.hide()

    def say(self, text: str, kind: Kind = "limit", button: str = "") -> None:
        """Show ``text``, with a button where it has words; an empty text hides all."""
        self.notice.say(text, kind)
        self.button.setText(button)
        self.button.setVisible(bool(button))
        self.setVisible(bool(text))

    @property
    def text(self) -> str:
        return self.notice.text


class LoadingLine(QWidget):
    """Hidden while nothing is read. ``cancelled()``: the user wants no more."""

    cancelled = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.line = StatusLine()
        self.button = QToolButton()
        self.button.setAutoRaise(True)
        self.button.setIcon(icon("mTaskCancel.svg"))
        self.button.setToolTip(tr("Stop Reading"))
        self.button.setAccessibleName(tr("Stop Reading"))
        self.button.clicked.connect(self.cancelled)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 4, 0)
        layout.setSpacing(2)
        layout.addWidget(self.line, 1)
        layout.addWidget(self.button)
        self.hide()

    def say(self, text: str) -> None:
        """Show ``text``; an empty one hides the line."""
        if text:
            self.line.say(text, "busy")
        else:
            self.line.say("")
        self.setVisible(bool(text))
