"""What can be linked, as a list with ticks, and the filter over it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from qgis.PyQt.QtCore import QAbstractListModel, QModelIndex, QObject, QSortFilterProxyModel, Qt, pyqtSignal

from ...map.pilots.links import DATASTREAM, Choice
from ...pilots.parts import DataLink
from ...text import tr
from ..icons import icon
from ..tool_tip import tool_tip

_ROOT = QModelIndex()


class ChoicesModel(QAbstractListModel):
    """Those that are linked already are shown ticked and cannot be chosen again."""

    ticked_changed = pyqtSignal()

    def __init__(self, choices: Iterable[Choice], linked: Iterable[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._linked = {href for href in linked if href}
        self._rows = list(choices)
        self._ticked: set[str] = set()

    def add(self, choices: Iterable[Choice]) -> int:
        """Those that are not there yet; how many came."""
        known = {one.link.href for one in self._rows}
        new = [one for one in choices if one.link.href not in known]
        if new:
            first = len(self._rows)
            self.beginInsertRows(_ROOT, first, first + len(new) - 1)
            self._rows += new
            self.endInsertRows()
        return len(new)

    def ticked(self) -> list[DataLink]:
        """The chosen ones, in the order of the list."""
        return [one.link for one in self._rows if one.link.href in self._ticked]

    def rowCount(self, parent: QModelIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        if not index.isValid() or self._rows[index.row()].link.href in self._linked:
            return Qt.ItemFlag.NoItemFlags
        return (
            Qt.ItemFlag.ItemIsEnabled
            | Qt.ItemFlag.ItemIsSelectable
            | Qt.ItemFlag.ItemIsUserCheckable
            | Qt.ItemFlag.ItemNeverHasChildren
        )

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        one = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            linked = tr("linked already") if one.link.href in self._linked else ""
            return " · ".join(part for part in (one.link.title, one.origin, linked) if part)
        if role == Qt.ItemDataRole.CheckStateRole:
            on = one.link.href in self._ticked or one.link.href in self._linked
            return Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.DecorationRole:
            return icon("sensors") if one.link.kind == DATASTREAM else icon("catalogue")
        if role == Qt.ItemDataRole.ToolTipRole:
            return tool_tip("\n".join(part for part in (one.about, one.link.href) if part))
        if role == Qt.ItemDataRole.UserRole:
            return f"{one.link.title}\n{one.origin}\n{one.about}\n{one.link.href}".casefold()
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole or not self.flags(index) & Qt.ItemFlag.ItemIsUserCheckable:
            return False
        href = self._rows[index.row()].link.href
        if Qt.CheckState(value) == Qt.CheckState.Checked:
            self._ticked.add(href)
        else:
            self._ticked.discard(href)
        self.dataChanged.emit(index, index, [Qt.ItemDataRole.CheckStateRole])
        self.ticked_changed.emit()
        return True


class ChoicesFilter(QSortFilterProxyModel):
    """The choices that hold every word of the filter, whether in title, origin or address."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words: tuple[str, ...] = ()

    def set_filter(self, text: str) -> None:
        self._words = tuple(text.casefold().split())
        self.invalidateFilter()

    def filterAcceptsRow(self, row: int, parent: QModelIndex) -> bool:
        if not self._words:
            return True
        text = self.sourceModel().index(row, 0, parent).data(Qt.ItemDataRole.UserRole) or ""
        return all(word in text for word in self._words)
