"""What the profile of a pilot says: figures as sentences, in the user's way of writing numbers. Not known is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qgis.PyQt.QtCore import QDate, QLocale

from ...map.pilots.profiling import Outcome
from ...pilots import roles
from ...pilots.figures import Buildings, Period, Profile, Span
from ...pilots.ground import NEAR
from ...pilots.record import Pilot
from ...text import number, tr, trn
from ...workcopy.source import Source
from ..moments import moment

_HECTARE = 10_000.0


@dataclass(frozen=True)
class Fact:
    """``known``: it is a figure, and not a word for that there is none. ``below`` is said by the way."""

    title: str
    text: str
    known: bool = True
    below: str = ""


def area(square_metres: float) -> str:
    """In m²; small ones with a decimal."""
    return tr("{area} m²", area=number(square_metres, ",.1f" if 0 < square_metres < 10 else ",.0f"))


def hectares(square_metres: float) -> str:
    value = square_metres / _HECTARE
    return tr("{area} ha", area=number(value, ",.3f" if value < 1 else ",.2f" if value < 10 else ",.1f"))


def length(metres: float) -> str:
    if metres >= 10_000:
        return tr("{length} km", length=number(metres / 1000, ",.1f"))
    return tr("{length} m", length=number(metres, ",.1f" if 0 < metres < 10 else ",.0f"))


def percent(share: float) -> str:
    """What is not all is not called all, and what is something is not called nothing."""
    if 0 < share < 0.001:
        return tr("< {share} %", share=number(0.1, ".1f"))
    if 0.999 < share < 1:
        return tr("> {share} %", share=number(99.9, ".1f"))
    return tr("{share} %", share=number(100 * share, ",.1f" if 0 < share < 1 else ",.0f"))


def not_known(why: str = "") -> str:
    return tr("not known: {why}", why=why) if why else tr("not known")


def day(value: object) -> str:
    """A date as the user writes it."""
    return str(QLocale().toString(QDate(value.year, value.month, value.day), QLocale.FormatType.ShortFormat))  # type: ignore[attr-defined]


def dates(pilot: Pilot) -> str:
    """When the pilot runs."""
    if pilot.start and pilot.end:
        return tr("{start} to {end}", start=day(pilot.start), end=day(pilot.end))
    if pilot.start:
        return tr("from {start}, no end date", start=day(pilot.start))
    if pilot.end:
        return tr("until {end}, no start date", end=day(pilot.end))
    return tr("no dates")


def extent(profile: Profile) -> str:
    """How large it is."""
    return tr(
        "{hectares} ({area}), perimeter {length}",
        hectares=hectares(profile.area),
        area=area(profile.area),
        length=length(profile.perimeter),
    )


def as_of(outcome: Outcome) -> str:
    """When it was computed, and of what."""
    when = outcome.when.strftime("%Y-%m-%dT%H:%M:%SZ")
    words = tr("As of {when}, unpublished edits included.", when=moment(when))
    if outcome.unsaved:
        words += " " + tr(
            "Edits that are not saved yet are not: {layers}. Save them, and refresh.", layers=", ".join(outcome.unsaved)
        )
    return words


def counts(outcome: Outcome) -> tuple[Fact, ...]:
    """The row of figures at the top."""
    profile = outcome.profile
    found = [_buildings(outcome)]
    for title, count, role, why in (
        (tr("Trees"), profile.trees, roles.TREES, tr("no layer of trees")),
        (tr("Addresses"), profile.addresses, roles.ADDRESSES, tr("no layer of addresses")),
    ):
        found.append(_count(outcome, title, count, tr("no data here") if _has(profile, role) else why))
    sensors = len(profile.sensors) if outcome.sensors_known else None
    found.append(_count(outcome, tr("Sensors"), sensors, tr("no live sensors")))
    districts = len(profile.districts) if _known(profile, roles.DISTRICTS) else None
    why = tr("no data here") if _has(profile, roles.DISTRICTS) else tr("no layer of districts")
    found.append(_count(outcome, tr("Districts touched"), districts, why))
    near = tr("within {length}", length=length(NEAR))
    found.append(Fact(tr("Pilots near by"), number(len(profile.neighbours)), True, near))
    return tuple(found)


def _buildings(outcome: Outcome) -> Fact:
    found = outcome.profile.buildings
    if found is None:
        why = tr("no data here") if _has(outcome.profile, roles.BUILDINGS) else tr("no layer of buildings")
        return _count(outcome, tr("Buildings"), None, why)
    below = tr("{whole} wholly inside", whole=number(found.whole)) if found.count else ""
    return Fact(tr("Buildings"), number(found.count), True, below)


def _count(outcome: Outcome, title: str, count: int | None, why: str) -> Fact:
    if count is not None:
        return Fact(title, number(count))
    return Fact(title, not_known(), False, why if outcome.whole else tr("geopandas is missing"))


def _has(profile: Profile, role: str) -> bool:
    return any(layer.role == role for layer in profile.layers)


def _known(profile: Profile, role: str) -> bool:
    return any(layer.role == role and layer.known for layer in profile.layers)


def buildings(outcome: Outcome, sources: Sequence[Source]) -> tuple[Fact, ...]:
    """What is known of the buildings; empty where there is no layer of them, or none inside. ``sources``: those of the
    working copy, whose columns tell why something is not known."""
    profile, found = outcome.profile, outcome.profile.buildings
    if found is None or not found.count:
        return ()
    tables = {layer.table for layer in profile.layers if layer.role == roles.BUILDINGS}
    years = any(roles.figures_of(source).year for source in sources if source.table in tables)
    return (
        Fact(tr("Inside"), _inside(found)),
        Fact(
            tr("Footprint"),
            tr(
                "{area}, {share} of the pilot",
                area=area(found.footprint),
                share=percent(found.footprint / profile.area),
            ),
        ),
        _floor_area(found),
        _heights(found),
        _years(found, years),
    )


def _inside(found: Buildings) -> str:
    return trn(
        "{count} building, {whole} wholly", "{count} buildings, {whole} wholly", found.count,
        count=number(found.count), whole=number(found.whole),
    )  # fmt: skip


def _floor_area(found: Buildings) -> Fact:
    title = tr("Floor area")
    if found.floor_area is None:
        return Fact(title, not_known(tr("no column of floor areas or storeys")), False)
    if not found.floor_area_known:
        return Fact(title, not_known(tr("none of the buildings says it")), False)
    if found.floor_area_from == "storeys":
        origin = tr("estimated: footprint × storeys")
    else:
        origin = tr("from the column {columns}", columns=found.floor_area_from)
    return Fact(title, area(found.floor_area), True, _of(origin, found.floor_area_known, found.count))


def _heights(found: Buildings) -> Fact:
    title = tr("Heights")
    if not found.height_from:
        return Fact(title, not_known(tr("no column of heights")), False)
    if found.height is None:
        return Fact(title, not_known(tr("none of the buildings says it")), False)
    origin = tr("from the column {columns}", columns=found.height_from)
    return Fact(title, _spread(found.height), True, _of(origin, found.height.count, found.count))


def _spread(span: Span) -> str:
    least, most, mean, median = (number(one, ",.1f") for one in (span.least, span.most, span.mean, span.median))
    return tr("{least} to {most} m, mean {mean}, median {median}", least=least, most=most, mean=mean, median=median)


def _years(found: Buildings, known: bool) -> Fact:
    title = tr("Built")
    if found.years is None:
        why = tr("none of the buildings says it") if known else tr("no column of years")
        return Fact(title, not_known(why), False)
    words = tr(
        "{first} to {last}, half of them before {middle}",
        first=f"{found.years.least:.0f}",
        last=f"{found.years.most:.0f}",
        middle=f"{found.years.median:.0f}",
    )
    return Fact(title, words, True, _of("", found.years.count, found.count))


def _of(origin: str, known: int, count: int) -> str:
    """Where it is from, and of how many where not of all."""
    part = tr("of {known} of {count} buildings", known=number(known), count=number(count)) if known < count else ""
    return ", ".join(filter(None, (origin, part)))


def period(one: Period) -> str:
    """Years, short enough for below a bar."""
    if one.first is None:
        return tr("before {year}", year=(one.last or 0) + 1)
    if one.last is None:
        return tr("since {year}", year=one.first)
    return f"{one.first}–{one.last}"


def no_buildings(outcome: Outcome) -> str:
    """What stands where the figures of buildings would."""
    if outcome.profile.buildings is None:
        if _has(outcome.profile, roles.BUILDINGS):
            return tr("The data of buildings end before this pilot begins, so what of them is here is not known.")
        return tr("No layer of buildings is checked out, so none are counted.")
    return tr("There are no buildings in this pilot.")


def no_districts(outcome: Outcome) -> str:
    if not _has(outcome.profile, roles.DISTRICTS):
        return tr("No layer of districts is checked out, so which the pilot touches is not known.")
    if not _known(outcome.profile, roles.DISTRICTS):
        return tr("The data of districts end before this pilot begins, so which it touches is not known.")
    return tr("The pilot touches no district.")


def no_layers() -> str:
    return tr("The working copy has no other layer than the pilots.")


def no_sensors(outcome: Outcome) -> str:
    if not outcome.sensors_known:
        return tr("There is no live layer in the project, so sensors are not known. Add one on the Sensors page.")
    if not outcome.sensors_complete:
        return tr("The live layers are still being read. Refresh in a moment.")
    return tr("None of the sensors in the project's live layers stands in this pilot.")


def no_neighbours() -> str:
    return tr("There is no other pilot within {length}.", length=length(NEAR))


def notes(outcome: Outcome) -> tuple[str, ...]:
    """What the reader should know, each once."""
    said = dict.fromkeys((*outcome.profile.notes, *outcome.remarks))
    if outcome.sensors_known and not outcome.sensors_complete:
        said[tr("The live layers are still being read, so sensors may be missing. Refresh in a moment.")] = None
    return tuple(said)
