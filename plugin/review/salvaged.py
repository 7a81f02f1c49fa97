"""What the books inside a package's GeoPackage tell of it, where nothing beside it does: whose, when, of which twin."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ..text import tr
from ..twin.errors import CityTwinError
from ..workcopy import package as books
from ..workcopy.connection import opened
from ..workcopy.errors import FileBusy
from ..workcopy.package import Package
from . import manifest as man
from . import table as plain
from .manifest import Manifest

_LONGEST = 120  # characters of a text from outside in a sentence


def package_of(path: Path) -> Package | None:
    """Which package the file at ``path`` is, though its other books cannot be read; None where nothing tells. Raises
    `FileBusy`."""
    try:
        with opened(path) as connection:
            plain.distrust(connection)
            found = books.this(connection)
    except FileBusy:
        raise
    except (CityTwinError, sqlite3.Error, ValueError, RecursionError):
        return None
    return found if found is not None and found.id else None


def words(folder: Path, geopackage: Path, manifest: Manifest, strange: bool = False) -> str:
    """The sentence about a package whose ``review.json`` is of no use, by what its books tell in ``manifest``.

    ``strange``: it is another package's.
    """
    if strange:
        why = tr("{file} is another package's; it was passed over.", file=man.NAME)
    elif (folder / man.NAME).is_file():
        why = tr("{file} cannot be read.", file=man.NAME)
    else:
        why = tr("There is no {file}.", file=man.NAME)
    return f"{why} " + tr(
        "By the books inside {file} the package is: {what}.", file=_short(geopackage.name), what=_what(manifest)
    )


def _what(manifest: Manifest) -> str:
    """ "Delfshaven · for Jan · made by GIS office, 2026-11-23 · due 2026-11-30 · of https://twin.example.org/"."""
    title, whom, by, day, due = (
        _short(text) for text in (manifest.title, manifest.for_whom, manifest.made_by, manifest.made[:10], manifest.due)
    )
    parts = [title] if title else []
    if whom:
        parts.append(tr("for {who}", who=whom))
    if day:
        parts.append(tr("made by {who}, {day}", who=by, day=day) if by else tr("made {day}", day=day))
    if due:
        parts.append(tr("due {day}", day=due))
    parts.extend(tr("of {twin}", twin=_short(twin)) for twin in manifest.twins[:3])
    return " · ".join(parts) or manifest.id


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
