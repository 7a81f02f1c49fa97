"""The line above the board: filters on the left, rules and export on the right."""

from __future__ import annotations

from collections.abc import Callable

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QAction, QKeySequence
from qgis.PyQt.QtWidgets import QHBoxLayout, QMenu, QPushButton, QToolButton, QWidget

from ...text import tr
from ..icons import icon
from .board_export import CSV, PDF, PNG, SVG
from .board_filters import BoardFilters
from .board_presenter import BoardPresenter


class BoardBar(QWidget):
    """Says what the user wants. ``save_wanted``: the ending of the file."""

    rules_wanted = pyqtSignal()
    copy_wanted = pyqtSignal()
    save_wanted = pyqtSignal(str)

    def __init__(self, presenter: BoardPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.filters = BoardFilters(presenter)
        self.rules = QToolButton()
        self.rules.setIcon(icon("mActionOptions.svg"))
        self.rules.setText(tr("&Rules…"))
        self.rules.setToolTip(tr("When a pilot counts as fading"))
        self.rules.clicked.connect(self.rules_wanted)
        self.export = QToolButton()
        self.export.setIcon(icon("mActionSharingExport.svg"))
        self.export.setText(tr("&Export"))
        self.export.setToolTip(tr("Copy or save what is shown"))
        self.export.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.export)
        self.copy_action = QAction(icon("mActionEditCopy.svg"), tr("Copy Picture"), self)
        self.copy_action.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        self.copy_action.triggered.connect(lambda _checked=False: self.copy_wanted.emit())
        menu.addAction(self.copy_action)
        # the shortcut holds in all of the window
        self.addAction(self.copy_action)
        menu.addSeparator()
        for picture, text, ending in (
            ("mActionSaveAsPDF.svg", tr("Save as PDF (A3)…"), PDF),
            ("mActionSaveMapAsImage.svg", tr("Save as Picture (PNG)…"), PNG),
            ("mActionSaveAsSVG.svg", tr("Save as Drawing (SVG)…"), SVG),
            ("mActionFileSaveAs.svg", tr("Save as Table (CSV)…"), CSV),
        ):
            action = menu.addAction(icon(picture), text)
            action.triggered.connect(lambda _checked=False, ending=ending: self.save_wanted.emit(ending))
        self.export.setMenu(menu)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.filters, 1)
        for button in (self.rules, self.export):
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setAccessibleName(button.text().replace("&", "").rstrip("…"))
            layout.addWidget(button)

    def tell(self, any_pilot: bool) -> None:
        """Without pilots there is nothing to filter or export."""
        for widget in (self.filters, self.export, self.copy_action):
            widget.setEnabled(any_pilot)


def plain_button(text: str, call: Callable[[], object]) -> QPushButton:
    """A button that does not take Enter from others."""
    button = QPushButton(text)
    button.setAutoDefault(False)
    button.clicked.connect(lambda _checked=False: call())
    return button
