"""The manifest: written whole, read leniently, refused only where it is newer."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from plugin.review import manifest as man
from plugin.review.errors import DamagedPackage, NewerPackage
from plugin.review.manifest import Manifest

FULL = Manifest(
    id="7d0c1f4e",
    title="Straat “Noord”",
    made="2026-11-23T08:00:00Z",
    made_by="office",
    for_whom="Jan",
    due="2026-11-30",
    twins=("https://twin.example.org/",),
    tables=("buildings", "trees"),
    area={"type": "Polygon", "coordinates": [[[4.4, 51.9], [4.5, 51.9], [4.5, 52.0], [4.4, 51.9]]]},
    bounds=(4.4, 51.9, 4.5, 52.0),
    background="background.mbtiles",
    sensors_at="2026-11-23T07:59:00Z",
)


def test_it_comes_back_as_it_was_written(tmp_path: Path) -> None:
    man.write(tmp_path, FULL)
    assert man.read(tmp_path) == FULL
    assert man.read(tmp_path).package.for_whom == "Jan"
    assert [path.name for path in tmp_path.iterdir()] == ["review.json"]


@pytest.mark.parametrize(
    ("told", "want"),
    [
        ({}, Manifest()),
        ({"id": 5, "title": None, "tables": "buildings", "bounds": [1, 2, 3], "area": "all"}, Manifest()),
        ({"tables": ["a", 5, None, "b"], "more": 1, "format": "one"}, Manifest(tables=("a", "b"))),
        ({"bounds": [1, 2, 3, "x"]}, Manifest()),
        ({"bounds": [1, 2, 0, 3]}, Manifest()),
        ({"bounds": [1, 2, 10**400, 3]}, Manifest()),
        ({"background": "../../etc/passwd"}, Manifest()),
        ({"background": "C:\\tiles"}, Manifest()),
        ({"background": ".."}, Manifest()),
        ({"background": "tiles.mbtiles"}, Manifest(background="tiles.mbtiles")),
        ({"format": True, "title": " x "}, Manifest(title="x")),
    ],
)
def test_what_is_odd_is_empty(tmp_path: Path, told: Any, want: Manifest) -> None:
    (tmp_path / "review.json").write_text(json.dumps(told), encoding="utf-8-sig")
    assert man.read(tmp_path) == want


@pytest.mark.parametrize("number", [2, 1.5, 10**30])
def test_a_newer_one_is_refused(tmp_path: Path, number: Any) -> None:
    man.write(tmp_path, replace(FULL, format=number))
    with pytest.raises(NewerPackage, match="newer version"):
        man.read(tmp_path)


@pytest.mark.parametrize("raw", [b"", b"{", b"[1]", b"\xff\xfe\x00", b"[" * 200_000, b'{"id": "' + b"x" * 5_000_000])
def test_what_is_no_manifest(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "review.json").write_bytes(raw)
    with pytest.raises(DamagedPackage):
        man.read(tmp_path)


def test_no_manifest_and_a_link_in_its_place(tmp_path: Path) -> None:
    with pytest.raises(DamagedPackage):
        man.read(tmp_path)
    (tmp_path / "elsewhere.json").write_text('{"title": "secret"}')
    (tmp_path / "review.json").symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(DamagedPackage):
        man.read(tmp_path)
