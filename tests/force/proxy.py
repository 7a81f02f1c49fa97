"""A real HTTP proxy between client and twin that breaks one request, or every one from it on, in a given way."""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import struct
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

# what goes wrong: a status of the proxy's own (the twin saw nothing), or …
STATUSES = ("401", "403", "404", "409", "412", "428", "429", "500", "502", "503")
OTHERS = (
    "502 late",  # a gateway's error after the twin did it
    "timeout",  # no answer, and the twin saw nothing
    "timeout late",  # no answer, after the twin did it
    "timeout later",  # no answer; the twin does it when everybody has given up (`Proxy.release`)
    "reset",  # cut before the twin saw it
    "reset late",  # cut after the twin did it
    "truncated",  # the twin did it; half of the answer came
    "html",  # a login page with 200; the twin saw nothing
    "html late",  # the twin did it; the answer became a page with 200
    "drip",  # the twin did it; the answer comes in drops, but comes
)
FAULTS = STATUSES + OTHERS
HARMLESS = ("drip",)  # must not be noticed at all

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_HTML = b"<!DOCTYPE html><html><head><title>Welcome to the free WiFi</title></head><body>Log in</body></html>"
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "proxy-connection", "te", "upgrade"}

Step = tuple[str, int]  # what is asked, and the how manieth time


def asked(method: str, target: str) -> str:
    """A request's kind: method and path, ids of the client's making as ``new``."""
    path = unquote(urlsplit(target).path).strip("/")
    path = path.replace("collections/", "", 1) if path.startswith("collections/") else path
    return f"{method} {_UUID.sub('new', path) or '(landing)'}"


@dataclass
class Plan:
    """What to do to which request, and what came by."""

    fault: str = ""
    step: Step | None = None
    stays: bool = False  # from that request on everything fails so
    methods: frozenset[str] | None = None  # with ``stays``: only requests of these
    patience: float = 1.0  # seconds that an unanswered request is held
    seen: list[Step] = field(default_factory=list)
    struck: list[Step] = field(default_factory=list)
    pending: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    _counts: Counter[str] = field(default_factory=Counter)
    _lock: Any = field(default_factory=threading.Lock)

    def meet(self, method: str, target: str) -> str:
        """The fault for this request, "" for none."""
        with self._lock:
            kind = asked(method, target)
            self._counts[kind] += 1
            step = (kind, self._counts[kind])
            self.seen.append(step)
            hit = step == self.step or (
                self.stays and bool(self.struck) and (self.methods is None or method in self.methods)
            )
            if not self.fault or not hit:
                return ""
            self.struck.append(step)
            return self.fault


class Proxy:
    """Listens on a free port; give it a `Plan` for each trial."""

    def __init__(self) -> None:
        self.plan = Plan()
        self._server: _Server | None = None
        self.url = ""

    def start(self, origin: str) -> None:
        parts = urlsplit(origin)
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self._server.upstream = (str(parts.hostname), int(parts.port or 80))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def release(self) -> None:
        """Let the twin do what was held up."""
        for method, path, headers, body in self.plan.pending:
            if self._server is not None:
                connection = http.client.HTTPConnection(*self._server.upstream, timeout=10)
                connection.request(method, path, body or None, headers)
                connection.getresponse().read()
                connection.close()
        self.plan.pending.clear()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    proxy: Proxy
    upstream: tuple[str, int]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Broken connections are this server's business."""

    def shutdown_request(self, request: Any) -> None:
        with contextlib.suppress(OSError):
            request.close()


class _Cut(ConnectionError):
    """The connection was reset on purpose."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024
    server: _Server

    def setup(self) -> None:
        super().setup()
        self._up: http.client.HTTPConnection | None = None

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()
        if self._up is not None:
            self._up.close()

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        plan = self.server.proxy.plan
        fault = plan.meet(self.command, self.path)
        if fault in STATUSES:
            self._problem(int(fault))
        elif fault == "html":
            self._answer(200, [("Content-Type", "text/html; charset=utf-8")], _HTML)
        elif fault == "timeout":
            self._hold(plan.patience)
        elif fault == "timeout later":
            plan.pending.append((self.command, self.path, self._passed_on(body), body))
            self._hold(plan.patience)
        elif fault == "reset":
            self._reset()
        else:
            self._forwarded(fault, body, plan)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _any

    def _forwarded(self, fault: str, body: bytes, plan: Plan) -> None:
        status, headers, content = self._ask(body)
        if fault == "502 late":
            self._problem(502)
        elif fault == "html late":
            self._answer(200, [("Content-Type", "text/html; charset=utf-8")], _HTML)
        elif fault == "timeout late":
            self._hold(plan.patience)
        elif fault == "reset late":
            self._reset()
        elif fault == "truncated":
            self._answer(status, headers, content, keep=len(content) // 2)
        else:
            self._answer(status, headers, content, drip=fault == "drip")

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        headers = self._passed_on(body)
        for again in (False, True):
            if self._up is None:
                self._up = http.client.HTTPConnection(*self.server.upstream, timeout=10)
                self._up.connect()
                self._up.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                self._up.request(self.command, self.path, body or None, headers)
                reply = self._up.getresponse()
                kept = [(n, v) for n, v in reply.getheaders() if n.lower() not in _HOP]
                return reply.status, kept, reply.read()
            except (http.client.RemoteDisconnected, ConnectionError):
                # a kept connection that the twin had closed meanwhile: nothing was read of it
                self._up = None
                if again:
                    raise
        raise AssertionError

    def _passed_on(self, body: bytes) -> dict[str, str]:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
        if body or self.command in ("POST", "PUT", "PATCH"):
            headers["Content-Length"] = str(len(body))
        return headers

    def _problem(self, status: int) -> None:
        body = b'{"title":"No","detail":"the proxy said so"}'
        headers = [("Content-Type", "application/problem+json")]
        if status == 429:
            headers.append(("Retry-After", "1"))
        self._answer(status, headers, body)

    def _answer(
        self,
        status: int,
        headers: list[tuple[str, str]],
        content: bytes,
        *,
        keep: int | None = None,
        drip: bool = False,
    ) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        bodiless = status in (204, 304) or self.command == "HEAD"
        if not bodiless:
            self.send_header("Content-Length", str(len(content)))
        if keep is not None and bodiless:
            # there is no body to cut: half of the head, then
            self._headers_buffer = self._headers_buffer[:1]
            self.wfile.write(b"".join(self._headers_buffer)[:9])
            self._headers_buffer = []
            self._over()
            return
        self.end_headers()
        if bodiless:
            pass
        elif keep is not None:
            self.wfile.write(content[:keep])
            self._over()
            return
        elif drip:
            pieces = 8
            size = max(1, -(-len(content) // pieces))
            for at in range(0, len(content), size):
                self.wfile.write(content[at : at + size])
                self.wfile.flush()
                time.sleep(0.02)
        else:
            self.wfile.write(content)
        self.wfile.flush()

    def _over(self) -> None:
        self.wfile.flush()
        self.close_connection = True

    def _hold(self, seconds: float) -> None:
        """No answer, until the client has gone or patience ends."""
        self.close_connection = True
        self.connection.settimeout(seconds)
        with contextlib.suppress(OSError):
            self.connection.recv(1)

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise _Cut

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing to say."""
