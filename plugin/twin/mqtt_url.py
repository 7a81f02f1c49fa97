"""A broker's address, taken apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from ..text import tr
from .errors import Unsupported
from .replies import scrub

_PORTS = {"mqtt": 1883, "mqtts": 8883, "ws": 80, "wss": 443}


@dataclass(frozen=True)
class BrokerAddress:
    scheme: str  # mqtt, mqtts, ws, wss
    host: str
    port: int
    path: str  # of a WebSocket
    shown: str  # without secrets
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def secure(self) -> bool:
        return self.scheme in ("mqtts", "wss")

    @property
    def websocket(self) -> bool:
        return self.scheme in ("ws", "wss")


def broker_address(url: str) -> BrokerAddress:
    """``url`` (mqtt://, mqtts://, ws://, wss://) in its parts. Raises `Unsupported` for what is no such address."""
    url = url.strip()
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in _PORTS:
        raise Unsupported(
            tr(
                "“{url}” is no address of a broker. It should begin with mqtt://, mqtts://, ws:// or wss://.",
                url=scrub(url),
            ),
            detail="no broker address",
        )
    path = parts.path or "/mqtt"
    if parts.query:
        path = f"{path}?{parts.query}"
    return BrokerAddress(
        scheme=parts.scheme,
        host=host,
        port=port or _PORTS[parts.scheme],
        path=path,
        shown=scrub(url),
        username=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
    )
