"""A tree of two levels: headings, and below each the rows of its group. What the rows are, others say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from qgis.PyQt.QtCore import QAbstractItemModel, QLocale, QModelIndex, QObject, Qt

from .tool_tip import tool_tip

# what a delegate asks for: the row's own value, the heading's group
ROW, GROUP = (int(Qt.ItemDataRole.UserRole) + number for number in (1, 2))
_TOP = 0  # internal id of a heading; that of a row is 1 + the place of its heading
# Views ask all of this of every row whenever the rows are others, so it costs as little as can be.
_NO_FLAGS, _HEADING_FLAGS = Qt.ItemFlag.NoItemFlags, Qt.ItemFlag.ItemIsEnabled
_ROW_FLAGS = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren


class AnyGroup(Protocol):
    """A heading and what is below it."""

    @property
    def title(self) -> str: ...
    @property
    def rows(self) -> Sequence[Any]: ...


G = TypeVar("G", bound=AnyGroup)


class GroupedModel(QAbstractItemModel, Generic[G]):
    """All is laid out anew where anything changed. ``title`` and ``tip`` say what a row is: in short, and all of it."""

    def __init__(self, title: Callable[[Any], str], tip: Callable[[Any], str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._title, self._tip = title, tip
        self._groups: tuple[G, ...] = ()

    @property
    def groups(self) -> tuple[G, ...]:
        return self._groups

    @property
    def shown(self) -> int:
        """How many rows there are below all headings."""
        return sum(len(group.rows) for group in self._groups)

    def _show(self, groups: tuple[G, ...]) -> None:
        self.beginResetModel()
        self._groups = groups
        self.endResetModel()

    def value(self, index: QModelIndex) -> Any:
        """What a row shows; None for a heading."""
        return index.data(ROW) if index.isValid() else None

    # -- Qt's questions

    def index(self, row: int, column: int, parent: QModelIndex = QModelIndex()) -> QModelIndex:  # noqa: B008
        if column != 0 or row < 0:
            return QModelIndex()
        if not parent.isValid():
            return self.createIndex(row, 0, _TOP) if row < len(self._groups) else QModelIndex()
        heading = parent.row()
        if parent.internalId() != _TOP or row >= len(self._groups[heading].rows):
            return QModelIndex()
        return self.createIndex(row, 0, heading + 1)

    def parent(self, index: QModelIndex) -> QModelIndex:
        heading = index.internalId() if index.isValid() else _TOP
        return self.createIndex(int(heading) - 1, 0, _TOP) if heading != _TOP else QModelIndex()

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        if not parent.isValid():
            return len(self._groups)
        return len(self._groups[parent.row()].rows) if parent.internalId() == _TOP else 0

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 1

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        if not index.isValid():
            return _NO_FLAGS
        return _HEADING_FLAGS if index.internalId() == _TOP else _ROW_FLAGS

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        heading = int(index.internalId())
        if heading == _TOP:
            return _of_group(self._groups[index.row()], role)
        row = self._groups[heading - 1].rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._title(row)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tool_tip(self._tip(row))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._tip(row)
        return row if role == ROW else None


def _of_group(group: AnyGroup, role: int) -> Any:
    if role == Qt.ItemDataRole.DisplayRole:
        return group.title
    if role == Qt.ItemDataRole.AccessibleTextRole:
        return f"{group.title}, {QLocale().toString(len(group.rows))}"
    return group if role == GROUP else None
