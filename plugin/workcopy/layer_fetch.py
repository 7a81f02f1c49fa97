"""What became of one collection since: its pages compared with the file, and single features asked for."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from ..text import number, tr, trn
from ..twin.client import Twin
from ..twin.conditional import PagesSeen
from ..twin.crs import CrsChoice
from ..twin.errors import NotFound, TwinError
from ..twin.features import pages
from ..twin.model import Item
from ..twin.progress import Progress
from ..twin.writes import Writer
from . import books, parallel, reshape, settle, sql, validators
from .columns import GEOMETRY, Stored
from .connection import opened
from .copy import WorkingCopy
from .geometry import box_of
from .remote import FATAL
from .rows import RowMaker
from .source import Source
from .theirs import FetchedLayer, Theirs
from .validators import Kept
from .writer import NO_ID, layout

_SILENT = 20  # features that the twin fails to show before it is taken to be out of order
_MANY = 8  # features that are worth working out together


class LayerFetch:
    """One collection's half of the network."""

    def __init__(self, copy: WorkingCopy, twin: Twin, source: Source, progress: Progress) -> None:
        self._copy = copy
        self._twin = twin
        self._progress = progress
        self._source = source
        self._choice = CrsChoice(source.crs, source.srid, source.swap, source.has_z)
        self._collection, schema = twin.describe(twin.collection(source.collection))
        with opened(copy.path) as connection:
            present = [str(column[0]) for column in connection.execute(sql.COLUMNS, (source.table,))]
        self._shape = reshape.compare(source, schema, present)
        self._reads_all = bool(self._shape.added or self._shape.retyped)
        self._row_of = settle.rows_from(self._shape.source)
        self._maker = RowMaker(layout(source))
        self._names = source.tracked
        self._seen_rows: set[int] = set()
        self._seen_others: set[str] = set()
        self._properties: set[str] = set()
        self._changed: list[Theirs] = []
        self._tokens: list[tuple[str, str | None]] = []
        self._misfits: dict[str, int] = {}
        self._kinds: set[str] = set()  # of the geometries that came
        self._probe: str | None = None  # the id of an item that certainly is there
        self._seen = PagesSeen()
        self._way = validators.way(
            self._collection.items_url, self._choice, source.extent, twin.capabilities().item_etags
        )

    def fetch(self) -> FetchedLayer:
        notes: dict[str, None] = {}
        with opened(self._copy.path) as connection:
            self._asked = {row[1] for row in connection.execute(books.CONFLICTS, (self._source.table,))}
            before = validators.load(connection, self._source.table)
            unchanged = self._is_unchanged(connection, before)
            if before is not None and unchanged:
                absent = list(before.unlisted)
                self._probe = self._listed(connection, set(absent))
            else:
                notes.update(dict.fromkeys(self._pages(connection)))
                absent = list(self._absent(connection))
            notes.update(dict.fromkeys(self._look_for(absent)))
            gone = {theirs.twin_id for theirs in self._changed if theirs.values is None}
            unlisted = [twin_id for twin_id in absent if twin_id not in gone]
            if before is not None and unchanged:
                kept: Kept | None = replace(before, unlisted=tuple(unlisted))
            else:
                kept = validators.kept_of(self._seen, self._way, unlisted)
                notes.update(dict.fromkeys(self._distrust(connection, before, kept)))
                kept = validators.NEVER if self._distrusted else kept
        if self._misfits:
            for name, count in sorted(self._misfits.items()):
                words = tr("{name}: {n} values of the twin do not fit its own schema and are taken as empty.",
                           name=name, n=count)  # fmt: skip
                notes[words] = None
        shape = reshape.without(self._shape, self._properties) if self._shape.removed else self._shape
        methods = self._collection.methods
        shape = replace(shape, source=replace(shape.source, methods=methods, items_url=self._collection.items_url))
        if self._kinds and not self._source.has_geometry:
            words = tr("{title} has geometries now, and this file has no place for them. Check it out into a new file.",
                       title=self._source.title)  # fmt: skip
            notes[words] = None
        return FetchedLayer(
            self._source,
            shape,
            tuple(self._changed),
            tuple(self._tokens),
            tuple(notes),
            kinds=frozenset(self._kinds),
            kept=kept,
            unchanged=unchanged,
        )

    # -- whether anything changed --------------------------------------------------------------------------------------

    def _is_unchanged(self, connection: sqlite3.Connection, before: Kept | None) -> bool:
        """Whether the twin says that all is as it was when all of it was read. Not asked where a pull has more to do
        than to compare: the columns are others now, or a conflict waits that may have come to nothing."""
        if before is None or self._shape or self._asked:
            return False
        if not validators.counts(connection, self._source.table, before, self._way):
            return False
        return validators.unchanged(self._twin.session, before, self._progress)

    def _listed(self, connection: sqlite3.Connection, unlisted: set[str]) -> str | None:
        """The id of a feature that pages which did not change have."""
        identities = connection.execute(sql.all_identities(self._source.table))
        return next((name for _, name in identities if name not in unlisted and not name.startswith(NO_ID)), None)

    def _distrust(self, connection: sqlite3.Connection, before: Kept | None, now: Kept | None) -> Iterator[str]:
        """A page that shows what we published and has the validator that it had without it, is a page that lies."""
        self._distrusted = before is not None and before.distrusted
        if before is None or now is None or before.pages != now.pages or self._changed:
            return
        ours = validators.since(connection, self._source.table, before)
        known = settle.rows_by_id(connection, self._source, ours)
        if any(row.fid in self._seen_rows for row in known.values()):
            self._distrusted = True
            yield tr(
                "{title}: the twin says of pages that did change that they did not. So every pull reads all of them; "
                "tell the people who run the twin.",
                title=self._source.title,
            )

    # -- what is there -----------------------------------------------------------------------------------------------

    def _pages(self, connection: sqlite3.Connection) -> Iterator[str]:
        incoming: Any = pages(
            self._twin.session,
            self._collection,
            choice=self._choice,
            extent=self._source.extent,
            item_etags=self._twin.capabilities().item_etags,
            progress=self._progress,
            seen=self._seen,
        )
        count = 0
        with closing(incoming):
            for page in incoming:
                count += len(page.items)
                self._compare(connection, page.items)
                self._progress.report(
                    count,
                    page.matched,
                    tr("{title}: {done} features compared", title=self._source.title, done=number(count)),
                )
                yield from page.problems

    def _compare(self, connection: sqlite3.Connection, items: Sequence[Item]) -> None:
        """Sort a handful of items into those that are as we know them and those that are not."""
        table = self._source.table
        known = {item.id: item for item in items if item.id is not None}
        if not known:
            return
        self._probe = next(iter(known))
        if self._shape.removed:
            for item in items:
                self._properties.update(item.properties)
        names = list(known)
        rows = connection.execute(sql.identities(table, len(names)), names).fetchall()
        bases = connection.execute(sql.identities(sql.base_table(table), len(names)), names).fetchall()
        versions = {twin_id: version for twin_id, _, version in rows}
        self._seen_rows.update(fid for _, fid, _ in rows)
        for twin_id, _, version in bases:
            versions[twin_id] = version
            self._seen_others.add(twin_id)
        self._seen_others.update(known.keys() & self._asked)
        told = [
            item
            for twin_id, item in known.items()
            if item.token is None
            or versions.get(twin_id) != item.token
            or self._reads_all
            or twin_id in self._asked
            or twin_id not in versions
        ]
        if told:
            published = self._published(connection, [str(item.id) for item in told])
            for item in self._unlike(told, published, versions):
                twin_id = str(item.id)
                self._note(twin_id, item, item.token, published.get(twin_id), versions.get(twin_id))

    def _unlike(
        self, told: list[Item], published: dict[str, tuple[Stored, ...]], versions: dict[str, str | None]
    ) -> list[Item]:
        """Those of a handful that are not to the byte what this file knows, found by working out the rows of all at
        once; without tokens that is nearly none."""
        if len(told) < _MANY or self._shape or self._asked:
            return told
        rows = self._maker.make(told)
        columns = rows.tracked
        if rows.misfits or not columns:
            return told
        rest: list[Item] = []
        for item, row in zip(told, zip(*columns)):
            twin_id = str(item.id)
            if published.get(twin_id) != row:
                rest.append(item)
                continue
            if item.shape is not None:
                self._kinds.add(item.geometry_type)
            if item.token is not None and item.token != versions.get(twin_id):
                self._tokens.append((twin_id, item.token))
        return rest

    def _published(self, connection: sqlite3.Connection, names: list[str]) -> dict[str, tuple[Stored, ...]]:
        """The last state that the twin and this file agreed on, of those features that the file has."""
        found: dict[str, tuple[Stored, ...]] = {}
        for place in (self._source.table, sql.base_table(self._source.table)):
            rows = connection.execute(sql.rows_of(place, self._names, len(names)), names)
            found.update((row[0], row[1:]) for row in rows)
        return found

    def _note(
        self,
        twin_id: str,
        item: Item,
        token: str | None,
        published: tuple[Stored, ...] | None,
        version: str | None,
        left: bool = False,
    ) -> None:
        values, misfits = self._row_of(item)
        if item.shape is not None and GEOMETRY not in misfits:
            self._kinds.add(item.geometry_type)
        for name in misfits:
            self._misfits[name] = self._misfits.get(name, 0) + 1
        settled = published is not None and not self._reads_all and twin_id not in self._asked
        if settled and published is not None and not self._differs(published, values):
            if token is not None and token != version:
                self._tokens.append((twin_id, token))
            return
        self._changed.append(Theirs(twin_id, values, token, item.updated_by, item.updated, left))

    def _differs(self, published: tuple[Stored, ...], values: dict[str, Stored]) -> bool:
        """Whether theirs is another than what was published, the columns that the twin computes included."""
        if published == tuple(map(values.get, self._names)):
            return False  # nearly always
        return settle.moved(self._source, dict(zip(self._names, published)), values)

    # -- what is not there -------------------------------------------------------------------------------------------

    def _absent(self, connection: sqlite3.Connection) -> Iterator[str]:
        """The ids that no page had. That proves nothing yet: pages can miss items while others edit."""
        table = self._source.table
        for fid, twin_id in connection.execute(sql.all_identities(table)):
            if fid not in self._seen_rows and not twin_id.startswith(NO_ID):
                yield twin_id
        for _, twin_id in connection.execute(sql.all_identities(sql.base_table(table))):
            if twin_id.startswith(NO_ID) or twin_id in self._seen_others:
                continue
            if not settle.row_by_id(connection, self._source, twin_id):
                yield twin_id
        yield from (
            twin_id
            for twin_id in self._asked
            if twin_id not in self._seen_others and not settle.knows(connection, self._source, twin_id)
        )

    def _look_for(self, absent: Sequence[str]) -> Iterable[str]:
        """Ask for each absent feature by itself."""
        if not absent:
            return
        writer = Writer(
            self._twin.session,
            self._twin.capabilities(),
            self._collection,
            self._shape.source.schema,
            self._choice,
            progress=self._progress,
        )

        def look(twin_id: str) -> tuple[Item, str | None] | TwinError:
            try:
                return writer.get(twin_id)
            except FATAL:
                raise
            except TwinError as error:
                return error

        gone: list[str] = []
        asked = silent = 0
        with opened(self._copy.path) as connection:
            for twin_id, found in parallel.each(look, absent, self._progress):
                asked += 1
                self._progress.report(
                    asked,
                    len(absent),
                    tr(
                        "{title}: looking for {n} features that were not listed",
                        title=self._source.title,
                        n=len(absent),
                    ),
                )
                if isinstance(found, NotFound):
                    gone.append(twin_id)
                    continue
                if isinstance(found, TwinError):
                    silent += 1
                    if silent > _SILENT:
                        raise found
                    continue
                item, token = found
                row = settle.base_of(connection, self._source, twin_id)
                row = row or settle.row_by_id(connection, self._source, twin_id)
                published = tuple(row.values.values()) if row else None
                self._note(twin_id, item, token, published, row.version if row else None, self._is_outside(item))
        if silent:
            yield trn(
                "{title}: the twin did not answer about {n} feature that was not listed. It stays as it is here.",
                "{title}: the twin did not answer about {n} features that were not listed. They stay as they are here.",
                silent,
                title=self._source.title,
            )
        if gone and self._probe is not None and isinstance(look(self._probe), TwinError):
            # a twin that does not find what it has just listed cannot tell what is gone
            yield tr(
                "{title}: the twin lists features that it then does not find, so what was deleted cannot be told.",
                title=self._source.title,
            )
            return
        self._changed.extend(Theirs(twin_id, None, None, None, None) for twin_id in gone)

    def _is_outside(self, item: Item) -> bool:
        extent = self._source.extent
        if extent is None:
            return False
        values, _ = self._row_of(item)
        blob = values.get(GEOMETRY)
        box = box_of(blob) if isinstance(blob, bytes) else None
        return box is not None and (
            box[0] > extent[2] or box[2] < extent[0] or box[1] > extent[3] or box[3] < extent[1]
        )
