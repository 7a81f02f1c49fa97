"""What is said above a column whose text cannot be read: that it is kept, and what it is."""

from __future__ import annotations

from qgis.PyQt.QtWidgets import QVBoxLayout, QWidget

from ...pilots import schema as cols
from ...text import tr
from ..notice import Notice
from .dialog_presenter import DialogPresenter

_MOST = 600  # characters of the text that are shown


class UnreadableNotice(QWidget):
    """Hidden where the column was readable when the form was opened."""

    def __init__(self, presenter: DialogPresenter, column: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._notice = Notice()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._notice)
        raw = presenter.raw(column)
        self.setVisible(column in presenter.pilot.unreadable)
        if column not in presenter.pilot.unreadable:
            return
        shown = raw if len(raw) <= _MOST else raw[:_MOST] + "…"
        if column in (cols.START, cols.END):
            words = tr(
                "{column} holds text that is no date. It stays as it is until you choose a day, which replaces it: "
                "{found}",
                column=cols.title(column),
                found=shown,
            )
        else:
            words = tr(
                "{column} holds text that cannot be read. It stays as it is; what you fill in is written beside it, "
                "and the text is kept: {found}",
                column=cols.title(column),
                found=shown,
            )
        self._notice.say(words)

    @property
    def text(self) -> str:
        """What it says; "" while it is hidden."""
        return self._notice.text
