"""What was kept of datastreams as series for charts: the readings since the last look, and the last few of all."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

import numpy as np

from .series import Series, chart_number, from_arrays
from .state import State
from .values import Reading

_MOST = 100_000  # readings of one datastream that are kept between two looks


def follow(states: Iterable[State], wanted: Container[str]) -> None:
    """Keep every reading of exactly those in ``wanted`` from now on."""
    for state in states:
        if state.datastream.id not in wanted:
            state.tail = None
        elif state.tail is None:
            state.tail = []


def keep(tail: list[Reading], reading: Reading) -> None:
    if len(tail) < _MOST:
        tail.append(reading)


def series(state: State, readings: Sequence[Reading]) -> Series:
    """``readings`` of ``state`` in any order."""
    times = [reading.time for reading in readings]
    numbers = [chart_number(reading.kind, reading.value, reading.number) for reading in readings]
    return of(state, times, numbers)


def of(state: State, times: Sequence[float], numbers: Sequence[float]) -> Series:
    """Times in seconds since 1970 UTC and the numbers then; NaN where it was none."""
    datastream = state.datastream
    arrays = np.array(times, np.float64), np.array(numbers, np.float64)
    return from_arrays(*arrays, unit=state.unit, id=datastream.id, name=datastream.name)


def nothing(id: str) -> Series:
    return from_arrays(np.empty(0), np.empty(0), id=id)
