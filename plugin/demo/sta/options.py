"""The query options of SensorThings: ``$filter $select $expand $orderby $top $skip $count``, inner ones included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from ..web import Problem
from .filters import Node, parse_filter
from .model import KINDS, Kind

DEFAULT_TOP, MAX_TOP = 100, 10_000  # entities of a page; more is clamped, as servers do
_MAX_DEPTH = 8
NAMES = ("$filter", "$select", "$expand", "$orderby", "$top", "$skip", "$count")


@dataclass(frozen=True)
class Order:
    """``path`` to a property, by links to one."""

    path: tuple[str, ...]
    descending: bool


@dataclass
class Options:
    """What is asked of one set of entities. ``expand`` is by the link's name; ``raw`` as it was written."""

    top: int = DEFAULT_TOP
    skip: int = 0
    count: bool = False
    where: Node | None = None
    select: frozenset[str] = frozenset()
    order: tuple[Order, ...] = ()
    expand: dict[str, Options] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)

    def next_query(self) -> str:
        """The query string of the page after this one."""
        raw = {**self.raw, "$top": str(self.top), "$skip": str(self.skip + self.top)}
        return "&".join(f"{quote(name, safe='$')}={quote(value, safe=_SAFE)}" for name, value in raw.items())


_SAFE = "$(),/:'@*"


def read_options(kind: Kind, query: Mapping[str, str], depth: int = 0) -> Options:
    """The options for entities of ``kind``. Raises Problem 400."""
    unknown = sorted(set(query) - set(NAMES))
    if unknown:
        raise Problem(400, f"Unknown query option: {', '.join(unknown)}. There are: {', '.join(NAMES)}.")
    found = Options(raw=dict(query))
    if "$top" in query:
        found.top = min(_whole(query, "$top"), MAX_TOP)
    if "$skip" in query:
        found.skip = _whole(query, "$skip")
    if "$count" in query:
        if query["$count"] not in ("true", "false"):
            raise Problem(400, f"$count must be true or false, not {query['$count']!r}.")
        found.count = query["$count"] == "true"
    if query.get("$filter"):
        found.where = parse_filter(query["$filter"])
    if query.get("$select"):
        found.select = frozenset(_selected(kind, name.strip()) for name in query["$select"].split(","))
    if query.get("$orderby"):
        found.order = tuple(_order(part) for part in split(query["$orderby"], ","))
    if query.get("$expand"):
        found.expand = _expand(kind, query["$expand"], depth)
    return found


def split(text: str, by: str) -> list[str]:
    """``text`` at each ``by`` that stands outside parentheses and quotes."""
    parts, depth, quoted, start = [], 0, False, 0
    for i, char in enumerate(text):
        if char == "'":
            quoted = not quoted  # a doubled quote inside a text switches twice
        elif quoted:
            continue
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth < 0:
                break
        elif char == by and not depth:
            parts.append(text[start:i])
            start = i + 1
    if depth or quoted:
        raise Problem(400, f"Parentheses or quotes do not match in {text!r}.")
    return [part.strip() for part in (*parts, text[start:]) if part.strip()]


def _expand(kind: Kind, text: str, depth: int) -> dict[str, Options]:
    """``A($top=1),B/C`` by name; what comes twice (``Thing,Thing/Locations``) is brought together."""
    if depth >= _MAX_DEPTH:
        raise Problem(400, f"$expand goes deeper than {_MAX_DEPTH} levels.")
    inner: dict[str, dict[str, str]] = {}
    for part in split(text, ","):
        path, opening, rest = part.partition("(")
        name, slash, further = path.strip().partition("/")
        link = kind.link(name.strip())
        if link is None:
            links = ", ".join(one.name for one in kind.links)
            raise Problem(400, f"$expand: {kind.name} have no {name.strip() or 'nameless link'}. They have {links}.")
        if opening and not rest.endswith(")"):
            raise Problem(400, f"$expand: {part!r} goes on after its parenthesis.")
        told = inner.setdefault(link.name, {})
        if slash:
            _add(told, {"$expand": further + opening + rest})
        elif opening:
            _add(told, _inner_query(rest[:-1]))
    return {
        name: read_options(KINDS[_target(kind, name)], told, depth + 1)
        for name, told in inner.items()
    }  # fmt: skip


def _inner_query(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in split(text, ";"):
        name, equals, value = part.partition("=")
        if not equals:
            raise Problem(400, f"$expand: {part!r} is no option such as $top=1.")
        found[name.strip()] = value.strip()
    return found


def _add(told: dict[str, str], more: dict[str, str]) -> None:
    for name, value in more.items():
        told[name] = f"{told[name]},{value}" if name in told and name in ("$expand", "$select") else value


def _target(kind: Kind, name: str) -> str:
    link = kind.link(name)
    return link.target if link else ""


def _selected(kind: Kind, name: str) -> str:
    if name in ("id", "@iot.id"):
        return "@iot.id"
    if name == "@iot.selfLink" or kind.prop(name) or kind.link(name):
        return name
    raise Problem(400, f"$select: {kind.name} have no {name or 'nameless property'}.")


def _order(text: str) -> Order:
    path, _, direction = text.partition(" ")
    direction = direction.strip().lower()
    if direction not in ("", "asc", "desc"):
        raise Problem(400, f"$orderby: {text!r} must end in asc or desc, or in neither.")
    return Order(tuple(part.strip() for part in path.split("/")), direction == "desc")


def _whole(query: Mapping[str, str], name: str) -> int:
    value = query[name]
    if not (value.isascii() and value.isdigit() and len(value) < 16):
        raise Problem(400, f"{name} must be a whole number, not {value!r}.")
    return int(value)
