"""A list of sentences, each with an icon that says whether it is good news."""

from __future__ import annotations

from collections.abc import Iterable

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QSize, Qt
from qgis.PyQt.QtGui import QPalette
from qgis.PyQt.QtWidgets import QFrame, QGridLayout, QLabel, QScrollArea, QSizePolicy, QWidget

from ..text import tr
from ..twin.report import Sentence
from .status_line import ICONS, dimmed

_ICON = 16


class ReportView(QScrollArea):
    """The capability report, or what went wrong instead of it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._sentences: tuple[Sentence, ...] = ()
        self.show_hint("")

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        return self._sentences

    def show_hint(self, text: str) -> None:
        """Nothing to report yet: say ``text`` in its middle."""
        self._sentences = ()
        label = QLabel(text)
        label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        label.setWordWrap(True)
        palette = label.palette()
        palette.setColor(QPalette.ColorRole.WindowText, dimmed(self.palette()))
        label.setPalette(palette)
        label.setContentsMargins(24, 12, 24, 12)
        self.setWidget(label)

    def show_report(self, heading: str, sentences: Iterable[Sentence]) -> None:
        self._sentences = tuple(sentences)
        body = QWidget()
        grid = QGridLayout(body)
        grid.setContentsMargins(10, 8, 10, 8)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        row = 0
        if heading:
            title = self._label(heading)
            font = title.font()
            font.setBold(True)
            title.setFont(font)
            grid.addWidget(title, row, 0, 1, 2)
            row += 1
        said = {"good": tr("Good"), "limit": tr("Limit"), "bad": tr("Problem")}
        for one in self._sentences:
            mark = QLabel(body)
            mark.setPixmap(QgsApplication.getThemeIcon(ICONS[one.kind]).pixmap(QSize(_ICON, _ICON)))
            mark.setToolTip(said[one.kind])
            mark.setAccessibleName(said[one.kind])
            grid.addWidget(mark, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(self._label(one.text), row, 1)
            row += 1
        grid.setRowStretch(row, 1)
        self.setWidget(body)

    @staticmethod
    def _label(text: str) -> QLabel:
        label = QLabel(text)
        # before it wraps: a policy that is set later says nothing of a height that goes with the width
        label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return label
