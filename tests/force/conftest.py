"""The twin, the proxy and the nursery: one of each per test process."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugin.workcopy import search

from .nursery import Nursery
from .proxy import Proxy
from .world import World, quick_folder

# a twin of ours has always finished when its answer is lost: no need to look again later
search._LOOKS = (0.0,)

_worlds: dict[tuple[str, bool], World] = {}


def world_of(tier: str, folder: Path, *, proxied: bool) -> World:
    """A world of a tier."""
    key = (tier, proxied)
    if key not in _worlds:
        name = f"force-{tier.replace(' ', '-')}{'-proxied' if proxied else ''}"
        _worlds[key] = World(folder / name, tier, proxy=Proxy() if proxied else None)
    return _worlds[key]


@pytest.fixture(scope="session")
def force_folder() -> Iterator[Path]:
    folder = quick_folder()
    yield folder
    for world in _worlds.values():
        world.close()
    _worlds.clear()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    found = Nursery()
    yield found
    found.close()
