"""The form's first page: what the pilot is, who leads it, what it costs, and when it is."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from ...pilots import schema as cols
from ...pilots import vocabulary as words
from ...text import tr
from ..dim import dimmed
from .dialog_presenter import DialogPresenter
from .form_amount import AmountField
from .form_dates import DateField
from .form_fields import ChoiceField, LongText, TextField
from .form_label import ColumnLabel
from .form_partners import PartnersField
from .form_unreadable import UnreadableNotice


class GeneralPage(QWidget):
    """``field(column)`` is what a problem leads to."""

    def __init__(self, presenter: DialogPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self._fields: dict[str, QWidget] = {}
        self._form = QFormLayout(self)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._form.setContentsMargins(2, 2, 8, 2)
        self._build()
        presenter.changed.connect(self._changed)
        self._changed("")

    def field(self, column: str) -> QWidget | None:
        """The field of a column; None where another page has it."""
        return self._fields.get(column)

    def finish(self) -> None:
        """What is typed and not added yet is meant, too."""
        self._partners.add()

    def _build(self) -> None:
        one = self._presenter
        self._stopped = LongText(one, cols.STOP_REASON, lines=2)
        self._stopped_label = self._row(cols.STOP_REASON, self._stopped)
        summary = LongText(one, cols.SUMMARY, lines=4, placeholder=tr("What is tried, for whom, in a few sentences"))
        self._row(cols.SUMMARY, summary)
        self._row(cols.THEME, ChoiceField(one, cols.THEME, words.THEMES, words.theme_title))
        start, end = DateField(one, cols.START), DateField(one, cols.END)
        self._fields[cols.END] = end
        label = ColumnLabel(one, cols.END, end)
        days = self._beside((start, 1), (label, 0), (end, 1))
        self._row(cols.START, self._below_notices((cols.START, cols.END), days), start)
        lead = TextField(one, cols.LEAD, placeholder=tr("The organisation or department that leads"))
        self._row(cols.LEAD, lead)
        self._partners = PartnersField(one)
        self._row(cols.PARTNERS, self._partners)
        hint = tr("A role, never a person: for example “programme manager”")
        self._row(cols.CONTACT, TextField(one, cols.CONTACT, placeholder=hint), hint=hint)
        band = ChoiceField(one, cols.BAND, words.BUDGET_BANDS, words.budget_title)
        budget = AmountField(one, cols.BUDGET)
        self._fields[cols.BUDGET] = budget
        exact = ColumnLabel(one, cols.BUDGET, budget, title=tr("Exact sum (€)"))
        hint = tr("A band can be told where the exact sum may not. One of the two is enough.")
        self._row(cols.BAND, self._beside((band, 1), (exact, 0), (budget, 1)), band, hint=hint)
        self._legend = QLabel()
        self._legend.setTextFormat(Qt.TextFormat.PlainText)
        self._legend.setWordWrap(True)
        self._form.addRow("", dimmed(self._legend))

    def _row(self, column: str, shown: QWidget, field: QWidget | None = None, hint: str = "") -> ColumnLabel:
        self._fields[column] = field or shown
        label = ColumnLabel(self._presenter, column, field or shown, hint=hint)
        self._form.addRow(label, shown)
        return label

    def _below_notices(self, columns: Sequence[str], field: QWidget) -> QWidget:
        all_of_it = QWidget()
        layout = QVBoxLayout(all_of_it)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for column in columns:
            layout.addWidget(UnreadableNotice(self._presenter, column))
        layout.addWidget(field)
        return all_of_it

    def _beside(self, *parts: tuple[QWidget, int]) -> QWidget:
        both = QWidget()
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        for part, stretch in parts:
            row.addWidget(part, stretch)
            if stretch:
                part.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        return both

    def _changed(self, column: str) -> None:
        pilot = self._presenter.pilot
        shown = pilot.stage == words.STOPPED or bool(pilot.stop_reason)
        if column in ("", cols.STAGE, cols.STOP_REASON):
            # while somebody types there, it does not go away
            shown = shown or self._stopped.edit.hasFocus()
            self._stopped.setVisible(shown)
            self._stopped_label.setVisible(shown)
            stage = words.stage_title(pilot.stage)
            self._legend.setText(tr("* needed in the present stage, {stage}", stage=stage))
