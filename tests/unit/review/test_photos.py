"""Photos that come home: what they show, made smaller, copied once, and files that are none."""

from __future__ import annotations

import struct
import time
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from plugin.review import photo as one
from plugin.review.item import Item
from plugin.review.photos import LONGEST, NotAPhoto, collect, look, place_of, reduced, safe_name
from plugin.twin.errors import CityTwinError
from plugin.workcopy.errors import FileExists
from tests.pictures import picture, seen_at, with_exif

TAKEN = {0x9003: "2026:11:23 10:11:12"}
CORNERS = np.zeros((3, 64, 96), np.uint8)  # red above left, green above right, blue below left, white below right
CORNERS[0, :32, :48] = CORNERS[1, :32, 48:] = CORNERS[2, 32:, :48] = CORNERS[:, 32:, 48:] = 255


def put(path: Path, raw: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
    return path


def pixels(path: Path) -> np.ndarray:
    return gdal.Open(str(path)).ReadAsArray()


def outside(folder: Path, **files: bytes) -> Path:
    for name, raw in files.items():
        put(folder / "photos" / f"{name}.jpg", raw)
    return folder


def naming(*names: str) -> Item:
    return Item("wrong", "x", photos=names)


def called(stem: str, raw: bytes | None = None) -> str:
    """What a photo is called in the office."""
    return f"photos/{stem}-{one.fingerprint(raw or picture())[:8]}.jpg"


# -- what a photo tells ----------------------------------------------------------------------------------------------


def test_place_direction_and_time_are_read_as_a_camera_writes_them(tmp_path: Path) -> None:
    more = {**TAKEN, 0x9011: "+01:00"}
    raw = with_exif(picture(80, 60), {0x112: 6}, more, seen_at(4.4811, 51.9225, 271.5))
    seen = look(put(tmp_path / "a.jpg", raw))
    assert (seen.width, seen.height, seen.orientation) == (60, 80, 6)
    assert seen.taken == "2026-11-23T10:11:12+01:00"
    assert (seen.lon, seen.lat) == (pytest.approx(4.4811, abs=1e-7), pytest.approx(51.9225, abs=1e-7))
    assert seen.direction == 271.5
    south = look(put(tmp_path / "b.jpg", with_exif(picture(), place=seen_at(-43.2, -22.9))))
    assert (south.lon, south.lat) == (pytest.approx(-43.2), pytest.approx(-22.9))


def test_a_clock_without_a_zone_is_set_right_by_the_satellites(tmp_path: Path) -> None:
    sky = {29: "2026:11:23", 7: [(9, 1), (11, 1), (13, 1)]}
    assert look(put(tmp_path / "a.jpg", with_exif(picture(), None, TAKEN, sky))).taken == "2026-11-23T09:11:13Z"
    assert look(put(tmp_path / "b.jpg", with_exif(picture(), None, TAKEN))).taken == "2026-11-23T10:11:12"
    stale = {**sky, 29: "2007:04:08"}
    assert look(put(tmp_path / "c.jpg", with_exif(picture(), None, TAKEN, stale))).taken == "2026-11-23T10:11:12"


@pytest.mark.parametrize(
    "place",
    [
        {1: "N", 2: [(0, 1), (0, 1), (0, 1)], 3: "E", 4: [(0, 1), (0, 1), (0, 1)]},  # a camera that knew no place
        {1: "N", 2: [(51, 0), (0, 0), (0, 0)], 3: "E", 4: [(4, 1), (0, 1), (0, 1)]},
        {1: "N", 2: [(910, 1), (0, 1), (0, 1)], 3: "E", 4: [(4, 1), (0, 1), (0, 1)]},
        {2: [(51, 1), (0, 1), (0, 1)], 4: [(4, 1), (0, 1), (0, 1)]},
        {1: "N", 2: "here", 3: "E", 4: 7},
    ],
)
def test_nonsense_is_no_place(tmp_path: Path, place: dict) -> None:
    seen = look(put(tmp_path / "a.jpg", with_exif(picture(), {0x112: 77}, {0x9003: "0000:00:00 99:00:00"}, place)))
    assert (seen.lon, seen.lat, seen.taken, seen.orientation) == (None, None, "", 1)


def test_broken_exif_does_no_harm(tmp_path: Path) -> None:
    whole = with_exif(picture(), {0x112: 6, 0x10F: "Maker"}, TAKEN, seen_at(4.5, 51.9, 10))
    rng = np.random.default_rng(7)
    for n in range(150):
        raw = bytearray(whole)
        for at in rng.integers(20, 260, 6):
            raw[at] = rng.integers(0, 256)
        try:
            seen = one.look_into(bytes(raw))
            one.smaller(bytes(raw), seen, longest=30)
        except NotAPhoto:
            continue
        assert seen.lon is None or -180 <= seen.lon <= 180, n


# -- smaller ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
def test_made_smaller_it_stands_upright_and_keeps_place_and_time(tmp_path: Path, orientation: int) -> None:
    stored = {1: CORNERS, 2: CORNERS[:, :, ::-1], 3: CORNERS[:, ::-1, ::-1], 4: CORNERS[:, ::-1, :]}
    turned = CORNERS.swapaxes(1, 2)
    stored.update({5: turned, 6: turned[:, ::-1, :], 7: turned[:, ::-1, ::-1], 8: turned[:, :, ::-1]})
    raw = with_exif(
        picture(pixels=stored[orientation]), {0x112: orientation, 0x10F: "Maker"}, {**TAKEN, 0xA431: "Serial"},
        seen_at(4.5, 51.9, 90),
    )  # fmt: skip
    before = look(put(tmp_path / "a.jpg", raw))
    after = reduced(tmp_path / "a.jpg", tmp_path / "b.jpg", 48)
    assert after == look(tmp_path / "b.jpg") and (after.width, after.height, after.orientation) == (48, 32, 1)
    assert (after.taken, after.direction) == (before.taken, 90)
    assert (after.lon, after.lat) == (pytest.approx(4.5), pytest.approx(51.9))
    seen = pixels(tmp_path / "b.jpg").astype(int)
    corners = [seen[:, y, x] for y, x in ((4, 4), (4, 43), (27, 4), (27, 43))]
    expected = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]
    assert all(np.abs(corner - colour).max() < 40 for corner, colour in zip(corners, expected))
    written = (tmp_path / "b.jpg").read_bytes()
    assert b"Maker" not in written and b"Serial" not in written
    assert (tmp_path / "a.jpg").read_bytes() == raw


def test_a_small_one_stays_byte_for_byte(tmp_path: Path) -> None:
    raw = with_exif(picture(300, 200), {0x112: 1})
    reduced(put(tmp_path / "a.jpg", raw), tmp_path / "b.jpg")
    assert (tmp_path / "b.jpg").read_bytes() == raw


def test_the_original_is_kept_on_request_and_nothing_is_overwritten(tmp_path: Path) -> None:
    raw = picture(300, 200)
    put(tmp_path / "a.jpg", raw)
    reduced(tmp_path / "a.jpg", tmp_path / "b.jpg", 100, keep_original=True)
    assert (tmp_path / "b_original.jpg").read_bytes() == raw and look(tmp_path / "b.jpg").width == 100
    before = (tmp_path / "b.jpg").read_bytes()
    with pytest.raises(FileExists):
        reduced(tmp_path / "a.jpg", tmp_path / "b.jpg", 50)
    assert (tmp_path / "b.jpg").read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.jpg", "b.jpg", "b_original.jpg"]


def test_pictures_of_all_sorts_become_jpeg(tmp_path: Path) -> None:
    clear = np.zeros((4, 20, 30), np.uint8)
    clear[:, :, 15:] = 255
    clear[0, :, :] = 200
    sorts = {"rgba": clear, "grey": clear[:1], "deep": (np.ones((3, 20, 30)) * 65535).astype(np.uint16)}
    for name, what in sorts.items():
        path = put(tmp_path / f"{name}.png", picture(driver="PNG", pixels=what))
        assert look(path).kind == "PNG"
        after = reduced(path, tmp_path / f"{name}.jpg")
        assert (after.kind, after.width, after.height) == ("JPEG", 30, 20)
    assert pixels(tmp_path / "rgba.jpg")[:, 10, 2].min() > 245  # what is transparent is white
    assert pixels(tmp_path / "deep.jpg").min() > 245
    palette = gdal.GetDriverByName("MEM").Create("", 30, 20)
    table = gdal.ColorTable()
    table.SetColorEntry(0, (10, 20, 200, 255))
    palette.GetRasterBand(1).SetColorTable(table)
    gdal.GetDriverByName("PNG").CreateCopy(str(tmp_path / "p.png"), palette)
    reduced(tmp_path / "p.png", tmp_path / "p.jpg")
    assert np.abs(pixels(tmp_path / "p.jpg")[:, 5, 5].astype(int) - (10, 20, 200)).max() < 12


def test_a_photo_of_twelve_megapixels_takes_well_under_a_second(tmp_path: Path) -> None:
    path = put(tmp_path / "a.jpg", picture(4032, 3024))
    before = time.monotonic()
    after = reduced(path, tmp_path / "b.jpg")
    assert time.monotonic() - before < 3
    assert (after.width, after.height) == (LONGEST, 1536)


# -- what is none ----------------------------------------------------------------------------------------------------


def png_of(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


NO_PHOTOS = {
    "empty": b"",
    "text": b"just words",
    "html": b"<!DOCTYPE html><script>alert(1)</script>",
    "svg": b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "vrt": b"<VRTDataset rasterXSize='9' rasterYSize='9'><VRTRasterBand><SimpleSource><SourceFilename>/etc/passwd",
    "script": b"#!/bin/sh\nrm -rf /\n",
    "program": b"MZ\x90\x00",
    "gif": b"GIF89a\x01\x00\x01\x00",
    "jpeg's beginning": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00<script>",
    "png's beginning": b"\x89PNG\r\n\x1a\n<script>",
    "webp's beginning": b"RIFF\x00\x00\x00\x00WEBP",
    "heic's beginning": b"\x00\x00\x00\x18ftypheic",
    "a wall": png_of(60_000, 60_000),
    "a string": png_of(2_000_000, 1),
}


@pytest.mark.parametrize("raw", NO_PHOTOS.values(), ids=NO_PHOTOS)
def test_what_is_no_photo_is_refused_with_a_sentence(tmp_path: Path, raw: bytes) -> None:
    path = put(tmp_path / "a.jpg", raw)
    with pytest.raises(NotAPhoto, match=r"a\.jpg"):
        look(path)
    with pytest.raises(NotAPhoto):
        reduced(path, tmp_path / "b.jpg")
    assert not (tmp_path / "b.jpg").exists()


def test_a_photo_cannot_have_gdal_read_what_lies_beside_it(tmp_path: Path) -> None:
    path = put(tmp_path / "a.jpg", picture())
    aux = "<PAMDataset><Metadata><MDI key='EXIF_DateTime'>2001:01:01 00:00:00</MDI></Metadata></PAMDataset>"
    (tmp_path / "a.jpg.aux.xml").write_text(aux)
    assert look(path).taken == ""


def test_links_folders_and_missing_files_are_no_photos(tmp_path: Path) -> None:
    put(tmp_path / "real.jpg", picture())
    (tmp_path / "link.jpg").symlink_to(tmp_path / "real.jpg")
    for name in ("link.jpg", "none.jpg", "."):
        with pytest.raises(CityTwinError):
            look(tmp_path / name)


def test_more_than_a_photo_holds_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one, "LARGEST", 1 << 20)
    with pytest.raises(NotAPhoto, match="1 MB"):
        look(put(tmp_path / "a.jpg", picture() + bytes(1 << 20)))


# -- brought home ----------------------------------------------------------------------------------------------------


def test_photos_are_copied_once_however_often_a_package_comes(tmp_path: Path) -> None:
    big = picture(3000, 2000)
    package, office = outside(tmp_path / "p", a=picture(), b=big), tmp_path / "office"
    items = [naming("photos/a.jpg", "photos/b.jpg"), naming("photos/a.jpg"), naming("https://example.org/x.jpg")]
    first = collect(package, office, items)
    assert [item.photos for item in first.items] == [(called("a"), called("b", big)), (called("a"),), items[2].photos]
    assert (first.copied, first.known, first.notes) == (2, 0, ())
    assert look(office / called("b", big)).width == LONGEST
    before = {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in (office / "photos").iterdir()}
    again = collect(package, office, items)
    assert (again.items, again.copied, again.known) == (first.items, 0, 2)
    assert {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in (office / "photos").iterdir()} == before


def test_photos_of_one_name_from_two_packages_stay_two(tmp_path: Path) -> None:
    office = tmp_path / "office"
    packages = [outside(tmp_path / str(n), IMG_1=picture(3000, 2000, seed=n)) for n in (1, 2, 3)]
    names = [collect(package, office, [naming("photos/IMG_1.jpg")]).items[0].photos[0] for package in packages]
    assert len(set(names)) == 3
    in_another_order = [collect(packages[n], office, [naming("photos/IMG_1.jpg")]) for n in (2, 0, 1)]
    assert [found.items[0].photos[0] for found in in_another_order] == [names[n] for n in (2, 0, 1)]
    (office / names[1]).unlink()
    assert collect(packages[1], office, [naming("photos/IMG_1.jpg")]).items[0].photos[0] == names[1]
    assert len(list((office / "photos").iterdir())) == 3


def test_a_photo_that_goes_round_keeps_its_name(tmp_path: Path) -> None:
    package, office = outside(tmp_path / "p", a=picture(3000, 2000)), tmp_path / "office"
    at_home = collect(package, office, [naming("photos/a.jpg")])
    again = collect(office, tmp_path / "third", at_home.items)
    assert again.items == at_home.items and again.copied == 1
    in_place = collect(office, office, at_home.items)
    assert in_place.items == at_home.items and (in_place.copied, in_place.known) == (0, 1)


def test_a_file_that_lies_there_is_never_overwritten(tmp_path: Path) -> None:
    package, office = outside(tmp_path / "p", a=picture()), tmp_path / "office"
    mark = one.fingerprint(picture())
    put(office / "photos" / f"a-{mark[:8]}.jpg", b"somebody's own")
    (office / "photos" / f"a-{mark}.jpg").symlink_to(tmp_path / "elsewhere")
    found = collect(package, office, [naming("photos/a.jpg")])
    assert found.copied == 1 and (office / found.items[0].photos[0]).read_bytes() == picture()
    assert (office / called("a")).read_bytes() == b"somebody's own" and found.items[0].photos != (called("a"),)
    assert not (tmp_path / "elsewhere").exists()


def test_what_a_power_cut_left_empty_is_filled(tmp_path: Path) -> None:
    package, office = outside(tmp_path / "p", a=picture()), tmp_path / "office"
    put(office / called("a"), b"")
    assert collect(package, office, [naming("photos/a.jpg")]).items[0].photos == (called("a"),)
    assert (office / called("a")).read_bytes() == picture()


def test_what_a_photo_says_it_is_made_of_leads_nowhere(tmp_path: Path) -> None:
    evil = with_exif(picture(), None, {0xA420: "12345678/../../../evil"})
    package = outside(tmp_path / "p", **{"a-12345678": evil})
    found = collect(package, tmp_path / "office", [naming("photos/a-12345678.jpg")])
    assert found.items[0].photos == (called("a-12345678", evil),)
    assert not list(tmp_path.rglob("evil*"))


def test_originals_are_kept_on_request(tmp_path: Path) -> None:
    raw = picture(3000, 2000)
    package, office = outside(tmp_path / "p", a=raw), tmp_path / "office"
    for _ in range(2):
        collect(package, office, [naming("photos/a.jpg")], keep_originals=True)
    (kept,) = (office / "photos" / "originals").iterdir()
    assert kept.read_bytes() == raw and f"photos/{kept.name}" == called("a", raw)


@pytest.mark.parametrize(
    "name", ["../secret.jpg", "/etc/passwd", "C:\\x.jpg", "file:///etc/passwd", "photos/../../secret.jpg",
             "javascript://alert", "a\x00b"],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_is_left_out(tmp_path: Path, name: str) -> None:
    package = outside(tmp_path / "p", a=picture())
    put(tmp_path / "secret.jpg", picture(seed=9))
    found = collect(package, tmp_path / "office", [naming(name, "photos/a.jpg")])
    assert found.items[0].photos == (called("a"),)
    assert found.refused == (name,) and len(found.notes) == 1 and found.copied == 1


def test_links_are_not_followed(tmp_path: Path) -> None:
    package = outside(tmp_path / "p", a=picture())
    put(tmp_path / "secret.jpg", picture(seed=9))
    (package / "photos" / "l.jpg").symlink_to(tmp_path / "secret.jpg")
    (package / "there").symlink_to(tmp_path)
    found = collect(package, tmp_path / "office", [naming("photos/l.jpg", "there/secret.jpg")])
    assert found.copied == 0 and found.missing == ("photos/l.jpg", "there/secret.jpg")


def test_what_is_missing_stays_named_and_what_is_no_photo_does_not(tmp_path: Path) -> None:
    package = outside(tmp_path / "p", a=picture(), evil=b"<html><script>", loose=picture(seed=3))
    found = collect(package, tmp_path / "office", [naming("photos/gone.jpg", "photos/evil.jpg", "photos/a.jpg")])
    assert found.items[0].photos == ("photos/gone.jpg", called("a"))
    assert (found.missing, found.refused, found.loose) == (
        ("photos/gone.jpg",), ("photos/evil.jpg",), ("loose.jpg",),
    )  # fmt: skip
    assert [f"photos/{file.name}" for file in (tmp_path / "office" / "photos").iterdir()] == [called("a")]


def test_a_photo_cut_off_comes_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = picture(3000, 2000)
    package = outside(tmp_path / "p", cut=whole[: len(whole) // 2], head=whole[:700])
    found = collect(package, tmp_path / "office", [naming("photos/cut.jpg")])
    upper = pixels(tmp_path / "office" / found.items[0].photos[0])[:, :100, :]
    assert upper.std() > 30


def test_where_and_when_they_were_taken_is_told(tmp_path: Path) -> None:
    raw = with_exif(picture(3000, 2000), None, TAKEN, seen_at(4.5, 51.9, 45))
    found = collect(outside(tmp_path / "p", a=raw), tmp_path / "office", [naming("photos/a.jpg")])
    ((name, seen),) = found.seen.items()
    assert name == called("a", raw) and (seen.taken, seen.direction) == ("2026-11-23T10:11:12", 45)
    assert (seen.lon, seen.lat) == (pytest.approx(4.5), pytest.approx(51.9))


def test_names_can_be_written_anywhere(tmp_path: Path) -> None:
    assert safe_name("Foto  van/de brug (2).JPG", ".jpg") == "de_brug__2.jpg"
    assert safe_name("x.php.jpg", ".jpg") == "x_php.jpg"
    assert safe_name("con.jpg", ".jpg") == "_con.jpg"
    assert safe_name("..", ".jpg") == safe_name("", ".jpg") == "photo.jpg"
    assert safe_name("a:b<c>*.jpg", ".png") == "a_b_c.png"
    assert len(safe_name("桥" * 300 + ".jpg", ".jpg").encode()) <= 90
    assert safe_name("'; DROP TABLE x; --.jpg", ".jpg").isascii()


def test_a_name_that_another_system_writes_otherwise_is_found(tmp_path: Path) -> None:
    composed, apart = "Caf\u00e9.jpg", "Cafe\u0301.JPG"
    put(tmp_path / "photos" / apart, picture())
    found = place_of(tmp_path, f"photos/{composed}")
    assert found is not None and found in (tmp_path / "photos").iterdir()
    assert place_of(tmp_path, "photos/none.jpg") is None and place_of(tmp_path, "https://x/photos/a.jpg") is None


def test_nothing_else_of_an_item_changes(tmp_path: Path) -> None:
    package = outside(tmp_path / "p", a=picture())
    item = Item("new", "A <b>bench</b>", key="k-1", fid=3, table="review_lines", photos=("photos/a.jpg",))
    found = collect(package, tmp_path / "office", [replace(item, photos=("./photos\\a.jpg",))])
    assert found.items == (replace(item, photos=(called("a"),)),)
