"""A threaded WSGI server that keeps connections open.

The standard library's closes after each answer; hundreds of writes on one connection are the twin's daily work.
"""

from __future__ import annotations

import io
import logging
import socket
import sys
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingMixIn
from typing import Any, cast
from urllib.parse import unquote_to_bytes
from wsgiref.simple_server import WSGIServer

from .web import Environ, WsgiApp

log = logging.getLogger(__name__)
_IDLE_SECONDS = 120  # then an open connection with nothing to say is closed
_DRAIN = 1024 * 1024  # an unread body up to this is read away; beyond it the connection is closed


class TwinServer(ThreadingMixIn, WSGIServer):
    """One thread per connection; all end with the process."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, app: WsgiApp, host: str = "127.0.0.1", port: int = 0) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._open: set[Any] = set()
        super().__init__((host, port), Handler)
        self.set_app(cast(Any, app))

    def server_bind(self) -> None:
        # without HTTPServer's getfqdn(), which can ask a name server for seconds
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1) if sys.platform != "win32" else None
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]
        self.setup_environ()

    @property
    def url(self) -> str:
        name = str(self.server_name)
        return f"http://{f'[{name}]' if ':' in name else name}:{self.server_port}/"

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Also closes the connections that clients hold open: nobody is answered after the end."""
        super().server_close()
        for request in list(self._open):
            try:
                request.shutdown(socket.SHUT_RDWR)
            except OSError as error:
                log.debug("already closed: %s", error)

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exc_info()[1]
        if isinstance(error, (ConnectionError, socket.timeout)):
            log.debug("%s went away: %s", client_address, error)
        else:
            log.error("connection of %s failed", client_address, exc_info=True)


class Body(io.RawIOBase):
    """A request's body, no further than it goes: by Content-Length or in chunks."""

    def __init__(self, stream: Any, length: int | None) -> None:
        super().__init__()
        self._stream, self._chunked = stream, length is None
        self._left = length or 0
        self.done = not self._chunked and not self._left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self.done:
            return 0
        if self._chunked and not self._left and not self._next_chunk():
            return 0
        content = self._stream.read(min(len(buffer), self._left))
        self._left -= len(content)
        if not content:
            raise ConnectionAbortedError("the connection ended inside a body")
        if not self._left:
            if self._chunked:
                self._stream.readline(8)
            else:
                self.done = True
        buffer[: len(content)] = content
        return len(content)

    def _next_chunk(self) -> bool:
        try:
            self._left = int(self._stream.readline(1024).partition(b";")[0].strip(), 16)
        except ValueError as error:
            raise ConnectionAbortedError("a chunk has no size") from error
        if self._left:
            return True
        while self._stream.readline(8192).strip():  # trailers
            continue
        self.done = True
        return False


class Handler(BaseHTTPRequestHandler):
    """HTTP/1.1 around a WSGI application."""

    protocol_version = "HTTP/1.1"
    server_version = "CityTwinDemo/1"
    timeout = _IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024  # headers and body leave in one packet where they fit

    def handle_one_request(self) -> None:
        try:
            self.raw_requestline = self.rfile.readline(65537)
            if len(self.raw_requestline) > 65536:
                self.requestline, self.request_version, self.command = "", "", ""
                self.send_error(414)
                self.close_connection = True
                return
            if not self.raw_requestline:
                self.close_connection = True
                return
            if self.parse_request():
                self._run()
            self.wfile.flush()
        except socket.timeout:
            self.close_connection = True

    def _run(self) -> None:
        chunked = "chunked" in self.headers.get("Transfer-Encoding", "").lower()
        declared = self.headers.get("Content-Length", "0")
        if not declared.isdigit():
            self.close_connection = True
            self.send_error(400, "Content-Length is no number")
            return
        body = Body(self.rfile, None if chunked else int(declared))
        reader: Any = io.BufferedReader(body)
        _Exchange(self, reader, chunked).run()
        if not body.done:
            self._drain(body, reader)

    def _drain(self, body: Body, reader: Any) -> None:
        """What the application did not read must not be taken for the next request."""
        left = _DRAIN
        while left > 0 and not body.done:
            left -= len(reader.read(65536))
        if not body.done:
            self.close_connection = True

    def environ(self, body: Any, chunked: bool) -> Environ:
        server = cast(TwinServer, self.server)
        found: Environ = dict(cast(Any, server).base_environ)
        path, _, query = self.path.partition("?")
        if "://" in path:  # absolute form
            path = "/" + path.split("://", 1)[1].partition("/")[2]
        found.update(
            {
                "SERVER_PROTOCOL": self.request_version,
                "REQUEST_METHOD": self.command,
                "RAW_URI": path,
                "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
                "QUERY_STRING": query,
                "REMOTE_ADDR": self.client_address[0],
                "wsgi.version": (1, 0),
                "wsgi.url_scheme": "http",
                "wsgi.input": body,
                "wsgi.input_terminated": chunked,
                "wsgi.errors": sys.stderr,
                "wsgi.multithread": True,
                "wsgi.multiprocess": False,
                "wsgi.run_once": False,
            }
        )
        if "Content-Type" in self.headers:
            found["CONTENT_TYPE"] = self.headers["Content-Type"]
        if "Content-Length" in self.headers and not chunked:
            found["CONTENT_LENGTH"] = self.headers["Content-Length"]
        elif chunked:
            found.pop("CONTENT_LENGTH", None)
        for name, value in self.headers.items():
            key = "HTTP_" + name.upper().replace("-", "_")
            if key not in ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"):
                found[key] = f"{found[key]},{value}" if key in found else value.strip()
        return found

    def log_message(self, format: str, *args: Any) -> None:
        log.debug("%s %s", self.client_address[0], format % args)


class _Exchange:
    """One call of the application and its answer on the wire."""

    def __init__(self, handler: Handler, body: Any, chunked: bool) -> None:
        self._handler, self._body, self._chunked = handler, body, chunked
        self._status: tuple[str, list[tuple[str, str]]] | None = None
        self._sent = False
        self._chunks = False
        self._owed = 0  # bytes that Content-Length promised and that are still to come

    def run(self) -> None:
        server = cast(TwinServer, self._handler.server)
        app = cast(Any, server.get_app())
        try:
            parts = app(self._handler.environ(self._body, self._chunked), self._start)
            try:
                for part in parts:
                    self._write(part)
                if not self._sent:
                    self._write(b"", head=True)
                if self._chunks:
                    self._handler.wfile.write(b"0\r\n\r\n")
                if self._owed > 0:  # the client must not wait for what never comes
                    self._handler.close_connection = True
            finally:
                close = getattr(parts, "close", None)
                if close is not None:
                    close()
        except ConnectionError:
            self._handler.close_connection = True
            raise
        except Exception:
            log.exception("the application failed")
            self._handler.close_connection = True
            if not self._sent:  # else the client sees a cut answer, which is the truth
                self._handler.send_error(500)

    def _start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        self._status = (status, headers)
        return self._write

    def _write(self, content: bytes, head: bool = False) -> None:
        if not content and not head:
            return
        if not self._sent:
            self._send_head()
        self._owed -= len(content)
        if self._chunks and content:
            content = b"%x\r\n%s\r\n" % (len(content), content)
        self._handler.wfile.write(content)

    def _send_head(self) -> None:
        handler = self._handler
        if self._status is None:
            raise RuntimeError("the application did not call start_response")
        status, headers = self._status
        code, _, reason = status.partition(" ")
        handler.send_response(int(code), reason)
        names: dict[str, str] = {name.lower(): value for name, value in headers}
        for name, value in headers:
            handler.send_header(name, value)
        bodiless = code in ("204", "304") or handler.command == "HEAD"
        if not bodiless:
            self._owed = int(names.get("content-length", "0"))
        if "content-length" not in names and not bodiless:
            if handler.request_version == "HTTP/1.1":
                self._chunks = True
                handler.send_header("Transfer-Encoding", "chunked")
            else:
                handler.close_connection = True
        if names.get("connection", "").lower() == "close":
            handler.close_connection = True
        elif handler.close_connection:
            handler.send_header("Connection", "close")
        handler.end_headers()
        self._sent = True
