"""The files of whole collections: made once for all who ask, one at a time, in bounded memory, and kept beside the
store until the collection changes."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Generator
from dataclasses import dataclass
from email.utils import format_datetime
from pathlib import Path

from ..locks import changed_at
from ..model import Collection
from ..settings import Settings
from ..store import Store
from ..web import FLATGEOBUF, GEOPACKAGE, Problem
from . import flatgeobuf, geopackage
from .rows import columns_of, file_crs, names_fit, rows_of

log = logging.getLogger(__name__)
TYPES = {"gpkg": GEOPACKAGE, "fgb": FLATGEOBUF}  # by the ending of the file's name
_WAIT = 20.0  # seconds that a client waits for a file that is being made; then it is asked to come again
_AGAIN = "5"  # seconds
_PIECE = 1 << 18  # bytes


@dataclass(frozen=True)
class Kept:
    """A file, and the state of the collection that it shows."""

    path: Path
    size: int  # bytes
    seq: int
    etag: str
    modified: str  # when the collection was last changed, an HTTP date

    def pieces(self) -> Generator[bytes, None, None]:
        """The content."""
        with self.path.open("rb") as stream:
            yield from iter(lambda: stream.read(_PIECE), b"")


class _Job:
    def __init__(self) -> None:
        self.done = threading.Event()
        self.kept: Kept | None = None


class Snapshots:
    """The files of one twin. Thread-safe."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings = store, settings
        self._folder = store.path.with_name(f"{store.path.stem}-snapshots")
        self._kept: dict[tuple[str, str], Kept] = {}
        self._jobs: dict[tuple[str, str], _Job] = {}
        self._lock, self._making = threading.Lock(), threading.Lock()

    def kinds(self, collection: Collection) -> tuple[str, ...]:
        """The endings of the files that there can be of a collection."""
        return ("gpkg", "fgb") if names_fit(collection) else ("fgb",)

    def present(self, collection: Collection, kind: str) -> Kept | None:
        """The file, if it is made already and nothing has changed since."""
        kept = self._kept.get((collection.id, kind))
        return kept if kept is not None and kept.seq == self._store.state(collection.id).seq else None

    def file(self, collection: Collection, kind: str) -> Kept:
        """The file, made if need be; 503 where that takes long: it is there the next time."""
        kept = self.present(collection, kind)
        if kept is not None and kept.path.exists():
            return kept
        key = (collection.id, kind)
        with self._lock:
            job = self._jobs.get(key)
            if job is None:
                job = self._jobs[key] = _Job()
                threading.Thread(target=self._run, args=(collection, kind, job), daemon=True).start()
        if not job.done.wait(_WAIT):
            raise Problem(503, "The file is being made; ask again soon.", headers=[("Retry-After", _AGAIN)])
        if job.kept is None:
            raise Problem(500, "The file could not be made; the twin's log says why. Read the items in pages instead.")
        return job.kept

    def _run(self, collection: Collection, kind: str, job: _Job) -> None:
        try:
            with self._making:
                job.kept = self._kept[(collection.id, kind)] = self._make(collection, kind)
        except Exception:
            log.exception("no %s of %s", kind, collection.id)
        finally:
            with self._lock:
                del self._jobs[(collection.id, kind)]
            job.done.set()

    def _make(self, collection: Collection, kind: str) -> Kept:
        self._folder.mkdir(exist_ok=True)
        number = [one.id for one in self._store.collections()].index(collection.id)  # ids may be no names of files
        unfinished = self._folder / f"{number}.{kind}.part"
        unfinished.unlink(missing_ok=True)
        columns, schema = columns_of(collection, self._settings), collection.schema
        with self._store.everything(collection.id) as (state, kinds, items):
            rows = rows_of(collection, self._settings, items, collection.storage_crs)
            # what the file says of its geometries has to be true: readers go by it
            kind_of = schema.geometry_type if kinds <= {schema.geometry_type} else ""
            about = (collection.id, columns, kind_of, file_crs(collection.storage_crs))
            if kind == "gpkg":
                geopackage.write(unfinished, *about, rows, schema.has_z)
            else:
                with unfinished.open("wb") as stream:
                    for piece in flatgeobuf.write(*about, state.count, rows, schema.has_z):
                        stream.write(piece)
        path = self._folder / f"{number}-{state.seq}.{kind}"
        unfinished.replace(path)
        for old in self._folder.glob(f"{number}-*.{kind}"):
            if old != path:
                with contextlib.suppress(OSError):  # somebody is still reading it: it goes the next time
                    old.unlink()
        found = path.stat()
        etag = f'"{self._store.mark}-{kind}-{state.seq}"'
        return Kept(path, found.st_size, state.seq, etag, format_datetime(changed_at(state.changed), usegmt=True))
