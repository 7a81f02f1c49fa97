"""The changes of the project's working copies as a tree: working copy ▸ layer ▸ change."""

from __future__ import annotations

import re
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qgis.PyQt.QtCore import QModelIndex, QObject, QRegularExpression, QSortFilterProxyModel, Qt, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QFont, QIcon, QStandardItem, QStandardItemModel

from ..text import tr, trn
from ..workcopy.changes import Change
from ..workcopy.source import Source
from .change_words import counted, icon_name, name_of, summary, tally
from .icons import icon
from .tool_tip import tool_tip

_USER = int(Qt.ItemDataRole.UserRole)
NODE = _USER + 1  # "copy", "layer", "change", "more"
KEY = _USER + 2  # of a change
SEARCH = _USER + 3  # what the filter looks at

LISTED = 10_000  # rows of one layer; nobody reads further, and every row costs memory
_BUDGET = 0.012  # seconds that filling may take out of one turn of the event loop
_BLOCK = 250  # rows taken out, or let go of, at once
_SEARCHED = 200  # characters of a value that the filter looks at
_MARK = "\x01"


@dataclass(frozen=True)
class Row:
    """One change, with all that the tree shows of it; made in a worker thread."""

    change: Change
    summary: str
    search: str
    order: tuple[Any, ...]  # its last member is the change's key
    stamp: int  # differs where anything that is shown differs

    @property
    def key(self) -> str:
        """The change's key, without making it anew."""
        return str(self.order[-1])


@dataclass
class _Layer:
    table: str
    item: QStandardItem
    words: QStandardItem
    title: str = ""
    broken: tuple[str, ...] = ()
    rows: dict[str, Row] = field(default_factory=dict)
    items: dict[str, tuple[QStandardItem, QStandardItem]] = field(default_factory=dict)
    orders: list[tuple[Any, ...]] = field(default_factory=list)  # of the listed rows, sorted
    surplus: int = 0  # rows at the end of a list that begins anew, still to be taken out
    stale: deque[str] = field(default_factory=deque)  # keys whose rows show what was
    todo: deque[Row] = field(default_factory=deque)
    old: list[Row] = field(default_factory=list)  # no longer shown, let go of in pieces: freeing takes time, too
    more: QStandardItem | None = None
    hidden: int = 0  # changes beyond LISTED


@dataclass
class _Copy:
    path: str
    item: QStandardItem
    words: QStandardItem
    layers: dict[str, _Layer] = field(default_factory=dict)


def prepare(changes: Iterable[Change], title: str) -> list[Row]:
    """Rows of one layer in the order they are shown: clashes first, then new, changed, deleted, each by name."""
    kinds = {"insert": 0, "update": 1, "delete": 2}
    rows = []
    for change in changes:
        words = summary(change)
        marks = f"{_MARK}{change.kind}{_MARK}" + (f"conflict{_MARK}" if change.conflict else "")
        search = f"{marks}{name_of(change)} {change.twin_id or ''} {words} {title} {_values(change)}"
        order = (not change.conflict, kinds[change.kind], *_natural(change.label), change.key)
        stamp = hash((change.fid, change.version, change.cells, change.conflict, change.label))
        rows.append(Row(change, words, search, order, stamp))
    rows.sort(key=lambda row: row.order)
    return rows


def _values(change: Change) -> str:
    """What the filter finds a change by: the old and new values of its columns."""
    found = (value for cell in change.cells if not cell.geometry for value in (cell.old, cell.new))
    return " ".join(str(value)[:_SEARCHED] for value in found if value is not None)


def _natural(label: str) -> tuple[Any, ...]:
    """Sorts "house 9" before "house 10". Text and numbers alternate, so one is never compared with the other."""
    parts = re.split(r"(\d+)", label.casefold())
    return (tuple((int(part) if at % 2 else 0, "" if at % 2 else part) for at, part in enumerate(parts)),)


class ChangesModel(QStandardItemModel):
    """Two columns: the feature, and what changed. It is brought up to date in place, a little in every turn of the
    event loop, so that a selection and what is unfolded stay and the window never stands still."""

    filled = pyqtSignal()  # nothing is left to be put in

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(0, 2, parent)
        self._copies: dict[str, _Copy] = {}
        self._problems: dict[str, dict[str, tuple[str, ...]]] = {}
        self._icons: dict[str, QIcon] = {}  # made anew for each of thousands they take longer than all else
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._fill)

    # -- what is shown -----------------------------------------------------------------------------------------------

    def set_copies(self, copies: Mapping[str, str]) -> None:
        """The working copies in the project: path → title."""
        for path in [path for path in self._copies if path not in copies]:
            self.removeRow(self._copies.pop(path).item.row())
            self._problems.pop(path, None)
        for path, title in copies.items():
            if path not in self._copies:
                copy = _Copy(path, _item("copy"), _item("copy"))
                copy.item.setIcon(icon("mGeoPackage.svg"))
                font = QFont(copy.item.font())
                font.setBold(True)
                copy.item.setFont(font)
                copy.item.setToolTip(tool_tip(path))
                self._copies[path] = copy
                self.appendRow([copy.item, copy.words])
            self._copies[path].item.setText(title)
        self._say_counts()

    def set_layers(self, path: str, layers: Sequence[tuple[Source, tuple[str, ...], Sequence[Row]]]) -> None:
        """The layers of one copy: where each came from, what is broken about it, and its changes as of now."""
        copy = self._copies.get(path)
        if copy is None:
            return
        shown = [(source, broken, rows) for source, broken, rows in layers if broken or rows]
        wanted = {source.table for source, _, _ in shown}
        for table in [table for table in copy.layers if table not in wanted]:
            copy.item.removeRow(copy.layers.pop(table).item.row())
        for place, (source, broken, rows) in enumerate(shown):
            layer = copy.layers.get(source.table)
            if layer is None:
                layer = _Layer(source.table, _item("layer"), _item("layer"))
                copy.layers[source.table] = layer
                copy.item.insertRow(place, [layer.item, layer.words])
            layer.title, layer.broken = source.title or source.table, broken
            layer.item.setText(layer.title)
            layer.item.setIcon(icon("change-problem") if broken else _geometry_icon(source))
            layer.item.setToolTip(tool_tip("\n".join(broken)))
            self._set_rows(layer, [] if broken else rows)
        self._say_counts()
        self._timer.start()

    def set_problems(self, path: str, problems: Mapping[str, Sequence[str]]) -> None:
        """What keeps changes of one copy from being published: key → sentences. Kept until told anew."""
        before = self._problems.get(path, {})
        self._problems[path] = {key: tuple(words) for key, words in problems.items()}
        copy = self._copies.get(path)
        for key in set(before) | set(problems):
            for layer in copy.layers.values() if copy else ():
                if key in layer.items:
                    self._dress(path, layer, key)

    def _set_rows(self, layer: _Layer, rows: Sequence[Row]) -> None:
        """Only notes what is to be done: `_fill` does it."""
        layer.hidden = max(0, len(rows) - LISTED)
        listed = rows[:LISTED]
        fresh = {row.key: row for row in listed}
        old, layer.rows = layer.rows, {row.key: row for row in rows}
        gone = [key for key in layer.items if key not in fresh]
        if len(gone) > _BLOCK:  # taking thousands out one by one takes longer than starting anew
            layer.surplus = layer.item.rowCount()
            layer.items, layer.orders, layer.more = {}, [], None
        else:
            for key in gone:
                place = layer.items.pop(key)[0].row()
                layer.item.removeRow(place)
                del layer.orders[place]
        layer.stale = deque(key for key, row in fresh.items() if key in layer.items and old[key].stamp != row.stamp)
        layer.todo = deque(row for row in listed if row.key not in layer.items)
        layer.old.extend(old.values())

    def _fill(self) -> None:
        until = time.perf_counter() + _BUDGET
        for copy in self._copies.values():
            for layer in copy.layers.values():
                for _ in self._steps(copy, layer):
                    if time.perf_counter() > until:
                        return
                self._say_more(layer)
        self._timer.stop()
        self.filled.emit()

    def _steps(self, copy: _Copy, layer: _Layer) -> Iterator[None]:
        """What is to be done on one layer, in steps of less than a millisecond or two."""
        while layer.surplus:
            count = min(_BLOCK, layer.surplus)
            layer.surplus -= count
            layer.item.removeRows(layer.surplus, count)
            yield
        while layer.stale:
            self._dress(copy.path, layer, layer.stale.popleft())
            yield
        while layer.todo:
            self._insert(copy, layer, layer.todo.popleft())
            yield
        while layer.old:
            del layer.old[-_BLOCK:]
            yield

    def _insert(self, copy: _Copy, layer: _Layer, row: Row) -> None:
        pair = (_item("change"), _item("change"))
        key = row.key
        pair[0].setData(key, KEY)
        layer.items[key] = pair
        self._dress(copy.path, layer, key)
        place = bisect_left(layer.orders, row.order)
        layer.orders.insert(place, row.order)
        layer.item.insertRow(place, list(pair))

    def _dress(self, path: str, layer: _Layer, key: str) -> None:
        first, second = layer.items[key]
        row = layer.rows[key]
        problems = self._problems.get(path, {}).get(key, ())
        first.setText(name_of(row.change))
        first.setIcon(self._icon(icon_name(row.change, bool(problems))))
        first.setToolTip(tool_tip("\n".join((name_of(row.change), *problems))))
        first.setData(f"{_MARK}problem{row.search}" if problems else row.search, SEARCH)
        second.setText(row.summary)
        second.setToolTip(tool_tip(row.summary))

    def _icon(self, name: str) -> QIcon:
        if name not in self._icons:
            self._icons[name] = icon(name)
        return self._icons[name]

    def _say_more(self, layer: _Layer) -> None:
        if layer.more is not None:
            layer.item.removeRow(layer.more.row())
            layer.more = None
        if layer.hidden:
            layer.more = _item("more")
            layer.more.setText(trn("and {n} more", "and {n} more", layer.hidden))
            layer.more.setFlags(Qt.ItemFlag.ItemIsEnabled)
            layer.item.appendRow([layer.more, _item("more")])

    def _say_counts(self) -> None:
        for copy in self._copies.values():
            total = []
            for layer in copy.layers.values():
                counts = tally(row.change for row in layer.rows.values())
                total.append(counts)
                layer.words.setText(tr("not recorded any more") if layer.broken else counted(counts))
                layer.words.setToolTip(layer.words.text())
            words = counted(sum(total[1:], total[0])) if total else tr("no changes")
            copy.words.setText(words if len(self._copies) > 1 else "")

    # -- what is asked -----------------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """True while rows wait to be put in."""
        return bool(self._timer.isActive())

    def paths(self) -> list[str]:
        return list(self._copies)

    def all_changes(self, path: str | None = None) -> list[Change]:
        """Every change (of one copy), listed or not."""
        copies = [self._copies[path]] if path is not None else list(self._copies.values())
        return [row.change for copy in copies for layer in copy.layers.values() for row in layer.rows.values()]

    def broken(self) -> list[str]:
        """What is wrong with the layers whose changes are not recorded."""
        return [words for copy in self._copies.values() for layer in copy.layers.values() for words in layer.broken]

    def kind(self, index: QModelIndex) -> str:
        """ "copy", "layer", "change" or "more"; empty for no index."""
        return str(index.siblingAtColumn(0).data(NODE) or "") if index.isValid() else ""

    def path(self, index: QModelIndex) -> str:
        """The working copy that ``index`` belongs to; empty for none."""
        while index.parent().isValid():
            index = index.parent()
        row = index.row()
        return next((path for path, copy in self._copies.items() if copy.item.row() == row), "")

    def layer_of(self, index: QModelIndex) -> tuple[str, str, tuple[str, ...]] | None:
        """Table, title and what is broken of the layer that ``index`` is or lies in."""
        layer = self._layer(index)
        return (layer.table, layer.title, layer.broken) if layer else None

    def change(self, index: QModelIndex) -> Change | None:
        """The change at ``index``, if it is one."""
        layer = self._layer(index)
        key = index.siblingAtColumn(0).data(KEY) if layer else None
        row = layer.rows.get(key) if layer and isinstance(key, str) else None
        return row.change if row else None

    def problems(self, index: QModelIndex) -> tuple[str, ...]:
        """Why the change at ``index`` could not be published, as last found."""
        change = self.change(index)
        return self._problems.get(self.path(index), {}).get(change.key, ()) if change else ()

    def changes_in(self, indexes: Iterable[QModelIndex]) -> dict[str, list[Change]]:
        """The changes at and below ``indexes``, each once: path → changes."""
        found: dict[str, dict[str, Change]] = {}
        for index in indexes:
            path, kind = self.path(index), self.kind(index)
            if not path:
                continue
            into = found.setdefault(path, {})
            change, layer = self.change(index), self._layer(index)
            if change is not None:
                into[change.key] = change
            elif kind == "copy":
                into.update((one.key, one) for one in self.all_changes(path))
            elif kind == "layer" and layer is not None:
                into.update((key, row.change) for key, row in layer.rows.items())
        return {path: list(changes.values()) for path, changes in found.items() if changes}

    def changes_between(self, layer_index: QModelIndex, first: int, last: int) -> tuple[str, list[Change]]:
        """The path and the changes of the rows ``first`` to ``last`` of a layer, quickly however many they are."""
        layer = self._layer(layer_index)
        keys = [order[-1] for order in layer.orders[first : last + 1]] if layer else []
        return self.path(layer_index), [layer.rows[key].change for key in keys if key in layer.rows] if layer else []

    def index_of(self, path: str, key: str) -> QModelIndex:
        """Where a change is listed; an invalid index where it is not."""
        copy = self._copies.get(path)
        for layer in copy.layers.values() if copy else ():
            if key in layer.items:
                return self.indexFromItem(layer.items[key][0])
        return QModelIndex()

    def _layer(self, index: QModelIndex) -> _Layer | None:
        copy = self._copies.get(self.path(index)) if index.isValid() else None
        kind = self.kind(index)
        if copy is None or kind in ("", "copy"):
            return None
        row = index.row() if kind == "layer" else index.parent().row()
        return next((layer for layer in copy.layers.values() if layer.item.row() == row), None)


class ChangesFilter(QSortFilterProxyModel):
    """Leaves the changes whose name, id, columns or layer hold a text, and of a kind."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setRecursiveFilteringEnabled(True)
        self.setFilterRole(SEARCH)
        self.setFilterKeyColumn(0)
        self._text = self._kind = ""

    def choose(self, text: str | None = None, kind: str | None = None) -> None:
        """``kind``: "insert", "update", "delete", "conflict", "problem", or empty for all. None leaves it."""
        self._text = self._text if text is None else text.strip()
        self._kind = self._kind if kind is None else kind
        if not self.active:
            self.setFilterRegularExpression(QRegularExpression())
            return
        pattern = f"{_MARK}{self._kind}{_MARK}.*" if self._kind else f"{_MARK}.*"
        option = QRegularExpression.PatternOption
        options = option.CaseInsensitiveOption | option.DotMatchesEverythingOption
        self.setFilterRegularExpression(QRegularExpression(pattern + QRegularExpression.escape(self._text), options))

    @property
    def active(self) -> bool:
        return bool(self._text or self._kind)


def _item(node: str) -> QStandardItem:
    item = QStandardItem()
    item.setEditable(False)
    item.setData(node, NODE)
    return item


def _geometry_icon(source: Source) -> Any:
    kind = source.geometry_type
    for word in ("Point", "Line", "Polygon"):
        if word in kind:
            return icon(f"mIcon{word}Layer.svg")
    return icon("mIconTableLayer.svg" if kind == "none" else "mIconVector.svg")
