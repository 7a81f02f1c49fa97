"""What belongs to a datastream and did not come with it: its thing with its locations, and its observed property."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import TwinError
from ..progress import Progress
from ..session import Session
from .asking import Ask, Crew, Quiet, Say, first_that_works, ignored, read_pages, refuses
from .entities import id_of
from .model import Service

_Entity = dict[str, Any]


class Linked:
    """Reads them by whole lists where the service can, else one by one along the navigation links."""

    def __init__(self, session: Session, service: Service, crew: Crew, progress: Progress, say: Say) -> None:
        self._session = session
        self._service = service
        self._progress = progress
        self._crew = crew
        self._quiet = Quiet(progress)
        self._say = say
        self._believed: set[str] = set()  # what is the datastreams' own when it comes along
        self._places: dict[str, _Entity] | None = None  # thing id → the thing with its Locations

    def read(self, entities: Sequence[_Entity], form: str) -> tuple[list[_Entity | None], list[_Entity | None]]:
        """For each datastream (its thing, its observed property) where ``form`` does not bring them, else None."""
        if "T" not in form:
            observed = self._crew.map(lambda entity: self._one(entity, "Datastreams", "ObservedProperty"), entities)
            things = self._crew.map(lambda entity: self._one(entity, "Datastreams", "Thing"), entities)
            self._add_places([thing for thing in things if thing is not None])
            return things, observed
        if "L" not in form:
            self._add_places([entity["Thing"] for entity in entities if isinstance(entity.get("Thing"), dict)])
        return [None] * len(entities), [None] * len(entities)

    def doubt(self, entities: Sequence[_Entity], form: str) -> None:
        """Raise where what came along is not the datastreams' own.

        django-ogc-sensorthings 1.2 gives every datastream of a page the thing and the observed property of one of them.
        Where all have the same one, the first and the last datastream are asked by themselves.
        """
        for name in ("Thing", "ObservedProperty"):
            found = [entity for entity in entities if isinstance(entity.get(name), dict)]
            names = {id_of(entity[name]) for entity in found}
            if name[0] not in form or name in self._believed or len(found) < 2:
                continue
            if len(names) == 1:
                try:
                    alone = [self._one(entity, "Datastreams", name) for entity in (found[0], found[-1])]
                except TwinError as error:
                    if not refuses(error):
                        raise
                    continue
                if any(id_of(one) not in names for one in alone):
                    raise ignored(name)
            self._believed.add(name)

    def _add_places(self, things: Sequence[_Entity]) -> None:
        """Put ``Locations`` into those things."""
        if self._places is None:
            self._places = self._all_places()
        missing: dict[str, _Entity] = {}
        for thing in things:
            identity = id_of(thing)
            known = self._places.get(identity[0]) if identity else None
            if identity is not None and known is None:
                missing[identity[0]] = thing
        if missing:
            wanted = list(missing.values())
            lists = self._crew.map(lambda thing: self._one(thing, "Things", "Locations"), wanted)
            for name, found in zip(missing, lists):
                self._places[name] = {"Locations": (found or {}).get("value")}
        for thing in things:
            identity = id_of(thing)
            if identity is not None:
                thing["Locations"] = self._places[identity[0]].get("Locations")

    def _all_places(self) -> dict[str, _Entity]:
        asks = [Ask("Things", (("$expand", "Locations"),), top) for top in (1_000, 100, None)]

        def read(ask: Ask, _retries: int | None) -> Any:
            return read_pages(
                self._session, self._service, ask.url(self._service), progress=self._progress, say=self._say, retries=0
            )

        found: dict[str, _Entity] = {}
        try:
            for page in first_that_works(asks, read, self._say):
                for thing in page:
                    identity = id_of(thing) if isinstance(thing, dict) else None
                    if identity is not None and "Locations" in thing:
                        found[identity[0]] = thing
        except TwinError as error:
            if not refuses(error):
                raise
        return found

    def _one(self, entity: _Entity, entity_set: str, name: str) -> _Entity:
        link = entity.get(f"{name}@iot.navigationLink")
        identity = id_of(entity)
        own = f"{self._service.url}/{entity_set}({identity[1] if identity else ''})/{name}"
        # A link to elsewhere may be an address that only the service knows: its own is as good.
        url = self._session.resolve(f"{self._service.url}/", link) if isinstance(link, str) and link else own
        if not self._session.is_home(url):
            url = own
        return self._session.get_json(url, progress=self._quiet)[0]
