"""Pilots of servers that call things otherwise: which column of theirs is which of ours, as plain data.

The mapping is kept in the connection as JSON: ``{"collection": "proeftuinen", "columns": {"name": "naam", …},
"values": {"stage": {"loopt": "running"}}}``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import schema as cols
from .values import as_text

RATING = "rating"  # the key of the ratings among a mapping's values: they stand inside the conditions' lists
# what others call our columns, lower case; the first that a collection has is taken
_KNOWN_AS: dict[str, tuple[str, ...]] = {
    cols.NAME: ("title", "naam", "titel", "pilot", "pilotnaam", "projectnaam"),
    cols.SUMMARY: ("description", "omschrijving", "samenvatting", "beschrijving", "toelichting"),
    cols.THEME: ("thema", "topic"),
    cols.STAGE: ("phase", "status", "fase", "stadium"),
    cols.STOP_REASON: ("reden_stop", "reden_gestopt", "stopreden"),
    cols.HISTORY: ("history", "fasehistorie", "historie"),
    cols.START: ("start", "startdatum", "begindatum", "datum_start"),
    cols.END: ("end", "einddatum", "datum_eind"),
    cols.LEAD: ("trekker", "eigenaar", "owner", "opdrachtgever"),
    cols.PARTNERS: ("partijen", "samenwerking", "deelnemers"),
    cols.CONTACT: ("contact", "contactrol", "contactfunctie"),
    cols.BAND: ("budgetklasse",),
    cols.BUDGET: ("budget", "begroting", "kosten"),
    cols.DATA_USED: ("gebruikte_data",),
    cols.DATA_PRODUCED: ("opgeleverde_data",),
    "technical": ("technisch",),
    "human": ("menselijk",),
    "institutional": ("institutioneel",),
    cols.INTEGRATION: ("integratie",),
    cols.COLLABORATION: ("samenwerking_platform",),
}
_VALUES: dict[str, dict[str, str]] = {
    cols.STAGE: {
        "idee": "idea", "voorstel": "proposed", "voorgesteld": "proposed", "preparation": "proposed",
        "voorbereiding": "proposed", "loopt": "running", "lopend": "running", "actief": "running", "active": "running",
        "in uitvoering": "running", "evaluation": "evaluated", "evaluatie": "evaluated", "geëvalueerd": "evaluated",
        "opschaling": "scaling", "opschalen": "scaling", "geborgd": "embedded", "ingebed": "embedded",
        "gestopt": "stopped", "afgebroken": "stopped",
    },
}  # fmt: skip


@dataclass(frozen=True)
class PilotMapping:
    """``columns``: ours → theirs; ours that are not named go by their own name. ``values``: our column → their value →
    our word."""

    collection: str = cols.COLLECTION
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def column(self, ours: str) -> str:
        """Their name of our column."""
        return self.columns.get(ours, ours)

    def word(self, ours: str, theirs: str) -> str:
        """Our word for a value of theirs; a value that is not mapped as it is."""
        table = self.values.get(ours, {})
        return table.get(theirs) or table.get(theirs.strip().casefold()) or theirs

    def their_word(self, ours: str, word: str) -> str:
        """Their value for a word of ours; the first that means it."""
        return next((theirs for theirs, mine in self.values.get(ours, {}).items() if mine == word), word)

    def as_data(self) -> dict[str, Any]:
        """Plain data for the connection."""
        return {
            "collection": self.collection,
            "columns": dict(self.columns),
            "values": {name: dict(table) for name, table in self.values.items()},
        }


OURS = PilotMapping()


def from_data(data: Any) -> PilotMapping:
    """The mapping kept in a connection. What cannot be read of it is left out: it never fails."""
    if not isinstance(data, dict):
        return OURS
    columns, values = data.get("columns"), data.get("values")
    return PilotMapping(
        as_text(data.get("collection")) or cols.COLLECTION,
        _texts(columns),
        {str(name): _texts(table) for name, table in values.items()} if isinstance(values, dict) else {},
    )


def guess(collection: str, names: Iterable[str], seen: Mapping[str, Iterable[str]] | None = None) -> PilotMapping:
    """A mapping to start from, for a collection with columns ``names``: shown to the user, who corrects it.

    ``seen``: values that their columns hold, by their name; only those get a translation.
    """
    theirs = {name.casefold(): name for name in names}
    columns = {}
    for ours, others in _KNOWN_AS.items():
        if ours in theirs:
            if theirs[ours] != ours:
                columns[ours] = theirs[ours]
            continue
        found = next((theirs[other] for other in others if other in theirs), None)
        if found is not None and found not in columns.values():
            columns[ours] = found
    values: dict[str, dict[str, str]] = {}
    for ours, table in _VALUES.items():
        for value in (seen or {}).get(columns.get(ours, ours), ()):
            word = table.get(value.strip().casefold())
            if word:
                values.setdefault(ours, {})[value] = word
    return PilotMapping(collection, columns, values)


def _texts(table: Any) -> dict[str, str]:
    if not isinstance(table, dict):
        return {}
    return {str(key): value for key, value in table.items() if isinstance(value, str) and value}
