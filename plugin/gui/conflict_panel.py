"""The right half of the Conflicts window: one conflict, with its question, its columns and its maps."""

from __future__ import annotations

from collections.abc import Mapping

from qgis.core import Qgis, QgsCoordinateReferenceSystem
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QSize, Qt, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QFont, QResizeEvent
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ..map import tasks
from ..text import tr, trn
from ..workcopy.columns import GEOMETRY
from ..workcopy.conflicts import Conflict
from . import conflict_shapes
from .conflict_choices import Side, asks_first, choice_of, keep_of
from .conflict_maps import ConflictMaps
from .conflict_question import ConflictQuestion
from .conflict_shapes import Shapes
from .conflict_table import ConflictTable
from .conflict_words import kind_words, who_words
from .conflicts_presenter import ConflictsPresenter
from .icons import icon
from .notice import Notice
from .status_line import ElidedLabel

_ICON = QSize(16, 16)


class ConflictPanel(QWidget):
    """Follows a presenter and the key it is given."""

    zoom = pyqtSignal(object, object)  # Shapes, CRS
    bulk = pyqtSignal(str, str)  # side; table, or "*" for all

    def __init__(self, presenter: ConflictsPresenter, main: QgsMapCanvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self._key = ""
        self._shapes: Shapes | None = None
        self._crs = QgsCoordinateReferenceSystem()
        self._icon = QLabel()
        self._icon.setFixedSize(_ICON)
        self.name = ElidedLabel()
        font = QFont(self.name.font())
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.2)
        self.name.setFont(font)
        self.where = ElidedLabel(dim=True)
        self.sentence = QLabel()
        self.sentence.setWordWrap(True)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.zoom_button = QPushButton(icon("mActionZoomTo.svg"), tr("&Zoom To"))
        self.zoom_button.setToolTip(tr("Show this feature on the main map"))
        self.all_mine = self._side_button("mine", tr("All &Mine"), tr("Take mine wherever you both changed the same"))
        self.all_theirs = self._side_button(
            "theirs", tr("All &Theirs"), tr("Take theirs wherever you both changed the same")
        )
        self.notice = Notice()
        self.question = ConflictQuestion()
        self.table = ConflictTable()
        self.unchanged = QCheckBox()
        self.maps = ConflictMaps(main)
        self._lay_out()
        self._connect()

    def _side_button(self, side: Side, text: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(tip)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        menu = QMenu(button)
        menu.aboutToShow.connect(lambda: self._fill_menu(menu, side))
        button.setMenu(menu)
        button.clicked.connect(lambda _checked=False: self._presenter.take(self._key, side))
        return button

    def _lay_out(self) -> None:
        names = QVBoxLayout()
        names.setSpacing(1)
        names.addWidget(self.name)
        names.addWidget(self.where)
        head = QHBoxLayout()
        head.setContentsMargins(8, 6, 8, 0)
        head.setSpacing(6)
        head.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(names, 1)
        for button in (self.zoom_button, self.all_mine, self.all_theirs):
            head.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        told = QHBoxLayout()
        told.setContentsMargins(8, 0, 8, 0)
        told.addWidget(self.sentence, 1)
        told.addWidget(self.unchanged, 0, Qt.AlignmentFlag.AlignBottom)
        top = QWidget()
        upper = QVBoxLayout(top)
        upper.setContentsMargins(0, 0, 0, 0)
        upper.setSpacing(5)
        upper.addLayout(head)
        upper.addLayout(told)
        upper.addWidget(self.notice)
        upper.addWidget(self.question)
        upper.addWidget(self.table, 1)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.addWidget(top)
        self.splitter.addWidget(self.maps)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setStretchFactor(1, 1)
        above = 13 * (self.fontMetrics().height() + 12)  # a question and five rows, or nine
        self.splitter.setSizes([above, 800 - above])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.splitter)

    def _make_room(self) -> None:
        """A splitter knows nothing of texts that wrap: give the upper half what its texts need at this width."""
        upper = self.splitter.widget(0)
        above, below = self.splitter.sizes()
        needed = upper.layout().totalHeightForWidth(upper.width())
        if 0 < above < needed and below:
            self.splitter.setSizes([needed, max(0, above + below - needed)])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        QTimer.singleShot(0, self._make_room)

    def _connect(self) -> None:
        presenter, cells = self._presenter, self.table.cells
        cells.picked.connect(lambda column, side: presenter.pick(self._key, column, side))
        cells.written.connect(lambda column, value: presenter.write(self._key, column, value))
        self.table.unpicked.connect(lambda column: presenter.unpick(self._key, column))
        self.table.delegate.refused.connect(lambda words: self.notice.say(words, "bad"))
        self.question.answered.connect(lambda keep: presenter.keep(self._key, keep))
        self.maps.picked.connect(self._pick_geometry)
        self.unchanged.toggled.connect(cells.show_all)
        self.zoom_button.clicked.connect(lambda _checked=False: self.zoom.emit(self._shapes, self._crs))
        for button in (self.zoom_button,):
            button.setAutoDefault(False)

    def _pick_geometry(self, side: Side) -> None:
        self._presenter.pick(self._key, GEOMETRY, side)
        self._show_pick()  # a second click on the chosen one changes nothing, but unticks the button

    # -- what is shown -----------------------------------------------------------------------------------------------

    @property
    def key(self) -> str:
        return self._key

    def show_conflict(self, key: str, anew: bool = False) -> None:
        """Show one conflict of the presenter's, or nothing. One that is shown is left alone, unless ``anew``."""
        conflict, presenter = self._presenter.conflict(key), self._presenter
        if key != self._key:
            self.notice.say("")
        elif not anew and conflict is not None and conflict == self.table.cells.conflict:
            self.decided()
            return
        self._key = key
        if conflict is None:
            self.table.cells.show(None, presenter.decision(key), None)
            self.maps.clear()
            return
        source = presenter.copy.source(conflict.table)
        decision = presenter.decision(key)
        self.name.say(conflict.label)
        self.where.say(" · ".join([source.title or source.table, *self._identity(conflict)]))
        told = [who_words(conflict)] if asks_first(conflict) else [f"{kind_words(conflict)}.", who_words(conflict)]
        self.sentence.setText(" ".join(part for part in told if part))
        self._name_theirs(conflict.outside)
        cells = self.table.cells
        cells.show(conflict, decision, source)
        self.table.show_sides(conflict.base_there, conflict.mine_there, conflict.theirs_there)
        self.unchanged.setText(trn("Show {n} &unchanged column", "Show {n} &unchanged columns", cells.hidden))
        self.unchanged.setVisible(cells.hidden > 0)
        self.zoom_button.setVisible(source.has_geometry)
        self._measure(conflict, source.srid)
        self.table.go_to_open()
        self.decided()
        QTimer.singleShot(0, self._make_room)

    def _name_theirs(self, outside: bool) -> None:
        self.maps.name_theirs(outside)
        self.all_theirs.setText(tr("All &Field Review") if outside else tr("All &Theirs"))
        self.all_theirs.setToolTip(
            tr("Take what came from outside wherever you both changed the same")
            if outside
            else tr("Take theirs wherever you both changed the same")
        )

    def _identity(self, conflict: Conflict) -> list[str]:
        return [conflict.twin_id] if conflict.twin_id != conflict.label else []

    def decided(self) -> None:
        """Something else is decided about the conflict that is shown."""
        conflict = self._presenter.conflict(self._key)
        if conflict is None:
            return
        decision = self._presenter.decision(self._key)
        self._icon.setPixmap(
            icon("conflict-open" if self._presenter.is_open(self._key) else "conflict-resolved").pixmap(_ICON)
        )
        self.table.cells.decide(decision)
        self.question.show_conflict(conflict, decision)
        self._show_pick()

    def _show_pick(self) -> None:
        conflict = self._presenter.conflict(self._key)
        cell = conflict.cell(GEOMETRY) if conflict else None
        if conflict is None or cell is None:
            return
        decision = self._presenter.decision(self._key)
        merged = keep_of(conflict, decision) == "merged"
        choice = choice_of(conflict, cell, decision) if merged else None
        pick = choice.pick if choice and (cell.verdict != "same" or cell.column in decision.choices) else ""
        self.maps.set_pick(pick, merged)

    def _measure(self, conflict: Conflict, srid: int) -> None:
        cell = conflict.cell(GEOMETRY)
        self._shapes = None
        self.zoom_button.setEnabled(False)
        self.maps.setVisible(cell is not None)
        if cell is None:
            self.maps.clear()
            return
        self._crs = QgsCoordinateReferenceSystem.fromEpsgId(srid)
        metres = not self._crs.isGeographic() and self._crs.mapUnits() == Qgis.DistanceUnit.Meters
        if not conflict_shapes.is_heavy(cell):
            self._measured(conflict, conflict_shapes.compare(cell, metres))
            return
        self.maps.clear()
        tasks.run(
            tr("Comparing geometries"),
            lambda _progress: conflict_shapes.compare(cell, metres),
            done=lambda shapes: self._measured(conflict, shapes),
            failed=lambda error: self.notice.say(error.message, "bad"),
            parent=self,
        )

    def _measured(self, conflict: Conflict, shapes: Shapes) -> None:
        if conflict is not self._presenter.conflict(self._key):
            return
        self._shapes = shapes
        there: Mapping[str, bool] = {"mine": conflict.mine_there, "theirs": conflict.theirs_there}
        blobs = [shapes.side(side).blob for side in ("base", "mine", "theirs")]
        self.maps.setVisible(any(blob is not None for blob in blobs))
        self.zoom_button.setEnabled(any(blob is not None for blob in blobs))
        self.table.cells.measure(shapes)
        self.maps.show_shapes(shapes, self._crs, [side for side, here in there.items() if not here])
        self._show_pick()

    # -- for all of a kind -------------------------------------------------------------------------------------------

    def _fill_menu(self, menu: QMenu, side: Side) -> None:
        menu.clear()
        presenter, conflict = self._presenter, self._presenter.conflict(self._key)
        if conflict is None:
            return
        this = menu.addAction(tr("This Conflict"))
        this.triggered.connect(lambda _checked=False: presenter.take(self._key, side))
        menu.addSeparator()
        table = conflict.table
        keys = presenter.open_keys()
        here = [key for key in keys if key.startswith(f"{table}/")]
        layer = menu.addAction(tr("All Open Conflicts of {layer} ({n})", layer=presenter.title(table), n=len(here)))
        layer.setEnabled(bool(here))
        layer.triggered.connect(lambda _checked=False: self.bulk.emit(side, table))
        every = menu.addAction(tr("All Open Conflicts ({n})", n=len(keys)))
        every.setEnabled(bool(keys))
        every.triggered.connect(lambda _checked=False: self.bulk.emit(side, "*"))
