"""A package as a zip: what was noted survives a cut, and nothing that comes in is trusted."""

from __future__ import annotations

import io
import os
import shutil
import sqlite3
import stat
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest

from plugin.review import bundle, unzip
from plugin.review import manifest as man
from plugin.review.bundle import pack, unpack
from plugin.review.errors import DamagedPackage, UnsafePackage
from plugin.review.names import parts_of
from plugin.twin.errors import Cancelled
from plugin.twin.progress import Silent
from plugin.workcopy.connection import connect
from plugin.workcopy.errors import DiskFull, FileExists

from .conftest import PHOTO, Outside


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def rows(path: Path, statement: str) -> list[Any]:
    connection = sqlite3.connect(path)
    found = connection.execute(statement).fetchall()
    connection.close()
    return found


def evil(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    """A zip with a manifest and whatever else."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(man.NAME, "{}")
        for name, data in entries:
            archive.writestr(name, data)
    return path


WHOLE = {"review.json", "review.gpkg", "review.qgz", "README.txt", "background.mbtiles", "photos/a.jpg"}

# -- packed and unpacked ---------------------------------------------------------------------------------------------


def test_there_and_back(outside: Outside, tmp_path: Path) -> None:
    (outside.folder / "photos" / ".DS_Store").write_bytes(b"x")
    (outside.folder / "review.gpkg-shm").write_bytes(b"x")
    zipped = pack(outside.folder, tmp_path / "out" / "delfshaven.zip")
    names = zipfile.ZipFile(zipped).namelist()
    assert names[:2] == ["review.json", "review.gpkg"] and names[-1] == "background.mbtiles"
    assert set(names) == WHOLE and list(zipped.parent.iterdir()) == [zipped]
    found = unpack(zipped, tmp_path / "in")
    assert found.folder == tmp_path / "in" and files(found.folder) == WHOLE and found.notes == ()
    assert (found.folder / "photos" / "a.jpg").read_bytes() == PHOTO
    assert rows(found.folder / "review.gpkg", "SELECT count(*) FROM buildings") == [(10,)]
    with pytest.raises(FileExists):
        pack(outside.folder, zipped)
    assert files(unpack(zipped, tmp_path / "less", whole=False).folder) == WHOLE - {"review.qgz", "background.mbtiles"}


def test_a_folder_comes_as_it_is_with_what_is_only_in_the_log(outside: Outside, tmp_path: Path) -> None:
    """QGIS has it open, or the battery ended: what was committed is beside the file, in the write-ahead log."""
    connection = connect(outside.geopackage, write=True)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("UPDATE review_tasks SET why = 'only in the log'")
    assert (outside.folder / "review.gpkg-wal").stat().st_size
    zipped = pack(outside.folder, tmp_path / "open.zip")
    for number, source in enumerate((outside.folder, zipped)):
        found = unpack(source, tmp_path / f"in{number}")
        assert files(found.folder) == WHOLE
        assert rows(found.folder / "review.gpkg", "SELECT why FROM review_tasks") == [("only in the log",)]
    # and a zip that somebody made by hand, of all that lay there
    with zipfile.ZipFile(tmp_path / "hand.zip", "w") as archive:
        for name in files(outside.folder):
            archive.write(outside.folder / name, f"delfshaven (2)/{name}")
    connection.close()
    found = unpack(tmp_path / "hand.zip", tmp_path / "in2")
    assert found.folder.name == "delfshaven (2)"
    assert rows(found.folder / "review.gpkg", "SELECT why FROM review_tasks") == [("only in the log",)]


def test_a_geopackage_alone(outside: Outside, tmp_path: Path) -> None:
    mailed = tmp_path / "review(3).gpkg"
    shutil.copy(outside.geopackage, mailed)
    assert files(unpack(mailed, tmp_path / "in").folder) == {"review.gpkg"}


def test_what_is_no_package(tmp_path: Path) -> None:
    (tmp_path / "letter.zip").write_bytes(b"Dear all")
    with pytest.raises(DamagedPackage, match="no zip file"):
        unpack(tmp_path / "letter.zip", tmp_path / "in")
    with pytest.raises(DamagedPackage, match="no file"):
        unpack(tmp_path / "none.zip", tmp_path / "in")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("a/b/c.txt", "x")
    with pytest.raises(DamagedPackage, match="no field review package"):
        unpack(tmp_path / "other.zip", tmp_path / "in")
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("one/review.json", "{}")
        archive.writestr("two/review.json", "{}")
    with pytest.raises(DamagedPackage, match="2 packages"):
        unpack(tmp_path / "two.zip", tmp_path / "in")
    assert list((tmp_path / "in").iterdir()) == []


def test_stopped_in_the_middle(outside: Outside, tmp_path: Path) -> None:
    class Stop(Silent):
        asked = 0

        def cancelled(self) -> bool:
            self.asked += 1
            return self.asked > 3

    with pytest.raises(Cancelled):
        pack(outside.folder, tmp_path / "out" / "x.zip", Stop())
    assert not list((tmp_path / "out").iterdir())
    zipped = pack(outside.folder, tmp_path / "x.zip")
    for source in (zipped, outside.folder):
        with pytest.raises(Cancelled):
            unpack(source, tmp_path / "in", Stop())
        assert not list((tmp_path / "in").iterdir())


# -- harm ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../escaped.txt", "photos/../../escaped.txt", "/tmp/escaped-citytwin.txt", "..\\escaped.txt", "C:\\escaped.txt",
        "c:escaped.txt", "\\\\server\\share\\escaped.txt", "photos/..", "a\x01b.txt", "x" * 300, "a/" * 30 + "b",
    ],
)  # fmt: skip
def test_names_that_lead_elsewhere(tmp_path: Path, name: str) -> None:
    zipped = evil(tmp_path / "evil.zip", (name, b"harm"), ("photos/a.jpg", PHOTO))
    found = unpack(zipped, tmp_path / "in" / "deep")
    assert files(tmp_path) == {"evil.zip", "in/deep/review.json", "in/deep/photos/a.jpg"}
    assert not Path("/tmp/escaped-citytwin.txt").exists()
    assert len(found.notes) == 1 and "left out" in found.notes[0]


@pytest.mark.parametrize("name", ["a:b.jpg", "CON", "con.jpg", "lpt1.txt", "a.", "b ", "a?b", "x/NUL/y", "COM¹.jpg"])
def test_names_that_mean_something_else_on_windows(name: str) -> None:
    assert parts_of(name, windows=True) is None and parts_of(f"photos/{name}", windows=True) is None
    assert parts_of("photos/IMG 1 (2) – één.jpg", windows=True) == ("photos", "IMG 1 (2) – één.jpg")


def test_links_and_devices(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    entries: list[tuple[str | zipfile.ZipInfo, bytes]] = []
    for number, kind in enumerate((stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR)):
        info = zipfile.ZipInfo(f"photos/{number}.jpg")
        info.create_system = 3
        info.external_attr = (kind | 0o777) << 16
        entries.append((info, str(secret).encode()))
    # a link to a folder first, then a file through it
    through = zipfile.ZipInfo("out")
    through.create_system, through.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    entries += [(through, str(tmp_path / "target").encode()), ("out/x.txt", b"harm")]
    (tmp_path / "target").mkdir()
    found = unpack(evil(tmp_path / "evil.zip", *entries), tmp_path / "in")
    assert files(tmp_path / "in") == {"review.json", "out/x.txt"} and files(tmp_path / "target") == set()
    assert not any(path.is_symlink() for path in (tmp_path / "in").rglob("*"))
    assert "4 files were left out" in found.notes[0]


def test_links_in_a_folder(outside: Outside, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    (outside.folder / "photos" / "b.jpg").symlink_to(tmp_path / "secret.txt")
    (outside.folder / "more").symlink_to(tmp_path)
    os.mkfifo(outside.folder / "photos" / "c.jpg")
    found = unpack(outside.folder, tmp_path / "in")
    assert files(found.folder) == WHOLE and "3 files were left out" in found.notes[0]
    assert set(zipfile.ZipFile(pack(outside.folder, tmp_path / "x.zip")).namelist()) == WHOLE


def test_one_name_twice(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        zipped = evil(tmp_path / "x.zip", ("a.txt", b"first"), ("a.txt", b"second"), ("A.TXT", b"third"))
    found = unpack(zipped, tmp_path / "in")
    assert (found.folder / "A.TXT").read_bytes() == b"third" and files(found.folder) == {"review.json", "A.TXT"}
    assert len(found.notes) == 2 and all("more than once" in note for note in found.notes)


def test_a_file_where_a_folder_is(tmp_path: Path) -> None:
    zipped = evil(tmp_path / "x.zip", ("photos", b"a file"), ("photos/a.jpg", PHOTO), ("b/c", b""), ("b", b""))
    found = unpack(zipped, tmp_path / "in")
    assert files(found.folder) == {"review.json", "photos", "b/c"} and "2 files were left out" in found.notes[0]


def test_bombs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unzip, "LIMITS", small := unzip.Limits(total=3_000_000, count=20, small=100_000, ratio=100))
    monkeypatch.setattr(unzip.unzip, "__defaults__", (small,))
    many = evil(tmp_path / "many.zip", *((f"{n}.txt", b"") for n in range(30)))
    large = evil(tmp_path / "large.zip", *((f"{n}.txt", os.urandom(10) * 60_000) for n in range(10)))
    dense = evil(tmp_path / "dense.zip", ("a.txt", bytes(2_000_000)))
    # one that says that it is small
    lying = bytearray(dense.read_bytes())
    for mark, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = lying.rindex(mark) + place
        struct.pack_into("<I", lying, at, 1000)
    (tmp_path / "lying.zip").write_bytes(lying)
    for source in (many, large, dense, tmp_path / "lying.zip"):
        with pytest.raises(UnsafePackage, match="far larger"):
            unpack(source, tmp_path / "in")
        assert list((tmp_path / "in").iterdir()) == []
    # and without its list of contents
    (tmp_path / "cut.zip").write_bytes(dense.read_bytes()[:-60])
    with pytest.raises(UnsafePackage):
        unpack(tmp_path / "cut.zip", tmp_path / "in")
    # a folder with too much in it: somebody chose the wrong one
    for number in range(30):
        (tmp_path / f"{number}.txt").touch()
    with pytest.raises(UnsafePackage):
        unpack(tmp_path, tmp_path / "in")


def test_files_that_lie_over_each_other(tmp_path: Path) -> None:
    """One stretch of packed bytes that the list names many times."""
    zipped = evil(tmp_path / "x.zip", ("a.txt", bytes(1000)), ("b.txt", bytes(1000)))
    raw = bytearray(zipped.read_bytes())
    first = raw.index(b"PK\x01\x02")
    second = raw.index(b"PK\x01\x02", first + 1)
    third = raw.index(b"PK\x01\x02", second + 1)
    raw[third + 42 : third + 46] = raw[second + 42 : second + 46]
    zipped.write_bytes(raw)
    with pytest.raises(UnsafePackage):
        unpack(zipped, tmp_path / "in")


def test_no_room(outside: Outside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zipped = pack(outside.folder, tmp_path / "x.zip")
    monkeypatch.setattr(unzip.unzip, "__defaults__", (unzip.Limits(spare=1 << 60),))
    with pytest.raises(DiskFull):
        unpack(zipped, tmp_path / "in")


def test_a_password(outside: Outside, tmp_path: Path) -> None:
    zipped = pack(outside.folder, tmp_path / "x.zip")
    raw = bytearray(zipped.read_bytes())
    at = raw.index(b"PK\x01\x02")
    raw[at + 8] |= 1
    zipped.write_bytes(raw)
    with pytest.raises(DamagedPackage, match="password"):
        unpack(zipped, tmp_path / "in")


def _hot_journal(database: Path, victim: Path) -> None:
    """A rollback journal beside ``database`` that names ``victim`` as the one that it belongs to."""
    path = bytes(str(victim), "utf-8")
    header = bytes.fromhex("d9d505f920a163d7") + struct.pack(">IIIII", 0, 1, database.stat().st_size // 4096, 512, 4096)
    tail = struct.pack(">I", 262145) + path  # the page of the lock byte, then the name
    tail += struct.pack(">II", len(path), sum(path)) + bytes.fromhex("d9d505f920a163d7")
    database.with_name(database.name + "-journal").write_bytes(header.ljust(512, b"\0") + tail)


def test_a_journal_that_would_delete_a_file(outside: Outside, tmp_path: Path) -> None:
    """SQLite deletes the file that a rollback journal names: a package must not choose which."""
    victim = tmp_path / "letter.odt"
    victim.write_text("of somebody")
    trial = tmp_path / "trial.gpkg"
    shutil.copy(outside.geopackage, trial)
    _hot_journal(trial, victim)
    rows(trial, "SELECT count(*) FROM buildings")
    assert not victim.exists(), "that is what SQLite does"

    victim.write_text("of somebody")
    _hot_journal(outside.geopackage, victim)
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for name in files(outside.folder):
            archive.write(outside.folder / name, name)
    for number, source in enumerate((tmp_path / "x.zip", outside.folder, outside.geopackage)):
        found = unpack(source, tmp_path / f"in{number}")
        assert not list(found.folder.glob("*-journal")) and "delete another file" in found.notes[0]
        rows(found.folder / "review.gpkg", "SELECT count(*) FROM buildings")
        pack(found.folder, tmp_path / f"again{number}.zip")
    pack(outside.folder, tmp_path / "again.zip")
    assert victim.read_text() == "of somebody"


# -- cut off ---------------------------------------------------------------------------------------------------------


def test_cut_off_anywhere(outside: Outside, tmp_path: Path) -> None:
    """Each file that came whole before the cut is there, whole; never is anything silently less."""
    (outside.folder / "photos" / "b.jpg").write_bytes(os.urandom(60_000))
    zipped = pack(outside.folder, tmp_path / "x.zip")
    infos, raw = zipfile.ZipFile(zipped).infolist(), zipped.read_bytes()
    ends = {i.filename: i.header_offset + 30 + len(i.filename) + i.compress_size for i in infos}
    for number, cut in enumerate([*range(0, len(raw), len(raw) // 40), len(raw) - 1]):
        place = tmp_path / f"{number}.zip"
        place.write_bytes(raw[:cut])
        into = tmp_path / f"in{number}"
        complete = {name for name, end in ends.items() if end <= cut}
        try:
            found = unpack(place, into)
        except DamagedPackage:
            assert not complete and not list(into.iterdir())
            continue
        assert found.notes and "cut off" in found.notes[0]
        for name in complete:
            got = (found.folder / name).read_bytes()
            if not name.endswith(".gpkg"):
                assert got == (outside.folder / name).read_bytes()
        half = files(found.folder) - complete
        assert len(half) <= 1 and all(any(Path(name).name in note for note in found.notes) for name in half)


def test_streamed_zips_are_saved_too(outside: Outside, tmp_path: Path) -> None:
    """A zip written as a stream says the sizes of its files only behind them."""

    class Stream(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, piece: Any) -> int:
            self.data += bytes(piece)
            return len(piece)

    stream = Stream()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[arg-type]
        for name in sorted(files(outside.folder)):
            archive.write(outside.folder / name, name)
    (tmp_path / "x.zip").write_bytes(stream.data[: stream.data.index(b"PK\x01\x02") + 10])
    found = unpack(tmp_path / "x.zip", tmp_path / "in")
    assert files(found.folder) == WHOLE
    for name in WHOLE:
        assert (found.folder / name).read_bytes() == (outside.folder / name).read_bytes()


def test_a_flipped_bit(outside: Outside, tmp_path: Path) -> None:
    zipped = pack(outside.folder, tmp_path / "x.zip")
    raw = bytearray(zipped.read_bytes())
    at = raw.index(PHOTO[:50]) + 20
    raw[at] ^= 1
    zipped.write_bytes(raw)
    found = unpack(zipped, tmp_path / "in")
    assert any("a.jpg is damaged" in note for note in found.notes) and files(found.folder) == WHOLE


def test_noise_is_never_more_than_a_sentence(outside: Outside, tmp_path: Path) -> None:
    import random

    raw = pack(outside.folder, tmp_path / "x.zip").read_bytes()
    dice = random.Random(6)
    for number in range(150):
        noisy = bytearray(raw)
        start = raw.index(b"PK\x01\x02") if number % 2 else 0
        for _ in range(dice.randint(1, 12)):
            noisy[dice.randrange(start, len(noisy))] = dice.randrange(256)
        place = tmp_path / "noisy.zip"
        place.write_bytes(noisy)
        into = tmp_path / f"in{number}"
        try:
            bundle.unpack(place, into)
        except (DamagedPackage, UnsafePackage, DiskFull):
            assert not list(into.iterdir())
        assert files(tmp_path) - {f"in{number}/{name}" for name in files(into)} == {
            "noisy.zip", "x.zip", "work.gpkg", *(f"delfshaven/{name}" for name in WHOLE)
        }  # fmt: skip
        shutil.rmtree(into)
