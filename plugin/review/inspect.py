"""What a package is worth that came back: what can be read, what cannot, and what is odd about it.

Nothing is written into the package, but that SQLite takes back what a power cut left half written.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

from ..text import tr, trn
from ..twin.errors import CityTwinError
from ..workcopy import handback
from ..workcopy.connection import opened
from ..workcopy.copy import WorkingCopy
from ..workcopy.errors import FileBusy, NewerFormat, NotAWorkingCopy
from ..workcopy.package import Package
from . import manifest as man
from . import plain, salvaged, tasks
from .errors import DamagedPackage, NewerPackage
from .item import Item
from .manifest import Manifest
from .names import parts_of
from .sidecars import check_journal
from .unzip import strange_journal

_LOOSE = timedelta(hours=1)  # that a clock may be wrong without a word
_ANYWHERE = timedelta(hours=15)  # and a time of a zone that is not said
_ZONE = re.compile(r"([Zz]|[+-]\d\d:?\d\d)$")
_SOME = 5  # names in a sentence


@dataclass(frozen=True)
class Finding:
    """``code``: ``manifest``, ``damaged``, ``books``, ``items``, ``twin``, ``photos``, ``clock``, ``journal`` …"""

    code: str
    words: str


@dataclass(frozen=True)
class Findings:
    """``refused``: why nothing can be taken, empty where something can. ``edits``: the file's edits can be merged;
    ``items``: what was noted can be read. ``package`` None: nothing tells which one it is."""

    folder: Path
    geopackage: Path | None = None
    manifest: Manifest = field(default_factory=Manifest)
    package: Package | None = None
    refused: str = ""
    edits: bool = False
    items: bool = False
    found: tuple[Finding, ...] = ()
    missing_photos: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """All that is to be told, in sentences."""
        return tuple(finding.words for finding in self.found)

    def has(self, code: str) -> bool:
        """Whether something of that sort was found."""
        return any(finding.code == code for finding in self.found)


def inspect(folder: Path, copy: WorkingCopy | None = None, *, now: datetime | None = None) -> Findings:
    """Look at the package in ``folder`` as it would come back to ``copy``. Never raises but `FileBusy`."""
    found: list[Finding] = []
    at = (now or datetime.now(timezone.utc)).astimezone(timezone.utc)
    try:
        manifest = man.read(folder)
    except NewerPackage as error:
        return Findings(folder, refused=error.message)
    except DamagedPackage as error:
        manifest = Manifest()
        found.append(Finding("manifest", error.message))
    geopackage = geopackage_in(folder)
    findings = Findings(folder, geopackage, manifest)
    if geopackage is None:
        return replace(
            findings,
            refused=tr(
                "There is no {file} in {folder}, so nothing of this package can be read.",
                file=man.GEOPACKAGE,
                folder=folder.name,
            ),
            found=tuple(found),
        )
    if not check_journal(geopackage):
        words = strange_journal(f"{geopackage.name}-journal")
        return replace(findings, refused=words, found=(Finding("journal", words),))
    findings = _books(findings, copy, found)
    if findings.refused:
        return replace(findings, found=tuple(found))
    return _contents(findings, at, found)


def geopackage_in(folder: Path) -> Path | None:
    """``review.gpkg``, or the only GeoPackage that there is: people rename files."""
    place = folder / man.GEOPACKAGE
    if place.is_file() and not place.is_symlink():
        return place
    others = [path for path in folder.glob("*.gpkg") if path.is_file() and not path.is_symlink()]
    return others[0] if len(others) == 1 else None


def _books(findings: Findings, copy: WorkingCopy | None, found: list[Finding]) -> Findings:
    """Which package it is, and whether its edits can come."""
    path = findings.geopackage or findings.folder
    try:
        package = handback.read(path)
        theirs = WorkingCopy.open(path)
    except (FileBusy, NewerFormat) as error:
        if isinstance(error, FileBusy):
            raise
        return replace(findings, refused=error.message)
    except handback.NotAPackage as error:
        if not findings.manifest.id:
            return replace(findings, refused=error.message)
        found.append(Finding("books", error.message))
        return replace(findings, package=findings.manifest.package)
    except CityTwinError as error:
        found.append(Finding("damaged" if isinstance(error, NotAWorkingCopy) else "books", error.message))
        if findings.manifest.id:
            return replace(findings, package=findings.manifest.package)
        named = salvaged.package_of(path)
        return replace(_by_its_books(findings, named, (), path, found), package=named) if named else findings
    manifest = findings.manifest
    if manifest.id != package.id:
        twins = tuple(sorted({source.url for source in theirs.sources}))
        findings = _by_its_books(findings, package, twins, path, found)
        manifest = findings.manifest
    findings = replace(findings, package=package, manifest=manifest, edits=True)
    if copy is not None and theirs.sources:
        ours = {source.items_url for source in copy.sources}
        if not any(source.items_url in ours for source in theirs.sources):
            return replace(
                findings,
                refused=tr(
                    "This package is of another twin ({twin}): none of its layers is in {file}. Open the working copy "
                    "that it was made of.",
                    twin=", ".join(manifest.twins[:_SOME]) or theirs.sources[0].url,
                    file=copy.path.name,
                ),
            )
    return findings


def _by_its_books(
    findings: Findings, package: Package, twins: tuple[str, ...], path: Path, found: list[Finding]
) -> Findings:
    """With a manifest made of the file's own books, where there is none of this package; and that said."""
    manifest = man.manifest_of(package, twins=twins)
    told = Finding("manifest", salvaged.words(findings.folder, path, manifest, strange=bool(findings.manifest.id)))
    found[:] = [told, *(finding for finding in found if finding.code != "manifest")]
    return replace(findings, manifest=manifest)


def _contents(findings: Findings, now: datetime, found: list[Finding]) -> Findings:
    path = findings.geopackage or findings.folder
    items: tuple[Item, ...] = ()
    readable = False
    try:
        if not whole(path):
            found.append(
                Finding(
                    "damaged",
                    tr("{file} is damaged. What can be read of it is taken.", file=path.name),
                )
            )
        read = plain.read(path, package=findings.package.id if findings.package else "")
        lost: list[str] = list(read.lost)
        tasks.read(path, lost)
        items, readable = read.items, bool(read.srids)
        if lost:
            words = tr("Some of what was noted cannot be read: {names}.", names=", ".join(sorted(set(lost))))
            found.append(Finding("items", words))
    except FileBusy:
        raise
    except (CityTwinError, sqlite3.Error):
        found.append(Finding("items", tr("What was noted in {file} cannot be read.", file=path.name)))
    findings = replace(findings, items=readable)
    if not findings.edits and not readable:
        return replace(
            findings,
            refused=tr(
                "{file} is damaged, and nothing of it can be read. Ask for another copy of the package: the one on the "
                "device may be whole.",
                file=path.name,
            ),
            found=tuple(found),
        )
    missing = _missing(findings.folder, items)
    if missing:
        some = ", ".join(missing[:_SOME])
        found.append(
            Finding(
                "photos",
                trn(
                    "{n} photo is not in the package: {names}. Look for it on the device.",
                    "{n} photos are not in the package: {names}. Look for them on the device.",
                    len(missing),
                    names=some,
                ),
            )
        )
    found.extend(_clocks(findings, items, now))
    return replace(findings, found=tuple(found), missing_photos=tuple(missing))


def whole(path: Path) -> bool:
    """Whether SQLite finds nothing wrong with the file's pages and indexes. Raises `WorkingCopyError`."""
    with opened(path) as connection:
        return handback.is_whole(connection)


def _missing(folder: Path, items: Iterable[Item]) -> list[str]:
    """The photos that items name and that are not there, in order, each once."""
    out: dict[str, None] = {}
    for item in items:
        for photo in item.photos:
            if photo.lower().startswith(("http://", "https://")):
                continue
            parts = parts_of(photo)
            place = folder.joinpath(*parts) if parts else None
            if place is None or place.is_symlink() or not place.is_file():
                out.setdefault(photo[:200])
    return list(out)


def _clocks(findings: Findings, items: Iterable[Item], now: datetime) -> list[Finding]:
    out = []
    made = moment(findings.package.made if findings.package else findings.manifest.made)
    if made is not None and made > now + _LOOSE:
        out.append(
            Finding(
                "clock",
                tr(
                    "By its own account the package was made in the future, on {day}: the clock of this computer, or "
                    "of the one that made it, is wrong.",
                    day=made.date().isoformat(),
                ),
            )
        )
        made = None
    early = late = 0
    for text in (item.noted for item in items):
        time = moment(text)
        if time is not None:
            loose = _LOOSE if zoned(text) else _ANYWHERE
            early += made is not None and time < made - loose
            late += time > now + loose
    if early + late:
        out.append(
            Finding(
                "clock",
                trn(
                    "{n} note has a time at which this package was not outside: the clock of the device was wrong. The "
                    "time stays as it was written.",
                    "{n} notes have a time at which this package was not outside: the clock of the device was wrong. "
                    "Their times stay as they were written.",
                    early + late,
                ),
            )
        )
    return out


def moment(text: str) -> datetime | None:
    """A time as people and programs write it; one without a zone is taken for UTC. None for what is none."""
    text = text.strip().replace(" ", "T", 1)
    if text[-1:] in ("Z", "z"):
        text = text[:-1] + "+00:00"
    head, dot, rest = text.partition(".")
    if dot:  # Python 3.9 reads fractions of three and six digits only
        digits = len(rest) - len(rest.lstrip("0123456789"))
        text = head + rest[digits:]
    try:
        read = datetime.fromisoformat(text)
        return read.replace(tzinfo=timezone.utc) if read.tzinfo is None else read.astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None


def zoned(text: str) -> bool:
    """Whether a time says its zone."""
    return bool(_ZONE.search(text.strip()))
