"""What the tests inside the real QGIS application share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qgis.PyQt.QtCore import QCoreApplication, QElapsedTimer, QEventLoop
from qgis.PyQt.QtWidgets import QApplication

SCREENSHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"


@pytest.fixture(scope="session")
def iface() -> Any:
    """The running QGIS application's interface."""
    from qgis.utils import iface

    return iface


@pytest.fixture
def city_twin() -> Any:
    """The plugin as QGIS has it now: a test may have loaded it anew."""
    import qgis.utils

    return qgis.utils.plugins["city_twin_workbench"]


@pytest.fixture(scope="session")
def wait_until() -> Callable[..., None]:
    """``wait_until(condition, seconds=20)``: let QGIS go on with its work until ``condition()`` is true."""

    def wait(condition: Callable[[], object], seconds: float = 20) -> None:
        timer = QElapsedTimer()
        timer.start()
        while not condition():
            if timer.elapsed() > seconds * 1000:
                pytest.fail(f"not true within {seconds} s")
            QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 50)

    return wait


@pytest.fixture(scope="session")
def screenshot() -> Callable[[str], Path]:
    """``screenshot("name")``: keep what the whole screen shows, dialogs and menus included, below build/screenshots."""

    def take(name: str) -> Path:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        QCoreApplication.processEvents()
        path = SCREENSHOTS / f"{name}.png"
        QApplication.primaryScreen().grabWindow(0).save(str(path))
        return path

    return take
