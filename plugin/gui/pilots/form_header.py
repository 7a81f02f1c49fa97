"""The form's head: the title, the chain of stages, what a move asks, and what of it can still be taken back."""

from __future__ import annotations

from qgis.PyQt.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ...pilots import schema as cols
from ...pilots import vocabulary as words
from ...text import tr
from ..icons import icon
from ..notice import Notice
from ..status_line import ElidedLabel
from .dialog_presenter import DialogPresenter
from .form_fields import TextField
from .form_label import ColumnLabel
from .history_model import what
from .stage_panel import StagePanel
from .stage_strip import StageStrip


class FormHeader(QWidget):
    """Above all pages."""

    def __init__(self, presenter: DialogPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self.title = TextField(presenter, cols.NAME, placeholder=tr("What the pilot is called"))
        font = self.title.font()
        font.setPointSizeF(font.pointSizeF() * 1.25)
        font.setBold(True)
        self.title.setFont(font)
        label = ColumnLabel(presenter, cols.NAME, self.title)
        self.strip = StageStrip(presenter)
        self.panel = StagePanel(presenter)
        self.why_not = Notice()
        self.why_not.say(presenter.read_only)
        self._odd = Notice()
        self._step = ElidedLabel()
        self.back_button = QPushButton(icon("mActionUndo.svg"), tr("Take Back"))
        self.back_button.setObjectName("CityTwinStageBack")
        self.back_button.setAutoDefault(False)
        first = QHBoxLayout()
        first.setSpacing(8)
        first.addWidget(label)
        first.addWidget(self.title, 1)
        self._unsaved = QWidget()
        row = QHBoxLayout(self._unsaved)
        row.setContentsMargins(2, 0, 0, 0)
        row.addWidget(self._step, 1)
        row.addWidget(self.back_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.why_not)
        layout.addLayout(first)
        layout.addWidget(self.strip)
        layout.addWidget(self._odd)
        layout.addWidget(self.panel)
        layout.addWidget(self._unsaved)
        self.strip.wanted.connect(self.panel.ask)
        self.back_button.clicked.connect(lambda _checked=False: presenter.take_back())
        presenter.changed.connect(lambda _column: self._show())
        self._show()

    def field(self, column: str) -> QWidget | None:
        """The field of a column; None where a page has it."""
        if column == cols.NAME:
            return self.title
        if column == cols.STAGE:
            return next((one for one in self.strip.buttons.values() if one.isEnabled()), self.title)
        return None

    def _show(self) -> None:
        step, stage = self._presenter.last_step, self._presenter.pilot.stage
        self._unsaved.setVisible(step is not None)
        if step is not None:
            self._step.say(tr("Not saved yet: {what}, {day}", what=what(step), day=step.at[:10]))
        odd = ""
        if stage not in words.STAGES:
            odd = (
                tr("“{stage}” is no stage of a pilot. Choose the one that it is in.", stage=stage)
                if stage
                else tr("The pilot has no stage. Choose the one that it is in.")
            )
        self._odd.say(odd)
