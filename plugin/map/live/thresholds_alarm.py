"""One message for all that crosses a threshold, however much it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from qgis.core import Qgis
from qgis.gui import QgsMessageBarItem
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import QPushButton

from ...text import tr
from ..log import log, plain, show
from .thresholds_words import Entry, sentence

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

OLD = 3600.0  # seconds after which a crossing is history, no alarm
_GATHER = 1000  # ms: what comes in together is told together
_REST = 30.0  # seconds without a new message after the user closed one


class Alarm(QObject):
    """While its message stands, it counts on in it; once the user closed it, a new one comes at the earliest after half
    a minute. ``show_wanted(tuple[Entry])`` and ``log_wanted()``: the message's buttons. Main thread."""

    show_wanted = pyqtSignal(object)
    log_wanted = pyqtSignal()

    def __init__(
        self,
        iface: QgisInterface | None,
        parent: QObject | None = None,
        *,
        gather: int = _GATHER,
        rest: float = _REST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._iface = iface
        self._rest = rest
        self._clock = clock
        self._until = 0.0
        self._beyond: dict[tuple[str, str, str], Entry] = {}
        self._back: set[tuple[str, str, str]] = set()
        self._item: QgsMessageBarItem | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._gather = gather
        self._timer.timeout.connect(self._tell)
        if iface is not None:
            iface.messageBar().widgetRemoved.connect(self._removed)

    def stop(self) -> None:
        """Take the message away, and say nothing more. Ending twice does no harm."""
        self._timer.stop()
        self.forget()
        if self._iface is not None:
            self._iface.messageBar().widgetRemoved.disconnect(self._removed)
            self._iface = None

    def forget(self) -> None:
        """What was told is of another project."""
        item, self._item = self._item, None
        self._beyond.clear()
        self._back.clear()
        self._timer.stop()
        if item is not None and not sip.isdeleted(item) and self._iface is not None:
            self._iface.messageBar().popWidget(item)

    def take(self, entries: Sequence[Entry], now: float) -> None:
        """Crossings as they came; ``now`` in seconds since 1970 UTC. Old ones are not told."""
        news = False
        for entry in entries:
            if now - entry.crossing.time > OLD:
                continue
            if entry.crossing.entered:
                self._beyond[entry.key] = entry
                self._back.discard(entry.key)
                news = True
            elif entry.key in self._beyond:
                if self._item is None:
                    del self._beyond[entry.key]  # over before anybody was told
                else:
                    self._back.add(entry.key)
                    news = True
        if news and not self._timer.isActive():
            wait = 0.0 if self._item is not None else (self._until - self._clock()) * 1000
            self._timer.start(max(self._gather, round(wait)))

    def drop(self, thresholds: set[str]) -> None:
        """Forget what was told of these thresholds (ids): they were removed or changed."""
        for key in [key for key in self._beyond if key[2] in thresholds]:
            del self._beyond[key]
            self._back.discard(key)
        if not self._beyond:
            self.forget()
        elif self._item is not None:
            self._tell()

    @property
    def text(self) -> str:
        """What the message says; "" where there is none."""
        return sentence(list(self._beyond.values()), self._sensors_back()) if self._beyond else ""

    def _sensors_back(self) -> int:
        inside = {key[:2] for key in self._beyond if key not in self._back}
        return len({key[:2] for key in self._back} - inside)

    def _tell(self) -> None:
        if not self._beyond:
            return
        if self._iface is None:
            log(self.text, Qgis.MessageLevel.Warning)
            self._beyond.clear()
            self._back.clear()
            return
        level = Qgis.MessageLevel.Warning
        if self._back.issuperset(self._beyond):
            level = Qgis.MessageLevel.Info
        if self._item is not None and not sip.isdeleted(self._item):
            self._item.setText(plain(self.text))
            if self._item.level() != level:
                self._item.setLevel(level)
            return
        # no duration: whoever was away finds it
        item = self._item = show(self._iface.messageBar(), self.text, level, 0)
        for words, act in ((tr("Show"), self._show), (tr("Log"), self.log_wanted.emit)):
            button = QPushButton(words, item)
            button.clicked.connect(lambda _checked=False, act=act: act())
            item.layout().addWidget(button)

    def _show(self) -> None:
        self.show_wanted.emit(tuple(self._beyond.values()))

    def _removed(self, item: QgsMessageBarItem) -> None:
        if self._item is not None and item is self._item:
            self._item = None
            self._beyond.clear()
            self._back.clear()
            self._until = self._clock() + self._rest
