"""Why there is no connection to a broker, in the user's words."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from ..text import tr
from .faults import classify, describe
from .mqtt_url import BrokerAddress


@dataclass(frozen=True)
class Fault:
    text: str
    detail: str
    lasting: bool = False  # waiting does not mend it: somebody has to


def fault_of(error: BaseException, address: BrokerAddress) -> Fault:
    """The fault that an error on the way to a broker means."""
    url = address.shown
    detail = describe(error)
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
        return Fault(
            tr(
                "No secure connection to the broker {url}: its certificate or TLS settings are not accepted. Ask the "
                "people who run it, or add their certificate to the trusted ones.",
                url=url,
            ),
            detail,
            lasting=True,
        )
    if "websocket" in type(error).__name__.lower():
        return Fault(
            tr("{url} answers, but not with MQTT over WebSocket. Check the address and its path.", url=url), detail
        )
    kind, _sent = classify(error)
    texts = {
        "name": tr("The broker {url} was not found. Check its address, and your network.", url=url),
        "refused": tr(
            "The broker {url} does not accept connections. It may be switched off, or a firewall may be in between.",
            url=url,
        ),
        "network": tr("There is no way to the broker {url}. Check your network and VPN.", url=url),
        "timeout": tr("The broker {url} did not answer in time. A firewall may be in between.", url=url),
    }
    return Fault(texts[kind], f"{kind}: {detail}") if kind in texts else lost_fault(url, detail)


def lost_fault(url: str, detail: str = "connection lost") -> Fault:
    return Fault(tr("The connection to the broker {url} broke.", url=url), detail)


def credentials_fault(address: BrokerAddress, reason: str, has_credentials: bool) -> Fault:
    """The fault that a broker names when it refuses a connection (MQTT's return codes, in paho's words)."""
    url, detail = address.shown, f"CONNACK: {reason}"
    words = reason.lower()
    if "unavailable" in words or "busy" in words:
        return Fault(tr("The broker {url} is not available at the moment.", url=url), detail)
    if "authori" in words or "password" in words:
        if has_credentials:
            return Fault(
                tr("The broker {url} does not accept the user name and the password. Check them.", url=url),
                detail,
                lasting=True,
            )
        return Fault(
            tr("The broker {url} wants a user name and a password. Choose credentials for it.", url=url),
            detail,
            lasting=True,
        )
    return Fault(
        tr("The broker {url} refuses the connection ({reason}).", url=url, reason=reason), detail, lasting=True
    )
