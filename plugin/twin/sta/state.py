"""What is now: the latest observation of each datastream, by as few requests as a service allows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

from ...text import tr, trn
from ..progress import Progress
from ..session import Session
from .asking import LARGE, SMALL, Ask, Crew, Memory, Say, first_that_works, ignored, read_pages
from .entities import datastream_of_topic, id_of, observation_of, text_of
from .model import Service
from .newest import Doubt, Newest, State, one_by_one
from .times import written

FIELDS = "id,phenomenonTime,result,resultTime"
LARGEST = 10_000  # observations on a page; most services give 1,000 at most, silently


def expanding(number: int, order: str = "phenomenonTime", select: str = "") -> str:
    """What brings the newest observations along with a Datastream."""
    return f"Observations($top={number};$orderby={order} desc{select})"


NEWEST = expanding(1, select=f";$select={FIELDS}")
NEWEST_PLAIN = expanding(1)
# Some sort by this one only. What is newest by it need not be: see `newest.Doubt`.
NEWEST_BY_RESULT = expanding(1, "resultTime")


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
        doubt = Doubt(newest, crew, memory)
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
                    states, wrong = _of_datastreams(page, doubt)
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


def _of_datastreams(page: Sequence[Any], doubt: Doubt) -> tuple[list[State], int]:
    states = []
    newest = []
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
            else:
                states += [(identity[0], one) for one in read]
                newest.append((entity, read[-1]))
    if page and not expanded:
        raise ignored("Observations")
    states += doubt.newer(newest)
    return states, wrong
