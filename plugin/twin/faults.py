"""No answer: what went wrong on the way to a server, told apart and said in the user's words."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator

import requests
import urllib3.exceptions

from ..text import tr
from .errors import Unreachable
from .replies import scrub, scrub_text, shorten

# urllib3 and Qt say the same things in their own words; Windows adds its error numbers.
_NAME_WORDS = (
    "name or service not known",
    "name resolution",
    "getaddrinfo failed",
    "nodename nor servname",
    "no address associated",
    "failed to resolve",
    "host not found",
)
_REFUSED_WORDS = ("connection refused", "actively refused", "winerror 10061", "errno 111")
_NETWORK_WORDS = ("network is unreachable", "no route to host", "host is unreachable", "host is down")


def unreachable(error: BaseException, url: str) -> Unreachable:
    """The `Unreachable` for what ``requests`` (or the QGIS adapter) raised; an attribute ``sent`` on it is believed."""
    kind, sent = classify(error)
    whole = scrub(url)
    shown = whole.partition("?")[0]  # what was asked can be longer than the window is wide
    texts = {
        "name": tr(
            "The server of {url} was not found. Check the address for typing errors, and your network.", url=shown
        ),
        "refused": tr(
            "The server of {url} does not accept connections. It may be switched off, or the port may be wrong.",
            url=shown,
        ),
        "network": tr("There is no way to {url}. Check your network, VPN and proxy settings.", url=shown),
        "tls": tr(
            "No secure connection to {url}: its certificate or TLS settings are not accepted. Ask the people who run "
            "the twin, or add their certificate to the trusted ones.",
            url=shown,
        ),
        "proxy": tr("The proxy server did not let us through to {url}. Check the proxy settings.", url=shown),
        "timeout": tr(
            "{url} did not answer in time. The server may be overloaded or down; try again later.", url=shown
        ),
        "address": tr("“{url}” is no address of a web service. It should begin with https:// or http://.", url=whole),
        "cut": tr("The connection to {url} broke before the whole answer was here. Try again.", url=shown),
    }
    asked = f" ({whole})" if shown != whole else ""
    return Unreachable(texts[kind], detail=f"{kind}: {describe(error)}{asked}", sent=sent)


def describe(error: BaseException) -> str:
    """The innermost reason, without addresses that carry secrets."""
    innermost = list(_chain(error))[-1]
    return shorten(scrub_text(f"{type(error).__name__}: {type(innermost).__name__}: {innermost}"))


def classify(error: BaseException) -> tuple[str, bool]:
    """(what failed, whether the request may have reached the server)."""
    kind, sent = _classify(error)
    told = getattr(error, "sent", None)
    return kind, told if isinstance(told, bool) else sent


def _classify(error: BaseException) -> tuple[str, bool]:
    chain = list(_chain(error))
    text = " ".join(str(e).lower() for e in chain)
    if isinstance(
        error, (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema, requests.exceptions.InvalidSchema)
    ):
        return "address", False
    if isinstance(error, requests.exceptions.ProxyError):
        return "proxy", False
    if any(isinstance(e, socket.gaierror) for e in chain) or any(w in text for w in _NAME_WORDS):
        return "name", False
    if isinstance(error, requests.exceptions.SSLError):
        # A handshake fails before anything is sent; a broken record in mid-answer comes as another class.
        return "tls", False
    if isinstance(error, requests.exceptions.ConnectTimeout) or any(
        isinstance(e, urllib3.exceptions.ConnectTimeoutError)
        and not isinstance(e, urllib3.exceptions.NewConnectionError)
        for e in chain
    ):
        return "timeout", False
    unsent = any(isinstance(e, urllib3.exceptions.NewConnectionError) for e in chain)
    if any(isinstance(e, ConnectionRefusedError) for e in chain) or any(w in text for w in _REFUSED_WORDS):
        return "refused", False
    if any(getattr(e, "errno", None) in (errno.ENETUNREACH, errno.EHOSTUNREACH) for e in chain) or any(
        w in text for w in _NETWORK_WORDS
    ):
        return "network", False
    if isinstance(error, requests.exceptions.Timeout) or any(
        isinstance(e, (urllib3.exceptions.ReadTimeoutError, socket.timeout)) for e in chain
    ):
        return "timeout", True
    return ("network" if unsent else "cut"), not unsent


def _chain(error: BaseException) -> Iterator[BaseException]:
    """``error`` and what caused it, outermost first; urllib3 keeps causes in ``reason`` and ``args`` too."""
    seen: set[int] = set()
    todo: list[BaseException] = [error]
    while todo:
        current = todo.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        inner = [getattr(current, "reason", None), *current.args, current.__cause__, current.__context__]
        todo.extend(e for e in inner if isinstance(e, BaseException))
