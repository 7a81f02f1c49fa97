"""Asking a SensorThings service, and asking for less where it cannot answer."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from ...text import tr
from ..errors import BadResponse, NotFound, ServerFailed, TwinError, Unreachable
from ..pagetext import features
from ..prefetch import Prefetcher
from ..progress import Progress, check
from ..replies import Reply, decode_json, looks_like_html, looks_like_xml, scrub
from ..session import JSON, Session
from .model import Service

Say = Callable[[str], None]
T = TypeVar("T")
U = TypeVar("U")

_SAFE = "(),;=$/':!*@"  # what a query may hold as it is; a space becomes %20, as some servers do not read a plus
_REFUSED = (400, 404, 405, 406, 413, 414, 416, 422, 500, 501, 502, 504)  # how services say that a query is beyond them
_EMPTY_PAGES = 20  # empty pages in a row, each with a next link, before we call it endless
_THREADS = 8
LARGE, SMALL = 1_000, 100  # entities on a page
_ANEW = 100  # polls until a service that could do less is asked for all of it again


@dataclass(frozen=True)
class Ask:
    """One way of asking. ``loses`` are sentences about what is lost against the ways before it."""

    path: str  # below the service's address
    options: tuple[tuple[str, str], ...] = ()  # ("$expand", "Thing"), …
    top: int | None = None
    loses: tuple[str, ...] = ()
    form: str = ""  # what the asker knows it by

    def url(self, service: Service) -> str:
        options = [*self.options, *([("$top", str(self.top))] if self.top else [])]
        query = "&".join(f"{name}={quote(value, safe=_SAFE)}" for name, value in options)
        return f"{service.url}/{quote(self.path, safe=_SAFE)}" + (f"?{query}" if query else "")


@dataclass
class Memory:
    """What polls of one service remember from one to the next: which way of asking worked, and the pages' ETags.

    For one thread at a time.
    """

    ways: dict[str, int] = field(default_factory=dict)
    tags: dict[str, tuple[str, str | None]] = field(default_factory=dict)  # address → (ETag, the next page's address)
    unchanged: int = 0  # pages that the service did not have to send again
    polls: int = 0
    said: set[str] = field(default_factory=set)  # what is lost is said once
    # datastream → its newest time by its own words, when it was asked by itself whether that is so
    checked: dict[str, float] = field(default_factory=dict)


def refuses(error: TwinError) -> bool:
    """Whether ``error`` may mean that the query was too much for the service, so that a lesser one may work."""
    if isinstance(error, Unreachable):
        return error.detail.startswith("timeout")
    return error.status in _REFUSED or (isinstance(error, BadResponse) and not error.detail.startswith("https to"))


def ignored(name: str) -> BadResponse:
    """A 200 does not mean that the service did what it was asked for."""
    return BadResponse(
        tr("The service does not tell what belongs to its sensors ({name}), though it was asked for.", name=name),
        detail=f"$expand={name} was ignored",
        status=200,
    )


def first_that_works(
    asks: Sequence[Ask],
    read: Callable[[Ask, int | None], Iterator[T]],
    say: Say,
    *,
    memory: Memory | None = None,
    purpose: str = "",
) -> Iterator[T]:
    """What ``read(ask, retries)`` gives, of the first of ``asks`` that the service answers to the end.

    One that fails on the way is followed by the next from the beginning: what comes twice is for the reader to see.
    ``memory`` has what worked last time; now and then all is tried again, as a bad moment of a service should not last.
    Raises the error of the last way.
    """
    begin = 0
    if memory:
        memory.polls += 1
        begin = memory.ways.get(purpose, 0) if memory.polls % _ANEW else 0
        begin = begin if begin < len(asks) else 0
    for number in range(begin, len(asks)):
        ask, last = asks[number], number == len(asks) - 1
        told = False
        try:
            for page in read(ask, None if last else 1 if number == begin else 0):
                if not told:
                    told = True
                    for sentence in ask.loses:
                        if memory is None or sentence not in memory.said:
                            say(sentence)
                        if memory is not None:
                            memory.said.add(sentence)
                yield page
        except TwinError as error:
            if last or not refuses(error):
                raise
        else:
            if memory:
                memory.ways[purpose] = number
            return


def read_pages(
    session: Session,
    service: Service,
    url: str,
    *,
    progress: Progress,
    say: Say,
    retries: int | None = None,
    memory: Memory | None = None,
) -> Generator[list[Any], None, None]:
    """The entities at ``url``, page by page along the next links, which are followed as they are.

    With ``memory``, pages that did not change since are left out; without, the next page is transferred while one is
    read (close the generator to end that thread). Raises `BadResponse` for pages that cannot be read whole, for links
    that lead in circles, and the errors of `Session.request`.
    """
    way = _NextLinks(session, service, say)
    seen = {url}
    empty = 0
    reply, skipped = _conditional(session, url, progress, retries, memory)
    fetcher = None if memory else Prefetcher(session, progress, JSON)
    try:
        while True:
            check(progress)
            entities: list[Any] = []
            if reply is None:
                following = skipped
            else:
                entities, href = _read(reply)
                following = way.target(reply.url, href) if href else None
                _keep(memory, url, reply, following)
            empty = 0 if entities or reply is None else empty + 1
            if following in seen or empty > _EMPTY_PAGES:
                raise BadResponse(
                    tr(
                        "The pages of {url} lead in a circle, so what it has cannot be read to the end. Tell the "
                        "people who run the service.",
                        url=scrub(url),
                    ),
                    detail=f"after {len(seen)} pages: {scrub(following or '')}",
                )
            if following is not None and fetcher is not None:
                fetcher.start(following)
            if entities:
                yield entities
            if following is None:
                return
            seen.add(following)
            url = following
            if fetcher is None:
                reply, skipped = _conditional(session, url, progress, None, memory)
            else:
                reply = way.take(fetcher, url, progress)
    finally:
        if fetcher is not None:
            fetcher.close()


def _conditional(
    session: Session, url: str, progress: Progress, retries: int | None, memory: Memory | None
) -> tuple[Reply | None, str | None]:
    """The page, or None and the next page's address where it is as it was."""
    known = memory.tags.get(url) if memory else None
    headers = {"If-None-Match": known[0]} if known else None
    reply = session.request("GET", url, headers=headers, progress=progress, retries=retries)
    if reply.status != 304 or known is None or memory is None:
        return reply, None
    memory.unchanged += 1
    return None, known[1]


def _keep(memory: Memory | None, url: str, reply: Reply, following: str | None) -> None:
    if memory is None:
        return
    tag = reply.headers.get("ETag", "")
    if tag:
        memory.tags[url] = (tag, following)
    else:
        memory.tags.pop(url, None)


class _NextLinks:
    """Next links as they come; those that lead to an address which only the service itself can reach are turned to the
    one that we came by."""

    def __init__(self, session: Session, service: Service, say: Say) -> None:
        self._session = session
        self._service = service
        self._say = say
        self._turn = False

    def target(self, base: str, href: str) -> str:
        url = self._session.resolve(base, href)
        return self._turned(url) or url if self._turn else url

    def _turned(self, url: str) -> str | None:
        """``url`` below the service's own address; None where it is there already, or nowhere below a service."""
        if self._session.is_home(url):
            return None
        mark = f"/v{self._service.version}/"
        _, found, rest = url.partition(mark)
        return f"{self._service.url}/{rest}" if found and self._service.url.endswith(mark[:-1]) else None

    def take(self, fetcher: Prefetcher, url: str, progress: Progress) -> Reply:
        try:
            return fetcher.take()
        except (Unreachable, BadResponse):
            turned = self._turned(url)
            if turned is None:
                raise
        reply = self._session.request("GET", turned, progress=progress)
        self._turn = True
        self._say(
            tr(
                "The service's links lead to {host}, which cannot be reached from here; its pages are read at its own "
                "address instead.",
                host=urlsplit(scrub(url)).netloc,
            )
        )
        return reply


def _read(reply: Reply) -> tuple[list[Any], str | None]:
    """(the entities of a page, its next link)."""
    if looks_like_html(reply) or looks_like_xml(reply):
        decode_json(reply)  # raises, with the words for it
    members: dict[str, Any] = {}
    try:
        # One at a time: other threads run in between, however large the page.
        entities = list(features(reply.text, members, "value"))
    except ValueError:
        decode_json(reply)
        raise
    if isinstance(members.get(""), list):
        entities = members[""]
    elif "value" not in members or not isinstance(members["value"], int):
        raise BadResponse(
            tr("{url} did not answer with a list, as SensorThings services do.", url=scrub(reply.url)),
            detail=f"members: {', '.join(sorted(map(str, members)))[:200]}",
            status=reply.status,
        )
    href = members.get("@iot.nextLink", members.get("@nextLink"))
    return entities, href if isinstance(href, str) and href.strip() else None


class Quiet:
    """A progress that only passes on the wish to stop, for work in several threads."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def cancelled(self) -> bool:
        return self._progress.cancelled()

    def report(self, done: int, total: int | None, text: str) -> None:
        """Told to nobody."""

    def note(self, text: str) -> None:
        """Told to nobody."""


class Crew:
    """Several threads for what needs a request for each sensor; one that fails stops no others."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._worked = False
        self.failed = 0  # how many the service failed at

    def map(self, work: Callable[[U], T], items: Sequence[U]) -> list[T | None]:
        """``work`` of each item; None for those that do not exist or that the service fails at.

        Raises the first failure where nothing ever worked, and any other error at once.
        """
        if not items:
            return []
        failures: list[TwinError] = []

        def one(item: U) -> T | None:
            check(self._progress)
            try:
                return work(item)
            except NotFound:
                return None
            except (ServerFailed, BadResponse) as error:
                failures.append(error)
                return None

        with ThreadPoolExecutor(_THREADS, thread_name_prefix="city-twin-sensors") as pool:
            results = list(pool.map(one, items))
        if len(failures) == len(items) and not self._worked:
            raise failures[0]
        self._worked = self._worked or len(failures) < len(items)
        self.failed += len(failures)
        return results
