"""What drawing an area shows in the dock: area, checks, and how to go on. It decides nothing."""

from __future__ import annotations

from qgis.PyQt.QtCore import QSize, Qt
from qgis.PyQt.QtGui import QPainter, QPaintEvent
from qgis.PyQt.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ...text import number, tr
from ..dim import dimmed
from ..icons import icon
from ..notice import Notice
from ..status_line import ElidedLabel
from .draw_area import How, Verdict
from .draw_guide import GuideLine
from .draw_problems import ProblemList
from .draw_take import TakeBox

_SMALL = QSize(16, 16)


class DrawView(QWidget):
    """Its parts are connected by `draw.DrawPanel`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = ElidedLabel()
        _embolden(self.title, 1.1)
        self.guide = GuideLine()
        self.notice = Notice()
        self.draw_button = _choice("mActionCapturePolygon.svg", tr("&Draw on the Map"))
        self.take_button = _choice("mActionSelectRectangle.svg", tr("&Take Selected"))
        self.take_button.setToolTip(tr("Take the area from features that are selected in any layer"))
        self.take = TakeBox()
        self.hows = QButtonGroup(self)
        self._how_row = QWidget()
        self.snap = QCheckBox(tr("Snap to edges"))
        self.avoid = QCheckBox(tr("Avoid overlaps"))
        self.avoid.setToolTip(
            tr(
                "Leaves out the ground of pilots that run at the same time, or whose dates are not known. Stopped "
                "ones do not count."
            )
        )
        self.undo_button = _small("mActionUndo.svg", tr("Undo the last change of the area"))
        self.redo_button = _small("mActionRedo.svg", tr("Redo what was undone"))
        self.size = QLabel()
        self._aside = dimmed(QLabel())
        self._fine = QWidget()
        self.problems = ProblemList()
        self._why = dimmed(QLabel())
        self.continue_button = QPushButton(tr("&Continue"))
        self.cancel_button = QPushButton(tr("Cancel"))
        for label in (self.size, self._aside, self._why):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        _embolden(self.size)
        self._lay_out()

    # -- what is shown

    def show_how(self, visible: bool, how: How) -> None:
        """Whether, and how, a new piece goes with the area that is there."""
        self._how_row.setVisible(visible)
        for button in self.hows.buttons():
            button.setChecked(self.hows.id(button) == list(How).index(how))

    def show_verdict(self, verdict: Verdict, notes: tuple[str, ...], checking: bool) -> None:
        """Size, problems and notes."""
        if verdict.area is not None and verdict.perimeter is not None:
            self.size.setText(
                tr("{area} m², {perimeter} m around", area=_amount(verdict.area), perimeter=_amount(verdict.perimeter))
            )
        else:
            self.size.setText(tr("No area yet") if verdict.pilot.wkb is None else tr("Its size is not known"))
        aside = list(notes)
        if verdict.avoided >= 1:
            aside.append(tr("{area} m² were left to other pilots.", area=number(verdict.avoided)))
        self._aside.setText("\n".join(aside))
        self._aside.setVisible(bool(aside))
        # that there is no area is no news while there is none
        shown = [problem for problem in verdict.problems if problem.code != "no-area"]
        self.problems.show_problems(shown)
        self._fine.setVisible(verdict.pilot.wkb is not None and not shown and not checking)

    def show_hindrance(self, why: str) -> None:
        """Why one cannot go on; "" where one can."""
        self._why.setText(why)
        self._why.setVisible(bool(why))
        self.continue_button.setEnabled(not why)

    @property
    def hindrance(self) -> str:
        return str(self._why.text())

    # -- layout

    def _lay_out(self) -> None:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(10, 6, 10, 6)
        column.setSpacing(6)
        for part in (
            _heading(tr("1  Area")), self._buttons(), self._hows(), self.take, self._switches(),
            _heading(tr("2  Checks")), self._figures(), self._aside, self._nothing_wrong(), self.problems,
        ):  # fmt: skip
            column.addWidget(part)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inner)
        head = QHBoxLayout()
        head.setContentsMargins(10, 6, 10, 4)
        head.addWidget(self.title)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        for widget in (self.guide, self.notice):
            layout.addWidget(widget)
        layout.addWidget(area, 1)
        layout.addWidget(self._foot())

    def _buttons(self) -> QWidget:
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.draw_button, 1)
        layout.addWidget(self.take_button, 1)
        return row

    def _hows(self) -> QWidget:
        texts = {
            How.REPLACE: (tr("Replace it"), tr("What is drawn or taken next replaces the area")),
            How.ADD: (tr("Add to it"), tr("What is drawn or taken next is added to the area")),
            How.CUT: (tr("Cut out of it"), tr("What is drawn or taken next is cut out of the area")),
        }
        buttons = []
        for number_, (text, tip) in enumerate(texts.values()):
            button = QRadioButton(text)
            button.setToolTip(tip)
            self.hows.addButton(button, number_)
            buttons.append(button)
        layout = QHBoxLayout(self._how_row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        for button in buttons:
            layout.addWidget(button)
        layout.addStretch(1)
        return self._how_row

    def _switches(self) -> QWidget:
        column = QWidget()
        layout = QVBoxLayout(column)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.snap)
        layout.addWidget(self.avoid)
        return column

    def _figures(self) -> QWidget:
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.size, 1)
        layout.addWidget(self.undo_button)
        layout.addWidget(self.redo_button)
        return row

    def _nothing_wrong(self) -> QWidget:
        mark, words = QLabel(), QLabel(tr("Nothing is wrong with the area."))
        mark.setPixmap(icon("mIconSuccess.svg").pixmap(_SMALL))
        mark.setFixedSize(_SMALL)
        layout = QHBoxLayout(self._fine)
        layout.setContentsMargins(6, 5, 4, 5)
        layout.setSpacing(8)
        layout.addWidget(mark)
        layout.addWidget(words, 1)
        return self._fine

    def _foot(self) -> QWidget:
        foot = _Foot()
        layout = QHBoxLayout(foot)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(6)
        layout.addWidget(self._why, 1)
        layout.addStretch(0)
        layout.addWidget(self.cancel_button)
        layout.addWidget(self.continue_button)
        return foot


def _amount(value: float) -> str:
    return number(value, ",.1f" if value < 100 else ",.0f")


def _choice(name: str, text: str) -> QPushButton:
    button = QPushButton(icon(name), text)
    button.setCheckable(True)
    button.setAutoDefault(False)
    # two of them share the width, however long their words are
    button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    return button


def _small(name: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setIcon(icon(name))
    button.setIconSize(_SMALL)
    button.setAutoRaise(True)
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    return button


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    _embolden(label)
    label.setContentsMargins(0, 6, 0, 0)
    return label


def _embolden(label: QLabel, factor: float = 1.0) -> None:
    font = label.font()
    font.setBold(True)
    font.setPointSizeF(font.pointSizeF() * factor)
    label.setFont(font)


class _Foot(QWidget):
    """With a hairline above, in the theme's own colour."""

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        colour = self.palette().mid().color()
        colour.setAlpha(120)
        painter.setPen(colour)
        painter.drawLine(0, 0, self.width(), 0)
        painter.end()
