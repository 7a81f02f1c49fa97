"""One photo: whether it is one, where and when it was taken, and smaller for keeping.

A file's own beginning tells what it is, never its name. Only GDAL's drivers for pictures see it, from memory, so that
nothing beside it is read. Of EXIF, place, direction and time go on; serial numbers, owners and thumbnails do not.
"""

from __future__ import annotations

import hashlib
import os
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from osgeo import gdal, gdal_array

from ..text import tr
from ..twin.errors import CityTwinError
from ..workcopy.errors import FileExists, told_plainly
from ..workcopy.tables import QuietGdal
from . import exif

LONGEST = 2048  # pixels of the longer side
LARGEST = 100 << 20  # bytes
# pixels: a JPEG is read in stripes, of the others all at once
_MOST = {"JPEG": 250_000_000, "PNG": 60_000_000, "WEBP": 60_000_000, "HEIF": 60_000_000}
_SIDE = 65_500
_QUALITY = 85
ENDINGS = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "HEIF": ".heic"}
_KEPT = re.compile(r"^EXIF_(GPS\w+|DateTime(Original|Digitized)?|OffsetTime(Original|Digitized)?)$")
_OURS = "EXIF_ImageUniqueID"
_FINGERPRINT = re.compile(r"^[0-9a-f]{32}\Z")


class NotAPhoto(CityTwinError):
    """The file is no picture that can be shown, whatever its name says."""


@dataclass(frozen=True)
class Photo:
    """``width`` and ``height`` in pixels as it is seen, upright; ``orientation`` is EXIF's, 1 to 8, as it is stored.

    ``taken`` is RFC 3339, without a zone where the camera tells none, empty if unknown; ``lon``, ``lat`` in degrees
    (EPSG:4326); ``direction`` in degrees clockwise from north, as the camera has it. ``kind`` is GDAL's driver.
    """

    width: int
    height: int
    taken: str = ""
    lon: float | None = None
    lat: float | None = None
    direction: float | None = None
    orientation: int = 1
    kind: str = "JPEG"


def look(path: Path) -> Photo:
    """What the file at ``path`` shows. Raises `NotAPhoto`, and `WorkingCopyError` where it cannot be read."""
    return look_into(content(path), path.name)


def reduced(path: Path, target: Path, longest: int = LONGEST, keep_original: bool = False) -> Photo:
    """Write the photo at ``path`` to ``target`` as a JPEG that is upright and no larger than ``longest``.

    ``keep_original``: the file goes beside it unchanged, as ``…_original``. Raises `NotAPhoto`, `FileExists` (nothing
    is written then) and `WorkingCopyError`.
    """
    raw = content(path)
    photo = look_into(raw, path.name)
    small = smaller(raw, photo, path.name, longest)
    if keep_original:
        put(raw, target.with_name(f"{target.stem}_original{ENDINGS[photo.kind]}"))
    put(small, target)
    return look_into(small, target.name)


def content(path: Path) -> bytes:
    """The bytes of a file that may be a photo. Raises `NotAPhoto` for a link and what is too large."""
    with told_plainly(path):
        if path.is_symlink() or not path.is_file():
            raise NotAPhoto(tr("There is no photo {file}.", file=path.name[:80]))
        with path.open("rb") as stream:
            raw = stream.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise NotAPhoto(
            tr("{file} has more than {n} MB: that is no photo.", file=path.name[:80], n=LARGEST >> 20),
        )
    return raw


def look_into(raw: bytes, name: str = "") -> Photo:
    """`look`, of a file's bytes; ``name`` is for the sentence. Raises `NotAPhoto`."""
    with _opened(raw, name) as (dataset, kind):
        tags = _tags(dataset)
        width, height = int(dataset.RasterXSize), int(dataset.RasterYSize)
    if width > _SIDE or height > _SIDE or width * height > _MOST[kind]:
        raise NotAPhoto(
            tr(
                "{file} says that it is {width} × {height} pixels large. No camera makes that, so it was not opened.",
                file=name[:80],
                width=width,
                height=height,
            )
        )
    orientation = exif.orientation(tags)
    if orientation > 4:
        width, height = height, width
    lon, lat = exif.place(tags)
    return Photo(width, height, exif.taken(tags), lon, lat, exif.direction(tags), orientation, kind)


def smaller(raw: bytes, photo: Photo, name: str = "", longest: int = LONGEST) -> bytes:
    """A photo's bytes as a JPEG, upright, no side longer than ``longest``: its own where it is so already.

    What is written anew says in EXIF whose reduction it is, see `identities`. Raises `NotAPhoto` for one that is
    damaged.
    """
    if photo.kind == "JPEG" and photo.orientation == 1 and max(photo.width, photo.height) <= longest:
        return raw
    with _opened(raw, name) as (dataset, _kind):
        tags = {key: value for key, value in _tags(dataset).items() if _KEPT.match(key)}
        tags[_OURS] = fingerprint(raw)
        try:
            pixels = _upright(_pixels(dataset, longest), photo.orientation)
            return _jpeg(pixels, tags)
        except (RuntimeError, MemoryError, ValueError) as error:
            raise NotAPhoto(tr("{file} is damaged and cannot be shown.", file=name[:80]), detail=str(error)) from error


def fingerprint(raw: bytes) -> str:
    """What tells one photo's bytes from all others."""
    return hashlib.sha256(raw).hexdigest()[:32]


def identities(raw: bytes) -> set[str]:
    """The fingerprints that a photo goes by: its own, and of the one that it was made smaller from."""
    found = {fingerprint(raw)}
    try:
        with _opened(raw, "") as (dataset, _kind):
            made_of = _tags(dataset).get(_OURS, "").strip()
    except NotAPhoto:
        return found
    return found | {made_of} if _FINGERPRINT.match(made_of) else found


def put(raw: bytes, target: Path) -> None:
    """Write a file whole or not at all, and never over another. Raises `FileExists` and `WorkingCopyError`."""
    part = target.with_name(f"{target.name}.{uuid.uuid4().hex[:8]}.part")
    with told_plainly(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(target) and not is_blank(target):
            raise FileExists(tr("{file} is there already. Choose another place, or remove it first.", file=target.name))
        try:
            with part.open("xb") as stream:
                stream.write(raw)
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)


def is_blank(target: Path) -> bool:
    """Whether a file holds nothing that could be lost."""
    return not target.is_symlink() and target.is_file() and target.stat().st_size == 0


# -- what it is ------------------------------------------------------------------------------------------------------


def kind_of(raw: bytes) -> str:
    """GDAL's driver for what the bytes begin with; empty for all else."""
    if raw[:3] == b"\xff\xd8\xff":
        return "JPEG"
    if raw[:8] == b"\x89PNG\r\n\x1a\n":
        return "PNG"
    if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
        return "WEBP"
    if raw[4:8] == b"ftyp" and raw[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"hevc"):
        return "HEIF"
    return ""


@contextmanager
def _opened(raw: bytes, name: str) -> Iterator[tuple[Any, str]]:
    """The picture as GDAL's dataset, for the time inside; its kind. Raises `NotAPhoto`."""
    kind = kind_of(raw)
    if not kind:
        raise NotAPhoto(tr("{file} is no photo, whatever its name says.", file=name[:80]))
    if gdal.GetDriverByName(kind) is None:
        raise NotAPhoto(
            tr(
                "{file} is a photo of a kind ({kind}) that cannot be read here. Save it as JPEG.",
                file=name[:80],
                kind=kind,
            )
        )
    place = f"/vsimem/photo-{uuid.uuid4().hex}/photo"
    with QuietGdal():
        gdal.FileFromMemBuffer(place, raw)
        dataset = None
        try:
            try:
                dataset = gdal.OpenEx(place, gdal.OF_RASTER, allowed_drivers=[kind])
            except RuntimeError as error:
                raise NotAPhoto(
                    tr("{file} is damaged and cannot be shown.", file=name[:80]), detail=str(error)
                ) from error
            yield dataset, kind
        finally:
            dataset = None
            gdal.Unlink(place)


def _tags(dataset: Any) -> dict[str, str]:
    """What the camera wrote, as far as it can be read."""
    for _ in range(2):  # GDAL complains once, and then has what it could read
        try:
            return {key: str(value) for key, value in (dataset.GetMetadata() or {}).items()}
        except (RuntimeError, UnicodeError):
            continue
    return {}


# -- its pixels ------------------------------------------------------------------------------------------------------


def _pixels(dataset: Any, longest: int) -> Any:
    """Bands × rows × columns of bytes, one band or three, no longer than ``longest``."""
    width, height = dataset.RasterXSize, dataset.RasterYSize
    share = min(1.0, longest / max(width, height))
    size = {"buf_xsize": max(1, round(width * share)), "buf_ysize": max(1, round(height * share))}
    colours = dataset.GetRasterBand(1).GetColorTable()
    how = gdal.GRIORA_NearestNeighbour if colours is not None or share == 1.0 else gdal.GRIORA_Average
    pixels = dataset.ReadAsArray(resample_alg=how, **size)
    pixels = pixels if pixels.ndim == 3 else pixels[np.newaxis]
    if colours is not None:
        table = np.array([colours.GetColorEntry(n) for n in range(colours.GetCount())] or [(0, 0, 0, 255)], np.uint8)
        pixels = np.moveaxis(table[np.minimum(pixels[0], len(table) - 1)], 2, 0)
    elif pixels.dtype != np.uint8:
        pixels = (pixels >> 8).astype(np.uint8) if pixels.dtype == np.uint16 else pixels.clip(0, 255).astype(np.uint8)
    if len(pixels) in (2, 4):  # what is transparent is white
        shown = pixels[-1].astype(np.uint16)
        pixels = ((pixels[:-1] * shown + 255 * (255 - shown)) // 255).astype(np.uint8)
    return pixels[:3] if len(pixels) >= 3 else pixels[:1]


def _upright(pixels: Any, orientation: int) -> Any:
    if orientation in (5, 6, 7, 8):  # rows were stored as columns
        pixels = pixels.swapaxes(1, 2)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, :, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[:, ::-1, :]
    return np.ascontiguousarray(pixels)


def _jpeg(pixels: Any, tags: Mapping[str, str]) -> bytes:
    source = gdal_array.OpenArray(pixels)
    source.SetMetadata(dict(tags))
    place = f"/vsimem/photo-{uuid.uuid4().hex}.jpg"
    try:
        options = [f"QUALITY={_QUALITY}", "WRITE_EXIF_METADATA=YES"]
        made = gdal.GetDriverByName("JPEG").CreateCopy(place, source, options=options)
        del made
        size = gdal.VSIStatL(place).size
        stream = gdal.VSIFOpenL(place, "rb")
        try:
            return bytes(gdal.VSIFReadL(1, size, stream))
        finally:
            gdal.VSIFCloseL(stream)
    finally:
        gdal.Unlink(place)
