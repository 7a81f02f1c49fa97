"""The tables of the mapping's window: columns, values, and three pilots as they would be read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qgis.PyQt.QtCore import QDate, QLocale, Qt
from qgis.PyQt.QtGui import QFont, QWheelEvent
from qgis.PyQt.QtWidgets import QAbstractItemView, QComboBox, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from ...pilots import schema as cols
from ...pilots import vocabulary as words
from ...pilots.record import Pilot
from ...text import number, tr, trn
from ...workcopy.wording import NOTHING
from ..tool_tip import tool_tip
from .mapping_draft import VOCABULARIES, ColumnRow, ValueRow

Choice = tuple[str, str]  # what is shown, what it stands for


class _Box(QComboBox):
    """The mouse wheel scrolls the table; it chooses nothing in passing."""

    def __init__(self) -> None:
        super().__init__()
        self.setFrame(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class MappingTable(QTableWidget):
    """Rows with a choice in the second column. Rows that are the same keep their boxes, so that the keyboard stays."""

    def __init__(self, heads: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(0, len(heads), parent)
        self.setHorizontalHeaderLabels(list(heads))
        self.verticalHeader().hide()
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(True)
        for section, width in enumerate((170, 190)[: len(heads) - 1]):
            header.resizeSection(section, width)
        self._keys: tuple[str, ...] = ()
        self.boxes: dict[str, QComboBox] = {}

    def show_rows(self, keys: Sequence[str], titles: Sequence[tuple[str, bool]]) -> bool:
        """Make room for these rows; True where they are others than before. A title with True is bold."""
        if tuple(keys) == self._keys:
            return False
        self._keys = tuple(keys)
        self.boxes.clear()
        self.clearContents()
        self.setRowCount(len(keys))
        for row, (title, bold) in enumerate(titles):
            item = _item(title)
            font = QFont(item.font())
            font.setBold(bold)
            item.setFont(font)
            self.setItem(row, 0, item)
        return True

    def show_choice(
        self, row: int, key: str, name: str, choices: Sequence[Choice], chosen: str, picked: Callable[[str], None]
    ) -> None:
        """The box of a row. ``name`` is what a screen reader says of it; ``picked`` gets what the user chose."""
        box = self.boxes.get(key)
        if box is None:
            box = self.boxes[key] = _Box()
            box.setAccessibleName(name)
            box.activated.connect(lambda _at, box=box: picked(str(box.currentData())))
            self.setCellWidget(row, 1, box)
        if [(box.itemText(at), box.itemData(at)) for at in range(box.count())] != list(choices):
            box.clear()
            for text, data in choices:
                box.addItem(text, data)
        box.setCurrentIndex(max(0, box.findData(chosen)))

    def tell(self, row: int, column: int, text: str) -> None:
        """Words in a cell."""
        self.setItem(row, column, _item(text))


def show_columns(
    table: MappingTable, rows: Sequence[ColumnRow], names: Sequence[str], picked: Callable[[str, str], None]
) -> None:
    """Our columns, each with the choice of theirs."""
    table.show_rows([row.ours for row in rows], [(row.title, row.needed) for row in rows])
    nothing: list[Choice] = [(tr("(none)"), "")]
    everything: list[Choice] = [(name, name) for name in names]
    for at, row in enumerate(rows):
        choices = everything if row.fixed else nothing + everything
        pick = _picker(picked, row.ours)
        table.show_choice(at, row.ours, tr("Column for {title}", title=row.title), choices, row.theirs, pick)
        table.tell(at, 2, row.examples)


def show_values(table: MappingTable, rows: Sequence[ValueRow], picked: Callable[[str, str, str], None]) -> None:
    """Their values, each with the choice of our words."""
    keys = [f"{row.ours}\n{row.theirs}" for row in rows]
    table.show_rows(keys, [(row.theirs, False) for row in rows])
    for at, (key, row) in enumerate(zip(keys, rows)):
        known, title = VOCABULARIES[row.ours]
        choices = [(tr("(none of these)"), ""), *((title(word), word) for word in known)]
        name = tr("Meaning of {value}", value=row.theirs)
        table.show_choice(at, key, name, choices, row.word, _meaner(picked, row.ours, row.theirs))
        table.tell(at, 2, row.title)


def _picker(picked: Callable[[str, str], None], ours: str) -> Callable[[str], None]:
    return lambda theirs: picked(ours, theirs)


def _meaner(picked: Callable[[str, str, str], None], ours: str, theirs: str) -> Callable[[str], None]:
    return lambda word: picked(ours, theirs, word)


class PreviewTable(QTableWidget):
    """A column for each pilot, a row for each thing that is known of any."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.horizontalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.verticalHeader().setHighlightSections(False)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setWordWrap(False)
        self.setAccessibleName(tr("Pilots as they would be read"))

    def show_pilots(self, pilots: Sequence[Pilot]) -> None:
        """These, in words."""
        everything = [as_rows(pilot) for pilot in pilots]
        kept = [at for at, row in enumerate(zip(*everything)) if any(text != NOTHING for _, text in row)]
        told = [[rows[at] for at in kept] for rows in everything]
        heads = [head for head, _ in told[0]] if told else []
        self.setRowCount(len(heads))
        self.setColumnCount(len(told))
        self.setVerticalHeaderLabels(heads)
        for column, rows in enumerate(told):
            for row, (_head, text) in enumerate(rows):
                self.setItem(row, column, _item(text))


def as_rows(pilot: Pilot) -> list[tuple[str, str]]:
    """What matters of a pilot, with a dash for what is not known."""
    money = tr("{sum} euros", sum=number(pilot.budget)) if pilot.budget is not None else ""
    judged = sum(len(pilot.condition(name)) for name in words.CONDITIONS)
    rows = [
        (cols.title(cols.NAME), pilot.name),
        (cols.title(cols.STAGE), words.stage_title(pilot.stage)),
        (cols.title(cols.THEME), words.theme_title(pilot.theme)),
        (cols.title(cols.START), _day(pilot.start.isoformat() if pilot.start else "")),
        (cols.title(cols.END), _day(pilot.end.isoformat() if pilot.end else "")),
        (cols.title(cols.LEAD), pilot.lead),
        (cols.title(cols.BAND), words.budget_title(pilot.budget_band) if pilot.budget_band else money),
        (cols.title(cols.HISTORY), trn("{n} entry", "{n} entries", len(pilot.history)) if pilot.history else ""),
        (tr("Conditions"), trn("{n} criterion", "{n} criteria", judged) if judged else ""),
        (tr("Cannot be read"), ", ".join(map(cols.title, pilot.unreadable))),
    ]
    return [(head, text or NOTHING) for head, text in rows]


def _day(text: str) -> str:
    return str(QLocale().toString(QDate.fromString(text, "yyyy-MM-dd"), QLocale.FormatType.ShortFormat)) if text else ""


def _item(text: str) -> QTableWidgetItem:
    item = QTableWidgetItem(" ".join(text.split()))
    item.setToolTip(tool_tip(text) if len(text) > 20 else "")
    return item
