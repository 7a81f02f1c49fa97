"""Photos on their way to the twin, around a publish of review items.

    named(copy, folder)                          before: each photo gets the name that tells its content
    publish(copy, twin, message)                 the items, as always
    publish_photos(copy, twin, folder, message)  after: photos are sent, and the items name their addresses

`publish_with_photos` is all three. Only a photo whose name tells its content is sent: under another name a colleague's
item may mean another picture. What was cut short is done by the next publish; a photo that was sent twice is one photo
at the twin.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote

from ..text import tr, trn
from ..twin import attachments
from ..twin.client import Twin
from ..twin.errors import AccessDenied, Cancelled, CityTwinError, ServerFailed, TooBusy, Unreachable
from ..twin.progress import SILENT, Progress, check
from ..workcopy.columns import ID, KEY
from ..workcopy.connection import opened, transaction
from ..workcopy.copy import WorkingCopy
from ..workcopy.outcome import PublishReport
from ..workcopy.publish import OnConflict, publish
from ..workcopy.recovery import sources_of
from ..workcopy.source import Source
from . import carrying, schema
from . import photo as one
from . import table as rows
from .item import Item, read_item
from .photos import PHOTOS, collect, is_address, place_of, tells

_KINDS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "HEIF": "image/heic"}
_SMALLER = (one.LONGEST, 1600, 1200, 800)  # pixels, one after the other until the twin takes it
_BATCH = 20  # addresses written together: after a kill the photos are sent once more, and are known
_FATAL = (AccessDenied, TooBusy, Unreachable, ServerFailed, Cancelled)


@dataclass(frozen=True)
class PhotosSent:
    """``sent`` photos are at the twin now, and their items name the addresses; ``waiting`` are files still.

    ``published``: the twin's items name them, too; otherwise the next publish tells it. ``stopped`` is the sentence why
    it ended early, ``notes`` what else is to be told.
    """

    sent: int = 0
    waiting: int = 0
    published: bool = False
    stopped: str = ""
    notes: tuple[str, ...] = ()


def named(copy: WorkingCopy, folder: Path, progress: Progress = SILENT) -> tuple[str, ...]:
    """Give the photos of items that changed here their lasting names, in ``photos/`` of ``folder``; what is to be told.

    ``folder`` is that of the working copy's file. Nothing else of an item changes. Raises `WorkingCopyError`,
    `Cancelled`.
    """
    changed: list[_Named] = []
    for source in copy.sources:
        if source.collection in schema.COLLECTIONS and source.table not in copy.problems:
            fids = {change.fid for change in copy.changes(source.table) if change.kind != "delete"}
            changed += [name for name in _names(copy, source) if name.fid in fids]
    brought = collect(folder, folder, [Item(photos=(was.name,)) for was in changed], progress=progress)
    found = [
        (was, now.photos[0]) for was, now in zip(changed, brought.items) if now.photos != (was.name,) and now.photos
    ]
    _write(copy, found)
    return brought.notes


def publish_with_photos(
    copy: WorkingCopy,
    twin: Twin,
    message: str,
    *,
    share: str = "",
    progress: Progress = SILENT,
    on_conflict: OnConflict = "skip",
) -> tuple[PublishReport, PhotosSent]:
    """A publish with all three steps, photos beside the working copy's file; without review layers only `publish`.

    Raises as `publish`. What goes wrong with photos once the items are published is told in `PhotosSent`.
    """
    folder = copy.path.parent
    if not any(source.collection in schema.COLLECTIONS for source in copy.sources):
        report = publish(copy, twin, message, progress=progress, on_conflict=on_conflict)
        return report, PhotosSent(notes=() if report.stopped else _told(copy, twin))
    notes = named(copy, folder, progress)
    report = publish(copy, twin, message, progress=progress, on_conflict=on_conflict)
    if report.stopped or progress.cancelled():
        return report, PhotosSent(notes=notes)
    try:
        done = publish_photos(copy, twin, folder, message, share=share, progress=progress)
    except CityTwinError as error:
        done = PhotosSent(stopped=error.message)
    return report, replace(done, notes=(*notes, *done.notes, *_told(copy, twin)))


def _told(copy: WorkingCopy, twin: Twin) -> tuple[str, ...]:
    words = carrying.not_served(copy, twin)
    return (words,) if words else ()


def publish_photos(
    copy: WorkingCopy, twin: Twin, folder: Path, message: str, *, share: str = "", progress: Progress = SILENT
) -> PhotosSent:
    """`send_photos`, and publish the addresses where nothing else waits to be published: nobody looked at that.

    Call it after a publish that was not stopped. Raises `WorkingCopyError` and `Unsupported`.
    """
    alone = not copy.has_changes()
    done = send_photos(copy, twin, folder, share=share, progress=progress)
    if not done.sent or done.stopped:
        return done
    if not alone:
        words = trn(
            "The address of {n} photo goes to the twin with the next publish.",
            "The addresses of {n} photos go to the twin with the next publish.",
            done.sent,
        )
        return replace(done, notes=(*done.notes, words))
    report = publish(copy, twin, message, progress=progress)
    whole = not report.stopped and report.published == len(report.outcomes)
    return replace(done, published=whole, stopped=report.stopped)


def send_photos(
    copy: WorkingCopy, twin: Twin, folder: Path, *, share: str = "", progress: Progress = SILENT
) -> PhotosSent:
    """Send the photos of items that the twin knows, and write their addresses into the items' columns, as edits.

    ``share``: where the twin takes no photos, the address under which people find what lies in ``photos/`` of
    ``folder``; empty: items go on naming files. Raises `WorkingCopyError` and `Unsupported`.
    """
    work = _Sending(copy, twin, folder, share.strip(), progress)
    for source in sources_of(copy, twin):
        if source.collection in schema.COLLECTIONS and source.table not in copy.problems:
            work.take(source)
    return work.done()


@dataclass(frozen=True)
class _Named:
    """One column of an item that names a file."""

    table: str
    fid: int
    twin_id: str
    column: str
    name: str
    label: str


def _names(copy: WorkingCopy, source: Source) -> list[_Named]:
    found = []
    with opened(copy.path) as connection:
        for row in rows.rows(connection, source.table, [KEY, ID, *schema.COLUMNS]):
            for column in schema.PHOTOS:
                name = row.get(column)
                if isinstance(name, str) and name and not is_address(name):
                    label = read_item(row, source.table).label
                    found.append(_Named(source.table, int(row[KEY]), str(row.get(ID) or ""), column, name, label))
    return found


def _write(copy: WorkingCopy, changes: Sequence[tuple[_Named, str]]) -> int:
    """Write columns that are as they were read; how many."""
    count = 0
    if changes:
        with opened(copy.path, write=True) as connection, transaction(connection):
            for table in dict.fromkeys(was.table for was, _ in changes):
                there = {row[KEY]: row for row in rows.rows(connection, table, [KEY, *schema.PHOTOS])}
                for was, name in changes:
                    if was.table == table and there.get(was.fid, {}).get(was.column) == was.name:
                        rows.put(connection, table, was.fid, {was.column: name})
                        count += 1
    return count


@dataclass
class _Sending:
    """Sends photos, table by table, until something keeps it from going on."""

    copy: WorkingCopy
    twin: Twin
    folder: Path
    share: str
    progress: Progress
    sent: int = 0
    waiting: int = 0
    unwanted: int = 0
    stopped: str = ""
    notes: list[str] = field(default_factory=list)
    _ready: list[tuple[_Named, str]] = field(default_factory=list)

    def take(self, source: Source) -> None:
        """The photos of one table."""
        pending = [name for name in _names(self.copy, source) if name.twin_id]
        if not pending or self.stopped:
            self.waiting += len(pending)
            return
        try:
            place = attachments.offer(self.twin.session, self.twin.collection(source.collection))
        except CityTwinError as error:
            self.stopped, self.waiting = error.message, self.waiting + len(pending)
            return
        try:
            self._each(pending, place)
        finally:
            self._write()

    def done(self) -> PhotosSent:
        """What became of it."""
        if self.unwanted:
            self.notes.append(
                trn(
                    "The twin takes no photos: {n} stays beside the working copy.",
                    "The twin takes no photos: {n} stay beside the working copy.",
                    self.unwanted,
                )
            )
        return PhotosSent(self.sent, self.waiting, False, self.stopped, tuple(self.notes))

    def _each(self, pending: Iterable[_Named], place: attachments.Offer | None) -> None:
        every = list(pending)
        for number, named in enumerate(every):
            try:
                check(self.progress)
                self.progress.report(number, len(every), tr("Sending photos…"))
                address = self._address(named, place)
            except _FATAL as error:
                self.stopped = error.message
                self.waiting += len(every) - number
                return
            except CityTwinError as error:
                self.notes.append(f"{named.label}: {error.message}")
                address = ""
            if address:
                self._ready.append((named, address))
            else:
                self.waiting += 1
            if len(self._ready) >= _BATCH:
                self._write()

    def _address(self, named: _Named, place: attachments.Offer | None) -> str:
        """Where the photo is now; empty for one that is not ours to send."""
        file = place_of(self.folder, named.name)
        if file is None or not named.name.replace("\\", "/").startswith(f"{PHOTOS}/"):
            return ""
        raw = one.content(file)
        if not any(tells(file.name, mark) for mark in one.identities(raw)):
            return ""
        photo = one.look_into(raw, file.name)
        if place is None:
            self.unwanted += not self.share
            return f"{self.share.rstrip('/')}/{quote(file.name)}" if is_address(self.share) else ""
        content, kind = _taken(raw, photo, file.name, place)
        return attachments.send(self.twin.session, place, named.twin_id, content, kind, progress=self.progress)

    def _write(self) -> None:
        self.sent += _write(self.copy, self._ready)
        self._ready.clear()


def _taken(raw: bytes, photo: one.Photo, name: str, place: attachments.Offer) -> tuple[bytes, str]:
    """The photo as the twin takes it, as far as it can be made so, and its media type."""
    kind = _KINDS[photo.kind]
    if kind in place.types and (place.max_bytes is None or len(raw) <= place.max_bytes):
        return raw, kind
    small = raw
    for longest in _SMALLER:
        small = one.smaller(raw, photo, name, longest)
        if place.max_bytes is None or len(small) <= place.max_bytes:
            break
    return small, _KINDS["JPEG"]
