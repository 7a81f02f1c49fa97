"""What is said above a column whose text cannot be read: that it is kept, and what it is."""

from __future__ import annotations

from qgis.PyQt.QtWidgets import QVBoxLayout, QWidget

from ...pilots import schema as cols
from ...text import tr
from ..notice import Notice
from .dialog_presenter import DialogPresenter

_MOST = 600  # characters of the text that are shown


class UnreadableNotice(QWidget):
    """Hidden where the column was readable before anybody filled it in here."""

    def __init__(self, presenter: DialogPresenter, column: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self._column = column
        self._notice = Notice()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._notice)
        presenter.changed.connect(self._changed)
        self._changed("")

    def _changed(self, column: str) -> None:
        if column:  # what somebody fills in does not make the old text readable
            return
        unreadable = self._presenter.is_unreadable(self._column)
        self._notice.say(self._words() if unreadable else "")
        self.setVisible(unreadable)

    def _words(self) -> str:
        raw = self._presenter.raw(self._column)
        shown = raw if len(raw) <= _MOST else raw[:_MOST] + "…"
        if self._column in (cols.START, cols.END):
            return tr(
                "{column} holds text that is no date. It stays as it is until you choose a day, which replaces it: "
                "{found}",
                column=cols.title(self._column),
                found=shown,
            )
        return tr(
            "{column} holds text that cannot be read. It stays as it is; what you fill in is written beside it, "
            "and the text is kept: {found}",
            column=cols.title(self._column),
            found=shown,
        )

    @property
    def text(self) -> str:
        """What it says; "" while it is hidden."""
        return self._notice.text
