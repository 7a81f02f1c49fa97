"""A sentence that must not be overlooked, in a box of its own within a page."""

from __future__ import annotations

import re

from qgis.PyQt.QtCore import QSize, Qt
from qgis.PyQt.QtGui import QColor, QPainter, QPaintEvent
from qgis.PyQt.QtWidgets import QHBoxLayout, QLabel, QWidget

from .icons import icon
from .status_line import Kind

_COLOURS = {"good": QColor(46, 158, 91), "limit": QColor(224, 138, 0), "bad": QColor(200, 69, 59)}
_ICONS = {"good": "change-published", "limit": "change-conflict", "bad": "change-problem"}
_SIZE = 16
_LONGEST = 24  # characters of a word that is never parted
_LONG = re.compile(rf"[^/?&=:,]{{{_LONGEST}}}|[/?&=:,]+")


def _breakable(text: str) -> str:
    """With places to break a line in what has none, as addresses, which would make the window as wide as they are."""
    words = text.split(" ")
    return " ".join(_LONG.sub("\\g<0>\u200b", word) if len(word) > _LONGEST else word for word in words)


class Notice(QWidget):
    """Hidden while it has nothing to say. Its tint works on light and dark themes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kind: Kind = "limit"
        self._text = ""
        self._icon = QLabel()
        self._icon.setFixedSize(_SIZE, _SIZE)
        self._label = QLabel()
        self._label.setWordWrap(True)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 6, 8, 6)
        layout.setSpacing(8)
        layout.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self._label, 1)
        self.hide()

    def say(self, text: str, kind: Kind = "limit") -> None:
        """Show ``text``; an empty one hides the box."""
        self._kind = kind
        self._text = text
        self._label.setText(_breakable(text))
        self._icon.setPixmap(icon(_ICONS.get(kind, _ICONS["limit"])).pixmap(QSize(_SIZE, _SIZE)))
        self.setVisible(bool(text))
        self.update()

    @property
    def text(self) -> str:
        return self._text

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        colour = QColor(_COLOURS.get(self._kind, _COLOURS["limit"]))
        painter.fillRect(0, 0, 3, self.height(), colour)
        colour.setAlpha(36)
        painter.fillRect(3, 0, self.width() - 3, self.height(), colour)
        painter.end()
