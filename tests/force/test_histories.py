"""Random histories: two working copies and a twin, edits, pulls, publishes, decisions, crashes, faults (hypothesis).

Each state is held against the rules of `model`. The histories are the same in every run; `make soak` tries others. A
history that fails is shrunk to the steps that matter, and printed.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from plugin.twin.client import Twin as Client
from plugin.twin.errors import CityTwinError
from plugin.twin.session import Session
from plugin.workcopy.conflicts import Resolution, resolve
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.geometry import decode
from plugin.workcopy.publish import publish
from plugin.workcopy.pull import pull
from tests.copies import square

from .direct import FAULTS, Direct, Killed
from .model import COLUMNS, File, Hand, Item, Twin, trimmed
from .records import record, size
from .world import World, building, quick_folder, remove

SOAK = bool(os.environ.get("FORCE_SOAK"))
_worlds: dict[str, World] = {}
_numbers = itertools.count(1)

WEIGHTS = {
    "edit": 8, "remove": 1, "draw": 2, "colleague": 7, "colleague_deletes": 1, "colleague_creates": 2,
    "pull": 5, "publish": 7, "decide": 3,
}  # fmt: skip


def step_of(seed: int, salt: str = "") -> tuple[Any, ...]:
    """A step out of a number, evenly; 0, to which hypothesis shrinks, is none."""
    if seed == 0:
        return ("nothing",)
    chance = random.Random(f"{salt} {seed}")
    who = chance.choice(("Ann", "Bob"))
    which = chance.choice((0, 0, 0, 1, 1, 2, 3, 4, 5))
    column = chance.choice(("name", "height", "height", "height", "floors", "geometry"))
    choice = chance.choice((0, 0, 0, 1, 2))
    broken = race = None
    if chance.random() < 0.5:
        how = chance.choice((*FAULTS, *("killed", "killed late") * 3))
        broken = (chance.randint(1, 18), how, chance.random() < 0.4)
    if chance.random() < 0.4:
        race = (chance.randint(5, 20), which, column, choice, chance.random() < 0.6)
    coin = chance.random() < 0.5
    arguments: dict[str, tuple[Any, ...]] = {
        "edit": (who, which, column, choice),
        "remove": (who, which),
        "draw": (who,),
        "colleague": (which, column, choice, who),
        "colleague_deletes": (which,),
        "colleague_creates": (who, coin, which),
        "pull": (who, broken, race),
        "publish": (who, broken, coin, race),
        "decide": (who, which, [chance.choice(("mine", "theirs")) for _ in range(5)]),
    }
    name = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    return (name, *arguments[name])


def _simple(number: int) -> tuple[str, dict[str, Any], Any]:
    """A building that holds nothing but what the model knows."""
    identity, properties, geometry = building(number)
    return identity, {name: properties[name] for name in ("name", "height", "floors")}, geometry


def world_of(tier: str) -> World:
    if tier not in _worlds:
        _worlds[tier] = World(quick_folder(), tier, data={"buildings": [_simple(n) for n in range(1, 5)]})
    return _worlds[tier]


@pytest.fixture(scope="module", autouse=True)
def _end() -> Any:
    yield
    for world in _worlds.values():
        world.close()
        shutil.rmtree(world.folder, ignore_errors=True)
    _worlds.clear()


class History:
    """One history. Racing colleagues write in the middle of a publish where the tier has locks."""

    def __init__(self, tier: str) -> None:
        self.tier = tier
        self.world = world_of(tier)
        first = self.world.reset()
        self.paths = {"Ann": first, "Bob": self.world.another()}
        self.twin = Twin(self._items())
        self.twin.begin()
        self.adapter = Direct(lambda: self.world._inner, self._written)
        self.writing: Hand | None = None
        self.patience = 1
        self.hands = {
            name: Hand(name, path, {**self.twin.items}, {**self.twin.items}) for name, path in self.paths.items()
        }

    def close(self) -> None:
        for path in self.paths.values():
            if path != self.world.path:
                remove(path)

    # -- the twin ----------------------------------------------------------------------------------------------------

    def _items(self) -> dict[str, dict[str, Any]]:
        return {identity: trimmed(cells) for (_, identity), cells in self.world.memory.state().items()}

    def _written(self) -> None:
        changed = self.twin.become(self._items())
        if self.writing is not None:
            self.writing.answer_for(changed)

    def _client(self) -> Client:
        session = Session(
            self.world.url, adapter=self.adapter, retries=self.patience, backoff=0.0, sleep=lambda _seconds: None
        )
        return Client(self.world.url, session=session)

    # -- values ------------------------------------------------------------------------------------------------------

    def _value(self, column: str, choice: int, theirs: Item) -> Any:
        """A fresh value mostly; sometimes null, sometimes what the others have."""
        number = next(_numbers)
        if choice == 1 and theirs is not None:
            return theirs[column]
        if choice == 2 and column in ("height", "floors"):
            return None
        if column == "name":
            return f"Name {number}"
        if column == "height":
            return number + 0.5
        if column == "floors":
            return number
        return square(92000 + number % 900 + 0.25, 436000 + number // 900)

    # -- edits -------------------------------------------------------------------------------------------------------

    def edit(self, name: str, n: int, column: str, choice: int) -> None:
        self._edit(self.hands[name], n, column, choice)

    def _edit(self, hand: Hand, n: int, column: str, choice: int) -> None:
        keys = sorted(hand.local, key=str)
        if keys:
            key = keys[n % len(keys)]
            hand.update(key, column, self._value(column, choice, self.twin.items.get(str(key))))

    def _edit_again(self, hand: Hand, n: int, choice: int) -> None:
        """Change once more what is on its way: that edit must stay one."""
        changed = [
            (key, column)
            for key in sorted(hand.local, key=str)
            for column in COLUMNS
            if hand.local[key][column] != (hand.basis.get(str(key)) or {}).get(column)
        ]
        if changed:
            key, column = changed[n % len(changed)]
            hand.update(key, column, self._value(column, choice, self.twin.items.get(str(key))))

    def remove(self, name: str, n: int) -> None:
        hand = self.hands[name]
        keys = sorted(hand.local, key=str)
        if len(keys) > 2:
            hand.delete(keys[n % len(keys)])

    def draw(self, name: str) -> None:
        number = next(_numbers)
        cells = {
            "name": f"New {number}",
            "height": number + 0.5 if number % 3 else None,
            "floors": None,
            "geometry": square(93000 + number % 900, 437000 + number // 900),
        }
        self.hands[name].insert(cells)

    # -- colleagues --------------------------------------------------------------------------------------------------

    def colleague(self, n: int, column: str, choice: int, name: str) -> None:
        self._colleague(n, column, choice, self.hands[name])

    def _colleague(self, n: int, column: str, choice: int, hand: Hand) -> None:
        ids = sorted(self.twin.items)
        if ids:
            identity = ids[n % len(ids)]
            self.world.memory.colleague(
                "buildings", identity, **{column: self._value(column, choice, hand.local.get(identity))}
            )
            self._foreign()

    def colleague_deletes(self, n: int) -> None:
        ids = sorted(self.twin.items)
        if len(ids) > 2:
            self.world.memory.colleague_deletes("buildings", ids[n % len(ids)])
            self._foreign()

    def colleague_creates(self, name: str, same: bool, n: int) -> None:
        """Something new; or the same thing, in the same place, as somebody has drawn and not published."""
        number = next(_numbers)
        cells: dict[str, Any] = {"name": f"Theirs {number}", "height": 1.5, "geometry": square(94000 + number, 438000)}
        if same:
            hand = self.hands[name]
            new = [key for key in sorted(hand.local, key=str) if isinstance(key, int) and key not in hand.born]
            new = [
                key
                for key in new
                if not any(item["geometry"] == hand.local[key]["geometry"] for item in self.twin.items.values())
            ]
            if not new:
                return
            drawn = hand.local[new[n % len(new)]]
            cells = {**drawn, **({"height": number + 0.25} if n % 2 else {})}
        self.world.memory.colleague_creates("buildings", f"c{number}", cells.pop("geometry"), **cells)
        self._foreign()

    def _foreign(self) -> None:
        self.twin.become(self._items())

    # -- pull and publish --------------------------------------------------------------------------------------------

    def pull(self, name: str, broken: Any, race: Any) -> None:
        """With somebody who edits the working copy, or writes to the twin, in the middle of it."""
        hand = self.hands[name]
        self._begin(hand, broken)
        if race is not None:
            self.adapter.between = self._racing(hand, *race)
        whole = False
        try:
            report = pull(WorkingCopy.open(hand.path), self._client())
            whole = not any(layer.failed for layer in report.layers)
        except (CityTwinError, Killed) as error:
            record("histories", self.tier, f"pull {type(error).__name__}", "ok")
        else:
            record("histories", self.tier, "pull" if whole else "pull in part", "ok")
        self._over(hand, exact=whole and race is None)

    def publish(self, name: str, broken: Any, stop: bool, race: Any) -> None:
        """With somebody who edits the working copy, or writes to the twin, in the middle of it."""
        hand = self.hands[name]
        self._begin(hand, broken)
        if race is not None:
            self.adapter.between = self._racing(hand, *race)
        try:
            report = publish(WorkingCopy.open(hand.path), self._client(), "m", on_conflict="stop" if stop else "skip")
        except (CityTwinError, Killed) as error:
            record("histories", self.tier, f"publish {type(error).__name__}", "ok")
        else:
            for outcome in report.outcomes:
                assert outcome.state == "published" or outcome.message or report.stopped, outcome
            record("histories", self.tier, "publish stopped" if report.stopped else "publish", "ok")
        self._over(hand, exact=False)

    def _racing(self, hand: Hand, at: int, n: int, column: str, choice: int, on_twin: bool) -> Any:
        count = itertools.count(1)

        def between(method: str) -> None:
            if next(count) == at:
                if on_twin and not self.tier.startswith("W0"):
                    writing, self.writing = self.writing, None
                    self._colleague(n, column, choice, hand)
                    self.writing = writing
                else:
                    self._edit_again(hand, n, choice)

        return between

    def _begin(self, hand: Hand, broken: Any) -> None:
        self.adapter.calm()
        self.patience = 1
        if broken is not None:
            self.patience = broken[0] % 2  # whether a request that failed is sent again
            self.adapter.break_at(broken[0], broken[1], stays=broken[2])
        self.twin.begin()
        hand.begin()
        self.writing = hand

    def _over(self, hand: Hand, *, exact: bool) -> None:
        self.writing = None
        self.adapter.calm()
        self.adapter.between = None
        hand.settle(self.twin, exact=exact)

    # -- decisions ---------------------------------------------------------------------------------------------------

    def decide(self, name: str, n: int, sides: list[str]) -> None:
        hand = self.hands[name]
        conflicts = WorkingCopy.open(hand.path).conflicts()
        if conflicts:
            self._decide(hand, conflicts[n % len(conflicts)], sides)

    def _decide(self, hand: Hand, conflict: Any, sides: list[str]) -> None:
        there = conflict.mine_there if sides[0] == "mine" else conflict.theirs_there
        keep = "merged" if there else "deleted"
        if conflict.kind == "create-create" and sides[4] == "mine":
            keep = "both"
        values, plain = {}, {}
        if keep == "merged":
            left = "mine" if conflict.mine_there else "theirs"
            for cell, side in zip(conflict.clashes, itertools.cycle(sides)):
                chosen = left if conflict.kind in ("update-delete", "delete-update") else side
                values[cell.column] = cell.mine if chosen == "mine" else cell.theirs
        columns = {"geom": "geometry"}
        for name, stored in values.items():
            plain[columns.get(name, name)] = _plain(stored)
        resolution = Resolution(conflict.table, conflict.twin_id, conflict.token, keep, values)  # type: ignore[arg-type]
        assert resolve(WorkingCopy.open(hand.path), [resolution]) == 1
        hand.decided(conflict, keep, plain)
        if conflict.kind == "create-create" and keep == "merged":
            hand.born.pop(conflict.fid, None)
        hand.hold()
        record("histories", self.tier, f"decided {conflict.kind}", "ok")

    # -- in the end --------------------------------------------------------------------------------------------------

    def converge(self) -> None:
        """Without faults, everybody pulls, decides and publishes until there is nothing left to do; then all agree."""
        for _ in range(8):
            busy = False
            for name, hand in self.hands.items():
                self.pull(name, None, None)
                for number, conflict in enumerate(WorkingCopy.open(hand.path).conflicts()):
                    self._decide(hand, conflict, [("mine", "theirs")[(number + n) % 2] for n in range(5)])
                self.publish(name, None, False, None)
                file = File(hand.path)
                busy |= bool(file.changes or file.conflicts)
            if not busy and all(hand.local == self.twin.items for hand in self.hands.values()):
                break
        for hand in self.hands.values():
            file = File(hand.path)
            assert not file.changes and not file.conflicts, (hand.name, file.changes, file.conflicts)
            assert file.ids == self.twin.items, hand.name
        record("histories", self.tier, "copies agree in the end", "ok")


def _plain(stored: Any) -> Any:
    return decode(stored) if isinstance(stored, bytes) else stored


@pytest.mark.parametrize("part", range(2))
@pytest.mark.parametrize("tier", ["W0", "W1", "W1 timestamps", "W2", "W2 of 3"])
def test_histories(tier: str, part: int) -> None:
    length = size("STEPS", 30)

    @settings(
        max_examples=size("HISTORIES", 24) // 2,
        deadline=None,
        derandomize=not SOAK,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
    )
    @given(st.lists(st.integers(0, 2**32), min_size=length + part, max_size=length + part))
    def histories(seeds: list[int]) -> None:
        history = History(tier)
        # hypothesis draws the same numbers for each tier, and likes some: here they become different steps
        steps = [step_of(seed, f"{tier} {part} {place}") for place, seed in enumerate(seeds) if seed]
        try:
            for name, *arguments in steps:
                note(f"{name} {arguments}")
                getattr(history, name)(*arguments)
            history.converge()
        finally:
            history.close()
        record("histories", tier, "steps", "ok", len(steps))

    histories()
