"""What the Sensors page says while there is no tree to show."""

from __future__ import annotations

from collections.abc import Callable

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QPushButton, QWidget

from ..text import tr
from .empty_state import EmptyState
from .icons import icon


class SensorsMessage(EmptyState):
    """Its buttons tell what is asked for."""

    read_asked = pyqtSignal()
    cancel_asked = pyqtSignal()
    new_asked = pyqtSignal()
    edit_asked = pyqtSignal()
    demo_asked = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(icon("sensors"), "", "", parent=parent)

    def first_steps(self) -> None:
        """There is no connection yet."""
        self.tell(
            icon("sensors"),
            tr("See Your City Live"),
            tr(
                "Connect to a twin or a SensorThings service, and what its sensors observe appears here. No twin at "
                "hand? The demo twin runs on this computer and has sensors of its own."
            ),
        )
        self.set_buttons([self._new(), self._demo()])

    def reading(self, text: str) -> None:
        self.tell(icon("sensors"), tr("One Moment"), text)
        self.set_buttons([self._button(tr("&Cancel"), self.cancel_asked.emit)])

    def cancelled(self) -> None:
        self.tell(icon("sensors"), tr("Sensors Not Read"), tr("Reading was cancelled."))
        self.set_buttons([self._button(tr("&Read the Sensors"), self.read_asked.emit)])

    def not_read(self, name: str, why: str) -> None:
        self.tell(icon("mIconWarning.svg"), tr("{name} Cannot Be Read", name=name), why)
        again = self._button(tr("Try &Again"), self.read_asked.emit)
        self.set_buttons([again, self._button(tr("&Edit Connection…"), self.edit_asked.emit)])

    def no_sensors(self, text: str) -> None:
        self.tell(icon("sensors"), tr("No Sensors Here"), text)
        self.set_buttons([self._button(tr("&Read the Sensors Again"), self.read_asked.emit), self._new()])

    def demo_starts(self, text: str) -> None:
        self.tell(icon("demo-twin"), tr("One Moment"), text)
        self.set_buttons([])

    def demo_asleep(self) -> None:
        self.tell(
            icon("demo-twin"),
            tr("The Demo Twin Is Asleep"),
            tr("It runs on this computer while QGIS does, and so do its sensors."),
        )
        self.set_buttons([self._demo()])

    def demo_failed(self, why: str) -> None:
        self.tell(icon("mIconWarning.svg"), tr("The Demo Twin Does Not Run"), why)
        self.set_buttons([self._demo()])

    def _new(self) -> QPushButton:
        return self._button(tr("&New Connection…"), self.new_asked.emit, "connect")

    def _demo(self) -> QPushButton:
        return self._button(tr("&Start Demo Twin"), self.demo_asked.emit, "demo-twin")

    def _button(self, text: str, act: Callable[[], object], picture: str = "") -> QPushButton:
        button = QPushButton(icon(picture), text) if picture else QPushButton(text)
        button.clicked.connect(lambda _checked=False: act())
        return button
