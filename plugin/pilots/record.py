"""One pilot as a value: read from a row of the working copy, changed by `replace`, written back without loss."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from ..workcopy.columns import GEOMETRY, ID, KEY
from ..workcopy.geometry import wkb_of
from . import parts
from . import schema as cols
from . import vocabulary as words
from .mapping import OURS, RATING, PilotMapping
from .parts import Assessment, DataLink, StageChange
from .values import as_date, as_number, as_text, raw_list, read_list, written_list

_READERS = {
    cols.HISTORY: parts.stage_change,
    cols.DATA_USED: parts.data_link,
    cols.DATA_PRODUCED: parts.data_link,
    **dict.fromkeys(words.CONDITIONS, parts.assessment),
}


@dataclass(frozen=True)
class Pilot:
    """One pilot area. ``wkb`` is its geometry in EPSG:``srid``, east/north, as ISO WKB; None without one.

    ``row`` is what was read, by the names of the server; what is not changed is written back as it came. ``unreadable``
    names our columns whose text could not be read: it is kept.
    """

    name: str = ""
    stage: str = words.IDEA
    summary: str = ""
    theme: str = ""
    stop_reason: str = ""
    history: tuple[StageChange, ...] = ()
    start: date | None = None
    end: date | None = None
    lead: str = ""
    partners: tuple[str, ...] = ()
    contact: str = ""
    budget_band: str = ""
    budget: float | None = None
    data_used: tuple[DataLink, ...] = ()
    data_produced: tuple[DataLink, ...] = ()
    technical: tuple[Assessment, ...] = ()
    human: tuple[Assessment, ...] = ()
    institutional: tuple[Assessment, ...] = ()
    integration: str = ""
    collaboration: str = ""
    wkb: bytes | None = None
    srid: int = 28992
    fid: int | None = None
    twin_id: str | None = None
    unreadable: tuple[str, ...] = ()
    row: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def key(self) -> str:
        """What tells it from others in one working copy: the twin's id, else its row."""
        return self.twin_id or f"fid:{self.fid}"

    @property
    def label(self) -> str:
        return self.name or self.key

    def condition(self, name: str) -> tuple[Assessment, ...]:
        """The assessed criteria of ``technical``, ``human`` or ``institutional``."""
        return {words.TECHNICAL: self.technical, words.HUMAN: self.human, words.INSTITUTIONAL: self.institutional}[name]

    def free_texts(self) -> Iterator[tuple[str, str]]:
        """``(column, text)`` of all that people wrote, texts inside structured parts included."""
        for column, text in _plain(self):
            if text:
                yield column, text
        for change in self.history:
            yield from ((cols.HISTORY, text) for text in (change.reason, change.by) if text)
        for name in words.CONDITIONS:
            yield from ((name, one.evidence) for one in self.condition(name) if one.evidence)
        for column, links in ((cols.DATA_USED, self.data_used), (cols.DATA_PRODUCED, self.data_produced)):
            yield from ((column, link.title) for link in links if link.title)


def read_pilot(row: Mapping[str, Any], srid: int = 28992, mapping: PilotMapping = OURS) -> Pilot:
    """The pilot in a row: column name → value as SQLite or QGIS gives it (JSON as text or as lists).

    ``row`` may hold the geometry as GeoPackage blob in ``geom``. Never raises for what a column holds.
    """

    def cell(ours: str) -> Any:
        return row.get(mapping.column(ours))

    unreadable = [name for name in cols.STRUCTURED if not raw_list(cell(name))[1]]
    unreadable += [name for name in (cols.START, cols.END) if cell(name) not in (None, "") and not as_date(cell(name))]
    blob, fid, twin_id = row.get(GEOMETRY), row.get(KEY), row.get(ID)
    return Pilot(
        name=as_text(cell(cols.NAME)),
        stage=mapping.word(cols.STAGE, as_text(cell(cols.STAGE))),
        summary=as_text(cell(cols.SUMMARY)),
        theme=mapping.word(cols.THEME, as_text(cell(cols.THEME))),
        stop_reason=as_text(cell(cols.STOP_REASON)),
        history=in_order(read_list(cell(cols.HISTORY), parts.stage_change)),
        start=as_date(cell(cols.START)),
        end=as_date(cell(cols.END)),
        lead=as_text(cell(cols.LEAD)),
        partners=partners_of(cell(cols.PARTNERS)),
        contact=as_text(cell(cols.CONTACT)),
        budget_band=mapping.word(cols.BAND, as_text(cell(cols.BAND))),
        budget=as_number(cell(cols.BUDGET)),
        data_used=read_list(cell(cols.DATA_USED), parts.data_link),
        data_produced=read_list(cell(cols.DATA_PRODUCED), parts.data_link),
        technical=_judged(cell(words.TECHNICAL), mapping),
        human=_judged(cell(words.HUMAN), mapping),
        institutional=_judged(cell(words.INSTITUTIONAL), mapping),
        integration=as_text(cell(cols.INTEGRATION)),
        collaboration=as_text(cell(cols.COLLABORATION)),
        wkb=wkb_of(blob) if isinstance(blob, bytes) and blob[:2] == b"GP" else None,
        srid=srid,
        fid=fid if isinstance(fid, int) else None,
        twin_id=as_text(twin_id) or None,
        unreadable=tuple(unreadable),
        row=dict(row),
    )


def written(pilot: Pilot, mapping: PilotMapping = OURS) -> dict[str, Any]:
    """The columns that differ from ``pilot.row``, by the server's names, as SQLite stores them (dates as ISO text, JSON
    as text). Empty where nothing was changed. The geometry is not among them: the map edits it."""
    before = read_pilot(pilot.row, pilot.srid, mapping)
    out: dict[str, Any] = {}
    for column, text in _plain(pilot):
        if text != dict(_plain(before))[column]:
            out[mapping.column(column)] = text or None
    for column, word, old in (
        (cols.STAGE, pilot.stage, before.stage),
        (cols.THEME, pilot.theme, before.theme),
        (cols.BAND, pilot.budget_band, before.budget_band),
    ):
        if word != old:
            out[mapping.column(column)] = mapping.their_word(column, word) or None
    for column, day, was in ((cols.START, pilot.start, before.start), (cols.END, pilot.end, before.end)):
        if day != was:
            out[mapping.column(column)] = day.isoformat() if day else None
    if pilot.budget != before.budget:
        out[mapping.column(cols.BUDGET)] = pilot.budget
    for column, entries, had in (
        (cols.HISTORY, pilot.history, before.history),
        (cols.DATA_USED, pilot.data_used, before.data_used),
        (cols.DATA_PRODUCED, pilot.data_produced, before.data_produced),
        *((name, pilot.condition(name), before.condition(name)) for name in words.CONDITIONS),
    ):
        if entries != had:
            name = mapping.column(column)
            theirs = entries
            if column in words.CONDITIONS:
                theirs = _in_their_words(entries, had, pilot.row.get(name), mapping)
            out[name] = written_list(pilot.row.get(name), theirs, _READERS[column])
    return out


def _judged(value: Any, mapping: PilotMapping) -> tuple[Assessment, ...]:
    found = read_list(value, parts.assessment)
    if RATING not in mapping.values:
        return found
    return tuple(replace(one, rating=mapping.word(RATING, one.rating)) for one in found)


def _in_their_words(entries: Any, had: Any, before: Any, mapping: PilotMapping) -> Any:
    """Ratings as the server calls them; a judgement that nobody touched keeps the very word it had."""
    if RATING not in mapping.values:
        return entries
    kept = list(zip(had, read_list(before, parts.assessment)))
    return tuple(
        next((raw for read, raw in kept if read == one), replace(one, rating=mapping.their_word(RATING, one.rating)))
        for one in entries
    )


def for_layer(values: Mapping[str, Any], mapping: PilotMapping = OURS) -> dict[str, Any]:
    """What `written` gives as a QGIS layer takes it: JSON columns as lists. A layer given their text would store the
    text as one JSON string."""
    structured = {mapping.column(name) for name in cols.STRUCTURED}
    return {
        name: raw_list(value)[0] if name in structured and isinstance(value, str) else value
        for name, value in values.items()
    }


def partners_of(value: Any) -> tuple[str, ...]:
    """Organisations from text with semicolons (or line breaks) between, or from a list."""
    entries, readable = raw_list(value) if not isinstance(value, str) or value.lstrip().startswith("[") else ([], False)
    found = [as_text(entry) for entry in entries] if readable else re.split(r"[;\n]", as_text(value))
    return tuple(part.strip() for part in found if part.strip())


def in_order(history: tuple[StageChange, ...]) -> tuple[StageChange, ...]:
    """By time; entries of one moment as they came."""
    return tuple(sorted(history, key=lambda change: change.at))


def _plain(pilot: Pilot) -> Iterator[tuple[str, str]]:
    yield cols.NAME, pilot.name
    yield cols.SUMMARY, pilot.summary
    yield cols.STOP_REASON, pilot.stop_reason
    yield cols.LEAD, pilot.lead
    yield cols.PARTNERS, "; ".join(pilot.partners)
    yield cols.CONTACT, pilot.contact
    yield cols.INTEGRATION, pilot.integration
    yield cols.COLLABORATION, pilot.collaboration
