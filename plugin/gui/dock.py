"""The dock: an icon rail and its pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qgis.core import QgsSettings
from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import QSize, Qt, pyqtSignal
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


@dataclass
class _Page:
    title: str
    build: Callable[[], QWidget]
    widget: QWidget  # until it is built, what holds its place
    built: bool = False


class CityTwinDock(QgsDockWidget):
    """Pages are added by who owns them; the dock only shows one of them, and remembers which. A page is built when it
    is first asked for: `show_page`, `page`."""

    page_changed = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("City Twin"), parent)
        self.setObjectName("CityTwinDock")
        self._pages: dict[str, _Page] = {}
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

    def add_page(self, page: str, icon: QIcon, title: str, build: Callable[[], QWidget]) -> None:
        """Add page ``page`` below those that are there. The place of the first one, or of the one last seen, is shown.

        ``build`` makes the page, or gives it where others have made it.
        """
        place = QLabel(tr("Loading…"))
        place.setAlignment(Qt.AlignmentFlag.AlignCenter)
        place.setEnabled(False)
        self._pages[page] = _Page(title, build, place)
        self.rail.add(page, icon, title)
        self._stack.addWidget(place)
        if len(self._pages) == 1 or page == self._remembered:
            self._show(page)

    def show_page(self, page: str) -> None:
        """Bring ``page`` to the front and remember it."""
        self.page(page)
        self._show(page)
        self._remembered = page
        QgsSettings().setValue(_SETTING, page)

    def page(self, page: str) -> QWidget:
        """The page itself."""
        one = self._pages[page]
        if not one.built:
            place, one.widget, one.built = one.widget, one.build(), True
            shown = self._stack.currentWidget() is place
            self._stack.insertWidget(self._stack.indexOf(place), one.widget)
            if shown:
                self._stack.setCurrentWidget(one.widget)
            self._stack.removeWidget(place)
            place.deleteLater()
        return one.widget

    def stop(self) -> None:
        """Tell every page that has something to end to end it."""
        for one in self._pages.values():
            stop = getattr(one.widget, "stop", None)
            if stop is not None:
                stop()

    @property
    def current(self) -> str:
        """The id of the page that is shown; empty where there is none."""
        shown = self._stack.currentWidget()
        return next((name for name, one in self._pages.items() if one.widget is shown), "")

    def _show(self, page: str) -> None:
        one = self._pages[page]
        self._stack.setCurrentWidget(one.widget)
        self._heading.setText(one.title)
        self.rail.select(page)
        self.page_changed.emit(page)
