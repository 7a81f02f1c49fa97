"""All about the chosen pilot at a glance: where it stands, why it fades, what is wrong and what mends that."""

from __future__ import annotations

from qgis.PyQt.QtCore import QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ...map.pilots.book import Record
from ...pilots import stages
from ...pilots import vocabulary as words
from ...pilots.problems import Problem
from ...text import tr
from ..dim import dimmed
from ..icons import icon
from . import page_rows as rows
from .form_problems import severity_icon, severity_title
from .page_days import day
from .page_marks import fading_icon, stage_icon

_ICON = 16


class PilotDetails(QScrollArea):
    """``zoom_wanted`` and ``fix_wanted`` carry a Problem of the pilot that is shown."""

    zoom_wanted = pyqtSignal(object)
    fix_wanted = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: tuple[Record | None, bool, str] | None = None
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(tr("The chosen pilot"))

    def show_record(self, record: Record | None, able: bool, hint: str = "") -> None:
        """A pilot as it is now; ``hint`` where none is chosen. ``able``: problems can be mended."""
        if (record, able, hint) == self._shown:
            return
        before = self._shown[0] if self._shown is not None else None
        same = before is not None and record is not None and (before.path, before.key) == (record.path, record.key)
        scrolled = self.verticalScrollBar().value() if same else 0
        self._shown = (record, able, hint)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(4)
        if record is None:
            column.addWidget(dimmed(_label(hint)))
        else:
            self._fill(column, record, able)
        column.addStretch(1)
        self.setWidget(body)  # the former one is deleted
        self.verticalScrollBar().setValue(scrolled)

    def _fill(self, column: QVBoxLayout, record: Record, able: bool) -> None:
        pilot = record.pilot
        title = _label(rows.title(record))
        font = title.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.1)
        title.setFont(font)
        column.addWidget(title)
        column.addLayout(_line(stage_icon(pilot.stage, self), _stage(record)))
        new = rows.newness(record)
        if new:
            column.addLayout(_line(icon("change-insert"), new))
        facts = [
            (tr("Dates"), rows.dates(pilot.start, pilot.end, day)),
            (tr("Theme"), words.theme_title(pilot.theme) if pilot.theme else ""),
            (tr("Lead"), pilot.lead),
        ]
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        for name, fact in facts:
            if fact:
                at = grid.rowCount()
                grid.addWidget(dimmed(_label(name, wrap=False)), at, 0, Qt.AlignmentFlag.AlignTop)
                grid.addWidget(_label(fact), at, 1)
        column.addLayout(grid)
        if pilot.stop_reason and pilot.stage == words.STOPPED:
            column.addWidget(_label(pilot.stop_reason))
        if record.fading:
            column.addWidget(_heading(tr("Why It Fades")))
            for reason in record.fading:
                column.addLayout(_line(fading_icon(), reason.sentence))
        if record.problems:
            column.addWidget(_heading(tr("Problems")))
            for problem in record.problems:
                column.addWidget(self._problem(problem, able))

    def _problem(self, problem: Problem, able: bool) -> QWidget:
        row = QWidget()
        row.setObjectName(f"CityTwinProblem_{problem.code}")
        grid = QGridLayout(row)
        grid.setContentsMargins(0, 2, 0, 2)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        sign = QLabel()
        sign.setPixmap(severity_icon(problem.severity).pixmap(QSize(_ICON, _ICON)))
        sign.setAccessibleName(severity_title(problem.severity))
        sign.setFixedWidth(_ICON)
        grid.addWidget(sign, 0, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(_label(problem.sentence), 0, 1)
        if problem.box is not None or problem.column == "geom":
            zoom = QToolButton()
            zoom.setIcon(icon("mActionZoomToSelected.svg"))
            zoom.setAutoRaise(True)
            zoom.setToolTip(tr("Show This Place on the Map"))
            zoom.setAccessibleName(tr("Show This Place on the Map"))
            zoom.clicked.connect(lambda _checked=False: self.zoom_wanted.emit(problem))
            grid.addWidget(zoom, 0, 2, Qt.AlignmentFlag.AlignTop)
        if problem.advice:
            grid.addWidget(dimmed(_label(problem.advice)), 1, 1, 1, 2)
        if problem.fix is not None:
            fix = QPushButton(problem.fix.label)
            fix.setToolTip(tr("Mend this now; it can be undone or discarded afterwards"))
            fix.setEnabled(able)
            fix.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
            fix.clicked.connect(lambda _checked=False: self.fix_wanted.emit(problem))
            grid.addWidget(fix, 2, 1, 1, 2, Qt.AlignmentFlag.AlignLeft)
        return row


def _stage(record: Record) -> str:
    stage = words.stage_title(record.pilot.stage) or tr("No Stage")
    since = stages.since(record.pilot)
    return tr("{stage} since {day}", stage=stage, day=day(since)) if since else stage


def _line(sign: QIcon, text: str) -> QHBoxLayout:
    picture = QLabel()
    picture.setPixmap(sign.pixmap(QSize(_ICON, _ICON)))
    picture.setFixedWidth(_ICON)
    line = QHBoxLayout()
    line.setSpacing(8)
    line.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
    line.addWidget(_label(text), 1)
    return line


def _heading(text: str) -> QLabel:
    label = dimmed(_label(text))
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    label.setContentsMargins(0, 6, 0, 0)
    return label


def _label(text: str, wrap: bool = True) -> QLabel:
    """Plain text that can be copied."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(wrap)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
