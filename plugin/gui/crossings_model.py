"""The log of crossings as a table: the latest first, filtered by words and by threshold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from qgis.PyQt.QtCore import QAbstractTableModel, QDateTime, QLocale, QModelIndex, QObject, QSortFilterProxyModel, Qt

from ..map.live.fields import moment
from ..map.live.thresholds_words import Entry
from ..sensors.thresholds import KEPT, amount
from ..text import tr
from .icons import icon
from .tool_tip import tool_tip

TIME, SENSOR, THRESHOLD, VALUE, WHAT = range(5)
ENTRY, SORT = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class CrossingsModel(QAbstractTableModel):
    """The rows are in the order in which they came, the latest first."""

    def __init__(self, entries: Iterable[Entry] = (), parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries = list(entries)[::-1]

    def add(self, entries: Sequence[Entry]) -> None:
        """These came, in this order."""
        if not entries:
            return
        self.beginInsertRows(QModelIndex(), 0, len(entries) - 1)
        self._entries[:0] = entries[::-1]
        self.endInsertRows()
        if len(self._entries) > KEPT:
            self.beginRemoveRows(QModelIndex(), KEPT, len(self._entries) - 1)
            del self._entries[KEPT:]
            self.endRemoveRows()

    def clear(self) -> None:
        """Forget all."""
        self.beginResetModel()
        self._entries.clear()
        self.endResetModel()

    def names(self) -> list[str]:
        """The names of the thresholds that were crossed."""
        return sorted({entry.crossing.threshold.name for entry in self._entries}, key=str.casefold)

    # -- Qt's questions

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._entries)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else 5

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (tr("Time"), tr("Sensor"), tr("Threshold"), tr("Value"), tr("What"))[section]
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        entry, column = self._entries[index.row()], index.column()
        crossing = entry.crossing
        if role == ENTRY:
            return entry
        if role == SORT and column in (TIME, VALUE):
            return crossing.time if column == TIME else crossing.value
        if role in (Qt.ItemDataRole.DisplayRole, SORT):
            return cell(entry, column)
        if role == Qt.ItemDataRole.DecorationRole and column == WHAT:
            return icon("change-problem" if crossing.entered else "change-published")
        if role == Qt.ItemDataRole.TextAlignmentRole and column == VALUE:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ToolTipRole:
            return tool_tip(crossing.sentence())
        return None


class CrossingsFilter(QSortFilterProxyModel):
    """What the user wants to see of it."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words: tuple[str, ...] = ()
        self._name: str | None = None
        self.setSortRole(SORT)
        self.setSortCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)

    def want(self, text: str, name: str | None) -> None:
        """All words of ``text`` in sensor or threshold, and the threshold of that ``name`` (None: any)."""
        self._words, self._name = tuple(text.casefold().split()), name
        self.invalidateFilter()

    def filterAcceptsRow(self, row: int, parent: QModelIndex) -> bool:
        entry = self.sourceModel().index(row, 0, parent).data(ENTRY)
        if self._name is not None and entry.crossing.threshold.name != self._name:
            return False
        if not self._words:
            return True
        text = f"{cell(entry, SENSOR)} {entry.crossing.threshold.name} {cell(entry, WHAT)}".casefold()
        return all(word in text for word in self._words)

    def entries(self) -> list[Entry]:
        """What is shown, in the order in which it is."""
        return [self.index(row, 0).data(ENTRY) for row in range(self.rowCount())]


def cell(entry: Entry, column: int) -> str:
    """What the table says."""
    crossing = entry.crossing
    if column == TIME:
        return local_time(crossing.time)
    if column == SENSOR:
        return crossing.name or crossing.datastream
    if column == THRESHOLD:
        return crossing.threshold.name
    if column == VALUE:
        return amount(crossing.value, crossing.unit)
    return tr("beyond") if crossing.entered else tr("back")


def local_time(seconds: float) -> str:
    """In the user's own zone and way of writing, to the second; the hour alone where it is today."""
    when = moment(seconds)
    if when is None:
        return ""
    local, locale = when.toLocalTime(), QLocale()
    clock = str(local.time().toString("HH:mm:ss"))
    if local.date() == QDateTime.currentDateTime().date():
        return clock
    return f"{locale.toString(local.date(), QLocale.FormatType.ShortFormat)} {clock}"


def csv_rows(entries: Iterable[Entry]) -> list[list[str]]:
    """A heading and a row for each crossing; times in UTC, numbers with a decimal point."""
    rows = [
        ["phenomenon_time", "service", "datastream", "name", "threshold", "direction", "level", "crossing", "result",
         "unit"]
    ]  # fmt: skip
    for service, crossing, _thing in entries:
        threshold = crossing.threshold
        when = _EPOCH + timedelta(milliseconds=round(crossing.time * 1000))  # Windows knows no time before 1970
        rows.append(
            [
                when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                service,
                crossing.datastream,
                crossing.name,
                threshold.name,
                "above" if threshold.above else "below",
                repr(threshold.level),
                "entered" if crossing.entered else "back",
                repr(crossing.value),
                crossing.unit,
            ]
        )
    return rows
