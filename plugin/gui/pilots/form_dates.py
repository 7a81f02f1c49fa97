"""A day of the pilot, or none."""

from __future__ import annotations

from datetime import date

from qgis.gui import QgsDateEdit
from qgis.PyQt.QtCore import QDate, QSignalBlocker, Qt
from qgis.PyQt.QtGui import QKeyEvent, QWheelEvent
from qgis.PyQt.QtWidgets import QDateEdit, QWidget

from ...text import tr
from .dialog_presenter import DialogPresenter

FORMAT = "yyyy-MM-dd"


class DayEdit(QgsDateEdit):
    """A day with a calendar, and a button that empties it where it may be empty."""

    def __init__(self, parent: QWidget | None = None, *, empty: bool = True) -> None:
        super().__init__(parent)
        self.setDisplayFormat(FORMAT)
        self.setCalendarPopup(True)
        self.setNullRepresentation(tr("not known"))
        self.setAllowNull(empty)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def day(self) -> date | None:
        """The chosen day; None for none."""
        found = self.date()
        return None if self.isNull() or not found.isValid() else date(found.year(), found.month(), found.day())

    def set_day(self, day: date | None) -> None:
        """Show a day, or none."""
        if day is None:
            self.clear()
        else:
            self.setDate(QDate(day.year, day.month, day.day))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """QGIS's own takes no figures while it is empty and was reached by Tab."""
        if self.isNull() and event.text().isdecimal() and not self.isReadOnly():
            self.setDate(QDate.currentDate())
            self.setSelectedSection(QDateEdit.Section.YearSection)
        super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scrolling the page over it is no choice."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class DateField(DayEdit):
    """A date of the draft."""

    def __init__(self, presenter: DialogPresenter, column: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"CityTwinPilot_{column}")
        self._presenter = presenter
        self._column = column
        self.setEnabled(presenter.can_edit(column))
        self._changed("")
        self.dateValueChanged.connect(lambda *_: presenter.set(column, self.day()))
        presenter.changed.connect(self._changed)

    def _changed(self, column: str) -> None:
        value = self._presenter.value(self._column)
        if column in ("", self._column) and self.day() != value:
            with QSignalBlocker(self):
                self.set_day(value)
