"""Datastreams made up for the tests of the Sensors page."""

from __future__ import annotations

from plugin.gui.sensors_rows import Row
from plugin.sensors.state import Latest
from plugin.twin.sensorthings import Datastream, ObservedProperty, Thing, Unit

NO2 = ObservedProperty("1", "Stikstofdioxide (NO₂)", "http://example.org/no2", "What cars leave behind", "1")
NOISE = ObservedProperty("2", "Noise", "", "", "2")


def stream(
    id: str,
    name: str,
    observed: ObservedProperty = NO2,
    *,
    thing: str = "",
    place: tuple[float, float] | None = (4.48, 51.92),
    unit: str = "µg/m³",
    problems: tuple[str, ...] = (),
) -> Datastream:
    position = (*place, None) if place is not None else None
    return Datastream(
        id, id, name, "", Unit("", unit, ""), observed, Thing("t" + id, thing or name, ""), position, "", f"x/{id}",
        None, "", problems,
    )  # fmt: skip


def latest(id: str, freshness: str = "live", time: float | None = 1_000.0, value: float = 12.5) -> Latest:
    kind = "none" if freshness == "none" else "number"
    return Latest(id, kind, value, "µg/m³", time, time, None, freshness, "unknown", False, ())


def row(id: str, name: str, observed: ObservedProperty = NO2, *, freshness: str = "live", **rest: object) -> Row:
    return Row(stream(id, name, observed, **rest), latest(id, freshness))  # type: ignore[arg-type]
