"""A package whose editor is killed, some times over; tests/force/test_package_kills.py does it hundreds of times."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.force.package_editor import Editor
from tests.force.package_kills import kill_again_and_again

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="SIGKILL")]


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
def test_everything_committed_is_there(journal: str, tmp_path: Path) -> None:
    editor = Editor()
    try:
        kill_again_and_again(tmp_path, editor, journal, trials=8, seed=8)
    finally:
        editor.close()
