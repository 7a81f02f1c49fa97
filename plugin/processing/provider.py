"""The provider itself."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

HERE = Path(__file__).resolve().parents[1]


class CityTwinProvider(QgsProcessingProvider):
    """City Twin in the Processing toolbox. With ``late`` it has no algorithms before `wake`: they are half the plugin,
    and take longer to load than a window may take to start."""

    def __init__(self, *, late: bool = False) -> None:
        super().__init__()
        self._late = late

    def wake(self) -> None:
        """Have the algorithms from now on; nothing more happens where they are there."""
        if self._late:
            self._late = False
            self.refreshAlgorithms()

    def id(self) -> str:
        return "citytwin"

    def name(self) -> str:
        return "City Twin"  # untranslated: a name

    def icon(self) -> QIcon:
        for folder in (HERE, HERE.parent):
            path = folder / "resources" / "icon.svg"
            if path.is_file():
                return QIcon(str(path))
        return super().icon()

    def loadAlgorithms(self) -> None:
        if self._late:
            return
        from .algorithms import ALL

        for algorithm in ALL:
            self.addAlgorithm(algorithm())
