"""New observations on their way to subscribers: topic ``v1.1/Datastreams(17)/Observations``, the payload an
Observation (18-088, 15)."""

from __future__ import annotations

import importlib
import logging
import threading
from collections import deque
from collections.abc import Sequence
from typing import Any

from .broker import Broker
from .read import observation_text
from .store import Row

log = logging.getLogger(__name__)
_MOST_WAITING = 500_000  # observations; a broker that is so far behind loses the oldest


def find_paho() -> Any:
    """The module ``paho.mqtt.client`` in version 2, as it comes with the plugin, or as it is installed; or None."""
    package = (__package__ or "").split(".demo", 1)[0]
    for name in (f"{package}.vendor.paho.mqtt.client", "paho.mqtt.client"):
        try:
            found = importlib.import_module(name)
        except ImportError:
            continue
        if hasattr(found, "CallbackAPIVersion"):
            return found
    return None


class Publisher(threading.Thread):
    """A listener of the store. ``root``: the URL of the SensorThings service, for the links."""

    def __init__(self, paho: Any, broker: Broker, root: str) -> None:
        super().__init__(name="publish", daemon=True)
        self._root, self._broker = root, broker
        self._waiting: deque[Row] = deque(maxlen=_MOST_WAITING)
        self._some, self._over = threading.Event(), False
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=broker.writer.user)
        self._client.username_pw_set(broker.writer.user, broker.writer.secret)
        self._client.reconnect_delay_set(1, 10)

    def start(self) -> None:
        self._client.connect_async(self._broker.host, self._broker.port, keepalive=30)
        self._client.loop_start()
        super().start()

    def hear(self, rows: Sequence[Row]) -> None:
        """Called by the store after a commit, and at once back."""
        self._waiting.extend(rows)
        self._some.set()

    def run(self) -> None:
        while not self._over:
            self._some.wait()
            self._some.clear()
            while self._waiting and not self._over:
                row = self._waiting.popleft()
                try:
                    text = observation_text(row, self._root)
                    self._client.publish(f"v1.1/Datastreams({row[1]})/Observations", text.encode("utf-8"))
                except (ValueError, OSError) as error:
                    log.warning("an observation of datastream %s was not published: %s", row[1], error)

    def close(self) -> None:
        self._over = True
        self._some.set()
        if self.is_alive():
            self.join(5)
        self._client.disconnect()
        self._client.loop_stop()
