"""A real HTTP server, work in a real QgsTask with a watch on the main thread, and real credentials."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from qgis.core import QgsApplication, QgsAuthMethodConfig

from plugin.map import tasks
from tests.qgis.map.meanwhile import Heartbeat, spin
from tests.qgis.map.web_server import WebServer


@pytest.fixture()
def server() -> Iterator[WebServer]:
    one = WebServer()
    yield one
    one.end()


@pytest.fixture()
def other_server() -> Iterator[WebServer]:
    """Another origin."""
    one = WebServer()
    yield one
    one.end()


@pytest.fixture()
def in_task(qgis_app: Any) -> Callable[..., Any]:
    """``in_task(work)`` runs ``work(progress)`` in a QgsTask while the main event loop lives; returns or raises."""

    def go(work: Callable[[Any], Any]) -> Any:
        heart = Heartbeat()
        results: list[Any] = []
        errors: list[Exception] = []

        def catching(progress: Any) -> Any:
            try:
                return work(progress)
            except Exception as error:
                errors.append(error)
                raise

        ends: list[str] = []
        tasks.run(
            "test",
            catching,
            done=lambda r: (results.append(r), ends.append("done")),
            failed=lambda _e: ends.append("failed"),
            cancelled=lambda: ends.append("cancelled"),
        )
        assert spin(lambda: bool(ends)), "the task hangs"
        go.longest = heart.stop()
        if errors:
            raise errors[0]
        return results[0]

    go.longest = 0.0
    return go


@pytest.fixture(scope="module")
def authcfg(qgis_app: Any) -> Iterator[str]:
    """The id of a real Basic configuration (user anna) in the test profile's own authentication database."""
    manager = QgsApplication.authManager()
    assert "settings" in manager.authenticationDatabaseUri(), "not the test profile"
    if manager.masterPasswordHashInDatabase():
        manager.eraseAuthenticationDatabase(False)
    assert manager.setMasterPassword("for this test only", True)
    config = QgsAuthMethodConfig("Basic")
    config.setName("Twin of Rotterdam")
    config.setConfig("username", "anna")
    config.setConfig("password", "pa:ss wörd")
    stored = manager.storeAuthenticationConfig(config)
    assert stored[0] if isinstance(stored, tuple) else stored
    yield config.id() or stored[1].id()
    manager.removeAuthenticationConfig(config.id())
    manager.eraseAuthenticationDatabase(False)
    manager.clearMasterPassword()
