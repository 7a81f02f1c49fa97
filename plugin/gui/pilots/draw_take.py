"""Taking an area from selected features: of which layers, and how many metres around lines and points."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ...map.pilots.taking import Selection
from ...text import number, tr, trn
from ..dim import dimmed
from ..icons import icon
from ..tool_tip import tool_tip

_ROWS = 4  # layers seen without scrolling
_METRES = 10.0


class TakeBox(QWidget):
    """``asked()``: take what `layers` and `metres` say. ``stopped()``: stop taking. ``select()``: the user wants QGIS's
    tool that selects."""

    asked = pyqtSignal()
    stopped = pyqtSignal()
    select = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selections: tuple[Selection, ...] = ()
        self._left_out: set[str] = set()
        self._busy = False
        self._empty = dimmed(QLabel(tr("Nothing is selected. Select neighbourhoods, blocks or streets on the map.")))
        self._empty.setWordWrap(True)
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Layers with selected features"))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.widen = QCheckBox(tr("Buffer areas, too"))
        self.widen.setToolTip(tr("Lines and points are always buffered, areas only with this"))
        self._words = QLabel(tr("Buffer:"))
        self.distance = QDoubleSpinBox()
        self.distance.setRange(0.1, 10_000.0)
        self.distance.setDecimals(1)
        self.distance.setValue(_METRES)
        self.distance.setSuffix(tr(" m"))
        self.distance.setAccessibleName(tr("Buffer in metres"))
        self._words.setBuddy(self.distance)
        self.select_button = QPushButton(icon("mActionSelectRectangle.svg"), tr("Select on the Map"))
        self.take_button = QPushButton()
        buffer = QHBoxLayout()
        buffer.setSpacing(6)
        buffer.addWidget(self._words)
        buffer.addWidget(self.distance)
        buffer.addStretch(1)
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        buttons.addWidget(self.select_button)
        buttons.addWidget(self.take_button, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self._empty)
        layout.addWidget(self.list)
        layout.addWidget(self.widen)
        layout.addLayout(buffer)
        layout.addLayout(buttons)
        self.list.itemChanged.connect(self._ticked)
        self.widen.toggled.connect(lambda _on: self._show())
        self.select_button.clicked.connect(lambda _checked=False: self.select.emit())
        self.take_button.clicked.connect(lambda _checked=False: (self.stopped if self._busy else self.asked).emit())
        self._show()

    # -- what is chosen

    @property
    def chosen(self) -> list[Selection]:
        """Those that are ticked."""
        return [one for one in self._selections if one.layer not in self._left_out]

    @property
    def layers(self) -> list[str]:
        """The ids of the layers to take from."""
        return [one.layer for one in self.chosen]

    @property
    def metres(self) -> float:
        """How far to widen; 0 where nothing is."""
        return float(self.distance.value()) if self._buffers else 0.0

    @property
    def _buffers(self) -> bool:
        return any(not one.areas or self.widen.isChecked() for one in self.chosen)

    # -- what is shown

    def show_selections(self, selections: Sequence[Selection]) -> None:
        """What is selected in the project now."""
        if tuple(selections) == self._selections:
            return
        self._selections = tuple(selections)
        self._left_out &= {one.layer for one in selections}
        self.list.blockSignals(True)
        self.list.clear()
        for one in self._selections:
            count = number(one.count, ",d")
            item = QListWidgetItem(tr("{layer}: {n} selected", layer=one.name, n=count))
            item.setData(Qt.ItemDataRole.UserRole, one.layer)
            item.setToolTip(tool_tip(one.name))
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            left_out = one.layer in self._left_out
            item.setCheckState(Qt.CheckState.Unchecked if left_out else Qt.CheckState.Checked)
            self.list.addItem(item)
        self.list.blockSignals(False)
        rows = min(max(1, len(self._selections)), _ROWS)
        self.list.setFixedHeight(rows * max(self.list.sizeHintForRow(0), 18) + 2 * self.list.frameWidth() + 2)
        self._show()

    def show_busy(self, busy: bool) -> None:
        """Whether it is being taken just now."""
        self._busy = busy
        self._show()

    def _ticked(self, item: QListWidgetItem) -> None:
        layer = item.data(Qt.ItemDataRole.UserRole)
        if item.checkState() == Qt.CheckState.Checked:
            self._left_out.discard(layer)
        else:
            self._left_out.add(layer)
        self._show()

    def _show(self) -> None:
        some = bool(self._selections)
        count = sum(one.count for one in self.chosen)
        self._empty.setVisible(not some)
        self.list.setVisible(some)
        self.widen.setVisible(any(one.areas for one in self.chosen))
        for widget in (self._words, self.distance):
            widget.setVisible(self._buffers)
        words = trn("Take {n} Feature", "Take {n} Features", count)
        self.take_button.setText(tr("Stop") if self._busy else words if count else tr("Take"))
        self.take_button.setEnabled(self._busy or count > 0)
        self.take_button.setVisible(some or self._busy)
        for thing in (self.list, self.widen, self.distance):
            thing.setEnabled(not self._busy)
