"""What a layer is about, and which of its columns say what, told by the words that Dutch and English data use."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..workcopy.source import Source

BUILDINGS, TREES, ADDRESSES, DISTRICTS, OTHER = "buildings", "trees", "addresses", "districts", "other"
ROLES = (BUILDINGS, TREES, ADDRESSES, DISTRICTS, OTHER)
_LONG = 5  # letters from which a word is also found inside another: Dutch writes compounds as one

# role, whether it may be points, lines or areas, words; the first that fits
_WORDS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    (TREES, ("Point",), ("tree", "trees", "boom", "bomen", "vegetatieobject")),
    (ADDRESSES, ("Point",), ("address", "addresses", "adres", "adressen", "verblijfsobject", "nummeraanduiding")),
    (DISTRICTS, ("Polygon",), ("district", "wijk", "wijken", "stadsdeel", "neighbourhood", "neighborhood", "buurt",
                               "buurten", "borough")),
    (BUILDINGS, ("Polygon", ""), ("building", "gebouw", "pand", "panden", "3dbag", "roofprint", "footprint", "house",
                                  "houses")),
)  # fmt: skip


def role_of(source: Source) -> str:
    """What the layer holds: buildings, trees, addresses, districts or other things."""
    kind = source.geometry_type.replace("Multi", "")
    for texts in ((source.collection, source.table), (source.title,)):
        found = {word for text in texts for word in re.split(r"[\W_]+", text.lower()) if word}
        for role, kinds, words in _WORDS:
            if kind in kinds and any(_fits(word, found) for word in words):
                return role
    # a city model calls its layer after the place; its columns tell
    if kind in ("Polygon", "") and figures_of(source).is_building:
        return BUILDINGS
    return OTHER


def _fits(word: str, found: Iterable[str]) -> bool:
    return any(word == one or (len(word) >= _LONG and word in one) for one in found)


@dataclass(frozen=True)
class Figures:
    """The columns of a layer of buildings that say what; "" where none does. Heights in m, floor area in m²."""

    height: str = ""
    top: str = ""  # highest point above NAP; with ``ground`` it gives the height
    ground: str = ""
    floor_area: str = ""
    storeys: str = ""
    year: str = ""

    @property
    def is_building(self) -> bool:
        """Whether the columns can only be those of buildings."""
        return bool((self.year or self.storeys) and (self.height or self.top)) or bool(self.height and self.ground)

    @property
    def columns(self) -> tuple[str, ...]:
        names = (self.height, self.top, self.ground, self.floor_area, self.storeys, self.year)
        return tuple(dict.fromkeys(name for name in names if name))


_HEIGHT = ("height", "hoogte", "measuredheight", "building_height", "gebouwhoogte", "b3_hoogte", "h_gebouw")
_TOP = ("b3_h_dak_max", "h_dak_max", "b3_h_max", "h_ridge_m", "roof_height", "h_max", "b3_h_dak_70p", "h_eave_m")
_GROUND = ("ground_height", "b3_h_maaiveld", "h_maaiveld", "maaiveld", "ground_level")
_FLOOR = (
    "floor_area", "floor_area_m2", "gross_floor_area", "vloeroppervlakte", "bvo", "gbo", "gebruiksoppervlakte",
    "oppervlakte_gebruik", "oppervlakte",
)  # fmt: skip
_STOREYS = ("storeys", "storeysaboveground", "floors", "levels", "bouwlagen", "aantal_bouwlagen", "b3_bouwlagen",
            "verdiepingen")  # fmt: skip
_YEAR = ("year_built", "yearofconstruction", "year", "bouwjaar", "oorspronkelijkbouwjaar", "oorspronkelijk_bouwjaar",
         "construction_year", "year_of_construction", "built")  # fmt: skip


def figures_of(source: Source) -> Figures:
    """Which of a layer's columns give height, floor area, storeys and year."""
    by_name = {column.name.lower().replace(" ", "_"): column.name for column in source.columns}

    def first(names: tuple[str, ...]) -> str:
        return next((by_name[name] for name in names if name in by_name), "")

    return Figures(first(_HEIGHT), first(_TOP), first(_GROUND), first(_FLOOR), first(_STOREYS), first(_YEAR))


def label_of(source: Source) -> str:
    """The column that names a feature of the layer; "" where none does."""
    wanted = ("name", "naam", "title", "titel", "wijknaam", "buurtnaam", "statnaam", "gemeentenaam", "wijk", "buurt")
    by_name = {column.name.lower(): column.name for column in source.columns}
    return next((by_name[name] for name in wanted if name in by_name), "")
