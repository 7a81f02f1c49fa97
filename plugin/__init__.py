"""City Twin Workbench: work in a municipality's digital twin with QGIS's own tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

    from .plugin import CityTwinPlugin


def classFactory(iface: QgisInterface) -> CityTwinPlugin:
    """QGIS's entry point. The import is late: the QGIS-free packages load with plain Python."""
    from .plugin import CityTwinPlugin

    return CityTwinPlugin(iface)
