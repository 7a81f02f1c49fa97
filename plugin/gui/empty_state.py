"""What a page shows while it has nothing to show: what to do first, and the buttons that do it."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import QSize, Qt
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QAbstractButton, QLabel, QSizePolicy, QVBoxLayout, QWidget

_ICON = 48
_WIDEST = 340


class EmptyState(QWidget):
    """An icon, a title, a sentence or two, and buttons below each other, in the middle of the page.

    ``buttons`` are handed over ready and connected; the first is the one to press.
    """

    def __init__(
        self,
        icon: QIcon,
        title: str,
        text: str,
        buttons: Sequence[QAbstractButton] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._icon = QLabel(self)
        self._icon.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._title = QLabel(self)
        font = self._title.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.15)
        self._title.setFont(font)
        self._text = QLabel(self)
        for label in (self._title, self._text):
            label.setWordWrap(True)
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

        column = QWidget(self)
        column.setMaximumWidth(_WIDEST)
        column.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._column = QVBoxLayout(column)
        self._column.setContentsMargins(12, 12, 12, 12)
        self._column.setSpacing(8)
        for widget in (self._icon, self._title, self._text):
            self._column.addWidget(widget)
        self._column.addSpacing(4)

        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addStretch(2)
        layout.addWidget(column)
        layout.addStretch(3)
        self._buttons: list[QAbstractButton] = []
        self.tell(icon, title, text)
        self.set_buttons(buttons)

    def tell(self, icon: QIcon, title: str, text: str) -> None:
        """Say something else."""
        self._icon.setPixmap(icon.pixmap(QSize(_ICON, _ICON)))
        self._title.setText(title)
        self._text.setText(text)
        self.setAccessibleName(title)
        self.setAccessibleDescription(text)

    def set_buttons(self, buttons: Sequence[QAbstractButton]) -> None:
        """Show these buttons instead of the former ones, which are deleted unless they are among them."""
        for button in self._buttons:
            self._column.removeWidget(button)
            if button not in buttons:
                button.hide()
                button.deleteLater()
        self._buttons = list(buttons)
        for button in self._buttons:
            self._column.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
            button.show()
        # One width: they belong together.
        widest = max((button.sizeHint().width() for button in self._buttons), default=0)
        for button in self._buttons:
            button.setMinimumWidth(widest)

    @property
    def title(self) -> str:
        return str(self._title.text())

    @property
    def text(self) -> str:
        return str(self._text.text())

    @property
    def buttons(self) -> tuple[QAbstractButton, ...]:
        return tuple(self._buttons)
