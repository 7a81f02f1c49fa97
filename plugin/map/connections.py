"""The twins a user knows: name, address and which of QGIS's authentication configurations goes with it.

Kept in QGIS's settings under ``citytwin/connections/…``. An address never holds credentials: those live in QGIS's
authentication database, and here is only the configuration's id.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ..text import tr
from ..twin.errors import CityTwinError

_GROUP = "citytwin/connections"
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Connection:
    """``url`` is an OGC API landing page, ``authcfg`` the id of a QGIS authentication configuration or empty."""

    name: str
    url: str
    authcfg: str = ""


class Signals(QObject):
    """``changed``: a connection was saved or removed."""

    changed = pyqtSignal()


signals = Signals()


def all() -> list[Connection]:
    """Every saved connection, by name without regard to case."""
    settings = QgsSettings()
    settings.beginGroup(_GROUP)
    keys = settings.childGroups()
    settings.endGroup()
    return sorted((c for c in map(_read, keys) if c is not None), key=lambda c: (c.name.casefold(), c.name))


def get(name: str) -> Connection | None:
    """The connection of that name, None where there is none."""
    return _read(_key(name))


def find_by_url(url: str) -> Connection | None:
    """The first connection to the same address, whatever its case of host, default port or trailing slash."""
    try:
        wanted = normalised(url)
    except CityTwinError:
        return None
    return next((c for c in all() if _same(c.url, wanted)), None)


def save(connection: Connection) -> Connection:
    """Keep ``connection``, replacing one of the same name. Returns it as it was kept.

    Raises `CityTwinError` for an empty name, an address that is none, and one that holds credentials.
    """
    name = connection.name.strip()
    if not name:
        raise CityTwinError(tr("A connection needs a name. Give it one, for example that of the city."))
    kept = Connection(name, checked(connection.url), connection.authcfg.strip())
    settings = QgsSettings()
    base = f"{_GROUP}/{_key(name)}"
    settings.setValue(f"{base}/name", kept.name)
    settings.setValue(f"{base}/url", kept.url)
    settings.setValue(f"{base}/authcfg", kept.authcfg)
    signals.changed.emit()
    return kept


def remove(name: str) -> None:
    """Forget the connection of that name; nothing happens where there is none."""
    QgsSettings().remove(f"{_GROUP}/{_key(name)}")
    signals.changed.emit()


def resolve(text: str) -> Connection:
    """What a user means by ``text``: a connection's name, or an address.

    An address that a saved connection has is that connection, its credentials included. Raises `CityTwinError`.
    """
    text = text.strip()
    known = get(text) or next((c for c in all() if c.name.casefold() == text.casefold()), None)
    if known is not None:
        return known
    if "://" not in text:
        raise CityTwinError(
            tr(
                "There is no connection named “{name}”, and it is no address either. Choose one of the connections, or "
                "give an address that begins with https:// or http://.",
                name=text,
            )
        )
    url = checked(text)
    return find_by_url(url) or Connection(urlsplit(url).hostname or url, url)


def checked(url: str) -> str:
    """``url`` trimmed, as it may be kept. Raises `CityTwinError` where it is no web address or holds credentials."""
    url = url.strip()
    parts = _split(url)
    if parts.scheme.lower() not in _PORTS or not parts.hostname:
        raise _no_address(url.rpartition("@")[2])
    if parts.username is not None:
        raise CityTwinError(
            tr(
                "The address holds a user name or password, which would be kept where others can read it. Take it out "
                "of the address and choose an authentication configuration instead."
            )
        )
    return urlunsplit(parts._replace(fragment=""))


def normalised(url: str) -> str:
    """``url`` in the one spelling that two addresses of the same place share. Raises `CityTwinError`."""
    parts = _split(checked(url))
    scheme, host, port = parts.scheme.lower(), (parts.hostname or "").lower(), parts.port
    host = f"[{host}]" if ":" in host else host
    netloc = host if port in (None, _PORTS[scheme]) else f"{host}:{port}"
    return urlunsplit((scheme, netloc, parts.path.rstrip("/"), parts.query, ""))


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for a port that is no number
    except ValueError as error:
        raise _no_address(url.rpartition("@")[2]) from error
    return parts


def _no_address(shown: str) -> CityTwinError:
    return CityTwinError(
        tr("“{url}” is no address of a web service. It should begin with https:// or http://.", url=shown)
    )


def _same(url: str, wanted: str) -> bool:
    try:
        return normalised(url) == wanted
    except CityTwinError:  # an address that somebody wrote into the settings by hand
        return False


def _key(name: str) -> str:
    # A slash in a name would begin a group of its own.
    return quote(name.strip(), safe=" ")


def _read(key: str) -> Connection | None:
    settings = QgsSettings()
    base = f"{_GROUP}/{key}"
    url = settings.value(f"{base}/url", "", type=str)
    if not url:
        return None
    name = settings.value(f"{base}/name", "", type=str) or unquote(key)
    return Connection(name, url, settings.value(f"{base}/authcfg", "", type=str))
