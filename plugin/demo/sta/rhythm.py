"""Values of our own making that a city could have: rush hours, tides, an episode of pollution, a sensor that fails.

A value depends on nothing but station, quantity and time: what was before a restart fits what comes after.
"""

from __future__ import annotations

import math
import zlib

from .seed import Station

SENTINEL = 65535  # as the traffic data's own
_DAY = 86_400
_EPISODE_EVERY, _EPISODE_LASTS = 6 * 3600, 5400  # seconds
_EPISODE_AT = (4.455, 51.905)


class Silent(Exception):
    """The sensor does not say anything now."""


def value(station: Station, quantity: str, at: float) -> int | float | None:
    """What the station says at ``at`` (seconds since 1970). Raises Silent."""
    if station.key == "failing":
        minute = int(at / 60) % 60
        if minute >= 45:
            raise Silent
        if minute >= 30:
            return SENTINEL if minute < 38 else None
    own = zlib.crc32(f"{station.key} {quantity}".encode()) / 2**32  # 0 to 1, for ever the same
    rush, wobble = _rush(at), _wobble(own, at)
    usual = station.usual.get(quantity)
    if quantity == "flow":
        capacity = 900 + 5100 * own
        return 60 * round(capacity * (0.08 + 0.78 * rush + 0.08 * wobble) / 60)
    if quantity == "speed":
        free = 50 + 60 * (own > 0.4)
        return round(max(4.0, free * (1 - 0.62 * rush * own) + 5 * wobble))
    if quantity == "noise":
        return round(48 + 12 * own + 11 * rush + 2.5 * wobble, 1)
    if quantity == "water":
        return round(
            30 + 85 * math.sin(2 * math.pi * at / 44_714) + 12 * math.sin(2 * math.pi * at / 22_357) + wobble, 1
        )
    if quantity == "no2":
        base = 12 + 10 * own if usual is None else usual
        return round(max(0.5, base * (0.7 + 0.9 * rush + 0.15 * wobble) + 170 * _episode(station, at)), 1)
    base = 6 + 5 * own if usual is None else usual
    return round(max(0.5, base * (0.8 + 0.4 * rush + 0.15 * wobble) + 60 * _episode(station, at)), 1)


def _rush(at: float) -> float:
    """0 to 1 by the hour of the day in Central European Time; less at the weekend."""
    hour = (at / 3600 + 1) % 24
    peaks = math.exp(-(((hour - 8.2) / 1.4) ** 2)) + math.exp(-(((hour - 17.4) / 1.8) ** 2))
    daytime = 0.45 * math.exp(-(((hour - 13.5) / 5.5) ** 2))
    weekend = int(at // _DAY + 4) % 7 in (0, 6)  # 1970 began on a Thursday
    return min(1.0, max(daytime, (0.35 if weekend else 1.0) * peaks))


def _wobble(own: float, at: float) -> float:
    """-1 to 1, of several minutes and of seconds."""
    slow, fast = math.sin(at / 437 + 40 * own), math.sin(at / 23.7 + 90 * own)
    return 0.6 * slow + 0.4 * fast * math.sin(at / 61 + 7 * own)


def _episode(station: Station, at: float) -> float:
    """0 to 1: rises and falls within an hour and a half, most near where it comes from."""
    since = at % _EPISODE_EVERY
    if since > _EPISODE_LASTS:
        return 0.0
    dx, dy = (station.lon - _EPISODE_AT[0]) * 0.617, station.lat - _EPISODE_AT[1]
    return (1 - math.cos(2 * math.pi * since / _EPISODE_LASTS)) / 2 * math.exp(-((dx * dx + dy * dy) / 0.012**2))
