"""Series as a CSV file: one row per observation, times in UTC."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

import numpy as np

from ..text import tr
from ..twin.errors import CityTwinError
from ..twin.progress import SILENT, Progress, check
from .series import Series

COLUMNS = ("datastream", "name", "phenomenon_time", "result", "unit")
_BLOCK = 20_000


def write(path: Path, wanted: Sequence[Series], progress: Progress = SILENT) -> int:
    """Write ``wanted`` to ``path``, one after the other; returns the number of rows.

    UTF-8 with a mark, results with a decimal point and empty where there is no number. The file is there as a whole or,
    on an error or when cancelled, as it was before. Raises `CityTwinError`.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        try:
            with part.open("w", encoding="utf-8-sig", newline="") as stream:
                rows = _write(stream, wanted, progress)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise CityTwinError(
            tr(
                "{file} could not be written: {reason}. Choose another place, or close the program that has it open.",
                file=path.name,
                reason=error.strerror or str(error),
            ),
            detail=str(error),
        ) from error
    return rows


def _write(stream: TextIO, wanted: Sequence[Series], progress: Progress) -> int:
    total = sum(map(len, wanted))
    writer = csv.writer(stream)
    writer.writerow(COLUMNS)
    done = 0
    for each in wanted:
        for block in _blocks(each):
            check(progress)
            writer.writerows(block)
            done += len(block)
            progress.report(done, total, each.name)
    return done


def _blocks(each: Series) -> Iterator[list[tuple[str, str, str, str, str]]]:
    # texts of a server: a spreadsheet would run what begins like a formula
    id, name, unit = _harmless(each.id), _harmless(each.name), _harmless(each.unit)
    for begin in range(0, len(each), _BLOCK):
        times = each.times[begin : begin + _BLOCK]
        moments = np.round(times * 1000).astype("datetime64[ms]")
        whole = bool((np.round(times) == times).all())
        written = np.datetime_as_string(moments, unit="s" if whole else "ms")
        values = each.values[begin : begin + _BLOCK].tolist()
        yield [
            (id, name, f"{moment}Z", "" if value != value else repr(value), unit)
            for moment, value in zip(written, values)
        ]


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
