"""One change column by column: what the twin has beside what the working copy has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from qgis.PyQt.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt
from qgis.PyQt.QtGui import QFont
from qgis.PyQt.QtWidgets import QApplication

from ..text import tr
from ..workcopy.changes import Cell, Change
from ..workcopy.columns import GEOMETRY, to_stored
from ..workcopy.conflicts import Conflict
from ..workcopy.geometry import BadGeometry, encode
from ..workcopy.source import Source
from ..workcopy.wording import NOTHING, describe_geometry, geometry_shown, shown
from .tool_tip import tool_tip

COLUMN, PUBLISHED, YOURS, THEIRS = range(4)
HEAVY = 200_000  # bytes of geometry that are not measured in the main thread


@dataclass(frozen=True)
class CellRow:
    """One line: the column's title, both values in words, and the whole story for the tool tip."""

    column: str
    title: str
    old: str
    new: str
    story: str = ""
    theirs: str = ""  # what the twin has now, where somebody else was there meanwhile

    @property
    def changed(self) -> bool:
        """Whether there is a new value of ours."""
        return self.new not in (NOTHING, self.old)


def is_heavy(change: Change) -> bool:
    """Whether to put `rows_of` into a task."""
    return sum(len(v) for cell in change.cells for v in (cell.old, cell.new) if isinstance(v, bytes)) > HEAVY


def rows_of(
    change: Change, metres: bool, source: Source | None = None, conflict: Conflict | None = None
) -> tuple[CellRow, ...]:
    """The changed columns in words, the geometry first. ``metres``: whether the CRS's units are metres.

    With ``conflict`` (and its ``source``) also what the twin has now, and the columns that only somebody else changed.
    """
    cells = sorted(change.cells, key=lambda cell: not cell.geometry)
    rows = [_row(cell, change.kind, metres) for cell in cells]
    if conflict is None or source is None or conflict.theirs is None:
        return tuple(rows)
    mine = {row.column for row in rows}
    base, theirs = conflict.base or {}, conflict.theirs
    rows = [replace(row, theirs=_told(theirs.get(row.column), source.kind(row.column), source, metres)) for row in rows]
    for name in source.tracked:
        column = source.column(name)
        kind = source.kind(name)
        if name in mine or (column is not None and column.read_only):
            continue
        before, now = (_told(values.get(name), kind, source, metres) for values in (base, theirs))
        if base.get(name) != theirs.get(name) and before != now:
            title = tr("Geometry") if name == GEOMETRY else (column.title or column.property) if column else name
            rows.append(CellRow(name, title, before, before, theirs=now))
    return tuple(rows)


def _row(cell: Cell, kind: str, metres: bool) -> CellRow:
    if not cell.geometry:
        return CellRow(cell.column, cell.title, shown(cell.old, cell.kind), shown(cell.new, cell.kind))
    old, new = (value if isinstance(value, bytes) else None for value in (cell.old, cell.new))
    before, after = geometry_shown(old, metres), geometry_shown(new, metres)
    if kind != "update":
        return CellRow(cell.column, tr("Geometry"), before, after)
    words = describe_geometry(old, new, metres)
    return CellRow(cell.column, tr("Geometry"), before, words, f"{words}\n{before} → {after}")


def _told(value: Any, kind: str, source: Source, metres: bool) -> str:
    """A value out of a conflict's JSON, as people read it."""
    if kind == "geometry":
        try:
            return geometry_shown(encode(value, source.srid)[0], metres)
        except BadGeometry:
            return tr("unreadable geometry")
    try:
        return shown(to_stored(value, kind), kind)
    except ValueError:
        return str(value)


class CellsModel(QAbstractTableModel):
    """Four columns: title, published value, the working copy's value, and the twin's of now where there is a clash."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[CellRow, ...] = ()

    def show(self, rows: tuple[CellRow, ...]) -> None:
        """Show these rows instead. The same rows leave the selection alone."""
        if rows != self._rows:
            self.beginResetModel()
            self._rows = rows
            self.endResetModel()

    def rows(self) -> tuple[CellRow, ...]:
        return self._rows

    def as_text(self) -> str:
        """All rows, tab-separated, for the clipboard."""
        lines = [[row.title, row.old, row.new, row.theirs] for row in self._rows]
        heads = [str(self.headerData(at, Qt.Orientation.Horizontal)) for at in range(4)]
        return "\n".join("\t".join(line) for line in [heads, *lines])

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's
        return 0 if parent.isValid() else 4

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return (tr("Column"), tr("Published"), tr("Mine"), tr("Theirs"))[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignLeft) | int(Qt.AlignmentFlag.AlignVCenter)
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row = self._rows[index.row()]
        text = (row.title, row.old, row.new, row.theirs)[index.column()]
        show: Mapping[int, Any] = {
            Qt.ItemDataRole.DisplayRole: lambda: " ".join(text.split()),
            Qt.ItemDataRole.ToolTipRole: lambda: tool_tip((row.story or text) if index.column() == YOURS else text),
            Qt.ItemDataRole.FontRole: lambda: _bold() if index.column() == YOURS and row.changed else None,
        }
        found = show.get(role)
        return found() if found else None


def _bold() -> QFont:
    font = QFont(QApplication.font("QTableView"))
    font.setBold(True)
    return font
