"""QGIS's window as the pilots' tests need it."""

from __future__ import annotations

from qgis.gui import QgsAdvancedDigitizingDockWidget
from qgis.PyQt.QtWidgets import QMainWindow

from tests.qgis.gui.window import Window


class MainWindow(Window):
    """An ``iface`` that also has a main window, for dialogs."""

    def __init__(self) -> None:
        super().__init__()
        self.main = QMainWindow()
        self.cad = QgsAdvancedDigitizingDockWidget(self.canvas, self.main)

    def mainWindow(self) -> QMainWindow:
        return self.main

    def cadDockWidget(self) -> QgsAdvancedDigitizingDockWidget:
        return self.cad

    def activeLayer(self) -> None:
        """None is chosen."""
