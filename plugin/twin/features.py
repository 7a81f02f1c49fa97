"""Reading a collection page by page, fast, and checking that what comes is what was asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from ..text import tr
from .conditional import PagesSeen
from .crs import CrsChoice, bbox_params, in_twin_order
from .errors import BadResponse, ServerFailed, TwinError, Unreachable
from .model import Collection, Extent, Item, Page
from .page import PageRead, PageReader, page_text
from .pagetext import guess_matched, guess_next
from .prefetch import Prefetcher
from .progress import Progress, Silent, check
from .replies import Reply, scrub
from .session import Session

LIMIT = 10_000  # what most servers allow at most; less is taken as it comes
_SMALLER = (1_000, 100)
_TOO_MUCH = (400, 413, 414, 422, 500, 502, 504)  # how servers say that a page is too large for them
_EMPTY_PAGES = 20  # empty pages in a row, each with a next link, before we call it endless
_SLACK = 0.001  # of an extent's size: servers compare boxes in other CRSs and precisions


def pages(
    session: Session,
    collection: Collection,
    *,
    choice: CrsChoice,
    extent: Extent | None = None,
    limit: int = LIMIT,
    item_etags: bool = False,
    params: Mapping[str, str] | None = None,
    repeats: bool = False,
    progress: Progress | None = None,
    seen: PagesSeen | None = None,
    elsewhere: Elsewhere | None = None,
) -> Iterator[Page]:
    """The items of ``collection`` (in ``extent``: east/north in the CRS of ``choice``), in handfuls (`page.BATCH`).

    A page of the twin is decoded while it is handed out, so that neither memory nor Python's garbage collector feels
    how large it is: the last `Page` of each carries its ``bytes`` and ``problems``, and what was taken counts only once
    the iteration has ended without an error. ``Page.matched`` of the others is a hint for the progress bar.

    Coordinates are as the twin sends them (``choice.swap`` tells their order). Items seen before (unless ``repeats``:
    whoever stores a million finds them without a list of all) and those wholly outside ``extent`` are left out; every
    such thing is in ``Page.problems``, in the user's words. Absence proves nothing: paging by offset can miss items
    while others edit. The next page is transferred while one is read; close the generator (or exhaust it) to end that
    thread. ``seen`` is told by what to ask later whether the pages are still the same. ``elsewhere`` reads all pages
    but the first, where it wants to: they come whole, as ``Page.rows``. Raises `Cancelled`, `BadResponse` for what
    cannot be read whole, `Unsupported` for CityJSON, and the errors of `Session.request`.
    """
    progress = progress or Silent()
    query = dict(params or {})
    if choice.uri is not None:
        query["crs"] = choice.uri
    box: Extent | None = None
    if extent is not None:
        query.update(bbox_params(choice, extent))
        box = _widened(in_twin_order(choice, extent))
    walk = _Walk(session, collection, Prefetcher(session, progress), choice, box, item_etags, repeats, progress, seen)
    try:
        reply = _first_page(walk.fetcher, collection.items_url, query, limit)
        more = yield from walk.here(reply)
        while more:
            check(progress)
            if elsewhere is not None and elsewhere.ahead:
                yield from walk.there(elsewhere)
                return
            more = yield from walk.here(walk.fetcher.take())
    finally:
        walk.fetcher.close()


class Elsewhere(Protocol):
    """Other processes that read pages, several at a time."""

    @property
    def ahead(self) -> int:
        """How many pages may be given to them before the first is back; 0 where pages are read here."""

    def give(self, reply: Reply, number: int, box: Extent | None) -> Ticket:
        """Let one read a page. ``box``: in the twin's axis order; what is wholly outside is left out."""


class Ticket(Protocol):
    """For one page that was given away."""

    def take(self, progress: Progress) -> PageRead | None:
        """Wait for it; None where it could not be read there, whatever the reason. Raises `Cancelled`."""


@dataclass(frozen=True)
class _Given:
    """A page that is read elsewhere."""

    reply: Reply
    number: int
    ticket: Ticket
    guess: str | None  # the address that was taken for the next page's


class _Walk:
    """From page to page. Its generators end with the last page."""

    def __init__(
        self,
        session: Session,
        collection: Collection,
        fetcher: Prefetcher,
        choice: CrsChoice,
        box: Extent | None,
        item_etags: bool,
        repeats: bool,
        progress: Progress,
        seen: PagesSeen | None,
    ) -> None:
        self.fetcher = fetcher
        self._session = session
        self._collection = collection
        self._choice = choice
        self._box = box
        self._item_etags = item_etags
        self._ids: set[str] | None = None if repeats else set()
        self._progress = progress
        self._seen = seen
        self._urls = {collection.items_url}
        self._received, self._number, self._empty = 0, 0, 0
        self._matched: int | None = None

    def here(self, reply: Reply) -> Generator[Page, None, bool]:
        """Read one page; whether another follows, which is then on its way."""
        self._number += 1
        text = page_text(reply, self._number)
        guess = self._guess(reply, text)
        if guess is not None:
            self.fetcher.start(guess)
        read, last = yield from self._read(reply, self._number, text)
        following = self._end(reply, read)
        if following is None:
            self.fetcher.drop()
        elif self.fetcher.underway != following:
            self.fetcher.start(following)
        yield Page(last, read.matched, len(reply.content), tuple(read.problems))
        return following is not None

    def there(self, elsewhere: Elsewhere) -> Iterator[Page]:
        """Let others read the page that is on its way, and all that follow."""
        given: deque[_Given] = deque()
        reply: Reply | None = self.fetcher.take()
        while True:
            while reply is not None:
                self._number += 1
                guess = self._guess(reply, page_text(reply, self._number))
                ticket = elsewhere.give(reply, self._number, self._box)
                given.append(_Given(reply, self._number, ticket, guess))
                reply = None
                if guess is not None:
                    self.fetcher.start(guess)
                    reply = self.fetcher.take() if len(given) < elsewhere.ahead else None
            one = given.popleft()
            last: tuple[Item, ...] = ()
            read = one.ticket.take(self._progress)
            if read is None:
                text = page_text(one.reply, one.number)
                read, last = yield from self._read(one.reply, one.number, text)
            following = self._end(one.reply, read)
            yield Page(last, read.matched, len(one.reply.content), tuple(read.problems), read.rows)
            if following is None:
                return
            check(self._progress)
            if following != one.guess:
                # what was taken for the next page is not: none of those that follow it counts
                given.clear()
                self.fetcher.start(following)
            if self.fetcher.underway is not None:
                reply = self.fetcher.take()

    def _guess(self, reply: Reply, text: str) -> str | None:
        """The address of the page after this one, before this one is read."""
        guess = guess_next(text)
        address = self._session.resolve(reply.url, guess) if guess is not None else None
        return None if address in self._urls else address

    def _read(self, reply: Reply, number: int, text: str) -> Generator[Page, None, tuple[PageRead, tuple[Item, ...]]]:
        """All items of a page but the last few, which are returned: they come with what else is to be told."""
        choice, box = self._choice, self._box
        reader = PageReader(reply, number, choice, box, self._item_etags, self._ids, self._progress)
        expected = guess_matched(text)
        last: tuple[Item, ...] = ()
        for batch in reader.read(text):
            if last:
                yield Page(last, expected, 0)
            last = batch
        return PageRead(reader.next, reader.matched, reader.received, reader.problems), last

    def _end(self, reply: Reply, read: PageRead) -> str | None:
        """Count a page that was read, in order; the address of the next."""
        self._received += read.received
        self._matched = read.matched if read.matched is not None else self._matched
        following = self._session.resolve(reply.url, read.next) if read.next else None
        self._empty = 0 if read.received else self._empty + 1
        if following is not None:
            if following in self._urls or self._empty >= _EMPTY_PAGES:
                raise BadResponse(
                    tr(
                        "The twin's pages of “{title}” lead in a circle, so it cannot be read whole. Tell the people "
                        "who run the twin.",
                        title=self._collection.title,
                    ),
                    detail=f"page {self._number}: next is {scrub(following)}",
                )
            self._urls.add(following)
        elif self._matched is not None and self._matched != self._received:
            read.problems.append(
                tr(
                    "The twin counted {matched} features but sent {received}; somebody may have edited meanwhile. Pull "
                    "again to be sure.",
                    matched=self._matched,
                    received=self._received,
                )
            )
        if self._seen is not None:
            self._seen.page(reply)
            if following is None:
                self._seen.end(self._matched, self._received)
        return following


def _first_page(fetcher: Prefetcher, url: str, query: Mapping[str, str], limit: int) -> Reply:
    """The first page, as large as the twin can: smaller ones are tried where it refuses or breaks, at last its own."""
    sizes = [str(limit), *(str(s) for s in _SMALLER if s < limit), ""]
    for position, size in enumerate(sizes):
        fetcher.start(url, {**query, "limit": size} if size else query)
        try:
            return fetcher.take()
        except (BadResponse, ServerFailed, Unreachable) as error:
            broken = isinstance(error, Unreachable) and error.sent
            if position + 1 == len(sizes) or not (broken or error.status in _TOO_MUCH):
                raise
            first: TwinError = error
    raise first


def _widened(box: Extent) -> Extent:
    dx, dy = (box[2] - box[0]) * _SLACK, (box[3] - box[1]) * _SLACK
    return (box[0] - dx, box[1] - dy, box[2] + dx, box[3] + dy)
