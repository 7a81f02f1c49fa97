"""A SensorThings service's landing page: which version it speaks, and which brokers push what is new."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from ...text import tr
from ..errors import BadResponse, NotATwin, NotFound, TwinError, Unsupported
from ..progress import Progress
from ..replies import scrub, without_query
from ..session import Session
from .entities import text_of
from .model import Service

_VERSION = re.compile(r"/v(\d+\.\d+)(?=/|\Z)")
_CLASS = re.compile(r"iot_sensing/(\d+\.\d+)/")
_SCHEMES = {"tcp": "mqtt", "ssl": "mqtts", "tls": "mqtts", "mqtt+ssl": "mqtts"}
_TRIED = ("v1.1", "v1.0")


def read_service(session: Session, url: str | None = None, *, progress: Progress | None = None) -> Service:
    """The service whose landing page, or any page below it, is at ``url`` (the session's own address without one).

    Raises `NotATwin` for what is no SensorThings service, `Unsupported` for SensorThings 2, and the errors of
    `Session.request`.
    """
    start = without_query(url or session.url).rstrip("/")
    first: TwinError | None = None
    missing = True
    for candidate in _candidates(start):
        try:
            document, reply = session.get_json(candidate, progress=progress)
        except (NotFound, BadResponse) as error:
            first = first or error
            missing = missing and isinstance(error, NotFound)
            continue
        missing = False
        if _is_landing_page(document):
            # After a redirect the service is where the answer came from, if that is still the same server.
            found = without_query(reply.url).rstrip("/")
            return _service(found if session.is_home(found) == session.is_home(candidate) else candidate, document)
    if missing and first is not None:
        raise first
    raise NotATwin(
        tr(
            "{url} is no SensorThings service, so there are no sensors to read. Use the address that ends with v1.1 or "
            "v1.0, and ask the people who run it if you do not know it.",
            url=scrub(start),
        ),
        detail=first.detail if first else "no list of entity sets",
    )


def _candidates(url: str) -> Iterator[str]:
    """Where the landing page may be. Some services have it with a slash at the end only."""
    match = _VERSION.search(urlsplit(url).path)
    if match is None:
        yield from (url, f"{url}/")
        for version in _TRIED:
            yield from (f"{url}/{version}", f"{url}/{version}/")
        return
    landing = url[: url.index(match.group()) + len(match.group())]
    yield from (landing, f"{landing}/")


def _is_landing_page(document: Mapping[str, Any]) -> bool:
    return "Datastreams" in _entity_sets(document)


def _entity_sets(document: Mapping[str, Any]) -> dict[str, str]:
    """Name → address of the entity sets."""
    value = document.get("value")
    return {
        text_of(one.get("name")): text_of(one.get("url"))
        for one in (value if isinstance(value, list) else [])
        if isinstance(one, dict)
    }


def _service(url: str, document: Mapping[str, Any]) -> Service:
    problems: list[str] = []
    version = _version(url, document)
    if not version:
        version = "1.1"
        problems.append(tr("It does not say which SensorThings version it speaks; 1.1 is assumed."))
    elif not version.startswith("1."):
        raise Unsupported(
            tr(
                "{url} speaks SensorThings {version}; the workbench reads 1.0 and 1.1. Ask the people who run it for "
                "such an address.",
                url=scrub(url),
                version=version,
            ),
            detail=f"version {version}",
        )
    brokers, wrong = _brokers(url, document)
    return Service(url, version if version in ("1.0", "1.1") else "1.1", brokers, tuple(problems + wrong))


def _version(url: str, document: Mapping[str, Any]) -> str:
    match = _VERSION.search(urlsplit(url).path)
    if match:
        return match.group(1)
    settings = document.get("serverSettings")
    classes = settings.get("conformance") if isinstance(settings, dict) else None
    found = {m.group(1) for m in (_CLASS.search(text_of(c)) for c in classes or ()) if m}
    for address in _entity_sets(document).values():
        match = _VERSION.search(address)
        if match:
            return match.group(1)
    return max(found, default="")


def _brokers(url: str, document: Mapping[str, Any]) -> tuple[tuple[str, ...], list[str]]:
    """The brokers' addresses, each once, in the service's order; and what is wrong with those left out or mended."""
    settings = document.get("serverSettings")
    found: list[Any] = []
    for name, value in settings.items() if isinstance(settings, dict) else ():
        if "receive-updates-via-mqtt" in name and isinstance(value, dict):
            endpoints = value.get("endpoints")
            found += endpoints if isinstance(endpoints, list) else [endpoints]
    host = urlsplit(url).hostname or ""
    brokers: list[str] = []
    problems: list[str] = []
    for endpoint in found:
        address = endpoint.strip() if isinstance(endpoint, str) else ""
        broker, mended = _broker(address, host)
        if broker is None:
            problems.append(tr("It names a broker whose address cannot be read: “{url}”.", url=scrub(address)))
        elif broker not in brokers:
            brokers.append(broker)
            if mended:
                problems.append(
                    tr(
                        "It names a broker on “localhost”, which would be your own computer; {url} is tried.",
                        url=broker,
                    )
                )
    return tuple(brokers), problems


def _broker(address: str, host: str) -> tuple[str | None, bool]:
    """An endpoint as an address with scheme, or None; and whether a host that only the server sees was replaced."""
    if not address:
        return None, False
    if "://" not in address:
        address = f"mqtt://{address}"
    try:
        parts = urlsplit(address)
        named, port = parts.hostname, parts.port
    except ValueError:
        return None, False
    scheme = _SCHEMES.get(parts.scheme.lower(), parts.scheme.lower())
    if scheme not in ("mqtt", "mqtts", "ws", "wss") or not named:
        return None, False
    mended = _is_own(named) and not _is_own(host)
    shown = host if mended else named
    netloc = (f"[{shown}]" if ":" in shown else shown) + (f":{port}" if port else "")
    return urlunsplit((scheme, netloc, parts.path if scheme in ("ws", "wss") else "", "", "")), mended


def _is_own(host: str) -> bool:
    """Whether ``host`` means the computer that reads it."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
