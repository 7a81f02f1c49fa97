"""Icons: the plugin's own drawings, else QGIS's."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from qgis.core import QgsApplication
from qgis.PyQt.QtGui import QIcon

_PACKAGE = Path(__file__).resolve().parents[1]
# The package has its resources inside, the source tree beside it.
_FOLDERS = (_PACKAGE / "resources", _PACKAGE.parent / "resources")


def icon(name: str) -> QIcon:
    """The plugin's icon ``name`` ("catalogue", "publish", …), else QGIS's theme icon of that name.

    QGIS's names keep their ending ("mActionRefresh.svg"). An empty icon where neither knows the name.
    """
    path = icon_path(name)
    return QIcon(path) if path else QgsApplication.getThemeIcon(f"/{name}")


@lru_cache(maxsize=64)
def icon_path(name: str) -> str:
    """The file of the plugin's own icon ``name``; empty where it has none."""
    for folder in _FOLDERS:
        for path in (folder / "icons" / f"{name}.svg", folder / f"{name}.svg"):
            if path.is_file():
                return str(path)
    return ""
