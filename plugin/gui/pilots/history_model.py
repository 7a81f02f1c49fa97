"""The history of a pilot as a table, the newest first: what is past cannot be edited."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt
from qgis.PyQt.QtGui import QFont, QIcon, QPainter, QPixmap

from ...pilots import schema as cols
from ...pilots import vocabulary as words
from ...pilots.parts import StageChange
from ...text import tr
from ..tool_tip import tool_tip
from .dialog_presenter import DialogPresenter
from .stage_look import colour_of

WHEN, WHAT, WHY, BY = range(4)
_ROOT = QModelIndex()


def what(change: StageChange) -> str:
    """A change of stage, or a sign of life."""
    new = words.stage_title(change.new)
    if not change.is_change:
        return tr("Sign of life")
    return f"{words.stage_title(change.old)} → {new}" if change.old else new


class HistoryModel(QAbstractTableModel):
    """What is not saved yet stands in bold."""

    def __init__(self, presenter: DialogPresenter, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self._rows: list[StageChange] = []
        presenter.changed.connect(self._changed)
        self._changed("")

    def rowCount(self, parent: QModelIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex = _ROOT) -> int:
        return 0 if parent.isValid() else 4

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (tr("When"), tr("What"), tr("Reason or Note"), tr("By"))[section]
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        change, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return (_when(change), what(change), change.reason, change.by)[column]
        if role == Qt.ItemDataRole.DecorationRole and column == WHAT:
            return _dot(change.new) if change.is_change else None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.FontRole and self._presenter.unsaved(change):
            font = QFont()
            font.setBold(True)
            return font
        if role == Qt.ItemDataRole.ToolTipRole:
            said = change.reason if column == WHY else change.at if column == WHEN else ""
            unsaved = tr("Not saved yet") if self._presenter.unsaved(change) else ""
            return tool_tip("\n".join(part for part in (said, unsaved) if part))
        return None

    def _changed(self, column: str) -> None:
        rows = list(reversed(self._presenter.pilot.history))
        if column in ("", cols.HISTORY) and rows != self._rows:
            self.beginResetModel()
            self._rows = rows
            self.endResetModel()


def _when(change: StageChange) -> str:
    """To the minute, as it is kept: in UTC."""
    if "T" in change.at and change.day is not None:
        return change.at[:16].replace("T", " ") + " UTC"
    return change.at


def _dot(stage: str) -> QIcon:
    pixmap = QPixmap(32, 32)
    pixmap.setDevicePixelRatio(2)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.GlobalColor.white)
    painter.setBrush(colour_of(stage))
    painter.drawEllipse(3, 3, 10, 10)
    painter.end()
    return QIcon(pixmap)
