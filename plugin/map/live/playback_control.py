"""QGIS's Temporal Controller, set to a period and ready to be played."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.core import Qgis, QgsDateTimeRange, QgsInterval, QgsProject, QgsTemporalNavigationObject
from qgis.PyQt.QtWidgets import QDockWidget

from .fields import moment
from .playback_rows import Frames

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

_DOCK = "Temporal Controller"
_SECONDS = 20.0  # that a whole film should take
_SLOWEST, _FASTEST = 1.0, 10.0  # frames per second


def set_up(iface: QgisInterface, frames: Frames) -> QgsTemporalNavigationObject | None:
    """Animate ``frames``, from the first on, with the controller shown: one press on play starts it. None where QGIS
    has no controller. Main thread."""
    controller = iface.mapCanvas().temporalController()
    if not isinstance(controller, QgsTemporalNavigationObject):
        return None
    whole = QgsDateTimeRange(moment(frames.start), moment(frames.end), True, False)
    controller.pause()
    QgsProject.instance().timeSettings().setTemporalRange(whole)
    controller.setNavigationMode(Qgis.TemporalNavigationMode.Animated)
    controller.setTemporalExtents(whole)
    controller.setFrameDuration(interval(frames.step))
    controller.setFramesPerSecond(min(_FASTEST, max(_SLOWEST, frames.count / _SECONDS)))
    controller.setTemporalRangeCumulative(False)
    controller.rewindToStart()
    dock = _dock(iface)
    if dock is not None:
        dock.show()
        dock.raise_()
    return controller


def interval(seconds: float) -> QgsInterval:
    """In the largest unit that is whole, as the controller shows it."""
    for size, unit in (
        (86400, Qgis.TemporalUnit.Days),
        (3600, Qgis.TemporalUnit.Hours),
        (60, Qgis.TemporalUnit.Minutes),
    ):
        if seconds >= size and seconds % size == 0:
            return QgsInterval(seconds / size, unit)
    return QgsInterval(seconds, Qgis.TemporalUnit.Seconds)


def _dock(iface: QgisInterface) -> QDockWidget | None:
    """QGIS has no function that shows it; its panel has this name."""
    window = iface.mainWindow() if hasattr(iface, "mainWindow") else None
    return window.findChild(QDockWidget, _DOCK) if window is not None else None
