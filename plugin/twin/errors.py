"""The one hierarchy of errors.

Every error carries a sentence for the user (what happened, what it means, what to do) and detail for the log. No
credentials and no URL's user part, query token or header may enter either.
"""

from __future__ import annotations


class CityTwinError(Exception):
    """The root. ``str(error)`` is the user's sentence; ``detail`` is for the log panel."""

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class Cancelled(CityTwinError):
    """The user cancelled; nothing is left half done."""


class TwinError(CityTwinError):
    """Something about the twin or the way to it. ``status`` is the HTTP status, 0 where there was no answer."""

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
