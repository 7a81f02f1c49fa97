"""What a report about a pilot tells, gathered from its working copy. Any thread; the page is `report_page`'s."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ...pilots.analysis import NoGeopandas
from ...pilots.fading import RULES, Fading, Rules, fading
from ...pilots.figures import Profile, Sensor
from ...pilots.mapping import OURS, PilotMapping
from ...pilots.profile import outline_profile, profile
from ...pilots.reading import pilots_source, read_pilots
from ...pilots.record import Pilot
from ...pilots.values import as_date
from ...text import tr
from ...twin.errors import CityTwinError
from ...twin.progress import SILENT, Progress, check
from ...workcopy.copy import WorkingCopy
from ...workcopy.errors import TrackingBroken
from .report_city import City, city_around

LANGUAGES = ("en", "nl")


@dataclass(frozen=True)
class Wanted:
    """What a report is to hold, and in which language."""

    language: str = "en"
    map: bool = True
    picture: bool = True
    figures: bool = True
    conditions: bool = True
    history: bool = True


@dataclass(frozen=True)
class Report:
    """A pilot and all that is told about it. ``others``: the other pilots of the working copy.

    ``figures`` None: not asked for, or not to be had; ``no_figures`` says why, or why only the outline was measured.
    ``sensors_known``: somebody said where sensors are. ``read``: the day on which the twin was last read.
    """

    pilot: Pilot
    others: tuple[Pilot, ...]
    today: date
    wanted: Wanted
    fading: tuple[Fading, ...]
    figures: Profile | None
    no_figures: str
    sensors_known: bool
    city: City | None
    file: str
    twin: str
    read: date | None
    unpublished: bool
    attributions: tuple[str, ...]


def gather(
    copy: WorkingCopy,
    pilot: Pilot,
    wanted: Wanted,
    *,
    today: date,
    mapping: PilotMapping = OURS,
    others: Sequence[Pilot] | None = None,
    sensors: Sequence[Sensor] | None = None,
    unsaved: bool = False,
    rules: Rules = RULES,
    progress: Progress = SILENT,
) -> Report:
    """The report in the language that is spoken in this thread now. ``others``: None reads them from the file;
    ``unsaved``: whether ``pilot`` holds edits that are not in the file yet. Raises `NoPilots`, `Cancelled`,
    `CityTwinError`."""
    source = pilots_source(copy, mapping)
    if others is None:
        others = [one for one in read_pilots(copy, mapping) if one.key != pilot.key]
    check(progress)
    figures, reason = _figures(copy, pilot, wanted, today, mapping, sensors or (), others, progress)
    check(progress)
    city = city_around(copy, pilot, progress) if wanted.picture else None
    shown = [one for one in copy.sources if one.has_geometry]
    days = [as_date(one.pulled or one.checked_out) for one in copy.sources]
    return Report(
        pilot,
        tuple(others),
        today,
        wanted,
        fading(pilot, today, rules),
        figures,
        reason,
        sensors is not None,
        city,
        copy.path.name,
        source.url,
        min((day for day in days if day), default=None),
        unsaved or _unpublished(copy),
        tuple(dict.fromkeys(one.attribution for one in shown if one.attribution)),
    )


def _figures(
    copy: WorkingCopy,
    pilot: Pilot,
    wanted: Wanted,
    today: date,
    mapping: PilotMapping,
    sensors: Sequence[Sensor],
    others: Sequence[Pilot],
    progress: Progress,
) -> tuple[Profile | None, str]:
    if not wanted.figures:
        return None, ""
    if not pilot.wkb:
        return None, tr("This pilot has no area yet, so nothing lies inside it.")
    try:
        found = profile(copy, pilot, today=today, mapping=mapping, sensors=sensors, others=others, progress=progress)
    except NoGeopandas as error:
        return outline_profile(copy, pilot, today=today, mapping=mapping, others=others), error.message
    except CityTwinError as error:
        if type(error) is not CityTwinError:
            raise
        return None, error.message
    return found, ""


def _unpublished(copy: WorkingCopy) -> bool:
    """Whether the file holds edits that the twin does not have, or may hold them."""
    try:
        return copy.has_changes()
    except TrackingBroken:
        return True
