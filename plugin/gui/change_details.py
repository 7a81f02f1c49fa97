"""The lower half of the Changes page: one change, old beside new."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QIcon, QKeySequence
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QStackedWidget,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ..map import tasks
from ..text import tr
from ..workcopy.changes import Change
from ..workcopy.conflicts import Conflict
from ..workcopy.source import Source
from .cells_model import PUBLISHED, THEIRS, YOURS, CellRow, CellsModel, is_heavy, rows_of
from .change_words import icon_name, kind_word, name_of
from .dim import Dim, dimmed
from .icons import icon
from .notice import Notice
from .status_line import ElidedLabel

_ICON = QSize(16, 16)


class ChangeDetails(QWidget):
    """Shows a hint, or one change: name, what it is, a notice, and its columns."""

    zoom = pyqtSignal()
    flash = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cells = CellsModel(self)
        self._shown: tuple[Any, ...] = ()
        self._icon = QLabel()
        self._icon.setFixedSize(_ICON)
        self._name = ElidedLabel()
        font = self._name.font()
        font.setBold(True)
        self._name.setFont(font)
        self._where = ElidedLabel()
        dimmed(self._where)
        self._buttons = [
            self._button("mActionZoomTo.svg", tr("Zoom to This Change"), self.zoom),
            self._button("mActionHighlightFeature.svg", tr("Flash This Change on the Map"), self.flash),
        ]
        names = QVBoxLayout()
        names.setSpacing(0)
        names.addWidget(self._name)
        names.addWidget(self._where)
        head = QHBoxLayout()
        head.setContentsMargins(8, 4, 4, 0)
        head.setSpacing(6)
        head.addWidget(self._icon)
        head.addLayout(names, 1)
        for button in self._buttons:
            head.addWidget(button)
        self.notice = Notice()
        self.table = self._make_table()

        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(self.notice)
        layout.addWidget(self.table, 1)
        self._hint = QLabel()
        self._hint.setWordWrap(True)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        dimmed(self._hint)
        self._hint.setMargin(16)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._hint)
        self._stack.addWidget(page)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._stack)
        self.hint(tr("Choose a change to see what the twin has beside what you have."))

    def hint(self, text: str) -> None:
        """Show a sentence instead of a change."""
        self._shown = ()
        self.cells.show(())
        self._hint.setText(text)
        self._stack.setCurrentIndex(0)

    def show_change(
        self,
        change: Change,
        source: Source,
        metres: bool,
        conflict: Conflict | None = None,
        problems: tuple[str, ...] = (),
    ) -> None:
        """Show ``change`` of ``source``; ``problems`` are why it could not be published."""
        shown = (change, conflict, problems)
        if shown == self._shown:
            return
        self._shown = shown
        self._icon.setPixmap(QIcon(icon(icon_name(change, bool(problems)))).pixmap(_ICON))
        self._name.say(name_of(change))
        told = [kind_word(change.kind), source.title or source.table]
        if change.twin_id is not None and change.twin_id != change.label:
            told.append(change.twin_id)
        self._where.say(" · ".join(told))
        self._say_notice(conflict, problems)
        self.table.setColumnHidden(PUBLISHED, change.kind == "insert")
        self.table.setColumnHidden(YOURS, change.kind == "delete")
        self.table.setColumnHidden(THEIRS, conflict is None or conflict.theirs is None)
        for button in self._buttons:
            button.setEnabled(source.has_geometry)
        self._stack.setCurrentIndex(1)
        if not is_heavy(change):
            self.cells.show(rows_of(change, metres, source, conflict))
            return
        self.cells.show((CellRow("", tr("Geometry"), tr("measuring…"), tr("measuring…")),))
        tasks.run(
            tr("Measuring geometry"),
            lambda _progress: rows_of(change, metres, source, conflict),
            done=lambda rows: self.cells.show(rows) if self._shown == shown else None,
            failed=lambda error: self.hint(error.message) if self._shown == shown else None,
            parent=self,
        )

    def _say_notice(self, conflict: Conflict | None, problems: tuple[str, ...]) -> None:
        said = [tr("This change cannot be published: {why}", why=words) for words in problems]
        if conflict is not None:
            who = conflict.who
            if who and conflict.changed:
                when = conflict.changed[:16].replace("T", " ")
                said.append(tr("On the twin it was changed by {who}, {when} UTC.", who=who, when=when))
            elif who:
                said.append(tr("On the twin it was changed by {who}.", who=who))
            said.insert(0, conflict.words)
        self.notice.say(" ".join(said), "bad" if problems else "limit")

    def _make_table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.cells)
        table.setFrameShape(QFrame.Shape.NoFrame)
        table.setShowGrid(False)
        table.setAlternatingRowColors(True)
        table.setWordWrap(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setAccessibleName(tr("Changed columns"))
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + 8)
        table.horizontalHeader().setHighlightSections(False)
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        table.setItemDelegateForColumn(PUBLISHED, Dim(table))
        return table

    def _button(self, name: str, tip: str, signal: Any) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon(name))
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setAutoRaise(True)
        button.clicked.connect(lambda _checked=False: signal.emit())
        return button

    def keyPressEvent(self, event: Any) -> None:
        """Copy gives the table as text."""
        if event.matches(QKeySequence.StandardKey.Copy) and self.cells.rows():
            from qgis.PyQt.QtWidgets import QApplication

            QApplication.clipboard().setText(self.cells.as_text())
            return
        super().keyPressEvent(event)
