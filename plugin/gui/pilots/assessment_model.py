"""The criteria of one kind of condition as a table: the known ones are offered, a city's own can be added."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from typing import Any

from qgis.PyQt.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, pyqtSignal

from ...pilots import vocabulary as words
from ...pilots.meeting import questions_for
from ...pilots.parts import Assessment
from ...text import tr
from ..tool_tip import tool_tip
from .assessment_look import rating_icon
from .dialog_presenter import DialogPresenter

CRITERION, RATING, EVIDENCE, DATE = range(4)
_ROOT = QModelIndex()
_SHOWN = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole)


class AssessmentModel(QAbstractTableModel):
    """Rows in the order of the vocabulary, a city's own behind. Ratings and evidence are edited; only a city's own
    criteria are renamed and removed.

    What is in the pilot keeps its place there, so that a merge sees only what was judged anew. ``refused(sentence)``:
    why an edit was not taken.
    """

    refused = pyqtSignal(str)

    def __init__(self, presenter: DialogPresenter, condition: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self._condition = condition
        self._rows = self._read()
        self._there = {one.criterion for one, _ in self._rows if one in presenter.value(condition)}
        self._writing = False
        presenter.changed.connect(self._changed)

    # -- questions

    def at(self, row: int) -> Assessment:
        return self._rows[row][0]

    def row_of(self, criterion: str) -> int:
        """-1 where there is none."""
        return next((row for row, (one, _) in enumerate(self._rows) if one.criterion == criterion), -1)

    def is_own(self, row: int) -> bool:
        """Whether the city added this criterion itself."""
        return self.at(row).criterion not in words.CRITERIA[self._condition]

    # -- edits

    def add(self, name: str) -> bool:
        """A criterion of the city's own; whether it was taken."""
        name = " ".join(name.split())
        sentence = self._why_not(name, -1)
        if sentence:
            self.refused.emit(sentence)
            return False
        row = len(self._rows)
        self.beginInsertRows(_ROOT, row, row)
        self._rows.append((Assessment(name), None))
        self.endInsertRows()
        self._write()
        return True

    def remove(self, row: int) -> None:
        """Take a criterion of the city's own away."""
        if not self.is_own(row) or not self._presenter.can_edit(self._condition):
            return
        self.beginRemoveRows(_ROOT, row, row)
        del self._rows[row]
        self.endRemoveRows()
        self._write()

    def _why_not(self, name: str, but: int) -> str:
        if not name:
            return tr("A criterion needs a name.")
        others = [one.criterion for row, (one, _) in enumerate(self._rows) if row != but]
        taken = {text.casefold() for other in others for text in (other, words.criterion_title(other))}
        if name.casefold() in taken:
            return tr("“{name}” is in the list already.", name=name)
        return ""

    # -- Qt's questions

    def rowCount(self, parent: QModelIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex = _ROOT) -> int:
        return 0 if parent.isValid() else 4

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (tr("Criterion"), tr("Rating"), tr("Evidence"), tr("Date"))[section]
        return None

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        found = super().flags(index) | Qt.ItemFlag.ItemNeverHasChildren
        if not index.isValid() or not self._presenter.can_edit(self._condition):
            return found
        if index.column() == CRITERION and not self.is_own(index.row()):
            return found
        return found | Qt.ItemFlag.ItemIsEditable

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        one, column = self.at(index.row()), index.column()
        if role in _SHOWN:
            return _cell(one, column, role == Qt.ItemDataRole.EditRole)
        if role == Qt.ItemDataRole.DecorationRole and column == RATING:
            return rating_icon(one.rating)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ToolTipRole:
            return tool_tip(self._tip(one, column))
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.EditRole or not index.flags() & Qt.ItemFlag.ItemIsEditable:
            return False
        row, column = index.row(), index.column()
        old = self.at(row)
        new = self._edited(row, old, column, value)
        if new is None:
            return False
        if new != old:
            self._rows[row] = (new, self._rows[row][1])
            self.dataChanged.emit(self.index(row, 0), self.index(row, DATE))
            self._write()
        return True

    def _edited(self, row: int, old: Assessment, column: int, value: Any) -> Assessment | None:
        if column == CRITERION:
            name = " ".join(str(value).split())
            sentence = self._why_not(name, row) if name != old.criterion else ""
            if sentence:
                self.refused.emit(sentence)
                return None
            return replace(old, criterion=name)
        if column == RATING:
            if value == old.rating:
                return old
            # judged now, or no longer judged
            return replace(old, rating=str(value), on=None if value == words.UNKNOWN else self._presenter.today)
        if column == EVIDENCE:
            return replace(old, evidence=str(value).strip())
        return replace(old, on=value if isinstance(value, date) else None)

    def _tip(self, one: Assessment, column: int) -> str:
        if column == CRITERION and self._condition == words.HUMAN:
            asked = "\n".join(f"• {question}" for question in questions_for(one.criterion))
            return tr("To ask in a meeting:") + "\n" + asked
        if column == EVIDENCE:
            return one.evidence
        return words.criterion_title(one.criterion) if column == CRITERION else ""

    # -- to and from the draft

    def _changed(self, column: str) -> None:
        if column not in ("", self._condition) or self._writing:
            return
        rows = self._read()
        if rows == self._rows:
            return
        if len(rows) == len(self._rows):
            self._rows = rows
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, DATE))
            return
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def _read(self) -> list[tuple[Assessment, int | None]]:
        """Each with its place in the pilot; None for one that is not in there."""
        given = list(enumerate(self._presenter.value(self._condition)))
        known = words.CRITERIA[self._condition]
        rows: list[tuple[Assessment, int | None]] = []
        for name in known:
            found = [(one, place) for place, one in given if one.criterion == name]
            rows += found if found else [(Assessment(name), None)]
        return rows + [(one, place) for place, one in given if one.criterion not in known]

    def _write(self) -> None:
        """Those that say something, or that were there: at their places, new ones behind."""
        kept = sorted(
            (row for row in self._rows if row[0].criterion in self._there or self._says(row[0])),
            key=lambda row: math.inf if row[1] is None else row[1],
        )
        self._writing = True
        self._presenter.set(self._condition, tuple(one for one, _ in kept))
        self._writing = False
        places = {id(one): place for place, (one, _) in enumerate(kept)}
        self._rows = [(one, places.get(id(one))) for one, _ in self._rows]

    def _says(self, one: Assessment) -> bool:
        own = one.criterion not in words.CRITERIA[self._condition]
        return own or one.rating != words.UNKNOWN or bool(one.evidence)


def _cell(one: Assessment, column: int, edit: bool) -> Any:
    if column == CRITERION:
        return one.criterion if edit else words.criterion_title(one.criterion)
    if column == RATING:
        return one.rating if edit else words.rating_title(one.rating)
    if column == EVIDENCE:
        return one.evidence
    if edit:
        return one.on
    return one.on.isoformat() if one.on else ""
