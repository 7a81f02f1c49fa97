"""What a pull says in the message bar, and its report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from qgis.core import Qgis
from qgis.gui import QgsMessageBarItem
from qgis.PyQt import sip
from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QPushButton, QVBoxLayout, QWidget

from ..map.log import show
from ..text import tr
from . import pull_words
from .pull_presenter import Editing, PullResult
from .report_view import ReportView

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

_SHOWN = 12  # seconds that good news stays
Button = tuple[str, Callable[[], None]]


class PullMessages:
    """The message bar's items of one pull."""

    def __init__(self, iface: QgisInterface) -> None:
        self._iface = iface
        self._waiting: QgsMessageBarItem | None = None

    def say_waiting(self, editing: Editing, go_on: Callable[[], None], cancel: Callable[[], None]) -> None:
        """It waits for the user; one item, whatever it waits for."""
        self.end_waiting()
        buttons: list[Button] = [] if editing.drawing else [(tr("Save and Go On"), go_on)]
        buttons.append((tr("Cancel Pull"), cancel))
        self._waiting = self._push(pull_words.waiting(editing), Qgis.MessageLevel.Warning, 0, buttons)

    def end_waiting(self) -> None:
        """It waits no more."""
        item, self._waiting = self._waiting, None
        if item is not None and not sip.isdeleted(item):
            self._iface.messageBar().popWidget(item)

    def say_result(self, text: str, result: PullResult, buttons: Sequence[Button]) -> None:
        """What came, with buttons for what to do next."""
        level = pull_words.level(result)
        seconds = 0 if level in (Qgis.MessageLevel.Warning, Qgis.MessageLevel.Critical) else _SHOWN
        self._push(text, level, seconds, buttons)

    def _push(self, text: str, level: Qgis.MessageLevel, seconds: int, buttons: Sequence[Button]) -> QgsMessageBarItem:
        item = show(self._iface.messageBar(), text, level, seconds)
        for words, call in buttons:
            button = QPushButton(words, item)
            button.clicked.connect(lambda _checked=False, call=call: call())
            item.layout().addWidget(button)
        return item


class PullReportDialog(QDialog):
    """What came, layer by layer."""

    def __init__(self, result: PullResult, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Pull: {file}", file=result.copy.path.name))
        self.resize(520, 320)
        self.report = ReportView()
        words = pull_words.headline(result)
        self.report.show_report(words[:1].upper() + words[1:], pull_words.sentences(result))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.button(QDialogButtonBox.StandardButton.Close).setText(tr("Close"))  # Qt has not all of QGIS's languages
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.report, 1)
        layout.addWidget(buttons)
