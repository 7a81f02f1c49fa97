"""Checkout: collections of a twin into a new working copy."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from itertools import chain
from pathlib import Path
from typing import Any

from ..text import number, tr
from ..twin.client import Twin
from ..twin.conditional import PagesSeen
from ..twin.crs import CrsChoice, transform_extent
from ..twin.features import pages
from ..twin.model import Capabilities, Collection, Extent, Item, Page, Schema
from ..twin.progress import SILENT, Progress, check
from ..twin.schema import infer, merge_inferred
from . import snapshot, tables, validators
from .columns import columns_of, free_name
from .connection import connect
from .copy import WorkingCopy, is_working_copy
from .elsewhere import Processes, processes
from .errors import FileExists, WorkingCopyError, told_plainly
from .part import part_file, seal
from .source import Source
from .writer import LayerWriter, layout

_REPORT_EVERY = 0.1  # seconds
_LOOK_AT = 1000  # features that tell what a schema leaves out

Carry = Callable[[Path, Path, Progress], Sequence[str]]


@dataclass(frozen=True)
class LayerReport:
    """What became of one collection."""

    table: str
    collection: str
    title: str
    count: int
    seconds: float
    problems: tuple[str, ...] = ()
    snapshot: str = ""  # gpkg or fgb, where it came as the twin's own file


@dataclass(frozen=True)
class CheckoutReport:
    """What a checkout brought."""

    path: Path
    layers: tuple[LayerReport, ...]
    notes: tuple[str, ...] = ()  # about what was in the file that it replaced

    @property
    def feature_count(self) -> int:
        return sum(layer.count for layer in self.layers)

    @property
    def problems(self) -> tuple[str, ...]:
        """Every layer's problems, each with the layer's title before it, and the notes."""
        found = tuple(f"{layer.title}: {problem}" for layer in self.layers for problem in layer.problems)
        return (*found, *self.notes)


def checkout(
    twin: Twin,
    collection_ids: Sequence[str],
    path: Path,
    *,
    extent: Extent | None = None,
    extent_srid: int = 4326,
    progress: Progress = SILENT,
    replace_file: bool = False,
    carry: Carry | None = None,
    snapshots: bool = True,
    python: str | None = None,
) -> CheckoutReport:
    """Bring collections into a new working copy at ``path``; whole, or not at all.

    ``extent`` (east/north, in ``extent_srid``) limits what comes. An existing file is replaced only with
    ``replace_file``, and never one with unpublished changes; ``carry`` brings over what else in it is to last, from the
    old file (first) into the new one, and tells it. ``snapshots``: the twin's own files of whole collections are used,
    where it has some and they hold what its pages do (`snapshot`). ``python``: an interpreter, for processes that read
    the pages of large collections (`elsewhere`). Raises any `CityTwinError`.
    """
    path = Path(path)
    if not collection_ids:
        raise WorkingCopyError(tr("Choose at least one collection to check out."))
    _refuse_to_lose(path, replace_file)
    wanted = list(dict.fromkeys(collection_ids))
    distrusted: dict[str, str] = {} if snapshots else dict.fromkeys(wanted, "")
    while True:
        with part_file(path) as part:
            run = _Checkout(twin, part, progress, distrusted, python)
            try:
                reports = [run.collection(name, extent, extent_srid) for name in wanted]
            except snapshot.Refused as refused:
                distrusted[refused.collection] = refused.words  # begun anew, with the pages of this one
                continue
            run.close()
            check(progress)
            notes = tuple(carry(path, part, progress)) if carry is not None and path.exists() else ()
            seal(part, path)
        return CheckoutReport(path, tuple(reports), notes)


def _refuse_to_lose(path: Path, replace_file: bool) -> None:
    if not path.exists():
        return
    if not replace_file:
        raise FileExists(tr("{file} exists already. Choose another name.", file=path.name))
    if not is_working_copy(path):
        raise FileExists(
            tr("{file} exists and is no working copy, so it is not replaced. Choose another name.", file=path.name)
        )
    copy = WorkingCopy.open(path)
    if copy.problems or copy.has_changes():
        raise FileExists(
            tr(
                "{file} holds edits that were never published, so it is not replaced. Publish or discard them first, "
                "or choose another name.",
                file=path.name,
            )
        )


class _Checkout:
    def __init__(
        self, twin: Twin, part: Path, progress: Progress, distrusted: Mapping[str, str], python: str | None
    ) -> None:
        self._twin = twin
        self._python = python
        self._distrusted = distrusted
        self._part = part
        self._progress = progress
        self._capabilities = twin.capabilities()
        self._tables: list[str] = []
        self._now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

    def close(self) -> None:
        """Put the file into the state in which QGIS expects it."""
        with told_plainly(self._part):
            connection = connect(self._part, write=True)
            try:
                connection.execute("PRAGMA optimize")
            finally:
                connection.close()

    def collection(self, name: str, extent: Extent | None, extent_srid: int) -> LayerReport:
        started = time.monotonic()
        check(self._progress)
        collection, schema = self._twin.describe(self._twin.collection(name))
        choice = self._twin.choice(collection)
        box = transform_extent(extent, extent_srid, choice.srid) if extent else None
        total = self._twin.count(collection, extent=box, choice=choice) if box else collection.count
        source: Source | None = None
        writer: LayerWriter | None = None
        connection: Any = None
        problems: dict[str, None] = {}
        found = self._snapshot(collection, schema, choice, box, problems)
        if found is not None:
            with found:
                report = self._from_snapshot(found, schema, choice, problems, started)
                if report is not None:
                    return report
        last = 0.0
        try:
            seen = PagesSeen()
            others = self._elsewhere(choice, total)
            with (
                contextlib.closing(others),
                contextlib.closing(self._pages(collection, choice, box, seen, others)) as incoming,
            ):
                first = list(_first(incoming))
                looked_at = [item for page in first for item in page.items]
                for page in chain(first, incoming):
                    problems.update(dict.fromkeys(page.problems))
                    if writer is None:
                        source = self._source(
                            collection, merge_inferred(schema, infer(looked_at)), choice, box, looked_at
                        )
                        connection = self._create(source)
                        writer = LayerWriter(connection, source)
                        others.start(layout(source))
                    total = page.matched if page.matched is not None else total
                    with told_plainly(self._part):
                        writer.write(page.items)
                        if page.rows is not None:
                            writer.put(page.rows)
                    check(self._progress)
                    if time.monotonic() - last > _REPORT_EVERY:
                        last = time.monotonic()
                        self._tell(collection.title, writer.count, total, last - started)
            if writer is None:
                source = self._source(collection, schema, choice, box, ())
                connection = self._create(source)
                writer = LayerWriter(connection, source)
            with told_plainly(self._part):
                source, said = writer.finish()
                way = validators.way(collection.items_url, choice, box, self._capabilities.item_etags)
                validators.save(connection, source.table, validators.kept_of(seen, way))
        finally:
            if connection is not None:
                connection.close()
        problems.update(dict.fromkeys(said))
        seconds = time.monotonic() - started
        self._tell(collection.title, writer.count, writer.count, seconds)
        return LayerReport(source.table, collection.id, collection.title, writer.count, seconds, tuple(problems))

    def _snapshot(
        self, collection: Collection, schema: Schema, choice: CrsChoice, box: Extent | None, problems: dict[str, None]
    ) -> snapshot.Snapshot | None:
        """The twin's own file of the collection. Of an extent the pages are read: they bring only what is in it."""
        refused = self._distrusted.get(collection.id)
        if refused:
            problems[snapshot.not_used(refused)] = None
        if refused is not None or box is not None:
            return None
        return snapshot.bring(self._twin, collection, schema, choice, self._part, self._progress, problems)

    def _from_snapshot(
        self,
        found: snapshot.Snapshot,
        schema: Schema,
        choice: CrsChoice,
        problems: dict[str, None],
        started: float,
    ) -> LayerReport | None:
        """Fill the collection's table from its file; None, with nothing done, where the file lacks something."""
        collection = found.collection
        sample = Page(tuple(found.sample), None, 0)
        source = self._source(collection, merge_inferred(schema, infer(sample.items)), choice, None, sample.items)
        lack = found.lacks(source)
        if lack:
            problems[snapshot.not_used(lack)] = None
            return None
        if found.moment is not None:
            source = replace(
                source, pulled=min(self._now, f"{found.moment.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%SZ}")
            )
        last = started

        def tell(count: int) -> None:
            nonlocal last
            check(self._progress)
            if time.monotonic() - last > _REPORT_EVERY:
                last = time.monotonic()
                self._tell(collection.title, count, collection.count, last - started)

        connection = self._create(source)
        try:
            with told_plainly(self._part):
                writer = found.fill(connection, source, self._capabilities.item_etags, tell)
                source, said = writer.finish()
                found.proved(connection, source)
        finally:
            connection.close()
        problems.update(dict.fromkeys((*said, *found.notes)))
        seconds = time.monotonic() - started
        self._tell(collection.title, writer.count, writer.count, seconds)
        return LayerReport(
            source.table,
            collection.id,
            collection.title,
            writer.count,
            seconds,
            tuple(problems),
            found.arrived.offer.kind,
        )

    def _elsewhere(self, choice: CrsChoice, total: int | None) -> Processes:
        python = self._python or ""
        return Processes(python, processes(python, total), choice, self._capabilities.item_etags)

    def _pages(
        self, collection: Collection, choice: CrsChoice, box: Extent | None, seen: PagesSeen, others: Processes
    ) -> Any:
        return pages(
            self._twin.session,
            collection,
            choice=choice,
            extent=box,
            item_etags=self._capabilities.item_etags,
            repeats=True,
            progress=self._progress,
            seen=seen,
            elsewhere=others,
        )

    def _tell(self, title: str, done: int, total: int | None, seconds: float) -> None:
        rate = round(done / seconds) if seconds > 0 else 0
        if total is None:
            text = tr("{title}: {done} features, {rate} per second", title=title, done=number(done), rate=number(rate))
        else:
            text = tr(
                "{title}: {done} of {total} features, {rate} per second",
                title=title,
                done=number(done),
                total=number(total),
                rate=number(rate),
            )
        self._progress.report(done, total, text)

    def _create(self, source: Source) -> Any:
        tables.create(
            self._part,
            source.table,
            source.columns,
            source.geometry_type,
            source.has_z,
            source.srid,
            source.description,
        )
        connection = connect(self._part, write=True)
        with told_plainly(self._part):
            # nobody else sees this file, and it is thrown away whole if anything fails
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA cache_size = -16384")
            if not self._tables:
                tables.create_books(connection, self._now, "City Twin Workbench")
        self._tables.append(source.table)
        return connection

    def _source(
        self, collection: Collection, schema: Schema, choice: CrsChoice, box: Extent | None, items: Sequence[Item]
    ) -> Source:
        geometry_type, has_z = _geometry_of(schema, items)
        return Source(
            table=free_name(_not_reserved(collection.id), self._tables),
            collection=collection.id,
            title=collection.title,
            description=collection.description,
            url=self._capabilities.url,
            items_url=collection.items_url,
            crs=choice.uri,
            srid=choice.srid,
            swap=choice.swap,
            geometry_type=geometry_type,
            has_z=has_z,
            served_types=(),
            extent=box,
            schema=replace(schema, raw={}),
            columns=columns_of(schema),
            methods=collection.methods,
            capabilities=_kept(self._capabilities),
            licence=collection.licence,
            attribution=collection.attribution,
            checked_out=self._now,
            pulled=self._now,
        )


def _not_reserved(name: str) -> str:
    low = name.lower()
    return f"c_{name}" if low.startswith(("gpkg_", "rtree_", "sqlite_")) or low == "layer_styles" else name


def _kept(capabilities: Capabilities) -> dict[str, Any]:
    return {
        "title": capabilities.title,
        "tier": capabilities.tier,
        "locking": capabilities.locking,
        "item_etags": capabilities.item_etags,
        "create_with_id": capabilities.create_with_id,
        "delete_if_match": capabilities.delete_if_match,
    }


def _first(pages: Iterator[Page]) -> Iterator[Page]:
    """The pages with the first `_LOOK_AT` features."""
    seen = 0
    while seen < _LOOK_AT:
        page = next(pages, None)
        if page is None:
            return
        seen += len(page.items)
        yield page


def _geometry_of(schema: Schema, items: Sequence[Item]) -> tuple[str, bool]:
    """The table's geometry type and whether it has heights: as declared, else as the first features show."""
    geometries = [item.geometry for item in items if item.geometry]
    has_z = schema.has_z or any(_first_position(g) > 2 for g in geometries[:100])
    if schema.geometry_type and not (schema.geometry_type == "none" and geometries):
        return schema.geometry_type, has_z
    if not geometries:
        # features, none with a geometry, under a schema that names none: a plain table
        return ("none" if items else ""), has_z
    kinds = {str(g["type"]) for g in geometries}
    plain = {kind.replace("Multi", "") for kind in kinds}
    if len(plain) > 1:
        return "", has_z
    kind = plain.pop()
    if kind == "GeometryCollection" or (kind == "Point" and kinds == {"Point"}):
        return kind, has_z
    return f"Multi{kind}", has_z


def _first_position(geometry: Any) -> int:
    node = geometry.get("coordinates")
    while isinstance(node, list) and node and isinstance(node[0], list):
        node = node[0]
    return len(node) if isinstance(node, list) else 0
