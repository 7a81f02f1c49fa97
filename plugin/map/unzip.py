"""Unzipping a body as it comes, never more at a time than asked for."""

from __future__ import annotations

import zlib

import requests

_GZIP = 16 + zlib.MAX_WBITS


class Unzip:
    """``push`` what was sent, ``pull`` what it says. Raises ContentDecodingError where it is not what it claims."""

    def __init__(self, encoding: str) -> None:
        encoding = encoding.strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip"):
            raise requests.exceptions.ContentDecodingError(
                f"the body is zipped as {encoding!r}, which nobody asked for"
            )
        self._gzip = zlib.decompressobj(_GZIP) if encoding.endswith("gzip") else None
        self._waiting = b""
        self._begun = False

    @property
    def whole(self) -> bool:
        """Whether the body may end here."""
        return self._gzip is None or self._gzip.eof or not self._begun

    def push(self, raw: bytes) -> None:
        self._waiting += raw
        self._begun = True

    def pull(self, amt: int) -> bytes:
        """At most ``amt`` bytes; b"" where more has to be pushed first."""
        if self._gzip is None:
            piece, self._waiting = self._waiting[:amt], self._waiting[amt:]
            return piece
        piece = b""
        while self._waiting and not piece:
            if self._gzip.eof:  # a further member, or padding
                self._waiting = self._waiting.lstrip(b"\0")
                if not self._waiting:
                    break
                self._gzip = zlib.decompressobj(_GZIP)
            try:
                piece = self._gzip.decompress(self._waiting, amt)
            except zlib.error as error:
                raise requests.exceptions.ContentDecodingError(str(error)) from error
            self._waiting = self._gzip.unused_data if self._gzip.eof else self._gzip.unconsumed_tail
        return piece
