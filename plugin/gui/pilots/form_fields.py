"""Fields of the form, each bound to one column of the draft: it shows what the draft holds and tells it what is typed.

A field never touches what the user did not: it writes only while it is edited.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qgis.PyQt.QtCore import QSignalBlocker, QSize, Qt
from qgis.PyQt.QtGui import QColor, QPalette, QWheelEvent
from qgis.PyQt.QtWidgets import QComboBox, QLabel, QLineEdit, QPlainTextEdit, QSizePolicy, QVBoxLayout, QWidget

from ...pilots.values import as_text
from ...text import number, tr
from ..dim import dimmed
from .dialog_presenter import DialogPresenter
from .form_limits import limit_of

_BAD = QColor(200, 69, 59)


class TextField(QLineEdit):
    """One line of text."""

    def __init__(
        self, presenter: DialogPresenter, column: str, parent: QWidget | None = None, *, placeholder: str = ""
    ) -> None:
        super().__init__(parent)
        self.setObjectName(f"CityTwinPilot_{column}")
        self._presenter = presenter
        self._column = column
        self.setReadOnly(not presenter.can_edit(column))
        self.setPlaceholderText("" if self.isReadOnly() else placeholder)
        self.textEdited.connect(lambda text: presenter.set(column, text))
        presenter.changed.connect(self._changed)
        self._changed("")

    def _changed(self, column: str) -> None:
        if column in ("", self._column) and self.text().strip() != self._presenter.value(self._column):
            self.setText(self._presenter.value(self._column))
            self.setCursorPosition(0)


class _Lines(QPlainTextEdit):
    """So many lines are enough; it may get more room, or less."""

    def __init__(self, lines: int) -> None:
        super().__init__()
        self._lines = lines

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self.fontMetrics().lineSpacing() * self._lines + 14)


class LongText(QWidget):
    """Some sentences, with a count below them where the column takes only so many characters. Tab leaves it."""

    def __init__(
        self,
        presenter: DialogPresenter,
        column: str,
        parent: QWidget | None = None,
        *,
        lines: int = 4,
        grows: bool = False,
        placeholder: str = "",
    ) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self._column = column
        self._limit = limit_of(column)
        self.edit = _Lines(lines)
        self.edit.setObjectName(f"CityTwinPilot_{column}")
        self.edit.setTabChangesFocus(True)
        self.edit.setReadOnly(not presenter.can_edit(column))
        self.edit.setPlaceholderText("" if self.edit.isReadOnly() else placeholder)
        if not grows:
            self.edit.setFixedHeight(self.edit.sizeHint().height())
            self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.counter = QLabel()
        self.counter.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.counter.setVisible(bool(self._limit))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        layout.addWidget(self.edit, 1)
        layout.addWidget(dimmed(self.counter))
        self.setFocusProxy(self.edit)
        self.edit.textChanged.connect(self._typed)
        presenter.changed.connect(self._changed)
        self._changed("")
        self._count()

    def setAccessibleName(self, name: str) -> None:
        """What the field is called, said by the part that has the keyboard."""
        self.edit.setAccessibleName(name)

    def setAccessibleDescription(self, text: str) -> None:
        """As above."""
        self.edit.setAccessibleDescription(text)

    def _typed(self) -> None:
        self._presenter.set(self._column, self.edit.toPlainText())
        self._count()

    def _changed(self, column: str) -> None:
        value = _lines(self._presenter.value(self._column))
        if column in ("", self._column) and self.edit.toPlainText().strip() != value.strip():
            with QSignalBlocker(self.edit):  # showing is no typing
                self.edit.setPlainText(value)
            self._count()

    def _count(self) -> None:
        length = len(self.edit.toPlainText().strip())
        self.counter.setText(tr("{n} of {most} characters", n=number(length), most=number(self._limit)))
        palette = QPalette(self.palette())
        if length > self._limit:
            palette.setColor(QPalette.ColorRole.WindowText, _BAD)
        self.counter.setPalette(palette)
        effect = self.counter.graphicsEffect()
        if effect is not None:
            effect.setEnabled(length <= self._limit)


class ChoiceField(QComboBox):
    """One of the words that a column takes; a word that is none of ours stays among them."""

    def __init__(
        self,
        presenter: DialogPresenter,
        column: str,
        choices: Sequence[str],
        title: Callable[[str], str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(f"CityTwinPilot_{column}")
        self._presenter = presenter
        self._column = column
        self._title = title
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.addItem(tr("(none)"), "")
        for word in choices:
            self.addItem(title(word), word)
        self.setEnabled(presenter.can_edit(column))
        self.activated.connect(lambda _at: presenter.set(column, as_text(self.currentData())))
        presenter.changed.connect(self._changed)
        self._changed("")

    def _changed(self, column: str) -> None:
        if column not in ("", self._column):
            return
        word = self._presenter.value(self._column)
        at = self.findData(word)
        if at < 0:
            self.addItem(self._title(word), word)
            at = self.count() - 1
        self.setCurrentIndex(at)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scrolling the page over it is no choice."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
