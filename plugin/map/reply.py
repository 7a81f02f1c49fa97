"""An exchange as ``requests`` wants to see it: a response with headers, and a body that is read in pieces."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from types import SimpleNamespace

import requests
import requests.adapters
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers

from .exchange import Exchange, Head, told
from .unzip import Unzip

_CHUNK = 1 << 16


class Body:
    """A response's ``raw``: what has arrived is read, what has not is waited for. In any thread, one at a time."""

    def __init__(self, exchange: Exchange, head: Head, headers: CaseInsensitiveDict[str], method: str) -> None:
        length = headers.get("Content-Length", "")
        bodiless = method == "HEAD" or head.status in (204, 304)
        self._announced = int(length) if length.isascii() and length.isdigit() and not bodiless else 0
        self._unzip = Unzip("" if bodiless else headers.get("Content-Encoding", ""))
        self._exchange: Exchange | None = exchange
        self._received = 0
        message = http.client.HTTPMessage()
        for name, value in head.fields:
            message[name] = value
        self._original_response = SimpleNamespace(msg=message)  # where ``requests`` looks for cookies

    @property
    def closed(self) -> bool:
        return self._exchange is None

    def read(self, amt: int | None = None, decode_content: bool | None = None) -> bytes:
        """At most ``amt`` unzipped bytes, as soon as there are any; b"" at the end; all that is left without ``amt``.

        Raises ChunkedEncodingError where the body ends early, ContentDecodingError, ReadTimeout and `Cancelled`.
        """
        if amt is None:
            return b"".join(self.stream())
        piece = b""
        try:
            while not piece and amt > 0:
                piece = self._unzip.pull(amt)
                if not piece:
                    raw = self._exchange.take(_CHUNK) if self._exchange is not None else b""
                    if not raw:
                        self._end()
                        break
                    self._received += len(raw)
                    self._unzip.push(raw)
        except BaseException:
            self.close()
            raise
        return piece

    def stream(self, amt: int | None = None, decode_content: bool | None = None) -> Iterator[bytes]:
        while True:
            piece = self.read(amt or _CHUNK)
            if not piece:
                return
            yield piece

    def close(self) -> None:
        """Break off what is still on its way."""
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.give_up()

    def __del__(self) -> None:
        # An answer that nobody reads would keep one of the six connections to its server for good.
        if getattr(self, "_exchange", None) is not None:
            self.close()

    def release_conn(self) -> None:
        self.close()

    def _end(self) -> None:
        if self._exchange is None:
            return
        self.close()
        missing = self._announced - self._received
        if missing > 0 or not self._unzip.whole:
            text = f"{missing} bytes did not come" if missing > 0 else "the zipped body ends early"
            raise told(requests.exceptions.ChunkedEncodingError(text), sent=True)


def response_of(
    exchange: Exchange, head: Head, request: requests.PreparedRequest, adapter: requests.adapters.BaseAdapter
) -> requests.Response:
    """A response whose body is still to be read."""
    headers: CaseInsensitiveDict[str] = CaseInsensitiveDict()
    for name, value in head.fields:
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    body = Body(exchange, head, headers, (request.method or "GET").upper())
    headers.pop("Content-Encoding", None)  # what is read is unzipped
    response = requests.Response()
    response.status_code = head.status
    response.reason = head.reason
    response.headers = headers
    response.raw = body
    response.url = request.url or ""
    response.request = request
    response.encoding = get_encoding_from_headers(headers)
    response.connection = adapter  # type: ignore[attr-defined]
    requests.cookies.extract_cookies_to_jar(response.cookies, request, body)
    return response
