"""What is now: the latest observation of each datastream, by as few requests as a service allows."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

from ...text import tr, trn
from ..errors import BadResponse, TwinError
from ..progress import Progress
from ..replies import scrub
from ..session import Session
from .asking import Ask, Crew, Memory, Quiet, Say, first_that_works, read_pages, refuses
from .entities import datastream_of_topic, id_of, observation_of, text_of
from .model import Observation, Service
from .times import interval, written

FIELDS = "id,phenomenonTime,result,resultTime"
LARGE, SMALL = 1_000, 100  # entities on a page
LARGEST = 10_000  # observations on a page; most services give 1,000 at most, silently


def expanding(number: int, order: str = "phenomenonTime", select: str = "") -> str:
    """What brings the newest observations along with a Datastream."""
    return f"Observations($top={number};$orderby={order} desc{select})"


NEWEST = expanding(1, select=f";$select={FIELDS}")
NEWEST_PLAIN = expanding(1)
# Some sort by this one only. What is newest by it need not be: see `is_stale`.
NEWEST_BY_RESULT = expanding(1, "resultTime")

State = tuple[str, Observation]  # (a datastream's id, its latest observation)


def latest(
    session: Session,
    service: Service,
    *,
    since: float | None = None,
    until: float | None = None,
    observed_property: str | None = None,
    number: int = 1,
    memory: Memory | None = None,
    progress: Progress | None = None,
    problems: Say | None = None,
) -> Iterator[tuple[State, ...]]:
    """(datastream id, observation) of all the service's datastreams, page by page.

    With ``since`` (seconds since 1970 UTC) only what was observed after it, everything in between too and in order
    where the service can: that is how to catch up. It needs ``until`` (included) where observations come as fast as
    they are read. Observations that arrive late, with an older time, are not in it.
    Without, ``observed_property`` (the key of one) spares the service the others where it can, and ``number`` asks for
    so many of each datastream's newest observations, which come in the order of time; some services give one all the
    same.
    With a ``memory`` that is kept between polls, the way of asking that worked is tried first, and pages that the
    service says are as they were are not sent again and not handed out. What is lost on the way is told to
    ``problems`` (``progress.note`` without) in the user's words. Raises the errors of `Session.request`: an empty
    answer means that there is nothing.
    """
    progress = progress or session.progress
    say = problems or progress.note
    asks = list(_news(since, until) if since is not None else ())
    asks += _states(observed_property, number, asked_for_news=since is not None)
    newest = Newest(session, service, progress)
    crew = Crew(progress)
    unreadable = 0

    def read(ask: Ask, retries: int | None) -> Iterator[tuple[State, ...]]:
        nonlocal unreadable
        unreadable = 0
        trusted = False
        kept = memory if ask.form == "state" else None
        url = ask.url(service)
        with closing(
            read_pages(session, service, url, progress=progress, say=say, retries=retries, memory=kept)
        ) as pages:
            for page in pages:
                wrong = 0
                if ask.form == "news":
                    states, wrong = _of_news(page)
                    trusted = trusted or _is_own(session, service, page, states)
                elif ask.form == "state":
                    states, wrong = _of_datastreams(page)
                else:
                    states = one_by_one(newest, page, crew)
                unreadable += wrong
                yield tuple(
                    state
                    for state in states
                    if (since is None or state[1].time > since) and (until is None or state[1].time <= until)
                )

    purpose = "news" if since is not None else f"state {observed_property} {number}"
    for states in first_that_works(asks, read, say, memory=memory, purpose=purpose):
        if states:
            yield states
    say_failed(crew, say)
    if unreadable:
        say(
            trn(
                "{n} observation of the service cannot be read and was left out.",
                "{n} observations of the service cannot be read and were left out.",
                unreadable,
            )
        )


def _news(since: float, until: float | None) -> Iterator[Ask]:
    period = f"phenomenonTime gt {written(since - 0.001)}"
    if until is not None:
        period += f" and phenomenonTime le {written(until + 0.001)}"
    wanted = (("$filter", period), ("$orderby", "phenomenonTime asc"), ("$expand", "Datastream($select=id)"))
    yield Ask("Observations", (*wanted, ("$select", FIELDS)), LARGEST, form="news")
    yield Ask("Observations", wanted, SMALL, form="news")


def _states(observed_property: str | None, number: int, *, asked_for_news: bool) -> Iterator[Ask]:
    lost: tuple[str, ...] = ()
    if asked_for_news:
        lost = (
            tr(
                "This service cannot tell what is new, so the latest value of every sensor is read again; values in "
                "between are not."
            ),
        )
    short = (("$select", "id"), ("$expand", expanding(number, select=f";$select={FIELDS}")))
    plain = (("$expand", expanding(number)),)
    by_result = (("$expand", expanding(number, "resultTime")),)
    small = (*lost, tr("This service gives only small pages, so reading takes longer."))
    single = (*lost, single_sentence())
    everything = "Datastreams"
    if observed_property is not None:
        own = f"ObservedProperties({observed_property})/Datastreams"
        for path, options in ((own, short), (own, plain), (everything, short), (everything, plain)):
            for top in (LARGE, SMALL):
                yield Ask(path, options, top, lost if top == LARGE else small, "state")
    else:
        yield Ask(everything, short, LARGE, lost, "state")
        yield Ask(everything, short, SMALL, small, "state")
        yield Ask(everything, plain, LARGE, lost, "state")
        yield Ask(everything, plain, SMALL, small, "state")
    yield Ask(everything, by_result, LARGE, lost, "state")
    yield Ask(everything, by_result, SMALL, small, "state")
    yield Ask(everything, (), LARGE, single, "single")
    yield Ask(everything, (), SMALL, single, "single")
    yield Ask(everything, (), None, single, "single")


def say_failed(crew: Crew, say: Say) -> None:
    if crew.failed:
        say(
            trn(
                "The service failed at {n} sensor, which may lack its value or its place.",
                "The service failed at {n} sensors, which may lack their values or places.",
                crew.failed,
            )
        )


def single_sentence() -> str:
    return tr("This service cannot give the latest values of all sensors at once, so they are read one by one.")


def _of_news(page: Sequence[Any]) -> tuple[list[State], int]:
    states = []
    named = False
    for entity in page:
        observation = observation_of(entity)
        if observation is None:
            continue
        stream = entity.get("Datastream")
        identity = id_of(stream) if isinstance(stream, dict) else None
        link = text_of(entity.get("Datastream@iot.navigationLink"))
        name = identity[0] if identity else datastream_of_topic(f"{link}/Observations")
        if name is not None:
            named = True
            states.append((name, observation))
    if page and not named:
        raise ignored("Datastream")
    return states, len(page) - len(states)


def _is_own(session: Session, service: Service, page: Sequence[Any], states: Sequence[State]) -> bool:
    """Whether the Datastreams that came along are the observations' own (see `Linked.doubt`). Raises where not."""
    if len({name for name, _ in states}) != 1 or len(states) < 2:
        return len(states) > 1
    identity = id_of(page[-1])
    if identity is not None:
        url = Ask(f"Observations({identity[1]})/Datastream").url(service)
        alone = id_of(session.get_json(url, retries=0)[0])
        if alone is not None and alone[0] != states[-1][0]:
            raise ignored("Datastream")
    return True


def _of_datastreams(page: Sequence[Any]) -> tuple[list[State], int]:
    states = []
    wrong = 0
    expanded = False
    for entity in page:
        identity = id_of(entity) if isinstance(entity, dict) else None
        observations = entity.get("Observations") if identity else None
        if identity is None or not isinstance(observations, list):
            continue
        expanded = True
        if observations:
            read = sorted(filter(None, map(observation_of, observations)), key=lambda one: one.time)
            if not read:
                wrong += 1
            elif is_stale(read[-1], entity):
                raise ignored("Observations")
            else:
                states += [(identity[0], one) for one in read]
    if page and not expanded:
        raise ignored("Observations")
    return states, wrong


def newest_of(entities: Sequence[Any]) -> Observation | None:
    read = [one for one in map(observation_of, entities) if one is not None]
    return max(read, key=lambda one: one.time, default=None)


def is_stale(newest: Observation, entity: Mapping[str, Any]) -> bool:
    """Whether the datastream itself says that it has something newer."""
    span = interval(entity.get("phenomenonTime"))
    return span is not None and newest.time < span[1] - 1.0


def ignored(name: str) -> BadResponse:
    """A 200 does not mean that the service did what it was asked for."""
    return BadResponse(
        tr("The service does not tell what belongs to its sensors ({name}), though it was asked for.", name=name),
        detail=f"$expand={name} was ignored",
        status=200,
    )


class Newest:
    """The latest observation of one datastream after another, by the first way that the service can."""

    def __init__(self, session: Session, service: Service, progress: Progress) -> None:
        self._session = session
        self._service = service
        self._progress = Quiet(progress)
        self._lock = threading.Lock()
        self._ways = 0  # those before this one were refused
        self._proved = False

    def read(self, entity: dict[str, Any]) -> tuple[str, Observation | None] | None:
        """(id, observation); None for what has no id. An observation of None: there is none yet."""
        identity = id_of(entity)
        if identity is None:
            return None
        asks = list(self._asks(identity[1], entity))
        for number in range(min(self._ways, len(asks) - 1), len(asks)):
            last = number == len(asks) - 1
            try:
                page = self._page(asks[number], None if last else 0)
            except TwinError as error:
                if last or not refuses(error):
                    raise
                continue
            newest = newest_of(page)
            if newest is not None and not last and is_stale(newest, entity):
                continue
            with self._lock:
                if not self._proved:
                    # What one sensor's answers fail at says nothing about the others.
                    self._proved, self._ways = True, number
            return identity[0], newest
        return None

    def _asks(self, key: str, entity: dict[str, Any]) -> Iterator[Ask]:
        path = f"Datastreams({key})/Observations"
        yield Ask(path, (("$orderby", "phenomenonTime desc"),), 1)
        yield Ask(path, (("$orderby", "resultTime desc"),), 1)
        span = interval(entity.get("phenomenonTime"))
        yield Ask(path, (("$filter", f"phenomenonTime ge {written(span[1])}"),) if span else (), 1 if span else SMALL)
        yield Ask(path, (), SMALL)

    def _page(self, ask: Ask, retries: int | None) -> list[Any]:
        document, _reply = self._session.get_json(ask.url(self._service), progress=self._progress, retries=retries)
        value = document.get("value")
        if not isinstance(value, list):
            raise BadResponse(
                tr("{url} did not answer with a list, as SensorThings services do.", url=scrub(ask.url(self._service))),
                detail=f"members: {', '.join(sorted(document))[:200]}",
            )
        return value


def one_by_one(newest: Newest, entities: Sequence[Any], crew: Crew) -> list[State]:
    """The states of Datastreams as they came, by one request each."""
    found = crew.map(newest.read, [entity for entity in entities if isinstance(entity, dict)])
    return [(one[0], one[1]) for one in found if one is not None and one[1] is not None]
