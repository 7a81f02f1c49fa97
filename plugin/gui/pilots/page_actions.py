"""What can be done with the chosen pilot: the same actions below the list and in its menu."""

from __future__ import annotations

from collections.abc import Callable

from qgis.PyQt.QtCore import QObject, QSize, Qt
from qgis.PyQt.QtGui import QAction, QKeySequence
from qgis.PyQt.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QToolButton, QWidget

from ...map.pilots.book import Record
from ...pilots import vocabulary as words
from ...text import tr
from ..icons import icon

_ICON = 20
_STRIP = ("edit", "profile", "report", "meet", "zoom")
_MENU = ("edit", "redraw", "zoom", "", "profile", "report", "meet", "", "stop", "delete")


class PilotActions(QObject):
    """``calls``: what each does, by name: edit, redraw, zoom, profile, report, meet, stop, delete."""

    def __init__(self, calls: dict[str, Callable[[], None]], parent: QObject) -> None:
        super().__init__(parent)
        self.actions: dict[str, QAction] = {}
        for name, picture, title, tip in (
            ("edit", "mActionEditTable.svg", tr("Edit…"), tr("Describe the pilot, change its stage")),
            ("redraw", "mActionReshape.svg", tr("Redraw Area…"), tr("Draw the area anew, with snapping and checks")),
            ("zoom", "mActionZoomToSelected.svg", tr("Zoom"), tr("Show the pilot on the map")),
            ("profile", "pilot-profile", tr("Profile…"), tr("What lies inside the pilot")),
            ("report", "pilot-report", tr("Report…"), tr("One page about the pilot, to print")),
            ("meet", "pilot-meeting", tr("Meeting…"), tr("An agenda: human conditions as questions")),
            ("stop", "pilot-stop", tr("Stop Pilot…"), tr("End the pilot, with the reason")),
            ("delete", "mActionDeleteSelected.svg", tr("Delete Pilot…"), tr("Remove what never was a pilot")),
        ):  # fmt: skip
            action = self.actions[name] = QAction(icon(picture), title, self)
            action.setObjectName(f"CityTwinPilot_{name}")
            action.setIconText(title.rstrip("…"))  # below icons there is no room for more
            action.setToolTip(tip)
            call = calls[name]
            action.triggered.connect(lambda _checked=False, call=call: call())
        self.actions["delete"].setShortcut(QKeySequence(Qt.Key.Key_Delete))
        self.actions["delete"].setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.say(None, False, False)

    def say(self, record: Record | None, able: bool, shown: bool) -> None:
        """For which pilot. ``able``: the twin takes changes; ``shown``: its layer is in the project."""
        there = record is not None
        area = record is not None and record.pilot.wkb is not None
        for name in ("edit", "profile", "report", "meet"):  # a form that nobody may change can be read
            self.actions[name].setEnabled(there)
        self.actions["zoom"].setEnabled(area)
        for name in ("redraw", "delete"):
            self.actions[name].setEnabled(there and able and shown)
        stopped = record is not None and record.pilot.stage == words.STOPPED
        self.actions["stop"].setEnabled(there and able and shown and not stopped)

    def menu(self, parent: QWidget) -> QMenu:
        """A menu of all of them; who asked deletes it."""
        menu = QMenu(parent)
        menu.setToolTipsVisible(True)
        for name in _MENU:
            if name:
                menu.addAction(self.actions[name])
            else:
                menu.addSeparator()
        return menu


class ActionStrip(QWidget):
    """The most used of them side by side, each with its word."""

    def __init__(self, actions: PilotActions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(2)
        self.buttons: dict[str, QToolButton] = {}
        for name in _STRIP:
            button = self.buttons[name] = QToolButton()
            button.setDefaultAction(actions.actions[name])
            button.setIconSize(QSize(_ICON, _ICON))
            button.setAutoRaise(True)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            # some styles cut words that Qt thinks have room enough
            button.setMinimumWidth(button.fontMetrics().horizontalAdvance(button.text()) + 10)
            row.addWidget(button)
