"""The sections of a profile, one below the other: buildings, districts, layers, sensors, neighbours, what to know."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.gui import QgsCollapsibleGroupBoxBasic
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ...map.pilots.profiling import Outcome
from ...text import tr
from ...workcopy.source import Source
from ..dim import dimmed
from . import profile_rows as rows
from . import profile_words as words
from .profile_heading import Tiles
from .profile_periods import PeriodsChart
from .profile_rows import Table
from .profile_table import ProfileTable
from .profile_words import Fact

_NOTHING = Table((), ())


class ProfileSections(QWidget):
    """``layer_chosen(LayerShare)``, ``sensor_chosen(Sensor)``, ``neighbour_chosen(Neighbour)``: a row was clicked."""

    layer_chosen = pyqtSignal(object)
    sensor_chosen = pyqtSignal(object)
    neighbour_chosen = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tiles = Tiles()
        self.buildings = BuildingsSection()
        self.districts = TableSection(tr("Districts Touched"))
        self.layers = TableSection(tr("Every Layer"), tr("Click a layer to select what of it lies in the pilot."))
        self.sensors = TableSection(
            tr("Sensors"), tr("Figures are of the 24 hours up to the latest. Click a sensor to see it on the map.")
        )
        self.neighbours = TableSection(tr("Neighbouring Pilots"), tr("Click a pilot to see what lies inside it."))
        self.notes = NotesSection()
        self.layers.table.chosen.connect(self.layer_chosen)
        self.sensors.table.chosen.connect(self.sensor_chosen)
        self.neighbours.table.chosen.connect(self.neighbour_chosen)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        for part in (
            self.tiles, self.notes, self.buildings, self.districts, self.layers, self.sensors, self.neighbours
        ):  # fmt: skip
            layout.addWidget(part)
        layout.addStretch(1)

    def show_outcome(self, outcome: Outcome, sources: Sequence[Source]) -> None:
        """All of it."""
        profile = outcome.profile
        for part in (self.buildings, self.districts, self.layers, self.sensors):
            part.setVisible(outcome.whole)  # else the figures above say that nothing is known
        self.tiles.show_facts(words.counts(outcome))
        self.buildings.show_outcome(outcome, sources)
        self.districts.show_table(rows.districts(profile), words.no_districts(outcome))
        self.layers.show_table(rows.layers(profile), words.no_layers())
        self.sensors.show_table(rows.sensors(profile.sensors), words.no_sensors(outcome))
        self.neighbours.show_table(rows.neighbours(profile), words.no_neighbours())
        self.notes.show_notes(words.notes(outcome))


class BuildingsSection(QgsCollapsibleGroupBoxBasic):
    """Figures on the left, the chart of periods on the right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Buildings"), parent)
        self.setFlat(True)
        self.nothing = _sentence()
        self.facts = Facts()
        self.chart = PeriodsChart()
        beside = QHBoxLayout()
        beside.setSpacing(18)
        beside.addWidget(self.facts, 1, Qt.AlignmentFlag.AlignTop)
        beside.addWidget(self.chart, 1, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.addWidget(self.nothing)
        layout.addLayout(beside)

    def show_outcome(self, outcome: Outcome, sources: Sequence[Source]) -> None:
        """What is known of them."""
        facts, found = words.buildings(outcome, sources), outcome.profile.buildings
        self.nothing.setText("" if facts else words.no_buildings(outcome))
        self.nothing.setVisible(not facts)
        self.facts.show_facts(facts)
        self.facts.setVisible(bool(facts))
        unknown = found.count - found.years.count if found is not None and found.years is not None else 0
        self.chart.show_periods(found.periods if found is not None and facts else (), unknown)


class Facts(QWidget):
    """What each is on the left, and how much of it on the right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(14)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(1, 1)
        self._labels: list[tuple[QLabel, QLabel, QLabel]] = []

    def show_facts(self, facts: Sequence[Fact]) -> None:
        while len(self._labels) < len(facts):
            self._add()
        for place, (title, text, below) in enumerate(self._labels):
            fact = facts[place] if place < len(facts) else Fact("", "")
            title.setText(fact.title)
            text.setText(fact.text)
            below.setText(fact.below)
            below.setVisible(bool(fact.below))
            for label in (title, text):
                label.setVisible(bool(fact.title))

    def _add(self) -> None:
        row = 2 * len(self._labels)
        title, text, below = dimmed(QLabel()), _sentence(), dimmed(_sentence())
        title.setTextFormat(Qt.TextFormat.PlainText)
        self._grid.addWidget(title, row, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(text, row, 1)
        self._grid.addWidget(below, row + 1, 1)
        self._labels.append((title, text, below))


class TableSection(QgsCollapsibleGroupBoxBasic):
    """A table, or the sentence that says why there is none."""

    def __init__(self, title: str, hint: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self.setFlat(True)
        self.table = ProfileTable(_NOTHING, title)
        self.nothing, self._hint = _sentence(), dimmed(_sentence(hint))
        layout = QVBoxLayout(self)
        layout.setSpacing(4)
        for part in (self.nothing, self.table, self._hint):
            layout.addWidget(part)

    def show_table(self, table: Table, nothing: str) -> None:
        """``nothing``: what is said where the table has no rows."""
        some = bool(table.rows)
        self.nothing.setText("" if some else nothing)
        self.nothing.setVisible(not some)
        self.table.setVisible(some)
        self._hint.setVisible(some and bool(self._hint.text()))
        self.table.show_table(table)


class NotesSection(QgsCollapsibleGroupBoxBasic):
    """What the reader should know; hidden where that is nothing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("What to Know"), parent)
        self.setFlat(True)
        self.words = _sentence()
        layout = QVBoxLayout(self)
        layout.addWidget(self.words)

    def show_notes(self, notes: Sequence[str]) -> None:
        self.words.setText("\n".join(f"• {note}" for note in notes) if len(notes) > 1 else "".join(notes))
        self.setVisible(bool(notes))


def _sentence(text: str = "") -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
