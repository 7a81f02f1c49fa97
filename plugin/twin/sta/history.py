"""What was: the observations of one datastream, ascending in time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any, Union

from ...text import tr, trn
from ..progress import Progress
from ..session import Session
from .asking import Ask, Say, first_that_works, read_pages
from .entities import observation_of
from .model import Datastream, Observation, Service
from .state import FIELDS
from .times import written

LARGE, SMALL = 10_000, 100  # observations on a page; most services give 1,000 at most, silently


def observations(
    session: Session,
    service: Service,
    datastream: Datastream,
    *,
    start: float | None = None,
    end: float | None = None,
    progress: Progress | None = None,
    problems: Say | None = None,
) -> Iterator[tuple[Observation, ...]]:
    """The observations from ``start`` to ``end`` (seconds since 1970 UTC, both included), page by page, ascending.

    Where the service cannot sort, all are read and sorted here, and come at once. What is lost on the way is told to
    ``problems`` (``progress.note`` without). Raises the errors of `Session.request`: an empty answer means that there
    are none.
    """
    progress = progress or session.progress
    say = problems or progress.note
    reader = _Reader(session, service, start, end, progress, say)
    yield from first_that_works(list(_asks(datastream.key, start, end)), reader.read, say)
    reader.conclude()


def _asks(key: str, start: float | None, end: float | None) -> Iterator[Ask]:
    path = f"Datastreams({key})/Observations"
    # A little wider, so that no rounding loses one at the edge; the reader cuts it.
    conditions = [f"phenomenonTime ge {written(start - 0.001)}"] if start is not None else []
    conditions += [f"phenomenonTime le {written(end + 0.001)}"] if end is not None else []
    filtered: tuple[tuple[str, str], ...] = (("$filter", " and ".join(conditions)),) if conditions else ()
    in_order: tuple[tuple[str, str], ...] = (("$orderby", "phenomenonTime asc"),)
    fields = (("$select", FIELDS),)
    small = (tr("This service gives only small pages, so reading takes longer."),)
    unsorted: tuple[str, ...] = (
        tr("This service cannot sort by time, so all observations were read and sorted here."),
    )
    unfiltered = (tr("This service cannot search by time, so all observations were read and the period cut out here."),)
    yield Ask(path, (*filtered, *in_order, *fields), LARGE, form="sorted")
    yield Ask(path, (*filtered, *in_order), SMALL, small, "sorted")
    if filtered:
        yield Ask(path, filtered, LARGE, unsorted, "unsorted")
        yield Ask(path, filtered, SMALL, (*small, *unsorted), "unsorted")
        yield Ask(path, in_order, SMALL, (*small, *unfiltered), "sorted")
        unsorted = (*unsorted, *unfiltered)
    yield Ask(path, (), LARGE, unsorted, "unsorted")
    yield Ask(path, (), SMALL, (*small, *unsorted), "unsorted")
    yield Ask(path, (), None, (*small, *unsorted), "unsorted")


_Key = Union[str, tuple[float, float, str]]  # an observation's id, or what it says where it has none


class _Reader:
    def __init__(
        self,
        session: Session,
        service: Service,
        start: float | None,
        end: float | None,
        progress: Progress,
        say: Say,
    ) -> None:
        self._session = session
        self._service = service
        self._start = start
        self._end = end
        self._progress = progress
        self._say = say
        self._given: set[_Key] = set()  # what was handed out
        self._newest = float("-inf")
        self._disorder = False
        self._unreadable = 0

    def read(self, ask: Ask, retries: int | None) -> Iterator[tuple[Observation, ...]]:
        self._unreadable = 0
        held: dict[_Key, Observation] = {}
        url = ask.url(self._service)
        with closing(
            read_pages(self._session, self._service, url, progress=self._progress, say=self._say, retries=retries)
        ) as pages:
            for page in pages:
                found = {key: one for key, one in self._wanted(page) if key not in self._given and key not in held}
                if not found:
                    continue
                # A 200 does not mean that they were sorted: from the first out of order all wait for the end.
                times = [self._newest, *(one.time for one in found.values())]
                if ask.form == "sorted" and not held and all(a <= b for a, b in zip(times, times[1:])):
                    yield self._hand_out(found)
                else:
                    held.update(found)
        if held:
            yield self._hand_out(dict(sorted(held.items(), key=lambda item: item[1].time)))

    def _wanted(self, page: list[Any]) -> Iterator[tuple[_Key, Observation]]:
        for entity in page:
            one = observation_of(entity)
            if one is None:
                self._unreadable += 1
            elif (self._start is None or one.time >= self._start) and (self._end is None or one.time <= self._end):
                yield one.id or (one.begin, one.time, repr(one.result)), one

    def _hand_out(self, found: dict[_Key, Observation]) -> tuple[Observation, ...]:
        self._given.update(found)
        given = tuple(found.values())
        self._disorder = self._disorder or given[0].time < self._newest
        self._newest = max(self._newest, given[-1].time)
        n = len(self._given)
        self._progress.report(n, None, trn("{n} observation read", "{n} observations read", n))
        return given

    def conclude(self) -> None:
        if self._disorder:
            self._say(tr("This service does not sort by time as it says, so some observations came out of order."))
        if self._unreadable:
            self._say(
                trn(
                    "{n} observation of the sensor cannot be read and was left out.",
                    "{n} observations of the sensor cannot be read and were left out.",
                    self._unreadable,
                )
            )
