"""A mapping while somebody makes it: which column is which, what values mean, and what is still missing. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ...map.pilots.mappings import NEEDED
from ...pilots import schema as cols
from ...pilots import vocabulary as words
from ...pilots.mapping import RATING, PilotMapping, guess
from ...pilots.record import Pilot, read_pilot
from ...text import tr, trn
from .mapping_sample import Sample

# columns of words → our words, and how they are called in the user's language
VOCABULARIES: dict[str, tuple[tuple[str, ...], Callable[[str], str]]] = {
    cols.STAGE: (words.STAGES, words.stage_title),
    cols.THEME: (words.THEMES, words.theme_title),
    cols.BAND: (words.BUDGET_BANDS, words.budget_title),
    RATING: (words.RATINGS, words.rating_title),
}
_PREVIEWED = 3


@dataclass(frozen=True)
class ColumnRow:
    """One column of a pilot. ``theirs`` is the collection's column, "" for none; ``fixed``: one is called as ours is,
    and is meant unless another one is chosen."""

    ours: str
    title: str
    needed: bool
    theirs: str
    fixed: bool
    examples: str


@dataclass(frozen=True)
class ValueRow:
    """One value of theirs. ``word`` is ours, "" where it means none of ours."""

    ours: str
    title: str
    theirs: str
    word: str


@dataclass(frozen=True)
class Draft:
    """Changed by making another: every method gives one, or tells."""

    sample: Sample
    mapping: PilotMapping

    @staticmethod
    def begun(sample: Sample, kept: PilotMapping | None) -> Draft:
        """What was kept for the collection; else a guess by the names and values that it has."""
        if kept is not None and kept.collection == sample.collection.id:
            return Draft(sample, kept)
        return Draft.guessed(sample)

    @staticmethod
    def guessed(sample: Sample) -> Draft:
        """By the names and values that the collection has."""
        found = guess(sample.collection.id, sample.names, {name: sample.values(name) for name in sample.names})
        draft = Draft(sample, found)
        for row in draft.values():
            meant = row.word or _meant(row.ours, row.theirs)
            if meant and meant != row.theirs:
                draft = draft.with_value(row.ours, row.theirs, meant)
        return draft

    # -- columns -----------------------------------------------------------------------------------------------------

    def theirs(self, ours: str) -> str:
        """The collection's column that is our ``ours``; "" where it has none."""
        name = self.mapping.column(ours)
        return name if name in self.sample.names else ""

    def columns(self) -> tuple[ColumnRow, ...]:
        """Every column of a pilot that a server may keep, in the schema's order."""
        out = []
        for one in cols.schema().properties:
            if one.name != cols.AREA:
                theirs = self.theirs(one.name)
                examples = self.sample.examples(theirs) if theirs else ""
                fixed = one.name in self.sample.names
                out.append(ColumnRow(one.name, cols.title(one.name), one.name in NEEDED, theirs, fixed, examples))
        return tuple(out)

    def with_column(self, ours: str, theirs: str) -> Draft:
        """With another column; "" for none. Values of the former column are forgotten."""
        if theirs == self.theirs(ours):
            return self
        kept = {name: column for name, column in self.mapping.columns.items() if name != ours}
        values = {name: table for name, table in self.mapping.values.items() if name != ours}
        columns = {**kept, ours: theirs} if theirs and theirs != ours else kept
        draft = Draft(self.sample, PilotMapping(self.mapping.collection, columns, values))
        held = draft._held(ours) if ours in VOCABULARIES else ()
        known = guess("", [ours], {ours: held}).values.get(ours, {})
        for value in held:
            meant = known.get(value) or _meant(ours, value)
            if meant and meant != value:
                draft = draft.with_value(ours, value, meant)
        return draft

    # -- values ------------------------------------------------------------------------------------------------------

    def values(self) -> tuple[ValueRow, ...]:
        """The values that the columns of words hold, each with what it means."""
        out = []
        for ours, (known, _title) in VOCABULARIES.items():
            for theirs in self._held(ours):
                word = self.mapping.word(ours, theirs)
                out.append(ValueRow(ours, value_title(ours), theirs, word if word in known else ""))
        return tuple(out)

    def _held(self, ours: str) -> tuple[str, ...]:
        if ours == RATING:
            columns = [self.theirs(name) for name in words.CONDITIONS]
            return tuple(dict.fromkeys(value for name in columns if name for value in self.sample.ratings(name)))
        theirs = self.theirs(ours)
        return self.sample.values(theirs) if theirs else ()

    def with_value(self, ours: str, theirs: str, word: str) -> Draft:
        """With another meaning of one value; "" for none of ours."""
        table = {value: meant for value, meant in self.mapping.values.get(ours, {}).items() if value != theirs}
        if word and word != theirs:
            table[theirs] = word
        others = {name: kept for name, kept in self.mapping.values.items() if name != ours}
        values = {**others, ours: table} if table else others
        return Draft(self.sample, replace(self.mapping, values=values))

    # -- what comes of it --------------------------------------------------------------------------------------------

    def preview(self) -> tuple[Pilot, ...]:
        """Some features as we would read them."""
        return tuple(read_pilot(row, mapping=self.mapping) for row in self.sample.rows[:_PREVIEWED])

    @property
    def obstacle(self) -> str:
        """Why this makes no pilots of the collection; empty where it does."""
        kind_of = self.sample.collection.geometry_type
        if kind_of and "Polygon" not in kind_of:
            return tr("This collection holds no areas. Choose one that does.")
        missing = [cols.title(name) for name in NEEDED if not self.theirs(name)]
        if missing:
            return tr("Choose the column of {columns}: without it there are no pilots.", columns=_listed(missing))
        kind = self.sample.schema.get(self.theirs(cols.STAGE))
        if kind is not None and kind.type != "string":
            return tr("The column {column} holds no words, so it cannot be the stage.", column=self.theirs(cols.STAGE))
        stages = [row for row in self.values() if row.ours == cols.STAGE]
        if stages and not any(row.word for row in stages):
            return tr("Say what at least one value of the stage means.")
        return ""

    def warnings(self) -> tuple[str, ...]:
        """What will be missing, in sentences."""
        out = []
        strange = [row.theirs for row in self.values() if row.ours == cols.STAGE and not row.word]
        if strange and not self.obstacle:
            out.append(
                trn(
                    "The value {values} means no stage: its pilots have none.",
                    "The values {values} mean no stage: their pilots have none.",
                    len(strange),
                    values=_listed(strange),
                )
            )
        missing = [row.ours for row in self.columns() if not row.theirs and not row.needed]
        if not {cols.BAND, cols.BUDGET} <= set(missing):  # either tells what it costs
            missing = [name for name in missing if name not in (cols.BAND, cols.BUDGET)]
        if cols.HISTORY in missing:
            out.append(tr("Without a history, changes of stage are not dated, and the last sign of life is not known."))
        if all(name in missing for name in words.CONDITIONS):
            out.append(tr("Without conditions, nobody can judge what a pilot lacks to scale."))
        rest = [cols.title(n) for n in missing if n != cols.HISTORY and n not in words.CONDITIONS]
        if rest:
            out.append(tr("Not there, and so always empty: {columns}.", columns=_listed(rest)))
        return tuple(out)


def value_title(ours: str) -> str:
    """What a column of words is called."""
    return tr("Rating") if ours == RATING else cols.title(ours)


def _meant(ours: str, theirs: str) -> str:
    """Our word that is called like a value, in English or in the user's language."""
    known, title = VOCABULARIES.get(ours, ((), str))
    wanted = theirs.strip().casefold().replace("_", " ")
    return next((word for word in known if wanted in (word.casefold(), title(word).casefold())), "")


def _listed(names: list[str]) -> str:
    return ", ".join(names)
