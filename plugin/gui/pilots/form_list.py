"""The list of the form's pages, each with a sign where something on it is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import QSize, Qt
from qgis.PyQt.QtGui import QIcon, QPixmap
from qgis.PyQt.QtWidgets import QListWidget, QListWidgetItem, QWidget

from ...pilots.problems import Problem, worst
from ...text import tr
from .form_pages import PAGES, page_of, page_title
from .form_problems import counted, severity_icon

_SIGN = 16


class PageList(QListWidget):
    """As wide as its words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("CityTwinPilotPages")
        self.setAccessibleName(tr("Pages"))
        self.setUniformItemSizes(True)
        self.setIconSize(QSize(_SIGN, _SIGN))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for page in PAGES:
            item = QListWidgetItem(page_title(page))
            item.setIcon(_nothing())
            item.setSizeHint(QSize(0, self.fontMetrics().lineSpacing() + 14))
            self.addItem(item)
        widest = max(self.fontMetrics().horizontalAdvance(page_title(page)) for page in PAGES)
        self.setFixedWidth(widest + 52)

    def tell(self, problems: Sequence[Problem]) -> None:
        """Show on which pages these are."""
        for at, page in enumerate(PAGES):
            own = [problem for problem in problems if page_of(problem.column) == page]
            item, said = self.item(at), counted(own)
            if item.toolTip() == said:
                continue
            severity = worst(own)
            item.setIcon(severity_icon(severity) if severity else _nothing())
            item.setToolTip(said)
            title = page_title(page)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{title}, {said}" if said else title)


def _nothing() -> QIcon:
    """As wide as a sign, so that the words stay where they are."""
    pixmap = QPixmap(_SIGN, _SIGN)
    pixmap.fill(Qt.GlobalColor.transparent)
    return QIcon(pixmap)
