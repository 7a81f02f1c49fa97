"""The pilots with problems in the publish window: a view of `PilotGate`."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QTreeWidgetItem, QVBoxLayout, QWidget

from ..text import tr
from .icons import icon
from .pilots.form_problems import severity_icon, severity_title
from .publish_presenter import PublishPresenter
from .publish_report import LISTED, fill, make_table
from .tool_tip import tool_tip

_USER = Qt.ItemDataRole.UserRole


class PublishPilots(QWidget):
    """Hidden while nothing was found. A line for each problem; the pilot's name stands in its first."""

    shown = pyqtSignal(str)  # the key of the pilot that the user wants to see

    def __init__(self, presenter: PublishPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self._listed: Any = None
        self.head = QLabel()
        self.head.setWordWrap(True)
        self.table = make_table((tr("Pilot"), tr("Problem")))
        self.table.setAccessibleName(tr("Problems of pilots"))
        self.table.itemDoubleClicked.connect(lambda _item, _column: self._show_pilot())
        self.table.itemSelectionChanged.connect(self._enable)
        self.button = QPushButton(icon("pilots"), tr("Show Pilot"))
        self.button.setToolTip(tool_tip(tr("Close this window and choose the pilot on the Pilots page")))
        self.button.setAutoDefault(False)
        self.button.clicked.connect(lambda _checked=False: self._show_pilot())
        self.tick = QCheckBox()
        self.tick.toggled.connect(presenter.accept_errors)
        top = QHBoxLayout()
        top.addWidget(self.head, 1)
        top.addWidget(self.button, 0, Qt.AlignmentFlag.AlignBottom)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 6, 0, 0)
        layout.addLayout(top)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.tick)
        self.hide()

    def show_now(self) -> None:
        """What the presenter knows by now."""
        gate = self._presenter.gate
        self.setVisible(bool(gate.rows) and self._presenter.phase == "ready")
        self.head.setText(gate.headline)
        self.tick.setVisible(bool(gate.errors))
        self.tick.setText(gate.question)
        self.tick.blockSignals(True)
        self.tick.setChecked(gate.nevertheless)
        self.tick.blockSignals(False)
        if gate.rows == self._listed:
            return
        self._listed = gate.rows
        items = []
        for row in gate.rows:
            for at, finding in enumerate(row.findings):
                problem = finding.problem
                item = QTreeWidgetItem([row.label if at == 0 else "", problem.sentence])
                item.setIcon(1, severity_icon(problem.severity))
                advice = problem.advice or (problem.fix.label if problem.fix else "")
                told = f"{severity_title(problem.severity)}: {problem.sentence}"
                item.setToolTip(1, tool_tip(f"{told}\n{advice}" if advice else told))
                item.setData(1, Qt.ItemDataRole.AccessibleTextRole, f"{row.label}. {told}")
                item.setData(0, _USER, row.pilot)
                items.append(item)
        self.table.clear()
        fill(self.table, items[:LISTED], len(items) - LISTED)
        self._enable()

    def _chosen(self) -> str:
        item = self.table.currentItem()
        return str(item.data(0, _USER) or "") if item else ""

    def _enable(self) -> None:
        self.button.setEnabled(bool(self._chosen()))

    def _show_pilot(self) -> None:
        key = self._chosen()
        if key:
            self.shown.emit(key)
