"""The figures of a report: what lies inside the pilot, as its profile says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...pilots import roles
from ...pilots.figures import Day, Profile, Span
from ...pilots.values import as_date
from ...text import number, tr, trn
from .report import Report
from .report_header import ACROSS, LEFT, Section, day
from .report_parts import Block, Part
from .report_type import FAINT, INK, RULE, Type, height_of, words

_GAP = 4.0
_TILE = 13.9
_SENSORS = 2  # how many tell of their last day
Tile = tuple[str, str, str]  # label, value, note; "" is not known


def area(square_metres: float) -> str:
    """In the unit that people use for it."""
    if square_metres >= 1e6:
        return tr("{n} km²", n=number(square_metres / 1e6, ",.2f"))
    if square_metres >= 1e4:
        return tr("{n} ha", n=number(square_metres / 1e4, ",.1f"))
    return tr("{n} m²", n=number(square_metres))


def length(metres: float) -> str:
    if metres >= 1000:
        return tr("{n} km", n=number(metres / 1000, ",.1f"))
    return tr("{n} m", n=number(metres))


def figures(report: Report, type_: Type) -> Section:
    """Eight figures, then what they lie in and near to."""
    if not report.wanted.figures:
        return [], 0.0
    parts: list[Part] = [words(LEFT, 0, ACROSS, [tr("What Lies Inside")], 11, bold=True, name="heading")]
    y = 6.2
    if report.figures is None:
        lines = type_.lines(report.no_figures, ACROSS, 9, 3)
        parts.append(words(LEFT, y, ACROSS, lines, 9, ink=FAINT, leading=4.3, name="no figures"))
        return parts, y + height_of(len(lines), 9, 4.3)
    wide = (ACROSS - 3 * _GAP) / 4
    for place, (label, value, note) in enumerate(tiles(report.figures, report.sensors_known)):
        row, column = divmod(place, 4)
        x, at = LEFT + column * (wide + _GAP), y + row * _TILE
        parts.append(Block(x, at, wide, 0.2, RULE))
        parts.append(words(x, at + 1.7, wide, [type_.cut(label, wide, 7.5)], 7.5, ink=FAINT, name="label"))
        shown = type_.cut(value or "–", wide, 13, True)
        parts.append(words(x, at + 5.2, wide, [shown], 13, bold=True, ink=INK if value else FAINT, name="figure"))
        under = note if value else note or tr("not known")
        parts.append(words(x, at + 10.0, wide, [type_.cut(under, wide, 7.5)], 7.5, ink=FAINT, name="note"))
    y += 2 * _TILE + 0.8
    if report.no_figures:
        parts.append(words(LEFT, y, ACROSS, [type_.cut(report.no_figures, ACROSS, 8)], 8, name="no figures"))
        y += 4.1
    for label, text in around(report.figures):
        head = 33.0
        lines = type_.lines(text, ACROSS - head, 8, 1)
        parts.append(words(LEFT, y, head - 2, [type_.cut(label, head - 2, 8)], 8, ink=FAINT, name="label"))
        parts.append(words(LEFT + head, y, ACROSS - head, lines, 8, name="around"))
        y += 4.1
    caveats = type_.lines(" ".join(_caveats(report.figures)), ACROSS, 7.5, 2)
    if caveats:
        parts.append(words(LEFT, y, ACROSS, caveats, 7.5, ink=FAINT, leading=3.4, name="caveats"))
        y += height_of(len(caveats), 7.5, 3.4) + 1.8
    return parts, y - 1.0


def _caveats(found: Profile) -> tuple[str, ...]:
    """The profile's notes, but for those at the end about layers that are not there: the figures say so."""
    have = {one.role for one in found.layers}
    missing = sum(role not in have for role in roles.ROLES if role != roles.OTHER)
    return found.notes[: max(0, len(found.notes) - missing)]


def tiles(found: Profile, known: bool = False) -> tuple[Tile, ...]:
    """Eight, in two rows. ``known``: whether anybody said where sensors are."""
    buildings = found.buildings
    none = _unknown(found, roles.BUILDINGS, tr("Buildings"), tr("no layer of buildings here"))
    floor: Tile = (tr("Floor area"), "", "")
    height: Tile = (tr("Median height"), "", "")
    years: Tile = (tr("Median year of construction"), "", "")
    if buildings is not None:
        whole = tr("{n} wholly inside", n=number(buildings.whole))
        none = (tr("Buildings"), number(buildings.count), whole)
        if buildings.floor_area is not None and (buildings.floor_area_known or not buildings.count):
            how = tr("footprint × storeys") if "storeys" in buildings.floor_area_from else ""
            if buildings.floor_area_known < buildings.count:
                how = tr("known of {n} of {all}", n=number(buildings.floor_area_known), all=number(buildings.count))
            floor = (floor[0], area(buildings.floor_area), how)
        if buildings.height is not None:
            spread = _spread(buildings.height, ",.0f", tr("m"))
            height = (height[0], tr("{n} m", n=number(buildings.height.median, ",.1f")), spread)
        if buildings.years is not None:
            years = (years[0], f"{buildings.years.median:.0f}", _spread(buildings.years, ".0f", ""))
    sensors = len(found.sensors)
    some = known or sensors
    return (
        (tr("Area"), area(found.area), tr("{length} around", length=length(found.perimeter))),
        none,
        floor,
        height,
        years,
        _counted(found, roles.TREES, tr("Trees"), found.trees, tr("no layer of trees here")),
        _counted(found, roles.ADDRESSES, tr("Addresses"), found.addresses, tr("no layer of addresses here")),
        (tr("Sensors"), number(sensors) if some else "", "" if some else tr("no layer of sensors given")),
    )


def _counted(found: Profile, role: str, label: str, count: int | None, missing: str) -> Tile:
    return _unknown(found, role, label, missing) if count is None else (label, number(count), "")


def _unknown(found: Profile, role: str, label: str, missing: str) -> Tile:
    """Not known, because there is no layer of them, or because its data end before the pilot begins."""
    return (label, "", tr("the data end elsewhere") if any(one.role == role for one in found.layers) else missing)


def _spread(found: Span, form: str, unit: str) -> str:
    low, high = number(found.least, form), number(found.most, form)
    return tr("{low} to {high}", low=low, high=high) + (f" {unit}" if unit else "")


def around(found: Profile) -> Iterator[tuple[str, str]]:
    """A label and a line each: districts, pilots near by, sensors."""
    named = [one for one in found.districts if one.name]
    if named:
        shares = (f"{one.name} {number(100 * one.share_of_pilot, '.0f')} %" for one in named[:6])
        more = tr(" and {n} more", n=len(named) - 6) if len(named) > 6 else ""
        yield trn("District", "Districts", len(named)), ", ".join(shares) + more
    if found.neighbours:
        near = sorted(found.neighbours, key=lambda one: (-one.overlap, one.distance))
        yield tr("Pilots near by"), ", ".join(_neighbour(one) for one in near)
    for sensor in found.sensors[:_SENSORS]:
        told = ", ".join(_last_day(one) for one in sensor.days if one.count)
        if told:
            yield sensor.name or sensor.key, told


def _neighbour(one: Any) -> str:
    name = one.name or one.key
    if one.overlap > 0:
        return tr("{name} (overlaps {area})", name=name, area=area(one.overlap))
    return tr("{name} ({distance})", name=name, distance=length(one.distance))


def _last_day(one: Day) -> str:
    def value(amount: float | None) -> str:
        return number(amount, ",.1f") if amount is not None else "–"

    return tr(
        "{observed}: {mean} {unit} on average, {least} to {most} in the 24 hours up to {day}",
        observed=one.observed, mean=value(one.mean), unit=one.unit, least=value(one.least), most=value(one.most),
        day=day(as_date(one.at)),
    )  # fmt: skip
