"""Conditional requests: what pages leave behind to be asked by later, and asking whether they are still the same.

An answer 304 is believed only to the same question. A weak ETag will do (RFC 9110, 13.1.2), Last-Modified where the
answer was made well after (8.8.2.2). Neither a weak ETag nor a time needs to notice that a feature is gone from a page
or that another page follows now: the number of features is asked, too, and a time without it is no validator.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from .items import written_by_server
from .progress import Progress
from .replies import Reply, scrub
from .session import GEOJSON, Session

_ETAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]+"')
_SETTLED = timedelta(seconds=2)  # younger than that, a page may change once more within the same second


@dataclass(frozen=True)
class PageMark:
    """A page's address and the validators of what it was: the ETag, else Last-Modified."""

    url: str
    etag: str
    modified: str

    @property
    def condition(self) -> dict[str, str]:
        """The header that asks whether it changed."""
        return {"If-None-Match": self.etag} if self.etag else {"If-Modified-Since": self.modified}


@dataclass
class PagesSeen:
    """What `features.pages` tells of the pages that it read. ``marks`` is empty where not all of them can be asked
    later whether they changed, or where what came was not of one moment; ``matched``: how many features there were."""

    marks: tuple[PageMark, ...] = ()
    matched: int | None = None
    _so_far: list[PageMark | None] = field(default_factory=list)

    def page(self, reply: Reply) -> None:
        """One page, in order."""
        self._so_far.append(mark_of(reply))

    def end(self, matched: int | None, received: int) -> None:
        """That was the last, whole like the others."""
        marks = tuple(mark for mark in self._so_far if mark is not None)
        weak = not all(mark.etag for mark in marks) and matched is None
        if len(marks) == len(self._so_far) and matched in (None, received) and not weak:
            self.marks, self.matched = marks, matched


def mark_of(reply: Reply) -> PageMark | None:
    """None where the twin gave no validator, or where the address holds what may be a secret."""
    url = reply.asked or reply.url
    if scrub(url) != url:
        return None
    etag = reply.headers.get("ETag", "").strip()
    if _ETAG.fullmatch(etag):
        return PageMark(url, etag, "")
    modified = reply.headers.get("Last-Modified", "").strip()
    return PageMark(url, "", modified) if modified and _is_settled(modified, reply.headers) else None


def _is_settled(modified: str, headers: Mapping[str, str]) -> bool:
    try:
        return parsedate_to_datetime(headers.get("Date", "")) - parsedate_to_datetime(modified) >= _SETTLED
    except (TypeError, ValueError, IndexError):
        return False


class _Sent(Exception):
    """The page was sent: its body need not come."""


def is_same(session: Session, mark: PageMark, progress: Progress) -> bool:
    """Ask for one page. Raises `Cancelled` and `TwinError`."""
    try:
        reply = session.request(
            "GET", mark.url, headers=mark.condition, accept=GEOJSON, progress=progress, retries=1, into=_refuse
        )
    except _Sent:
        return False
    told = reply.headers.get("ETag", "")
    return reply.status == 304 and not (mark.etag and told and written_by_server(told) != written_by_server(mark.etag))


def _refuse(_headers: Mapping[str, str], _pieces: Iterator[bytes]) -> None:
    raise _Sent


def is_as_many(session: Session, mark: PageMark, matched: int, progress: Progress) -> bool:
    """Ask whether ``matched`` features match what ``mark`` is a page of. Raises as `is_same`."""
    parts = urlsplit(mark.url)
    query = {**dict(parse_qsl(parts.query, keep_blank_values=True)), "limit": "1"}
    query.pop("offset", None)
    url = urlunsplit(parts._replace(query=urlencode(query)))
    page, _ = session.get_json(url, accept=GEOJSON, progress=progress, retries=1)
    return page.get("numberMatched") == matched
