"""Names of files that come from outside: which may be written here."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence

_DRIVE = re.compile(r"^[A-Za-z]:")
_NOWHERE = re.compile(r"[\x00-\x1f\x7f]")
# what Windows takes for a stream of another file, a pattern or a device, with any ending
_NOT_ON_WINDOWS = re.compile(r'[:*?"<>|]')
_DEVICES = re.compile(r"^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE)
_LONGEST = 200  # characters of one name
_DEEPEST = 12


def parts_of(name: str, *, windows: bool = os.name == "nt") -> tuple[str, ...] | None:
    """A path as its names, ``/`` or ``\\`` between them; None for one that climbs, is absolute or cannot be written."""
    if name.startswith(("/", "\\")) or _DRIVE.match(name):
        return None
    parts = [part for part in re.split(r"[/\\]", name) if part not in ("", ".")]
    if not parts or len(parts) > _DEEPEST or not all(_harmless(part, windows) for part in parts):
        return None
    return tuple(parts)


def _harmless(part: str, windows: bool) -> bool:
    if part == ".." or len(part) > _LONGEST or len(part.encode("utf-8", "replace")) > 255 or _NOWHERE.search(part):
        return False
    if any(unicodedata.category(letter) == "Cs" for letter in part):
        return False
    if windows:
        return not _NOT_ON_WINDOWS.search(part) and not _DEVICES.match(part) and part == part.rstrip(". ")
    return bool(part.strip(". "))


def same_as(parts: Sequence[str]) -> str:
    """What is equal for two paths that some system takes for one: case and the composition of letters do not count."""
    return unicodedata.normalize("NFC", "/".join(parts)).casefold()
