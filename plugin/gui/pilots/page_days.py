"""Days as the user writes them."""

from __future__ import annotations

from datetime import date

from qgis.PyQt.QtCore import QDate, QLocale

from ...text import language


def day(when: date) -> str:
    """12 Mar 2026: short, and not to be mistaken for another order of day and month."""
    return _written(when, "d MMM yyyy")


def month(when: date) -> str:
    """Mar 2026: where there is little room."""
    return _written(when, "MMM yyyy")


def _written(when: date, form: str) -> str:
    # the language of the texts around it, which need not be that of QGIS's numbers and dates
    return str(QLocale(language()).toString(QDate(when.year, when.month, when.day), form))
