"""Zips that come from outside: read without trust, and as far as they can be read."""

from __future__ import annotations

import errno
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ..text import tr, trn
from ..twin.progress import Progress, check
from ..workcopy.errors import disk_full, told_plainly
from .errors import DamagedPackage, UnsafePackage
from .names import parts_of, same_as
from .sidecars import names_another
from .zip_parts import LOCAL, Broken, Entry, found, reader


@dataclass(frozen=True)
class Limits:
    """What a package can be: bytes in all, files, and how much smaller a file can be packed. ``spare`` bytes are always
    left on the disk; files below ``small`` may be packed as well as they like."""

    total: int = 16 << 30
    count: int = 50_000
    ratio: int = 250
    small: int = 32 << 20
    spare: int = 64 << 20


LIMITS = Limits()


def unzip(
    source: Path,
    into: Path,
    skipped: Collection[str],
    made: list[Path],
    notes: list[str],
    progress: Progress,
    limits: Limits = LIMITS,
) -> None:
    """Unpack ``source`` into the folder ``into``, files whose ending is in ``skipped`` left out; ``made`` gets what was
    written, ``notes`` what was not. Raises `UnsafePackage`, `DamagedPackage`, `Cancelled`, `WorkingCopyError`."""
    with told_plainly(source), source.open("rb") as stream:
        if stream.read(4)[:2] != b"PK":
            raise DamagedPackage(
                tr(
                    "{file} is no zip file. Choose the package's folder, or the zip file as it was sent.",
                    file=source.name,
                )
            )
        archive = None
        try:
            archive = _archive(source)
            entries = _listed(source, stream, archive, limits)
        except Broken:
            entries = found(stream, limits.count)
            notes.append(tr("{file} is damaged or was cut off. What could be read of it was taken.", file=source.name))
        try:
            _write(source, _last_of_each(entries, notes), into, skipped, made, notes, progress, limits)
        finally:
            if archive is not None:
                archive.close()
    for place in [place for place in made if place.name.endswith("-journal") and names_another(place)]:
        place.unlink()
        made.remove(place)
        notes.append(strange_journal(place.name))


def left_out(names: Collection[str]) -> list[str]:
    """The sentence about files that were not taken; none where there are none."""
    if not names:
        return []
    some = ", ".join(sorted({repr(name)[1:-1][:60] for name in names})[:5])
    return [
        trn(
            "{n} file was left out, for its name leads elsewhere or it is a link: {names}.",
            "{n} files were left out, for their names lead elsewhere or they are links: {names}.",
            len(names),
            names=some,
        )
    ]


def strange_journal(name: str) -> str:
    """The sentence about a journal that is not put to use."""
    return tr("{file} was left out: it would make SQLite delete another file.", file=name)


def make_folders(folder: Path, into: Path, made: list[Path]) -> None:
    """Make ``folder``, which lies below ``into``."""
    missing = []
    while folder != into and not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for place in reversed(missing):
        place.mkdir()
        made.append(place)


def _write(
    source: Path,
    entries: list[Entry],
    into: Path,
    skipped: Collection[str],
    made: list[Path],
    notes: list[str],
    progress: Progress,
    limits: Limits,
) -> None:
    strange: list[str] = []
    total, done = sum(entry.size for entry in entries), 0
    if shutil.disk_usage(into).free < total + limits.spare:
        raise disk_full(into)
    for entry in entries:
        check(progress)
        progress.report(done, total, tr("Unpacking {file}…", file=entry.name[-80:]))
        parts = parts_of(entry.name)
        if entry.link or parts is None:
            strange.append(entry.name)
            continue
        place = into.joinpath(*parts)
        if entry.folder or place.suffix.lower() in skipped or place.name.endswith("-shm"):
            continue
        wrong, got = False, 0
        try:
            make_folders(place.parent, into, made)
            with place.open("xb") as stream:
                made.append(place)
                for chunk in _counted(source, entry, limits, done, progress):
                    got += len(chunk)
                    stream.write(chunk)
        except Broken:
            wrong = True
        except (FileExistsError, NotADirectoryError):
            strange.append(entry.name)
            continue
        done += got
        if wrong:
            notes.append(
                tr("{file} is damaged: {n} bytes of it could be read.", file=place.name, n=got)
                if got
                else tr("{file} is damaged: nothing of it could be read.", file=place.name)
            )
            if not got:
                place.unlink()
                made.remove(place)
    notes.extend(left_out(strange))


def _counted(source: Path, entry: Entry, limits: Limits, before: int, progress: Progress) -> Iterator[bytes]:
    """What comes out of an entry, until it is more than a package holds."""
    done = 0
    for chunk in entry.read():
        check(progress)
        done += len(chunk)
        too_dense = done > limits.small and done > limits.ratio * max(1, entry.packed)
        if too_dense or before + done > limits.total:
            raise too_large(source)
        yield chunk


def too_large(source: Path) -> UnsafePackage:
    """The sentence about a zip that would fill the disk."""
    return UnsafePackage(
        tr(
            "{file} was not unpacked: it would become far larger than a package can be. Ask whoever sent it for the "
            "package's folder.",
            file=source.name,
        )
    )


def _last_of_each(entries: list[Entry], notes: list[str]) -> list[Entry]:
    """Of several files of one name the last, which every program unpacks last, too."""
    by_name: dict[str, Entry] = {}
    for entry in entries:
        parts = parts_of(entry.name)
        key = same_as(parts) if parts else entry.name
        if key in by_name and not (entry.folder and by_name[key].folder):
            notes.append(tr("{file} is there more than once; the last one was taken.", file=entry.name[-80:]))
            del by_name[key]
        by_name[key] = entry
    return list(by_name.values())


# -- as the zip's own list says --------------------------------------------------------------------------------------


def _archive(source: Path) -> zipfile.ZipFile:
    """Raises `Broken` where the zip's list cannot be read."""
    try:
        return zipfile.ZipFile(source)
    except (zipfile.BadZipFile, struct.error, NotImplementedError, ValueError, OverflowError) as error:
        raise Broken from error
    except OSError as error:
        if error.errno == errno.EINVAL:  # the list is said to begin before the file does
            raise Broken from error
        raise


def _listed(source: Path, stream: IO[bytes], archive: zipfile.ZipFile, limits: Limits) -> list[Entry]:
    """Raises `UnsafePackage`, `DamagedPackage`, and `Broken` where the list is wrong."""
    infos = archive.infolist()
    if len(infos) > limits.count or sum(info.file_size for info in infos) > limits.total:
        raise too_large(source)
    if any(info.flag_bits & 1 for info in infos):
        raise encrypted(source)
    spans = sorted((info.header_offset, info.header_offset + 30 + info.compress_size) for info in infos)
    if any(end > start for (_, end), (start, _) in zip(spans, spans[1:])):
        raise too_large(source)  # files that lie over each other are there to be unpacked many times
    for info in infos:
        stream.seek(max(0, info.header_offset))
        if info.header_offset < 0 or stream.read(4) != LOCAL:
            raise Broken  # the files are elsewhere than the list says
    return [_entry(archive, stream, info) for info in infos]


def encrypted(source: Path) -> DamagedPackage:
    """The sentence about a zip with a password."""
    return DamagedPackage(
        tr(
            "{file} is locked with a password. Unpack it yourself, and choose the folder that comes of it.",
            file=source.name,
        )
    )


def _entry(archive: zipfile.ZipFile, stream: IO[bytes], info: zipfile.ZipInfo) -> Entry:
    def read() -> Iterator[bytes]:
        stream.seek(max(0, info.header_offset))
        head = stream.read(30)
        if len(head) < 30 or head[:4] != LOCAL:
            raise Broken
        start = info.header_offset + 30 + sum(struct.unpack("<HH", head[26:]))
        yield from reader(stream, start, info.compress_size, info.file_size, info.compress_type, info.CRC)()

    def read_otherwise() -> Iterator[bytes]:
        try:
            with archive.open(info) as opened:
                yield from iter(lambda: opened.read(1 << 16), b"")
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as e:
            raise Broken from e

    kind = stat.S_IFMT(info.external_attr >> 16)
    link = kind not in (0, stat.S_IFREG, stat.S_IFDIR)
    usual = info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    way = read if usual else read_otherwise
    return Entry(info.filename, info.compress_size, info.file_size, way, link, info.is_dir())
