"""A user's hands: clicks, keys and drags, dialogs answered while they wait; and somebody else who edits the twin."""

from __future__ import annotations

import faulthandler
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from qgis.core import QgsApplication, QgsPointXY
from qgis.PyQt.QtCore import (
    QCoreApplication,
    QElapsedTimer,
    QEvent,
    QEventLoop,
    QModelIndex,
    QPoint,
    QPointF,
    Qt,
    QTimer,
)
from qgis.PyQt.QtGui import QMouseEvent
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QAbstractButton, QAbstractItemView, QApplication, QDialog, QLineEdit, QWidget

LEFT = Qt.MouseButton.LeftButton
RIGHT = Qt.MouseButton.RightButton


def wait_until(condition: Callable[[], object], seconds: float = 20, what: str = "") -> None:
    """Let QGIS go on with its work until ``condition()`` is true."""
    timer = QElapsedTimer()
    timer.start()
    while not condition():
        if timer.elapsed() > seconds * 1000:
            faulthandler.dump_traceback()  # into qgis.log
            tasks = [f"{task.description()} ({task.status()})" for task in QgsApplication.taskManager().tasks()]
            pytest.fail(f"not true within {seconds} s: {what}; tasks: {tasks}")
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 50)


# -- widgets ---------------------------------------------------------------------------------------------------------


def click(widget: QWidget) -> None:
    """A left click in the middle of what can be clicked."""
    assert widget.isVisible(), f"{widget!r} is not to be seen"
    assert widget.isEnabled(), f"{widget!r} cannot be clicked"
    QTest.mouseClick(widget, LEFT)


def type_into(field: QLineEdit, text: str) -> None:
    """Select what is there and type ``text`` over it, key by key."""
    assert field.isVisible() and field.isEnabled() and not field.isReadOnly(), f"{field!r} takes no keys"
    field.setFocus()
    field.selectAll()
    if text:
        QTest.keyClicks(field, text)
    else:
        QTest.keyClick(field, Qt.Key.Key_Delete)


def plain(text: str) -> str:
    """A button's words without the mark of its shortcut."""
    return text.replace("&", "")


def button(parent: QWidget, words: str) -> QAbstractButton:
    """The visible button of ``parent`` that says ``words`` (or begins so)."""
    found = [one for one in parent.findChildren(QAbstractButton) if one.isVisible() and plain(one.text()) == words]
    found = found or [
        one for one in parent.findChildren(QAbstractButton) if one.isVisible() and plain(one.text()).startswith(words)
    ]
    assert len(found) == 1, f"{len(found)} buttons say {words!r}"
    return found[0]


def click_row(view: QAbstractItemView, index: QModelIndex, *, double: bool = False) -> None:
    """Click in a row of a list, table or tree, as it is shown."""
    assert index.isValid()
    view.scrollTo(index)
    place = view.visualRect(index)
    assert place.isValid() and view.isVisible(), "the row is not to be seen"
    at = QPoint(place.left() + min(30, place.width() // 2), place.center().y())
    QTest.mouseClick(view.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, at)
    if double:
        QTest.mouseDClick(view.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, at)


def rows(view: QAbstractItemView, parent: QModelIndex | None = None) -> list[QModelIndex]:
    """The indexes of the first column below ``parent``, depth first, as the view's model has them."""
    model, above = view.model(), parent if parent is not None else QModelIndex()
    found: list[QModelIndex] = []
    for row in range(model.rowCount(above)):
        index = model.index(row, 0, above)
        found += [index, *rows(view, index)]
    return found


def row_of(view: QAbstractItemView, words: str) -> QModelIndex:
    """The row whose first column says ``words``."""
    found = [index for index in rows(view) if index.data() == words]
    assert len(found) == 1, f"{words!r} is in {len(found)} of the rows {[index.data() for index in rows(view)]}"
    return found[0]


# -- dialogs that hold up who opened them ----------------------------------------------------------------------------


def in_dialog(opens: Callable[[], object], answer: Callable[[Any], object], seconds: float = 15) -> None:
    """Do ``opens``, which shows a modal dialog, and ``answer`` while it is open. What ``answer`` raises is raised here.

    A dialog that ``answer`` leaves open is closed, so that the run goes on.
    """
    before = QApplication.activeModalWidget()
    told: list[BaseException | None] = []
    clock = QElapsedTimer()
    clock.start()
    timer = QTimer()
    timer.setInterval(20)

    def look() -> None:
        dialog = QApplication.activeModalWidget()
        if dialog is None or dialog is before:
            if clock.elapsed() > seconds * 1000:
                timer.stop()
            return
        timer.stop()
        try:
            answer(dialog)
        except BaseException as error:  # pytest.fail is one of these
            told.append(error)
        else:
            told.append(None)
        close_down_to(before)

    timer.timeout.connect(look)
    timer.start()
    try:
        opens()
        wait_until(lambda: told, seconds, "no dialog came")
    finally:
        timer.stop()
    if told[0] is not None:
        raise told[0]


def close_down_to(before: QWidget | None) -> None:
    """Close what dialogs are open, down to ``before``."""
    for _ in range(10):
        dialog = QApplication.activeModalWidget()
        if dialog is None or dialog is before:
            return
        if isinstance(dialog, QDialog):
            dialog.reject()
        else:
            dialog.close()


# -- the map ---------------------------------------------------------------------------------------------------------


def pixel(canvas: Any, point: QgsPointXY) -> QPoint:
    """Where ``point`` (in the map's CRS) is on the canvas."""
    at = canvas.getCoordinateTransform().transform(point)
    place = QPoint(round(at.x()), round(at.y()))
    assert canvas.viewport().rect().contains(place), f"{point.toString()} is outside of the map"
    return place


def click_map(canvas: Any, point: QgsPointXY, which: Qt.MouseButton = LEFT) -> None:
    """Move there and click."""
    at = pixel(canvas, point)
    _mouse(canvas, QEvent.Type.MouseMove, at, Qt.MouseButton.NoButton, Qt.MouseButton.NoButton)
    QTest.mouseClick(canvas.viewport(), which, Qt.KeyboardModifier.NoModifier, at)


def drag_map(canvas: Any, begin: QgsPointXY, end: QgsPointXY) -> None:
    """Press at one point, move to another in some steps, and let go."""
    start, stop = pixel(canvas, begin), pixel(canvas, end)
    QTest.mousePress(canvas.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, start)
    for step in range(1, 6):
        _mouse(canvas, QEvent.Type.MouseMove, start + (stop - start) * step / 5, Qt.MouseButton.NoButton, LEFT)
    QTest.mouseRelease(canvas.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, stop)


def _mouse(canvas: Any, kind: QEvent.Type, at: QPoint, which: Qt.MouseButton, held: Any) -> None:
    # QTest.mouseMove moves the screen's cursor, and forgets which button is held.
    viewport = canvas.viewport()
    there = QPointF(viewport.mapToGlobal(at))
    event = QMouseEvent(kind, QPointF(at), there, which, held, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(viewport, event)


# -- somebody else ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """What the twin has of one feature."""

    status: int
    feature: dict[str, Any]
    token: str

    @property
    def properties(self) -> dict[str, Any]:
        found: dict[str, Any] = self.feature.get("properties", {})
        return found


class Colleague:
    """Somebody else who reads and writes the same twin, without QGIS."""

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, collection: str, item: str) -> Answer:
        return self._ask("GET", f"collections/{collection}/items/{item}?f=json")

    def items(self, collection: str, limit: int = 10) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask("GET", f"collections/{collection}/items?f=json&limit={limit}").feature[
            "features"
        ]
        return found

    def change(self, collection: str, item: str, **properties: Any) -> Answer:
        """PUT the feature as it is, with other ``properties``."""
        now = self.get(collection, item)
        body = {key: now.feature[key] for key in ("type", "id", "geometry")}
        body["properties"] = {**now.properties, **properties}
        told = self._ask("PUT", f"collections/{collection}/items/{item}", body, now.token)
        assert told.status in (200, 204), told
        return self.get(collection, item)

    def _ask(self, method: str, path: str, body: object = None, token: str = "") -> Answer:
        headers = {"Accept": "application/geo+json, application/json"}
        if body is not None:
            headers["Content-Type"] = "application/geo+json"
        if token:
            headers["If-Match"] = token
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                text = answer.read()
                return Answer(answer.status, json.loads(text) if text else {}, answer.headers.get("ETag", ""))
        except urllib.error.HTTPError as error:
            with error:
                text = error.read()
                return Answer(error.code, json.loads(text) if text else {}, "")


def left_in(folder: Path, but: Sequence[str] = ()) -> list[str]:
    """What is in ``folder``, apart from files that begin as ``but`` says."""
    return sorted(one.name for one in folder.iterdir() if not one.name.startswith(tuple(but) or ("\0",)))
