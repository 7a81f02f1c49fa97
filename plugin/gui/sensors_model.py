"""Observed properties and their datastreams as a tree, for tens of thousands of them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import IntEnum
from typing import Any

from qgis.PyQt.QtCore import QModelIndex, QObject, Qt, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QStandardItem, QStandardItemModel

from ..sensors.state import Latest
from . import sensors_words as words
from .sensors_filter import Filter
from .sensors_rows import Group, Row, by_order, group_of, newest, title, unit
from .sensors_turns import Turns
from .tool_tip import tool_tip

_USER = Qt.ItemDataRole.UserRole
_FIRST = int(getattr(_USER, "value", _USER))  # a Python enum in Qt 6
_STEP = 256  # rows in a step, some 0.2 ms
_PAUSE = 250  # ms between two lists while rows come in


class Role(IntEnum):
    GROUP = _FIRST + 1  # Group, None in a datastream's row
    ROW = _FIRST + 2  # Row, None in an observed property's
    ON_MAP = _FIRST + 3  # bool: there is a live layer of it


class SensorModel(QStandardItemModel):
    """Two levels. Qt keeps only how many rows there are, and asks for what is seen: a view lays out ten thousand rows
    in a millisecond; asking Python about each would make that a tenth of a second (measured).

    The filter is part of it: `set_filter` goes through all rows in small turns, and then changes all at once.
    ``sifted`` tells that another set is shown; ``told`` that values changed; ``ticks_changed`` what it says.
    """

    sifting = pyqtSignal()  # just before other rows are shown: remember what is chosen
    sifted = pyqtSignal()
    filtered = pyqtSignal()  # it has been gone through, also where the same rows are shown as before
    told = pyqtSignal()
    ticks_changed = pyqtSignal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setColumnCount(1)
        self._now: Callable[[], float] = time.time
        self._groups: dict[str, Group] = {}
        self._rows: dict[str, Row] = {}
        self._tops: list[Group] = []
        self._ticked: set[str] = set()
        self._on_map: frozenset[str] = frozenset()
        self._filter = Filter()
        self._turns = Turns(self)
        self._again = False
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE)
        self._pause.timeout.connect(self._paused)

    def set_clock(self, now: Callable[[], float]) -> None:
        """By which time ages are told, seconds since 1970 UTC."""
        self._now = now

    # -- what is there

    @property
    def filter(self) -> Filter:
        return self._filter

    @property
    def busy(self) -> bool:
        """Whether what is shown is from before the last rows, values or filter."""
        return self._turns.busy or self._again

    def __len__(self) -> int:
        """How many datastreams are known."""
        return len(self._rows)

    @property
    def shown(self) -> int:
        """How many datastreams the filter lets through."""
        return sum(len(group.shown) for group in self._tops)

    @property
    def groups(self) -> tuple[Group, ...]:
        """The observed properties that are shown, as they are listed."""
        return tuple(self._tops)

    def all_groups(self) -> tuple[Group, ...]:
        return tuple(self._groups.values())

    def group(self, id: str) -> Group | None:
        return self._groups.get(id)

    def row(self, id: str) -> Row | None:
        return self._rows.get(id)

    def rows(self) -> Iterable[Row]:
        return self._rows.values()

    def clear_all(self, *, ticks: bool = True) -> None:
        """Forget everything but the filter; with ``ticks`` false also but what is ticked."""
        self._turns.stop()
        self._pause.stop()
        self._again = False
        self.sifting.emit()
        self._groups, self._rows, self._tops = {}, {}, []
        self.removeRows(0, self.rowCount())
        self.sifted.emit()
        if ticks and self._ticked:
            self._ticked = set()
            self.ticks_changed.emit()

    def add(self, rows: Sequence[Row]) -> None:
        """More datastreams, sorted among themselves."""
        for row in rows:
            self._remove(row.stream.id)
            self._rows[row.stream.id] = row
            observed = row.stream.observed_property
            group = self._groups.get(observed.id)
            if group is None:
                group = self._groups[observed.id] = group_of(observed)
            group.rows.append(row)
            group.units[unit(row.stream)] += 1
            group.sorted = False
        self.sift()

    def _remove(self, id: str) -> None:
        """A service that gave the same one twice: the later counts."""
        row = self._rows.pop(id, None)
        if row is not None:
            group = self._groups[row.stream.observed_property.id]
            group.rows.remove(row)
            group.units[unit(row.stream)] -= 1

    def stop(self) -> None:
        """Leave the filtering that is under way."""
        self._turns.stop()
        self._pause.stop()

    # -- the filter

    def set_filter(self, filter: Filter) -> None:
        """Show only what ``filter`` lets through, soon."""
        if filter != self._filter:
            self._filter = filter
            self._again = False
            self._turns.start(self._sift())

    def sift(self) -> None:
        """Ask the filter anew, now or in a moment: there are other rows, or values."""
        if self._turns.busy or self._pause.isActive():
            self._again = True  # begun anew with each page it would never end
        else:
            self._pause.start()
            self._turns.start(self._sift())

    def _paused(self) -> None:
        if self._again and not self._turns.busy:
            self._again = False
            self.sift()

    def _sift(self) -> Iterator[None]:
        filter = self._filter
        lets = filter.lets
        found: list[tuple[Group, list[Row]]] = []
        for group in sorted(self._groups.values(), key=lambda one: one.order):
            yield
            if filter.groups is not None and group.id not in filter.groups:
                continue
            if not group.sorted:
                group.rows.sort(key=by_order)
                group.sorted = True
            rows = group.rows
            shown = list(rows) if filter.empty else []
            for start in range(0, 0 if filter.empty else len(rows), _STEP):
                shown += [row for row in rows[start : start + _STEP] if lets(row)]
                yield
            if shown:
                found.append((group, shown))
        yield
        self._show(found)
        self.filtered.emit()
        if self._again and not self._pause.isActive():
            self._pause.start()

    def _show(self, found: list[tuple[Group, list[Row]]]) -> None:
        """All at once, so that counts and rows always go together; some 5 ms for ten thousand datastreams."""
        same = [group for group, _ in found] == self._tops and all(group.shown == shown for group, shown in found)
        if not same:
            self.sifting.emit()
            self._set_tops([group for group, _ in found])
        for group, shown in found:
            if group.shown != shown:
                self._set_shown(group, shown)
        if not same:
            self.sifted.emit()
        self.told.emit()

    def _set_tops(self, groups: list[Group]) -> None:
        """Show these observed properties; both lists are in the same order, so those that stay keep their items."""
        stay = set(map(id, groups))
        for at in range(len(self._tops) - 1, -1, -1):
            gone = self._tops[at]
            if id(gone) not in stay:
                self._set_shown(gone, [])
                del self._tops[at]
                self.removeRow(at)
        for at, group in enumerate(groups):
            if at < len(self._tops) and self._tops[at] is group:
                continue
            item = QStandardItem()
            item.setColumnCount(1)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsUserCheckable)
            self._tops.insert(at, group)
            self.insertRow(at, item)

    def _set_shown(self, group: Group, shown: list[Row]) -> None:
        for row in group.shown:
            row.shown = False
        for row in shown:
            row.shown = True
        group.shown = shown
        group.by_freshness = Counter([row.latest.freshness for row in shown if row.latest is not None])
        group.latest = newest(shown)
        self.item(self._tops.index(group)).setRowCount(len(shown))

    # -- what the sensors say

    def tell(self, latest: Iterable[Latest]) -> None:
        """What datastreams say now; those that are not here are passed over."""
        rows = self._rows
        any_fresh = False
        for one in latest:
            row = rows.get(one.id)
            if row is None or row.latest == one:
                continue
            before, row.latest = row.latest, one
            was = before.freshness if before is not None else ""
            any_fresh = any_fresh or was != one.freshness
            if not row.shown:
                continue
            group = self._groups[row.stream.observed_property.id]
            if was != one.freshness:
                if was:
                    group.by_freshness[was] -= 1
                group.by_freshness[one.freshness] += 1
            if one.time is not None and not one.ahead and (group.latest is None or one.time > group.latest):
                group.latest = one.time
        self.told.emit()
        if any_fresh and self._filter.by_freshness:
            self.sift()

    # -- ticks

    def ticked(self) -> list[Group]:
        """The ticked observed properties, as they are listed; those that the filter hides too."""
        known = [group for group in self._groups.values() if group.id in self._ticked]
        return sorted(known, key=lambda one: one.order)

    def tick(self, ids: Iterable[str]) -> None:
        """Tick exactly these."""
        wanted = {id for id in ids if id in self._groups}
        if wanted != self._ticked:
            self._ticked = wanted
            self.told.emit()
            self.ticks_changed.emit()

    def set_on_map(self, ids: Iterable[str]) -> None:
        """Of which observed properties there is a live layer."""
        self._on_map = frozenset(ids)
        self.told.emit()

    # -- where is what

    def index_of_group(self, group: Group) -> QModelIndex:
        """Invalid where it is not shown."""
        return self.index(self._tops.index(group), 0) if group in self._tops else QModelIndex()

    def index_of(self, row: Row) -> QModelIndex:
        """Invalid where it is not shown."""
        group = self._groups.get(row.stream.observed_property.id)
        if group is None or not row.shown or group not in self._tops:
            return QModelIndex()
        low, high = 0, len(group.shown)
        while low < high:
            middle = (low + high) // 2
            if group.shown[middle].order < row.order:
                low = middle + 1
            else:
                high = middle
        return self.index(low, 0, self.index_of_group(group))

    # -- Qt's names

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        parent = index.parent()
        try:
            if not parent.isValid():
                return self._group_data(self._tops[index.row()], role)
            return self._row_data(self._tops[parent.row()].shown[index.row()], role)
        except IndexError:  # asked while rows come or go
            return None

    def _group_data(self, group: Group, role: int) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return group.name
        if role == Role.GROUP:
            return group
        if role == Role.ON_MAP:
            return group.id in self._on_map
        if role == Qt.ItemDataRole.CheckStateRole:
            return Qt.CheckState.Checked if group.id in self._ticked else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.ToolTipRole:
            return tool_tip(words.group_tip(group, self._now()))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return words.group_read(group, self._now())
        return None

    def _row_data(self, row: Row, role: int) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return title(row.stream)
        if role == Role.ROW:
            return row
        if role == Qt.ItemDataRole.ToolTipRole:
            return tool_tip(words.row_tip(row, self._now()))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return words.row_read(row, self._now())
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        group = index.data(Role.GROUP)
        if role != Qt.ItemDataRole.CheckStateRole or not isinstance(group, Group):
            return False
        ticked = set(self._ticked)
        (ticked.add if Qt.CheckState(value) == Qt.CheckState.Checked else ticked.discard)(group.id)
        self.tick(ticked)
        return True
