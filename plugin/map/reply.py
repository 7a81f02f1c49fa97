"""A QNetworkReply as ``requests`` wants to see it: headers, a body read in pieces, and what went wrong by name."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING

import requests
import requests.adapters
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QEventLoop, QIODevice, QTimer
from qgis.PyQt.QtNetwork import QNetworkReply, QNetworkRequest
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers

from ..text import tr
from ..twin.errors import Cancelled
from .credentials import in_main_thread
from .unzip import Unzip

if TYPE_CHECKING:
    from collections.abc import Iterator

_Error = QNetworkReply.NetworkError
_LOOK = 50  # ms between two looks at the cancel button and the clock
_CHUNK = 1 << 16
_STATUS = QNetworkRequest.Attribute.HttpStatusCodeAttribute

_NEVER_SENT = frozenset(
    {
        _Error.ConnectionRefusedError,
        _Error.HostNotFoundError,
        _Error.SslHandshakeFailedError,
        _Error.ProtocolUnknownError,
    }
)
_PROXY = frozenset(
    {
        _Error.ProxyConnectionRefusedError,
        _Error.ProxyConnectionClosedError,
        _Error.ProxyNotFoundError,
        _Error.ProxyTimeoutError,
        _Error.ProxyAuthenticationRequiredError,
        _Error.UnknownProxyError,
    }
)
# ProtocolInvalidOperationError is not among them: it is Qt's name for status 400.
_UNSPOKEN = frozenset(
    {_Error.ContentReSendError, _Error.ProtocolFailure, _Error.TimeoutError, _Error.OperationCanceledError}
)

# In the words that `twin.faults` knows: Qt's own are in the user's language.
_WORDS = {
    _Error.ConnectionRefusedError: "connection refused",
    _Error.HostNotFoundError: "host not found",
    _Error.RemoteHostClosedError: "the server closed the connection",
    _Error.ContentReSendError: "the server closed the connection",
    _Error.TemporaryNetworkFailureError: "network is unreachable",
    _Error.NetworkSessionFailedError: "network is unreachable",
    _Error.UnknownNetworkError: "network is unreachable",
}


class Wait:
    """Waits in a local event loop for what a reply does next; in the thread that owns the reply."""

    def __init__(self, reply: QNetworkReply, loop: QEventLoop, seconds: float, cancelled: Callable[[], bool]) -> None:
        self.reply = reply
        self._loop = loop
        self._seconds = seconds
        self._cancelled = cancelled
        self._heard = time.monotonic()
        # A click handled in here could begin something else in the middle of our caller's work.
        self._flags = (
            QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents
            if in_main_thread()
            else QEventLoop.ProcessEventsFlag.AllEvents
        )
        self._ticks = QTimer(reply)
        self._ticks.setInterval(_LOOK)
        self._ticks.timeout.connect(loop.quit)
        self._ticks.start()
        reply.readyRead.connect(loop.quit)
        reply.finished.connect(loop.quit)
        reply.metaDataChanged.connect(loop.quit)
        reply.uploadProgress.connect(self.hear)

    def hear(self, *_progress: object) -> None:
        """There is a sign of life: the clock begins anew."""
        self._heard = time.monotonic()

    def has_headers(self) -> bool:
        return self.reply.attribute(_STATUS) is not None

    def once(self) -> None:
        """Until something happens, at most `_LOOK` ms. Raises `Cancelled`, and ReadTimeout after too long a silence."""
        if self._cancelled():
            raise Cancelled(tr("Cancelled. Nothing was left half done."))
        self._loop.exec(self._flags)
        if self.reply.bytesAvailable() or self.reply.isFinished():
            self.hear()
        elif time.monotonic() - self._heard > self._seconds:
            raise _told(requests.exceptions.ReadTimeout(f"nothing came for {self._seconds:g} s"), sent=True)


class Body:
    """A response's ``raw``: what has arrived is read, what has not is waited for. Use it in the thread that sent."""

    def __init__(
        self, wait: Wait, upload: QIODevice | None, ended: Callable[[QNetworkReply], None], method: str
    ) -> None:
        self._wait = wait
        self._reply: QNetworkReply | None = wait.reply
        self._upload = upload  # Qt reads from it as long as the reply lives
        self._ended = ended
        self._method = method
        self._received = 0
        self._announced: int | None = None
        self._unzip = Unzip("")
        self._original_response: object = None  # where ``requests`` looks for cookies

    def expect(self, length: int | None, encoding: str) -> None:
        """What the headers say of the body: its length as sent, and how it is zipped."""
        self._announced = length
        self._unzip = Unzip(encoding)

    @property
    def closed(self) -> bool:
        return self._reply is None

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
                    raw = self._arrived(amt)
                    if not raw:
                        break
                    self._unzip.push(raw)
        except BaseException:
            self.close()
            raise
        return piece

    def _arrived(self, amt: int) -> bytes:
        """The next bytes as they were sent; b"" at the end."""
        reply = self._reply
        if reply is None:
            return b""
        self._wait.hear()
        while not reply.bytesAvailable():
            if reply.isFinished():
                self._check_whole(reply)
                self.close()
                return b""
            self._wait.once()
        raw = bytes(reply.read(min(amt, reply.bytesAvailable())))
        self._received += len(raw)
        return raw

    def stream(self, amt: int | None = None, decode_content: bool | None = None) -> Iterator[bytes]:
        while True:
            piece = self.read(amt or _CHUNK)
            if not piece:
                return
            yield piece

    def close(self) -> None:
        """Break off what is still on its way."""
        reply, self._reply = self._reply, None
        if reply is None:
            return
        if not reply.isFinished():
            reply.abort()
        self._ended(reply)
        # Not deleteLater: nobody may ever run this thread's event loop again.
        sip.delete(reply)
        self._upload = None

    def release_conn(self) -> None:
        self.close()

    def _check_whole(self, reply: QNetworkReply) -> None:
        if _broken(reply):
            raise failure(reply, None, answered=True)
        bodiless = self._method == "HEAD" or reply.attribute(_STATUS) in (204, 304)
        if self._announced is not None and self._received < self._announced and not bodiless:
            missing = self._announced - self._received
            raise _told(requests.exceptions.ChunkedEncodingError(f"{missing} bytes did not come"), sent=True)
        if not self._unzip.whole and not bodiless:
            raise _told(requests.exceptions.ChunkedEncodingError("the zipped body ends early"), sent=True)


def response_of(
    reply: QNetworkReply, request: requests.PreparedRequest, body: Body, adapter: requests.adapters.BaseAdapter
) -> requests.Response:
    """A `requests.Response` whose headers are here and whose body is still to be read from ``body``."""
    pairs = [(bytes(name).decode("latin-1"), bytes(value).decode("latin-1")) for name, value in reply.rawHeaderPairs()]
    response = requests.Response()
    response.status_code = int(reply.attribute(_STATUS))
    response.reason = str(reply.attribute(QNetworkRequest.Attribute.HttpReasonPhraseAttribute) or "")
    response.headers = CaseInsensitiveDict({name: value.replace("\n", ", ") for name, value in pairs})
    length = response.headers.get("Content-Length", "")
    body.expect(
        int(length) if length.isascii() and length.isdigit() else None, response.headers.pop("Content-Encoding", "")
    )
    message = http.client.HTTPMessage()
    for name, value in pairs:
        for line in value.split("\n"):  # Qt joins several Set-Cookie by line breaks
            message[name] = line
    body._original_response = SimpleNamespace(msg=message)
    response.raw = body
    response.url = request.url or ""
    response.request = request
    response.encoding = get_encoding_from_headers(response.headers)
    response.connection = adapter  # type: ignore[attr-defined]
    requests.cookies.extract_cookies_to_jar(response.cookies, request, body)
    return response


def failure(
    reply: QNetworkReply, request: requests.PreparedRequest | None, *, answered: bool
) -> requests.exceptions.RequestException:
    """What broke, as the exception that ``requests`` itself would raise; ``sent``: whether the server may have it."""
    error = reply.error()
    text = f"{_WORDS.get(error, 'transport error')}: {reply.errorString()}"
    kind: type[requests.exceptions.RequestException] = requests.exceptions.ConnectionError
    sent = error not in _NEVER_SENT
    if error in _PROXY:
        kind, sent = requests.exceptions.ProxyError, error == _Error.ProxyConnectionClosedError
    elif answered:
        kind, sent = requests.exceptions.ChunkedEncodingError, True
    elif error == _Error.SslHandshakeFailedError:
        kind = requests.exceptions.SSLError
    elif error == _Error.TimeoutError:  # Qt times connecting only; silence is ours
        kind, sent = requests.exceptions.ConnectTimeout, False
    elif error == _Error.ProtocolUnknownError:
        kind = requests.exceptions.InvalidSchema
    return _told(kind(text, request=request), sent=sent)


def _broken(reply: QNetworkReply) -> bool:
    """Whether the connection failed, and not just the status is an error's."""
    error = reply.error()
    return error in _PROXY or error in _NEVER_SENT or error in _WORDS or error in _UNSPOKEN


def _told(error: requests.exceptions.RequestException, *, sent: bool) -> requests.exceptions.RequestException:
    error.sent = sent  # type: ignore[attr-defined]  # `twin.faults` looks for it
    return error
