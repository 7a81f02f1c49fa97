"""Fixtures that all tests share: the real data beside the project, and running twins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.twin_server import RunningTwin, start_twin

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with real data beside the project; the test skips where there is none."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real data (../shared/data) is not here")
    return folder


@pytest.fixture(scope="session")
def demo_twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningTwin]:
    """One running twin with the generated city for all tests: read it, or write only to items of your own."""
    running = start_twin(store=tmp_path_factory.mktemp("demo_twin") / "twin.sqlite")
    yield running
    running.stop()


@pytest.fixture
def fresh_twin(tmp_path: Path) -> Iterator[RunningTwin]:
    """A running twin with the generated city for this test alone: write to it as you like."""
    running = start_twin(store=tmp_path / "fresh_twin.sqlite")
    yield running
    running.stop()
