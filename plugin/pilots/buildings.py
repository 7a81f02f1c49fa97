"""Figures of the buildings in a pilot, gathered row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .coordinates import Floats
from .figures import Buildings, Period, Span
from .measure import AREAS, Inside
from .roles import Figures
from .values import as_number

PERIODS: tuple[tuple[int | None, int | None], ...] = (
    (None, 1899), (1900, 1944), (1945, 1979), (1980, 1999), (2000, 2019), (2020, None),
)  # fmt: skip
# the years in which something stands; 1005 is how the BAG says "not known"
_EARLIEST, _LATEST = 1100, 2100
_TALLEST = 1000.0
_STOREYS = "storeys"


class Tally:
    """Buildings of one or more layers. `begin` a layer, `add` its rows, ask for `figures` at the end."""

    def __init__(self) -> None:
        self._figures = Figures()
        self._begun = False
        self._count = self._whole = self._known = 0
        self._footprint = self._floor = 0.0
        self._floor_from: list[str] = []
        self._height_from: list[str] = []
        self._heights: list[Floats] = []
        self._years: list[Floats] = []

    def begin(self, figures: Figures) -> None:
        self._figures, self._begun = figures, True
        floor = figures.floor_area or (_STOREYS if figures.storeys else "")
        height = figures.height or (f"{figures.top} − {figures.ground}" if figures.top and figures.ground else "")
        for names, name in ((self._floor_from, floor), (self._height_from, height)):
            if name and name not in names:
                names.append(name)

    def add(self, rows: Sequence[Sequence[Any]], columns: Sequence[str], found: Inside) -> None:
        """``rows``: geometry, then ``columns``; ``found``: what of each lies inside."""
        inside = found.touched
        picked = np.flatnonzero(inside)
        self._count += len(picked)
        self._whole += int((inside & (found.share > 1 - 1e-9)).sum())
        area = np.where(found.kind == AREAS, found.amount, 0.0)[picked]
        self._footprint += float(area.sum())
        cells = {name: self._numbers(rows, place + 1, picked) for place, name in enumerate(columns)}
        names = self._figures
        floor = self._floors(cells, area, found.share[picked])
        if floor is not None:
            known = ~np.isnan(floor)
            self._known += int(known.sum())
            self._floor += float(floor[known].sum())
        if names.height:
            height = cells[names.height]
        elif names.top and names.ground:
            height = cells[names.top] - cells[names.ground]
        else:
            height = np.zeros(0)
        self._heights.append(height[(height > 0) & (height < _TALLEST)])
        if names.year:
            year = np.floor(cells[names.year])
            self._years.append(year[(year >= _EARLIEST) & (year <= _LATEST)])

    def figures(self) -> Buildings | None:
        """None where there was no layer of buildings."""
        if not self._begun:
            return None
        years = np.concatenate(self._years) if self._years else np.zeros(0)
        heights = np.concatenate(self._heights) if self._heights else np.zeros(0)
        return Buildings(
            self._count,
            self._whole,
            self._footprint,
            self._floor if self._floor_from else None,
            ", ".join(self._floor_from),
            self._known,
            span(heights),
            ", ".join(self._height_from),
            span(years),
            tuple(_period(years, first, last) for first, last in PERIODS) if len(years) else (),
        )

    def _floors(self, cells: dict[str, Floats], area: Floats, share: Floats) -> Floats | None:
        """Floor area inside, per building; NaN where not known. Storeys only where no column says it."""
        names = self._figures
        if not names.floor_area and not names.storeys:
            return None
        told = cells[names.floor_area] * share if names.floor_area else np.full(len(area), np.nan)
        if names.storeys:
            told = np.where(np.isnan(told), cells[names.storeys] * area, told)
        return np.where(told >= 0, told, np.nan)

    @staticmethod
    def _numbers(rows: Sequence[Sequence[Any]], place: int, picked: Any) -> Floats:
        values = [_number(rows[index][place]) for index in picked]
        return np.array(values, np.float64)


def span(values: Floats) -> Span | None:
    """How numbers spread; None without any."""
    if not len(values):
        return None
    return Span(len(values), float(values.min()), float(values.mean()), float(np.median(values)), float(values.max()))


def _period(years: Floats, first: int | None, last: int | None) -> Period:
    low, high = first if first is not None else -np.inf, last if last is not None else np.inf
    return Period(first, last, int(((years >= low) & (years <= high)).sum()))


def _number(value: Any) -> float:
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, str) and value[4:5] == "-":
        value = value[:4]  # a date where a year belongs
    found = as_number(value)
    return float("nan") if found is None else found
