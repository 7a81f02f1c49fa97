"""Random histories of lists that merge inside: two people judge the criteria of two pilots, and pull, publish and
decide in any order.

The rule is written here once more, apart from the plugin: each criterion is merged by itself; one that both judged
otherwise holds the whole pilot until somebody decides; a history never loses a line.
"""

from __future__ import annotations

import itertools
import json
import random
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from plugin.demo.app import create_app
from plugin.demo.city import pilots_for_data
from plugin.demo.store import Store
from plugin.pilots.combine import looked_into
from plugin.twin.client import Twin
from plugin.twin.session import Session
from plugin.workcopy.checkout import checkout
from plugin.workcopy.conflicts import resolution_of, resolve
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.publish import publish
from plugin.workcopy.pull import pull

from .direct import Direct
from .records import record, size
from .test_histories import SOAK
from .tiers import settings_of
from .world import quick_folder, rows, run

URL = "http://twin.test/"
PILOTS = ("P-05", "P-06")
CONDITIONS = ("human", "technical")
CRITERIA = ("skills", "time", "reuse")
Cells = dict[tuple[str, str], Any]  # (condition, criterion) → rating and evidence; ("history", line) → True
_numbers = itertools.count(1)


@dataclass
class Person:
    """What the rule says of one pilot in one working copy. ``asked``: theirs, as it was when both clashed."""

    base: Cells
    mine: Cells
    asked: Cells | None = None


@dataclass
class Both:
    """Of one pilot: what the twin has, and what each of two people has."""

    twin: Cells
    people: list[Person] = field(default_factory=list)


def merged(base: Cells, mine: Cells, theirs: Cells, side: str = "mine") -> tuple[Cells, bool]:
    """What comes of three sides, and whether any criterion clashes."""
    out: Cells = {}
    clash = False
    for key in {*base, *mine, *theirs}:
        b, m, t = base.get(key), mine.get(key), theirs.get(key)
        if key[0] == "history":
            value = m or t if _changed(base, mine) and _changed(base, theirs) else m if _changed(base, mine) else t
        elif len({b, m, t}) == 3:
            clash, value = True, m if side == "mine" else t
        else:
            value = m if t in (b, m) else t
        if value is not None:
            out[key] = value
    return out, clash


def _changed(base: Cells, now: Cells) -> bool:
    return {k for k in base if k[0] == "history"} != {k for k in now if k[0] == "history"}


class History:
    def __init__(self, tier: str, folder: Path) -> None:
        self.store = Store(folder / "twin.sqlite")
        self.store.load("Pilots", "", [pilots_for_data()])
        app = create_app(self.store, settings_of(tier))
        self.adapter = Direct(lambda: app, lambda: None)
        self.paths = [folder / "ann.gpkg", folder / "bob.gpkg"]
        checkout(self.client(), ["pilots"], self.paths[0])
        shutil.copyfile(*self.paths)
        self.copies = [WorkingCopy.open(path, lambda _source: looked_into) for path in self.paths]
        self.told = {key: Both(self.seen(0, key)) for key in PILOTS}
        for both in self.told.values():
            both.people = [Person(dict(both.twin), dict(both.twin)) for _ in range(2)]

    def close(self) -> None:
        self.store.close()

    def client(self) -> Twin:
        return Twin(URL, session=Session(URL, adapter=self.adapter, sleep=lambda _seconds: None))

    # -- what is there -----------------------------------------------------------------------------------------------

    def seen(self, who: int, key: str) -> Cells:
        """A pilot in a file."""
        (row,) = rows(self.paths[who], f"SELECT human, technical, stage_history FROM pilots WHERE twin_id = '{key}'")
        return cells_of(dict(zip(("human", "technical", "stage_history"), row)))

    def served(self, key: str) -> Cells:
        with requests.Session() as session:
            session.mount(URL, self.adapter)
            return cells_of(session.get(f"{URL}collections/pilots/items/{key}").json()["properties"])

    # -- steps -------------------------------------------------------------------------------------------------------

    def judge(self, who: int, key: str, condition: str, criterion: str, gone: bool) -> None:
        rating = None if gone else f"seen {next(_numbers)}"
        mine = self.told[key].people[who].mine
        mine.pop((condition, criterion), None)
        if rating:
            mine[(condition, criterion)] = rating
        (text,) = rows(self.paths[who], f"SELECT {condition} FROM pilots WHERE twin_id = '{key}'")[0]
        listed = [one for one in json.loads(text or "[]") if one["criterion"] != criterion]
        if rating:
            listed.append({"criterion": criterion, "rating": "met", "evidence": rating})
        run(self.paths[who], f"UPDATE pilots SET {condition} = ? WHERE twin_id = '{key}'", json.dumps(listed))

    def sign(self, who: int, key: str) -> None:
        line = {"at": f"2026-10-{1 + next(_numbers) % 28:02}", "to": "running", "reason": f"line {next(_numbers)}"}
        self.told[key].people[who].mine[("history", line["reason"])] = True
        (text,) = rows(self.paths[who], f"SELECT stage_history FROM pilots WHERE twin_id = '{key}'")[0]
        listed = json.dumps([*json.loads(text), line])
        run(self.paths[who], f"UPDATE pilots SET stage_history = ? WHERE twin_id = '{key}'", listed)

    def pull(self, who: int) -> None:
        asked = 0
        for both in self.told.values():
            asked += self._takes(both.people[who], both.twin)
        report = pull(self.copies[who], self.client())
        assert report.conflicts <= asked

    def publish(self, who: int) -> None:
        for both in self.told.values():
            person = both.people[who]
            waits = person.asked is not None and merged(person.base, person.mine, person.asked)[1]
            if waits or person.mine == person.base:
                continue
            if both.twin != person.base and self._takes(person, both.twin):
                continue
            both.twin = dict(person.mine)
            person.base, person.asked = dict(person.mine), None
        report = publish(self.copies[who], self.client(), "m")
        assert not report.stopped, report.stopped

    def decide(self, who: int, side: Any) -> None:
        for both in self.told.values():
            person = both.people[who]
            if person.asked is not None and merged(person.base, person.mine, person.asked)[1]:
                person.mine, _ = merged(person.base, person.mine, person.asked, side)
                person.base, person.asked = dict(person.asked), None
        copy = self.copies[who]
        resolve(copy, [resolution_of(conflict, side) for conflict in copy.conflicts()])

    @staticmethod
    def _takes(person: Person, theirs: Cells) -> bool:
        """Merge theirs in; True where somebody is asked instead."""
        result, clash = merged(person.base, person.mine, theirs)
        if clash:
            person.asked = dict(theirs)
            return True
        person.mine, person.base, person.asked = result, dict(theirs), None
        return False

    # -- judging -----------------------------------------------------------------------------------------------------

    def check(self) -> None:
        for key, both in self.told.items():
            assert self.served(key) == both.twin, f"the twin's {key}"
            for who, person in enumerate(both.people):
                assert self.seen(who, key) == person.mine, f"{key} of {self.paths[who].stem}"
        for who, copy in enumerate(self.copies):
            waiting = [
                key
                for key, both in self.told.items()
                if (p := both.people[who]).asked is not None and merged(p.base, p.mine, p.asked)[1]
            ]
            assert sorted(conflict.twin_id for conflict in copy.conflicts()) == waiting, copy.path.stem


def cells_of(values: dict[str, Any]) -> Cells:
    out: Cells = {}
    for name in CONDITIONS:
        for one in _list(values[name]):
            assert (name, one["criterion"]) not in out, "a criterion twice"
            out[(name, one["criterion"])] = one.get("evidence") or one["rating"]
    for one in _list(values["stage_history"]):
        out[("history", one.get("reason") or json.dumps(one, sort_keys=True))] = True
    return out


def _list(value: Any) -> list[Any]:
    return json.loads(value) if isinstance(value, str) else value or []


def step_of(seed: int, salt: str) -> tuple[Any, ...]:
    """A step out of a number, evenly; 0, to which hypothesis shrinks, is none."""
    chance = random.Random(f"{salt} {seed}")
    who, key = chance.randint(0, 1), chance.choice(PILOTS)
    name = chance.choices(("judge", "sign", "pull", "publish", "decide"), (8, 2, 3, 4, 2))[0]
    if name == "judge":
        return (name, who, key, chance.choice(CONDITIONS), chance.choice(CRITERIA), chance.random() < 0.2)
    if name == "sign":
        return (name, who, key)
    return (name, who, chance.choice(("mine", "theirs"))) if name == "decide" else (name, who)


@pytest.mark.parametrize("tier", ["W0", "W1", "W2"])
def test_histories_of_lists(tier: str) -> None:
    length = size("STEPS", 30)

    @settings(
        max_examples=size("HISTORIES", 24) // 4,
        deadline=None,
        derandomize=not SOAK,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
    )
    @given(st.lists(st.integers(0, 2**32), min_size=length, max_size=length))
    def histories(seeds: list[int]) -> None:
        steps = [step_of(seed, f"{tier} {place}") for place, seed in enumerate(seeds) if seed]
        folder = Path(tempfile.mkdtemp(dir=quick_folder()))
        history = History(tier, folder)
        try:
            for name, *arguments in steps:
                note(f"{name} {arguments}")
                getattr(history, name)(*arguments)
                if name not in ("judge", "sign"):
                    history.check()
            _converge(history)
        finally:
            history.close()
            shutil.rmtree(folder.parent, ignore_errors=True)
        record("histories", f"lists, {tier}", "steps", "ok", len(steps))

    histories()


def _converge(history: History) -> None:
    """In the end all have the same, and nothing is left to do."""
    for _ in range(3):
        for one in range(2):
            history.pull(one)
            history.decide(one, "mine")
            history.publish(one)
            history.check()
    for both in history.told.values():
        assert all(person.mine == person.base == both.twin for person in both.people)
    for copy in history.copies:
        assert copy.changes() == [] and copy.conflicts() == []
        assert not pull(copy, history.client()).touched
