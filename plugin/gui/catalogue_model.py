"""A twin's collections as an item model with ticks, and the filter over it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

from qgis.core import QgsApplication, QgsIconUtils, QgsWkbTypes
from qgis.PyQt.QtCore import QAbstractListModel, QModelIndex, QObject, QSortFilterProxyModel, Qt, pyqtSignal
from qgis.PyQt.QtGui import QIcon

from ..text import tr
from ..twin.model import Collection, Schema
from . import catalogue_wording as wording
from .tool_tip import tool_tip

_ROOT = QModelIndex()
_USER = Qt.ItemDataRole.UserRole
_FIRST = int(getattr(_USER, "value", _USER))  # a Python enum in Qt 6


class Role(IntEnum):
    COLLECTION = _FIRST + 1  # Collection
    SUMMARY = _FIRST + 2  # str: the line below the title
    EDITABLE = _FIRST + 3  # bool
    SEARCH = _FIRST + 4  # str, folded
    SCHEMA = _FIRST + 5  # Schema, None while it is not known


class CatalogueModel(QAbstractListModel):
    """One row a collection. Only collections of features can be ticked."""

    ticks_changed = pyqtSignal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Collection] = []
        self._ticked: set[str] = set()
        self._schemas: dict[str, Schema] = {}

    def set_collections(self, collections: Sequence[Collection]) -> None:
        """Show these. Ticks on collections of the same id stay."""
        self.beginResetModel()
        self._rows = list(collections)
        self._schemas.clear()
        self._ticked &= {one.id for one in self._rows if one.is_features}
        self.endResetModel()
        self.ticks_changed.emit()

    def update_collection(self, collection: Collection, schema: Schema | None = None) -> None:
        """Show what has become known about one of them; nothing happens where it is not here."""
        for row, known in enumerate(self._rows):
            if known.id == collection.id:
                self._rows[row] = collection
                if schema is not None:
                    self._schemas[collection.id] = schema
                self._told(row)
                if collection.id in self._ticked:
                    self.ticks_changed.emit()
                return

    def clear(self) -> None:
        self._ticked.clear()
        self.set_collections(())

    @property
    def collections(self) -> tuple[Collection, ...]:
        return tuple(self._rows)

    def ticked(self) -> list[Collection]:
        """The ticked ones, in the order of the list."""
        return [one for one in self._rows if one.id in self._ticked]

    def tick(self, ids: Sequence[str]) -> None:
        """Tick exactly these."""
        wanted = {one.id for one in self._rows if one.id in ids and one.is_features}
        if wanted == self._ticked:
            return
        self._ticked = wanted
        for row in range(len(self._rows)):
            self._told(row, Qt.ItemDataRole.CheckStateRole)
        self.ticks_changed.emit()

    # -- Qt's names

    def rowCount(self, parent: QModelIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren
        if self._rows[index.row()].is_features:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        one = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return one.title
        if role == Qt.ItemDataRole.DecorationRole:
            return geometry_icon(one)
        if role == Qt.ItemDataRole.CheckStateRole:
            if not one.is_features:
                return None
            return Qt.CheckState.Checked if one.id in self._ticked else Qt.CheckState.Unchecked
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            about = one.description or wording.summary(one)
            return tool_tip(about) if role == Qt.ItemDataRole.ToolTipRole else about
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return tr("{title}, {summary}", title=one.title, summary=wording.summary(one))
        if role == Role.COLLECTION:
            return one
        if role == Role.SCHEMA:
            return self._schemas.get(one.id)
        if role == Role.SUMMARY:
            return wording.summary(one)
        if role == Role.EDITABLE:
            return one.editable
        if role == Role.SEARCH:
            return "\n".join((one.title, one.id, one.description, one.licence)).casefold()
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole or not index.isValid():
            return False
        one = self._rows[index.row()]
        if not one.is_features:
            return False
        if Qt.CheckState(value) == Qt.CheckState.Checked:
            self._ticked.add(one.id)
        else:
            self._ticked.discard(one.id)
        self._told(index.row(), Qt.ItemDataRole.CheckStateRole)
        self.ticks_changed.emit()
        return True

    def _told(self, row: int, *roles: int) -> None:
        index = self.index(row)
        self.dataChanged.emit(index, index, list(roles))


class CatalogueFilter(QSortFilterProxyModel):
    """The collections that hold every word of the filter in title, id, description or licence; by title."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words: tuple[str, ...] = ()
        self.setSortCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.setSortLocaleAware(True)
        self.sort(0)

    def set_filter(self, text: str) -> None:
        self._words = tuple(text.casefold().split())
        self.invalidateFilter()

    def filterAcceptsRow(self, row: int, parent: QModelIndex) -> bool:
        if not self._words:
            return True
        text = self.sourceModel().index(row, 0, parent).data(Role.SEARCH) or ""
        return all(word in text for word in self._words)


def geometry_icon(collection: Collection) -> QIcon:
    """QGIS's own icon of the geometry type."""
    if not collection.is_features:
        return QgsApplication.getThemeIcon("/mIconRaster.svg")
    if collection.geometry_type == "none":
        return QgsIconUtils.iconTable()
    wkb = QgsWkbTypes.parseType(collection.geometry_type)
    if not collection.geometry_type or wkb == QgsWkbTypes.parseType(""):
        return QgsApplication.getThemeIcon("/mIconVector.svg")
    return QgsIconUtils.iconForWkbType(wkb)
