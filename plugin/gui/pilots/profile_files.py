"""A profile to take away: as text for the clipboard, and as rows for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ...map.pilots.profiling import Outcome
from ...pilots import vocabulary
from ...pilots.figures import Profile
from ...text import tr
from ...twin.errors import CityTwinError
from ...workcopy.source import Source
from . import profile_rows, profile_words
from .profile_rows import Table


def text(outcome: Outcome, sources: Sequence[Source]) -> str:
    """Sentences, and tables with tabs between, in the user's language."""
    profile, pilot = outcome.profile, outcome.pilot
    lines = [
        pilot.label,
        ", ".join((vocabulary.stage_title(pilot.stage), profile_words.dates(pilot))),
        profile_words.extent(profile),
        profile_words.as_of(outcome),
        "",
    ]
    for fact in (*profile_words.counts(outcome), *profile_words.buildings(outcome, sources)):
        lines.append("\t".join((fact.title, fact.text, fact.below)).rstrip())
    for one in profile.buildings.periods if profile.buildings else ():
        lines.append(f"{profile_words.period(one)}\t{one.count}")
    for title, table in (
        (tr("Districts Touched"), profile_rows.districts(profile)),
        (tr("Every Layer"), profile_rows.layers(profile)),
        (tr("Sensors"), profile_rows.sensors(profile.sensors)),
        (tr("Neighbouring Pilots"), profile_rows.neighbours(profile)),
    ):
        if table.rows:
            lines += ["", title, *_tabbed(table)]
    said = profile_words.notes(outcome)
    if said:
        lines += ["", tr("What to Know"), *said]
    return "\n".join(lines) + "\n"


def _tabbed(table: Table) -> Iterator[str]:
    yield "\t".join(table.heads)
    for row in table.rows:
        yield "\t".join(" ".join(cell.text.split()) for cell in row.cells)


def rows(outcome: Outcome) -> list[list[str]]:
    """For a CSV file: section, what it is about, figure, value, unit. Numbers have a point; what is not known is
    empty."""
    found = [[tr("Section"), tr("About"), tr("Figure"), tr("Value"), tr("Unit")]]
    found += [[_cell(value) for value in line] for line in _lines(outcome)]
    return found


_Line = tuple[str, str, str, Any, str]


def _lines(outcome: Outcome) -> Iterator[_Line]:
    profile, pilot = outcome.profile, outcome.pilot
    title = tr("Pilot")
    yield title, pilot.label, tr("Stage"), vocabulary.stage_title(pilot.stage), ""
    yield title, pilot.label, tr("Area"), profile.area, "m²"
    yield title, pilot.label, tr("Perimeter"), profile.perimeter, "m"
    yield title, pilot.label, tr("As of"), outcome.when.strftime("%Y-%m-%dT%H:%M:%SZ"), ""
    yield title, pilot.label, tr("Trees"), profile.trees, ""
    yield title, pilot.label, tr("Addresses"), profile.addresses, ""
    yield from _buildings(profile)
    for one in profile.districts:
        yield tr("Districts touched"), one.name, tr("Area inside"), one.area, "m²"
        yield tr("Districts touched"), one.name, tr("Share of pilot"), 100 * one.share_of_pilot, "%"
        yield tr("Districts touched"), one.name, tr("Share of district"), 100 * one.share_of_district, "%"
    for layer in profile.layers:
        yield tr("Layer"), layer.title, tr("Features"), layer.count if layer.known else None, ""
        if not layer.known:
            continue
        yield tr("Layer"), layer.title, tr("Wholly inside"), layer.whole, ""
        if layer.area:
            yield tr("Layer"), layer.title, tr("Area inside"), layer.area, "m²"
        if layer.length:
            yield tr("Layer"), layer.title, tr("Length inside"), layer.length, "m"
        yield tr("Layer"), layer.title, tr("Share of layer"), 100 * layer.share_of_layer if layer.total else None, "%"
        if layer.share_of_pilot is not None:
            yield tr("Layer"), layer.title, tr("Share of pilot"), 100 * layer.share_of_pilot, "%"
    yield from _sensors(profile)
    for other in profile.neighbours:
        yield tr("Neighbouring pilot"), other.name or other.key, tr("Distance"), other.distance, "m"
        yield tr("Neighbouring pilot"), other.name or other.key, tr("Overlap"), other.overlap, "m²"
    for note in profile_words.notes(outcome):
        yield tr("What to Know"), "", "", note, ""


def _buildings(profile: Profile) -> Iterator[_Line]:
    found, title = profile.buildings, tr("Buildings")
    if found is None:
        yield title, "", tr("Features"), None, ""
        return
    yield title, "", tr("Features"), found.count, ""
    yield title, "", tr("Wholly inside"), found.whole, ""
    yield title, "", tr("Footprint"), found.footprint, "m²"
    known = found.floor_area if found.floor_area_known else None
    yield title, found.floor_area_from, tr("Floor area"), known, "m²"
    for name, span, origin, unit in (
        (tr("Height"), found.height, found.height_from, "m"),
        (tr("Year"), found.years, "", ""),
    ):
        for kind, value in (
            (tr("least"), span and span.least),
            (tr("mean"), span and span.mean),
            (tr("median"), span and span.median),
            (tr("most"), span and span.most),
        ):
            yield title, origin, f"{name}, {kind}", value, unit
    for one in found.periods:
        yield title, profile_words.period(one), tr("Features"), one.count, ""


def _sensors(profile: Profile) -> Iterator[_Line]:
    for sensor in profile.sensors:
        name = sensor.name or sensor.key
        yield tr("Sensor"), name, tr("Longitude"), f"{sensor.x:.6f}", "°"
        yield tr("Sensor"), name, tr("Latitude"), f"{sensor.y:.6f}", "°"
        for day in sensor.days:
            for kind, value in (
                (tr("least"), day.least),
                (tr("mean"), day.mean),
                (tr("most"), day.most),
                (tr("latest"), day.latest),
            ):
                yield tr("Sensor"), name, f"{day.observed}, {kind}", value, day.unit
            yield tr("Sensor"), name, tr("{observed}, at", observed=day.observed), day.at, ""


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def write(path: Path, words: str) -> None:
    """Write a text file. Raises `CityTwinError`."""
    try:
        path.write_text(words, encoding="utf-8")
    except OSError as error:
        raise CityTwinError(
            tr("{file} could not be written: {reason}.", file=path.name, reason=error.strerror or str(error))
        ) from error
