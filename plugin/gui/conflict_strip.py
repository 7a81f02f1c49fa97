"""The way into the Conflicts window: a red strip that is there while anything clashes."""

from __future__ import annotations

from collections.abc import Mapping

from qgis.PyQt.QtCore import QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QPainter, QPaintEvent
from qgis.PyQt.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

from ..text import tr, trn
from .conflict_colours import OPEN
from .icons import icon
from .status_line import ElidedLabel

_ICON = QSize(20, 20)


class ConflictStrip(QWidget):
    """Hidden while there is nothing to resolve."""

    resolve = pyqtSignal(str)  # path of a working copy; empty: whichever

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        picture = QLabel()
        picture.setFixedSize(_ICON)
        picture.setPixmap(icon("conflict-open").pixmap(_ICON))
        self.words = QLabel()
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        font = self.words.font()
        font.setBold(True)
        self.words.setFont(font)
        self.more = ElidedLabel(dim=True)
        self.button = QPushButton(tr("Resolve…"))
        self.button.setToolTip(tr("Decide what becomes of features that you and somebody else changed"))
        self._menu = QMenu(self.button)
        self.button.clicked.connect(lambda _checked=False: self.resolve.emit(""))
        told = QVBoxLayout()
        told.setSpacing(1)
        told.addWidget(self.words)
        told.addWidget(self.more)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 7, 8, 7)
        layout.setSpacing(8)
        layout.addWidget(picture)
        layout.addLayout(told, 1)
        layout.addWidget(self.button)
        self.hide()

    def tell(self, counts: Mapping[str, tuple[str, int]], decided: int) -> None:
        """``counts``: path → name of a working copy and its conflicts; ``decided`` of them, but not applied."""
        counts = {path: entry for path, entry in counts.items() if entry[1]}
        total = sum(count for _name, count in counts.values())
        self.words.setText(trn("{n} conflict to resolve", "{n} conflicts to resolve", total))
        if decided:
            self.more.say(trn("{n} decided, not applied yet", "{n} decided, not applied yet", decided))
        else:
            self.more.say(tr("Waiting for your decision"))
        self._menu.clear()
        for path, (name, count) in counts.items() if len(counts) > 1 else ():
            action = self._menu.addAction(tr("{name} ({n})", name=name, n=count))
            action.triggered.connect(lambda _checked=False, path=path: self.resolve.emit(path))
        self.button.setMenu(self._menu if len(counts) > 1 else None)
        self.setVisible(total > 0)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        colour = QColor(OPEN)
        painter.fillRect(0, 0, 4, self.height(), colour)
        colour.setAlpha(34)
        painter.fillRect(4, 0, self.width() - 4, self.height(), colour)
        painter.end()
