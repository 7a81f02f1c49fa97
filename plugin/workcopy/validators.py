"""Whether the twin still has what it sent, asked page by page instead of read: one row of ``twin_pages`` a table.

What is kept belongs to what the file and the twin agreed on when all pages were read last, and counts only while
nothing else was agreed on: whatever the publish journal has of the table since, makes the next pull read all.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import astuple, dataclass
from typing import Any

from ..twin.conditional import PageMark, PagesSeen, is_as_many, is_same
from ..twin.crs import CrsChoice
from ..twin.errors import TwinError
from ..twin.model import Extent
from ..twin.progress import Progress
from ..twin.session import Session
from . import books, parallel
from .remote import FATAL


@dataclass(frozen=True)
class Kept:
    """The marks of a table's pages. ``unlisted``: ids of features that no page had and that are there nevertheless.

    ``distrusted``: once the twin said that a page had not changed which had. It is not asked again.
    """

    way: str = ""
    pages: tuple[PageMark, ...] = ()
    matched: int | None = None
    unlisted: tuple[str, ...] = ()
    journal: int = 0  # the last entry of the publish journal of this table
    distrusted: bool = False


NEVER = Kept(distrusted=True)


def way(items_url: str, choice: CrsChoice, extent: Extent | None, item_etags: bool) -> str:
    """How pages are asked for: another way, and they are other pages."""
    return json.dumps([items_url, choice.uri, choice.swap, extent, item_etags])


def kept_of(seen: PagesSeen, way: str, unlisted: Sequence[str] = ()) -> Kept | None:
    """What a read that ended whole leaves to be kept; None where the twin gave too little."""
    return Kept(way, seen.marks, seen.matched, tuple(unlisted)) if seen.marks else None


def load(connection: sqlite3.Connection, table: str) -> Kept | None:
    row = connection.execute(books.PAGES_OF, (table,)).fetchone()
    if row is None:
        return None
    pages = tuple(PageMark(*mark) for mark in json.loads(row[1]))
    return Kept(row[0], pages, row[2], tuple(json.loads(row[3])), row[4], bool(row[5]))


def save(connection: sqlite3.Connection, table: str, kept: Kept | None) -> None:
    """Keep it, and forget what was kept before. The caller holds the transaction in which the file came to agree."""
    journal, open_ends = connection.execute(books.JOURNAL_OF, (table,)).fetchone()
    if kept is None or (open_ends and not kept.distrusted):
        # what was sent and may have arrived may be in the pages already
        connection.execute(books.DROP_PAGES, (table,))
        return
    pages = json.dumps([astuple(mark) for mark in kept.pages])
    unlisted = json.dumps(kept.unlisted)
    values = (table, kept.way, pages, kept.matched, unlisted, journal, int(kept.distrusted))
    connection.execute(books.PUT_PAGES, values)


def counts(connection: sqlite3.Connection, table: str, kept: Kept | None, way: str) -> bool:
    """Whether ``kept`` still belongs to what the file and the twin agreed on last."""
    if kept is None or not kept.pages or kept.distrusted or kept.way != way:
        return False
    return tuple(connection.execute(books.JOURNAL_OF, (table,)).fetchone()) == (kept.journal, 0)


def unchanged(session: Session, kept: Kept, progress: Progress) -> bool:
    """Whether the twin says of every page that it is as it was. The last is asked first, and alone: what is new comes
    there, and a twin that does not know such requests is not asked many. Raises `Cancelled` and what is `FATAL`."""

    def same(mark: PageMark | None) -> bool:
        if mark is None:
            return is_as_many(session, kept.pages[0], kept.matched or 0, progress)
        return is_same(session, mark, progress)

    *others, last = kept.pages
    asked: list[PageMark | None] = [*others, *([] if kept.matched is None else [None])]
    try:
        if not same(last):
            return False
        answers: Any = parallel.each(same, asked, progress)
        with closing(answers):
            return all(answer for _, answer in answers)
    except FATAL:
        raise
    except TwinError:
        return False  # reading all of them tells what is the matter


def since(connection: sqlite3.Connection, table: str, kept: Kept) -> list[str]:
    """The ids of features that were published once since ``kept`` was."""
    return [row[0] for row in connection.execute(books.PUBLISHED_SINCE, (table, kept.journal)) if row[0]]
