"""A checkout from the twin's own file of a collection, where it offers one: ten times as quick as from its pages.

The file is believed only as far as it can be proved: type, CRS, columns, count, and some items that are read as pages
have them. Where anything is off, the user is told and the pages are read as ever.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from ..text import number, tr
from ..twin import snapshots
from ..twin.client import Twin
from ..twin.crs import CrsChoice, same_place
from ..twin.errors import TwinError
from ..twin.features import LIMIT
from ..twin.model import Collection, Item, Schema
from ..twin.progress import Progress
from . import sql
from .columns import GEOMETRY, row_of, same
from .errors import told_plainly
from .geometry import BadGeometry, Box, box_of, encode, precision
from .geometry import same as same_geometry
from .part import snapshot_of
from .snapshot_fgb import FlatGeobuf
from .snapshot_gpkg import GeoPackage, Tell
from .snapshot_pages import FlatGeobufPages
from .snapshot_writer import SnapshotWriter, json_values
from .source import Source

LEAST = LIMIT  # features: what fits into one page is read as one
_FEWER = 0.9  # of the features that the collection counts: an older file may have less, and that is told


class Refused(Exception):
    """The file turned out not to be what the pages are; ``words`` tell the user why."""

    def __init__(self, collection: str, words: str, detail: str = "") -> None:
        super().__init__(f"{collection}: {words} {detail}")
        self.collection = collection
        self.words = words


@dataclass
class Snapshot:
    """A file of a collection that is here and looks right. Gone when it is closed."""

    arrived: snapshots.Arrived
    collection: Collection
    reader: FlatGeobuf | FlatGeobufPages | GeoPackage
    sample: Sequence[Item]
    notes: list[str] = field(default_factory=list)

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.reader.close()
        with suppress(OSError):
            self.arrived.path.unlink(missing_ok=True)

    @property
    def moment(self) -> datetime | None:
        """When the collection was as the file has it, where that is not now."""
        return None if self.arrived.is_current else self.arrived.moment

    def lacks(self, source: Source) -> str:
        """Why it cannot fill ``source``; empty where it can."""
        names = {column.name for column in self.reader.columns}
        missing = [column.property for column in source.columns if column.property not in names]
        if self.arrived.offer.id_column not in names:
            return tr("it does not have the ids of the features")
        if missing:
            return tr("it lacks the columns {names}", names=", ".join(missing[:5]))
        told = self.reader.crs
        if source.has_geometry and (told is None or not same_place(f"{told[0]}:{told[1]}", f"EPSG:{source.srid}")):
            return tr("its coordinates are not in EPSG:{srid}", srid=source.srid)
        return ""

    def fill(self, connection: sqlite3.Connection, source: Source, tokens: bool, tell: Tell) -> SnapshotWriter:
        """Write everything into the empty table of ``source``; `SnapshotWriter.finish` is the caller's.

        Raises `Refused`, with the table half full, what ``tell`` raises, and sqlite3.Error of the working copy.
        """
        offer = self.arrived.offer
        names = {column.name for column in self.reader.columns}
        token = offer.etag_column if tokens and offer.etag_column in names else None
        try:
            if isinstance(self.reader, GeoPackage):
                named = [column.property for column in source.columns]
                return self.reader.fill(
                    connection, lambda: SnapshotWriter(connection, source), offer.id_column, token, named, tell
                )
            writer = SnapshotWriter(connection, source)
            self._flatgeobuf(self.reader, writer, offer.id_column, token, tell)
            return writer
        except (ValueError, IndexError, OverflowError) as error:  # `BadSnapshot`, or what else nonsense leads to
            raise self._refused(tr("it cannot be read to its end"), str(error)) from error
        except sqlite3.Error as error:
            if isinstance(self.reader, GeoPackage) and not self.reader.is_sound():
                raise self._refused(tr("it cannot be read to its end"), str(error)) from error
            raise

    def _flatgeobuf(
        self, reader: FlatGeobuf | FlatGeobufPages, writer: SnapshotWriter, key: str, token: str | None, tell: Tell
    ) -> None:
        source = writer.source
        place = {column.name: i for i, column in reversed(list(enumerate(reader.header.columns)))}
        kinds = [column.kind for column in reader.header.columns]
        wanted = [(place[column.property], column.type) for column in source.columns]
        batches = reader.batches(
            source.srid,
            multi=source.geometry_type.startswith("Multi"),
            z=True if source.has_z else None,
            geometry=source.has_geometry,
        )
        for batch in batches:
            first = writer.count + 1
            values = [json_values(batch.values[i], kinds[i], kind) for i, kind in wanted]
            versions = batch.values[place[token]] if token else [None] * batch.count
            fids = range(first, first + batch.count)
            writer.rows(fids, values, batch.values[place[key]], versions, batch.geometry)
            tell(writer.count)

    def proved(self, connection: sqlite3.Connection, source: Source) -> None:
        """Compare what lies in the table now with the twin's count and sample. Raises `Refused`; notes what is old."""
        total = self.collection.count
        if total is not None and source.feature_count != total:
            less = source.feature_count < total * _FEWER or source.feature_count > total / _FEWER
            if self.arrived.moment is None or self.arrived.is_current or less:
                count = number(source.feature_count)
                raise self._refused(tr("it has {n} features, the twin {total}", n=count, total=number(total)))
        changed = self._changed(connection, source)
        if changed > len(self.sample) / 2:
            raise self._refused(tr("its features are not those of the pages"))
        if changed or not self.arrived.is_current:
            moment = self.arrived.moment
            when = f"{moment.astimezone():%Y-%m-%d %H:%M}" if moment else tr("an unknown time")
            self.notes.append(
                tr(
                    "It came as the twin's own file, which shows the state of {when}. Pull to get what changed since.",
                    when=when,
                )
            )

    def _changed(self, connection: sqlite3.Connection, source: Source) -> int:
        """How many of the sample the file has in another version. Raises `Refused` for other contents of the same."""
        names = source.tracked
        changed = 0
        for item in self.sample:
            if item.id is None:
                continue
            found = connection.execute(sql.row(source.table, names, "twin_id"), (item.id,)).fetchone()
            if found is None:
                changed += 1
                continue
            _, _, version, *values = found
            if _differs(source, dict(zip(names, values)), item):
                if item.token is not None and version == item.token:
                    raise self._refused(tr("it has feature {id} otherwise than the pages", id=item.id))
                changed += 1
        return changed

    def _refused(self, words: str, detail: str = "") -> Refused:
        return Refused(self.collection.id, words, detail)


def _differs(source: Source, stored: dict[str, object], item: Item) -> bool:
    values, _ = row_of(item.properties, source.columns)
    for column, value in zip(source.columns, values):
        if not same(stored[column.name], value, column.type):  # type: ignore[arg-type]
            return True
    if not source.has_geometry:
        return False
    try:
        multi = source.geometry_type.startswith("Multi")
        blob, box = encode(item.geometry, source.srid, swap=source.swap, multi=multi, z=True if source.has_z else None)
    except BadGeometry:
        blob = box = None
    mine = stored[GEOMETRY]
    mine, near = mine if isinstance(mine, bytes) else None, precision(blob)
    return not (same_geometry(mine, blob, near) and _same_box(box_of(mine), box, near))


def _same_box(one: Box | None, other: Box | None, near: float) -> bool:
    """An envelope that is not the geometry's own would hide it on the map."""
    if one is None or other is None:
        return one is other
    return all(abs(a - b) <= near for a, b in zip(one, other))


def bring(
    twin: Twin,
    collection: Collection,
    schema: Schema,
    choice: CrsChoice,
    part: Path,
    progress: Progress,
    problems: dict[str, None],
) -> Snapshot | None:
    """The twin's file of ``collection``, if it offers one that is worth it and looks right; why not is in ``problems``.

    Nothing is said where none is offered. Raises `Cancelled` and the errors of the disk.
    """
    count = collection.count
    if count is None or count <= LEAST or not schema.declared:
        return None
    for offer in snapshots.offers(collection):
        try:
            return _bring(twin, collection, offer, choice, part, progress)
        except TwinError as error:
            problems[not_used(error.message)] = None
        except (ValueError, IndexError, OverflowError, sqlite3.Error) as error:
            problems[not_used(tr("it cannot be read ({reason})", reason=str(error)))] = None
    return None


def _bring(
    twin: Twin, collection: Collection, offer: snapshots.Offer, choice: CrsChoice, part: Path, progress: Progress
) -> Snapshot | None:
    sink = _File(snapshot_of(part))
    try:
        params = {"limit": str(LIMIT), **({"crs": choice.uri} if choice.uri else {})} if offer.paged else {}
        arrived = snapshots.download(twin.session, offer, collection.title, sink, progress, params)
        # after the file: what changed since then is seen to be newer
        etags = twin.capabilities().item_etags
        sample = snapshots.sample(twin.session, collection, choice, item_etags=etags)
        if not sample:
            sink.path.unlink(missing_ok=True)
            return None
        if offer.kind == "gpkg":
            return Snapshot(arrived, collection, GeoPackage(sink.path), sample)
        if not offer.paged:
            return Snapshot(arrived, collection, FlatGeobuf(sink.path), sample)

        def following(url: str) -> snapshots.Arrived:
            return snapshots.download(twin.session, replace(offer, url=url), collection.title, sink, progress)

        return Snapshot(arrived, collection, FlatGeobufPages(arrived, following), sample)
    except BaseException:
        sink.end()
        with suppress(OSError):
            sink.path.unlink(missing_ok=True)
        raise


def not_used(reason: str) -> str:
    """The sentence about a file that was left aside."""
    return tr(
        "The twin's own file of it was not used, its pages were read instead: {reason}.", reason=reason.rstrip(".")
    )


class _File(snapshots.Sink):
    """A download on its way to the disk."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._stream: BinaryIO | None = None

    def begin(self) -> None:
        self.end()
        with told_plainly(self.path):
            self._stream = self.path.open("wb")

    def write(self, piece: bytes) -> None:
        if self._stream is not None:
            with told_plainly(self.path):
                self._stream.write(piece)

    def end(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            with told_plainly(self.path):
                stream.close()
