"""What one benchmark found: measurements, what they mean for the targets, and notes."""

from __future__ import annotations

import statistics
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from .measure import Run


@dataclass(frozen=True)
class Measurement:
    """Several runs of one thing. ``cpu`` and ``peak`` (megabytes): of the whole process, where that was measured."""

    name: str
    values: tuple[float, ...]
    unit: str = "s"
    cpu: float | None = None
    peak: float | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.values)


@dataclass(frozen=True)
class Verdict:
    """One target. ``value`` None: it could not be measured, ``note`` says why. ``cpu``: the same ratio by the
    processor's time, which other programs on the machine disturb less."""

    work: str
    value: float | None
    unit: str
    limit: float
    at_least: bool = False
    cpu: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        if self.value is None:
            return None
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    @property
    def target(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:g} {self.unit}"


@dataclass
class Sheet:
    """Prints what it is told, and keeps it for the table."""

    name: str
    measurements: list[Measurement] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    at: str = field(default_factory=lambda: time.strftime("%Y-%m-%d %H:%M", time.gmtime()))

    def measured(self, name: str, runs: list[Run]) -> Measurement:
        """Medians of runs of a process."""
        cpu, peak = (statistics.median(getattr(run, what) for run in runs) for what in ("cpu", "peak"))
        return self.add(Measurement(name, tuple(run.seconds for run in runs), "s", cpu, peak))

    def add(self, one: Measurement) -> Measurement:
        self.measurements.append(one)
        more = "" if one.cpu is None else f"   CPU {one.cpu:7.2f} s"
        more += "" if one.peak is None else f"   {one.peak:5.0f} MB"
        print(f"  {one.name:62} {one.median:9.3f} {one.unit}{more}", flush=True)
        return one

    def judge(self, verdict: Verdict) -> None:
        self.verdicts.append(verdict)
        value = "not measured" if verdict.value is None else f"{verdict.value:.4g} {verdict.unit}"
        word = {True: "met", False: "MISSED", None: verdict.note}[verdict.met]
        print(f"  → {verdict.work}: {value} (target {verdict.target}): {word}", flush=True)

    def note(self, text: str) -> None:
        self.notes.append(text)
        print(f"  {text}", flush=True)

    def dump(self) -> dict[str, Any]:
        """For the table in JSON."""
        measurements = [{**asdict(one), "median": one.median} for one in self.measurements]
        verdicts = [{**asdict(one), "target": one.target, "met": one.met} for one in self.verdicts]
        return {"at": self.at, "measurements": measurements, "verdicts": verdicts, "notes": self.notes}


def ratio(one: Measurement | None, other: Measurement | None, *, cpu: bool = False) -> float | None:
    """How many times ``one`` is what ``other`` is; None where either was not measured."""
    if one is None or other is None:
        return None
    if not cpu:
        return one.median / other.median
    return one.cpu / other.cpu if one.cpu is not None and other.cpu else None
