"""What the client wants: JSON or HTML, gzip or not, whether it has the answer already, who it is."""

from __future__ import annotations

import base64
import binascii
import gzip
import hmac
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import unquote

from .web import FLATGEOBUF, GEOPACKAGE, HTML, Problem, Request, Response, Stream

_MIN_GZIP = 1000  # bytes; below that the header weighs more than is saved
_PACKED = ("image/", FLATGEOBUF, GEOPACKAGE)  # small already, or read at the speed of the disk
_NO_OTHERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Credentials:
    """The one user of a twin that asks for credentials."""

    user: str
    secret: str

    def check(self, request: Request) -> str:
        """The user's name, or 401."""
        scheme, _, encoded = (request.header("authorization") or "").partition(" ")
        if scheme.lower() == "basic":
            try:
                user, _, secret = base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
            except (binascii.Error, UnicodeDecodeError):
                user, secret = "", ""
            same_user = hmac.compare_digest(user.encode(), self.user.encode())
            if hmac.compare_digest(secret.encode(), self.secret.encode()) and same_user:
                return user
        raise Problem(
            401,
            "This twin needs a user name and password." if not scheme else "The user name or password is wrong.",
            headers=[("WWW-Authenticate", 'Basic realm="City Twin", charset="UTF-8"')],
        )


def choose_format(request: Request, json_types: tuple[str, ...], others: Mapping[str, str] = _NO_OTHERS) -> str:
    """``json`` or ``html``, by the parameter ``f``, else by Accept; 406 where neither will do.

    ``others``: what the resource is there as besides, word and media type; by Accept only where that names it.
    """
    asked = request.query.get("f")
    if asked is not None:
        if asked in ("json", "html", *others):
            return asked
        raise Problem(400, f"Parameter f must be {' or '.join(('json', 'html', *others))}, not {asked!r}.")
    accept = request.header("accept")
    if not accept or not accept.strip():
        return "json"
    wanted = _weights(accept)
    json_weight = max(_weight_of(name.partition(";")[0], wanted) for name in json_types)
    html_weight = _weight_of(HTML, wanted)
    for word, media_type in others.items():
        if wanted.get(media_type, 0.0) > max(json_weight, html_weight):
            return word
    if json_weight <= 0 and html_weight <= 0:
        raise Problem(406, f"This resource is there as {', '.join((*json_types, HTML))}; none of them is accepted.")
    return "html" if html_weight > json_weight else "json"


def _weights(header: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for entry in header.split(","):
        name, *parameters = [part.strip() for part in entry.split(";")]
        weight = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip().lower() == "q":
                try:
                    weight = float(value)
                except ValueError:
                    weight = 0.0
        if name:
            found[name.lower()] = weight
    return found


def _weight_of(media_type: str, wanted: dict[str, float]) -> float:
    """The most specific entry counts. A plain ``application/*`` accepts ``application/geo+json`` too."""
    for pattern in (media_type, media_type.partition("/")[0] + "/*", "*/*"):
        if pattern in wanted:
            return wanted[pattern]
    return 0.0


def matches(header: str, etag: str, *, weak: bool) -> bool:
    """Whether ``etag`` is in an If-Match (strong) or If-None-Match (``weak``) header's list (RFC 9110, 13.1)."""
    for entry in (part.strip() for part in header.split(",")):
        if entry in ("*", etag) or (weak and entry.startswith("W/") and entry[2:] == etag):
            return True
    return False


def finish(request: Request, response: Response) -> tuple[int, list[tuple[str, str]], Iterable[bytes]]:
    """Status, headers and body for the wire: 304, gzip, lengths, and no body for HEAD."""
    headers = list(response.headers)
    status = response.status
    if response.etag:
        headers.append(("ETag", response.etag))
    if request.method in ("GET", "HEAD"):
        headers.append(("Vary", "Accept, Accept-Encoding" + (", Authorization" if request.user else "")))
        headers.append(("Cache-Control", "no-cache"))  # ask each time: what others changed must be seen
        known = request.header("if-none-match")
        if status == 200 and response.etag and known and matches(known, response.etag, weak=True):
            response.close()
            return 304, headers, [b""]
    if response.content_type:
        headers.append(("Content-Type", response.content_type))
    zipped = _accepts_gzip(request) and not response.content_type.startswith(_PACKED)
    if response.stream is not None:
        return status, *_streamed(request, response, response.stream, headers, zipped)
    body = response.body
    if zipped and len(body) >= _MIN_GZIP:
        body = gzip.compress(body, compresslevel=1, mtime=0)
        headers.append(("Content-Encoding", "gzip"))
    if status not in (204, 304):
        headers.append(("Content-Length", str(len(body))))
    return status, headers, [b"" if request.method == "HEAD" else body]


def _streamed(
    request: Request, response: Response, stream: Stream, headers: list[tuple[str, str]], zipped: bool
) -> tuple[list[tuple[str, str]], Iterable[bytes]]:
    """Headers and body of what is made while it is sent; of unknown length, it goes in chunks."""
    if zipped:
        headers.append(("Content-Encoding", "gzip"))
        stream = Stream(_zipped(stream), stream)
    elif response.length is not None:
        headers.append(("Content-Length", str(response.length)))
    if request.method == "HEAD":
        stream.close()
        return headers, [b""]
    return headers, stream


def _zipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)  # 31: as gzip
    for piece in pieces:
        packed = packer.compress(piece)
        if packed:
            yield packed
    yield packer.flush()


def _accepts_gzip(request: Request) -> bool:
    wanted = _weights(request.header("accept-encoding") or "")
    return wanted.get("gzip", wanted.get("*", 0.0)) > 0


def message_of(request: Request) -> str:
    """The publish message: RFC 8187 (``UTF-8''…``) or plainly percent-encoded UTF-8."""
    raw = request.header("citytwin-message") or ""
    if raw.lower().startswith("utf-8'"):
        raw = raw.split("'", 2)[-1]
    return unquote(raw)
