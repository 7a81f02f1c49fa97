"""What a camera wrote about a photo: where, when and which way. Tags come as GDAL names them; nonsense is nothing.

Source: Exif 2.32, sections 4.6.5 and 4.6.6; GDAL writes rationals in parentheses.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

_NUMBERS = re.compile(r"\(([^)]*)\)")
_TIME = re.compile(r"^(\d{4}):(\d\d):(\d\d)[ T](\d\d):(\d\d):(\d\d)")
_ZONE = re.compile(r"^[+-]\d\d:\d\d$")
_MAYBE = timedelta(hours=15)  # between a clock's local time and the satellites'


def orientation(tags: Mapping[str, str]) -> int:
    """How the stored rows and columns are to be turned, 1 (not at all) to 8."""
    text = tags.get("EXIF_Orientation", "1").strip()
    return int(text) if text in ("1", "2", "3", "4", "5", "6", "7", "8") else 1


def place(tags: Mapping[str, str]) -> tuple[float | None, float | None]:
    """Longitude and latitude in degrees (EPSG:4326).

    None where one is missing, or exactly zero: so a camera writes that knows no place.
    """
    lat = _degrees(tags, "Latitude", "N", "S", 90)
    lon = _degrees(tags, "Longitude", "E", "W", 180)
    return (lon, lat) if lon and lat else (None, None)


def direction(tags: Mapping[str, str]) -> float | None:
    """Where the camera looked, in degrees clockwise from north, true or magnetic as the camera has it."""
    numbers = _numbers(tags.get("EXIF_GPSImgDirection", ""))
    return numbers[0] % 360 if numbers and 0 <= numbers[0] <= 360 else None


def taken(tags: Mapping[str, str]) -> str:
    """When, as RFC 3339; empty if unknown.

    With the camera's zone if it knows one, else by the satellites' clock, else as the camera's clock stood.
    """
    sky = _satellites(tags)
    for which in ("Original", "Digitized", ""):
        local = _moment(tags.get(f"EXIF_DateTime{which}", ""))
        if local is None:
            continue
        zone = tags.get(f"EXIF_OffsetTime{which}", "").strip()
        if _ZONE.match(zone):
            return local.isoformat(timespec="seconds") + zone
        if sky is not None and abs(sky - local) <= _MAYBE:
            return sky.isoformat(timespec="seconds") + "Z"
        return local.isoformat(timespec="seconds")
    return sky.isoformat(timespec="seconds") + "Z" if sky is not None else ""


def _numbers(text: str) -> list[float]:
    try:
        found = [float(number) for number in _NUMBERS.findall(text)]
    except ValueError:
        return []
    return found if all(map(math.isfinite, found)) else []


def _degrees(tags: Mapping[str, str], what: str, plus: str, minus: str, most: float) -> float | None:
    numbers = _numbers(tags.get(f"EXIF_GPS{what}", ""))
    side = tags.get(f"EXIF_GPS{what}Ref", "").strip().upper()[:1]
    if not numbers or len(numbers) > 3 or side not in (plus, minus):
        return None
    value = sum(number / 60**power for power, number in enumerate(numbers))
    return None if not 0 <= value <= most else value if side == plus else -value


def _satellites(tags: Mapping[str, str]) -> datetime | None:
    day = _moment(tags.get("EXIF_GPSDateStamp", "").strip() + " 00:00:00")
    clock = _numbers(tags.get("EXIF_GPSTimeStamp", ""))
    if day is None or len(clock) != 3 or not 0 <= clock[0] < 24 or not all(0 <= part <= 60 for part in clock[1:]):
        return None
    try:
        return day + timedelta(hours=clock[0], minutes=clock[1], seconds=int(clock[2]))
    except OverflowError:
        return None


def _moment(text: str) -> datetime | None:
    found = _TIME.match(text)
    if found is None:
        return None
    try:
        return datetime(*(int(part) for part in found.groups()))  # type: ignore[arg-type]
    except ValueError:
        return None
