"""The way from a connection to its SensorThings service."""

from __future__ import annotations

from dataclasses import replace

from ...twin.client import Twin
from ...twin.errors import BadResponse, NotATwin, NotFound
from ...twin.progress import Progress
from ...twin.sensorthings import Service, read_service
from ...twin.session import Session, origin
from ..connections import Connection
from ..network import open_session


def session_for(
    connection: Connection, url: str, progress: Progress | None = None, *, retries: int | None = None
) -> Session:
    """A session for ``url``: with ``connection``'s credentials where that is the connection's own origin. ``retries``:
    fewer than usual, for who tries again by himself and wants to say soon that it does not work."""
    own = same_origin(connection.url, url)
    session = open_session(replace(connection, url=url, authcfg=connection.authcfg if own else ""), progress)
    if retries is not None:
        session.retries = retries
    return session


def open_service(
    connection: Connection, url: str | None = None, progress: Progress | None = None, *, retries: int | None = None
) -> tuple[Session, Service]:
    """The SensorThings service at ``url`` (the connection's own address without one), and a session for it.

    A twin's landing page leads to the service that it links, without the credentials where that is elsewhere. Raises
    `CityTwinError`.
    """
    session = session_for(connection, url or connection.url, progress, retries=retries)
    try:
        return session, read_service(session, progress=progress)
    except (NotATwin, NotFound):
        linked = _linked(session)
        if linked is None:
            raise
    session = session_for(connection, linked, progress, retries=retries)
    return session, read_service(session, progress=progress)


def same_origin(one: str, other: str) -> bool:
    """Whether both addresses have the same scheme, host and port."""
    try:
        return origin(one) == origin(other)
    except ValueError:
        return False


def _linked(session: Session) -> str | None:
    """The SensorThings service that a twin's landing page links."""
    try:
        return Twin.connect(session).capabilities().sensorthings
    except (NotATwin, NotFound, BadResponse):  # no twin either: the first error says it better
        return None
