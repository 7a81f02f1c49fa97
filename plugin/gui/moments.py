"""Points in time in the user's own zone and way of writing."""

from __future__ import annotations

from qgis.PyQt.QtCore import QDate, QDateTime, QLocale, Qt


def clock(text: str | None) -> str:
    """The hour, minute and second of an RFC 3339 time."""
    when = QDateTime.fromString(text or "", Qt.DateFormat.ISODateWithMs)
    return str(when.toLocalTime().time().toString("HH:mm:ss")) if when.isValid() else ""


def dated(text: str | None) -> str:
    """An RFC 3339 time with its date, as on paper: who reads that does not know what was today."""
    when = QDateTime.fromString(text or "", Qt.DateFormat.ISODateWithMs)
    return str(QLocale().toString(when.toLocalTime(), QLocale.FormatType.ShortFormat)) if when.isValid() else ""


def moment(text: str | None) -> str:
    """An RFC 3339 time: the hour alone where it is today, else with the date; "" where there is none."""
    when = QDateTime.fromString(text or "", Qt.DateFormat.ISODateWithMs)
    if not when.isValid():
        return ""
    local, locale = when.toLocalTime(), QLocale()
    short = QLocale.FormatType.ShortFormat
    if local.date() == QDate.currentDate():
        return str(locale.toString(local.time(), short))
    return str(locale.toString(local, short))
