"""``$filter``: from its text to a tree.

The subset: comparisons ``eq ne gt ge lt le`` of a property with a literal (number, 'text', true, false, null, time),
``and or not`` and parentheses; paths over links (``Datastream/id``, ``Observations/result``) and into objects
(``properties/lanes``, ``unitOfMeasurement/symbol``); ``startswith endswith contains substringof``, ``tolower
toupper``; ``st_within st_intersects geo.intersects`` with a literal ``geography'POLYGON ((…))'``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, Union

from ..web import Problem
from . import times
from .spatial import parse_wkt

Operator = Literal["eq", "ne", "gt", "ge", "lt", "le"]
Relation = Literal["within", "intersects"]
_FLIPPED: dict[str, Operator] = {"eq": "eq", "ne": "ne", "gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}
_TEXT_TESTS = ("startswith", "endswith", "contains", "substringof")
_SPATIAL: dict[str, Relation] = {
    "st_within": "within", "st_intersects": "intersects", "geo.intersects": "intersects"
}  # fmt: skip
_MAX_LENGTH, _MAX_DEPTH = 20_000, 60


@dataclass(frozen=True)
class Time:
    micros: int


Value = Union[None, bool, int, float, str, Time]


@dataclass(frozen=True)
class Path:
    """A property, by links; ``fold``: its text is compared in lower or upper case."""

    steps: tuple[str, ...]
    fold: str = ""


@dataclass(frozen=True)
class Compare:
    path: Path
    operator: Operator
    value: Value


@dataclass(frozen=True)
class TextTest:
    path: Path
    test: Literal["startswith", "endswith", "contains"]
    value: str


@dataclass(frozen=True)
class Spatial:
    """``shape`` is a GeoJSON geometry as text, longitude and latitude."""

    path: Path
    relation: Relation
    shape: str


@dataclass(frozen=True)
class Not:
    inner: Node


@dataclass(frozen=True)
class Group:
    """All of the parts (``and``), or any (``or``)."""

    word: Literal["AND", "OR"]
    parts: tuple[Node, ...]


Node = Union[Compare, TextTest, Spatial, Not, Group]
_TOKEN = re.compile(
    rf"""\s*(?:
      (?P<shape>(?:geography|geometry)'[^']*')
    | (?P<time>{times.PATTERN})
    | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)(?![\w])
    | (?P<text>'(?:[^']|'')*')
    | (?P<word>@?[A-Za-z_][\w.@-]*(?:/@?[A-Za-z_][\w.@-]*)*)
    | (?P<mark>[(),])
    )""",
    re.VERBOSE,
)


def parse_filter(text: str) -> Node:
    """The tree of a ``$filter``. Raises Problem 400 with the place that is not understood."""
    if len(text) > _MAX_LENGTH:
        raise Problem(400, f"$filter has more than {_MAX_LENGTH} characters.")
    parser = _Parser(text)
    found = parser.any_of()
    if parser.kind:
        raise parser.error("and, or, or the end")
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self._text, self._at, self._depth = text, 0, 0
        self.kind, self.word = "", ""
        self._step()

    def _step(self) -> str:
        """The token that was the next one; the one after it is it now."""
        was = self.word
        found = _TOKEN.match(self._text, self._at)
        self._start = self._at
        if found is None or found.lastgroup is None:
            if self._text[self._at :].strip():
                raise Problem(400, f"$filter is not understood from here: {self._text[self._at :].strip()[:60]!r}.")
            self.kind, self.word = "", ""
        else:
            self.kind, self.word = found.lastgroup, found[found.lastgroup]
            self._at = found.end()
        return was

    def error(self, expected: str) -> Problem:
        here = self._text[self._start :].strip()[:60]
        return Problem(400, f"$filter: {expected} was expected {f'at {here!r}' if here else 'at its end'}.")

    def _is(self, word: str) -> bool:
        return self.kind in ("word", "mark") and self.word.lower() == word

    def _take(self, mark: str) -> None:
        if not self._is(mark):
            raise self.error(mark)
        self._step()

    def any_of(self) -> Node:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise Problem(400, "$filter is nested too deeply.")
        parts = [self._all_of()]
        while self._is("or"):
            self._step()
            parts.append(self._all_of())
        self._depth -= 1
        return parts[0] if len(parts) == 1 else Group("OR", tuple(parts))

    def _all_of(self) -> Node:
        parts = [self._one()]
        while self._is("and"):
            self._step()
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Group("AND", tuple(parts))

    def _one(self) -> Node:
        if self._is("not"):
            self._step()
            self._depth += 1
            if self._depth > _MAX_DEPTH:
                raise Problem(400, "$filter is nested too deeply.")
            found = Not(self._one())
            self._depth -= 1
            return found
        if self._is("("):
            self._step()
            inner = self.any_of()
            self._take(")")
            return inner
        if self.kind == "word" and self.word.lower() in (*_TEXT_TESTS, *_SPATIAL):
            return self._test(self._step().lower())
        return self._comparison()

    def _test(self, name: str) -> Node:
        self._take("(")
        first = self._operand()
        self._take(",")
        second = self._operand()
        self._take(")")
        if name == "substringof":
            first, second = second, first
        truth = True
        if self._is("eq"):  # OData 2's way: substringof('a', name) eq true
            self._step()
            truth = self._operand() is not False
        if not isinstance(first, Path):
            first, second = second, first
        found: Node
        if name in _SPATIAL:
            if not isinstance(first, Path) or not isinstance(second, _Shape):
                raise Problem(400, f"$filter: {name} takes a property and a literal such as geography'POLYGON ((…))'.")
            found = Spatial(first, _SPATIAL[name], second.text)
        else:
            if not isinstance(first, Path) or not isinstance(second, str):
                raise Problem(400, f"$filter: {name} takes a property and a text in quotes.")
            test: Literal["startswith", "endswith", "contains"] = "contains"
            if name == "startswith":
                test = "startswith"
            elif name == "endswith":
                test = "endswith"
            found = TextTest(first, test, second)
        return found if truth else Not(found)

    def _comparison(self) -> Node:
        left = self._operand()
        word = self.word.lower() if self.kind == "word" else ""
        if word not in _FLIPPED:
            raise self.error("eq, ne, gt, ge, lt or le")
        self._step()
        right = self._operand()
        operator = _FLIPPED[_FLIPPED[word]]
        if not isinstance(left, Path):
            left, right, operator = right, left, _FLIPPED[word]
        if not isinstance(left, Path) or isinstance(right, (Path, _Shape)):
            raise Problem(400, "$filter: a comparison is between a property and a literal.")
        return Compare(left, operator, right)

    def _operand(self) -> Path | Value | _Shape:
        kind = self.kind
        if kind == "word":
            return self._word()
        if kind == "number":
            return _number(self._step())
        if kind == "text":
            return self._step()[1:-1].replace("''", "'")
        if kind == "time":
            return Time(_time(self._step()))
        if kind == "shape":
            try:
                return _Shape(parse_wkt(self._step().partition("'")[2][:-1]))
            except ValueError as error:
                raise Problem(400, f"$filter: {error}.") from error
        raise self.error("a property or a literal")

    def _word(self) -> Path | Value:
        word = self._step()
        if word in ("true", "false"):
            return word == "true"
        if word == "null":
            return None
        if word.lower() in ("tolower", "toupper") and self._is("("):
            self._step()
            inner = self._operand()
            self._take(")")
            if not isinstance(inner, Path):
                raise Problem(400, f"$filter: {word} takes a property.")
            return Path(inner.steps, word.lower()[2:])
        if self._is("("):
            raise Problem(400, f"$filter: the function {word} is not supported.")
        return Path(tuple(word.split("/")))


@dataclass(frozen=True)
class _Shape:
    text: str


def _number(text: str) -> int | float:
    try:
        value = int(text)
        return value if abs(value) < 2**63 else float(value)
    except ValueError:
        return float(text)


def _time(text: str) -> int:
    try:
        return times.parse(text)
    except ValueError as error:
        raise Problem(400, f"$filter: {error}.") from error
