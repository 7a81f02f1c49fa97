"""What can be done with the chosen review items: the same actions below the list and in its menu."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qgis.PyQt.QtCore import QObject, QSize, Qt
from qgis.PyQt.QtGui import QAction, QKeySequence
from qgis.PyQt.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QToolButton, QWidget

from ...map.review.book_reading import Note
from ...review import vocabulary as words
from ...text import tr
from ..icons import icon

_ICON = 20
_STRIP = ("accept", "edit", "reject", "done", "zoom")
_MENU = ("accept", "edit", "reject", "done", "reopen", "", "zoom", "show")


class ItemActions(QObject):
    """``calls``: what each does, by name: accept, edit, reject, done, reopen, zoom, show."""

    def __init__(self, calls: dict[str, Callable[[], None]], parent: QObject) -> None:
        super().__init__(parent)
        self.actions: dict[str, QAction] = {}
        for name, picture, title, tip, key in (
            ("accept", "review-accept", tr("Accept"),
             tr("It is so: something is to be done. Accepted items can be the tasks of the next field review."), "A"),
            ("edit", "mActionToggleEditing.svg", tr("Edit…"),
             tr("Accept it, and open the form of the feature that it is about"), "E"),
            ("reject", "review-reject", tr("Reject…"), tr("It stays as it is; say why"), "R"),
            ("done", "review-done", tr("Done"), tr("What was to be done is done"), "D"),
            ("zoom", "mActionZoomToSelected.svg", tr("Zoom"), tr("Show the items on the map"), "Z"),
            ("reopen", "mActionUndo.svg", tr("Open Again"), tr("Take the decision back"), ""),
            ("show", "mActionShowAllLayers.svg", tr("Add Review Layers to the Map"),
             tr("Show all review items on the map, drawn by their kind"), ""),
        ):  # fmt: skip
            action = self.actions[name] = QAction(icon(picture), title, self)
            action.setObjectName(f"CityTwinReview_{name}")
            action.setIconText(title.rstrip("…"))  # below icons there is no room for more
            action.setToolTip(f"{tip} ({key})" if key else tip)
            if key:
                action.setShortcut(QKeySequence(key))
                action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            call = calls[name]
            action.triggered.connect(lambda _checked=False, call=call: call())
        self.say((), False, False)

    def say(self, chosen: Sequence[Note], able: bool, hidden: bool) -> None:
        """For which items. ``able``: they can be decided; ``hidden``: review layers are not in the project."""
        for name, status in (
            ("accept", words.ACCEPTED), ("reject", words.REJECTED), ("done", words.DONE), ("reopen", words.OPEN),
        ):  # fmt: skip
            fits = any(status in note.item.moves for note in chosen)
            self.actions[name].setEnabled(able and fits)
        one = chosen[0] if len(chosen) == 1 else None
        self.actions["edit"].setEnabled(one is not None and bool(one.item.about and one.item.about_id))
        self.actions["zoom"].setEnabled(any(note.item.geometry for note in chosen))
        self.actions["show"].setVisible(hidden)

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

    def __init__(self, actions: ItemActions, parent: QWidget | None = None) -> None:
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
