"""Making a field review package, from beginning to end: in one folder, or one zip, whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path

from ...review import bundle, plain, schema, tasks
from ...review import manifest as man
from ...review import table as plain_table
from ...review.tasks import Task
from ...text import tr
from ...twin.errors import CityTwinError
from ...twin.progress import SILENT, Progress, check
from ...workcopy.connection import opened
from ...workcopy.copy import WorkingCopy
from ...workcopy.errors import FileExists, WorkingCopyError, told_plainly
from ...workcopy.excerpt import Area, excerpt
from ...workcopy.package import Package, forget
from ..live.snapshot import Snapshot
from . import background, places, readme, sensors
from .background import Backdrop, Background
from .project import make_project

ZIP = ".zip"


@dataclass(frozen=True)
class Request:
    """What is to be taken outside, and where to.

    ``target``: a folder that is not there yet, or a ``.zip``; with ``zipped`` a folder gets a zip beside it, too.
    ``tables``: layers of the working copy. ``area`` None: everything. ``tasks``: their points are in EPSG:
    ``tasks_srid``. ``sensors``: snapshots, taken in the main thread. ``due``: a date, ISO 8601. People: as they like to
    be called, roles or initials; they stand in the package.
    """

    target: Path
    tables: tuple[str, ...]
    area: Area | None = None
    title: str = ""
    made_by: str = ""
    for_whom: str = ""
    due: str = ""
    tasks: tuple[Task, ...] = ()
    tasks_srid: int = places.DEGREES
    background: Background | None = None
    sensors: tuple[Snapshot, ...] = ()
    zipped: bool = False


@dataclass(frozen=True)
class Packed:
    """What was made. ``counts``: features per table; ``bytes``: of the zip, else of the folder's files."""

    package: Package
    folder: Path | None
    zip: Path | None
    counts: Mapping[str, int] = field(default_factory=dict)
    tasks: int = 0
    background: Backdrop | None = None
    bytes: int = 0
    notes: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """The folder, or the zip where there is none."""
        return self.folder or self.zip or Path()


def package_review(
    copy: WorkingCopy, request: Request, progress: Progress = SILENT, *, now: datetime | None = None
) -> Packed:
    """Make the package that ``request`` tells of ``copy``. Any thread; projects, layers and files are its own.

    Raises `FileExists`, `Cancelled`, `CityTwinError`; then there is nothing at the target.
    """
    target = request.target
    alone = target.suffix.lower() == ZIP
    folder_there = None if alone else target
    zip_there = target if alone else target.with_name(target.name + ZIP) if request.zipped else None
    for place in (folder_there, zip_there):
        if place is not None and place.exists():
            raise FileExists(tr("{file} is there already. Choose another place, or remove it first.", file=place.name))
    tables = _tables(copy, request.tables)
    srid = srid_of(copy, tables)
    bounds = places.bounds_of(copy, tables, request.area)
    package = _package(request, tables, now)
    notes: list[str] = []
    with _workshop(target) as folder, _forgotten(copy, package):
        backdrop = None
        if request.background is not None:
            if bounds is None:
                raise CityTwinError(tr("The layers are empty, so there is no place for a background. Draw an area."))
            backdrop = background.make(request.background, folder, bounds, request.area, progress)
            notes.extend(backdrop.notes)
        geopackage = folder / man.GEOPACKAGE
        # first of all that is quick: from here on the working copy knows of the package
        taken = excerpt(copy, geopackage, tables, request.area, package, progress=progress)
        progress.report(0, None, tr("Preparing the review's layers…"))
        plain.create(geopackage, srid)
        count = tasks.create(geopackage, srid, _placed(request, srid))
        kept = [sensors.keep(geopackage, one, progress) for one in request.sensors]
        check(progress)
        manifest = man.manifest_of(
            package,
            twins=tuple(dict.fromkeys(source.url for source in copy.sources if source.table in tables)),
            area=places.told(request.area),
            bounds=bounds,
            background=backdrop.file if backdrop else "",
            sensors_at=max((one.snapshot.time for one in kept), default=""),
        )
        progress.report(0, None, tr("Writing the project…"))
        make_project(folder, manifest, srid=srid, kept=kept, backdrop=backdrop)
        _settle(geopackage)
        readme.write(folder, manifest, len(tables), count)
        man.write(folder, manifest)
        check(progress)
        packed = _put(folder, folder_there, zip_there, progress)
    return Packed(package, folder_there, zip_there, taken.counts, count, backdrop, packed, tuple(notes))


def _tables(copy: WorkingCopy, wanted: Sequence[str]) -> tuple[str, ...]:
    """The layers that go along; reviews that are checked out always do."""
    have = [source.table for source in copy.sources]
    unknown = [table for table in wanted if table not in have]
    if unknown:
        raise WorkingCopyError(tr("{table} is not a layer of {file}.", table=unknown[0], file=copy.path.name))
    chosen = [table for table in have if table in wanted or table in schema.COLLECTIONS]
    if not any(table in wanted for table in chosen):
        raise WorkingCopyError(tr("Choose at least one layer to take along."))
    return tuple(chosen)


def srid_of(copy: WorkingCopy, tables: Sequence[str]) -> int:
    """The EPSG code that most of the layers are in, a projected one where there is any: of the map and the notes."""
    count: Counter[int] = Counter()
    for source in copy.sources:
        if source.table in tables and source.has_geometry:
            count[source.srid] += 1
    known = [(srid, n) for srid, n in count.items() if srid > 0]
    known.sort(key=lambda entry: (places.crs_of(entry[0]).isGeographic(), -entry[1]))
    return known[0][0] if known else places.DEGREES


def _package(request: Request, tables: tuple[str, ...], now: datetime | None) -> Package:
    moment = (now or datetime.now(timezone.utc)).astimezone(timezone.utc)
    made = moment.isoformat(timespec="seconds").replace("+00:00", "Z")
    return Package(
        str(uuid.uuid4()),
        made,
        request.made_by.strip(),
        request.title.strip() or request.target.stem,
        request.for_whom.strip(),
        request.due,
        tables,
    )


def _placed(request: Request, srid: int) -> Iterator[Task]:
    for task in request.tasks:
        yield replace(task, geometry=plain_table.in_system(task.geometry, request.tasks_srid, srid))


def _settle(geopackage: Path) -> None:
    """QGIS let go of the file, but may leave it in WAL mode: what lies beside it then would not come along, and a file
    in that mode does not open where nothing can be written. Raises `FileBusy` where somebody holds it."""
    with opened(geopackage, write=True) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode = DELETE")


def _put(folder: Path, there: Path | None, zipped: Path | None, progress: Progress) -> int:
    """Bring what is ready to where it was wanted; its bytes."""
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    if zipped is not None:
        bundle.pack(folder, zipped, progress)
        size = zipped.stat().st_size
    if there is not None:
        try:
            with told_plainly(there):
                folder.replace(there)
        except BaseException:
            if zipped is not None:
                zipped.unlink(missing_ok=True)
            raise
    return size


@contextmanager
def _forgotten(copy: WorkingCopy, package: Package) -> Iterator[None]:
    """Where it is not made in the end, the working copy knows nothing of it."""
    try:
        yield
    except BaseException:
        forget(copy.path, package.id)
        raise


@contextmanager
def _workshop(target: Path) -> Iterator[Path]:
    """A folder beside the target, on the same disk, in which the package is made; gone afterwards whatever happens."""
    with told_plainly(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix=f".{target.stem[:40]}-", suffix=".part", dir=target.parent))
    folder = place / target.stem
    try:
        with told_plainly(target):
            folder.mkdir()
            (folder / man.PHOTOS).mkdir()
        yield folder
    finally:
        shutil.rmtree(place, ignore_errors=True)
