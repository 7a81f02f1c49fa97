"""Two programs at once on one working copy: QGIS and a script publish the same changes, and each arrives once."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from plugin.twin.errors import CityTwinError

from . import scenario
from .conftest import world_of
from .records import record, size
from .tiers import TIERS


@pytest.mark.parametrize("tier", TIERS)
def test_two_publish_the_same_file(tier: str, force_folder: Path) -> None:
    world = world_of(tier, force_folder, proxied=False)
    for trial in range(size("TOGETHER", 6)):
        path = world.reset()
        scenario.my_edits(path)
        scenario.their_edits(world)
        ready = threading.Barrier(2)
        wrong: list[Any] = []

        def both(ready: threading.Barrier = ready, path: Path = path, wrong: list[Any] = wrong) -> None:
            ready.wait()
            try:
                tried = scenario.sync(path, world.twin(retries=2))
                wrong.extend(scenario.stated(tried))
            except CityTwinError as error:
                wrong.append(error)
            except Exception as error:
                wrong.append(repr(error))

        threads = [threading.Thread(target=both) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        lost = scenario.nothing_lost(world, path)
        for _ in range(2):
            if scenario.sync(path, world.twin(retries=2)).clean:
                break
        found = wrong + lost + scenario.landed(world, path, True)
        record("files", f"{tier}, two programs publish at once", "done", "FAILED" if found else "ok")
        assert not found, f"trial {trial}: {found}"
