"""The SQL of the sensors: the tables, and what a query's options become. All that is built from parts is built here.

Links become ``IN (SELECT …)``, so that SQLite may begin at whichever end is shorter; values are always bound.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Union

from ..web import Problem
from . import times
from .filters import Compare, Group, Node, Not, Path, Spatial, TextTest, Time, Value
from .model import BOOLEAN, KINDS, NUMBER, TEXT, Kind, Link, Prop
from .options import Options, Order

FORMAT = 1
TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT NOT NULL, description TEXT NOT NULL, properties TEXT);
CREATE TABLE location (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, description TEXT NOT NULL, encodingType TEXT NOT NULL,
  location TEXT NOT NULL, properties TEXT, feature INTEGER);
CREATE TABLE thing_location (
  thing INTEGER NOT NULL, location INTEGER NOT NULL, PRIMARY KEY (thing, location)) WITHOUT ROWID;
CREATE INDEX location_thing ON thing_location (location, thing);
CREATE TABLE historical (id INTEGER PRIMARY KEY, time INTEGER NOT NULL, thing INTEGER NOT NULL);
CREATE INDEX historical_thing ON historical (thing);
CREATE TABLE historical_place (
  historical INTEGER NOT NULL, location INTEGER NOT NULL, PRIMARY KEY (historical, location)) WITHOUT ROWID;
CREATE INDEX place_historical ON historical_place (location, historical);
CREATE TABLE sensor (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, description TEXT NOT NULL, encodingType TEXT NOT NULL,
  metadata TEXT NOT NULL, properties TEXT);
CREATE TABLE observed_property (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, definition TEXT NOT NULL, description TEXT NOT NULL, properties TEXT);
CREATE TABLE feature_of_interest (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, description TEXT NOT NULL, encodingType TEXT NOT NULL,
  feature TEXT NOT NULL, properties TEXT);
CREATE TABLE datastream (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, description TEXT NOT NULL, observationType TEXT NOT NULL,
  unitOfMeasurement TEXT NOT NULL, observedArea TEXT, properties TEXT, thing INTEGER NOT NULL, sensor INTEGER NOT NULL,
  observed_property INTEGER NOT NULL);
CREATE INDEX datastream_thing ON datastream (thing);
CREATE INDEX datastream_sensor ON datastream (sensor);
CREATE INDEX datastream_property ON datastream (observed_property);
CREATE TABLE observation (
  id INTEGER PRIMARY KEY, datastream INTEGER NOT NULL, feature_of_interest INTEGER, t0 INTEGER NOT NULL,
  t1 INTEGER NOT NULL, resultTime INTEGER, result, result_type INTEGER NOT NULL, resultQuality TEXT, validTime TEXT,
  parameters TEXT);
CREATE INDEX observation_latest ON observation (datastream, t1);
CREATE INDEX observation_time ON observation (t1);
CREATE INDEX observation_feature ON observation (feature_of_interest);
"""
INSERT_OBSERVATION = "INSERT INTO observation VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_OPERATORS = {"eq": "=", "ne": "IS NOT", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
Params = list[Any]


@dataclass
class Condition:
    """A WHERE clause under construction: its parts, all of which must hold, and the values in their order."""

    parts: list[str] = field(default_factory=list)
    values: Params = field(default_factory=list)

    def add(self, part: str, *values: Any) -> None:
        self.parts.append(part)
        self.values += values

    @property
    def text(self) -> str:
        return f" WHERE {' AND '.join(self.parts)}" if self.parts else ""


def select(kind: Kind, condition: Condition, options: Options) -> tuple[str, Params]:
    """The page's rows, and one more where there are more: ``kind.columns`` each."""
    where = _with_filter(kind, condition, options)
    tail = f"{where.text} ORDER BY {_order_by(kind, options.order)} LIMIT ? OFFSET ?"
    listing = f"SELECT {_columns(kind, options)} FROM {kind.table}{tail}"  # nosec B608 - names of the model
    return listing, [*where.values, options.top + 1, options.skip]


def count(kind: Kind, condition: Condition, options: Options) -> tuple[str, Params]:
    where = _with_filter(kind, condition, options)
    return f"SELECT count(*) FROM {kind.table}{where.text}", where.values  # nosec B608 - names of the model


def by_ids(kind: Kind, ids: list[int], options: Options) -> tuple[str, Params]:
    """The rows of these ids, in no order."""
    which = "id IN (SELECT value FROM json_each(?))"
    listing = f"SELECT {_columns(kind, options)} FROM {kind.table} WHERE {which}"  # nosec B608 - names of the model
    return listing, [json.dumps(ids)]


def _columns(kind: Kind, options: Options) -> str:
    """Nothing is worked out that is not shown."""
    idle = [prop for prop in kind.props if prop.computed and options.select and prop.name not in options.select]
    nothing = {column for prop in idle for column in prop.columns}
    return ", ".join("NULL" if column in nothing else column for column in kind.columns)


def exists(kind: Kind) -> str:
    return f"SELECT 1 FROM {kind.table} WHERE id = ?"  # nosec B608 - names of the model


def insert(table: str, values: dict[str, Any]) -> tuple[str, Params]:
    """``table`` and the columns are names of the model."""
    marks = ", ".join("?" * len(values))
    statement = f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})"  # nosec B608 - names of the model
    return statement, [*values.values()]


def update(kind: Kind, entity: int, values: dict[str, Any]) -> tuple[str, Params]:
    changes = ", ".join(f"{column} = ?" for column in values)
    statement = f"UPDATE {kind.table} SET {changes} WHERE id = ?"  # nosec B608 - names of the model
    return statement, [*values.values(), entity]


def delete(table: str, column: str, value: int) -> tuple[str, Params]:
    return f"DELETE FROM {table} WHERE {column} = ?", [value]  # nosec B608 - names of the model


def ids_of(kind: Kind, column: str, value: int) -> tuple[str, Params]:
    return f"SELECT id FROM {kind.table} WHERE {column} = ?", [value]  # nosec B608 - names of the model


def related(link: Link, parent: int) -> Condition:
    """The condition on the link's target for the many of one parent."""
    target, condition = KINDS[link.target], Condition()
    if link.via:
        pairs = f"SELECT {link.other} FROM {link.via} WHERE {link.own} = ?"  # nosec B608 - names of the model
        condition.add(f"{target.table}.id IN ({pairs})", parent)
    else:
        condition.add(f"{target.table}.{link.column} = ?", parent)
    return condition


def _with_filter(kind: Kind, condition: Condition, options: Options) -> Condition:
    if options.where is None:
        return condition
    text, values = _node(kind, options.where)
    return Condition([*condition.parts, text], [*condition.values, *values])


def _node(kind: Kind, node: Node) -> tuple[str, Params]:
    if isinstance(node, Group):
        parts, values = [], []
        for inner in node.parts:
            text, more = _node(kind, inner)
            parts.append(text)
            values += more
        return f"({f' {node.word} '.join(parts)})", values
    if isinstance(node, Not):
        text, values = _node(kind, node.inner)
        return f"NOT coalesce({text}, 0)", values  # what cannot be compared is not so
    return _leaf(kind, node, node.path.steps)


_Leaf = Union[Compare, TextTest, Spatial]


def _leaf(kind: Kind, node: _Leaf, steps: tuple[str, ...]) -> tuple[str, Params]:
    link = kind.link(steps[0]) if len(steps) > 1 else None
    if link is None:
        return _test(kind, node, steps)
    target = KINDS[link.target]
    if steps[1:] in (("id",), ("@iot.id",)) and not link.many and isinstance(node, Compare):
        return _compared(f"{kind.table}.{link.column}", node.operator, _id_value(node.value))
    text, values = _leaf(target, node, steps[1:])
    if not link.many:
        inner = f"SELECT id FROM {target.table} WHERE {text}"  # nosec B608 - names of the model
        return f"{kind.table}.{link.column} IN ({inner})", values
    if link.via:
        inner = f"SELECT id FROM {target.table} WHERE {text}"  # nosec B608 - names of the model
        pairs = f"SELECT {link.own} FROM {link.via} WHERE {link.other} IN ({inner})"  # nosec B608 - names of the model
        return f"{kind.table}.id IN ({pairs})", values
    inner = f"SELECT {link.column} FROM {target.table} WHERE {text}"  # nosec B608 - names of the model
    return f"{kind.table}.id IN ({inner})", values


def _test(kind: Kind, node: _Leaf, steps: tuple[str, ...]) -> tuple[str, Params]:
    if len(steps) == 1 and steps[0] in ("id", "@iot.id"):
        if isinstance(node, Compare):
            return _compared(f"{kind.table}.id", node.operator, _id_value(node.value))
        raise Problem(400, "$filter: an id is compared with a number.")
    prop = _prop(kind, steps, "$filter")
    if isinstance(node, Spatial):
        if prop.type != "geometry" or len(steps) > 1:
            raise Problem(400, f"$filter: {'/'.join(steps)} is no geometry.")
        return f"relates({prop.columns[0]}, ?, ?)", [node.shape, node.relation]
    if prop.type in ("time", "period"):
        return _time_test(prop, node)
    if prop.type == "result":
        return _result_test(prop, node, node.path)
    column, values = prop.columns[0], []
    if len(steps) > 1:
        column, values = f"json_extract({column}, ?)", ["$" + "".join(f'."{step}"' for step in steps[1:])]
    elif prop.type in ("json", "geometry") and not (isinstance(node, Compare) and node.value is None):
        raise Problem(400, f"$filter: {prop.name} is an object; name one of its members, such as {prop.name}/name.")
    text, more = _scalar(_folded(column, node.path), node)
    return text, [*values, *more]


def _scalar(column: str, node: Compare | TextTest | Spatial) -> tuple[str, Params]:
    if isinstance(node, TextTest):
        if node.test == "contains":
            return f"instr({column}, ?) > 0", [node.value]
        if node.test == "startswith":
            return f"substr({column}, 1, ?) = ?", [len(node.value), node.value]
        return f"(? = '' OR substr({column}, -?) = ?)", [node.value, len(node.value), node.value]
    if not isinstance(node, Compare):
        raise Problem(400, "$filter: this is no geometry.")
    return _compared(
        column, node.operator, times.text(node.value.micros) if isinstance(node.value, Time) else node.value
    )


def _compared(column: str, operator: str, value: Value) -> tuple[str, Params]:
    if value is None:
        if operator not in ("eq", "ne"):
            raise Problem(400, "$filter: null can only be compared by eq and ne.")
        return f"{column} IS {'NOT ' if operator == 'ne' else ''}NULL", []
    return f"{column} {_OPERATORS[operator]} ?", [int(value) if isinstance(value, bool) else value]


def _id_value(value: Value) -> Value:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)  # clients that take every id for a text
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise Problem(400, "$filter: ids are whole numbers here.")


def _time_test(prop: Prop, node: _Leaf) -> tuple[str, Params]:
    """Periods: before, after, or within from begin to end (eq: both are that instant)."""
    if not isinstance(node, Compare):
        raise Problem(400, f"$filter: {prop.name} is a time.")
    begin, end = prop.columns[0], prop.columns[-1]
    value = node.value
    if isinstance(value, str):
        try:
            value = Time(times.parse(value))
        except ValueError as error:
            raise Problem(400, f"$filter: {error}.") from error
    if value is None:
        return _compared(begin, node.operator, None)
    if not isinstance(value, Time):
        raise Problem(400, f"$filter: {prop.name} is compared with a time such as 2026-08-21T14:00:00Z.")
    at, operator = value.micros, _OPERATORS[node.operator]
    if begin == end or node.operator in ("lt", "le"):
        return f"{end} {operator} ?", [at]
    if node.operator == "ne":
        return f"({begin} IS NOT ? OR {end} IS NOT ?)", [at, at]
    return f"({end} {operator} ? AND {begin} {operator} ?)", [at, at]  # the end first: it has the index


def _result_test(prop: Prop, node: _Leaf, path: Path) -> tuple[str, Params]:
    """A result is compared with a literal of its own JSON type; another type is neither less nor more."""
    column, kind = prop.columns
    if isinstance(node, Compare) and node.value is None:
        return _compared(column, node.operator, None)
    if isinstance(node, TextTest):
        wanted = TEXT
    else:
        value = node.value if isinstance(node, Compare) else None
        wanted = BOOLEAN if isinstance(value, bool) else NUMBER if isinstance(value, (int, float)) else TEXT
    text, values = _scalar(_folded(column, path), node)
    if isinstance(node, Compare) and node.operator == "ne":
        return f"({kind} <> {wanted} OR {text})", values
    return f"({kind} = {wanted} AND {text})", values


def _folded(column: str, path: Path) -> str:
    return f"{path.fold}({column})" if path.fold in ("lower", "upper") else column


def _prop(kind: Kind, steps: tuple[str, ...], option: str) -> Prop:
    prop = kind.prop(steps[0])
    if prop is None:
        names = ", ".join(["id", *(one.name for one in kind.props), *(link.name for link in kind.links)])
        raise Problem(400, f"{option}: {kind.name} have no {steps[0]}. They have {names}.")
    if len(steps) > 1 and prop.type not in ("json", "geometry"):
        raise Problem(400, f"{option}: {prop.name} has no members.")
    return prop


def _order_by(kind: Kind, orders: tuple[Order, ...]) -> str:
    """Ends with the id, so that pages do not overlap; downwards where the last order is, so that one index serves."""
    parts = [f"{_expression(kind, order.path)}{' DESC' if order.descending else ''}" for order in orders]
    parts.append(f"{kind.table}.id{' DESC' if orders and orders[-1].descending else ''}")
    return ", ".join(parts)


def _expression(kind: Kind, steps: tuple[str, ...]) -> str:
    link = kind.link(steps[0]) if len(steps) > 1 else None
    if link is not None:
        if link.many:
            raise Problem(400, f"$orderby: {kind.name} have many {link.name}.")
        target = KINDS[link.target]
        inner = _expression(target, steps[1:])
        same = f"{target.table}.id = {kind.table}.{link.column}"
        return f"(SELECT {inner} FROM {target.table} WHERE {same})"  # nosec B608 - names of the model
    if steps in (("id",), ("@iot.id",)):
        return f"{kind.table}.id"
    prop = _prop(kind, steps, "$orderby")
    if len(steps) > 1:
        path = "$" + "".join(f'."{_plain(step)}"' for step in steps[1:])
        return f"json_extract({prop.columns[0]}, '{path}')"
    return prop.columns[1] if prop.type == "period" else prop.columns[0]  # by its end


def _plain(step: str) -> str:
    if not step.replace("_", "").replace("-", "").isalnum():
        raise Problem(400, f"$orderby: {step!r} is no name of a member.")
    return step
