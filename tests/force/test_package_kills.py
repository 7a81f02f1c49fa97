"""A battery that ends, hundreds of times over, in each way in which SQLite writes.

What is killed is the program. What a disk does that loses its own cache is for SQLite's `synchronous` to hold against,
which neither we nor QGIS nor QField switch off.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.matrices import KILLED

from .package_editor import Editor
from .package_kills import kill_again_and_again
from .records import record, size


@pytest.fixture(scope="module")
def editor() -> Iterator[Editor]:
    found = Editor()
    yield found
    found.close()


@pytest.mark.parametrize("journal", ["DELETE", "WAL", "TRUNCATE", "PERSIST"])
def test_killed_while_it_is_edited(journal: str, tmp_path: Path, editor: Editor) -> None:
    trials = size("PACKAGE_KILLS", 2 * size("KILLS", 12))
    try:
        half = kill_again_and_again(tmp_path, editor, journal, trials, size("SEED", 20261123))
    except AssertionError as error:
        record("packages", KILLED, journal, f"FAILED {error}")
        raise
    record("packages", KILLED, journal, "in the middle of a write", half)
    record("packages", KILLED, journal, "between two writes", trials - half)
    assert half or trials < 100, "no kill hit a write"
