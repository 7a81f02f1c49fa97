"""How an item is guarded against lost updates: by its ETag, by the time of its last change, or not at all (Part 4)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime, parsedate_to_datetime

from .model import Item
from .negotiation import matches
from .web import Problem

Headers = tuple[tuple[str, str], ...]
_FIRST = datetime(2026, 1, 1, tzinfo=timezone.utc)  # of what nobody has changed since it was loaded


class Locks:
    """No lock at all: every write goes through, and nothing tells versions apart."""

    kind = "none"
    header = ""  # in which a client sends its lock

    def check(self, item: Item, given: str | None) -> None:
        """Raise 412 where the lock that the client holds is no longer the item's, 428 where it sent none."""

    def etag(self, etag: str) -> str:
        """The ETag header for the stored ``etag``."""
        return ""

    def headers(self, item: Item) -> Headers:
        """What else tells the item's version."""
        return ()

    def moment(self, item: Item, now: str) -> str:
        """When a change that is made ``now`` (RFC 3339) is noted to have been made."""
        return now


class Etags(Locks):
    """Strong ETags. ``missing``: the status for a write without If-Match; 200 lets it through."""

    kind = "etags"
    header = "If-Match"

    def __init__(self, missing: int = 428) -> None:
        self._missing = missing

    def check(self, item: Item, given: str | None) -> None:
        if given is None:
            if self._missing != 200:
                raise Problem(self._missing, "If-Match is missing: send the ETag of the version that you changed.")
        elif not matches(given, self.etag(item.etag), weak=False):
            raise Problem(412, f"Item {item.id} has been changed since: its ETag is {item.etag} now, not {given}.")

    def etag(self, etag: str) -> str:
        return etag


class Timestamps(Locks):
    """Last-Modified and If-Unmodified-Since, whole seconds: two changes never share one, the later is noted later."""

    kind = "timestamps"
    header = "If-Unmodified-Since"

    def __init__(self, missing: int = 428) -> None:
        self._missing = missing

    def check(self, item: Item, given: str | None) -> None:
        if given is None:
            if self._missing != 200:
                raise Problem(self._missing, "If-Unmodified-Since is missing: send the Last-Modified of your version.")
            return
        try:
            since = parsedate_to_datetime(given)
        except (TypeError, ValueError) as error:
            raise Problem(400, f"If-Unmodified-Since must be an HTTP date, not {given!r}.") from error
        if since.tzinfo is None:
            since = since.replace(tzinfo=timezone.utc)
        if changed(item) > since:
            raise Problem(412, f"Item {item.id} has been changed since {given}: at {http_date(item)}.")

    def headers(self, item: Item) -> Headers:
        return (("Last-Modified", http_date(item)),)

    def moment(self, item: Item, now: str) -> str:
        moment = max(datetime.fromisoformat(now.replace("Z", "+00:00")), changed(item) + timedelta(seconds=1))
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def changed(item: Item) -> datetime:
    """When an item was last changed, in whole seconds."""
    return changed_at(item.updated)


def changed_at(moment: str | None) -> datetime:
    """An RFC 3339 moment in whole seconds; the first of all where there is none."""
    if not moment:
        return _FIRST
    return datetime.fromisoformat(moment.replace("Z", "+00:00")).replace(microsecond=0)


def http_date(item: Item) -> str:
    return format_datetime(changed(item), usegmt=True)
