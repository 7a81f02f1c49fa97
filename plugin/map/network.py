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
import weakref
from collections.abc import Callable, Mapping
from typing import Any

import requests
import requests.adapters
import requests.auth
from qgis.core import QgsNetworkAccessManager
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtNetwork import QNetworkRequest

from ..twin.client import Twin
from ..twin.progress import Progress, Silent
from ..twin.session import Session, origin
from . import credentials, engine
from .connections import Connection
from .engine import Job
from .exchange import Exchange, told
from .reply import response_of

_Attribute = QNetworkRequest.Attribute
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
# Qt's own business; Accept-Encoding is ours (`unzip`).
_NOT_SENT = frozenset({"accept-encoding", "connection", "content-length", "host", "user-agent"})


def _number(value: Any) -> int:
    """An enum's number, with Qt 5's int enums and Qt 6's Python ones."""
    number: int = getattr(value, "value", value)
    return int(number)


class QgisAdapter(requests.adapters.BaseAdapter):
    """A transport adapter for ``requests`` over QgsNetworkAccessManager, for worker threads and for the main thread.

    ``authcfg`` names one of QGIS's authentication configurations; it is applied to requests to ``origin`` only (any
    address of the same scheme, host and port). ``cancelled`` is looked at 20 times a second; when it says so, a read is
    given up with `Cancelled`, a write is not. Several threads may use it. Redirects are not followed. Bodies come
    unzipped, in pieces as they arrive. ``verify``, ``cert`` and ``proxies`` are left to QGIS.
    """

    def __init__(self, authcfg: str = "", origin: str = "", *, cancelled: Callable[[], bool] | None = None) -> None:
        super().__init__()
        self._authcfg = authcfg
        self._origin = _origin(origin)
        self._cancelled = cancelled or Silent().cancelled
        self._under_way: weakref.WeakSet[Exchange] = weakref.WeakSet()
        self._lock = threading.Lock()  # one session is used by several threads at once

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
        exchange = Exchange(_seconds(timeout), self._cancelled, kept=method not in _READS)
        asked = _network_request(request)
        authcfg = self._authcfg if self._authcfg and self._origin and _origin(url) == self._origin else ""
        if authcfg:
            asked = credentials.apply(asked, authcfg, self._cancelled)
        body = None if method in _READS else _bytes(request)
        if body is not None:
            asked.setAttribute(_Attribute.DoNotBufferUploadDataAttribute, True)
            asked.setHeader(QNetworkRequest.KnownHeaders.ContentLengthHeader, len(body))
        with self._lock:
            self._under_way.add(exchange)
        engine.running().send(Job(exchange, asked, method, body, authcfg))
        try:
            return response_of(exchange, exchange.answer(), request, self)
        except BaseException:
            exchange.give_up()
            raise

    def close(self) -> None:
        """Break off what is under way. Connections stay open for others: they carry no credentials of their own."""
        with self._lock:
            under_way = list(self._under_way)
        for exchange in under_way:
            exchange.end(told(requests.exceptions.ConnectionError("the session was closed"), sent=exchange.begun))
            exchange.give_up()


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
