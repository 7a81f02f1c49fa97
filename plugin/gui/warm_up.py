"""What takes long to load is loaded after QGIS's start, a little in each turn of the event loop.

The whole of the plugin takes half a second, most of it Python's loading of modules, and nobody should wait for that:
neither QGIS's start nor the first click. Modules load in the main thread: some make QObjects, and QGIS's own are not
safe to load beside others.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, QTimer
from qgis.PyQt.QtWidgets import QWidget

from ..map.garbage import Resident

_HERE = Path(__file__).resolve().parents[1]
_PACKAGE = __package__.rpartition(".")[0]
_SLICE = 0.012  # seconds of the main thread in a turn; a step that takes longer is not cut
_BREATH = 5  # ms that others have it in between

_FLOORS = ("twin", "workcopy", "sensors", "pilots", "review", "map", "gui", "processing")  # each needs those before it
_FOREIGN = ("sqlite3", "zipfile", "urllib3.util", "urllib3", "chardet", "requests.models", "requests")


class WarmUp(QObject):
    """Does ``steps`` one after the other while the window lives. Main thread."""

    def __init__(self, steps: Iterable[Callable[[], object]], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._steps = iter(steps)
        self._timer = QTimer(self)
        self._timer.setInterval(_BREATH)
        self._timer.timeout.connect(self._turn)
        self._resident = Resident()  # modules stay, and the collector would look at them again and again
        self.done = False

    def start(self) -> None:
        """Begin, or go on."""
        if not self.done:
            self._timer.start()

    def finish(self) -> None:
        """Do all that is left, now."""
        while not self.done:
            self._step()

    def stop(self) -> None:
        """Leave it at what is done."""
        self.done = True
        self._steps = iter(())
        self._timer.stop()
        self._resident.leave()

    def _turn(self) -> None:
        self._resident.settle()
        until = time.perf_counter() + _SLICE
        while not self.done and time.perf_counter() < until:
            self._step()

    def _step(self) -> None:
        step = next(self._steps, None)
        if step is None:
            self.stop()
        else:
            step()


def modules() -> Iterator[Callable[[], object]]:
    """A step for each module that the pages and the algorithms need. Small files first, since they need few others: so
    no step brings more than some twenty."""
    for name in _FOREIGN:
        yield partial(_load_foreign, name)
    for floor in _FLOORS:
        files = [path for path in (_HERE / floor).rglob("*.py") if not path.stem.startswith("__")]
        for path in sorted(files, key=lambda path: path.stat().st_size):
            name = ".".join(path.relative_to(_HERE).with_suffix("").parts)
            yield partial(_load, f"{_PACKAGE}.{name}")


def styles(page: QWidget) -> Iterator[Callable[[], object]]:
    """A step for each widget of a page, which Qt would else style when the page is first seen, all in one go."""

    def style(widget: QWidget) -> None:
        if not sip.isdeleted(widget):  # pages are alive meanwhile
            widget.ensurePolished()

    for widget in page.findChildren(QWidget):
        yield partial(style, widget)


def _load(name: str) -> None:
    # not by importlib: QGIS hears of ``__import__`` only, and at unload forgets the modules that it heard of
    __import__(name, fromlist=["_"])


def _load_foreign(name: str) -> None:
    # what another version of it lacks is met, and told, where it is used
    with contextlib.suppress(ImportError):
        _load(name)
