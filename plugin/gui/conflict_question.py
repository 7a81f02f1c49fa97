"""The question about a feature as a whole: one side deleted it, or both added it."""

from __future__ import annotations

from qgis.PyQt.QtCore import QRect, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QPalette, QPen, QResizeEvent
from qgis.PyQt.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QVBoxLayout,
    QWidget,
)

from ..text import tr
from ..workcopy.conflicts import Conflict
from .conflict_choices import Decision, Keep, asks_first, keep_of
from .conflict_colours import draw_mark
from .conflict_words import changed_titles
from .tool_tip import tool_tip

_PAD = 10
_MARK = 16


class BigChoice(QPushButton):
    """A large button with a mark, a title and a sentence; the chosen one is framed, and its mark is set."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sentence = ""
        self.setCheckable(True)
        self.setAutoDefault(False)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def tell(self, title: str, sentence: str) -> None:
        """What it does, and what that means."""
        self.setText(title)
        self._sentence = sentence
        self.setAccessibleName(title)
        self.setAccessibleDescription(sentence)
        self.setToolTip(tool_tip(sentence))
        self.setMinimumHeight(self.heightForWidth(self.width()))
        self.update()

    @property
    def sentence(self) -> str:
        return self._sentence

    def sizeHint(self) -> QSize:
        return QSize(260, self.heightForWidth(260))

    def minimumSizeHint(self) -> QSize:
        return QSize(180, 2 * self.fontMetrics().lineSpacing() + 2 * _PAD)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A layout in a splitter forgets height for width when room is scarce; the sentence is what decides."""
        super().resizeEvent(event)
        self.setMinimumHeight(self.heightForWidth(self.width()))

    def heightForWidth(self, width: int) -> int:
        """Room for the whole sentence."""
        room = QRect(0, 0, max(60, width - 3 * _PAD - _MARK), 10_000)
        wrap = int(Qt.AlignmentFlag.AlignTop) | int(Qt.TextFlag.TextWordWrap)
        needed = self.fontMetrics().boundingRect(room, wrap, self._sentence).height()
        return int(self.fontMetrics().lineSpacing() + needed + 2 * _PAD)

    def paintEvent(self, _event: QPaintEvent) -> None:
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.text = ""
        option.state &= ~QStyle.StateFlag.State_On  # a frame says it, not a shade of grey
        painter = QPainter(self)
        style = self.style()
        style.drawControl(QStyle.ControlElement.CE_PushButton, option, painter, self)
        if self.isChecked():
            colour = self.palette().color(QPalette.ColorRole.Highlight)
            painter.setPen(QPen(colour, 2))
            ground = QColor(colour)
            ground.setAlpha(36)
            painter.setBrush(ground)
            painter.drawRect(self.rect().adjusted(1, 1, -2, -2))
        line = self.fontMetrics().lineSpacing()
        mark = QRect(_PAD, _PAD + (line - _MARK) // 2, _MARK, _MARK)
        draw_mark(painter, mark, self.palette(), self.isChecked(), self.palette().color(QPalette.ColorRole.Highlight))
        colour = self.palette().color(QPalette.ColorRole.ButtonText)
        font = QFont(self.font())
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(colour)
        left = 2 * _PAD + _MARK
        width = self.width() - left - _PAD
        title = QFontMetrics(font).elidedText(self.text(), Qt.TextElideMode.ElideRight, width)
        painter.drawText(QRect(left, _PAD, width, line), int(Qt.AlignmentFlag.AlignVCenter), title)
        painter.setFont(self.font())
        colour.setAlphaF(0.75)
        painter.setPen(colour)
        whole = (self.height() - line - _PAD - 2) // line * line  # no half lines where there is no room
        below = QRect(left, _PAD + line, width, whole)
        flags = int(Qt.AlignmentFlag.AlignTop) | int(Qt.TextFlag.TextWordWrap)
        painter.drawText(below, flags, self._sentence)
        painter.end()


class ConflictQuestion(QWidget):
    """A sentence, and two large buttons of which the chosen one stays marked. Hidden where nothing is asked."""

    answered = pyqtSignal(str)  # "merged", "deleted" or "both"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._answers: tuple[Keep, Keep] = ("merged", "deleted")
        self._decision: Keep = ""
        self.sentence = QLabel()
        self.sentence.setWordWrap(True)
        font = QFont(self.sentence.font())
        font.setBold(True)
        self.sentence.setFont(font)
        self.buttons = (BigChoice(), BigChoice())
        row = QHBoxLayout()
        row.setSpacing(8)
        for at, button in enumerate(self.buttons):
            button.clicked.connect(lambda _checked=False, at=at: self._clicked(at))
            row.addWidget(button, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 2, 8, 4)
        layout.setSpacing(6)
        layout.addWidget(self.sentence)
        layout.addLayout(row)
        self.hide()

    def _clicked(self, at: int) -> None:
        self._mark()  # who presses the chosen one again takes nothing back
        self.answered.emit(self._answers[at])

    def _mark(self) -> None:
        for button, answer in zip(self.buttons, self._answers):
            button.setChecked(answer == self._decision)

    def show_conflict(self, conflict: Conflict | None, decision: Decision) -> None:
        """Ask about ``conflict``, or nothing."""
        if conflict is None or not asks_first(conflict):
            self.hide()
            return
        names = changed_titles(conflict)
        two = conflict.kind == "create-create"
        self._answers = ("merged", "both" if two else "deleted")
        self._decision = keep_of(conflict, decision)
        if two:
            self._say(
                tr("You both added a feature here. Is it the same thing?"),
                (tr("The Same Thing"), tr("It becomes one feature. Where you differ, choose below.")),
                (tr("Two Features"), tr("Both stay, one beside the other.")),
            )
        elif conflict.outside:
            self._ask_outside(conflict, names)
        elif conflict.mine_there:
            self._say(
                tr("They deleted this feature, you changed it. Should it stay?"),
                (tr("Keep It"), tr("With your changes ({names}). The twin gets it as a new feature.", names=names)),
                (tr("Delete It"), tr("Your changes ({names}) are given up.", names=names)),
            )
        else:
            self._say(
                tr("You deleted this feature, they changed it. Should it stay?"),
                (tr("Keep It"), tr("With their changes ({names}). It comes back to your map.", names=names)),
                (tr("Delete It"), tr("Their changes ({names}) are given up when you publish.", names=names)),
            )
        self._mark()
        self.show()

    def _ask_outside(self, conflict: Conflict, names: str) -> None:
        """The twin has no part in it: what is decided becomes an edit, or nothing."""
        if conflict.mine_there:
            self._say(
                tr("A field review deleted this feature, you changed it. Should it stay?"),
                (tr("Keep It"), tr("With your changes ({names}).", names=names)),
                (tr("Delete It"), tr("Your changes ({names}) are given up.", names=names)),
            )
        else:
            self._say(
                tr("This feature was deleted, and a field review changed it. Should it stay?"),
                (tr("Keep It"), tr("With the changes from outside ({names}). It comes back to your map.", names=names)),
                (tr("Delete It"), tr("The changes from outside ({names}) are given up.", names=names)),
            )

    def _say(self, sentence: str, *answers: tuple[str, str]) -> None:
        self.sentence.setText(sentence)
        for button, (title, text) in zip(self.buttons, answers):
            button.tell(title, text)
