"""Random histories with field reviews: an office, a colleague, a twin, packages, copies of them and older states.

They come home in any order and any number of times. Each time the office is held against the rules of `model` and
`outside`: no edit is lost, none overwritten unasked, nothing there twice.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
from typing import Any

import pytest

from tests.copies import square

from . import test_histories as histories
from .outside import Desk, Name
from .records import record, size

SOAK = bool(os.environ.get("FORCE_SOAK"))
_numbers = itertools.count(1)
WEIGHTS = {
    "away_edit": 12, "away_delete": 1, "away_draw": 3, "away_copy": 2, "make": 2, "back": 6, "edit": 6, "remove": 1,
    "draw": 2, "colleague": 4, "colleague_deletes": 1, "pull": 3, "publish": 3, "decide": 2,
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _end() -> Any:
    yield
    for world in histories._worlds.values():
        world.close()
        shutil.rmtree(world.folder, ignore_errors=True)
    histories._worlds.clear()


class Review(histories.History):
    """Ann is the office; Bob works with the twin alone."""

    def __init__(self, tier: str, chance: random.Random) -> None:
        super().__init__(tier)
        self.desk = Desk(self.hands["Ann"], self.world.folder)
        self.chance = chance

    def close(self) -> None:
        self.desk.close()
        super().close()

    def one_step(self) -> str:
        chance = self.chance
        name = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        who, n = chance.choice(("Ann", "Ann", "Bob")), chance.randrange(6)
        column = chance.choice(("name", "height", "height", "floors", "geometry"))
        choice, sides = chance.choice((0, 0, 0, 1, 2)), [chance.choice(("mine", "theirs")) for _ in range(5)]
        arguments: dict[str, tuple[Any, ...]] = {
            "edit": (who, n, column, choice), "remove": (who, n), "draw": (who,), "make": (),
            "colleague": (n, column, choice, who), "colleague_deletes": (n,), "pull": (who, None, None),
            "publish": (who, None, False, None), "decide": (who, n, sides),
            "away_edit": (n, column, choice), "away_delete": (n,), "away_draw": (n,), "away_copy": (n,), "back": (n,),
        }  # fmt: skip
        getattr(self, name)(*arguments[name])
        return f"{name} {arguments[name]}"

    def make(self) -> None:
        if len(self.desk.away) < 6:
            self.desk.make()

    def _some(self, n: int) -> Any:
        away = self.desk.away
        return away[n % len(away)] if away else None

    def away_edit(self, n: int, column: str, choice: int) -> None:
        away = self._some(self.chance.randrange(6))
        keys: list[Name] = sorted(away.local, key=str) if away else []
        if away and keys:
            key = keys[n % len(keys)]
            value = self._value(column, choice, away.origin.get(key) or away.local[key])
            away.update(key, column, value)

    def away_delete(self, n: int) -> None:
        away = self._some(self.chance.randrange(6))
        keys: list[Name] = sorted(away.local, key=str) if away else []
        if away and len(keys) > 2:
            away.delete(keys[n % len(keys)])

    def away_draw(self, n: int) -> None:
        away, number = self._some(n), next(_numbers)
        if away:
            place = square(96000 + number % 900, 439000 + number // 900)
            away.insert({"name": f"Outside {number}", "height": number + 0.5, "floors": None, "geometry": place})

    def away_copy(self, n: int) -> None:
        if len(self.desk.away) < 8:
            self.desk.copy(n)

    def back(self, n: int) -> None:
        away = self._some(n)
        if away:
            what = self.desk.back(away, [self.chance.choice(("mine", "theirs")) for _ in range(5)])
            record("packages", self.tier, what, "ok")

    def converge_with_packages(self) -> None:
        for _ in range(2):
            for n in range(len(self.desk.away)):
                self.back(n)
        before = dict(self.hands["Ann"].local)
        for n in range(len(self.desk.away)):
            self.back(n)
        assert self.hands["Ann"].local == before, "once more changes nothing"
        self.converge()


@pytest.mark.parametrize("part", range(2))
@pytest.mark.parametrize("tier", ["W0", "W1", "W2"])
def test_histories_with_packages(tier: str, part: int) -> None:
    seed = size("SEED", 20261123) if SOAK else 20261123
    for number in range(max(1, size("HISTORIES", 24) // 8)):
        chance = random.Random(f"{seed} {tier} {part} {number}")
        history = Review(tier, chance)
        steps: list[str] = []
        try:
            history.desk.make()
            history.desk.make()
            for _ in range(size("STEPS", 30) * 2):
                steps.append(history.one_step())
            history.converge_with_packages()
        except AssertionError as error:
            told = "\n".join(steps)
            record("packages", tier, "steps", f"FAILED {part} {number}")
            raise AssertionError(f"seed {seed} {tier} {part} {number}, after\n{told}\n{error}") from error
        finally:
            history.close()
        record("packages", tier, "steps", "ok", len(steps))
