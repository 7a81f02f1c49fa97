"""Loading a folder: each readable file becomes a collection, each unreadable one a line in the log."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Callable

from ..model import Collection, Feature
from . import cityjson, geojson, geopackage
from .draft import Draft, SkipFile, readable
from .known import KNOWN

log = logging.getLogger(__name__)
# Folders of recorded answers, of tiles, and of formats that hold no features.
_SKIPPED = {"ogcapi", "sta_bgs_uk", "tiles3d", "perf", "indoor", "permits"}
_OVERRIDES = ("title", "description", "licence", "licence_url", "attribution")
Source = tuple[Collection, Iterable[Feature]]
Reader = Callable[[Path], Iterator[Draft]]


def load_folder(folder: Path, lod: float) -> tuple[str, str, Iterator[Source]]:
    """Title, description and collections of the data in ``folder``, read file by file as they are asked for.

    ``twin.json`` in the folder may override: ``{"title", "description", "skip": [globs], "collections": {id: {"title",
    "description", "licence", "licence_url", "attribution"}}}``.
    """
    override = _override(folder)
    title = str(override.get("title") or "City Twin")
    description = str(override.get("description") or "Files of a folder, served by the embedded twin.")
    return title, description, _sources(folder, lod, override)


def slug(name: str) -> str:
    """A collection id: lower-case ASCII letters, digits and underscores."""
    return re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_").lower() or "collection"


def _sources(folder: Path, lod: float, override: dict[str, Any]) -> Iterator[Source]:
    taken: set[str] = set()
    words: dict[str, dict[str, str]] = override.get("collections", {})
    for path, read in _files(folder, override.get("skip", []), lod):
        name = path.relative_to(folder).as_posix()
        try:
            for draft in read(path):
                own = slug(draft.id)
                draft.id = _free(own, taken)
                taken.add(draft.id)
                for told in (KNOWN.get(own, {}), words.get(draft.id, {})):
                    for key, value in told.items():
                        if key in _OVERRIDES:
                            setattr(draft, key, str(value))
                if draft.id != own and "title" not in words.get(draft.id, {}):
                    draft.title = f"{draft.title or readable(own)} ({draft.id.rsplit('_', 1)[1]})"
                log.info("%s: collection %s", name, draft.id)
                yield draft.finish()
        except SkipFile as reason:
            log.warning("%s skipped: %s", name, reason)


def _files(folder: Path, skip: list[str], lod: float) -> Iterator[tuple[Path, Reader]]:
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if any(part.startswith(".") or part.lower() in _SKIPPED for part in inside.parts[:-1]):
            continue
        if not path.is_file() or path.name == "twin.json" or any(inside.match(pattern) for pattern in skip):
            continue
        name = path.name.lower()
        if name.endswith(".geojson"):
            yield path, geojson.read
        elif name.endswith(".gpkg"):
            yield path, geopackage.read
        elif name.endswith((".json", ".jsonl")):
            yield path, partial(cityjson.read, limit=lod)


def _free(name: str, taken: set[str]) -> str:
    found, n = name, 2
    while found in taken:
        found, n = f"{name}_{n}", n + 1
    return found


def _override(folder: Path) -> dict[str, Any]:
    path = folder / "twin.json"
    if not path.is_file():
        return {}
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        log.warning("twin.json skipped: %s", error)
        return {}
    return value if isinstance(value, dict) else {}
