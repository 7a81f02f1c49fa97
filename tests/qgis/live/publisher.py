"""Observations as a service has them: in its history, and pushed by its broker."""

from __future__ import annotations

import json
from typing import Any

import paho.mqtt.client as mqtt

from tests.mosquitto import Mosquitto
from tests.unit.twin.sta_stub import Stub


class Publisher:
    """Writes observations into ``stub``, and pushes them over ``broker`` where it is there."""

    def __init__(self, stub: Stub, broker: Mosquitto | None = None) -> None:
        self._stub = stub
        self._broker = broker
        self._client: mqtt.Client | None = None
        self._number = 10_000

    def observe(self, n: int, time: float, result: Any) -> None:
        """Into the history only: as happens while nobody listens."""
        self._number += 1
        self._stub.of(n).append(self._stub.observation(n, time, result, self._number))

    def push(self, n: int, time: float, result: Any) -> None:
        self.observe(n, time, result)
        self.send(f"v1.1/Datastreams({self._stub.key(n)})/Observations", json.dumps(self._stub.of(n)[-1]))

    def send(self, topic: str, payload: str | bytes) -> None:
        if self._client is None:
            self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
            self._client.connect("127.0.0.1", self._broker.port)
            self._client.loop_start()
        self._client.publish(topic, payload, qos=1).wait_for_publish(5)

    def close(self) -> None:
        if self._client is not None:
            self._client.disconnect()
            self._client.loop_stop()
            self._client = None
