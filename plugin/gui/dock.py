"""The dock: an icon rail and its pages."""

from __future__ import annotations

from qgis.core import QgsSettings
from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import QSize, pyqtSignal
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from ..text import tr
from .rail import Rail

_SETTING = "citytwin/page"
_WIDTH = 380


class _Body(QWidget):
    """As wide as its texts like to be, until the user says otherwise."""

    def sizeHint(self) -> QSize:
        return QSize(_WIDTH, super().sizeHint().height())


class CityTwinDock(QgsDockWidget):
    """Pages are added by who owns them; the dock only shows one of them, and remembers which."""

    page_changed = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("City Twin"), parent)
        self.setObjectName("CityTwinDock")
        self._pages: dict[str, tuple[str, QWidget]] = {}
        self._remembered = str(QgsSettings().value(_SETTING, "", type=str))
        self.rail = Rail()
        self.rail.selected.connect(self.show_page)
        self._heading = QLabel()
        font = self._heading.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.2)
        self._heading.setFont(font)
        self._heading.setContentsMargins(8, 8, 8, 2)
        self._stack = QStackedWidget()

        right = QVBoxLayout()
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(0)
        right.addWidget(self._heading)
        right.addWidget(self._stack, 1)
        body = _Body()
        layout = QHBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.rail)
        layout.addLayout(right, 1)
        body.setMinimumWidth(360)  # narrower cuts buttons, in Dutch first
        self.setWidget(body)

    def add_page(self, page: str, icon: QIcon, title: str, widget: QWidget) -> None:
        """Add ``widget`` as page ``page`` below those that are there. The first one, or the one last seen, is shown."""
        self._pages[page] = (title, widget)
        self.rail.add(page, icon, title)
        self._stack.addWidget(widget)
        if len(self._pages) == 1 or page == self._remembered:
            self._show(page)

    def show_page(self, page: str) -> None:
        """Bring ``page`` to the front and remember it."""
        self._show(page)
        self._remembered = page
        QgsSettings().setValue(_SETTING, page)

    def page(self, page: str) -> QWidget:
        return self._pages[page][1]

    def stop(self) -> None:
        """Tell every page that has something to end to end it."""
        for _title, widget in self._pages.values():
            stop = getattr(widget, "stop", None)
            if stop is not None:
                stop()

    @property
    def current(self) -> str:
        """The id of the page that is shown; empty where there is none."""
        shown = self._stack.currentWidget()
        return next((name for name, (_, widget) in self._pages.items() if widget is shown), "")

    def _show(self, page: str) -> None:
        title, widget = self._pages[page]
        self._stack.setCurrentWidget(widget)
        self._heading.setText(title)
        self.rail.select(page)
        self.page_changed.emit(page)
