"""Entities as JSON text. Text is put together from text, without a tree of objects between: an overlay of ten thousand
datastreams with all that belongs to them is one answer."""

from __future__ import annotations

import json
import sqlite3
from json.encoder import encode_basestring as quoted
from typing import Any

from ..web import Problem
from . import sql, times
from .model import BOOLEAN, KINDS, STRUCTURE, TEXT, Kind, Link, Prop
from .options import Options
from .sql import Condition

Row = tuple[Any, ...]
_MAX_ROWS = 300_000  # entities that are read for one answer
_MAX_TEXT = 100_000_000  # characters that are written for it; an entity within three others counts four times


class Reader:
    """Reads within one moment. ``root``: the URL of the service, without its last slash."""

    def __init__(self, db: sqlite3.Connection, root: str) -> None:
        self._db, self._root = db, root
        self._rows_left, self._text_left = _MAX_ROWS, _MAX_TEXT

    def one(self, kind: Kind, entity: int, options: Options) -> str | None:
        rows = self._db.execute(*sql.by_ids(kind, [entity], options)).fetchall()
        return self._texts(kind, rows, options)[0] if rows else None

    def page(self, kind: Kind, condition: Condition, options: Options, url: str) -> str:
        """The answer for a set of entities that is at ``url``."""
        rows, more = self._rows(kind, condition, options)
        parts = []
        if options.count:
            parts.append(f'"@iot.count":{self._count(kind, condition, options)}')
        if more:
            parts.append(f'"@iot.nextLink":{quoted(f"{url}?{options.next_query()}")}')
        parts.append(f'"value":[{",".join(self._texts(kind, rows, options))}]')
        return "{" + ",".join(parts) + "}"

    def row(self, kind: Kind, entity: int) -> Row | None:
        found: Row | None = self._db.execute(*sql.by_ids(kind, [entity], Options())).fetchone()
        return found

    def holds(self, kind: Kind, condition: Condition, entity: int) -> bool:
        """Whether an entity is in a set."""
        within = Condition([*condition.parts, f"{kind.table}.id = ?"], [*condition.values, entity])
        return self._count(kind, within, Options()) > 0

    def _rows(self, kind: Kind, condition: Condition, options: Options) -> tuple[list[Row], bool]:
        return self._fetch(*sql.select(kind, condition, options), options)

    def _fetch(self, statement: str, values: list[Any], options: Options) -> tuple[list[Row], bool]:
        if not options.top:
            return [], False
        rows = self._db.execute(statement, values).fetchall()
        self._rows_left -= len(rows)
        if self._rows_left < 0:
            raise Problem(400, f"This asks for more than {_MAX_ROWS:,} entities in one answer. Ask for less by $top.")
        return rows[: options.top], len(rows) > options.top

    def _count(self, kind: Kind, condition: Condition, options: Options) -> int:
        return int(self._db.execute(*sql.count(kind, condition, options)).fetchone()[0])

    def _texts(self, kind: Kind, rows: list[Row], options: Options) -> list[str]:
        """Each level of ``$expand`` is read for all rows of the level above at once."""
        expanded: list[list[str]] = []
        for name, inner in options.expand.items():
            link = kind.link(name)
            if link is not None:
                expanded.append((self._many if link.many else self._single)(kind, link, rows, inner))
        head = f"{self._root}/{kind.name}("
        writers = _writers(kind, options)
        links = _link_writers(kind, options)
        shown = not options.select
        found = []
        for i, row in enumerate(rows):
            link_to = f"{head}{row[0]})"
            parts = []
            if shown or "@iot.id" in options.select:
                parts.append(f'"@iot.id":{row[0]}')
            if shown or "@iot.selfLink" in options.select:
                parts.append(f'"@iot.selfLink":"{link_to}"')
            for key, place, write, nullable in writers:
                value = row[place]
                if value is not None or nullable:
                    parts.append(key + write(row, place))
            parts += [f'"{name}@iot.navigationLink":"{link_to}/{name}"' for name in links]
            parts += [column[i] for column in expanded]
            text = "{" + ",".join(parts) + "}"
            self._text_left -= len(text)
            if self._text_left < 0:
                raise Problem(400, "The answer to this would be too large. Ask for less by $top or $select.")
            found.append(text)
        return found

    def _single(self, kind: Kind, link: Link, rows: list[Row], options: Options) -> list[str]:
        target, place = KINDS[link.target], kind.places[link.name]
        ids = sorted({row[place] for row in rows if row[place] is not None})
        others = self._db.execute(*sql.by_ids(target, ids, options)).fetchall()
        texts = dict(zip((other[0] for other in others), self._texts(target, others, options)))
        return [f'"{link.name}":{texts.get(row[place], "null")}' for row in rows]

    def _many(self, kind: Kind, link: Link, rows: list[Row], options: Options) -> list[str]:
        target, name = KINDS[link.target], link.name
        flat: list[Row] = []
        bounds: list[tuple[int, int, str]] = []
        statement, values = sql.select(target, sql.related(link, 0), options)  # the parent is its first value
        query = options.next_query()
        for row in rows:
            values[0] = row[0]
            others, more = self._fetch(statement, values, options)
            extra = ""
            if options.count:
                extra = f'"{name}@iot.count":{self._count(target, sql.related(link, row[0]), options)},'
            if more:
                url = f"{self._root}/{kind.name}({row[0]})/{name}?{query}"
                extra += f'"{name}@iot.nextLink":{quoted(url)},'
            bounds.append((len(flat), len(flat) + len(others), extra))
            flat += others
        texts = self._texts(target, flat, options)
        return [f'{extra}"{name}":[{",".join(texts[start:end])}]' for start, end, extra in bounds]


def property_text(kind: Kind, prop: Prop, row: Row) -> str | None:
    """One property's JSON; None where the entity has none."""
    place = kind.places[prop.name]
    if row[place] is None and not prop.nullable:
        return None
    return _WRITE[prop.type](row, place)


def observation_text(row: Row, root: str) -> str:
    """An observation as the store has it (see ``store.Row``), as subscribers get it."""
    number, datastream, feature, begin, end, moment, result, result_type, quality, valid, parameters = row
    ordered = (number, begin, end, moment, result, result_type, quality, valid, parameters, datastream, feature)
    return Reader(_NOBODY, root)._texts(KINDS["Observations"], [ordered], Options())[0]


def _writers(kind: Kind, options: Options) -> list[tuple[str, int, Any, bool]]:
    return [
        (f'"{prop.name}":', kind.places[prop.name], _WRITE[prop.type], prop.nullable)
        for prop in kind.props
        if not options.select or prop.name in options.select
    ]


def _link_writers(kind: Kind, options: Options) -> list[str]:
    return [
        link.name
        for link in kind.links
        if link.name not in options.expand and (not options.select or link.name in options.select)
    ]


def _text(row: Row, place: int) -> str:
    return quoted(row[place])


def _raw(row: Row, place: int) -> str:
    return str(row[place])


def _time(row: Row, place: int) -> str:
    return "null" if row[place] is None else f'"{times.text(row[place])}"'


def _period(row: Row, place: int) -> str:
    return f'"{times.period_text(row[place], max(row[place], row[place + 1]))}"'


def _result(row: Row, place: int) -> str:
    value, kind = row[place], row[place + 1]
    if value is None:
        return "null"
    if kind == TEXT:
        return quoted(value)
    if kind == BOOLEAN:
        return "true" if value else "false"
    return str(value) if kind == STRUCTURE else json.dumps(value)


_WRITE = {"text": _text, "json": _raw, "geometry": _raw, "time": _time, "period": _period, "result": _result}
_NOBODY: Any = None  # nothing is looked up for a row that is at hand
