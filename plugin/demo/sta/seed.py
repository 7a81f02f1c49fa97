"""Which sensors there are: stations of the data, or of our own making, as Things with what belongs to them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..model import compact
from .store import SensorStore, Writer
from .write import move

_MEASUREMENT = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"
_GEOJSON = "application/geo+json"
_UCUM = "http://unitsofmeasure.org/ucum.html#"


@dataclass(frozen=True)
class Quantity:
    """What is observed, its unit, and by what."""

    name: str
    definition: str
    description: str
    unit: tuple[str, str, str]  # name, symbol, definition
    sensor: str


QUANTITIES = {
    "flow": Quantity(
        "Traffic flow",
        "urn:citytwin:property:traffic-flow",
        "Vehicles that pass, as a rate per hour; 65535 is the source's word for no value",
        ("vehicles per hour", "veh/h", "urn:citytwin:unit:veh-h"),
        "Induction loop",
    ),
    "speed": Quantity(
        "Traffic speed",
        "urn:citytwin:property:traffic-speed",
        "Mean speed of the vehicles that pass",
        ("kilometre per hour", "km/h", _UCUM + "km/h"),
        "Induction loop",
    ),
    "no2": Quantity(
        "NO2",
        "http://dd.eionet.europa.eu/vocabulary/aq/pollutant/8",
        "Nitrogen dioxide in the air",
        ("microgram per cubic metre", "µg/m³", _UCUM + "ug/m3"),
        "Air quality monitor",
    ),
    "pm25": Quantity(
        "PM2.5",
        "http://dd.eionet.europa.eu/vocabulary/aq/pollutant/6001",
        "Particulate matter smaller than 2.5 µm in the air",
        ("microgram per cubic metre", "µg/m³", _UCUM + "ug/m3"),
        "Air quality monitor",
    ),
    "water": Quantity(
        "Water level",
        "urn:citytwin:property:water-level",
        "Height of the water above NAP",
        ("centimetre", "cm", _UCUM + "cm"),
        "Gauge",
    ),
    "noise": Quantity(
        "Noise",
        "urn:citytwin:property:noise-level",
        "Equivalent sound level, A-weighted",
        ("decibel A-weighted", "dB(A)", "urn:citytwin:unit:dBA"),
        "Sound level meter",
    ),
}


@dataclass(frozen=True)
class Station:
    """Where something is observed. ``usual``: a value around which made-up ones go, by quantity."""

    key: str
    name: str
    description: str
    lon: float
    lat: float
    quantities: tuple[str, ...]
    properties: dict[str, Any] = field(default_factory=dict)
    usual: dict[str, float] = field(default_factory=dict)


def plant(store: SensorStore, stations: Iterable[Station]) -> int:
    """Put the stations into an empty store, in one transaction; how many there are."""
    count = 0
    with store.writing() as writer:
        shared: dict[str, int] = {}
        for station in stations:
            _plant_one(writer, station, shared)
            count += 1
        writer.execute("INSERT INTO meta VALUES ('filled', 'yes')")
    return count


def streams(store: SensorStore) -> dict[tuple[str, str], int]:
    """The datastreams that were planted, by their station's key and their quantity."""
    with store.reading() as db:
        rows = db.execute(
            "SELECT json_extract(properties, '$.station'), json_extract(properties, '$.quantity'), id FROM datastream"
        ).fetchall()
    return {(str(row[0]), str(row[1])): int(row[2]) for row in rows if row[0] is not None}


def quantity_of(key: str) -> Quantity:
    """A column of a file that nobody has heard of is a quantity too, without a unit."""
    unknown = Quantity(key, f"urn:citytwin:property:{key}", key, ("", "", ""), "Sensor")
    return QUANTITIES.get(key, unknown)


def made_up(count: int) -> list[Station]:
    """Stations of our own making, on a spiral over Rotterdam's inner city: mostly traffic, some air, noise and water.

    The third one fails: see ``rhythm``.
    """
    found = []
    for i in range(count):
        turn, away = i * 2.399963, 0.022 * math.sqrt((i + 0.5) / count)  # the golden angle
        lon, lat = round(4.479 + 1.62 * away * math.cos(turn), 6), round(51.917 + away * math.sin(turn), 6)
        word = "Traffic"
        quantities: tuple[str, ...] = ("flow", "speed")
        if i % 6 == 4:
            word, quantities = "Air", ("no2", "pm25")
        elif i % 12 == 5:
            word, quantities = "Noise", ("noise",)
        elif i % 24 == 11:
            word, quantities = "Water", ("water",)
        key = "failing" if i == 2 else f"{word.lower()}-{i + 1}"
        name = f"{word} {i + 1}{' (failing)' if i == 2 else ''}"
        text = "Made up for trying things out; its values follow the hour of the day"
        found.append(Station(key, name, text, lon, lat, quantities, {"madeUp": True}))
    return found


def traffic_stations(path: Path, quantities: tuple[str, ...]) -> list[Station]:
    """The stations of a GeoJSON file with a ``station`` for each. ValueError where there are none."""
    found = []
    for properties, lon, lat in _points(path):
        key = properties.get("station")
        if key is None:
            continue
        name = str(properties.get("name") or key)
        kept = {str(word): properties[word] for word in ("lanes", "n_sites", "road_class") if word in properties}
        found.append(Station(str(key), name, f"Traffic at {name}", lon, lat, quantities, kept))
    if not found:
        raise ValueError(f"{path.name} has no points with a property named station")
    return found


def air_stations(path: Path) -> list[Station]:
    """The stations of Luchtmeetnet. Their one value each is what the made-up rhythm goes around."""
    found = []
    for properties, lon, lat in _points(path):
        name = str(properties.get("name") or properties.get("number"))
        columns = {"no2": "no2_ug_m3", "pm25": "pm25_ug_m3"}
        usual = {key: float(properties[column]) for key, column in columns.items() if column in properties}
        text = f"Air quality at {name}: a real station; its values are made up around one that was measured"
        kept = {"number": properties.get("number"), "madeUpValues": True}
        found.append(Station(f"air-{properties.get('number')}", name, text, lon, lat, tuple(usual), kept, usual))
    return found


def _points(path: Path) -> Iterable[tuple[dict[str, Any], float, float]]:
    """Properties, longitude and latitude. ValueError for what is no GeoJSON."""
    try:
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
        for feature in features:
            geometry = feature.get("geometry") or {}
            if geometry.get("type") == "Point":
                lon, lat = geometry["coordinates"][:2]
                yield feature.get("properties") or {}, float(lon), float(lat)
    except (OSError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path.name} is no GeoJSON file of stations") from error


def _plant_one(writer: Writer, station: Station, shared: dict[str, int]) -> None:
    point = compact({"type": "Point", "coordinates": [station.lon, station.lat]})
    place = {"name": station.name, "description": "Where it stands", "encodingType": _GEOJSON}
    feature = writer.insert("feature_of_interest", {**place, "feature": point})
    location = writer.insert("location", {**place, "location": point, "feature": feature})
    words = {"name": station.name, "description": station.description}
    thing = writer.insert("thing", {**words, "properties": compact({"station": station.key, **station.properties})})
    move(writer, thing, [location])
    for key in station.quantities:
        quantity = quantity_of(key)
        name, symbol, definition = quantity.unit
        writer.insert(
            "datastream",
            {
                "name": f"{station.name}: {quantity.name}",
                "description": f"{quantity.name} at {station.name}",
                "observationType": _MEASUREMENT,
                "unitOfMeasurement": compact({"name": name, "symbol": symbol, "definition": definition}),
                "observedArea": point,
                "properties": compact({"station": station.key, "quantity": key}),
                "thing": thing,
                "sensor": _shared(writer, shared, quantity.sensor, quantity),
                "observed_property": _shared(writer, shared, key, quantity),
            },
        )


def _shared(writer: Writer, shared: dict[str, int], key: str, quantity: Quantity) -> int:
    """The id of the sensor or observed property that many datastreams have in common."""
    if key not in shared and key == quantity.sensor:
        words = {"name": key, "description": f"{key} of the demo", "encodingType": "text/plain"}
        shared[key] = writer.insert("sensor", {**words, "metadata": compact("No data sheet")})
    elif key not in shared:
        words = {"name": quantity.name, "definition": quantity.definition, "description": quantity.description}
        shared[key] = writer.insert("observed_property", words)
    return shared[key]
