"""``python -m tools.bench.server FOLDER``: the twin that the benchmarks read from, a process of its own.

It must not be what is measured: every page is a piece of a prepared file that the system's memory holds, handed to the
socket by the system itself (sendfile). HTTP/1.1 with keep-alive and Content-Length; a thread for each connection. Reads
only. It prints its address, and ends when its standard input does.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
import time
from http import HTTPStatus
from pathlib import Path

from .answers import Answer, Answers, Piece
from .prepared import Prepared

_HEAD = 64 * 1024  # bytes that a request's head may have


class Server:
    """Listens from the start; `serve` accepts until `close`."""

    def __init__(self, prepared: Prepared, port: int = 0) -> None:
        self._answers = Answers(prepared)
        self._listening = socket.create_server(("127.0.0.1", port), backlog=64)
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def serve(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                client, _ = self._listening.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._attend, args=(client,), daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _attend(self, client: socket.socket) -> None:
        """One connection, until the client goes."""
        with client, contextlib.suppress(ConnectionError):
            waiting = b""
            while True:
                head, waiting = _head(client, waiting)
                if not head:
                    return
                lines = head.decode("latin-1").split("\r\n")
                method, _, rest = lines[0].partition(" ")
                target = rest.rpartition(" ")[0]
                headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in lines[1:])}
                if method not in ("GET", "HEAD"):
                    _send(client, Answer(405, headers={"Allow": "GET, HEAD"}), False, True)
                    return
                answer = self._answers.answer(self.url, target, headers)
                time.sleep(answer.wait)
                last = headers.get("connection", "").lower() == "close"
                _send(client, answer, method == "GET", last)
                if last:
                    return


def _head(client: socket.socket, waiting: bytes) -> tuple[bytes, bytes]:
    """A request's head, and what came behind it; empty where the client went away."""
    while b"\r\n\r\n" not in waiting:
        more = client.recv(_HEAD)
        if not more or len(waiting) > _HEAD:
            return b"", b""
        waiting += more
    head, _, behind = waiting.partition(b"\r\n\r\n")
    return head, behind


def _send(client: socket.socket, answer: Answer, with_body: bool, last: bool) -> None:
    status = HTTPStatus(answer.status)
    told = {**answer.headers, **({"Connection": "close"} if last else {})}
    if status != HTTPStatus.NOT_MODIFIED:
        told["Content-Length"] = str(answer.size)
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{name}: {value}" for name, value in told.items())]
    begin = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    for part in answer.parts if with_body else ():
        if isinstance(part, Piece):
            client.sendall(begin)
            begin = b""
            _send_piece(client, part)
        else:
            begin += part
    client.sendall(begin)


def _send_piece(client: socket.socket, piece: Piece) -> None:
    at, left = piece.begin, piece.size
    while left > 0:
        sent = os.sendfile(client.fileno(), piece.file.fileno(), at, left)
        if sent == 0:
            raise ConnectionAbortedError("the file is shorter than it was")
        at, left = at + sent, left - sent


def main(folder: Path) -> None:
    server = Server(Prepared(folder))
    print(server.url, flush=True)
    threading.Thread(target=server.serve, daemon=True).start()
    while os.read(sys.stdin.fileno(), 4096):
        continue
    server.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
