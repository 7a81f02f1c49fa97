"""Which sensors there are: datastreams with their thing, place, observed property and latest value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from ...text import tr, trn
from ..errors import NotFound, TwinError
from ..model import Extent
from ..progress import Progress
from ..session import Session
from . import swapped
from .asking import LARGE, SMALL, Ask, Crew, Memory, Say, first_that_works, ignored, read_pages, refuses
from .entities import datastream_of, observed_property_of
from .linked import Linked
from .model import Datastream, ObservedProperty, Service
from .newest import Doubt, Newest, one_by_one
from .state import NEWEST, NEWEST_BY_RESULT, NEWEST_PLAIN, say_failed, single_sentence

_THING = "Thing($select=id,name,description;$expand=Locations($select=location))"
_OBSERVED = "ObservedProperty($select=id,name,definition,description)"
_FIELDS = "id,name,description,unitOfMeasurement,observationType,observedArea"

_WITH_PLACES = "Thing($expand=Locations),ObservedProperty"
_APART = "Thing,ObservedProperty"

# From what needs one request for a page to what needs some for each sensor. The letters tell what comes along: Things,
# their Locations, Observed properties, latest Values.
_FORMS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("TLOV", (("$select", _FIELDS), ("$expand", f"{_THING},{_OBSERVED},{NEWEST}"))),
    ("TLOV", (("$expand", f"{_WITH_PLACES},{NEWEST_PLAIN}"),)),
    ("TLOV", (("$expand", f"{_WITH_PLACES},{NEWEST_BY_RESULT}"),)),
    ("TOV", (("$expand", f"{_APART},{NEWEST_PLAIN}"),)),
    ("TOV", (("$expand", f"{_APART},{NEWEST_BY_RESULT}"),)),
    ("TLO", (("$expand", _WITH_PLACES),)),
    ("TLO", (("$expand", "Thing/Locations,ObservedProperty"),)),
    ("TO", (("$expand", _APART),)),
    ("V", (("$expand", NEWEST_PLAIN),)),
    ("V", (("$expand", NEWEST_BY_RESULT),)),
    ("", ()),
)


def observed_properties(
    session: Session, service: Service, *, progress: Progress | None = None, problems: Say | None = None
) -> tuple[ObservedProperty, ...]:
    """What the service observes, in its own order. Raises the errors of `Session.request`."""
    progress = progress or session.progress
    say = problems or progress.note

    def read(ask: Ask, retries: int | None) -> Iterator[list[Any]]:
        return read_pages(session, service, ask.url(service), progress=progress, say=say, retries=retries)

    fields = (("$select", "id,name,definition,description"),)
    asks = [Ask("ObservedProperties", fields, LARGE), *(Ask("ObservedProperties", (), n) for n in (SMALL, None))]
    found: dict[str, ObservedProperty] = {}
    for page in first_that_works(asks, read, say):
        for one in map(observed_property_of, page):
            if one.id:
                found.setdefault(one.id, one)
    return tuple(found.values())


def datastreams(
    session: Session,
    service: Service,
    *,
    extent: Extent | None = None,
    observed_property: str | None = None,
    progress: Progress | None = None,
    problems: Say | None = None,
    memory: Memory | None = None,
    area: Callable[[], Extent | None] | None = None,
) -> Iterator[tuple[Datastream, ...]]:
    """The datastreams, page by page, each with its latest observation.

    ``extent`` is in degrees of longitude and latitude (west of it larger than east: across the date line); with it,
    only datastreams that stand in it. ``observed_property`` is an observed property's id, name or definition; of
    several that share a name all are read. ``area`` is asked at the end where the sensors are known to stand (degrees):
    a latitude and a longitude that are swapped are told by that, and by where most of them stand. What the service
    cannot do is done another way and told to ``problems`` (``progress.note`` without), and so is what is wrong with
    single sensors, which stops no others. Raises `NotFound` where the service observes no such property, and the errors
    of `Session.request`: an empty answer means that there are none.
    """
    progress = progress or session.progress
    say = problems or progress.note
    reader = _Reader(session, service, extent, progress, say, memory, area)
    wanted: tuple[ObservedProperty | None, ...] = (None,)
    if observed_property is not None:
        wanted = _wanted(session, service, observed_property, progress, say)
    where = _area(extent) if extent is not None and _area_works(session, service, extent, progress, say) else None
    for one in wanted:
        reader.wanted = one
        purpose = f"{one.id if one else None} {where is None}"
        yield from first_that_works(list(_asks(one, where)), reader.read, say, memory=memory, purpose=purpose)
    reader.conclude()


def _wanted(
    session: Session, service: Service, name: str, progress: Progress, say: Say
) -> tuple[ObservedProperty, ...]:
    known = observed_properties(session, service, progress=progress, problems=say)
    for member in ("id", "name", "definition"):
        found = tuple(one for one in known if getattr(one, member).lower() == name.lower())
        if found:
            return found
    raise NotFound(
        tr(
            "This service does not observe “{name}”. It observes: {names}.",
            name=name,
            names=", ".join(sorted(one.name or one.id for one in known)[:20]) or "–",
        ),
        detail=f"none of {len(known)} observed properties",
    )


def _area(extent: Extent) -> str:
    west, south, east, north = extent
    boxes = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    parts = []
    for left, right in boxes:
        corners = ((left, south), (right, south), (right, north), (left, north), (left, south))
        ring = ",".join(f"{x:.9g} {y:.9g}" for x, y in corners)
        parts.append(f"st_within(Thing/Locations/location,geography'POLYGON(({ring}))')")
    return " or ".join(parts)


def _area_works(session: Session, service: Service, extent: Extent, progress: Progress, say: Say) -> bool:
    """Whether the service finds anything at all by area: some answer 200 and nothing to every filter."""
    lost = tr("This service cannot search by area, so all its sensors were read and those in the area picked out here.")
    url = Ask("Datastreams", (("$select", "id"), ("$filter", _area((-180.0, -90.0, 180.0, 90.0)))), 1).url(service)
    try:
        document, _reply = session.get_json(url, progress=progress, retries=0)
    except TwinError as error:
        if not refuses(error):
            raise
        say(lost)
        return False
    if document.get("value"):
        return True
    say(lost)
    return False


def _asks(wanted: ObservedProperty | None, where: str | None) -> Iterator[Ask]:
    area_lost = (
        tr("This service could not search by area here, so all its sensors were read and those in it picked out."),
    )
    property_lost = (
        tr("This service cannot list the sensors of one observed property, so all were read and these picked out."),
    )
    paths: list[tuple[str, tuple[str, ...]]] = []
    if wanted is not None and wanted.key:
        paths.append((f"ObservedProperties({wanted.key})/Datastreams", ()))
    paths.append(("Datastreams", property_lost if paths else ()))
    for path, lost_so_far in paths:
        lost = lost_so_far
        if where is not None:
            lost = (*lost_so_far, *area_lost)
            for form, top in ((0, LARGE), (0, SMALL), (1, SMALL)):
                name, options = _FORMS[form]
                yield Ask(path, (*options, ("$filter", where)), top, lost_so_far, name)
        for number, top in ((0, LARGE), (0, SMALL), *((n, LARGE) for n in range(1, len(_FORMS)))):
            yield _ask(path, number, top, lost)
        for number in range(1, len(_FORMS)):
            yield _ask(path, number, SMALL, lost)
        yield _ask(path, len(_FORMS) - 1, None, lost)


def _ask(path: str, number: int, top: int | None, lost: tuple[str, ...]) -> Ask:
    name, options = _FORMS[number]
    sentences = list(lost)
    if top != LARGE:
        sentences.append(tr("This service gives only small pages, so reading takes longer."))
    if "V" not in name:
        sentences.append(single_sentence())
    if "L" not in name:
        sentences.append(
            tr(
                "This service cannot give places along with its sensors, so they are read separately, which takes "
                "longer."
            )
        )
    return Ask(path, options, top, tuple(sentences), name)


class _Reader:
    """From pages to datastreams: each once, only those wanted, and a tally of what is wrong."""

    def __init__(
        self,
        session: Session,
        service: Service,
        extent: Extent | None,
        progress: Progress,
        say: Say,
        memory: Memory | None,
        area: Callable[[], Extent | None] | None,
    ) -> None:
        self.wanted: ObservedProperty | None = None
        self._session = session
        self._service = service
        self._extent = extent
        self._progress = progress
        self._say = say
        self._memory = memory
        self._area = area
        self._crew = Crew(progress)
        self._newest = Newest(session, service, progress)
        self._linked = Linked(session, service, self._crew, progress, say)
        self._seen: set[str] = set()
        self._unreadable = 0
        self._unplaced: set[str] = set()
        self._places: dict[str, tuple[float, float]] = {}
        self._names: dict[str, str] = {}

    def read(self, ask: Ask, retries: int | None) -> Iterator[tuple[Datastream, ...]]:
        url = ask.url(self._service)
        self._unreadable = 0
        doubt = Doubt(self._newest, self._crew, self._memory)
        with closing(
            read_pages(self._session, self._service, url, progress=self._progress, say=self._say, retries=retries)
        ) as pages:
            for page in pages:
                _expect(page, ask.form)
                self._linked.doubt([entity for entity in page if isinstance(entity, dict)], ask.form)
                found = self._page(page, ask, doubt)
                n = len(self._seen)
                self._progress.report(n, None, trn("{n} sensor read", "{n} sensors read", n))
                yield found

    def _page(self, page: list[Any], ask: Ask, doubt: Doubt) -> tuple[Datastream, ...]:
        entities = [entity for entity in page if isinstance(entity, dict)]
        things, observed = self._linked.read(entities, ask.form)
        found: dict[str, tuple[Datastream, dict[str, Any]]] = {}
        self._unreadable += len(page) - len(entities)
        for entity, thing, one_property in zip(entities, things, observed):
            stream = datastream_of(
                entity, self._service.version, thing=thing, observed=one_property, service=self._service.url
            )
            if stream is None:
                self._unreadable += 1
            elif stream.id not in self._seen and stream.id not in found and self._is_wanted(stream, ask):
                if stream.position is None:
                    self._unplaced.add(stream.id)
                found[stream.id] = (stream, entity)
        states = dict(doubt.newer([(entity, one.latest) for one, entity in found.values() if one.latest is not None]))
        if "V" not in ask.form and found:
            states.update(one_by_one(self._newest, [entity for _, entity in found.values()], self._crew))
        # not before: what fails above is read another way, and is nothing that was handed out
        self._seen.update(found)
        for stream, _ in found.values():
            if stream.position is not None:
                self._places[stream.id] = stream.position[:2]
                self._names[stream.id] = stream.name
        return tuple(
            replace(stream, latest=states[stream.id]) if stream.id in states else stream for stream, _ in found.values()
        )

    def _is_wanted(self, stream: Datastream, ask: Ask) -> bool:
        # A 200 does not mean that a filter was applied.
        if self.wanted is not None and stream.observed_property.id != self.wanted.id:
            known = stream.observed_property.id != ""
            if known or ask.path == "Datastreams":
                return False
        if self._extent is None:
            return True
        if stream.position is None:
            self._unplaced.add(stream.id)
            return False
        west, south, east, north = self._extent
        lon, lat, _ = stream.position
        across = west <= lon <= east if west <= east else lon >= west or lon <= east
        return across and south <= lat <= north

    def conclude(self) -> None:
        say_failed(self._crew, self._say)
        if self._unreadable:
            self._say(
                trn(
                    "{n} sensor of the service cannot be read and was left out.",
                    "{n} sensors of the service cannot be read and were left out.",
                    self._unreadable,
                )
            )
        if self._unplaced:
            self._say(
                trn(
                    "{n} sensor has no usable location, so it is not on the map.",
                    "{n} sensors have no usable location, so they are not on the map.",
                    len(self._unplaced),
                )
            )
        area = self._area() if self._area is not None and self._places else None
        for sentence in swapped.sentences(self._names, self._places, area):
            self._say(sentence)


def _expect(page: Sequence[Any], form: str) -> None:
    """Raise where the service answered, but without what it was asked to expand."""
    entities = [entity for entity in page if isinstance(entity, dict)]
    needed = (("T", "Thing"), ("O", "ObservedProperty"), ("V", "Observations"))
    for letter, name in needed:
        if letter in form and entities and not any(name in entity for entity in entities):
            raise ignored(name)
    if "L" in form and entities:
        things = [entity["Thing"] for entity in entities if isinstance(entity.get("Thing"), dict)]
        if things and not any("Locations" in thing for thing in things):
            raise ignored("Locations")
    if entities and not any("@iot.id" in entity or "id" in entity for entity in entities):
        raise ignored("id")
