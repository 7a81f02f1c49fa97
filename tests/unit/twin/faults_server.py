"""A real HTTP server in a thread that answers as a test tells it, faults included."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Answer:
    """What to send. ``raw`` gets the handler and writes whatever it wants, also nonsense."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    raw: Callable[[BaseHTTPRequestHandler], None] | None = None


Route = Callable[[Seen], Answer]


def as_json(document: Any, status: int = 200, kind: str = "application/json", **headers: str) -> Answer:
    sent = {"Content-Type": kind, **{k.replace("_", "-"): v for k, v in headers.items()}}
    return Answer(status, json.dumps(document).encode(), sent)


def as_html(text: str, status: int = 200) -> Answer:
    return Answer(status, text.encode(), {"Content-Type": "text/html; charset=utf-8"})


class FaultyServer:
    """``routes`` maps a path to a function or to a list of answers, taken in turn (the last one stays)."""

    def __init__(self) -> None:
        self.routes: dict[str, Route | list[Answer] | Answer] = {}
        self.seen: list[Seen] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Headers and body as one packet each: without this, delayed ACKs cost 40 ms per answer.
            disable_nagle_algorithm = True

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except (ConnectionError, ValueError):
                    self.close_connection = True

            def _answer(self) -> None:
                outer._answer(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        length = int(handler.headers.get("Content-Length") or 0)
        seen = Seen(
            handler.command,
            parts.path,
            {k: v[0] for k, v in parse_qs(parts.query, keep_blank_values=True).items()},
            handler.headers,
            handler.rfile.read(length) if length else b"",
        )
        self.seen.append(seen)
        route = self.routes.get(f"{seen.method} {seen.path}", self.routes.get(seen.path))
        if route is None:
            answer = as_json({"title": "Not Found", "detail": f"no {seen.path} here"}, 404, "application/problem+json")
        elif isinstance(route, Answer):
            answer = route
        elif isinstance(route, list):
            answer = route.pop(0) if len(route) > 1 else route[0]
        else:
            answer = route(seen)
        if answer.raw is not None:
            answer.raw(handler)
            handler.wfile.flush()
            handler.close_connection = True
            return
        handler.send_response(answer.status)
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        if "Content-Length" not in answer.headers:
            handler.send_header("Content-Length", str(len(answer.body)))
        handler.end_headers()
        handler.wfile.write(answer.body)

    def paths(self, method: str = "GET") -> list[str]:
        return [s.path for s in self.seen if s.method == method]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class Watch:
    """A Progress that keeps what it is told, and cancels when told to."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.stop: Callable[[], bool] = lambda: False

    def cancelled(self) -> bool:
        return self.stop()

    def report(self, done: int, total: int | None, text: str) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        self.notes.append(text)
