"""Each native tool in the real application, through its own menu actions: what is told is exactly what it did."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from qgis.core import QgsProject

from tests import identity_scenarios as scenarios


@pytest.fixture
def bench(iface, tmp_path: Path) -> Iterator[scenarios.Bench]:
    QgsProject.instance().clear()
    # QGIS reopens a GeoPackage as editing starts; while the canvas draws, a read at that instant can come back empty
    # (seen with any GeoPackage and no plugin at all). A person is slower than that, a test is not.
    iface.mapCanvas().setRenderFlag(False)
    made = scenarios.Bench(tmp_path, iface)
    yield made
    made.close()
    QgsProject.instance().clear()
    iface.mapCanvas().setRenderFlag(True)


@pytest.mark.parametrize("scenario", scenarios.IN_QGIS, ids=lambda s: s.__name__)
def test_told_exactly(scenario, bench):
    scenario(bench)
