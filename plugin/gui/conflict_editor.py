"""Writing a value of one's own: an editor for each kind of column, and whether the twin would take what it holds."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from qgis.gui import QgsDateEdit
from qgis.PyQt.QtCore import QDate
from qgis.PyQt.QtWidgets import QComboBox, QFrame, QLineEdit, QPlainTextEdit, QWidget

from ..text import number, tr
from ..twin.fit import check
from ..twin.model import Property, Schema
from ..workcopy.columns import BadValue, Stored, from_stored, to_stored
from ..workcopy.wording import shown

_LONG = 80  # characters from which on a text gets several lines
LINES = 6


class Refused(Exception):
    """What was written cannot be a value of the column; the message is the user's sentence."""


def make_editor(parent: QWidget, known: Property, kind: str, value: Stored) -> QWidget:
    """The editor for one value, without a frame of its own."""
    if kind == "boolean" or (known.enum and kind in ("string", "integer", "number")):
        return _choice(parent, known, kind)
    if kind == "date":
        calendar = QgsDateEdit(parent)
        calendar.setDisplayFormat("yyyy-MM-dd")
        calendar.setCalendarPopup(True)
        calendar.setAllowNull(True)
        calendar.setFrame(False)
        return calendar
    if kind == "string" and isinstance(value, str) and (len(value) > _LONG or "\n" in value):
        area = QPlainTextEdit(parent)
        area.setTabChangesFocus(True)
        area.setFrameShape(QFrame.Shape.StyledPanel)
        return area
    line = QLineEdit(parent)
    line.setFrame(False)
    if kind == "date-time":
        line.setPlaceholderText(tr("year-month-day hour:minute"))
    return line


def _choice(parent: QWidget, known: Property, kind: str) -> QComboBox:
    box = QComboBox(parent)
    box.setFrame(False)
    if kind == "boolean":
        box.addItem(tr("yes"), 1)
        box.addItem(tr("no"), 0)
    for value in known.enum:
        if value is not None and kind != "boolean":
            text = str(value).replace("_", " ")
            box.addItem(text[:1].upper() + text[1:], value)
    if not known.required:
        box.addItem(tr("(none)"), None)
    return box


def fill(editor: QWidget, value: Stored, kind: str) -> None:
    """Put ``value`` into the editor."""
    if isinstance(editor, QComboBox):
        at = next((at for at in range(editor.count()) if _same(editor.itemData(at), value)), -1)
        if at < 0 and value is not None:  # what came from the twin although its schema does not name it
            editor.addItem(shown(value, kind), value)
            at = editor.count() - 1
        editor.setCurrentIndex(at)
    elif isinstance(editor, QgsDateEdit):
        day = QDate.fromString(str(value or ""), "yyyy-MM-dd")
        if day.isValid():
            editor.setDate(day)
        else:
            editor.clear()
    elif isinstance(editor, QPlainTextEdit):
        editor.setPlainText(str(value or ""))
        editor.selectAll()
    elif isinstance(editor, QLineEdit):
        editor.setText(_as_text(value, kind))
        editor.selectAll()


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) if one is not None and other is not None else one is other


def _as_text(value: Stored, kind: str) -> str:
    if value is None:
        return ""
    if kind == "number" and isinstance(value, float):
        short = number(value, ".15g")
        return short if float(format(value, ".15g")) == value else number(value, ".17g")
    return shown(value, kind)


def read(editor: QWidget, known: Property, kind: str) -> Stored:
    """What the editor holds, as it is stored. Raises `Refused`."""
    value = _read(editor, kind)
    schema = Schema((replace(known, read_only=False),))
    for found in check({known.name: from_stored(value, kind)}, None, schema):
        raise Refused(found.message)
    return value


def _read(editor: QWidget, kind: str) -> Stored:
    if isinstance(editor, QComboBox):
        return _stored(editor.currentData(), kind)
    if isinstance(editor, QgsDateEdit):
        return None if editor.isNull() else str(editor.date().toString("yyyy-MM-dd"))
    text = str(editor.toPlainText() if isinstance(editor, QPlainTextEdit) else editor.property("text"))
    if kind == "string":
        return text or None
    text = text.strip()
    if not text:
        return None
    if kind in ("integer", "number"):
        return _stored(_number(text, kind), kind)
    if kind == "date-time":
        return _stored(text.replace(" UTC", "Z"), kind)
    if kind in ("object", "array"):
        try:
            return to_stored(json.loads(text), kind)
        except ValueError as error:
            raise Refused(tr("This is not readable as JSON: {reason}.", reason=str(error))) from error
    return text


def _number(text: str, kind: str) -> float | int:
    """A number as people write it: with a point or a comma, without signs for thousands."""
    plain = text.replace("\u2212", "-").replace(",", ".")
    try:
        return int(plain) if kind == "integer" else float(plain)
    except ValueError as error:
        if kind == "integer":
            raise Refused(tr("“{value}” is no whole number.", value=text)) from error
        raise Refused(tr("“{value}” is no number.", value=text)) from error


def _stored(value: Any, kind: str) -> Stored:
    if kind == "boolean" and value is not None:
        return int(value)
    try:
        return to_stored(value, kind)
    except BadValue as error:
        if kind == "date-time":
            words = tr("“{value}” is no date and time. Write it like 2026-05-17 14:30.", value=str(value))
        else:
            words = tr("The twin cannot store “{value}” here.", value=str(value))
        raise Refused(words) from error
