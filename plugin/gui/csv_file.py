"""CSV files that spreadsheets open as people expect."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..text import tr
from ..twin.errors import CityTwinError


def write(path: Path, rows: Iterable[Sequence[str]]) -> None:
    """Write ``rows`` as UTF-8 with a mark, no cell of which a spreadsheet would run. Raises `CityTwinError`."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([_harmless(cell) for cell in row] for row in rows)
    try:
        with path.open("w", encoding="utf-8-sig", newline="") as stream:
            stream.write(buffer.getvalue())
    except OSError as error:
        raise CityTwinError(
            tr("{file} could not be written: {reason}.", file=path.name, reason=error.strerror or str(error))
        ) from error


def with_ending(chosen: str) -> Path:
    """The path that a user typed, with an ending."""
    return Path(chosen) if Path(chosen).suffix else Path(f"{chosen}.csv")


def _harmless(cell: str) -> str:
    # a spreadsheet would run a feature's name that begins so as a formula
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
