"""What the platform contributes to a pilot: bringing technology together, and bringing people together."""

from __future__ import annotations

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QLabel, QVBoxLayout, QWidget

from ...pilots import schema as cols
from ...text import tr
from ..dim import dimmed
from .dialog_presenter import DialogPresenter
from .form_fields import LongText
from .form_label import ColumnLabel


class PlatformPage(QWidget):
    """Two texts, each with what is meant by it."""

    def __init__(self, presenter: DialogPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fields = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 8, 2)
        for column, meant in (
            (
                cols.INTEGRATION,
                tr(
                    "What the twin brings together for this pilot: data, sensors, models and systems that did not "
                    "speak to each other before, and what that made possible."
                ),
            ),
            (
                cols.COLLABORATION,
                tr(
                    "Who works together because of the twin: departments, residents and companies who look at the same "
                    "city, and what they decided together."
                ),
            ),
        ):
            field = LongText(presenter, column, lines=4, grows=True)
            self._fields[column] = field
            label = ColumnLabel(presenter, column, field)
            font = label.font()
            font.setBold(True)
            label.setFont(font)
            about = QLabel(meant)
            about.setTextFormat(Qt.TextFormat.PlainText)
            about.setWordWrap(True)
            layout.addWidget(label)
            layout.addWidget(dimmed(about))
            layout.addWidget(field, 1)
            layout.addSpacing(8)

    def field(self, column: str) -> QWidget | None:
        """The field of a column; None where another page has it."""
        return self._fields.get(column)
