"""A city with sensors for all tests of the chart, and a dock for each of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.qgis.chart.field import City, Desk
from tests.twin_server import start_twin


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    store = tmp_path_factory.mktemp("chart_twin") / "twin.sqlite"
    twin = start_twin(store=store, options=["--sensors", "1", "--sensor-interval", "600"])
    city = City(twin.url)
    city.build()
    yield city
    city.session.close()
    twin.stop()


@pytest.fixture
def desk(qgis_app: object, city: City) -> Iterator[Desk]:
    desk = Desk(city)
    yield desk
    desk.close()
