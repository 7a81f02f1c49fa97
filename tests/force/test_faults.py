"""Every fault at every request of pull and publish: a stated outcome, nothing lost, and in the end everything once."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import scenario
from .conftest import world_of
from .proxy import FAULTS, HARMLESS, Plan, Step
from .records import record, size
from .tiers import TIERS
from .world import World, health

# the same fault once, or on every request from the one on: a twin that goes away and stays away
MODES = ("once", "stays")
# seconds the client waits for an answer, where waiting is what is tested
_PATIENT = {"timeout": 0.2, "timeout late": 0.2, "timeout later": 0.2}
_steps: dict[str, list[Step]] = {}


def _begin(world: World) -> Path:
    world.proxy.plan = Plan()
    path = world.reset()
    scenario.my_edits(path)
    scenario.their_edits(world)
    return path


def _of_features(step: Step) -> bool:
    method, path = step[0].split(" ", 1)
    return method != "OPTIONS" and ("/items" in path or path == "transactions")


def steps_of(world: World) -> list[Step]:
    """Every request of a pull and a publish without faults, which itself must come out right."""
    if world.tier not in _steps:
        path = _begin(world)
        tried = scenario.sync(path, world.twin())
        found = scenario.stated(tried) + scenario.landed(world, path, True)
        assert tried.clean and not found, (tried.refused, found)
        # concurrent writers come in any order, so a step is known by what it asks
        steps = sorted(world.proxy.plan.seen)
        # what a twin says about itself is read in the same way on every tier: W1 stands for all
        _steps[world.tier] = steps if world.tier == "W1" else [step for step in steps if _of_features(step)]
    return _steps[world.tier]


def tried_with(world: World, fault: str, step: Step, stays: bool) -> tuple[str, list[str]]:
    """One cell of the matrix: what came of it, and what is wrong with that."""
    for more in (1, 5):  # a busy machine may be slower than our short patience, and fail before the step
        path = _begin(world)
        plan = world.proxy.plan = Plan(fault=fault, step=step, stays=stays, patience=2.0)
        tried = scenario.sync(path, world.twin(timeout=more * _PATIENT.get(fault, 5.0)))
        if plan.struck:
            break
    found = [f"not stated: {words}" for words in scenario.stated(tried)]
    if not plan.struck:
        found.append("the fault was never met")
    if fault in HARMLESS and not tried.clean:
        found.append(f"was noticed: {tried}")
    found += [f"lost: {words}" for words in scenario.nothing_lost(world, path)]
    found += [f"file: {words}" for words in health(path)]
    word = "done" if tried.clean else "stopped" if tried.refused or _stopped(tried) else "part"
    world.proxy.release()
    world.proxy.plan = Plan()
    again = scenario.sync(path, world.twin())
    if not again.clean:
        # a second try may be needed: the first found out what had come of the fault
        again = scenario.sync(path, world.twin())
    if not again.clean:
        words = scenario.complaint(again.published) if again.published else ""
        found.append(f"does not go on: {again.refused} {words}")
    found += scenario.landed(world, path, True)
    return word, found


def _stopped(tried: scenario.Tried) -> bool:
    return tried.published is not None and bool(tried.published.stopped)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("tier", TIERS)
def test_fault_at_every_step(tier: str, fault: str, mode: str, force_folder: Path) -> None:
    world = world_of(tier, force_folder, proxied=True)
    bad = []
    stride = size("FAULT_STEP", 6)
    for number, step in enumerate(steps_of(world)):
        if (number + FAULTS.index(fault)) % stride:
            continue
        word, found = tried_with(world, fault, step, mode == "stays")
        record("faults", f"{tier} {mode} {fault}", f"{step[0]} #{step[1]}", "FAILED" if found else word)
        if found:
            bad.append(f"{tier}: {fault} {mode} at {step[0]} #{step[1]}: " + "; ".join(found))
    assert not bad, f"{len(bad)} cells:\n" + "\n".join(bad)


def test_tiers_are_what_they_say(force_folder: Path) -> None:
    """The twin of each tier is recognised as such: else the matrix would show one tier three times."""
    for tier in TIERS:
        world = world_of(tier, force_folder, proxied=True)
        world.proxy.plan = Plan()
        assert world.twin().capabilities().tier == tier.split()[0]
