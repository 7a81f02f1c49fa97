"""A package as one file to send: packed so that a cut-off copy still has what was noted, unpacked without trust.

Nothing that comes in decides where it is written: names that climb, links and the like are left out and told. A zip
that was cut off gives what lies before the cut.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..text import tr, trn
from ..twin.progress import SILENT, Progress, check
from ..workcopy.errors import FileExists, told_plainly
from . import manifest as man
from . import unzip
from .errors import DamagedPackage, UnsafePackage
from .names import parts_of
from .sidecars import SIDECARS, check_journal, copy_database, lengthen

_CHUNK = 1 << 20
# what programs leave beside their files, of nobody's interest
_LITTER = (".part", "~", ".lck", ".lock", ".tmp")
_SYSTEM = {".ds_store", "thumbs.db", "desktop.ini", "__macosx"}
# compressed already, or large and wanted quickly
_STORED = {".jpg", ".jpeg", ".png", ".webp", ".heic", ".mbtiles", ".qgz", ".zip", ".mp4", ".pdf"}
DATABASES = {".gpkg", ".mbtiles", ".sqlite"}
_AS_THEY_WENT = {".mbtiles", ".qgz", ".qgs", ".pmtiles"}


@dataclass(frozen=True)
class Unpacked:
    """``folder`` has the package; ``notes``: what was left out or lost on the way, in sentences."""

    folder: Path
    notes: tuple[str, ...] = ()


def pack(folder: Path, target: Path, progress: Progress = SILENT) -> Path:
    """Write the package in ``folder`` as a zip at ``target``, whole or not at all.

    Databases are copied by SQLite's backup, so they may be open in QGIS. What was noted comes first in the zip, the
    background last: of a copy that is cut off the beginning can be saved. Links are not followed. Raises `FileExists`,
    `Cancelled` and other `WorkingCopyError`.
    """
    if target.exists():
        raise FileExists(tr("{file} is there already. Choose another place, or remove it first.", file=target.name))
    files = sorted(_files(folder, []), key=_order)
    files = [file for file in files if file not in (target, target.with_name(target.name + ".part"))]
    total, done = sum(file.stat().st_size for file in files), 0
    part, copy = target.with_name(target.name + ".part"), target.with_name(target.name + ".copy.part")
    try:
        with told_plainly(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
                for file in files:
                    check(progress)
                    progress.report(done, total, tr("Packing {file}…", file=file.name))
                    _add(archive, file, file.relative_to(folder).as_posix(), copy, progress)
                    done += file.stat().st_size
            with part.open("rb+") as stream:
                os.fsync(stream.fileno())
            part.replace(target)
    finally:
        for left in (part, copy):
            left.unlink(missing_ok=True)
    return target


def unpack(source: Path, into: Path, progress: Progress = SILENT, *, whole: bool = True) -> Unpacked:
    """Put the package at ``source``, a zip, a folder or a GeoPackage alone, below ``into``; ``source`` stays.

    ``whole`` False leaves the project and the background behind, which come back as they went. Raises `UnsafePackage`,
    `DamagedPackage`, `Cancelled` and `WorkingCopyError`; then nothing is left in ``into``.
    """
    into.mkdir(parents=True, exist_ok=True)
    notes: list[str] = []
    made: list[Path] = []
    try:
        if source.is_dir():
            _from_folder(source, into, whole, made, notes, progress)
        elif not source.is_file():
            raise DamagedPackage(tr("There is no file {file}.", file=str(source)))
        elif _is_database(source):
            _take(source, into / man.GEOPACKAGE, made, notes)
        else:
            skipped = _AS_THEY_WENT if not whole else set()
            unzip.unzip(source, into, skipped, made, notes, progress)
        for place in made:
            if place.suffix.lower() == ".gpkg" and place.is_file() and lengthen(place):
                notes.append(tr("{file} was cut off; what lies before the cut can be read.", file=place.name))
        return Unpacked(_root(into, source), tuple(notes))
    except BaseException:
        for place in reversed(made):
            _remove(place)
        raise


def _order(file: Path) -> tuple[int, str]:
    first = [man.NAME, man.GEOPACKAGE, man.README, man.PROJECT]
    if file.name in first:
        return first.index(file.name), str(file)
    return (9 if file.suffix.lower() == ".mbtiles" else 5), str(file)


def _files(folder: Path, left_out: list[str]) -> Iterator[Path]:
    """The ordinary files below a folder; the names of links and other strange things go to ``left_out``."""
    for place, folders, names in os.walk(folder):
        here = Path(place)
        for name in list(folders):
            if (here / name).is_symlink() or name.lower() in _SYSTEM:
                folders.remove(name)
                if name.lower() not in _SYSTEM:
                    left_out.append(name)
        for name in names:
            file = here / name
            low = name.lower()
            if low in _SYSTEM or low.endswith((*_LITTER, *SIDECARS)):
                continue
            if file.is_symlink() or not file.is_file():
                left_out.append(name)
                continue
            yield file


def _add(archive: zipfile.ZipFile, file: Path, name: str, copy: Path, progress: Progress) -> None:
    info = zipfile.ZipInfo.from_file(file, name, strict_timestamps=False)
    info.compress_type = zipfile.ZIP_STORED if file.suffix.lower() in _STORED else zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    source = file
    if file.suffix.lower() in DATABASES:
        copy.unlink(missing_ok=True)
        try:
            copy_database(file, copy)
            source = copy
        except sqlite3.DatabaseError:
            source = file  # no database, whatever its name says
    info.file_size = source.stat().st_size
    with source.open("rb") as reading, archive.open(info, "w") as writing:
        for chunk in iter(lambda: reading.read(_CHUNK), b""):
            check(progress)
            writing.write(chunk)


def _from_folder(source: Path, into: Path, whole: bool, made: list[Path], notes: list[str], progress: Progress) -> None:
    left_out: list[str] = []
    files = list(_files(source, left_out))
    limits = unzip.LIMITS
    total = sum(file.stat().st_size for file in files)
    if len(files) > limits.count or total > limits.total:
        raise UnsafePackage(
            tr("{file} holds more than a package can. Choose the package's own folder.", file=source.name),
            detail=f"{len(files)} files, {total} bytes",
        )
    done = 0
    for file in files:
        check(progress)
        progress.report(done, total, tr("Reading {file}…", file=file.name))
        done += file.stat().st_size
        parts = parts_of(file.relative_to(source).as_posix())
        if parts is None:
            left_out.append(file.name)
        elif whole or file.suffix.lower() not in _AS_THEY_WENT:
            place = into.joinpath(*parts)
            unzip.make_folders(place.parent, into, made)
            _take(file, place, made, notes)
    notes.extend(unzip.left_out(left_out))


def _take(file: Path, place: Path, made: list[Path], notes: list[str]) -> None:
    """Copy one file that comes in, a database with all that was committed to it."""
    made.append(place)
    try:
        if file.suffix.lower() in DATABASES:
            if not check_journal(file):
                notes.append(unzip.strange_journal(file.name))
                shutil.copyfile(file, place, follow_symlinks=False)
                return
            try:
                copy_database(file, place)
                return
            except sqlite3.DatabaseError:  # damaged: as it is, with what lies beside it
                place.unlink(missing_ok=True)
                for end in SIDECARS[:2]:
                    beside = file.with_name(file.name + end)
                    if beside.is_file() and not beside.is_symlink():
                        made.append(place.with_name(place.name + end))
                        shutil.copyfile(beside, made[-1])
        shutil.copyfile(file, place, follow_symlinks=False)
    except OSError as error:
        if file.name == man.GEOPACKAGE:
            with told_plainly(file):
                raise
        notes.append(tr("{file} could not be read: {reason}.", file=file.name, reason=error.strerror or str(error)))
        place.unlink(missing_ok=True)


def _is_database(file: Path) -> bool:
    with told_plainly(file), file.open("rb") as stream:
        return stream.read(16) == b"SQLite format 3\x00"


def _root(into: Path, source: Path) -> Path:
    """The folder that is the package: zips have it at their top or one or two folders down."""
    places = sorted({path.parent for path in into.rglob("*") if _tells(path)}, key=lambda place: len(place.parts))
    if not places:
        raise DamagedPackage(
            tr(
                "{file} is no field review package, or nothing of it can be read: there is no {geopackage} in it.",
                file=source.name,
                geopackage=man.GEOPACKAGE,
            )
        )
    nearest = [place for place in places if len(place.parts) == len(places[0].parts)]
    if len(nearest) > 1:
        raise DamagedPackage(
            trn(
                "{file} has {n} package in it. Choose one of them.",
                "{file} has {n} packages in it. Choose one of them.",
                len(nearest),
                file=source.name,
            )
        )
    return nearest[0]


def _tells(path: Path) -> bool:
    return path.is_file() and (path.name == man.NAME or path.suffix.lower() == ".gpkg")


def _remove(place: Path) -> None:
    with contextlib.suppress(OSError):
        if place.is_dir() and not place.is_symlink():
            place.rmdir()
        else:
            place.unlink(missing_ok=True)
