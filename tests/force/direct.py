"""A transport adapter that calls the twin's application without a network, and breaks what it is told to break."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import requests
import requests.adapters
import urllib3

WRITES = ("POST", "PUT", "PATCH", "DELETE")
# the request that fails, how, and whether everything after it fails too
FAULTS = ("cut", "cut late", "timeout late", "500", "503", "502 late", "429", "403", "412", "404", "html", "truncated")


class Killed(BaseException):
    """The process is dead from here on."""


class Direct(requests.adapters.HTTPAdapter):
    """``app`` is asked anew for each request. ``on_write`` is called under a lock after each request that may write;
    ``between`` before each request."""

    def __init__(self, app: Callable[[], Any], on_write: Callable[[], None]) -> None:
        super().__init__()
        self._app, self._on_write = app, on_write
        self._lock = threading.RLock()
        self.between: Callable[[str], None] | None = None
        self.calm()

    def calm(self) -> None:
        """No faults, nobody dead."""
        self._count, self._at, self._fault, self._stays, self._dead = 0, -1, "", False, False

    def break_at(self, number: int, fault: str, *, stays: bool = False) -> None:
        """Break the so manieth request from now; "killed" and "killed late" end the process there."""
        self.calm()
        self._at, self._fault, self._stays = number, fault, stays

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        with self._lock:
            self._count += 1
            hit = self._count == self._at or (self._stays and self._count > self._at >= 0)
            fault = self._fault if hit else ""
            if self._dead or fault == "killed":
                self._dead = True
                raise Killed
            if self.between is not None:
                self.between(request.method)
            return self._serve(request, fault)

    def _serve(self, request: Any, fault: str) -> requests.Response:
        if fault == "cut":
            raise requests.exceptions.ConnectionError("Connection reset by peer", request=request)
        if fault.isdigit():
            extra = {"Retry-After": "0"} if fault == "429" else {}
            return self._reply(request, int(fault), {"Content-Type": "application/problem+json", **extra}, b"{}")
        if fault == "html":
            return self._reply(request, 200, {"Content-Type": "text/html"}, b"<html><title>WiFi</title></html>")
        status, headers, body = self._call(request)
        if request.method in WRITES:
            self._on_write()
        if fault == "killed late":
            self._dead = True
            raise Killed
        if fault == "cut late":
            raise requests.exceptions.ConnectionError("Connection aborted", request=request)
        if fault == "timeout late":
            raise requests.exceptions.ReadTimeout("timed out", request=request)
        if fault == "502 late":
            return self._reply(request, 502, {"Content-Type": "text/plain"}, b"Bad gateway")
        if fault == "truncated":
            raise requests.exceptions.ChunkedEncodingError("bytes of the announced body did not come", request=request)
        return self._reply(request, status, headers, body)

    def _call(self, request: Any) -> tuple[int, dict[str, str], bytes]:
        parts = urlsplit(request.url)
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request.method,
            "RAW_URI": parts.path,
            "PATH_INFO": unquote_to_bytes(parts.path).decode("latin-1"),
            "SCRIPT_NAME": "",
            "QUERY_STRING": parts.query,
            "SERVER_NAME": parts.hostname,
            "SERVER_PORT": str(parts.port),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": parts.netloc,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            "wsgi.input_terminated": False,
            "wsgi.url_scheme": parts.scheme,
            "wsgi.errors": io.StringIO(),
        }
        for name, value in request.headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = (
                value.decode() if isinstance(value, bytes) else value
            )
        told: list[Any] = []
        content = b"".join(self._app()(environ, lambda status, headers: told.extend((status, headers))))
        return int(told[0].split()[0]), dict(told[1]), content

    def _reply(self, request: Any, status: int, headers: dict[str, str], body: bytes) -> requests.Response:
        raw = urllib3.HTTPResponse(
            body=io.BytesIO(body), headers=headers, status=status, preload_content=False, request_method=request.method
        )
        return self.build_response(request, raw)
