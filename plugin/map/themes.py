"""What a collection is about, told by its name and its geometry: what decides how it is drawn and in what order."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..workcopy.source import Source
from .pilots import mappings as pilot_mappings

_LONG = 5  # letters from which a word is also found inside another (Dutch writes compounds as one)


@dataclass(frozen=True)
class Theme:
    """One way of drawing. ``rank`` is its place from the top of the layer tree."""

    name: str
    rank: int
    families: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


# The first that fits wins. Words are Dutch and English, in lower case.
THEMES = (
    Theme("pilots", 20, ("polygon",), ("pilot", "proeftuin", "living lab", "livinglab", "experiment")),
    Theme("trees", 12, ("point",), ("tree", "trees", "boom", "bomen", "vegetatieobject")),
    Theme("bins", 11, ("point",), ("bins", "bin", "prullenbak", "afvalbak", "container", "vuilnis")),
    Theme("stations", 10, ("point",), ("station", "sensor", "meetpunt", "meetnet", "camera", "ndw")),
    Theme("neighbourhoods", 31, ("polygon",), ("neighbourhood", "neighborhood", "buurt", "buurten")),
    Theme("districts", 30, ("polygon",), ("district", "wijk", "wijken", "stadsdeel", "gemeente", "borough")),
    Theme(
        "buildings",
        40,
        ("polygon",),
        ("building", "gebouw", "pand", "panden", "3dbag", "bag", "roofprint", "footprint", "house"),
    ),
    Theme("water", 70, ("polygon", "line"), ("water", "river", "rivier", "canal", "kanaal", "sloot", "vijver", "lake")),
    Theme("streets", 50, ("line",), ("street", "straat", "road", "weg", "wegen", "rijbaan", "path", "fietspad")),
    Theme("pavement", 60, ("polygon",), ("street", "straat", "road", "weg", "wegdeel", "rijbaan", "square", "plein")),
    Theme("green", 65, ("polygon",), ("park", "green", "groen", "grass", "gras", "garden", "tuin", "bos", "forest")),
)
FALLBACKS = {
    "point": Theme("points", 15),
    "line": Theme("lines", 45),
    "polygon": Theme("areas", 55),
    "": Theme("mixed", 45),
    "none": Theme("table", 90),
}


def family_of(geometry_type: str) -> str:
    """``point``, ``line``, ``polygon``, ``none``, or "" where any may come."""
    kind = geometry_type.replace("Multi", "")
    return {"Point": "point", "LineString": "line", "Polygon": "polygon", "none": "none"}.get(kind, "")


def theme_of(source: Source, family: str | None = None) -> Theme:
    """The theme of a source, or of its part of one ``family`` where its table mixes them."""
    family = family_of(source.geometry_type) if family is None else family
    if family == "polygon" and pilot_mappings.of_source(source) is not None:
        return next(theme for theme in THEMES if theme.name == "pilots")  # whatever their server calls them
    words = [word for word in re.split(r"[\W_]+", f"{source.collection} {source.title}".lower()) if word]
    for theme in THEMES:
        if family in theme.families and any(_says(words, word) for word in theme.words):
            return theme
    if family == "polygon" and source.has_z:
        return next(theme for theme in THEMES if theme.name == "buildings")  # solids: who else has walls?
    return FALLBACKS[family]


def _says(words: Iterable[str], wanted: str) -> bool:
    if " " in wanted:
        return wanted in " ".join(words)
    if len(wanted) >= _LONG:
        return any(wanted in word for word in words)
    return any(word in (wanted, f"{wanted}s") or word.endswith(wanted) for word in words)


def stable_hue(name: str) -> int:
    """A hue (0–359) that is the same for a collection on every machine and day."""
    digest = hashlib.blake2b(name.encode("utf-8"), digest_size=2).digest()
    # steps of 30°: neighbours that can be told apart
    return int.from_bytes(digest, "big") % 12 * 30


def column_named(source: Source, *names: str, types: tuple[str, ...] = ()) -> str | None:
    """The first column whose name (without case) is one of ``names``, in their order, and whose type is asked for."""
    for name in names:
        for column in source.columns:
            if column.name.lower() == name and (not types or column.type in types):
                return column.name
    return None


def name_column(source: Source) -> str | None:
    """The column that people call a feature by."""
    return column_named(
        source,
        "name", "naam", "title", "titel", "label", "name_nl", "wijknaam", "buurtnaam", "straatnaam", "street",
        "address", "adres", "omschrijving", "boomsortiment_nederlands", "species", "soort", "type",
        types=("string",),
    )  # fmt: skip


def height_column(source: Source) -> str | None:
    """How high a building is above its ground, in metres."""
    return column_named(
        source, "height", "hoogte", "measuredheight", "measured_height", "building_height", "bouwhoogte", "h",
        types=("number", "integer"),
    )  # fmt: skip


def ground_column(source: Source) -> str | None:
    """How high the ground at a building is above the datum (NAP), in metres."""
    return column_named(
        source, "ground_height", "ground", "h_maaiveld", "b3_h_maaiveld", "maaiveld", "terrainheight", "ground_level",
        types=("number", "integer"),
    )  # fmt: skip
