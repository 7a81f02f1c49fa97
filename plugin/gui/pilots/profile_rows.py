"""The tables of a profile as rows of cells: what stands in them, and by what they are sorted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ...pilots import vocabulary as words
from ...pilots.figures import Day, LayerShare, Profile, Sensor
from ...sensors.figures import figures
from ...text import number, tr
from ..moments import moment
from .profile_words import area, length, percent

_NONE = "–"
_LAST = float("inf")


@dataclass(frozen=True)
class Cell:
    """``order``: by what the column is sorted; ``share``: 0 to 1, drawn as a bar beside the text."""

    text: str
    order: Any = ""
    share: float | None = None
    right: bool = False


@dataclass(frozen=True)
class Row:
    """``key``: what a click on it is about."""

    cells: tuple[Cell, ...]
    key: Any = None
    tip: str = ""


@dataclass(frozen=True)
class Table:
    heads: tuple[str, ...]
    rows: tuple[Row, ...]


def layers(profile: Profile) -> Table:
    """Every layer, in the order of the working copy; ``key`` is its `LayerShare`."""
    heads = (
        tr("Layer"), tr("Features"), tr("Wholly inside"), tr("Length or area"), tr("Share of layer"),
        tr("Share of pilot"),
    )  # fmt: skip
    return Table(heads, tuple(_layer(one) for one in profile.layers))


def _layer(one: LayerShare) -> Row:
    size = Cell(_NONE, -1.0, right=True)
    if one.area or one.share_of_pilot is not None:
        size = Cell(area(one.area), one.area, right=True)
    elif one.length:
        size = Cell(length(one.length), one.length, right=True)
    if not one.known:
        nothing = (Cell(tr("not known"), -1.0, right=True), *(Cell(_NONE, -1.0, right=True) for _ in range(4)))
        tip = tr("The data of {title} end before this pilot begins.", title=one.title)
        return Row((_text(one.title or one.table), *nothing), one, tip)
    tip = tr("{title}: {count} of {total} features", title=one.title, count=number(one.count), total=number(one.total))
    cells = (
        _text(one.title or one.table),
        _number(one.count),
        _number(one.whole),
        size,
        _share(one.share_of_layer if one.total else None),
        _share(one.share_of_pilot),
    )
    return Row(cells, one, tip)


def districts(profile: Profile) -> Table:
    """The districts, the one with most of the pilot first."""
    heads = (tr("Name"), tr("Area inside"), tr("Share of pilot"), tr("Share of district"))
    rows = []
    for one in profile.districts:
        inside = Cell(area(one.area), one.area, right=True)
        name = one.name or tr("(no name)")
        rows.append(Row((_text(name), inside, _share(one.share_of_pilot), _share(one.share_of_district)), one))
    return Table(heads, tuple(rows))


def neighbours(profile: Profile) -> Table:
    """Other pilots, the nearest first; ``key`` is the `Neighbour`."""
    heads = (tr("Pilot"), tr("Stage"), tr("Distance"), tr("Overlap"), tr("Share of this pilot"))
    order = {stage: place for place, stage in enumerate(words.STAGES)}
    rows = []
    for one in profile.neighbours:
        overlap = Cell(area(one.overlap) if one.overlap else tr("none"), one.overlap, right=True)
        cells = (
            _text(one.name or one.key),
            Cell(words.stage_title(one.stage), order.get(one.stage, len(order))),
            Cell(length(one.distance), one.distance, right=True),
            overlap,
            _share(one.overlap / profile.area if one.overlap else None),
        )
        rows.append(Row(cells, one, tr("Click to see what lies inside {name}.", name=one.name or one.key)))
    return Table(heads, tuple(rows))


def sensors(found: Iterable[Sensor]) -> Table:
    """A row for each thing that is measured; ``key`` is the `Sensor`."""
    heads = (tr("Sensor"), tr("Measures"), tr("Least"), tr("Mean"), tr("Most"), tr("Latest"), tr("At"), tr("Place"))
    rows = [_sensor(one, day) for one in found for day in (one.days or (None,))]
    return Table(heads, tuple(rows))


def _sensor(one: Sensor, day: Day | None) -> Row:
    place = f"{number(one.y, '.5f')}  {number(one.x, '.5f')}"
    if day is None:
        nothing = tuple(Cell(_NONE, -_LAST, right=True) for _ in range(4))
        return Row((_text(one.name or one.key), _text(_NONE), *nothing, _text(_NONE), _text(place)), one)
    measures = tr("{observed} ({unit})", observed=day.observed, unit=day.unit) if day.unit else day.observed
    values = tuple(_value(value) for value in (day.least, day.mean, day.most, day.latest))
    at = Cell(moment(day.at) or _NONE, day.at)
    return Row((_text(one.name or one.key), _text(measures), *values, at, _text(place)), one)


def _value(value: float | None) -> Cell:
    return Cell(_NONE, -_LAST, right=True) if value is None else Cell(figures(value), value, right=True)


def _text(text: str) -> Cell:
    return Cell(text, text.casefold())


def _number(value: int) -> Cell:
    return Cell(number(value), value, right=True)


def _share(share: float | None) -> Cell:
    return Cell(_NONE, -1.0, right=True) if share is None else Cell(percent(share), share, min(1.0, share), True)
