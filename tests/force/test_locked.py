"""The file cannot be written from any request on, because another program has it or the disk is full: stated, nothing
lost, and later all of it once."""

from __future__ import annotations

import itertools
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from plugin.twin.client import Twin
from plugin.twin.session import Session
from plugin.workcopy import connection as connections

from . import scenario
from .conftest import world_of
from .direct import Direct
from .records import record, size
from .world import World, health


class Locked:
    """Another program writes: its transaction is open."""

    def __init__(self, path: Path, _patch: pytest.MonkeyPatch) -> None:
        self._other = sqlite3.connect(str(path), isolation_level=None, timeout=1.0, check_same_thread=False)
        self._other.execute("BEGIN IMMEDIATE")

    def end(self) -> None:
        self._other.execute("ROLLBACK")
        self._other.close()


class Full:
    """No room: the file cannot grow by a page."""

    def __init__(self, _path: Path, patch: pytest.MonkeyPatch) -> None:
        self._patch, self._real = patch, connections._open

        def opened(path: Path, mode: str) -> sqlite3.Connection:
            connection = self._real(path, mode)
            if mode == "rw":
                connection.execute("PRAGMA max_page_count = 1")  # no fewer than there are
            return connection

        patch.setattr(connections, "_open", opened)

    def end(self) -> None:
        self._patch.setattr(connections, "_open", self._real)


KINDS: dict[str, tuple[Any, bool]] = {
    "locked for good": (Locked, True),  # until the run is over
    "locked for a moment": (Locked, False),  # for one request, longer than anybody waits
    "disk full": (Full, True),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tier", ["W0 pygeoapi", "W1", "W2"])
def test_not_writable_from_any_request_on(
    tier: str, kind: str, force_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "WAIT", 0.02)
    world = world_of(tier, force_folder, proxied=False)
    bad, words = [], []
    for number in itertools.count(1, size("FILE_STEP", 3)):
        word, found = _trial(world, number, *KINDS[kind], monkeypatch)
        if not word:
            break
        words.append(word)
        record("files", f"{tier}, {kind}", word, "FAILED" if found else "ok")
        if found:
            bad.append(f"{tier}, {kind} from request {number}: {found}")
    assert number > 10 and "stopped" in words, "nobody ever met it"
    assert not bad, "\n".join(bad)


def _trial(world: World, number: int, trouble: Any, for_good: bool, patch: pytest.MonkeyPatch) -> tuple[str, list[str]]:
    """How it ended ("" where there are not so many requests), and what is wrong with that."""
    path = world.reset()
    scenario.my_edits(path)
    scenario.their_edits(world)
    adapter = Direct(lambda: world._inner, lambda: None)
    count = itertools.count(1)
    troubles: list[Any] = []

    def between(_method: str) -> None:
        now = next(count)
        if now == number:
            troubles.append(trouble(path, patch))
        elif now > number + 1 and not for_good:
            release()

    def release() -> None:
        while troubles:
            troubles.pop().end()

    adapter.between = between
    try:
        tried = scenario.sync(path, _client(world, adapter))
    finally:
        hit = next(count) > number
        release()
    word = "" if not hit else "done" if tried.clean else "stopped"
    found = [f"not stated: {words}" for words in scenario.stated(tried)]
    found += scenario.nothing_lost(world, path) + health(path)
    adapter.between = None
    again: Any = None
    for _ in range(2):
        again = scenario.sync(path, _client(world, adapter))
        if again.clean:
            break
    else:
        found.append(f"does not go on: {again}")
    return word, found + scenario.landed(world, path, True)


def _client(world: World, adapter: Direct) -> Twin:
    return Twin(world.url, session=Session(world.url, adapter=adapter, retries=0, sleep=lambda _seconds: None))
