"""One conflict as a table: Column · Base · Mine · Theirs · Result. What clashes comes first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.PyQt.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, pyqtSignal

from ..text import tr
from ..twin.model import Property
from ..workcopy.columns import Stored
from ..workcopy.conflicts import Conflict, ConflictCell
from ..workcopy.source import Source
from ..workcopy.wording import NOTHING, shown
from . import conflict_choices as choices
from .conflict_choices import UNDECIDED, Choice, Decision, Pick
from .conflict_entries import EntryCell, ListCell
from .conflict_lists import in_words
from .conflict_shapes import Shapes
from .conflict_words import column_title, one_line, tag, theirs_meaning, theirs_title
from .icons import icon
from .tool_tip import tool_tip

COLUMN, BASE, MINE, THEIRS, RESULT = range(5)
SIDES: dict[int, Pick] = {BASE: "base", MINE: "mine", THEIRS: "theirs"}
_USER = int(Qt.ItemDataRole.UserRole)
PICKABLE = _USER + 1  # bool: a value that can be chosen
PICKED = _USER + 2  # "base", "mine", "theirs", "own" where this is the value that holds; else empty
OPEN = _USER + 3  # bool: the row waits for a choice
TAG = _USER + 4  # where a result comes from
VALUE = _USER + 5  # the stored value
FAINT = _USER + 6  # bool: by the way
_ORDER = {"clash": 0, "merged": 1, "mine": 2, "theirs": 2, "both": 3, "same": 4}


class ConflictCells(QAbstractTableModel):
    """Shows one conflict and what was decided about it; what the user does to it goes out as signals."""

    picked = pyqtSignal(str, str)  # column, side
    written = pyqtSignal(str, object)  # column, stored value

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.conflict: Conflict | None = None
        self.decision: Decision = UNDECIDED
        self.source: Source | None = None
        self.shapes: Shapes | None = None
        self.all_columns = False  # also those that nobody changed
        self._rows: tuple[ConflictCell, ...] = ()

    # -- what is shown -----------------------------------------------------------------------------------------------

    def show(self, conflict: Conflict | None, decision: Decision, source: Source | None) -> None:
        """Show another conflict, or none."""
        self.beginResetModel()
        if conflict is None or self.conflict is None or conflict.cells != self.conflict.cells:
            self.shapes = None
        self.conflict, self.decision, self.source = conflict, decision, source
        self._rows = self._listed()
        self.endResetModel()

    def decide(self, decision: Decision) -> None:
        """The same conflict, decided otherwise: selection and editors stay where they are."""
        self.decision = decision
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, RESULT))

    def measure(self, shapes: Shapes) -> None:
        """The geometries have been compared."""
        self.shapes = shapes
        self.decide(self.decision)

    def show_all(self, everything: bool) -> None:
        """Whether to list the columns that nobody changed."""
        if everything != self.all_columns:
            self.beginResetModel()
            self.all_columns = everything
            self._rows = self._listed()
            self.endResetModel()

    def _listed(self) -> tuple[ConflictCell, ...]:
        cells = self.conflict.cells if self.conflict else ()
        wanted = [cell for cell in cells if self.all_columns or self._matters(cell)]
        return tuple(sorted(wanted, key=lambda cell: (_ORDER[cell.verdict], cell.kind != "geometry")))

    def _matters(self, cell: ConflictCell) -> bool:
        return cell.verdict != "same"

    @property
    def hidden(self) -> int:
        """How many columns nobody changed."""
        return sum(not self._matters(cell) for cell in self.conflict.cells) if self.conflict else 0

    # -- what is asked -----------------------------------------------------------------------------------------------

    def cell(self, row: int) -> ConflictCell:
        return self._rows[row]

    def row_of(self, column: str) -> int:
        """Where a column is listed; -1 where it is not."""
        return next((row for row, cell in enumerate(self._rows) if cell.column == column), -1)

    def next_open(self, row: int) -> int:
        """The next row after ``row`` that waits for a choice, from the top again after the last; -1 for none."""
        count = len(self._rows)
        rows = ((row + 1 + step) % count for step in range(count))
        return next((at for at in rows if self._is_open(self._rows[at])), -1)

    def is_there(self, pick: Pick) -> bool:
        """Whether that side has the feature."""
        conflict = self.conflict
        if conflict is None:
            return False
        return {"base": conflict.base_there, "mine": conflict.mine_there, "theirs": conflict.theirs_there}[pick]

    def known(self, row: int) -> Property:
        """The schema's words about a row's column."""
        cell = self._rows[row]
        column = self.source.column(cell.column) if self.source else None
        found = self.source.schema.get(column.property) if self.source and column else None
        return found or Property(cell.column, "string")

    def choice(self, cell: ConflictCell) -> Choice | None:
        return choices.choice_of(self.conflict, cell, self.decision) if self.conflict else None

    @property
    def _outside(self) -> bool:
        return self.conflict is not None and self.conflict.outside

    def _merges(self) -> bool:
        return self.conflict is not None and choices.keep_of(self.conflict, self.decision) == "merged"

    def _is_open(self, cell: ConflictCell) -> bool:
        return self._merges() and self.choice(cell) is None

    # -- Qt's side ---------------------------------------------------------------------------------------------------

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's
        return 0 if parent.isValid() else 5

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return (tr("Column"), tr("Base"), tr("Mine"), theirs_title(self.conflict), tr("Result"))[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return (
                None,
                tr("What you both started from"),
                tr("What your working copy has"),
                theirs_meaning(self.conflict),
                tr("What your working copy will have"),
            )[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignLeft) | int(Qt.AlignmentFlag.AlignVCenter)
        return None

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        flags = super().flags(index)
        if index.column() == RESULT and self._editable(self._rows[index.row()]):
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def _editable(self, cell: ConflictCell) -> bool:
        written = cell.kind != "geometry" and not isinstance(cell, ListCell)
        return self._merges() and not cell.read_only and written

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        cell, column = self._rows[index.row()], index.column()
        roles: dict[int, Callable[[ConflictCell, int], Any]] = {
            int(Qt.ItemDataRole.DisplayRole): self._text,
            int(Qt.ItemDataRole.ToolTipRole): lambda cell, column: tool_tip(self._tip(cell, column)),
            int(Qt.ItemDataRole.DecorationRole): self._icon,
            int(Qt.ItemDataRole.AccessibleTextRole): self._spoken,
            int(Qt.ItemDataRole.EditRole): self._value,
            VALUE: self._value,
            PICKABLE: lambda cell, column: column in SIDES and self._pickable(cell),
            PICKED: self._picked,
            OPEN: lambda cell, _column: self._is_open(cell),
            TAG: lambda cell, column: self._tag(cell) if column == RESULT else "",
            FAINT: self._faint,
        }
        found = roles.get(int(role))
        return found(cell, column) if found else None

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """A value of the user's own; the cell shows it once it was decided."""
        if role != Qt.ItemDataRole.EditRole or not self.flags(index) & Qt.ItemFlag.ItemIsEditable:
            return False
        self.written.emit(self._rows[index.row()].column, value)
        return True

    def pick(self, index: QModelIndex, pick: Pick | None = None) -> bool:
        """Choose the value at ``index``, or that of a side in its row. False where there is nothing to choose."""
        side = pick or SIDES.get(index.column())
        if not index.isValid() or side is None or not self.is_there(side):
            return False
        cell = self._rows[index.row()]
        if not self._pickable(cell):
            return False
        self.picked.emit(cell.column, side)
        return True

    # -- one cell ----------------------------------------------------------------------------------------------------

    def _pickable(self, cell: ConflictCell) -> bool:
        """Not what the twin keeps, nor what is left of a list beside the entries that clash."""
        rest = isinstance(cell, EntryCell) and not cell.name
        return self._merges() and not cell.read_only and not rest

    def _picked(self, cell: ConflictCell, column: int) -> str:
        choice = self.choice(cell) if self._merges() and not cell.read_only else None
        if choice is None or (cell.verdict == "same" and cell.column not in self.decision.choices):
            return ""
        if column == RESULT:
            return choice.pick
        return choice.pick if SIDES.get(column) == choice.pick else ""

    def _faint(self, cell: ConflictCell, column: int) -> bool:
        whole = column == RESULT and not self._merges()
        return column == BASE or whole or (column != COLUMN and cell.verdict == "same")

    def _value(self, cell: ConflictCell, column: int) -> Stored:
        if column in SIDES:
            return {"base": cell.base, "mine": cell.mine, "theirs": cell.theirs}[SIDES[column]]
        if column != RESULT or not self._merges():
            return None
        if cell.read_only:
            return cell.theirs
        choice = self.choice(cell)
        return choices.value_of(cell, choice) if choice else None

    def _text(self, cell: ConflictCell, column: int) -> str:
        if column == COLUMN:
            return column_title(cell)
        if column == RESULT:
            return self._result(cell)
        if not self.is_there(SIDES[column]):
            return NOTHING
        if cell.kind == "geometry":
            return self.shapes.side(SIDES[column]).words if self.shapes else tr("measuring…")
        return self._line(cell, self._value(cell, column))

    def _line(self, cell: ConflictCell, value: Stored) -> str:
        return " ".join(in_words(cell, value).split()) if isinstance(cell, ListCell) else one_line(value, cell.kind)

    def _result(self, cell: ConflictCell) -> str:
        if not self._merges():
            return self._as_a_whole()
        if self._is_open(cell):
            return tr("Choose…")
        choice = self.choice(cell)
        if cell.kind == "geometry" and choice is not None:
            return self.shapes.side(choice.pick).story if self.shapes else tr("measuring…")
        return self._line(cell, self._value(cell, RESULT))

    def _as_a_whole(self) -> str:
        """What is said instead of a result while the feature is not merged."""
        if self.conflict is None:
            return ""
        keep = choices.keep_of(self.conflict, self.decision)
        return {"": tr("Answer above first"), "deleted": tr("deleted"), "both": tr("both stay")}.get(keep, "")

    def _tag(self, cell: ConflictCell) -> str:
        if not self._merges():
            return ""
        return tag(cell, self.choice(cell), cell.column in self.decision.choices, self._outside)

    def _tip(self, cell: ConflictCell, column: int) -> str:
        if column == COLUMN:
            return self._verdict(cell)
        if cell.kind == "geometry":
            if column == RESULT:
                return tr("Geometries are edited on the map, with QGIS’s own tools.")
            return self.shapes.side(SIDES[column]).story if self.shapes else ""
        value = self._value(cell, column)
        return (in_words(cell, value, whole=True) if isinstance(cell, ListCell) else shown(value, cell.kind))[:2000]

    def _verdict(self, cell: ConflictCell) -> str:
        return {
            "clash": tr("You both changed this, and differently."),
            "mine": tr("Only you changed this."),
            "theirs": tr("Only the field review changed this.") if self._outside else tr("Only they changed this."),
            "both": tr("You both changed this in the same way."),
            "merged": tr("You both changed this, each another part: both are kept."),
            "same": tr("Nobody changed this."),
        }[cell.verdict]

    def _icon(self, cell: ConflictCell, column: int) -> Any:
        if column != COLUMN or cell.verdict != "clash":
            return None
        return icon("conflict-open" if self._is_open(cell) or not self._merges() else "conflict-resolved")

    def _spoken(self, cell: ConflictCell, column: int) -> str:
        """As a screen reader says it."""
        text, side = self._text(cell, column), self._picked(cell, column)
        if column == RESULT:
            return ", ".join(part for part in (text, self._tag(cell)) if part)
        return tr("{value}, chosen", value=text) if side else text
