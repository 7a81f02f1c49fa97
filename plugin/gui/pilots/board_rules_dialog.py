"""When pilots count as fading: the numbers, agreed upon for a project."""

from __future__ import annotations

from dataclasses import replace

from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from ...map.pilots.rules import LINED, MOST_DAYS
from ...pilots.fading import RULES, Rules
from ...text import tr
from ..dim import dimmed
from .board_words import short_condition


class RulesDialog(QDialog):
    """``rules()`` are those that the user set. Nothing is kept here."""

    def __init__(self, rules: Rules, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Rules of Fading"))
        self._given = rules
        self.after_end = self._days(rules.after_end)
        self.to_decide = self._days(rules.to_decide)
        self.to_start = self._days(rules.to_start)
        self.quiet = self._days(rules.quiet)
        self.quiet_idea = self._days(rules.quiet_idea)
        self.line = QSpinBox()
        self.line.setRange(0, 100)
        self.line.setSuffix(" %")
        self.least = QSpinBox()
        self.least.setRange(1, 99)
        self.lined = {name: QCheckBox(short_condition(name)) for name in LINED}
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
        for text, box in (
            (tr("Running, past its &end for over"), self.after_end),
            (tr("Evaluated, un&decided for over"), self.to_decide),
            (tr("Idea or proposal, &start overdue for over"), self.to_start),
            (tr("No sign of &life for over"), self.quiet),
            (tr("No sign of life of an &idea for over"), self.quiet_idea),
            (tr("&Criteria met at least partly, under"), self.line),
            (tr("… of so &many rated ones, at least"), self.least),
        ):
            box.setAccessibleName(text.replace("&", ""))
            form.addRow(text, box)
        conditions = QHBoxLayout()
        for check in self.lined.values():
            conditions.addWidget(check)
        conditions.addStretch(1)
        form.addRow(tr("Conditions with that line"), conditions)
        about = QLabel(
            tr("Human conditions have no line: a number says nothing about people. They are matters for a meeting.")
            + " "
            + tr("The rules are kept in the project and hold for its map, list and board.")
        )
        about.setWordWrap(True)
        dimmed(about)
        ok, cancel = QDialogButtonBox.StandardButton.Ok, QDialogButtonBox.StandardButton.Cancel
        usual = QDialogButtonBox.StandardButton.RestoreDefaults
        self.buttons = QDialogButtonBox(ok | cancel | usual)
        # Qt has not all of QGIS's languages
        for button, words in ((ok, tr("OK")), (cancel, tr("Cancel")), (usual, tr("Usual Rules"))):
            self.buttons.button(button).setText(words)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.buttons.button(usual).clicked.connect(lambda _checked=False: self.show_rules(RULES))
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(about)
        layout.addWidget(self.buttons)
        self.show_rules(rules)

    def _days(self, days: int) -> QSpinBox:
        box = QSpinBox()
        box.setRange(0, MOST_DAYS)
        box.setSuffix(" " + tr("days"))
        box.setValue(days)
        return box

    def show_rules(self, rules: Rules) -> None:
        """Show these numbers."""
        self.after_end.setValue(rules.after_end)
        self.to_decide.setValue(rules.to_decide)
        self.to_start.setValue(rules.to_start)
        self.quiet.setValue(rules.quiet)
        self.quiet_idea.setValue(rules.quiet_idea)
        self.line.setValue(round(100 * rules.line))
        self.least.setValue(rules.least_rated)
        for name, check in self.lined.items():
            check.setChecked(name in rules.lined)

    def rules(self) -> Rules:
        """As they are set now."""
        return replace(
            self._given,
            after_end=self.after_end.value(),
            to_decide=self.to_decide.value(),
            to_start=self.to_start.value(),
            quiet=self.quiet.value(),
            quiet_idea=self.quiet_idea.value(),
            line=self.line.value() / 100,
            least_rated=self.least.value(),
            lined=tuple(name for name, check in self.lined.items() if check.isChecked()),
        )
