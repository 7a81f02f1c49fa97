"""The plugin's life: start, stop, and who is handed what; no logic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import QgsApplication

from .text import use_language

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

HERE = Path(__file__).resolve().parent


class CityTwinPlugin:
    """What QGIS starts and stops. ``iface`` is None in ``qgis_process``, which calls `initProcessing` only."""

    def __init__(self, iface: QgisInterface | None) -> None:
        self.iface = iface
        use_language(QgsApplication.locale(), HERE / "i18n")

    def initGui(self) -> None:
        """Add what the window shows, and the Processing provider."""
        self.initProcessing()

    def initProcessing(self) -> None:
        """Add the Processing provider, with or without a window."""

    def unload(self) -> None:
        """Take away all that `initGui` and `initProcessing` added."""
