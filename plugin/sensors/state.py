"""One datastream's state: its latest reading whatever the order of arrival, and what its freshness and trend need."""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

from . import freshness as fresh
from . import recognise
from .thresholds import Crossing, Exchange, Threshold, Watch
from .trend import UNKNOWN, WINDOW, trend
from .values import NONE, NUMBER, DatastreamLike, Reading, Value

# So many readings in a row from the future are a clock that runs ahead, or a forecast; fewer are a slip.
_STREAK = 3
_LAGS = 8
_NEWS = 4
_FOREVER = float("inf")
# readings of the time without a stream that are kept for a datastream that is watched
_PASSED = 10_000


class Latest(NamedTuple):
    """What is known of a datastream now (a tuple, since thousands are made each second).

    ``kind`` is one of `values` ("number", "text", "boolean", "object", "null", "sentinel", "clamped", "none");
    ``value`` is None for the last four. Times are seconds since 1970 UTC, None where there is no observation.
    ``freshness`` is live, late, silent or none, ``trend`` rising, falling, steady or unknown. ``ahead``: the
    observation says that it is from the future, so its time tells nothing. ``exceeded`` holds the ids of the thresholds
    that are crossed now.
    """

    id: str
    kind: str
    value: Value
    unit: str
    time: float | None
    begin: float | None
    result_time: float | None
    freshness: str
    trend: str
    ahead: bool
    exceeded: tuple[str, ...]


class Window:
    """The last times and numbers of a datastream, ascending in time."""

    __slots__ = ("_news", "_rhythm", "numbers", "times")

    def __init__(self) -> None:
        self.times: list[float] = []
        self.numbers: list[float] = []
        self._rhythm: fresh.Rhythm | None = None
        self._news = 0

    def add(self, time: float, number: float) -> None:
        """Put in its place; at a time that is known already the number is replaced."""
        times = self.times
        if not times or time > times[-1]:
            times.append(time)
            self.numbers.append(number)
        else:
            at = bisect_left(times, time)
            if times[at] == time:
                self.numbers[at] = number
                return
            times.insert(at, time)
            self.numbers.insert(at, number)
        self._news += 1
        if len(times) > fresh.WINDOW:
            del times[0], self.numbers[0]

    def rhythm(self, duration: float) -> fresh.Rhythm | None:
        """As `freshness.rhythm`; of a full window found anew after every few readings, since it changes slowly."""
        if self._news >= _NEWS or len(self.times) < fresh.WINDOW:
            self._rhythm = fresh.rhythm(self.times, duration)
            self._news = 0
        return self._rhythm

    def trend(self) -> str:
        """As `trend.trend`, of the numbers among the last few readings."""
        return trend([number for number in self.numbers[-WINDOW:] if number == number])


class State:
    """Not locked: its owner is `Live`."""

    __slots__ = (
        "ahead", "ahead_window", "best", "datastream", "due", "gone", "lags", "mark", "passed", "reported", "resumed",
        "rule", "streak", "tail", "unit", "watched", "watches", "window",
    )  # fmt: skip

    def __init__(self, datastream: DatastreamLike) -> None:
        self.datastream = datastream
        self.rule = recognise.rule(datastream)
        self.unit = _unit(datastream)
        self.best: Reading | None = None
        self.ahead: Reading | None = None
        self.streak = 0
        self.window = Window()
        self.ahead_window = Window()
        self.lags: list[float] = []
        self.watches: list[Watch] = []
        # the thresholds that they were chosen from; None: they must be chosen anew
        self.watched: tuple[Threshold, ...] | None = None
        self.reported: Latest | None = None
        self.due = _FOREVER
        self.gone = False
        # the latest time that was known when the stream broke
        self.mark: float | None = None
        # the first latest reading after that, and what then came of the time between
        self.resumed: Reading | None = None
        self.passed: list[Reading] = []
        # every reading since it was asked for, where somebody follows
        self.tail: list[Reading] | None = None

    def renew(self, datastream: DatastreamLike) -> bool:
        """The datastream was read again. True where its unit changed: its past is then no measure for its present."""
        if _measured(self.datastream) != _measured(datastream):
            self.watched = None
        self.datastream = datastream
        self.rule = recognise.rule(datastream)
        before, self.unit = self.unit, _unit(datastream)
        if before == self.unit:
            return False
        self.best = self.ahead = None
        self.streak = 0
        for window in (self.window, self.ahead_window):
            window.numbers = [float("nan")] * len(window.times)
        for watch in self.watches:
            watch.inside = False
            watch.before = None
        return True

    def take(self, reading: Reading, horizon: float, *, prompt: bool) -> bool | None:
        """Take a reading; one with a time after ``horizon`` is from the future.

        ``prompt``: it came as soon as it could, so that its delay tells the usual lag. True where it is the latest now,
        False where an older one came late, None where it was known already.
        """
        if is_ahead(reading, horizon):
            return self._take_ahead(reading)
        best = self.best
        if best is not None:
            order = _order(reading, best)
            if order is None:
                return None
            if not order:
                if reading.time != best.time:
                    self.window.add(reading.time, reading.number)
                return False
            if prompt and reading.time > best.time:
                self.lags.append(reading.arrived - reading.time)
                if len(self.lags) > _LAGS:
                    del self.lags[0]
        self.best = reading
        self.streak = 0
        self.window.add(reading.time, reading.number)
        return True

    def _take_ahead(self, reading: Reading) -> bool | None:
        before = self.ahead
        if before is not None:
            if before.time == reading.time and before[2:4] == reading[2:4]:
                return None
            if before.arrived > reading.arrived:
                return False
        self.ahead = reading
        self.streak += 1
        self.ahead_window.add(reading.time, reading.number)
        return True

    def cross(self, reading: Reading, watches: list[Watch] | None = None) -> list[Crossing]:
        """The thresholds, all or those of ``watches``, that ``reading``, the latest, crosses; none where it is not
        believed."""
        if reading.kind != NUMBER or (reading is self.ahead and self.best is not None and self.streak < _STREAK):
            return []
        each = self.watches if watches is None else watches
        return [self._crossing(reading, watch, watch.inside) for watch in each if watch.take(reading.number)]

    def _crossing(self, reading: Reading, watch: Watch, entered: bool) -> Crossing:
        return Crossing(
            reading.time, self.datastream.id, self.datastream.name, watch.threshold, entered, reading.number, self.unit
        )

    def choose(self, thresholds: tuple[Threshold, ...]) -> list[Watch]:
        """Watch exactly these, as far as they hold for it, keeping what is known of those that were watched before.
        Those that are new to it."""
        known = {watch.threshold: watch for watch in self.watches}
        wanted = [threshold for threshold in thresholds if threshold.holds_for(self.datastream)]
        new = [Watch(threshold) for threshold in wanted if threshold not in known]
        self.watches = [watch for watch in self.watches if watch.threshold in wanted] + new
        for watch in self.watches:
            watch.threshold = wanted[wanted.index(watch.threshold)]
        self.watched = thresholds
        return new

    def exchange(self, exchange: Exchange) -> list[Watch]:
        """The same from one set of thresholds to another."""
        if self.watched is not exchange.before:
            return self.choose(exchange.after) if self.watched is not exchange.after else []
        self.watches, new = exchange.watches(self.watches, self.datastream)
        self.watched = exchange.after
        return new

    def break_off(self) -> None:
        """The stream is lost: remember where that was."""
        if self.mark is not None:
            return
        self.mark = self.best.time if self.best is not None else -_FOREVER
        self.resumed = None
        for watch in self.watches:
            watch.before = watch.inside

    def pass_by(self, reading: Reading) -> None:
        """A reading that came too late to be the latest: it may be of the time without a stream."""
        mark = self.mark
        if mark is not None and self.watches and mark < reading.time and len(self.passed) < _PASSED:
            self.passed.append(reading)

    def catch_up(self) -> list[Crossing]:
        """All is known of the time without a stream: what crossed thresholds in it, unless that was told since."""
        mark, resumed = self.mark, self.resumed
        passed, self.passed, self.mark, self.resumed = self.passed, [], None, None
        if mark is None or resumed is None or not passed:
            return []
        between = sorted([one for one in passed if mark < one.time < resumed.time and one.kind == NUMBER], key=_time)
        found: list[Crossing] = []
        for watch in self.watches:
            if watch.before is not None:
                found += self._missed(watch, watch.before, between, resumed)
        return found

    def _missed(self, watch: Watch, before: bool, between: list[Reading], resumed: Reading) -> list[Crossing]:
        found: list[Crossing] = []
        inside = before
        for reading in [*between, resumed] if resumed.kind == NUMBER else between:
            now = watch.threshold.crossed(reading.number, inside)
            if now != inside:
                found.append(self._crossing(reading, watch, now))
            inside = now
        told = resumed.kind == NUMBER and watch.threshold.crossed(resumed.number, before) != before
        if len(found) <= told:
            return []  # it was told at once, when the stream came back
        if found[-1].entered != watch.inside:
            # who goes by the last that was told must know how it is now
            now_at = self.best if self.best is not None and self.best.kind == NUMBER else resumed
            found.append(self._crossing(now_at, watch, watch.inside))
        return found

    def latest(self, now: float, tolerance: float) -> tuple[Latest, float]:
        """What is known at ``now``, and when that changes if nothing comes (infinite: never)."""
        reading, ahead = self.best, self.ahead
        exceeded = tuple([watch.threshold.id for watch in self.watches if watch.inside]) if self.watches else ()
        change = _FOREVER
        from_future = False
        window = self.window
        if ahead is not None:
            later = reading is None or ahead.arrived >= reading.arrived
            if not is_ahead(ahead, now + tolerance):
                # what was the future has come
                if later and (reading is None or ahead.time > reading.time):
                    reading = ahead
            elif reading is None or self.streak >= _STREAK:
                reading, from_future, window = ahead, True, self.ahead_window
            elif later:
                short = ahead.time - ahead.begin <= fresh.LONGEST_INTERVAL
                change = (ahead.begin if short else ahead.time) - tolerance
        if reading is None:
            nothing = Latest(
                self.datastream.id, NONE, None, self.unit, None, None, None, fresh.NONE, UNKNOWN, False, exceeded
            )
            return nothing, change
        kept = window.rhythm(reading.time - reading.begin)
        if not from_future:
            # of an interval that is not over yet, what is known is from when it came
            since, usual = min(reading.time, reading.arrived), fresh.lag(self.lags, kept)
        elif reading.pushed:
            since, usual = reading.arrived, 0.0
        else:
            # over HTTP nothing tells how old it is: never call that live
            since, usual = now - (kept.patience if kept else 900.0) * 1.01, 0.0
        state, until = fresh.freshness(now - since, kept, usual)
        found = Latest(
            self.datastream.id, reading.kind, reading.value, self.unit, reading.time, reading.begin,
            reading.result_time, state, window.trend() if reading.kind == NUMBER else UNKNOWN, from_future, exceeded,
        )  # fmt: skip
        if state == fresh.SILENT and reading.pushed and kept is not None and now - reading.arrived <= kept.patience:
            # its clock is behind, or it sends late: old values, but no silence
            found = found._replace(freshness=fresh.LATE)
            since, until = reading.arrived, kept.patience
        # not at the moment itself, when it is not late yet
        return found, min(change, since + until + 0.001)


def is_ahead(reading: Reading, horizon: float) -> bool:
    """Whether it is from after ``horizon``. A mean over an interval that has begun is not, unless the interval is so
    long that it says nothing."""
    if reading.time <= horizon:
        return False
    return reading.begin > horizon or reading.time - reading.begin > fresh.LONGEST_INTERVAL


def _order(reading: Reading, best: Reading) -> bool | None:
    """Whether ``reading`` comes after ``best``; None where they are the same.

    At one phenomenon time the later result time counts, then the later arrival; an answer over HTTP arrived when it was
    asked for, so that it never undoes a message that came meanwhile.
    """
    if reading.time != best.time:
        return reading.time > best.time
    if reading.kind == best.kind and reading.value == best.value:
        return None
    if reading.result_time is not None and best.result_time is not None and reading.result_time != best.result_time:
        return reading.result_time > best.result_time
    return reading.arrived >= best.arrived


def _time(reading: Reading) -> float:
    return reading.time


def _measured(datastream: DatastreamLike) -> tuple[str, str]:
    return datastream.observed_property.id, _unit(datastream)


def _unit(datastream: DatastreamLike) -> str:
    unit = datastream.unit
    return (unit.symbol or unit.name) if unit else ""
