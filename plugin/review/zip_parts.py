"""The files in a zip, one after the other from its beginning: for zips that are cut off, or whose list is wrong."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO

CHUNK = 1 << 20
LOCAL = b"PK\x03\x04"


@dataclass(frozen=True)
class Entry:
    """One file: its bytes in the zip and unpacked, and how to read it."""

    name: str
    packed: int
    size: int
    read: Callable[[], Iterator[bytes]]  # raises `Broken` where it goes no further
    link: bool = False
    folder: bool = False


class Broken(Exception):
    """The zip, or one file in it, cannot be read, or no further."""


def found(stream: IO[bytes], most: int) -> list[Entry]:
    """What can be found file by file from the beginning."""
    entries = []
    for number, entry in enumerate(_walk(stream)):
        if number >= most:
            break
        entries.append(entry)
    return entries


def _walk(stream: IO[bytes]) -> Iterator[Entry]:
    at = 0
    while True:
        stream.seek(at)
        head = stream.read(30)
        if len(head) < 30:
            return
        if head[:4] != LOCAL:
            at = _next(stream, at + 1)
            if at < 0:
                return
            continue
        _, flags, method, _, _, _, packed, size, name_size, extra_size = struct.unpack("<HHHHHIIIHH", head[4:])
        raw, extra = stream.read(name_size), stream.read(extra_size)
        name = raw.decode("utf-8" if flags & 0x800 else "cp437", "replace")
        start = at + 30 + name_size + extra_size
        packed, size = _large(extra, packed, size)
        if flags & 1 or method not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            if flags & 8:
                return  # nobody knows where the next one begins
            at = start + packed
            continue
        if flags & 8:
            if method == zipfile.ZIP_STORED:
                return
            packed = _length(stream, start)
            size = 0
        yield Entry(name, packed, size, reader(stream, start, packed, size, method), folder=name.endswith(("/", "\\")))
        at = start + packed
        if flags & 8:
            at += _descriptor(stream, at)


def _next(stream: IO[bytes], at: int) -> int:
    """Where the next file seems to begin; -1 where none does."""
    stream.seek(at)
    before = b""
    while True:
        chunk = stream.read(CHUNK)
        if not chunk:
            return -1
        found = (before + chunk).find(LOCAL)
        if found >= 0:
            return at - len(before) + found
        at += len(chunk)
        before = chunk[-3:]


def _large(extra: bytes, packed: int, size: int) -> tuple[int, int]:
    """The sizes of a file of more than four gigabytes."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1 and length >= 16 and at + 20 <= len(extra) and 0xFFFFFFFF in (packed, size):
            size, packed = struct.unpack_from("<QQ", extra, at + 4)
        at += 4 + length
    return packed, size


def _length(stream: IO[bytes], start: int) -> int:
    """How many bytes a deflated file takes that does not say so."""
    stream.seek(start)
    inflate, used = zlib.decompressobj(-15), 0
    while not inflate.eof:
        chunk = inflate.unconsumed_tail or stream.read(CHUNK)
        if not chunk:
            break
        before = len(chunk)
        try:
            inflate.decompress(chunk, CHUNK)
        except zlib.error:
            break
        used += before - len(inflate.unconsumed_tail) - len(inflate.unused_data)
    return used


def _descriptor(stream: IO[bytes], at: int) -> int:
    stream.seek(at)
    found = stream.read(24)
    for length in (12, 16, 20, 24):  # without and with its mark, for small and large files
        stream.seek(at + length)
        if stream.read(4) in (LOCAL, b"PK\x01\x02"):
            return length
    return 16 if found[:4] == b"PK\x07\x08" else 12


def reader(
    stream: IO[bytes], start: int, packed: int, size: int, method: int, crc: int | None = None
) -> Callable[[], Iterator[bytes]]:
    """Reads one file, and gives all that it can before it says that something is wrong."""

    def read() -> Iterator[bytes]:
        stream.seek(start)
        inflate = zlib.decompressobj(-15) if method == zipfile.ZIP_DEFLATED else None
        left, got, total = packed, 0, 0
        while left:
            chunk = stream.read(min(left, 1 << 16))
            if not chunk:
                raise Broken
            left -= len(chunk)
            while chunk:
                try:
                    piece = inflate.decompress(chunk, CHUNK) if inflate else chunk
                except zlib.error as error:
                    raise Broken from error
                got += len(piece)
                total = zlib.crc32(piece, total)
                yield piece
                chunk = inflate.unconsumed_tail if inflate else b""
        if (size and got != size) or (crc is not None and total != crc):
            raise Broken

    return read
