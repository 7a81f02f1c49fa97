"""What there is in SensorThings: the kinds of entities, their properties, and how they hang together (18-088, 8.2)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

# text, JSON text, GeoJSON text; an instant, a period of two columns; a result with a column for its JSON type
Type = Literal["text", "json", "geometry", "time", "period", "result"]
NUMBER, TEXT, BOOLEAN, STRUCTURE = range(4)  # the JSON type of a result, as the column result_type has it


@dataclass(frozen=True)
class Prop:
    """A property. ``columns`` are SQL expressions over the kind's table."""

    name: str
    type: Type = "text"
    columns: tuple[str, ...] = ()
    required: bool = False
    computed: bool = False  # the server works it out
    nullable: bool = False  # null is shown, not left out


@dataclass(frozen=True)
class Link:
    """A navigation property, to one (by ``column`` of the own table) or to many (by ``column`` of the target's table,
    or by a table ``via`` of pairs: ``own`` and ``other``)."""

    name: str
    target: str  # entity set
    many: bool = False
    column: str = ""
    via: str = ""
    own: str = ""
    other: str = ""


@dataclass(frozen=True)
class Kind:
    """A kind of entity: its set's name, that of one of them, its table."""

    name: str
    single: str
    table: str
    props: tuple[Prop, ...]
    links: tuple[Link, ...]

    def prop(self, name: str) -> Prop | None:
        return self._props.get(name)

    def link(self, name: str) -> Link | None:
        return self._links.get(name)

    @cached_property
    def _props(self) -> dict[str, Prop]:
        return {prop.name: prop for prop in self.props}

    @cached_property
    def _links(self) -> dict[str, Link]:
        return {link.name: link for link in self.links}

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """What is selected of an entity: id, the columns of its properties, then of its links to one."""
        own = [f"{self.table}.id"]
        for prop in self.props:
            own += prop.columns
        return (*own, *(f"{self.table}.{link.column}" for link in self.to_one))

    @cached_property
    def to_one(self) -> tuple[Link, ...]:
        return tuple(link for link in self.links if not link.many)

    @cached_property
    def places(self) -> dict[str, int]:
        """Where in a row the first column of each property, and of each link to one, is."""
        found, at = {}, 1
        for prop in self.props:
            found[prop.name] = at
            at += len(prop.columns)
        for link in self.to_one:
            found[link.name] = at
            at += 1
        return found


def _kind(name: str, single: str, table: str, props: list[Prop], links: list[Link]) -> Kind:
    whole = [prop if prop.columns else _placed(prop, table) for prop in props]
    return Kind(name, single, table, tuple(whole), tuple(links))


def _placed(prop: Prop, table: str) -> Prop:
    columns: tuple[str, ...] = (f"{table}.{prop.name}",)
    if prop.type == "result":
        columns = (f"{table}.result", f"{table}.result_type")
    return Prop(prop.name, prop.type, columns, prop.required, prop.computed, prop.nullable)


_NAME, _DESCRIPTION = Prop("name", required=True), Prop("description", required=True)
_PROPERTIES = Prop("properties", "json")
_ENCODING = Prop("encodingType", required=True)
_PLACES = {"via": "thing_location", "own": "thing", "other": "location"}
_MOMENTS = {"via": "historical_place", "own": "historical", "other": "location"}


def _swapped(pair: dict[str, str]) -> dict[str, str]:
    return {"via": pair["via"], "own": pair["other"], "other": pair["own"]}


# By the end of the phenomenon time, which the index has: of intervals that overlap the first to end counts.
_FIRST = (
    "(SELECT observation.t0 FROM observation WHERE observation.datastream = datastream.id"
    " ORDER BY observation.t1 LIMIT 1)"
)
_LAST = (
    "(SELECT observation.t1 FROM observation WHERE observation.datastream = datastream.id"
    " ORDER BY observation.t1 DESC LIMIT 1)"
)
KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        _kind(
            "Things",
            "Thing",
            "thing",
            [_NAME, _DESCRIPTION, _PROPERTIES],
            [
                Link("Datastreams", "Datastreams", True, "thing"),
                Link("Locations", "Locations", True, **_PLACES),
                Link("HistoricalLocations", "HistoricalLocations", True, "thing"),
            ],
        ),
        _kind(
            "Locations",
            "Location",
            "location",
            [_NAME, _DESCRIPTION, _ENCODING, Prop("location", "geometry", required=True), _PROPERTIES],
            [
                Link("Things", "Things", True, **_swapped(_PLACES)),
                Link("HistoricalLocations", "HistoricalLocations", True, **_swapped(_MOMENTS)),
            ],
        ),
        _kind(
            "HistoricalLocations",
            "HistoricalLocation",
            "historical",
            [Prop("time", "time", required=True)],
            [Link("Thing", "Things", column="thing"), Link("Locations", "Locations", True, **_MOMENTS)],
        ),
        _kind(
            "Datastreams",
            "Datastream",
            "datastream",
            [
                _NAME,
                _DESCRIPTION,
                Prop("observationType", required=True),
                Prop("unitOfMeasurement", "json", required=True),
                Prop("observedArea", "geometry"),
                Prop("phenomenonTime", "period", (_FIRST, _LAST), computed=True),
                _PROPERTIES,
            ],
            [
                Link("Thing", "Things", column="thing"),
                Link("Sensor", "Sensors", column="sensor"),
                Link("ObservedProperty", "ObservedProperties", column="observed_property"),
                Link("Observations", "Observations", True, "datastream"),
            ],
        ),
        _kind(
            "Sensors",
            "Sensor",
            "sensor",
            [_NAME, _DESCRIPTION, _ENCODING, Prop("metadata", "json", required=True), _PROPERTIES],
            [Link("Datastreams", "Datastreams", True, "sensor")],
        ),
        _kind(
            "ObservedProperties",
            "ObservedProperty",
            "observed_property",
            [_NAME, Prop("definition", required=True), _DESCRIPTION, _PROPERTIES],
            [Link("Datastreams", "Datastreams", True, "observed_property")],
        ),
        _kind(
            "Observations",
            "Observation",
            "observation",
            [
                Prop("phenomenonTime", "period", ("observation.t0", "observation.t1")),
                Prop("resultTime", "time", nullable=True),
                Prop("result", "result", required=True, nullable=True),
                Prop("resultQuality", "json"),
                Prop("validTime"),
                Prop("parameters", "json"),
            ],
            [
                Link("Datastream", "Datastreams", column="datastream"),
                Link("FeatureOfInterest", "FeaturesOfInterest", column="feature_of_interest"),
            ],
        ),
        _kind(
            "FeaturesOfInterest",
            "FeatureOfInterest",
            "feature_of_interest",
            [_NAME, _DESCRIPTION, _ENCODING, Prop("feature", "geometry", required=True), _PROPERTIES],
            [Link("Observations", "Observations", True, "feature_of_interest")],
        ),
    )
}
DATASTREAMS, OBSERVATIONS = KINDS["Datastreams"], KINDS["Observations"]
