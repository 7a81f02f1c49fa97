"""The photos of a package: from its folder to the office's, each once, under names that can be written anywhere.

In a package, and beside a working copy, photos lie in ``photos/``, and items name them by paths relative to the folder
above it. In the office a photo's name tells its content: ``bridge-1a2b3c4d.jpg`` is the same wherever it turns up, and
whenever. None is ever overwritten.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..text import tr
from ..twin.errors import CityTwinError
from ..twin.progress import SILENT, Progress, check
from . import photo as one
from .item import Item
from .manifest import PHOTOS
from .names import parts_of, same_as
from .photo import LONGEST, NotAPhoto, Photo, look, reduced

__all__ = [
    "LONGEST", "PHOTOS", "Collected", "NotAPhoto", "Photo", "collect", "is_address", "look", "place_of", "reduced",
    "safe_name", "tells",
]  # fmt: skip

ORIGINALS = "originals"  # within photos/
_DEVICES = re.compile(r"^(con|prn|aux|nul|conin|conout|com\d|lpt\d)$", re.IGNORECASE)
_LONGEST_NAME = 80
_SHORT = 8  # characters of a fingerprint that a name has


@dataclass(frozen=True)
class Collected:
    """``items`` name their photos as they lie in the office now, in the order in which they were given.

    ``copied`` came, ``known`` had come before; ``missing`` are not in the package (their items go on naming them: they
    may still turn up), ``refused`` are no photos or lead elsewhere (their items no longer name them); ``loose`` lie in
    the package's photos and no item names them. ``notes`` says so in sentences. ``seen``: by its name in the office,
    what each photo tells (where and when it was taken).
    """

    items: tuple[Item, ...] = ()
    copied: int = 0
    known: int = 0
    missing: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    loose: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seen: Mapping[str, Photo] = field(default_factory=dict)


def collect(
    package_folder: Path,
    office_folder: Path,
    items: Iterable[Item],
    *,
    longest: int = LONGEST,
    keep_originals: bool = False,
    progress: Progress = SILENT,
) -> Collected:
    """Copy the photos that ``items`` name into ``photos/`` of ``office_folder``, under names of its own.

    Larger ones are made smaller (``longest`` in pixels); with ``keep_originals`` they go to ``photos/originals/`` as
    they are. Again it copies nothing. Raises `Cancelled`, and `WorkingCopyError` where the office's folder cannot be
    written.
    """
    brought = _Bringer(package_folder, office_folder, longest, keep_originals)
    given = list(items)
    out = []
    for done, item in enumerate(given):
        check(progress)
        progress.report(done, len(given), tr("Copying photos…"))
        named = [brought.bring(name) for name in item.photos]
        out.append(replace(item, photos=tuple(name for name in named if name)))
    return Collected(
        tuple(out),
        brought.copied,
        brought.known,
        tuple(brought.missing),
        tuple(brought.refused),
        tuple(brought.loose()),
        tuple(brought.notes),
        brought.seen,
    )


def is_address(name: str) -> bool:
    """Whether a photo is somewhere on the web, and not a file."""
    return name.lower().startswith(("http://", "https://"))


def place_of(folder: Path, name: str) -> Path | None:
    """The file that an item means by a relative path; None for one that climbs or leads through links, and for none.

    Names differ in their accents' composition between systems: one that means the same is found.
    """
    parts = parts_of(name)
    if parts is None or is_address(name):
        return None
    place = folder
    for part in parts:
        place = _in(place, part)
        if place.is_symlink():
            return None
    return place if place.is_file() else None


def safe_name(name: str, ending: str) -> str:
    """A file name that every system can write and nobody runs, ending as the content does."""
    stem = unicodedata.normalize("NFC", re.split(r"[/\\]", name)[-1]).rpartition(".")
    kept = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in stem[0] or stem[2])
    while len(kept.encode("utf-8")) > _LONGEST_NAME:
        kept = kept[:-1]
    kept = kept.strip("_") or "photo"
    return f"_{kept}{ending}" if _DEVICES.match(kept) else kept + ending


def tells(name: str, mark: str) -> bool:
    """Whether a file's name tells that its content goes by the fingerprint ``mark``."""
    return f"-{mark[:_SHORT]}" in name.rpartition(".")[0]


class _Bringer:
    """Brings photos one by one, and remembers what became of each."""

    def __init__(self, package: Path, office: Path, longest: int, keep_originals: bool) -> None:
        self.copied = self.known = 0
        self.missing: list[str] = []
        self.refused: list[str] = []
        self.notes: list[str] = []
        self.seen: dict[str, Photo] = {}
        self._package, self._photos = package, office / PHOTOS
        self._longest, self._originals = longest, keep_originals
        self._names: dict[str, str] = {}
        self._used: set[Path] = set()

    def bring(self, name: str) -> str:
        """What the photo is called in the office; empty where it is none."""
        if is_address(name):
            return name
        if name not in self._names:
            self._names[name] = self._bring(name)
        return self._names[name]

    def loose(self) -> list[str]:
        """The files in the package's photos that no item names."""
        try:
            return sorted(
                file.name
                for file in (self._package / PHOTOS).iterdir()
                if file.is_file() and not file.is_symlink() and file not in self._used and not file.name.startswith(".")
            )
        except OSError:
            return []

    def _bring(self, name: str) -> str:
        shown = name[:200]
        if parts_of(name) is None or "://" in name:
            self.refused.append(shown)
            self.notes.append(tr("A photo was left out, for its name leads elsewhere: {file}.", file=shown))
            return ""
        place = place_of(self._package, name)
        if place is None:
            self.missing.append(shown)
            return name
        self._used.add(place)
        try:
            raw = one.content(place)
            photo = one.look_into(raw, place.name)
        except NotAPhoto as error:
            self.refused.append(shown)
            self.notes.append(error.message)
            return ""
        except CityTwinError as error:  # the package's file cannot be read; the office's is another matter
            self.missing.append(shown)
            self.notes.append(error.message)
            return name
        kept, ending = raw, one.ENDINGS[photo.kind]
        try:
            kept = one.smaller(raw, photo, place.name, self._longest)
            ending = one.ENDINGS["JPEG"]
        except NotAPhoto as error:  # it opens, and part of it may be seen: better than nothing
            self.notes.append(error.message)
        marks = one.identities(raw)
        mark = next((known for known in sorted(marks) if tells(place.name, known)), one.fingerprint(raw))
        if self._originals and kept is not raw:
            self._keep(raw, self._photos / ORIGINALS, safe_name(name, one.ENDINGS[photo.kind]), mark)
        target, new = self._keep(kept, self._photos, safe_name(name, ending), mark)
        self.copied += new
        self.known += not new
        self.seen[f"{PHOTOS}/{target}"] = photo
        return f"{PHOTOS}/{target}"

    def _keep(self, raw: bytes, folder: Path, name: str, mark: str) -> tuple[str, bool]:
        """The name under which ``raw`` lies in ``folder``, and whether it is new there."""
        stem, _, ending = name.rpartition(".")
        names = [name] if tells(name, mark) else []
        names += [f"{stem}-{mark[:_SHORT]}.{ending}", f"{stem}-{mark}.{ending}"]
        for candidate in names:
            place = folder / candidate
            if place.is_file() and not one.is_blank(place) and mark in _identities(place):
                return candidate, False
        number = 1
        while os.path.lexists(folder / names[0]) and not one.is_blank(folder / names[0]):
            names = names[1:] or [f"{stem}-{mark}-{number}.{ending}"]
            number += 1
        one.put(raw, folder / names[0])
        return names[0], True


def _identities(place: Path) -> set[str]:
    try:
        return one.identities(one.content(place))
    except CityTwinError:
        return set()


def _in(folder: Path, part: str) -> Path:
    """The entry of a folder that is called so, or that some system would call the same."""
    place = folder / part
    if os.path.lexists(place):
        return place
    try:
        return next((entry for entry in folder.iterdir() if same_as([entry.name]) == same_as([part])), place)
    except OSError:
        return place
