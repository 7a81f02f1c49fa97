"""Pictures for tests: JPEG and PNG made by GDAL, EXIF put in byte by byte as cameras write it (big endian)."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Sequence
from typing import Any

import numpy as np
from osgeo import gdal, gdal_array

ASCII, SHORT, LONG, RATIONAL = 2, 3, 4, 5


def picture(width: int = 80, height: int = 60, driver: str = "JPEG", pixels: Any = None, seed: int = 1) -> bytes:
    """A picture: ``pixels`` (bands × rows × columns), or soft random colours."""
    if pixels is None:
        rough = np.random.default_rng(seed).integers(0, 255, (3, 1 + height // 8, 1 + width // 8), dtype=np.uint8)
        pixels = np.kron(rough, np.ones((1, 8, 8), np.uint8))[:, :height, :width]
    source = gdal_array.OpenArray(np.ascontiguousarray(pixels))
    name = f"/vsimem/made-{uuid.uuid4().hex}"
    gdal.GetDriverByName(driver).CreateCopy(name, source, options=["QUALITY=90"] if driver == "JPEG" else [])
    stream = gdal.VSIFOpenL(name, "rb")
    raw = bytes(gdal.VSIFReadL(1, gdal.VSIStatL(name).size, stream))
    gdal.VSIFCloseL(stream)
    for left in (name, f"{name}.aux.xml"):
        gdal.Unlink(left) if gdal.VSIStatL(left) is not None else None
    return raw


def with_exif(raw: bytes, main: dict[int, Any] | None = None, more: dict[int, Any] | None = None,
              place: dict[int, Any] | None = None) -> bytes:  # fmt: skip
    """A JPEG with EXIF: tags of the main directory, of Exif's own and of the place's. Values: text, a whole number (as
    SHORT), or fractions as pairs."""
    directories = [dict(main or {}), dict(more or {}), dict(place or {})]
    sizes = [_size(tags) for tags in directories]
    if more:
        directories[0][0x8769] = ("long", 0)
    if place:
        directories[0][0x8825] = ("long", 0)
    sizes[0] = _size(directories[0])
    starts = [8, 8 + sizes[0], 8 + sizes[0] + sizes[1]]
    if more:
        directories[0][0x8769] = ("long", starts[1])
    if place:
        directories[0][0x8825] = ("long", starts[2])
    body = b"".join(_directory(tags, start) for tags, start in zip(directories, starts) if tags)
    payload = b"Exif\0\0" + b"MM\x00\x2a" + struct.pack(">I", 8) + body
    return raw[:2] + b"\xff\xe1" + struct.pack(">H", len(payload) + 2) + payload + raw[2:]


def seen_at(lon: float, lat: float, direction: float | None = None) -> dict[int, Any]:
    """The place's tags, as degrees, minutes and seconds."""
    tags: dict[int, Any] = {
        1: "N" if lat >= 0 else "S", 2: _sexagesimal(lat), 3: "E" if lon >= 0 else "W", 4: _sexagesimal(lon),
    }  # fmt: skip
    if direction is not None:
        tags[16], tags[17] = "T", [(round(direction * 100), 100)]
    return tags


def _sexagesimal(value: float) -> list[tuple[int, int]]:
    minutes, seconds = divmod(round(abs(value) * 36_000_000), 600_000)
    return [(minutes // 60, 1), (minutes % 60, 1), (seconds, 10_000)]


def _encoded(value: Any) -> tuple[int, int, bytes]:
    if isinstance(value, str):
        raw = value.encode("ascii") + b"\0"
        return ASCII, len(raw), raw
    if isinstance(value, int):
        return SHORT, 1, struct.pack(">H", value)
    if isinstance(value, tuple) and value[0] == "long":
        return LONG, 1, struct.pack(">I", value[1])
    pairs: Sequence[tuple[int, int]] = value
    return RATIONAL, len(pairs), b"".join(struct.pack(">II", *pair) for pair in pairs)


def _size(tags: dict[int, Any]) -> int:
    if not tags:
        return 0
    return 6 + 12 * len(tags) + sum(len(raw) for raw in (_encoded(v)[2] for v in tags.values()) if len(raw) > 4)


def _directory(tags: dict[int, Any], start: int) -> bytes:
    at = start + 6 + 12 * len(tags)
    entries, data = b"", b""
    for tag, value in sorted(tags.items()):
        kind, count, raw = _encoded(value)
        if len(raw) > 4:
            entries += struct.pack(">HHII", tag, kind, count, at + len(data))
            data += raw
        else:
            entries += struct.pack(">HHI", tag, kind, count) + raw.ljust(4, b"\0")
    return struct.pack(">H", len(tags)) + entries + struct.pack(">I", 0) + data
