"""Links of a pilot to data as a table: title, address and kind, each edited in its cell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from qgis.PyQt.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

from ...pilots.parts import DataLink
from ...text import tr
from ..tool_tip import tool_tip
from .dialog_presenter import DialogPresenter

TITLE, ADDRESS, KIND = range(3)
KINDS = ("collection", "datastream", "")
_ROOT = QModelIndex()
_SHOWN = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole)


def kind_title(kind: str) -> str:
    """What a kind of link is called; one that is none of ours as it is."""
    return {"collection": tr("Collection"), "datastream": tr("Datastream"), "": tr("Other")}.get(kind, kind)


class LinksModel(QAbstractTableModel):
    """A row without title and address is not kept: it waits to be filled in."""

    def __init__(self, presenter: DialogPresenter, column: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self._column = column
        self._rows: list[DataLink] = list(presenter.value(column))
        self._writing = False
        presenter.changed.connect(self._changed)

    def at(self, row: int) -> DataLink:
        return self._rows[row]

    def add(self, links: Iterable[DataLink]) -> int:
        """Those that are not there yet, at the end; how many came."""
        known = {link.href for link in self._rows if link.href}
        new = [link for link in links if not link.href or link.href not in known]
        if new:
            first = len(self._rows)
            self.beginInsertRows(_ROOT, first, first + len(new) - 1)
            self._rows += new
            self.endInsertRows()
            self._write()
        return len(new)

    def add_empty(self) -> int:
        """A row to be filled in by hand; its number."""
        empty = next((row for row, link in enumerate(self._rows) if not link.title and not link.href), None)
        if empty is not None:
            return empty
        row = len(self._rows)
        self.beginInsertRows(_ROOT, row, row)
        self._rows.append(DataLink(""))
        self.endInsertRows()
        return row

    def remove(self, rows: Iterable[int]) -> None:
        """Take these away."""
        for row in sorted(set(rows), reverse=True):
            self.beginRemoveRows(_ROOT, row, row)
            del self._rows[row]
            self.endRemoveRows()
        self._write()

    # -- Qt's questions

    def rowCount(self, parent: QModelIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex = _ROOT) -> int:
        return 0 if parent.isValid() else 3

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (tr("Title"), tr("Link"), tr("Kind"))[section]
        return None

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        found = super().flags(index) | Qt.ItemFlag.ItemNeverHasChildren
        return found | Qt.ItemFlag.ItemIsEditable if self._presenter.can_edit(self._column) else found

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        link, column = self._rows[index.row()], index.column()
        if role in _SHOWN:
            if column == KIND:
                return link.kind if role == Qt.ItemDataRole.EditRole else kind_title(link.kind)
            return link.title if column == TITLE else link.href
        if role == Qt.ItemDataRole.ToolTipRole:
            return tool_tip(link.href if column == ADDRESS else link.title)
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.EditRole or not index.flags() & Qt.ItemFlag.ItemIsEditable:
            return False
        text = " ".join(str(value).split())
        name = ("title", "href", "kind")[index.column()]
        old = self._rows[index.row()]
        new = replace(old, **{name: text})
        if new != old:
            self._rows[index.row()] = new
            self.dataChanged.emit(index, index)
            self._write()
        return True

    # -- to and from the draft

    def _changed(self, column: str) -> None:
        if self._writing or column not in ("", self._column) or self._kept() == self._presenter.value(self._column):
            return
        self.beginResetModel()
        self._rows = list(self._presenter.value(self._column))
        self.endResetModel()

    def _kept(self) -> tuple[DataLink, ...]:
        return tuple(link for link in self._rows if link.title or link.href)

    def _write(self) -> None:
        self._writing = True
        self._presenter.set(self._column, self._kept())
        self._writing = False
