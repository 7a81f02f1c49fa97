"""Each native tool, with QGIS's libraries: what is told of it is exactly what it did."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from qgis.core import Qgis, QgsProject

from tests import identity_scenarios as scenarios


@pytest.fixture
def bench(qgis_app, qgis_new_project, tmp_path: Path) -> Iterator[scenarios.Bench]:
    made = scenarios.Bench(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("scenario", [*scenarios.IN_QGIS, *scenarios.ELSEWHERE], ids=lambda s: s.__name__)
def test_told_exactly(scenario, bench):
    scenario(bench)


@pytest.mark.parametrize("scenario", scenarios.IN_QGIS, ids=lambda s: s.__name__)
def test_told_exactly_in_transaction_mode(scenario, qgis_app, qgis_new_project, tmp_path):
    """Edits go straight to the file, undo is a savepoint, and another layer of the file is edited along."""
    QgsProject.instance().setTransactionMode(Qgis.TransactionMode.AutomaticGroups)
    bench = scenarios.Bench(tmp_path)
    try:
        scenario(bench)
    finally:
        bench.close()
        QgsProject.instance().setTransactionMode(Qgis.TransactionMode.Disabled)
