"""Where things are in this project, and the names that the package bears."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
PACKAGE = "city_twin_workbench"
STAGE = BUILD / "stage" / PACKAGE
ZIP = BUILD / f"{PACKAGE}.zip"
I18N = ROOT / "i18n"
PYQT6 = ROOT / ".venv" / "pyqt6" / "PyQt6"
SOURCE = ROOT / "plugin"
