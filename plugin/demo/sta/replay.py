"""Observations of a file, played back as if they were made now."""

from __future__ import annotations

import csv
import gzip
import io
from dataclasses import dataclass
from pathlib import Path

from . import times

_COLUMNS = {"flow_veh_h": "flow", "speed_kmh": "speed", "no2_ug_m3": "no2", "pm25_ug_m3": "pm25"}


@dataclass(frozen=True)
class Slot:
    """What was observed at one instant: ``offset`` in seconds since the first, then station, quantity and value."""

    offset: float
    values: tuple[tuple[str, str, float | int | str], ...]


@dataclass(frozen=True)
class Recording:
    """``step``: seconds from one slot to the next, as most are; ``quantities``: what the columns are called here."""

    slots: tuple[Slot, ...]
    step: float
    quantities: tuple[str, ...]

    @property
    def length(self) -> float:
        """Seconds until it begins again."""
        return self.slots[-1].offset + self.step


def read_recording(path: Path) -> Recording:
    """A CSV file, gzipped where it is named so: station, time (ISO 8601), then a column for each quantity. An empty
    cell is no observation; what a source writes for a missing value (65535) stays. ValueError."""
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    rows = csv.reader(io.StringIO(text))
    header = next(rows, [])
    if len(header) < 3:
        raise ValueError(f"{path.name} needs columns for station, time and at least one quantity")
    quantities = tuple(_COLUMNS.get(name, name) for name in header[2:])
    found: dict[int, list[tuple[str, str, float | int | str]]] = {}
    for line, row in enumerate(rows, 2):
        if not row:
            continue
        try:
            at = times.parse(row[1])
        except (ValueError, IndexError) as error:
            raise ValueError(f"{path.name}, line {line}: the second column is no time") from error
        told = found.setdefault(at, [])
        told += [(row[0], key, _value(cell)) for key, cell in zip(quantities, row[2:]) if cell.strip()]
    if not found:
        raise ValueError(f"{path.name} has no observations")
    ordered = sorted(found)
    slots = tuple(Slot((at - ordered[0]) / 1e6, tuple(found[at])) for at in ordered)
    gaps = sorted(b - a for a, b in zip(ordered, ordered[1:]))
    return Recording(slots, gaps[len(gaps) // 2] / 1e6 if gaps else 60.0, quantities)


def _value(cell: str) -> float | int | str:
    for kind in (int, float):
        try:
            number: int | float = kind(cell)
        except ValueError:
            continue
        if abs(number) < 1e300:  # not nan, not inf: JSON has neither
            return number
    return cell.strip()
