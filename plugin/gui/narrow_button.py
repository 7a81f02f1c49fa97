"""A button that leaves its words out where there is no room for them."""

from __future__ import annotations

from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QIcon, QPaintEvent
from qgis.PyQt.QtWidgets import QPushButton, QSizePolicy, QStyle, QStyleOptionButton, QStylePainter, QWidget

_PADDING = 12


class NarrowButton(QPushButton):
    """It shrinks to its icon; its words stay its accessible name."""

    def __init__(self, icon: QIcon, text: str, parent: QWidget | None = None) -> None:
        super().__init__(icon, text, parent)
        self.setAccessibleName(text)
        # Qt's own policy for push buttons never goes below the size with the words.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def minimumSizeHint(self) -> QSize:
        return QSize(self.iconSize().width() + _PADDING, super().minimumSizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        option = QStyleOptionButton()
        self.initStyleOption(option)
        if self.width() < self.sizeHint().width():
            option.text = ""
        QStylePainter(self).drawControl(QStyle.ControlElement.CE_PushButton, option)
