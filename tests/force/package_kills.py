"""A battery that ends: the package opens, and has all that was committed, and nothing by half."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

from plugin.review import plain
from plugin.review.bundle import unpack
from plugin.review.inspect import inspect
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.excerpt import excerpt
from plugin.workcopy.handback import hand_back
from plugin.workcopy.package import Package
from tests.copies import make_copy

from .package_editor import Editor, state_after
from .world import rows


def _holds(path: Path, count: int) -> bool:
    known, new, notes = state_after(count)
    found = rows(path, "SELECT twin_id, name, height FROM buildings ORDER BY fid")
    return (
        {key: (name, height) for key, name, height in found if key is not None} == known
        and [name for key, name, _ in found if key is None] == new
        and [text for (text,) in rows(path, "SELECT text FROM reviews ORDER BY fid")] == notes
    )


def _health(path: Path) -> list[str]:
    found = [] if rows(path, "PRAGMA integrity_check") == [("ok",)] else ["pages"]
    for (name,) in rows(path, "SELECT table_name FROM gpkg_geometry_columns"):
        tree, (count,) = f"rtree_{name}_geom", rows(path, f'SELECT count(*) FROM "{name}" WHERE geom IS NOT NULL')[0]
        counted = rows(path, f'SELECT count(*) FROM "{tree}"')
        if rows(path, "SELECT rtreecheck(?)", tree) != [("ok",)] or counted != [(count,)]:
            found.append(tree)
        told = rows(path, "SELECT feature_count FROM gpkg_ogr_contents WHERE table_name = ?", name)
        # none: a killed GDAL had not counted yet, and whoever asks next does
        if told != [(None,)] and told != rows(path, f'SELECT count(*) FROM "{name}"'):
            found.append(f"{name}: {told} features")
    return found + [" ".join(words) for words in WorkingCopy.open(path).problems.values()]


def kill_again_and_again(folder: Path, editor: Editor, journal: str, trials: int, seed: int) -> int:
    """Edit a package in ``folder``, kill the editor, look at the file, go on; and bring it home in the end. How many of
    the kills left something half written. ``folder`` is on a disk: in memory a write is over too soon to be killed."""
    copy = make_copy(folder / "work.gpkg")
    outside = folder / "delfshaven"
    outside.mkdir()
    path = outside / "review.gpkg"
    excerpt(copy, path, ["buildings"], None, Package("p", "2026-01-01T00:00:00Z"))
    plain.create(path, 28992)
    chance = random.Random(f"{seed} {journal}")
    done = half = 0
    for trial in range(trials):
        became = editor.run(path=path, journal=journal, first=done + 1, delay=chance.uniform(0, 0.04))
        assert became["killed"], became
        half += any(place.stat().st_size for place in outside.glob("review.gpkg-*"))
        last = done if became["last"] is None else became["last"]
        if trial % 5 == 0:  # as it comes home: the folder, with whatever lies beside the file
            home = unpack(outside, folder / f"home-{trial}").folder
            found = inspect(home, copy)
            assert found.edits and found.items and not found.has("damaged"), (seed, trial, found)
            assert any(_holds(home / "review.gpkg", count) for count in (last, last + 1)), (seed, trial)
            shutil.rmtree(home)
        # the last commit may have come to its end without a word about it
        held = next((count for count in (last, last + 1) if _holds(path, count)), None)
        assert held is not None, (seed, trial, last)
        assert _health(path) == [], (seed, trial)
        done = held
    report = hand_back(WorkingCopy.open(folder / "work.gpkg"), path)
    known, new, _ = state_after(done)
    found_rows = rows(folder / "work.gpkg", "SELECT twin_id, name, height FROM buildings ORDER BY fid")
    assert {key: cells for key, *cells in found_rows if key} == {key: list(cells) for key, cells in known.items()}
    assert [name for key, name, _ in found_rows if key is None] == new and not report.conflicts
    assert len(plain.read(path).items) == len(state_after(done)[2])
    return half
