"""The one hierarchy of errors.

Every error carries a sentence for the user (what happened, what it means, what to do) and detail for the log. No
credentials and no URL's user part, query token or header may enter either.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class CityTwinError(Exception):
    """The root. ``str(error)`` is the user's sentence; ``detail`` is for the log panel."""

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class Cancelled(CityTwinError):
    """The user cancelled; nothing is left half done."""


class TwinError(CityTwinError):
    """Something about the twin or the way to it. ``status`` is the HTTP status, 0 where there was no answer.

    ``problem`` is what the server wrote about it for machines (RFC 7807), where it did.
    """

    problem: Mapping[str, Any] | None = None

    def __init__(self, message: str, *, detail: str = "", status: int = 0) -> None:
        super().__init__(message, detail=detail)
        self.status = status


class Unreachable(TwinError):
    """No answer: unknown host, refused, TLS, timeout or a connection cut before or in the middle of the answer.

    ``sent`` tells whether the request may have reached the server: a write with ``sent`` is of unclear outcome.
    """

    def __init__(self, message: str, *, detail: str = "", sent: bool = True) -> None:
        super().__init__(message, detail=detail)
        self.sent = sent


class AccessDenied(TwinError):
    """401 or 403: the credentials are missing, wrong or not enough."""


class TooBusy(TwinError):
    """429 or 503 that outlasted our patience."""


class ServerFailed(TwinError):
    """5xx, with the server's own words."""


class PerhapsGone(ServerFailed):
    """QGIS Server's answer for an item that it does not find: 500. It says the same while its database is away."""


class NotFound(TwinError):
    """404 or 410."""


class NotATwin(TwinError):
    """An answer, but not from an OGC API – Features service."""


class BadResponse(TwinError):
    """An answer from a twin that cannot be read: HTML for JSON, malformed or truncated content."""


class Rejected(TwinError):
    """The twin refused a write (400, 405, 415, 422, …), with its own words."""


class Clash(TwinError):
    """412, 409 or 428: somebody else changed the feature, or the lock was not accepted."""


class Unsupported(TwinError):
    """The twin cannot do what was asked; the sentence says what that means."""


class SetRefused(TwinError):
    """The twin refused a change set as a whole: nothing of it was applied.

    ``failures`` tells which actions were at fault, by their place in the set: `Clash`, `NotFound` or `Rejected`, each
    with the server's own words. It is empty where the twin does not say.
    """

    def __init__(
        self,
        message: str,
        *,
        detail: str = "",
        status: int = 0,
        failures: Mapping[int, TwinError] | None = None,
    ) -> None:
        super().__init__(message, detail=detail, status=status)
        self.failures: Mapping[int, TwinError] = dict(failures or {})


class SetTooLarge(Rejected):
    """A change set with more actions, or more bytes, than the twin takes at once; nothing of it was applied.

    ``limit`` is how many actions it takes, None where it does not say.
    """

    def __init__(self, message: str, *, detail: str = "", status: int = 0, limit: int | None = None) -> None:
        super().__init__(message, detail=detail, status=status)
        self.limit = limit
