"""Whether what a service calls the newest observation is the newest, and asking one datastream by itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...text import tr
from ..errors import BadResponse, TwinError
from ..progress import Progress
from ..replies import scrub
from ..session import Session
from .asking import SMALL, Ask, Crew, Memory, Quiet, ignored, refuses
from .entities import id_of, observation_of
from .model import Observation, Service
from .times import interval, written

State = tuple[str, Observation]  # (a datastream's id, its latest observation)
_BEYOND = 8  # datastreams in a row that no way of asking brings to what they say of themselves


def newest_of(entities: Sequence[Any]) -> Observation | None:
    read = [one for one in map(observation_of, entities) if one is not None]
    return max(read, key=lambda one: one.time, default=None)


def claim_of(entity: Mapping[str, Any]) -> float | None:
    """The time of its newest observation, as a datastream itself says."""
    span = interval(entity.get("phenomenonTime"))
    return span[1] if span is not None else None


def is_stale(newest: Observation, entity: Mapping[str, Any]) -> bool:
    """Whether the datastream itself says that it has something newer."""
    claim = claim_of(entity)
    return claim is not None and newest.time < claim - 1.0


class Doubt:
    """Whether what came along with the datastreams of a list is their newest, by what they say themselves.

    Where it is not with most of them, the service does not sort as it was asked to. A few may be wrong about
    themselves (some services keep the time of an observation that was deleted): they are asked by themselves, with a
    ``memory`` once for each time that they say.
    """

    def __init__(self, newest: Newest, crew: Crew, memory: Memory | None) -> None:
        self._newest = newest
        self._crew = crew
        self._checked = memory.checked if memory is not None else {}
        self._judged = self._stale = 0

    def newer(self, page: Sequence[tuple[dict[str, Any], Observation]]) -> list[State]:
        """What those have beyond ``page``, (a datastream as it came, the newest observation that came along) of each.

        Raises `BadResponse` where most of the list so far are behind.
        """
        stale: dict[str, tuple[dict[str, Any], float, Observation]] = {}
        for entity, observation in page:
            identity, claim = id_of(entity), claim_of(entity)
            if identity is None or claim is None:
                continue
            self._judged += 1
            if is_stale(observation, entity):
                self._stale += 1
                if self._checked.get(identity[0]) != claim:
                    stale[identity[0]] = (entity, claim, observation)
        if self._stale * 2 > self._judged:
            raise ignored("Observations")
        found = self._alone([entity for entity, _, _ in stale.values()])
        self._checked.update({name: stale[name][1] for name, _ in found})
        return [(name, one) for name, one in found if one.time > stale[name][2].time]

    def _alone(self, entities: Sequence[dict[str, Any]]) -> list[State]:
        try:
            return one_by_one(self._newest, entities, self._crew)
        except TwinError:  # a few that fail are no reason to lose the others: they keep what came along
            return []


class Newest:
    """The latest observation of one datastream after another, by the first way that the service can."""

    def __init__(self, session: Session, service: Service, progress: Progress) -> None:
        self._session = session
        self._service = service
        self._progress = Quiet(progress)
        self._lock = threading.Lock()
        self._ways = 0  # those before this one were refused
        self._proved = False
        self._beyond = 0

    def read(self, entity: dict[str, Any]) -> tuple[str, Observation | None] | None:
        """(id, observation); None for what has no id. An observation of None: there is none yet."""
        identity = id_of(entity)
        if identity is None:
            return None
        asks = list(self._asks(identity[1], entity))
        best: Observation | None = None
        for number in range(min(self._ways, len(asks) - 1), len(asks)):
            last = number == len(asks) - 1
            try:
                page = self._page(asks[number], None if last else 0)
            except TwinError as error:
                if last or not refuses(error):
                    raise
                continue
            best = max(filter(None, (best, newest_of(page))), key=lambda one: one.time, default=None)
            stale = best is not None and is_stale(best, entity)
            if stale and not last:
                continue
            with self._lock:
                self._beyond = self._beyond + 1 if stale else 0
                # What one sensor's answers fail at says nothing about the others.
                if not self._proved and (not stale or self._beyond >= _BEYOND):
                    self._proved, self._ways = True, number
            break
        return identity[0], best

    def _asks(self, key: str, entity: dict[str, Any]) -> Iterator[Ask]:
        path = f"Datastreams({key})/Observations"
        yield Ask(path, (("$orderby", "phenomenonTime desc"),), 1)
        yield Ask(path, (("$orderby", "resultTime desc"),), 1)
        claim = claim_of(entity)
        if claim is None:
            yield Ask(path, (), SMALL)
        else:
            yield Ask(path, (("$filter", f"phenomenonTime ge {written(claim)}"),), 1)
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
