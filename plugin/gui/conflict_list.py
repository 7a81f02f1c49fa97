"""The list of conflicts by layer: red until resolved."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from qgis.PyQt.QtCore import QModelIndex, QObject, QRect, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QFont, QIcon, QPainter, QPalette, QStandardItem, QStandardItemModel
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QFrame,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

from ..text import tr
from ..workcopy.conflicts import Conflict
from .conflict_colours import OPEN, RESOLVED, ink
from .conflict_words import kind_words, state_words
from .conflicts_presenter import ConflictsPresenter
from .icons import icon
from .tool_tip import tool_tip

_USER = int(Qt.ItemDataRole.UserRole)
KEY = _USER + 1
BELOW = _USER + 2  # the second line
STATE = _USER + 3  # the word at the end of the first
IS_OPEN = _USER + 4
TABLE = _USER + 5
_PAD = 5
_ICON = 16


class ConflictListModel(QStandardItemModel):
    """Layer ▸ conflict. It is brought up to date in place, so that a selection stays."""

    def __init__(self, presenter: ConflictsPresenter, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self._items: dict[str, QStandardItem] = {}
        self._layers: dict[str, QStandardItem] = {}
        self._icons = {True: icon("conflict-open"), False: icon("conflict-resolved")}

    def refresh(self) -> None:
        """The conflicts of now: new ones come in, ended ones go."""
        conflicts = {conflict.key: conflict for conflict in self._presenter.conflicts}
        for key in [key for key in self._items if key not in conflicts]:
            item = self._items.pop(key)
            (item.parent() or self.invisibleRootItem()).removeRow(item.row())
        for table in [table for table, item in self._layers.items() if not item.rowCount()]:
            tables = {conflict.table for conflict in conflicts.values()}
            if table not in tables:
                self.removeRow(self._layers.pop(table).row())
        fresh: dict[str, list[QStandardItem]] = {}
        for conflict in conflicts.values():
            if conflict.key in self._items:
                self._dress(conflict)
                continue
            item = self._items[conflict.key] = QStandardItem()
            item.setEditable(False)
            item.setData(conflict.key, KEY)
            item.setData(conflict.table, TABLE)
            self._dress(conflict)  # before it is in the model, which tells the view of every single change
            fresh.setdefault(conflict.table, []).append(item)
        for table, items in fresh.items():
            (self._layers.get(table) or self._add_layer(table)).appendRows(items)
        self._say_layers()

    def decided(self, keys: tuple[str, ...]) -> None:
        """Something else is decided about these."""
        quiet = len(keys) > 20
        was = self.blockSignals(quiet)
        for key in keys:
            conflict = self._presenter.conflict(key)
            if conflict is not None and key in self._items:
                self._dress(conflict)
        self.blockSignals(was)
        if quiet:
            for layer in self._layers.values():
                above = self.indexFromItem(layer)
                self.dataChanged.emit(self.index(0, 0, above), self.index(layer.rowCount() - 1, 0, above))
        self._say_layers()

    def _add_layer(self, table: str) -> QStandardItem:
        item = self._layers[table] = QStandardItem()
        item.setEditable(False)
        item.setSelectable(False)
        item.setData(table, TABLE)
        self.appendRow(item)
        return item

    def _dress(self, conflict: Conflict) -> None:
        item, decision = self._items[conflict.key], self._presenter.decision(conflict.key)
        left, state = self._presenter.is_open(conflict.key), state_words(conflict, decision)
        item.setText(conflict.label)
        item.setIcon(self._icons[left])
        item.setData(kind_words(conflict), BELOW)
        item.setData(state, STATE)
        item.setData(left, IS_OPEN)
        item.setToolTip(tool_tip(f"{conflict.label}\n{kind_words(conflict)} · {state}"))
        item.setAccessibleText(f"{conflict.label}, {kind_words(conflict)}, {state}")

    def _say_layers(self) -> None:
        for table, item in self._layers.items():
            total = item.rowCount()
            left = sum(bool(item.child(row).data(IS_OPEN)) for row in range(total))
            title = self._presenter.title(table)
            item.setText(title)
            words = tr("{n} of {total} open", n=left, total=total) if left else tr("resolved")
            item.setData(words, STATE)
            item.setData(bool(left), IS_OPEN)
            item.setAccessibleText(f"{title}, {words}")

    def index_of(self, key: str) -> QModelIndex:
        item = self._items.get(key)
        return self.indexFromItem(item) if item is not None else QModelIndex()

    def keys(self) -> list[str]:
        """Every conflict, in the order of the list."""
        return list(self._walk())

    def _walk(self) -> Iterator[str]:
        for at in range(self.rowCount()):
            layer = self.item(at)
            for row in range(layer.rowCount()):
                yield str(layer.child(row).data(KEY))


class ConflictList(QTreeView):
    """Signals the conflict that is chosen; Enter asks for its columns."""

    chosen = pyqtSignal(str)  # key, empty for none
    entered_one = pyqtSignal()

    def __init__(self, presenter: ConflictsPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.conflicts = ConflictListModel(presenter, self)
        self.setModel(self.conflicts)
        self.setItemDelegate(_TwoLines(self))
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setItemsExpandable(False)
        self.setIndentation(0)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMinimumWidth(230)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(tr("Conflicts"))
        self.selectionModel().currentChanged.connect(lambda *_: self.chosen.emit(self.key()))
        self.activated.connect(lambda _index: self.entered_one.emit())

    def refresh(self) -> None:
        """Show the conflicts of now; where the chosen one ended, the next of the list is chosen."""
        order, key = self.conflicts.keys(), self.key()
        self.conflicts.refresh()
        self.expandAll()
        if not self.key() or self.key() != key:
            left = self.conflicts.keys()
            after = order[order.index(key) :] if key in order else []
            self.select(next((one for one in after if one in left), left[0] if left else ""))

    def key(self) -> str:
        """The conflict that is chosen."""
        return str(self.currentIndex().data(KEY) or "")

    def select(self, key: str) -> bool:
        """Choose a conflict. False where it is not listed."""
        index = self.conflicts.index_of(key)
        if not index.isValid():
            return False
        self.setCurrentIndex(index)
        self.scrollTo(index)
        return True

    def next(self, wanted: Callable[[str], bool], step: int = 1) -> str:
        """The next conflict after the chosen one that is ``wanted``, around the end; empty for none."""
        keys = self.conflicts.keys()
        at = keys.index(self.key()) if self.key() in keys else -1 if step > 0 else 0
        around = [keys[(at + step * by) % len(keys)] for by in range(1, len(keys) + 1)]
        return next((key for key in around if wanted(key)), "")


class _TwoLines(QStyledItemDelegate):
    """A layer in one line, a conflict in two; at the end of the first, how far it is decided."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        line = option.fontMetrics.height()
        return QSize(160, 2 * line + 2 * _PAD + 3 if index.data(KEY) else line + 2 * _PAD + 2)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        row = QStyleOptionViewItem(option)
        self.initStyleOption(row, index)
        style = row.widget.style() if row.widget else QApplication.style()
        title, picture = row.text, QIcon(row.icon)
        row.text, row.icon = "", QIcon()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, row, painter, row.widget)
        painter.save()
        chosen = bool(row.state & QStyle.StateFlag.State_Selected)
        state = bool(row.state & QStyle.StateFlag.State_Active)
        group = QPalette.ColorGroup.Active if state else QPalette.ColorGroup.Inactive
        colour = row.palette.color(group, QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text)
        font, line = QFont(row.font), row.fontMetrics.height()
        font.setBold(True)
        left = bool(index.data(IS_OPEN))
        mark = colour if chosen else ink(OPEN if left else RESOLVED, row.palette)
        place = row.rect.adjusted(8, _PAD, -8, -_PAD)
        if not index.data(KEY):
            painter.setFont(row.font)
            place = self._ending(painter, place, str(index.data(STATE)), mark)
            painter.setFont(font)
            painter.setPen(colour)
            self._line(painter, place, title)
            painter.restore()
            return
        picture.paint(painter, QRect(place.left(), place.top() + (line - _ICON) // 2, _ICON, _ICON))
        place.setLeft(place.left() + _ICON + 7)
        painter.setFont(row.font)
        above = self._ending(
            painter, QRect(place.left(), place.top(), place.width(), line), str(index.data(STATE)), mark
        )
        painter.setFont(font)
        painter.setPen(colour)
        self._line(painter, above, title, Qt.TextElideMode.ElideMiddle)
        painter.setFont(row.font)
        below = QRect(place.left(), place.top() + line + 2, place.width(), line)
        colour.setAlpha(210 if chosen else 165)
        painter.setPen(colour)
        self._line(painter, below, str(index.data(BELOW)))
        painter.restore()

    def _ending(self, painter: QPainter, place: QRect, text: str, colour: object) -> QRect:
        painter.setPen(colour)
        painter.drawText(place, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), text)
        return place.adjusted(0, 0, -painter.fontMetrics().horizontalAdvance(text) - 8, 0)

    def _line(
        self, painter: QPainter, place: QRect, text: str, mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight
    ) -> None:
        shown = painter.fontMetrics().elidedText(text, mode, place.width())
        painter.drawText(place, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), shown)
