"""The log panel's tab "City Twin", and the message bar: the user's sentence there, the detail here."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from qgis.core import Qgis, QgsMessageLog
from qgis.PyQt.QtWidgets import QPushButton

from ..text import tr
from ..twin.errors import CityTwinError

if TYPE_CHECKING:
    from qgis.gui import QgisInterface, QgsMessageBar, QgsMessageBarItem

TAB = "City Twin"
_SHOWN = 8  # seconds that good news stays; warnings and errors stay until they are closed


def log(text: str, level: Qgis.MessageLevel = Qgis.MessageLevel.Info) -> None:
    """One line into the log panel. May be called from any thread."""
    # notifyUser would add QGIS's own "see the log" bubble to our message.
    QgsMessageLog.logMessage(text, TAB, level, False)


def log_error(error: CityTwinError, level: Qgis.MessageLevel = Qgis.MessageLevel.Critical) -> None:
    """``error``'s sentence and its detail into the log panel. May be called from any thread."""
    log(f"{error.message}\n{error.detail}" if error.detail else error.message, level)


def push(
    iface: QgisInterface | None,
    text: str,
    level: Qgis.MessageLevel = Qgis.MessageLevel.Info,
    *,
    detail: str = "",
    seconds: int | None = None,
) -> None:
    """Show ``text`` in the message bar; with ``detail`` also a button that opens the log, where both are written.

    Main thread only. ``seconds`` 0 keeps it until the user closes it; None chooses by level. Without a window
    (``iface`` None) it is logged only.
    """
    if detail or iface is None:
        log(f"{text}\n{detail}" if detail else text, level)
    if iface is None:
        return
    if seconds is None:
        seconds = _SHOWN if level in (Qgis.MessageLevel.Info, Qgis.MessageLevel.Success) else 0
    item = show(iface.messageBar(), text, level, seconds)
    if detail:
        button = QPushButton(tr("Details"), item)
        button.clicked.connect(lambda _checked=False: iface.openMessageLog())
        item.layout().addWidget(button)


def show(
    bar: QgsMessageBar, text: str, level: Qgis.MessageLevel, seconds: int, title: str | None = None
) -> QgsMessageBarItem:
    """``text`` in ``bar``, as it is written. ``title``: else the plugin's name. Main thread. The item's layout takes
    buttons. (QGIS's own log of messages shows what had to be escaped, ``&`` and ``<``, as it was.)"""
    item = bar.createMessage(tr("City Twin") if title is None else title, plain(text))
    bar.pushWidget(item, level, seconds)
    return item


def plain(text: str) -> str:
    """``text`` for the message bar, which takes what it is given for HTML: names and answers come from outside."""
    return html.escape(text, quote=False)


def push_error(iface: QgisInterface | None, error: CityTwinError) -> None:
    """Show what went wrong in the user's words, its detail behind a button."""
    push(iface, error.message, Qgis.MessageLevel.Critical, detail=error.detail)
