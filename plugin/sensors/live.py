"""The live overlay's state: what thousands of datastreams say now.

Any thread puts in, one thread drains. Whatever the order in which the state over HTTP, the messages of the stream and
the catch-up after a reconnect come in, the latest value is that of the latest phenomenon time; so the stream may begin
before the state is known, and nothing is missed between them. What happens between two drains is coalesced: a drain
gives each datastream that changed once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping

from ..twin.sta.entities import datastream_of_topic
from . import faults, messages, missed, tails
from .changes import Changes, Counters
from .crossings import Crossings
from .due import Due
from .early import Early, Waiting
from .overview import Summary, summarise
from .rate import Rate
from .series import Series
from .state import Latest, State, is_ahead
from .thresholds import Crossing, Exchange, Threshold, Watch
from .values import BadMessage, DatastreamLike, ObservationLike, Reading, understand

__all__ = ["TOLERANCE", "Changes", "Counters", "Live"]

# How far into the future a phenomenon time may lie before it is taken for wrong.
TOLERANCE = 60.0
# datastreams told of under one lock, about 0.3 ms
_AT_ONCE = 64
# datastreams that are watched anew under one lock, 1 to 4 ms
_WATCHED = 256


class Live:
    """``clock`` gives seconds since 1970 UTC. All methods may be called from any thread; `drain` from one at a time."""

    def __init__(self, *, clock: Callable[[], float] = time.time, tolerance: float = TOLERANCE) -> None:
        self.faults = faults.Faults()
        self._clock = clock
        self._tolerance = tolerance
        self._offset = 0.0
        self._lock = threading.Lock()
        self._states: dict[str, State] = {}
        self._topics: dict[str, State] = {}
        self._dirty: dict[State, None] = {}
        self._due = Due()
        self._early = Early(self.faults)
        self._removed: list[str] = []
        self._thresholds: tuple[Threshold, ...] = ()
        self._crossings = Crossings()
        self._rate = Rate()
        self._messages = self._used = self._duplicates = self._late = self._ahead = 0

    def now(self) -> float:
        """The time by which ages are told, seconds since 1970 UTC."""
        return self._clock() + self._offset

    def clock(self) -> float:
        """The time by this computer's clock, in which ``asked`` and ``arrived`` are told."""
        return self._clock()

    def synchronise(self, server: float, sent: float, received: float) -> float:
        """Go by the twin's clock where this computer's is clearly off; returns by how much, in seconds.

        ``server`` is the time of an answer's ``Date`` (whole seconds), ``sent`` and ``received`` are our own.
        """
        offset = server + 0.5 - (sent + received) / 2
        offset = offset if abs(offset) > 5.0 + (received - sent) / 2 else 0.0
        with self._lock:
            # not at each answer a little
            if abs(offset - self._offset) > 2.0:
                self._offset = offset
                self._dirty = dict.fromkeys(self._states.values())
            return self._offset

    def add(self, datastreams: Iterable[DatastreamLike], *, asked: float | None = None) -> None:
        """Datastreams to keep, new ones and ones read again, with their latest observation where they have one.

        ``asked``: when the request for them was sent, by our clock. Messages that came for them before are used now.
        """
        at = self.now() if asked is None else asked + self._offset
        for datastream in datastreams:
            with self._lock:
                state = self._states.get(datastream.id)
                if state is None:
                    state = self._states[datastream.id] = State(datastream)
                elif state.renew(datastream):
                    self.faults.count(faults.UNIT, source=datastream.name, example=state.unit, at=at)
                if state.watched is None:
                    self._look_at(state, state.choose(self._thresholds))
                if datastream.topic:
                    self._topics[datastream.topic] = state
                self._dirty[state] = None
                if datastream.latest is not None:
                    self._take(state, datastream.latest, at, pushed=False, prompt=False)
                early = self._early.pop(datastream.id)
                if early is not None:
                    self._take(state, early.observed, early.at, pushed=early.prompt, prompt=early.prompt)

    def remove(self, ids: Iterable[str]) -> None:
        """Forget datastreams."""
        with self._lock:
            for each in ids:
                state = self._states.pop(each, None)
                if state is not None:
                    state.gone = True
                    self._dirty.pop(state, None)
                    self._removed.append(each)
            self._topics = {topic: state for topic, state in self._topics.items() if not state.gone}

    def state(self, observations: Mapping[str, ObservationLike], *, asked: float | None = None) -> None:
        """The latest observations by datastream, as the twin gave them over HTTP to a request sent at ``asked``."""
        at = self.now() if asked is None else asked + self._offset
        for each, observation in observations.items():
            with self._lock:
                state = self._states.get(each)
                if state is not None:
                    self._take(state, observation, at, pushed=False)

    def catch_up(self, datastream: str, observations: Iterable[ObservationLike], *, asked: float | None = None) -> None:
        """History of one datastream, in any order: what was missed, or what its rhythm and trend are learnt from."""
        at = self.now() if asked is None else asked + self._offset
        for observation in observations:
            with self._lock:
                state = self._states.get(datastream)
                if state is None:
                    return
                self._take(state, observation, at, pushed=False, prompt=False)

    def mark(self) -> None:
        """There is no stream: remember how far each datastream is known, until `unmark`. An earlier mark stays."""
        with self._lock:
            for state in self._states.values():
                state.break_off()

    def missed(self) -> dict[str, float | None]:
        """The datastreams that are marked, and the phenomenon time from which on to ask for their history; None for
        those without any observation then, of which all is new.

        That is by each one's own time, a little before the mark: a source that is behind, by its clock or by its ways,
        goes on sending what by our clock is long past.
        """
        with self._lock:
            marks = [(state.datastream.id, state.mark) for state in self._states.values()]
        return missed.since(marks)

    def gaps(self) -> dict[str, float | None]:
        """Those of `missed` that somebody follows or that thresholds hold for, and that really have news since their
        mark, more than their usual rhythm explains: what lies between is only in the history. Who shows latest values
        only has all of it in the state. Those that are followed come first, then those that wait for longest."""
        with self._lock:
            return missed.gaps(self._states.values())

    def unmark(self, datastreams: Iterable[str]) -> None:
        """The history of these is caught up with: what crossed thresholds in it is told now."""
        with self._lock:
            for each in datastreams:
                state = self._states.get(each)
                if state is not None:
                    self._crossings.add(state.catch_up())

    def put(self, datastream: str, observation: ObservationLike, arrived: float | None = None) -> bool:
        """An observation that was pushed; True where it is the datastream's latest now."""
        at = self.now() if arrived is None else arrived + self._offset
        with self._lock:
            self._messages += 1
            self._rate.count(at)
            state = self._states.get(datastream)
            return self._take(state, observation, at, pushed=True) if state is not None else False

    def receive(self, topic: str, payload: bytes, arrived: float | None = None, retained: bool = False) -> None:
        """A broker's message, as it came. Never raises for its content: what cannot be used is counted in `faults`.

        ``retained``: the broker had kept it, so that it is a state as one over HTTP, and no sign of life.
        """
        at = self.now() if arrived is None else arrived + self._offset
        try:
            observed = messages.parse(payload)
        except BadMessage as error:
            with self._lock:
                self._messages += 1
                self._rate.count(at)
            self.faults.count(error.kind, source=topic, example=error.detail, at=at)
            return
        with self._lock:
            self._messages += 1
            self._rate.count(at)
            state = self._topics.get(topic)
            if state is not None:
                self._take(state, observed, at, pushed=not retained, prompt=not retained)
                return
            each = datastream_of_topic(topic) or observed.datastream
            state = self._states.get(each) if each is not None else None
            if state is not None:
                self._take(state, observed, at, pushed=not retained, prompt=not retained)
            else:
                self._early.keep(each, Waiting(observed, at, not retained), topic)

    def _take(
        self, state: State, observation: ObservationLike, at: float, *, pushed: bool, prompt: bool = True
    ) -> bool:
        """Under the lock."""
        kind, value, number = understand(observation.result, state.rule)
        reading = Reading(observation.time, observation.begin, kind, value, number, observation.result_time, at, pushed)
        # an answer may be from well after its request
        horizon = (at if pushed else self.now()) + self._tolerance
        taken = state.take(reading, horizon, prompt=prompt)
        if taken is None:
            self._duplicates += 1
            return False
        self._used += 1
        if state.tail is not None:
            tails.keep(state.tail, reading)
        if is_ahead(reading, horizon):
            self._ahead += 1
        elif not taken:
            self._late += 1
        # a late one too may change the rhythm and the trend
        self._dirty[state] = None
        if not taken:
            state.pass_by(reading)
            return False
        if state.mark is not None and state.resumed is None and state.best is reading:
            state.resumed = reading
        if state.watches:
            self._crossings.add(state.cross(reading))
        return True

    def _look_at(self, state: State, new: list[Watch]) -> None:
        """These are new to it. Under the lock."""
        self._dirty[state] = None
        self._crossings.look_at(state, new)

    def drain(self, budget: float = 0.02) -> Changes:
        """What changed since the last drain, freshness that time alone changed included; stops after ``budget`` s."""
        stop = time.perf_counter() + budget
        now = self.now()
        with self._lock:
            dirty, self._dirty = self._dirty, {}
            removed, self._removed = self._removed, []
            crossed = self._crossings.take()
        dirty.update((state, None) for state in self._due.ripe(now))
        found: list[Latest] = []
        waiting = list(dirty)
        done = 0
        while done < len(waiting):
            block = waiting[done : done + _AT_ONCE]
            done += len(block)
            # one lock for many: each time it is asked for, a thread that puts may have it and wait for Python
            with self._lock:
                told = [(state, *state.latest(now, self._tolerance)) for state in block if not state.gone]
            for state, latest, until in told:
                if until < state.due:
                    self._due.plan(state, until)
                if latest != state.reported:
                    state.reported = latest
                    found.append(latest)
            if time.perf_counter() > stop:
                break
        left = len(waiting) - done
        if left:
            with self._lock:
                self._dirty = {**dict.fromkeys(waiting[done:]), **self._dirty}
        return Changes(tuple(found), tuple(removed), crossed, now, left)

    def latest(self, datastream: str) -> Latest | None:
        """What one datastream says now; None for one that is not kept."""
        now = self.now()
        with self._lock:
            state = self._states.get(datastream)
            return state.latest(now, self._tolerance)[0] if state is not None else None

    def states(self, datastreams: Iterable[str]) -> list[Latest | None]:
        """As `latest`, of several at one moment."""
        now = self.now()
        with self._lock:
            states = [self._states.get(each) for each in datastreams]
            return [state.latest(now, self._tolerance)[0] if state is not None else None for state in states]

    def recent(self, datastream: str) -> Series:
        """The last readings of one datastream, at most `freshness.WINDOW` of them; empty for one that is not kept."""
        with self._lock:
            state = self._states.get(datastream)
            if state is None:
                return tails.nothing(datastream)
            return tails.of(state, state.window.times, state.window.numbers)

    def crossed(self, datastream: str) -> tuple[Threshold, ...]:
        """The thresholds that one datastream is beyond."""
        with self._lock:
            state = self._states.get(datastream)
            return tuple(watch.threshold for watch in state.watches if watch.inside) if state is not None else ()

    def follow(self, datastreams: Iterable[str]) -> None:
        """Keep every reading of exactly these from now on, for a chart: a drain tells only the last of several."""
        wanted = set(datastreams)
        with self._lock:
            tails.follow(self._states.values(), wanted)

    def tails(self) -> dict[str, Series]:
        """What came for those that are followed since the last call, late ones included; to be merged into a chart's
        series. At most 100,000 readings of each are kept between two calls."""
        with self._lock:
            taken = [(state, state.tail) for state in self._states.values() if state.tail]
            for state, _ in taken:
                state.tail = []
        return {state.datastream.id: tails.series(state, tail) for state, tail in taken}

    def watch(self, thresholds: Iterable[Threshold]) -> None:
        """Watch exactly these from now on. A value that is beyond a new one already crosses it with this call.

        Only what is new to a datastream is looked at. Those that are added or read again are watched by themselves.
        """
        with self._lock:
            exchange = Exchange(self._thresholds, thresholds)
            if exchange.before == exchange.after:
                return
            self._thresholds = exchange.after
            states = list(self._states.values())
        for begin in range(0, len(states), _WATCHED):
            with self._lock:
                if self._thresholds is not exchange.after:
                    return  # who asked for others since goes on
                for state in states[begin : begin + _WATCHED]:
                    before = len(state.watches)
                    new = state.exchange(exchange)
                    if (new or before != len(state.watches)) and not state.gone:
                        self._look_at(state, new)
            time.sleep(0.0005)  # others wait for the lock: without a pause it would be taken again before they wake

    def summary(self) -> tuple[Summary, ...]:
        """What is observed, by observed property, as the last drain told it."""
        with self._lock:
            known = [(state.datastream, state.reported) for state in self._states.values()]
        return summarise(known)

    def log(self) -> tuple[Crossing, ...]:
        """The last crossings, oldest first."""
        with self._lock:
            return self._crossings.log()

    def ids(self) -> tuple[str, ...]:
        """The datastreams that are kept."""
        with self._lock:
            return tuple(self._states)

    def rate(self) -> float:
        """Messages per second over the last ten seconds."""
        now = self.now()
        with self._lock:
            return self._rate.per_second(now)

    def counters(self) -> Counters:
        with self._lock:
            return Counters(self._messages, self._used, self._duplicates, self._late, self._ahead)

    def __len__(self) -> int:
        return len(self._states)
