"""A twin of some houses and notes in a thread of the test, in any tier and with any quirk, and its writers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plugin.demo.app import Settings, create_app
from plugin.demo.store import Store
from plugin.twin.client import Twin
from plugin.twin.model import Capabilities
from plugin.twin.session import Session
from plugin.twin.transactions import Action, send_set
from plugin.twin.writes import Writer
from tests.twin_server import serve_app
from tests.unit.demo.conftest import fill_small


@dataclass
class Small:
    """Houses in RD and notes in CRS84, at a running twin."""

    twin: Twin
    capabilities: Capabilities
    houses: Writer
    notes: Writer

    def send(self, *actions: Action, message: str = "") -> Any:
        return send_set(self.twin.session, self.capabilities, actions, message=message)

    def house(self, n: int, **properties: Any) -> Action:
        """An update of a house, with its lock of now."""
        _, token = self.houses.get(f"h/{n}")
        return Action(self.houses, "update", f"h/{n}", properties, token=token)


Serve = Callable[..., Small]


@contextmanager
def serving(folder: Path) -> Iterator[Serve]:
    """A function that starts twins over one small store; all end with the context."""
    store = Store(folder / "small.sqlite")
    fill_small(store)
    ends: list[Callable[[], None]] = []

    def start(settings: Settings | None = None) -> Small:
        url, stop = serve_app(create_app(store, settings))
        session = Session(url, timeout=10)
        ends.extend((stop, session.close))
        twin = Twin.connect(session)
        writers = []
        for name in ("houses", "notes"):
            collection, schema = twin.describe(twin.collection(name))
            writers.append(Writer(session, twin.capabilities(), collection, schema, twin.choice(collection)))
        return Small(twin, twin.capabilities(), *writers)

    try:
        yield start
    finally:
        for end in reversed(ends):
            end()
        store.close()
