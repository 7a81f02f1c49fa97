"""What is wrong with the pilot, below its form: each a sentence that leads to its field, with a button that mends."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import QModelIndex, QRect, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QIcon, QPalette
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ...pilots import schema as cols
from ...pilots.problems import Problem, Severity
from ...text import tr, trn
from ..icons import icon
from ..tool_tip import tool_tip
from .form_pages import HEADER, page_of, page_title

_ICONS: dict[Severity, str] = {"error": "change-problem", "warning": "change-conflict", "notice": "mIconInfo.svg"}
_WHERE, _WHAT, _FIX = 0, 1, 2


def severity_icon(severity: Severity) -> QIcon:
    """The sign of a severity."""
    return icon(_ICONS[severity])


def severity_title(severity: Severity) -> str:
    """A severity in the user's language."""
    return {"error": tr("Error"), "warning": tr("Warning"), "notice": tr("Notice")}[severity]


def counted(problems: Sequence[Problem]) -> str:
    """ "1 error, 2 warnings"; "" where there are none."""
    counts = {one: sum(problem.severity == one for problem in problems) for one in _ICONS}
    said = [
        trn("{n} error", "{n} errors", counts["error"]) if counts["error"] else "",
        trn("{n} warning", "{n} warnings", counts["warning"]) if counts["warning"] else "",
        trn("{n} notice", "{n} notices", counts["notice"]) if counts["notice"] else "",
    ]
    return ", ".join(one for one in said if one)


class _Wrapped(QStyledItemDelegate):
    """Sentences in as many lines as they need. Qt's own measures them before it knows how wide they may be."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        found = super().sizeHint(option, index)
        wide = max(80, option.widget.columnWidth(index.column()) - 8) if option.widget else found.width()
        flags = int(Qt.TextFlag.TextWordWrap)
        lines = option.fontMetrics.boundingRect(QRect(0, 0, wide, 10000), flags, str(index.data()))
        return QSize(wide, max(found.height(), lines.height() + 6))


class ProblemsView(QWidget):
    """``chosen(Problem)``: lead there. ``wanted(Problem)``: mend it."""

    chosen = pyqtSignal(object)
    wanted = pyqtSignal(object)

    def __init__(self, can_fix: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._can_fix = can_fix
        self._problems: list[Problem] = []
        self.tree = QTreeWidget()
        self.tree.setObjectName("CityTwinPilotProblems")
        self.tree.setColumnCount(3)
        self.tree.setHeaderHidden(True)
        self.tree.setRootIsDecorated(False)
        self.tree.setAllColumnsShowFocus(True)
        self.tree.setWordWrap(True)
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.tree.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.tree.setAccessibleName(tr("Problems"))
        self.tree.setItemDelegateForColumn(_WHAT, _Wrapped(self.tree))
        header = self.tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(_WHERE, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_WHAT, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(_FIX, QHeaderView.ResizeMode.ResizeToContents)
        header.sectionResized.connect(lambda *_: self.tree.scheduleDelayedItemsLayout())  # lines break elsewhere
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 2, 0, 0)
        layout.addWidget(self.tree)
        self.tree.itemClicked.connect(self._lead)
        self.tree.itemActivated.connect(self._lead)
        self.show_problems([])

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Those that are shown, in their order."""
        return tuple(self._problems)

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Show these; rows that stay are left alone, so that nothing flickers and typing is not held up."""
        new, old = list(problems), self._problems
        if new == old and self.tree.topLevelItemCount():
            return
        if not old:
            self.tree.clear()  # of the row that says so
        most = min(len(new), len(old))
        head = next((at for at in range(most) if new[at] != old[at]), most)
        tail = next((at for at in range(most - head) if new[-1 - at] != old[-1 - at]), most - head)
        for at in reversed(range(head, len(old) - tail)):
            self.tree.takeTopLevelItem(at)
        self._problems = new
        for at in range(head, len(new) - tail):
            self._add(at, new[at])
        if not new:
            item = QTreeWidgetItem(["", tr("Nothing is wrong with this pilot.")])
            item.setIcon(_WHERE, icon("change-published"))
            item.setFlags(Qt.ItemFlag.ItemIsEnabled)
            self.tree.addTopLevelItem(item)

    def fix_button(self, problem: Problem) -> QPushButton | None:
        """The button that mends a problem; None where it has none."""
        if problem not in self._problems:
            return None
        item = self.tree.topLevelItem(self._problems.index(problem))
        return self.tree.itemWidget(item, _FIX)

    def _add(self, at: int, problem: Problem) -> None:
        page = page_of(problem.column)
        where = tr("On the map") if not page else cols.title(problem.column) if page == HEADER else page_title(page)
        item = QTreeWidgetItem(["", problem.sentence, ""])
        item.setText(_WHERE, where)
        item.setIcon(_WHERE, severity_icon(problem.severity))
        said = f"{severity_title(problem.severity)}: {problem.sentence}"
        tip = f"{said}\n{problem.advice}" if problem.advice else said
        for column in (_WHERE, _WHAT):
            item.setToolTip(column, tool_tip(tip))
            item.setData(column, Qt.ItemDataRole.AccessibleTextRole, said)
        faint = QColor(self.palette().color(QPalette.ColorRole.Text))
        faint.setAlpha(170)
        item.setForeground(_WHERE, faint)
        self.tree.insertTopLevelItem(at, item)
        if problem.fix is not None and self._can_fix:
            button = QPushButton(problem.fix.label)
            button.setAutoDefault(False)
            button.setToolTip(tool_tip(problem.sentence))
            button.clicked.connect(lambda _checked=False, problem=problem: self.wanted.emit(problem))
            self.tree.setItemWidget(item, _FIX, button)

    def _lead(self, item: QTreeWidgetItem, _column: int) -> None:
        at = self.tree.indexOfTopLevelItem(item)
        if 0 <= at < len(self._problems):
            self.chosen.emit(self._problems[at])
