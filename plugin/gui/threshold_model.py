"""The list of thresholds as it is being changed, with how many sensors are beyond each now."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from qgis.PyQt.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, pyqtSignal
from qgis.PyQt.QtGui import QPalette
from qgis.PyQt.QtWidgets import QApplication

from ..map.live.thresholds import Beyond
from ..map.live.thresholds_kept import Kept
from ..text import number, tr, trn
from .tool_tip import tool_tip

NAME, SENSORS, CONDITION, NOW = range(4)


class ThresholdModel(QAbstractTableModel):
    """One row for each threshold; the box before its name is whether it is watched."""

    edited = pyqtSignal()

    def __init__(self, kept: tuple[Kept, ...], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._kept = list(kept)
        self._counts: dict[str, Beyond | None] = {}

    def kept(self) -> tuple[Kept, ...]:
        """The list as it stands."""
        return tuple(self._kept)

    def at(self, row: int) -> Kept:
        return self._kept[row]

    def put(self, row: int | None, kept: Kept) -> int:
        """Replace the one at ``row``, or add one (None); returns its row."""
        if row is None:
            row = len(self._kept)
            self.beginInsertRows(QModelIndex(), row, row)
            self._kept.append(kept)
            self.endInsertRows()
        else:
            self._kept[row] = kept
            self.dataChanged.emit(self.index(row, NAME), self.index(row, NOW))
        self.edited.emit()
        return row

    def remove(self, rows: list[int]) -> None:
        """Take these away."""
        for row in sorted(set(rows), reverse=True):
            self.beginRemoveRows(QModelIndex(), row, row)
            del self._kept[row]
            self.endRemoveRows()
        self.edited.emit()

    def tell(self, counts: dict[str, Beyond | None]) -> None:
        """What was counted, by id; None where the sensors are not connected."""
        self._counts = counts
        if self._kept:
            self.dataChanged.emit(self.index(0, NOW), self.index(len(self._kept) - 1, NOW))

    # -- Qt's questions

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._kept)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else 4

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (tr("Name"), tr("Sensors"), tr("Condition"), tr("Beyond It Now"))[section]
        return None

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        found = super().flags(index)
        return found | Qt.ItemFlag.ItemIsUserCheckable if index.column() == NAME else found

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        kept = self._kept[index.row()]
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == NAME:
            return Qt.CheckState.Checked if kept.on else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.ForegroundRole and not kept.on:
            return QApplication.palette().brush(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text)
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(kept, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return tool_tip(self._tip(kept, index.column()))
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole or index.column() != NAME:
            return False
        on = Qt.CheckState(value) == Qt.CheckState.Checked
        self._kept[index.row()] = replace(self._kept[index.row()], on=on)
        self.dataChanged.emit(self.index(index.row(), NAME), self.index(index.row(), NOW))
        self.edited.emit()
        return True

    def _text(self, kept: Kept, column: int) -> str:
        if column == NAME:
            return kept.threshold.name
        if column == SENSORS:
            return sensors_words(kept)
        if column == CONDITION:
            return kept.condition()
        return beyond_short(self._counts[kept.threshold.id]) if kept.threshold.id in self._counts else ""

    def _tip(self, kept: Kept, column: int) -> str:
        if column == NOW:
            found = self._counts.get(kept.threshold.id)
            if kept.threshold.id in self._counts:
                return beyond_words(found)
            return ""
        return kept.service if column == SENSORS else self._text(kept, column)


def sensors_words(kept: Kept) -> str:
    """Which sensors a threshold holds for."""
    chosen = kept.threshold.datastreams
    title = kept.title or tr("all sensors")
    if chosen is None:
        return title
    return tr("{title} ({chosen})", title=title, chosen=trn("{n} sensor", "{n} sensors", len(chosen)))


def beyond_short(found: Beyond | None) -> str:
    """ "3 of 610"."""
    if found is None:
        return tr("not connected")
    return tr("{beyond} of {all}", beyond=number(found.beyond), all=number(found.reporting))


def beyond_words(found: Beyond | None) -> str:
    """ "3 of 610 sensors are beyond this now."."""
    if found is None:
        return tr("Its sensors are in no live layer of this project just now, so it is not watched.")
    words = trn(
        "{beyond} of {all} sensor is beyond this now.",
        "{beyond} of {all} sensors are beyond this now.",
        found.reporting,
        beyond=number(found.beyond),
        all=number(found.reporting),
    )
    if found.silent:
        words += " " + trn(
            "{n} sensor is silent and does not count.", "{n} sensors are silent and do not count.", found.silent
        )
    return words
