"""The status line of the Sensors page: how what is shown comes in, what went wrong, and a way to try again."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence

from qgis.PyQt.QtCore import QPoint, QSize, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QFrame, QTextBrowser, QToolButton, QVBoxLayout, QWidget

from ..text import tr
from .icons import icon
from .status_line import StatusLine

_SIZE = QSize(340, 320)  # at most

# A heading, and sentences below it.
Section = tuple[str, Sequence[str]]


class SensorsStatus(StatusLine):
    """``sections`` is asked what the details are when they are opened."""

    retry_asked = pyqtSignal()

    def __init__(self, sections: Callable[[], Sequence[Section]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sections = sections
        self.popup: DetailsPopup | None = None
        self.retry_button = self._button("mActionRefresh.svg", tr("Try Again"))
        self.retry_button.clicked.connect(lambda _checked=False: self.retry_asked.emit())
        self.details_button = self._button("mActionPropertiesWidget.svg", tr("Details"))
        self.details_button.clicked.connect(lambda _checked=False: self.show_details())
        self.offer(retry=False, details=False)

    def _button(self, picture: str, text: str) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(icon(picture))
        button.setIconSize(QSize(16, 16))
        button.setAutoRaise(True)
        button.setToolTip(text)
        button.setAccessibleName(text)
        self.layout().addWidget(button)
        return button

    def offer(self, *, retry: bool, details: bool) -> None:
        """Which of the buttons are of use now."""
        self.retry_button.setVisible(retry)
        self.details_button.setVisible(details)

    def show_details(self) -> None:
        """Open the details above the line."""
        if self.popup is None:
            self.popup = DetailsPopup(self.window())
        self.popup.tell(self._sections())
        self.popup.fit()
        corner = self.mapToGlobal(QPoint(self.width(), 0))
        self.popup.move(corner.x() - self.popup.width(), corner.y() - self.popup.height())
        self.popup.show()
        self.popup.text.setFocus()

    def stop(self) -> None:
        if self.popup is not None:
            self.popup.close()
            self.popup.deleteLater()
            self.popup = None


class DetailsPopup(QFrame):
    """Goes away with Esc or a click elsewhere."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.text = QTextBrowser()
        self.text.setFrameShape(QFrame.Shape.NoFrame)
        self.text.setOpenLinks(False)
        self.text.setAccessibleName(tr("Details of the connection to the sensors"))
        self.text.document().setDocumentMargin(8)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.addWidget(self.text)
        self.resize(_SIZE)

    def tell(self, sections: Sequence[Section]) -> None:
        """Show these; sections without a sentence are left out."""
        parts = []
        for heading, sentences in sections:
            if sentences:
                parts.append(f"<p style='margin:8px 0 2px 0'><b>{html.escape(heading)}</b></p>")
                parts += [f"<p style='margin:2px 0'>{html.escape(sentence)}</p>" for sentence in sentences]
        self.text.setHtml("".join(parts) or html.escape(tr("There is nothing to tell.")))

    def fit(self) -> None:
        """As high as its texts, up to a limit."""
        document = self.text.document().clone()  # that of the view is laid out as far as it is seen
        document.setTextWidth(_SIZE.width() - 24)
        self.resize(_SIZE.width(), min(_SIZE.height(), int(document.size().height()) + 12))
