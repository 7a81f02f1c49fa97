"""The name of a column beside its field, with a star where the present stage asks for it."""

from __future__ import annotations

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QLabel, QWidget

from ...pilots import schema as cols
from ...pilots import vocabulary as words
from ...text import tr
from ..tool_tip import tool_tip
from .dialog_presenter import DialogPresenter

STAR = "\u2009*"


class ColumnLabel(QLabel):
    """Follows the stage of the pilot; its ``field`` gets the same words for who cannot see them."""

    def __init__(
        self,
        presenter: DialogPresenter,
        column: str,
        field: QWidget,
        parent: QWidget | None = None,
        *,
        title: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setBuddy(field)
        self._presenter = presenter
        self._column = column
        self._field = field
        self._title = title or cols.title(column)
        self._hint = hint
        presenter.changed.connect(self._changed)
        self._show()

    def _changed(self, column: str) -> None:
        if column in ("", cols.STAGE):
            self._show()

    def _show(self) -> None:
        needed = self._presenter.required(self._column)
        self.setText(self._title + STAR if needed else self._title)
        said = [self._hint] if self._hint else []
        if needed:
            stage = words.stage_title(self._presenter.pilot.stage)
            said.append(tr("A pilot in the stage {stage} needs it.", stage=stage))
        if not self._presenter.has(self._column):
            said.append(tr("The twin has no place for it."))
        self.setToolTip(tool_tip("\n".join(said)))
        self._field.setAccessibleName(self._title)
        self._field.setAccessibleDescription(" ".join(said))
