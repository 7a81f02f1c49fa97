"""The project's thresholds: a list to add to, edit and take from."""

from __future__ import annotations

from qgis.gui import QgsGui
from qgis.PyQt.QtCore import QModelIndex, Qt, QTimer
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QStackedWidget,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from ..map.live.thresholds import Beyond, Thresholds
from ..map.tasks import TaskHandle
from ..text import tr
from ..twin.sensorthings import ObservedProperty
from .crossings_dock import in_the_middle
from .dim import dimmed
from .empty_state import EmptyState
from .icons import icon
from .threshold_editor import ThresholdEditor
from .threshold_model import CONDITION, NAME, NOW, SENSORS, ThresholdModel

_FIRST, _AGAIN = 10, 2000  # ms


class ThresholdsDialog(QDialog):
    """Nothing is watched otherwise before it is accepted. A new threshold begins as one on ``observed``."""

    def __init__(
        self, thresholds: Thresholds, parent: QWidget | None = None, *, observed: ObservedProperty | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("CityTwinThresholdsDialog")
        self.setWindowTitle(tr("Thresholds"))
        self.setWindowIcon(icon("threshold"))
        self._thresholds = thresholds
        self._observed = observed
        self._counting: TaskHandle | None = None
        self.model = ThresholdModel(thresholds.all(), self)
        self._build()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._count)
        self.model.edited.connect(self._edited)
        self._edited()
        QgsGui.enableAutoGeometryRestore(self)

    def _build(self) -> None:
        self.view = QTreeView()
        self.view.setModel(self.model)
        self.view.setRootIsDecorated(False)
        self.view.setUniformRowHeights(True)
        self.view.setAllColumnsShowFocus(True)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.view.setAccessibleName(tr("Thresholds"))
        header = self.view.header()
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        header.setStretchLastSection(False)
        for column in (SENSORS, CONDITION, NOW):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.view.doubleClicked.connect(self._double_clicked)
        self.view.selectionModel().selectionChanged.connect(lambda *_: self._show_buttons())
        self.empty = EmptyState(icon("threshold"), "", "")
        self._stack = QStackedWidget()
        self._stack.addWidget(self.view)
        self._stack.addWidget(in_the_middle(self.empty))
        self.add_button = QPushButton(icon("symbologyAdd.svg"), tr("&Add…"))
        self.edit_button = QPushButton(icon("symbologyEdit.svg"), tr("&Edit…"))
        self.remove_button = QPushButton(icon("symbologyRemove.svg"), tr("&Remove"))
        row = QHBoxLayout()
        for button, act in (
            (self.add_button, self.add),
            (self.edit_button, self.edit),
            (self.remove_button, self.remove),
        ):
            button.setAutoDefault(False)
            button.clicked.connect(lambda _checked=False, act=act: act())
            row.addWidget(button)
        row.addStretch(1)
        about = QLabel(
            tr("They are kept in the project, so whoever opens it watches the same. They hold for its live layers.")
        )
        about.setWordWrap(True)
        dimmed(about)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        # Qt has not all of QGIS's languages
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self._stack, 1)
        layout.addLayout(row)
        layout.addWidget(about)
        layout.addWidget(self.buttons)
        self.resize(780, 400)

    # -- what the user does

    def add(self) -> None:
        """A new one."""
        editor = ThresholdEditor(self._thresholds, parent=self, observed=self._observed)
        if editor.exec() and editor.kept is not None:
            self._choose(self.model.put(None, editor.kept))

    def edit(self) -> None:
        """Change the chosen one."""
        rows = self._chosen()
        if len(rows) != 1:
            return
        editor = ThresholdEditor(self._thresholds, self.model.at(rows[0]), self)
        if editor.exec() and editor.kept is not None:
            self.model.put(rows[0], editor.kept)

    def remove(self) -> None:
        """Take the chosen ones away; Cancel brings them back."""
        rows = self._chosen()
        self.model.remove(rows)
        if rows and self.model.rowCount():
            self._choose(min(rows[0], self.model.rowCount() - 1))

    def accept(self) -> None:
        """Watch these from now on."""
        if self.model.kept() != self._thresholds.all():
            self._thresholds.set(self.model.kept())
        super().accept()

    def done(self, result: int) -> None:
        """However it ends, nothing goes on counting."""
        self._timer.stop()
        if self._counting is not None:
            self._counting.cancel()
        super().done(result)

    def _double_clicked(self, index: QModelIndex) -> None:
        if index.isValid():
            self.edit()

    def _chosen(self) -> list[int]:
        return sorted(index.row() for index in self.view.selectionModel().selectedRows())

    def _choose(self, row: int) -> None:
        self.view.setCurrentIndex(self.model.index(row, NAME))

    # -- showing

    def _edited(self) -> None:
        can_add = bool(self._thresholds.targets())
        if can_add:
            words = tr(
                "A threshold is a level that values should not cross. Where one does, its sensor gets a red ring on "
                "the map, a message says so, and the log keeps when it was."
            )
        else:
            words = tr(
                "A threshold is set on the sensors of a live layer. Add one on the Sensors page of the City Twin "
                "panel, then come back."
            )
        self.empty.tell(icon("threshold"), tr("Nothing Is Watched Yet"), words)
        self.add_button.setEnabled(can_add)
        self._stack.setCurrentIndex(0 if self.model.rowCount() else 1)
        self._show_buttons()
        self._timer.start(_FIRST)

    def _show_buttons(self) -> None:
        chosen = self._chosen() if self.model.rowCount() else []
        self.edit_button.setEnabled(len(chosen) == 1)
        self.remove_button.setEnabled(bool(chosen))

    def _count(self) -> None:
        self._timer.start(_AGAIN)
        if self._counting is not None and self._counting.running:
            return
        kept = self.model.kept()
        if not kept:
            return

        def counted(found: list[Beyond | None]) -> None:
            self.model.tell({one.threshold.id: count for one, count in zip(kept, found)})

        self._counting = self._thresholds.count([(one.service, one.threshold) for one in kept], counted)

    def keyPressEvent(self, event: object) -> None:
        """Delete takes the chosen ones away."""
        if event.key() == Qt.Key.Key_Delete:  # type: ignore[attr-defined]
            self.remove()
            return
        super().keyPressEvent(event)
