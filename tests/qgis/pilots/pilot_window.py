"""QGIS's window as the pilots' tests need it."""

from __future__ import annotations

from qgis.gui import QgsAdvancedDigitizingDockWidget
from qgis.PyQt import sip
from qgis.PyQt.QtWidgets import QMainWindow

from tests.qgis.gui.window import Window


class MainWindow(Window):
    """An ``iface`` that also has a main window, for dialogs, and advanced digitizing, for drawing."""

    def __init__(self) -> None:
        super().__init__()
        self.main = QMainWindow()
        self._digitizing: QgsAdvancedDigitizingDockWidget | None = None

    def mainWindow(self) -> QMainWindow:
        return self.main

    def cadDockWidget(self) -> QgsAdvancedDigitizingDockWidget:
        if self._digitizing is None:
            self._digitizing = QgsAdvancedDigitizingDockWidget(self.canvas)
        return self._digitizing

    def activeLayer(self) -> None:
        """None is chosen."""

    def close(self) -> None:
        """In this order: the dock uses the canvas in its last moment."""
        for widget in (self._digitizing, self.canvas, self.main):
            if widget is not None and not sip.isdeleted(widget):
                sip.delete(widget)
