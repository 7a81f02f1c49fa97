"""What a result is: a number, a text, a boolean, an object, nothing, or a number that stands for "no measurement"."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Union

Value = Union[float, str, bool, None]

NUMBER = "number"
TEXT = "text"
BOOLEAN = "boolean"
OBJECT = "object"
NULL = "null"
# a number that is the source's sign for "nothing was measured" (-9999)
SENTINEL = "sentinel"
# a number at the end of what the source can write (65535): the true value may be anything above
CLAMPED = "clamped"
# no observation at all
NONE = "none"

NAN = math.nan
# -9999 and its kin; the least of 16-bit integers; the fill values of netCDF and of 32-bit rasters
SENTINELS = frozenset(
    {-9999.0, -99999.0, -999999.0, -999.0, -32768.0, -2147483648.0, 9.969209968386869e36, -3.4028234663852886e38}
)
_NOT_A_NUMBER = {"", "nan", "null", "none", "n/a", "na", "-", "--", "inf", "-inf", "infinity", "-infinity"}
_LONGEST = 2000


class ObservationLike(Protocol):
    """What this package reads of an observation, over HTTP or as a message. Times: seconds since 1970 UTC."""

    @property
    def time(self) -> float: ...
    @property
    def begin(self) -> float: ...
    @property
    def result(self) -> object: ...
    @property
    def result_time(self) -> float | None: ...


class UnitLike(Protocol):
    """A unit of measurement."""

    @property
    def name(self) -> str: ...
    @property
    def symbol(self) -> str: ...
    @property
    def definition(self) -> str: ...


class PropertyLike(Protocol):
    """An observed property."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def definition(self) -> str: ...
    @property
    def description(self) -> str: ...


class DatastreamLike(Protocol):
    """What this package reads of a datastream."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def unit(self) -> UnitLike | None: ...
    @property
    def observed_property(self) -> PropertyLike: ...
    @property
    def observation_type(self) -> str: ...
    @property
    def topic(self) -> str: ...
    @property
    def latest(self) -> ObservationLike | None: ...


@dataclass(frozen=True)
class Rule:
    """How the results of one datastream are read.

    ``numeric``: its type says that results are numbers, so a text "12.3" is one too.
    """

    sentinels: frozenset[float] = SENTINELS
    clamped: frozenset[float] = frozenset()
    numeric: bool = False


class Reading(NamedTuple):
    """An observation as it is kept (a tuple, since thousands are made each second).

    ``number`` is the value for arithmetic, NaN where there is none; ``arrived`` is when we got it, seconds since 1970
    UTC; ``pushed`` tells a message from an answer over HTTP.
    """

    time: float
    begin: float
    kind: str
    value: Value
    number: float
    result_time: float | None
    arrived: float
    pushed: bool


class BadMessage(ValueError):
    """An observation that cannot be used: never shown, but counted by `faults.Faults`, which has the sentences.

    ``kind`` is one of `faults.KINDS`; ``detail`` is for the log.
    """

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(kind, detail)
        self.kind = kind
        self.detail = detail


def understand(result: object, rule: Rule) -> tuple[str, Value, float]:
    """``(kind, value, number)`` of a result as it came. Never raises."""
    if isinstance(result, bool):
        return BOOLEAN, result, NAN
    if isinstance(result, (int, float)):
        return _number(result, rule)
    if result is None:
        return NULL, None, NAN
    if isinstance(result, str):
        if rule.numeric:
            stripped = result.strip()
            if stripped.lower() in _NOT_A_NUMBER:
                return NULL, None, NAN
            try:
                return _number(float(stripped), rule)
            except ValueError:
                return TEXT, _plain(result), NAN
        return TEXT, _plain(result), NAN
    if isinstance(result, (Mapping, Sequence)):
        try:
            return OBJECT, _plain(json.dumps(result, ensure_ascii=False, separators=(",", ":"))), NAN
        except (TypeError, ValueError, RecursionError):
            return OBJECT, None, NAN
    return OBJECT, None, NAN


def _plain(text: str) -> str:
    """``text`` of bounded length, without the halves of characters that JSON can carry and no file can."""
    return text[:_LONGEST].encode("utf-8", "replace").decode("utf-8")


def _number(result: int | float, rule: Rule) -> tuple[str, Value, float]:
    try:
        number = float(result)
    except OverflowError:
        return SENTINEL, None, NAN
    if not math.isfinite(number):
        return NULL, None, NAN
    if number in rule.sentinels:
        return SENTINEL, None, NAN
    if number in rule.clamped:
        return CLAMPED, None, NAN
    return NUMBER, number, number
