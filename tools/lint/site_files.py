"""The plugin site's rules on files and metadata, read on the unpacked plugin and on its zip."""

from __future__ import annotations

import configparser
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from .source import Finding

LIMIT = 25 * 1024 * 1024
SUSPICIOUS = {".exe", ".dll", ".so", ".sh", ".bat", ".cmd"}
BINARY_ALLOWED = {".mo", ".png"}
REQUIRED = (
    "name", "description", "version", "qgisMinimumVersion", "author", "email", "about", "tracker", "repository",
)  # fmt: skip
WANTED = {"supportsQt6": "True", "qgisMaximumVersion": "4.99", "hasProcessingProvider": "yes"}


def check_zip(path: Path) -> list[Finding]:
    """Findings in the zip at ``path``."""
    return list(_zip(path))


def _zip(path: Path) -> Iterator[Finding]:
    if path.stat().st_size > LIMIT:
        yield Finding(path.name, 0, f"larger than {LIMIT // 2**20} MB")
    with zipfile.ZipFile(path) as archive:
        tops = {PurePosixPath(name).parts[0] for name in archive.namelist()}
        if len(tops) != 1 or not all(top.isidentifier() for top in tops):
            yield Finding(path.name, 0, f"must hold one folder with a valid Python name, holds {sorted(tops)}")
            return
        top = tops.pop()
        names = set(archive.namelist())
        for needed in ("metadata.txt", "LICENSE", "__init__.py"):
            if f"{top}/{needed}" not in names:
                yield Finding(path.name, 0, f"{needed} is missing")
        for info in archive.infolist():
            for message in _entry(info.orig_filename, info.external_attr >> 16):
                yield Finding(info.filename, 0, message)
            suffix = PurePosixPath(info.filename).suffix
            if b"\0" in archive.read(info)[:8192] and suffix not in BINARY_ALLOWED:
                yield Finding(info.filename, 0, "a binary file")
        if f"{top}/metadata.txt" in names:
            text = archive.read(f"{top}/metadata.txt").decode()
            yield from (Finding(f"{top}/metadata.txt", 0, message) for message in _metadata(text, top, names))


def _entry(name: str, mode: int) -> Iterator[str]:
    path = PurePosixPath(name)
    if "\\" in name or ".." in path.parts or name.startswith("/"):
        yield "an unsafe name"
    if {".git", "__pycache__", "__MACOSX"} & set(path.parts) or path.suffix == ".pyc" or path.name == ".DS_Store":
        yield "does not belong in a plugin"
    if path.suffix.lower() in SUSPICIOUS:
        yield f"files of type {path.suffix} are not taken"
    if mode & 0o111 and not name.endswith("/"):
        yield "has an executable bit"


def _metadata(text: str, top: str, names: set[str]) -> Iterator[str]:
    parser = configparser.ConfigParser(strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text)
        values = dict(parser.items("general"))
    except configparser.Error as error:
        yield f"cannot be read: {error}"
        return
    for key in REQUIRED:
        if not values.get(key, "").strip():
            yield f"{key} is missing"
    for key, value in WANTED.items():
        if values.get(key) != value:
            yield f"{key} must be {value}"
    icon = values.get("icon", "")
    if icon and f"{top}/{icon}" not in names:
        yield f"the icon {icon} is missing"
    for key in ("tracker", "repository", "homepage"):
        if values.get(key) and not values[key].startswith("https://"):
            yield f"{key} is not an https address"
