"""A real HTTP server with every bad habit."""

from __future__ import annotations

import gzip
import http.server
import json
import socket
import threading
import zlib
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

MEBIBYTE = 1 << 20
BIG = 50 * MEBIBYTE
PIECE = bytes(range(256)) * 256  # 64 KiB


@lru_cache(maxsize=1)
def big_zipped() -> bytes:
    """50 MiB as gzip; some hundred kB of it."""
    zipper = zlib.compressobj(1, zlib.DEFLATED, 31)
    return b"".join(zipper.compress(PIECE) for _ in range(BIG // len(PIECE))) + zipper.flush()


class Handler(http.server.BaseHTTPRequestHandler):
    """What it does is in the path; what came is kept in ``server.seen``."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: WebServer

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, ValueError):  # the client broke off, as some tests do
            self.close_connection = True

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        self.server.seen.append((self.command, self.path, dict(self.headers.items()), body))
        name = urlsplit(self.path).path.strip("/").split("/")[0] or "echo"
        getattr(self, f"do_{name}")(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def drop(self) -> None:
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def do_echo(self, body: bytes) -> None:
        said = {"method": self.command, "path": self.path, "headers": dict(self.headers.items()), "body": body.decode()}
        self.reply(200, json.dumps(said).encode(), ETag='"b12-7"', Content_Type="application/json", Content_Crs="<uri>")

    def do_count(self, _body: bytes) -> None:
        n = sum(path == self.path for _, path, _, _ in self.server.seen)
        self.reply(200, str(n).encode(), Cache_Control="max-age=3600", ETag='"same"', Content_Type="text/plain")

    def do_zipped(self, _body: bytes) -> None:
        self.reply(200, gzip.compress(PIECE * 32), Content_Encoding="gzip", Content_Type="text/plain")

    def do_unchanged(self, _body: bytes) -> None:
        self.reply(304, ETag='"same"')

    def do_versioned(self, _body: bytes) -> None:
        """304 to who has version 2, with the length of what is not sent, as some servers say it; else 50 MiB."""
        if self.headers.get("If-None-Match") == '"v2"' or self.headers.get("If-Modified-Since") == "now":
            self.send_response(304)
            self.send_header("ETag", '"v2"')
            self.send_header("Content-Length", str(BIG))
            return self.end_headers()
        return self.do_big(_body)

    def do_empty(self, _body: bytes) -> None:
        self.reply(204)

    def do_away(self, _body: bytes) -> None:
        self.reply(302, b"elsewhere", Location=self.server.elsewhere)

    def do_locked(self, body: bytes) -> None:
        if self.headers.get("Authorization"):
            return self.do_echo(body)
        return self.reply(401, b"who are you", WWW_Authenticate='Basic realm="twin"', Content_Type="text/plain")

    def do_refusing(self, _body: bytes) -> None:
        self.reply(401, b"not you", WWW_Authenticate='Basic realm="twin"')

    def do_status(self, _body: bytes) -> None:
        self.reply(int(self.path.rsplit("/", 1)[1]), b'{"detail": "words"}', Content_Type="application/problem+json")

    def do_cookies(self, _body: bytes) -> None:
        self.send_response(200)
        self.send_header("Set-Cookie", "a=1; Path=/")
        self.send_header("Set-Cookie", "b=2; Path=/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_mute(self, _body: bytes) -> None:
        self.drop()

    def do_hangs(self, _body: bytes) -> None:
        self.server.stop.wait(20)
        self.drop()

    def do_slow(self, body: bytes) -> None:
        """/slow/0.3: answers after so many seconds."""
        self.server.stop.wait(float(self.path.rsplit("/", 1)[1]))
        self.do_echo(body)

    def do_cut(self, _body: bytes) -> None:
        """/cut/length, /cut/chunked, /cut/zipped: ends in mid-body."""
        self.send_response(500 if "error" in self.path else 200)
        if "chunked" in self.path:
            self.send_header("Transfer-Encoding", "chunked")
            data = b"10000\r\n" + PIECE + b"\r\n10000\r\nhalf"
        elif "zipped" in self.path:
            self.send_header("Content-Encoding", "gzip")
            data = gzip.compress(json.dumps(list(range(200_000))).encode())
            self.send_header("Content-Length", str(len(data)))
            data = data[: len(data) // 2]
        else:
            self.send_header("Content-Length", str(4 * len(PIECE)))
            data = PIECE
        self.end_headers()
        self.wfile.write(data)
        self.drop()

    def do_big(self, _body: bytes) -> None:
        """50 MiB; with ?zipped as gzip."""
        self.send_response(200)
        if "zipped" in self.path:
            data = big_zipped()
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            return
        self.send_header("Content-Length", str(BIG))
        self.end_headers()
        for _ in range(BIG // len(PIECE)):
            self.wfile.write(PIECE)
            self.server.written += len(PIECE)

    def do_trickle(self, _body: bytes) -> None:
        """Begins, then says a byte now and then."""
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        for _ in range(200):
            self.wfile.write(b"x")
            self.wfile.flush()
            if self.server.stop.wait(0.2 if "slow" not in self.path else 30):
                return

    def log_message(self, *_args: Any) -> None:
        """pytest shows enough."""


class WebServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, context: Any = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        self.elsewhere = ""
        self.written = 0
        self.stop = threading.Event()
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.server_port}"
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves, or shakes hands badly, is what is tested."""

    def end(self) -> None:
        self.stop.set()
        self.shutdown()
        self.server_close()
        self._thread.join(5)
