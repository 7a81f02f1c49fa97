"""HTTP as the twin sees it: a request read from WSGI, a response, and problems as RFC 7807 tells them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any, Callable, Protocol
from urllib.parse import parse_qsl, quote, unquote

from .model import Json, compact

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

JSON, GEOJSON, HTML = "application/json", "application/geo+json", "text/html"
SCHEMA_JSON, MERGE_PATCH = "application/schema+json", "application/merge-patch+json"
TRANSACTION = "application/ogc-tx+json"
FLATGEOBUF, GEOPACKAGE = "application/flatgeobuf", "application/geopackage+sqlite3"
OPENAPI, PROBLEM = "application/vnd.oai.openapi+json;version=3.0", "application/problem+json"
REASONS = {
    200: "OK", 201: "Created", 204: "No Content", 304: "Not Modified", 400: "Bad Request", 401: "Unauthorized",
    404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable", 409: "Conflict", 411: "Length Required",
    412: "Precondition Failed", 413: "Content Too Large", 415: "Unsupported Media Type", 422: "Unprocessable Content",
    428: "Precondition Required",
    500: "Internal Server Error", 501: "Not Implemented", 503: "Service Unavailable",
}  # fmt: skip


class Closing(Protocol):
    def close(self) -> None: ...


class Stream:
    """A body that is made while it is sent. Closing it, also before it began, lets go of what it is made from."""

    def __init__(self, pieces: Iterable[bytes], held: Closing) -> None:
        self._pieces, self._held = pieces, held

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._pieces)

    def close(self) -> None:
        self._held.close()

    @staticmethod
    def small(pieces: Iterator[bytes], held: Closing) -> Stream | bytes:
        """A stream, or the bytes where there are no more than two pieces of it: most pages are not large."""
        try:
            first = list(islice(pieces, 3))
        except BaseException:
            held.close()
            raise
        if len(first) == 3:
            return Stream(chain(first, pieces), held)
        held.close()
        return b"".join(first)


@dataclass(frozen=True)
class Response:
    status: int = 200
    body: bytes = b""
    content_type: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    etag: str = ""
    stream: Stream | None = None  # in place of the body; ``length`` in bytes, where it is known
    length: int | None = None

    def whole(self) -> Response:
        """The same with a body instead of a stream."""
        if self.stream is None:
            return self
        try:
            return replace(self, body=b"".join(self.stream), stream=None)
        finally:
            self.stream.close()

    def close(self) -> None:
        """Nobody wants the body."""
        if self.stream is not None:
            self.stream.close()

    @staticmethod
    def json(value: Json, content_type: str = JSON, **more: Any) -> Response:
        return Response(body=compact(value).encode("utf-8"), content_type=content_type, **more)


class Problem(Exception):
    """An error that the client is told: ``detail`` is a sentence, ``errors`` one entry per property at fault, ``more``
    are further members of the problem document."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Sequence[tuple[str, str]] = (),
        more: Mapping[str, Json] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors, self.headers = status, detail, tuple(errors), tuple(headers)
        self.more = dict(more or {})

    def response(self) -> Response:
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": REASONS.get(self.status, "Error"),
            "status": self.status,
            "detail": self.detail,
            **self.more,
        }
        if self.errors:
            body["errors"] = [dict(error) for error in self.errors]
        return Response(self.status, compact(body).encode("utf-8"), PROBLEM, self.headers)


@dataclass
class Request:
    """A request. ``path`` is the decoded segments, ``query`` keeps the last value of each parameter."""

    method: str
    path: tuple[str, ...]
    query: dict[str, str]
    environ: Environ
    base: str  # URL of the landing page without its last slash
    max_body: int
    user: str | None = None
    format: str = "json"  # negotiated: json, html or fgb
    params: dict[str, str] = field(default_factory=dict)  # what the route's braces matched
    has_sensors: bool = False  # a SensorThings service is below /sta/v1.1
    snapshots: Any = None  # the keeper of whole collections as files (snapshots.keeper), where there is one

    @staticmethod
    def read(environ: Environ, max_body: int) -> Request:
        script = environ.get("SCRIPT_NAME", "")
        host = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
        # the raw path keeps a %2F in an id apart from a slash between segments
        raw = str(environ.get("RAW_URI") or quote(environ.get("PATH_INFO", ""), encoding="latin-1")).partition("?")[0]
        if raw.startswith(script) and "RAW_URI" in environ:
            raw = raw[len(script) :]
        path = tuple(unquote(part) for part in raw.strip("/").split("/")) if raw.strip("/") else ()
        try:
            pairs = parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True, errors="strict")
        except ValueError as error:
            raise Problem(400, f"The query string cannot be read: {error}.") from error
        return Request(
            method=environ["REQUEST_METHOD"].upper(),
            path=path,
            query=dict(pairs),
            environ=environ,
            base=f"{environ['wsgi.url_scheme']}://{host}{script}",
            max_body=max_body,
        )

    def header(self, name: str) -> str | None:
        if name.lower() in ("content-type", "content-length"):
            return self.environ.get(name.upper().replace("-", "_")) or None
        return self.environ.get("HTTP_" + name.upper().replace("-", "_"))

    def url(self, *segments: str) -> str:
        return "/".join([self.base, *(quote(segment, safe="") for segment in segments)])

    def check_query(self, allowed: Iterable[str]) -> None:
        """400 for a parameter that the resource does not have (Part 1, requirement query-param-unknown)."""
        known = set(allowed) | {"f"}
        unknown = sorted(set(self.query) - known)
        if unknown:
            raise Problem(
                400, f"Unknown query parameter: {', '.join(unknown)}. This resource has: {', '.join(sorted(known))}."
            )

    def body(self, types: Sequence[str]) -> bytes:
        """The body, if its media type is one of ``types``."""
        accept = ("Accept-Patch" if self.method == "PATCH" else "Accept", ", ".join(types))
        media_type = (self.header("content-type") or "").partition(";")[0].strip().lower()
        if media_type not in types:
            raise Problem(
                415,
                f"Content-Type {media_type or 'is missing; it'} must be one of {', '.join(types)}.",
                headers=[accept],
            )
        encoding = self.header("content-encoding")
        if encoding and encoding.strip().lower() != "identity":
            raise Problem(
                415, f"Content-Encoding {encoding} is not supported.", headers=[("Accept-Encoding", "identity")]
            )
        stream = self.environ["wsgi.input"]
        declared = self.header("content-length")
        if declared is None:
            if not self.environ.get("wsgi.input_terminated"):
                raise Problem(411, "Content-Length is missing.")
            content: bytes = stream.read(self.max_body + 1)
        else:
            if not declared.isdigit():
                raise Problem(400, "Content-Length is no number.")
            if int(declared) > self.max_body:
                raise Problem(413, f"The body has {declared} bytes; at most {self.max_body} are taken.")
            content = stream.read(int(declared))
            if len(content) < int(declared):
                raise Problem(400, "The body is shorter than Content-Length says.")
        if len(content) > self.max_body:
            raise Problem(413, f"The body has more than {self.max_body} bytes.")
        return content

    def json(self, types: Sequence[str]) -> dict[str, Any]:
        """The body as a JSON object."""
        content = self.body(types)
        try:
            value = json.loads(content.decode("utf-8"), parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise Problem(400, f"The body is not JSON: {error}.") from error
        if not isinstance(value, dict):
            raise Problem(400, "The body must be a JSON object.")
        return value


def link(href: str, rel: str, media_type: str = "", title: str = "") -> dict[str, str]:
    found = {"href": href, "rel": rel, "type": media_type, "title": title}
    return {key: value for key, value in found.items() if value}


def links_to_formats(request: Request, url: str, media_type: str, title: str) -> list[dict[str, str]]:
    """``self`` and ``alternate`` of a resource that is there as JSON and as HTML."""
    as_json = link(f"{url}?f=json", "self" if request.format == "json" else "alternate", media_type, title)
    as_html = link(f"{url}?f=html", "self" if request.format == "html" else "alternate", HTML, f"{title} as HTML")
    return [as_json, as_html]


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")
