"""One page: its items, and whether what came is what was asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..text import tr, trn
from .crs import CRS84, CrsChoice, crs_key, same_place
from .errors import BadResponse, Unsupported
from .items import first_position, is_outside, parse_item
from .model import Extent, Item
from .pagetext import next_of, with_geometry_texts
from .progress import Progress, check
from .replies import Reply, looks_like_html, looks_like_xml, scrub, server_words

BATCH = 100  # items handed out at a time: few enough to stay in the processor's cache (1,000 take twice as long)


def page_text(reply: Reply, number: int) -> str:
    if looks_like_html(reply) or looks_like_xml(reply):
        words = server_words(reply)
        raise BadResponse(
            tr(
                "Page {number} of the features is a web page or XML instead of GeoJSON: “{words}”. Try again, or tell "
                "the people who run the twin.",
                number=number,
                words=words,
            ),
            detail=f"{scrub(reply.url)}: {reply.content_type}",
            status=reply.status,
        )
    try:
        return reply.text
    except UnicodeDecodeError as error:
        raise _unreadable(reply, number, error) from error


def _unreadable(reply: Reply, number: int, error: Exception) -> BadResponse:
    return BadResponse(
        tr(
            "Page {number} of the features cannot be read: its GeoJSON is malformed or cut off. Nothing of it was "
            "taken; try again, or tell the people who run the twin.",
            number=number,
        ),
        detail=f"{scrub(reply.url)}: {type(error).__name__}: {error}; {len(reply.content)} bytes, {reply.content_type}",
        status=reply.status,
    )


@dataclass(frozen=True)
class PageRead:
    """What a page says besides its items."""

    next: str | None  # as it is written
    matched: int | None  # numberMatched
    received: int  # features, also those that were left out
    problems: list[str]
    rows: Any = None  # its items as whoever read it elsewhere made them


class PageReader:
    """Reads one page: its items, and everything about them that the user should know."""

    def __init__(
        self,
        reply: Reply,
        number: int,
        choice: CrsChoice,
        box: Extent | None,
        item_etags: bool,
        ids: set[str] | None,
        progress: Progress,
    ) -> None:
        self.problems: list[str] = []
        self.received = 0
        self.matched: int | None = None
        self.next: str | None = None
        self._reply = reply
        self._number = number
        self._choice = choice
        self._box = box
        self._item_etags = item_etags
        self._ids = ids
        self._progress = progress

    def read(self, text: str) -> Iterator[tuple[Item, ...]]:
        """The page's items in handfuls; ``next``, ``matched`` and ``problems`` are whole after the last."""
        _check_crs(self._reply, self._choice, self.problems)
        members: dict[str, Any] = {}
        items: list[Item] = []
        ids, box, item_etags = self._ids, self._box, self._item_etags
        repeated = outside = nameless = odd = 0
        try:
            for feature in with_geometry_texts(text, members):
                self.received += 1
                if not isinstance(feature, dict) or feature.get("type", "Feature") != "Feature":
                    _check_kind(feature)
                    odd += 1
                    continue
                item = parse_item(feature, item_etags=item_etags)
                if item.id is None:
                    nameless += 1
                elif ids is None:
                    pass
                elif item.id in ids:
                    repeated += 1
                    continue
                else:
                    ids.add(item.id)
                if box is not None and item.shape is not None and is_outside(item.shape, box):
                    outside += 1
                    continue
                items.append(item)
                if len(items) >= BATCH:
                    check(self._progress)
                    if self.received <= BATCH:
                        _check_numbers(items, self._reply, self._choice)
                    yield tuple(items)
                    items.clear()
        except ValueError as error:
            raise _unreadable(self._reply, self._number, error) from error
        self._members(members)
        _check_numbers(items, self._reply, self._choice)
        self._tell(repeated, outside, nameless, odd)
        if items:
            yield tuple(items)

    def _members(self, members: Mapping[str, Any]) -> None:
        _check_kind(members)
        if not isinstance(members.get("features"), int) and members.get("features", ...) is not None:
            raise BadResponse(
                tr(
                    "Page {number} of the features is not a list of features. The address may lead to something else "
                    "than the items of a collection.",
                    number=self._number,
                ),
                detail=f"{scrub(self._reply.url)}: members {', '.join(sorted(map(str, members)))[:200]}",
                status=self._reply.status,
            )
        self.next = next_of(members.get("links"))
        self.matched = _whole(members.get("numberMatched"))
        returned = _whole(members.get("numberReturned"))
        if returned is not None and returned != self.received:
            self.problems.append(
                tr(
                    "Page {number} says that it holds {returned} features, but {received} came.",
                    number=self._number,
                    returned=returned,
                    received=self.received,
                )
            )

    def _tell(self, repeated: int, outside: int, nameless: int, odd: int) -> None:
        tell = self.problems.append
        if repeated:
            tell(
                trn(
                    "{n} feature came with an id that was there already; only the first of each is kept.",
                    "{n} features came with an id that was there already; only the first of each is kept.",
                    repeated,
                )
            )
        if outside:
            tell(
                trn(
                    "The twin did not keep to the extent: {n} feature outside it was left out.",
                    "The twin did not keep to the extent: {n} features outside it were left out.",
                    outside,
                )
            )
        if nameless:
            tell(
                trn(
                    "{n} feature has no id: it can be looked at, but changes to it cannot be published.",
                    "{n} features have no id: they can be looked at, but changes to them cannot be published.",
                    nameless,
                )
            )
        if odd:
            tell(
                trn(
                    "{n} entry was no GeoJSON feature and was left out.",
                    "{n} entries were no GeoJSON features and were left out.",
                    odd,
                )
            )


def _check_kind(document: Any) -> None:
    """Raise for CityJSON, which 3D twins serve where GeoJSON is expected."""
    if isinstance(document, dict) and (
        str(document.get("type", "")).startswith("CityJSON")
        or "CityObjects" in document
        or "CityObjects" in document.get("feature", ())
    ):
        raise Unsupported(
            tr(
                "The items of this collection are CityJSON, not GeoJSON, so they cannot be checked out as a layer "
                "yet. Look whether the twin offers the same buildings as another collection."
            ),
            detail=f"type {document.get('type')!r}",
        )


def content_crs(reply: Reply) -> str:
    return reply.headers.get("Content-Crs", "").strip().lstrip("<").partition(">")[0].strip()


def content_crs_fits(reply: Reply, choice: CrsChoice) -> bool:
    """Whether an answer's coordinates are in the CRS of ``choice``, as far as the answer tells."""
    told = content_crs(reply)
    return not told or same_place(told, choice.uri or CRS84) or (choice.uri is None and crs_key(told) == "EPSG:4326")


def _check_crs(reply: Reply, choice: CrsChoice, problems: list[str]) -> None:
    """A page in another CRS than the one asked for would put every feature in the wrong place."""
    told = content_crs(reply)
    wanted = choice.uri or CRS84
    if choice.unlike_declared:
        problems.append(
            tr(
                "The twin sends east before north, although {crs} has them the other way round. The features are read "
                "and written as they come; tell the people who run the twin.",
                crs=crs_key(wanted),
            )
        )
    if not told or same_place(told, wanted):
        return
    if choice.uri is None and crs_key(told) == "EPSG:4326":
        problems.append(tr("The twin calls its coordinates EPSG:4326; they are read as longitude, latitude."))
        return
    raise _other_crs(reply, wanted, told)


def _check_numbers(items: list[Item], reply: Reply, choice: CrsChoice) -> None:
    """Where the twin does not say which CRS it used: metres that are all degrees give it away."""
    if choice.uri is None or choice.is_geographic or content_crs(reply):
        return
    positions = [p for p in (first_position(i.geometry) for i in items[:50]) if p is not None]
    if positions and all(abs(x) <= 180 and abs(y) <= 180 for x, y in positions):
        raise _other_crs(reply, choice.uri, tr("degrees"))


def _other_crs(reply: Reply, wanted: str, told: str) -> BadResponse:
    return BadResponse(
        tr(
            "The twin was asked for coordinates in {wanted}, but sends {told}. Nothing was taken, because every "
            "feature would lie in the wrong place; tell the people who run the twin.",
            wanted=crs_key(wanted),
            told=crs_key(told),
        ),
        detail=scrub(reply.url),
        status=reply.status,
    )


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
