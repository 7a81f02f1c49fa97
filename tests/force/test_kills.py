"""Killed at any instant: the file opens, is whole, and the work goes on to the same end, each change applied once."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from pathlib import Path

import pytest

from plugin.demo.model import Property
from plugin.workcopy.checkout import checkout
from plugin.workcopy.copy import WorkingCopy

from . import scenario
from .conftest import world_of
from .nursery import Nursery
from .records import record, size
from .tiers import TIERS
from .world import BUILDINGS, World, health, remove

# sync: pull, then publish, with a colleague's edits in between; reshape: a pull that also brings columns
JOBS = [("sync", tier) for tier in TIERS]
JOBS += [(job, tier) for job, tier in (("publish", "W1"), ("publish", "W2"), ("publish", "W0 pygeoapi"), ("pull", "W1"),
                                       ("pull", "W0"), ("reshape", "W1")) if tier in TIERS]  # fmt: skip


def _begin(world: World, job: str) -> Path:
    path = world.reset()
    scenario.my_edits(path)
    if job != "publish":
        scenario.their_edits(world)
    if job == "reshape":
        more = (Property("owner", "string"), Property("storeys", "integer"))
        shape = replace(BUILDINGS.schema, properties=(*BUILDINGS.schema.properties, *more))
        world.memory.reshape(replace(BUILDINGS, schema=shape))
    return path


def _what(job: str) -> str:
    return "pull" if job == "reshape" else job


def _judge(world: World, path: Path, job: str) -> list[str]:
    """After the kill: whole at once, and after going on in the right place."""
    found = [f"after the kill: {words}" for words in health(path) + scenario.nothing_lost(world, path)]
    for _ in range(2):
        tried = scenario.sync(path, world.twin(retries=2))
        if tried.clean:
            break
    else:
        found.append(f"does not go on: {tried.refused} {tried.published and scenario.complaint(tried.published)}")
    return found + scenario.landed(world, path, job != "publish") + scenario.tokens_right(world, path)


def _seeds(name: str) -> tuple[int, random.Random]:
    seed = size("SEED", 20261122)
    return seed, random.Random(f"{seed} {name}")


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize(("job", "tier"), JOBS)
def test_at_every_statement_and_request(tier: str, job: str, part: int, force_folder: Path, nursery: Nursery) -> None:
    """Exhaustively (FORCE_KILL_STEP=1): before each SQL statement, before and behind each request."""
    world = world_of(tier, force_folder, proxied=False)
    whole = nursery.run(what=_what(job), path=_begin(world, job), url=world.url, count=True)
    assert not whole["words"] and not whole["hung"], whole
    assert not _judge(world, world.path, job)
    step = size("KILL_STEP", 10)
    bad = []
    for point in range(1 + part, whole["points"] + 1, 4 * step):
        path = _begin(world, job)
        nursery.run(what=_what(job), path=path, url=world.url, point=point)
        found = _judge(world, path, job)
        record("kills", f"{job} {tier}", "at every statement and request", f"FAILED {point}" if found else "ok")
        if found:
            bad.append(f"{job} on {tier}, killed at point {point}: {found}")
    assert not bad, "\n".join(bad)


@pytest.mark.parametrize("part", range(2))
@pytest.mark.parametrize(("job", "tier"), JOBS)
def test_at_random_instants(tier: str, job: str, part: int, force_folder: Path, nursery: Nursery) -> None:
    world = world_of(tier, force_folder, proxied=False)
    seconds = max(nursery.run(what=_what(job), path=_begin(world, job), url=world.url)["seconds"] for _ in range(3))
    seed, chance = _seeds(f"{tier} {job} {part}")
    bad = []
    for trial in range(size("KILLS", 12) // 2):
        delay = chance.uniform(0, seconds * 1.05)
        path = _begin(world, job)
        became = nursery.run(what=_what(job), path=path, url=world.url, delay=delay)
        found = _judge(world, path, job)
        outcome = "ok" if became["killed"] else "done before"
        record("kills", f"{job} {tier}", "at random instants", f"FAILED seed {seed}" if found else outcome)
        if found:
            bad.append(f"{job} on {tier}, seed {seed}, trial {trial}, after {delay * 1000:.1f} ms: {found}")
    assert not bad, "\n".join(bad)


@pytest.mark.parametrize("part", range(2))
def test_checkout(part: int, force_folder: Path, nursery: Nursery) -> None:
    """Half a working copy is never there under its name, and the next checkout is not in its way."""
    world = world_of("W1", force_folder, proxied=False)
    world.reset()
    target = force_folder / f"checkout-{os.getpid()}.gpkg"

    def clear() -> None:
        remove(target)
        target.with_name(target.name + ".part").unlink(missing_ok=True)

    clear()
    whole = nursery.run(what="checkout", path=target, url=world.url, count=True)
    assert not whole["words"] and not health(target), whole
    seconds = whole["seconds"]
    seed, chance = _seeds(f"checkout {part}")
    # random instants, and each second or so of the points that can be counted
    trials: list[dict[str, float | int]] = [
        {"delay": chance.uniform(0, seconds * 1.05)} for _ in range(size("KILLS", 12))
    ]
    trials += [{"point": point} for point in range(1 + part, whole["points"] + 1, 2 * size("KILL_STEP", 10))]
    bad = []
    for trial in trials:
        clear()
        became = nursery.run(what="checkout", path=target, url=world.url, **trial)
        found = []
        if target.exists():
            found += health(target)
        elif not became["killed"]:
            found.append(f"no file: {became}")
        # what the kill left behind
        litter = [place.name for place in target.parent.glob(target.name + "*") if place != target]
        if not target.exists():
            checkout(world.twin(), ["buildings", "trees"], target)
            litter = [place.name for place in target.parent.glob(target.name + "*") if place != target]
            if litter:
                found.append(f"left behind: {litter}")
        found += health(target) + scenario.alike(world, target)
        if WorkingCopy.open(target).changes():
            found.append("changes right after a checkout")
        column = "at random instants" if "delay" in trial else "at every statement and request"
        outcome = "ok" if became["killed"] else "done before"
        record("kills", "checkout", column, f"FAILED {trial}" if found else outcome)
        if found:
            bad.append(f"checkout, seed {seed}, {trial}: {found}")
    clear()
    assert not bad, "\n".join(bad)
