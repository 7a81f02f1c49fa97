"""Which pilots fade, as a QGIS expression: the map marks them in any QGIS, with or without this plugin.

It says what `pilots.fading.fading` says, with these exceptions. Where a layer lacks a column, or another type is in
it than the schema names, what depends on it is left out; `fading` then counts its values as empty. A criterion that is
assessed twice in one list counts twice; `fading` takes the later. Lists that are single objects are not read, and white
space around words inside a list is not taken off. The expression tells that a pilot fades, not why or for how long:
sentences are `fading`'s.

How it is written: QGIS takes twice as long to parse a function for each that it stands within, so that ten of them,
one in another, cost tens of milliseconds. Operators, CASE and coalesce cost nothing, and stand for functions here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qgis.core import QgsExpression

from ...pilots import schema as cols
from ...pilots import vocabulary as words
from ...pilots.fading import RULES, Rules
from ...pilots.mapping import OURS, PilotMapping
from ...workcopy.source import Source
from . import mappings

TODAY = "to_date(now())"
_WHEN = "try(to_date(left({text}, 10)))"


def fading_expression(source: Source, mapping: PilotMapping = OURS, rules: Rules = RULES, today: str = TODAY) -> str:
    """True for a feature that fades on ``today`` (an expression). Never fails, whatever a column holds."""
    return _Fading(source, mapping, mappings.columns(source, mapping), rules, today).expression()


def stage_is(column: str, mapping: PilotMapping, *stages: str) -> str:
    """Whether a feature is in one of ``stages`` (our words), whatever its server calls them."""
    ref = f"trim({QgsExpression.quotedColumnRef(column)})"
    table = mapping.values.get(cols.STAGE, {})
    theirs = [value for value, word in table.items() if word in stages]
    exact = [*(stage for stage in stages if table.get(stage, stage) in stages), *theirs]
    found = f"{ref} IN ({_quoted(exact)})"
    return f"({found} OR lower({ref}) IN ({_quoted(theirs)}))" if theirs else found


def entries(column: str) -> str:
    """The list in a JSON column, also where it comes as text."""
    ref = QgsExpression.quotedColumnRef(column)
    return f"coalesce(from_json({ref}), {ref}, array())"


def member(name: str) -> str:
    """A member of the entry at hand; null where it has none, or is no object."""
    return f"try(@element['{name}'])"


def has(name: str) -> str:
    """Whether the entry at hand has that member, and not an empty one."""
    return f"coalesce({member(name)}, '') <> ''"


@dataclass(frozen=True)
class _Fading:
    source: Source
    mapping: PilotMapping
    columns: Mapping[str, str]
    rules: Rules
    today: str

    def expression(self) -> str:
        parts = [self._past_its_end(), self._undecided(), self._not_started(), self._quiet()]
        parts += [self._below(condition) for condition in self.rules.lined]
        return "(" + " OR ".join(f"coalesce(try({part}), false)" for part in parts if part) + ")"

    def _past_its_end(self) -> str:
        end = self._date(cols.END)
        return f"{self._in(words.RUNNING)} AND {end} < {self._ago(self.rules.after_end)}" if end else ""

    def _undecided(self) -> str:
        end = self._date(cols.END) or "NULL"
        since = "NULL"
        if cols.HISTORY in self.columns:
            came = f"{member('to')} = '{words.EVALUATED}' AND coalesce({member('from')}, '') <> '{words.EVALUATED}'"
            days = f"CASE WHEN {came} THEN left({member('at')}, 10) END"
            found = f"array_foreach({entries(self.columns[cols.HISTORY])}, {days})"
            since = f"try(to_date(array_max({found})))"
        # the later of two dates of which either may be missing
        limit = self._ago(self.rules.to_decide)
        late = f"coalesce({since}, {end}) < {limit} AND coalesce({end}, {since}) < {limit}"
        return f"{self._in(words.EVALUATED)} AND {late}"

    def _not_started(self) -> str:
        start = self._date(cols.START)
        late = f"{start} < {self._ago(self.rules.to_start)}"
        return f"{self._in(words.IDEA, words.PROPOSED)} AND {late}" if start else ""

    def _quiet(self) -> str:
        if cols.HISTORY not in self.columns:
            return ""
        lists = [self._days(cols.HISTORY, "to", "at")]
        lists += [self._days(name, "criterion", "date") for name in words.CONDITIONS if name in self.columns]
        last = f"array_max(array_filter(array_cat({', '.join(lists)}), @element <= {self.today}))"
        idea = self._in(words.IDEA)
        others = self._in(words.PROPOSED, words.RUNNING, words.EVALUATED, words.SCALING)
        # an idea may be minutes old; any other stage without a history was never looked after
        never = f"CASE WHEN {others} THEN to_date('1000-01-01') END"
        days = ((idea, self.rules.quiet_idea), (others, self.rules.quiet))
        limit = " ".join(f"WHEN {stage} THEN {self._ago(limit)}" for stage, limit in days)
        return f"coalesce({last}, {never}) < CASE {limit} END"

    def _days(self, ours: str, needed: str, when: str) -> str:
        """The dates in a list, of those entries that have what they need."""
        days = f"CASE WHEN {has(needed)} THEN {_WHEN.format(text=member(when))} END"
        return f"array_foreach({entries(self.columns[ours])}, {days})"

    def _below(self, condition: str) -> str:
        if condition not in self.columns:
            return ""
        given = entries(self.columns[condition])
        met = f"{has('criterion')} AND {member('rating')} IN ({_quoted((words.MET, words.PARTLY))})"
        rated = f"{has('criterion')} AND {member('rating')} IN ({_quoted(words.RATED)})"
        met, rated = (f"array_length(array_filter({given}, {test}))" for test in (met, rated))
        stage = self._in(words.RUNNING, words.EVALUATED, words.SCALING)
        return f"{stage} AND {rated} >= {self.rules.least_rated} AND {met} < {self.rules.line!r} * {rated}"

    def _in(self, *stages: str) -> str:
        return stage_is(self.columns[cols.STAGE], self.mapping, *stages)

    def _date(self, ours: str) -> str:
        """A date column as a date; "" where there is none."""
        column = self.source.column(self.columns.get(ours, ""))
        if column is None:
            return ""
        ref = QgsExpression.quotedColumnRef(column.name)
        return f"to_date({ref})" if column.type in ("date", "date-time") else _WHEN.format(text=ref)

    def _ago(self, days: int) -> str:
        return f"({self.today} - to_interval('{days} days'))"


def _quoted(values: list[str] | tuple[str, ...]) -> str:
    return ", ".join(QgsExpression.quotedString(value) for value in values)
