"""What a feed has done in the background: tasks without a sign in QGIS's window, each of a name that runs once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.PyQt.QtCore import QObject

from ...twin.errors import CityTwinError
from ...twin.progress import Progress
from .. import tasks
from ..tasks import TaskHandle


class Errands:
    """Main thread. Nobody hears of what was under way at `end`."""

    def __init__(self, owner: QObject) -> None:
        self._owner = owner
        self._handles: dict[str, TaskHandle] = {}
        self._generation = 0

    def __contains__(self, name: str) -> bool:
        return name in self._handles

    def run(
        self,
        name: str,
        text: str,
        work: Callable[[Progress], Any],
        done: Callable[[Any], None],
        failed: Callable[[CityTwinError | None], None],
    ) -> TaskHandle:
        """``failed`` gets None where somebody else stopped it, as QGIS may."""
        generation = self._generation

        def tell(then: Callable[[Any], None], value: Any) -> None:
            if generation == self._generation:
                self._handles.pop(name, None)
                then(value)

        handle = tasks.run(
            text,
            work,
            done=lambda value: tell(done, value),
            failed=lambda error: tell(failed, error),
            cancelled=lambda: tell(failed, None),
            note=lambda _text: None,
            parent=self._owner,
            hidden=True,
        )
        self._handles[name] = handle
        return handle

    def end(self) -> None:
        """Stop all of them."""
        self._generation += 1
        for handle in self._handles.values():
            handle.cancel()
        self._handles.clear()
