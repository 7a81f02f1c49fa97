"""Which quantity a datastream measures: by its property's definition, by names in Dutch and English, by its unit."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from .values import SENTINELS, DatastreamLike, PropertyLike, Rule, UnitLike

NO2 = "no2"
PM25 = "pm25"
PM10 = "pm10"
NOISE = "noise"
WATER_LEVEL = "water level"
SPEED = "traffic speed"
FLOW = "traffic flow"
QUANTITIES = (NO2, PM25, PM10, NOISE, WATER_LEVEL, SPEED, FLOW)

# the unit that the classes of `norms` are written in
UNITS = {
    NO2: "µg/m³",
    PM25: "µg/m³",
    PM10: "µg/m³",
    NOISE: "dB",
    WATER_LEVEL: "m",
    SPEED: "km/h",
    FLOW: "1/h",
}

# The endings of definitions in use: EIONET's pollutant codes, the CF standard names, and the names of vocabularies.
_DEFINITIONS = (
    (PM25, re.compile(r"aq/pollutant/6001$|pm2p5|pm_?2[._]?5(?!\d)|particulate_matter_2")),
    (PM10, re.compile(r"aq/pollutant/5$|pm10(?!\d)|particulate_matter_10")),
    (NO2, re.compile(r"aq/pollutant/8$|nitrogen_?dioxide|/no2$|stikstofdioxide")),
    (NOISE, re.compile(r"sound_pressure_level|soundpressurelevel|/(?:lden|laeq|lnight|noise)\w*$|geluid(?:sniveau)?$")),
    (SPEED, re.compile(r"(?:traffic|vehicle|vehicular)[-_]?speed$|/verkeerssnelheid$")),
    (FLOW, re.compile(r"(?:traffic|vehicle)[-_]?(?:flow|count|volume|intensity)$|/verkeersintensiteit$")),
)

# Words in names, without accents, in small letters.
_AIR = r"(?<![a-z0-9])"
_NAMES = (
    (PM25, re.compile(_AIR + r"pm\s?[_-]?\s?2[.,_]?5(?!\d)|fine particulate|fijnstof.{0,4}2[.,]5|zeer fijn stof")),
    (PM10, re.compile(_AIR + r"pm\s?[_-]?\s?10(?!\d)|coarse particulate|fijnstof.{0,4}10(?!\d)")),
    (NO2, re.compile(_AIR + r"no2(?![a-z0-9])|nitrogen dioxide|stikstofdioxide")),
    (
        NOISE,
        re.compile(
            r"\bnoise\b|\bsound (?:pressure )?level|\blden\b|\blaeq|\blnight\b|\bgeluid(?!ss?nelheid)|\bgeluidsniveau"
        ),
    ),
    (
        WATER_LEVEL,
        re.compile(
            r"\bwater ?level|\briver (?:level|stage)\b|\btide level|\bwater ?stand\b|\bwaterhoogte\b|\bpeil\b"
            r"|\bwaterpeil\b|\bsea (?:surface )?(?:level|height)\b"
        ),
    ),
    (
        SPEED,
        re.compile(
            r"\b(?:traffic|vehicle|vehicular|driving) speed|\bspeed\b.*\b(?:traffic|vehicles?|road|lane)\b"
            r"|\b(?:traffic|vehicles?|road)\b.*\bspeed\b|\brijsnelheid|\bverkeerssnelheid|\bvoertuigsnelheid"
            r"|\bsnelheid\b.*\b(?:verkeer|voertuig|rijbaan|rijstrook)|\b(?:verkeer|voertuigen|rijstrook)\b.*\bsnelheid\b"
        ),
    ),
    (
        FLOW,
        re.compile(
            r"\btraffic (?:flow|volume|count|intensity)|\bvehicle (?:flow|count|volume)|\bvehicles per hour"
            r"|\b(?:flow|intensity)\b.*\b(?:traffic|vehicles?)\b"
            r"|\bintensiteit\b.*\b(?:verkeer|voertuig|rijbaan|rijstrook)|\b(?:verkeer|rijstrook)\b.*\bintensiteit\b"
            r"|\b(?:verkeers|voertuig)intensiteit|\bverkeersstroom|\baantal voertuigen|\bvoertuigen per uur"
        ),
    ),
)
# A level in the ground is no level of NAP, and no wind drives a car.
_NOT = {
    WATER_LEVEL: re.compile(r"ground|grond|\bmbd\b|\bwell\b|borehole|peilbuis|tank|soil|bodem"),
    SPEED: re.compile(r"\bwind|\bair\b|\bflow|\bwater"),
    NOISE: re.compile(r"noise ratio|signal.to.noise"),
}

# Shapes of unit symbols, as `_symbol` writes them, and the factor to the unit of `UNITS`.
_MASS = {"ug/m3": 1.0, "ug.m-3": 1.0, "ugm-3": 1.0, "mg/m3": 1000.0, "mg.m-3": 1000.0, "ng/m3": 0.001}
_FACTORS: dict[str, dict[str, float]] = {
    # at 20 °C and 101.3 kPa, the state to which directive 2008/50/EC (annex VI, C) refers gases
    NO2: {**_MASS, "ppb": 1.9125, "ppm": 1912.5, "[ppb]": 1.9125, "[ppm]": 1912.5},
    PM25: _MASS,
    PM10: _MASS,
    NOISE: dict.fromkeys(("db", "db(a)", "dba", "db[spl]", "b[spl]a", "decibel", "db[a]"), 1.0),
    WATER_LEVEL: {
        "m": 1.0, "mnap": 1.0, "m+nap": 1.0, "metre": 1.0, "meter": 1.0, "cm": 0.01, "cmnap": 0.01, "cm+nap": 0.01,
        "dm": 0.1, "mm": 0.001, "mmnap": 0.001, "mtovnap": 1.0, "cmtovnap": 0.01,
    },
    SPEED: {"km/h": 1.0, "kmh": 1.0, "kmph": 1.0, "kph": 1.0, "km/u": 1.0, "km.h-1": 1.0, "m/s": 3.6, "m.s-1": 3.6,
            "mph": 1.609344, "mi/h": 1.609344, "[mi_i]/h": 1.609344},
    FLOW: {"1/h": 1.0, "/h": 1.0, "h-1": 1.0, "veh/h": 1.0, "vehicles/h": 1.0, "vehicles/hour": 1.0, "vtg/h": 1.0,
           "vtg/u": 1.0, "voertuigen/uur": 1.0, "voertuigen/u": 1.0, "{vehicles}/h": 1.0, "{veh}/h": 1.0, "pcu/h": 1.0,
           "mvt/u": 1.0, "mvt/h": 1.0, "vph": 1.0, "vehiclesperhour": 1.0, "1/min": 60.0, "/min": 60.0,
           "veh/min": 60.0},
}  # fmt: skip
# Units that only one quantity has.
_TELLING = {
    **dict.fromkeys(
        ("veh/h", "vehicles/h", "vehicles/hour", "vtg/h", "vtg/u", "{vehicles}/h", "{veh}/h", "voertuigen/uur", "vph",
         "mvt/u", "mvt/h", "vehiclesperhour", "veh/min"), FLOW),
    **dict.fromkeys(("mnap", "m+nap", "cmnap", "cm+nap", "mtovnap", "cmtovnap", "mmnap"), WATER_LEVEL),
    **dict.fromkeys(("db(a)", "dba", "db[a]"), NOISE),
}  # fmt: skip
_SUPERSCRIPTS = str.maketrans(
    {"³": "3", "²": "2", "⁻": "-", "¹": "1", "µ": "u", "μ": "u", "−": "-", "·": ".", "*": "."}
)


def quantity(datastream: DatastreamLike) -> str | None:
    """One of `QUANTITIES`, or None: the definition tells most, then the property's name, the datastream's, the unit.

    What is recognised must also have a unit that fits, or none: a "speed" in degrees is no speed.
    """
    observed, unit = datastream.observed_property, datastream.unit
    found = (
        _by_property(observed)
        or _by_name(datastream.name)
        or _by_name(f"{observed.name}: {datastream.name}")  # "speed" of "A13, traffic northbound"
        or _by_unit(unit)
    )
    if found is None or (unit is not None and _symbols(unit) and factor(found, unit) is None):
        return None
    if found == WATER_LEVEL and _NOT[WATER_LEVEL].search(_words(f"{observed.name} {datastream.name}")):
        return None
    return found


def factor(of: str, unit: UnitLike | None) -> float | None:
    """What a value in ``unit`` is multiplied by to be in ``UNITS[of]``; None where the unit is missing or another."""
    if unit is None:
        return None
    known = _FACTORS[of]
    for symbol in _symbols(unit):
        if symbol in known:
            return known[symbol]
    return None


def is_nap(datastream: DatastreamLike) -> bool:
    """Whether a water level says that it is against NAP, the Dutch datum (about mean sea level)."""
    unit = datastream.unit
    observed = datastream.observed_property
    written = [datastream.name, observed.name, observed.definition, observed.description]
    written += [unit.name, unit.symbol, unit.definition] if unit else []
    return bool(re.search(r"(?<![a-z])nap(?![a-z])|amsterdam ordnance|amsterdams peil", _words(" | ".join(written))))


def rule(datastream: DatastreamLike) -> Rule:
    """How this datastream's results are read: its sentinels, its ceiling, and whether a text is a number."""
    return _rule(quantity(datastream), datastream.observation_type)


@lru_cache(maxsize=4096)
def _rule(what: str | None, observation_type: str) -> Rule:
    kind = observation_type.rsplit("/", 1)[-1].lower()
    sentinels, clamped = SENTINELS, frozenset[float]()
    if what == FLOW:
        # sources keep flow in 16 bits; what is more ends at the highest number
        clamped = frozenset({65535.0})
    if what in (SPEED, FLOW):
        # road-side systems write -1 where no vehicle passed
        sentinels = SENTINELS | {-1.0}
    return Rule(sentinels, clamped, numeric=kind in {"om_measurement", "om_countobservation"})


def _by_property(observed: PropertyLike) -> str | None:
    return _by_definition(observed.definition) or _by_name(observed.name)


# Thousands of datastreams share a property and a unit: what these say is found out once.
@lru_cache(maxsize=4096)
def _by_definition(definition: str) -> str | None:
    lower = definition.lower()
    return next((what for what, pattern in _DEFINITIONS if pattern.search(lower)), None)


@lru_cache(maxsize=4096)
def _by_name(name: str) -> str | None:
    words = _words(name)
    for what, pattern in _NAMES:
        if pattern.search(words) and not (what in _NOT and _NOT[what].search(words)):
            return what
    return None


def _by_unit(unit: UnitLike | None) -> str | None:
    for symbol in _symbols(unit) if unit else ():
        if symbol in _TELLING:
            return _TELLING[symbol]
    return None


def _symbols(unit: UnitLike) -> tuple[str, ...]:
    """The unit's symbol, its definition without the vocabulary's prefix, and its name, in one spelling."""
    return _in_one_spelling(unit.symbol, unit.definition, unit.name)


@lru_cache(maxsize=4096)
def _in_one_spelling(symbol: str, definition: str, name: str) -> tuple[str, ...]:
    definition = re.sub(r"^ucum:", "", definition.strip(), flags=re.IGNORECASE)
    if "/" in definition and ":" in definition:
        definition = ""  # an address
    return tuple(filter(None, (_symbol(symbol), _symbol(definition), _symbol(name))))


@lru_cache(maxsize=4096)
def _symbol(text: str) -> str:
    return re.sub(r"\s|\^", "", text.translate(_SUPERSCRIPTS)).lower().replace("t.o.v.", "tov")


@lru_cache(maxsize=4096)
def _words(text: str) -> str:
    """Small letters without accents; ₂ is 2."""
    return re.sub(r"[_/]", " ", unicodedata.normalize("NFKD", text)).encode("ascii", "ignore").decode().lower()
