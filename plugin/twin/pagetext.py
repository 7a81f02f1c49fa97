"""A page of GeoJSON as text: its features one at a time, its other members, and an early guess at its next link.

Decoding feature by feature lets other threads run in between (one `json.loads` of a 49 MB page holds Python for 1.7 s)
and needs no second copy of the page as Python objects.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Any

from .model import GeometryText

_SPACE = re.compile(r"[ \t\r\n]*")
_LINKS = '"links"'
_NUMBER = '"numberMatched"'
_MATCHED = re.compile(_NUMBER + r"\s*:\s*(\d{1,15})\b")
_FEATURES = '"features"'


def _no_constant(_name: str) -> None:
    """``NaN`` and ``Infinity``, which JSON does not have, are no value."""
    return None


_decoder = json.JSONDecoder(parse_constant=_no_constant)


def _decode(text: str, at: int) -> tuple[Any, int]:
    try:
        return _decoder.raw_decode(text, at)
    except RecursionError as error:
        raise json.JSONDecodeError("nested too deeply", text, at) from error


_TYPE = r'"type"\s*:\s*"(\w{5,15})"'
_COORDINATES = r'"coordinates"\s*:\s*(\[[][0-9.eE+\-,\s]*\])'
_GEOMETRY, _TURNED = (
    re.compile(rf'"geometry"\s*:\s*\{{\s*{one}\s*,\s*{other}\s*\}}', re.ASCII)
    for one, other in ((_TYPE, _COORDINATES), (_COORDINATES, _TYPE))
)
_MARK = f"geometry:{secrets.token_hex(8)}"  # no page can hold what is made anew in every process
_MARKED = f'"geometry":"{_MARK}"'


def with_geometry_texts(text: str, members: dict[str, Any], array: str = "features", member: str = "") -> Iterator[Any]:
    """`features`, but the geometry of each that is written plainly is a `GeometryText`. ``member``: of an element that
    is no feature itself, the one that holds it.

    To read coordinates into lists of lists takes two thirds of the time of reading a page, and most of its memory.
    The pages are read without them: they are cut out before, and put back where they were.
    """
    turned = _GEOMETRY.search(text) is None  # one program writes all of a page
    pieces: list[str] = []
    # two lists of text, not one of pairs: the garbage collector would look at those again and again
    first: list[str] = []
    second: list[str] = []
    last = 0
    for match in (_TURNED if turned else _GEOMETRY).finditer(text):
        start, end = match.span()
        pieces.append(text[last:start])
        last = end
        one, other = match.groups()
        first.append(one)
        second.append(other)
    if not pieces:
        yield from features(text, members, array)
        return
    pieces.append(text[last:])
    rest = _MARKED.join(pieces)
    del pieces
    cut = map(GeometryText, second, first) if turned else map(GeometryText, first, second)
    before: list[GeometryText] | None = None  # in the page's members that come before its features
    span = [0, 0]
    count, has = rest.count, _MARKED
    for element in features(rest, members, array, span=span):
        start, end = span
        if before is None:
            before = list(islice(cut, count(has, 0, start)))
        marks = count(has, start, end)
        holder = element.get(member) if member and type(element) is dict else element
        if marks == 1 and type(holder) is dict and holder.get("geometry") == _MARK:
            holder["geometry"] = next(cut)
        elif marks:
            _restore(element, islice(cut, marks), top=not member)
        yield element
    _restore(members, chain(before or (), cut))


def _restore(node: Any, cut: Iterator[GeometryText], *, top: bool = False) -> None:
    """Put back into ``node`` what was cut out of it, in its order; deeper than a feature's own geometry, decoded."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "geometry" and value == _MARK:
                geometry = next(cut)
                node[name] = geometry if top else geometry.decoded()
            else:
                _restore(value, cut)
    elif isinstance(node, list):
        for value in node:
            _restore(value, cut)


def features(
    text: str, members: dict[str, Any], array: str = "features", *, span: list[int] | None = None
) -> Iterator[Any]:
    """Each element of the top-level ``array``, in order; the other top-level members go into ``members``.

    ``members`` is complete when the iteration ends; ``members[array]`` is then the number of elements, or whatever
    else the page had there. ``span`` is told where in ``text`` each element was. Any valid JSON layout is read. Raises
    ValueError for malformed or cut-off text, and leaves ``members`` without ``array`` where there is no such array; a
    top level that is no object lands in ``members[""]``.
    """
    skip = _SPACE.match
    at = _end(skip, text, 0)
    if text[at : at + 1] != "{":
        members[""], at = _decode(text, at)
        _nothing_after(text, at)
        return
    at = _end(skip, text, at + 1)
    if text[at : at + 1] == "}":
        _nothing_after(text, at + 1)
        return
    while True:
        if text[at : at + 1] != '"':
            raise json.JSONDecodeError("a member's name is missing", text, at)
        name, at = _decode(text, at)
        at = _end(skip, text, at)
        if text[at : at + 1] != ":":
            raise json.JSONDecodeError("':' is missing", text, at)
        at = _end(skip, text, at + 1)
        if name == array and text[at : at + 1] == "[":
            count = 0
            at = _end(skip, text, at + 1)
            if text[at : at + 1] == "]":
                at += 1
            else:
                while True:
                    begin = at
                    element, at = _decode(text, at)
                    count += 1
                    if span is not None:
                        span[:] = begin, at
                    yield element
                    if text.startswith(",{", at):  # nearly always
                        at += 1
                        continue
                    at = _end(skip, text, at)
                    mark = text[at : at + 1]
                    if mark == ",":
                        at = _end(skip, text, at + 1)
                    elif mark == "]":
                        at += 1
                        break
                    else:
                        raise json.JSONDecodeError("',' or ']' is missing", text, at)
            members[array] = count
        else:
            members[name], at = _decode(text, at)
        at = _end(skip, text, at)
        mark = text[at : at + 1]
        if mark == "}":
            _nothing_after(text, at + 1)
            return
        if mark != ",":
            raise json.JSONDecodeError("',' or '}' is missing", text, at)
        at = _end(skip, text, at + 1)


def _end(skip: Callable[[str, int], re.Match[str] | None], text: str, at: int) -> int:
    match = skip(text, at)
    return match.end() if match else at


def _nothing_after(text: str, at: int) -> None:
    end = _end(_SPACE.match, text, at)
    if end != len(text):
        raise json.JSONDecodeError("something follows the page", text, end)


def guess_next(text: str) -> str | None:
    """The next link, found before the page is decoded; None where it is not seen at once.

    A guess: the last (or, before the features, the first) ``"links"`` may belong to a feature. It only tells what to
    fetch early; the decoded page has the last word.
    """
    begin = text.find(_FEATURES, 0, 100_000)
    for last in (False, True):
        # the second look goes through all of a page, from its end: not where the first has found something
        found = text.rfind(_LINKS) if last else text.find(_LINKS, 0, begin) if begin > 0 else -1
        if found < 0:
            continue
        at = _end(_SPACE.match, text, found + len(_LINKS))
        if text[at : at + 1] != ":":
            continue
        try:
            links, _ = _decode(text, _end(_SPACE.match, text, at + 1))
        except ValueError:
            continue
        href = next_of(links)
        if href:
            return href
    return None


def guess_matched(text: str) -> int | None:
    """``numberMatched`` before the page is decoded, for the progress bar; None where it is not seen at once."""
    found = text.find(_NUMBER, 0, 100_000)
    match = _MATCHED.match(text, found if found >= 0 else max(text.rfind(_NUMBER, -100_000), 0))
    return int(match.group(1)) if match else None


def next_of(links: Any) -> str | None:
    """The address in the link with ``rel=next``, the GeoJSON one where there are several, as it is written."""
    found = [
        one
        for one in (links if isinstance(links, list) else [])
        if isinstance(one, dict) and one.get("rel") == "next" and isinstance(one.get("href"), str) and one["href"]
    ]
    for one in found:
        if "geo+json" in str(one.get("type", "")):
            return str(one["href"])
    for one in found:
        if "html" not in str(one.get("type", "")):
            return str(one["href"])
    return None
