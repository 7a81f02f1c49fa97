"""Requests through QGIS's network: its proxy, certificates and credentials behind a ``requests`` transport adapter.

Seen with QGIS 3.40 on Qt 5.15, and why this is not QGIS's shared manager:

- A 401 makes the shared manager ask for a user and password in a dialog, while the worker hangs; a TLS error likewise.
  A manager of our own does neither: a 401 is an answer like any other. It still asks the shared one for the proxy.
- Qt sends a POST up to four times when the server closes the connection without an answer. A body that cannot be
  rewound is sent once.
- The shared manager answers a repeated GET from its disk cache. Ours has none.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import requests
import requests.adapters
import requests.auth
from qgis.core import QgsNetworkAccessManager, QgsNetworkReplyContent, QgsNetworkRequestParameters
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QEventLoop, QIODevice, QTimer, QUrl
from qgis.PyQt.QtNetwork import QNetworkReply, QNetworkRequest

from ..twin.client import Twin
from ..twin.progress import Progress, Silent
from ..twin.session import Session, origin
from . import credentials
from .connections import Connection
from .reply import Body, Wait, failure, response_of

_Attribute = QNetworkRequest.Attribute
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
# Qt's own business; Accept-Encoding is ours (`unzip`).
_NOT_SENT = frozenset({"accept-encoding", "connection", "content-length", "host", "user-agent"})
_BUFFER = 1 << 20  # bytes of an answer that Qt holds before it lets the server wait


def _number(value: Any) -> int:
    """An enum's number, with Qt 5's int enums and Qt 6's Python ones."""
    return int(getattr(value, "value", value))


class _Upload(QIODevice):
    """A request's body, sent once: it cannot be rewound, so Qt cannot send the request again by itself."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = data
        self._at = 0
        self.open(QIODevice.OpenModeFlag.ReadOnly)

    def isSequential(self) -> bool:
        return True

    def size(self) -> int:
        return len(self._data)

    def bytesAvailable(self) -> int:
        return len(self._data) - self._at + super().bytesAvailable()

    def reset(self) -> bool:
        return False

    def readData(self, length: int) -> bytes:
        piece = self._data[self._at : self._at + length]
        self._at += len(piece)
        return piece

    def writeData(self, _data: bytes) -> int:
        return -1


class _Line:
    """One thread's manager and event loop. Made, used and deleted in that thread."""

    def __init__(self) -> None:
        self.loop = QEventLoop()  # first: a thread that is not Qt's has no timers before it
        self.manager = QgsNetworkAccessManager()
        shared = QgsNetworkAccessManager.instance()
        # So that QGIS's network logger (F12) shows our requests too.
        self.manager.requestAboutToBeCreated[QgsNetworkRequestParameters].connect(
            shared.requestAboutToBeCreated[QgsNetworkRequestParameters]
        )
        self._shared = shared

    def tell_finished(self, reply: QNetworkReply) -> None:
        self._shared.finished[QgsNetworkReplyContent].emit(QgsNetworkReplyContent(reply))


class QgisAdapter(requests.adapters.BaseAdapter):
    """A transport adapter for ``requests`` over QgsNetworkAccessManager, for worker threads and for the main thread.

    ``authcfg`` names one of QGIS's authentication configurations; it is applied to requests to ``origin`` only (any
    address of the same scheme, host and port). ``cancelled`` is looked at 20 times a second; when it says so, a read is
    given up with `Cancelled` (a write is not: nobody would know what became of it). Redirects are not followed.
    Bodies come unzipped, in pieces as they arrive. ``verify``, ``cert`` and ``proxies`` are left to QGIS.
    """

    def __init__(self, authcfg: str = "", origin: str = "", *, cancelled: Callable[[], bool] | None = None) -> None:
        super().__init__()
        self._authcfg = authcfg
        self._origin = _origin(origin)
        self._cancelled = cancelled or Silent().cancelled
        self._lines = threading.local()

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float | None, float | None] | None = None,
        verify: bool | str = True,
        cert: object = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send, and return as soon as the headers are here. Raises ``requests`` exceptions whose ``sent`` tells whether
        the request may have reached the server, `AccessDenied` and `Cancelled`."""
        method, url = (request.method or "GET").upper(), request.url or ""
        cancelled = self._cancelled if method in _READS else Silent().cancelled
        line = self._line()
        asked = _network_request(request)
        authcfg = self._authcfg if self._authcfg and self._origin and _origin(url) == self._origin else ""
        if authcfg:
            asked = credentials.apply(asked, authcfg, self._cancelled)
        upload = None if method in _READS else _Upload(_bytes(request))
        if upload is not None:
            asked.setAttribute(_Attribute.DoNotBufferUploadDataAttribute, True)
            asked.setHeader(QNetworkRequest.KnownHeaders.ContentLengthHeader, upload.size())
        reply = _start(line.manager, asked, method, upload)
        reply.setReadBufferSize(_BUFFER)
        _judge_certificates(reply)
        if authcfg:
            credentials.apply_to_reply(reply, authcfg)
        wait = Wait(reply, line.loop, _seconds(timeout), cancelled)
        body = Body(wait, upload, line.tell_finished, method)
        try:
            while not wait.has_headers() and not reply.isFinished():
                wait.once()
            if not wait.has_headers():
                raise failure(reply, request, answered=False)
            return response_of(reply, request, body, self)
        except BaseException:
            body.close()
            raise

    def close(self) -> None:
        """Forget this thread's manager. Other threads' end with their threads."""
        self._lines.__dict__.clear()

    def _line(self) -> _Line:
        line = getattr(self._lines, "line", None)
        if line is None:
            line = self._lines.line = _Line()
        return line


class QgisAuth(requests.auth.AuthBase):
    """Tells a `Session` that there are credentials; the adapter is who adds them."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


def open_session(connection: Connection, progress: Progress | None = None) -> Session:
    """A session over QGIS's network, with ``connection``'s credentials for its own origin only."""
    progress = progress or Silent()
    adapter = QgisAdapter(connection.authcfg, connection.url, cancelled=progress.cancelled)
    return Session(
        connection.url,
        adapter=adapter,
        auth=QgisAuth() if connection.authcfg else None,
        auth_name=credentials.name_of(connection.authcfg),
        progress=progress,
    )


def open_twin(connection: Connection, progress: Progress | None = None) -> Twin:
    """The twin of ``connection`` as every task and algorithm speaks to it. Sends nothing yet."""
    return Twin(connection.url, session=open_session(connection, progress))


def _origin(url: str) -> tuple[str, str, int] | None:
    try:
        found = origin(url)
    except ValueError:
        return None
    return found if found[1] else None


def _seconds(timeout: float | tuple[float | None, float | None] | None) -> float:
    """How long silence may last: as asked, else QGIS's own setting. Qt itself gives up connecting after 30 s."""
    if isinstance(timeout, tuple):
        known = [t for t in timeout if t is not None]
        return max(known) if known else QgsNetworkAccessManager.timeout() / 1000
    return QgsNetworkAccessManager.timeout() / 1000 if timeout is None else float(timeout)


def _bytes(request: requests.PreparedRequest) -> bytes:
    body: Any = request.body
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode("utf-8")
    if isinstance(body, (bytes, bytearray)):
        return bytes(body)
    return b"".join(body)


def _network_request(request: requests.PreparedRequest) -> QNetworkRequest:
    url = QUrl.fromEncoded((request.url or "").encode("ascii"), QUrl.ParsingMode.StrictMode)
    if not url.isValid():
        raise requests.exceptions.InvalidURL(url.errorString(), request=request)
    asked = QNetworkRequest(url)
    for name, value in request.headers.items():
        if name.lower() not in _NOT_SENT:
            asked.setRawHeader(_latin(name), _latin(value))
    for attribute, value in (
        (_Attribute.CacheLoadControlAttribute, QNetworkRequest.CacheLoadControl.AlwaysNetwork),
        (_Attribute.RedirectPolicyAttribute, QNetworkRequest.RedirectPolicy.ManualRedirectPolicy),
        # Cookies and credentials are the session's, which knows whom they are for.
        (_Attribute.CookieLoadControlAttribute, QNetworkRequest.LoadControl.Manual),
        (_Attribute.CookieSaveControlAttribute, QNetworkRequest.LoadControl.Manual),
        (_Attribute.AuthenticationReuseAttribute, QNetworkRequest.LoadControl.Manual),
    ):
        asked.setAttribute(attribute, _number(value))
    asked.setAttribute(_Attribute.CacheSaveControlAttribute, False)
    # HTTP/2, Qt 6's default, knows no bound on what it buffers.
    asked.setAttribute(_Attribute.Http2AllowedAttribute, False)
    # Asked for by us, Qt leaves the unzipping to us too: its own says nothing when a zipped body ends early.
    asked.setRawHeader(b"Accept-Encoding", b"gzip")
    return asked


def _latin(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1")


def _start(
    manager: QgsNetworkAccessManager, asked: QNetworkRequest, method: str, upload: _Upload | None
) -> QNetworkReply:
    if method == "GET":
        reply = manager.get(asked)
    elif method == "HEAD":
        reply = manager.head(asked)
    elif upload is None:
        reply = manager.sendCustomRequest(asked, method.encode("ascii"))
    else:
        reply = manager.sendCustomRequest(asked, method.encode("ascii"), upload)
    # QGIS's own timer would run on while our caller works on what it has; `Wait` counts only real silence.
    timer = reply.findChild(QTimer, "timeoutTimer")
    if timer is not None:
        sip.delete(timer)
    return reply


def _judge_certificates(reply: QNetworkReply) -> None:
    """Accept what the user told QGIS to accept, else let it fail: QGIS's own slot would wait for a dialog for ever."""
    reply.sslErrors.disconnect()

    def judge(errors: list[Any]) -> None:
        if credentials.trusted(reply, errors):
            reply.ignoreSslErrors(errors)

    reply.sslErrors.connect(judge)
