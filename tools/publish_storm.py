"""A city's sensors as a program of their own: ``python -m tools.publish_storm PORT`` publishes observations at a broker
at a steady rate, over a plain socket, so that the publisher is never what limits.

Each payload is an Observation as SensorThings brokers send it. Its phenomenon time is the moment at which it was handed
over (milliseconds), its result the message's number and a half (so never a source's word for "no value"): a reader can
tell how long it took, and what is missing. In the end one line of JSON says what was sent: see `Sent`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone

_TICK = 0.005  # seconds between two handfuls


@dataclass(frozen=True)
class Sent:
    """``last``: the number of each datastream's last message, by position; -1 where there was none.
    ``behind``: seconds that the broker's end of the socket made us late, at the most."""

    messages: int
    seconds: float
    behind: float
    last: list[int]


class Publisher:
    """One connection to a broker, MQTT 3.1.1, quality of service 0."""

    def __init__(self, port: int, user: str = "", secret: str = "") -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        flags = 0x02 | (0xC0 if user else 0)
        fields = [f"storm-{os.getpid()}", *((user, secret) if user else ())]
        self._socket.sendall(_packet(0x10, b"\x00\x04MQTT\x04" + bytes([flags, 0, 0]) + b"".join(map(_text, fields))))
        answer = self._socket.recv(4)
        if len(answer) != 4 or answer[3]:
            raise SystemExit(f"the broker refuses: {answer!r}")

    def send(self, packets: bytes) -> None:
        self._socket.sendall(packets)

    def close(self) -> None:
        self._socket.sendall(_packet(0xE0, b""))
        self._socket.close()


def _text(text: str) -> bytes:
    raw = text.encode("utf-8")
    return len(raw).to_bytes(2, "big") + raw


def _packet(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + _length(len(body)) + body


def _length(number: int) -> bytes:
    """MQTT's variable byte integer."""
    found = bytearray()
    while True:
        number, digit = divmod(number, 128)
        found.append(digit | (0x80 if number else 0))
        if not number:
            return bytes(found)


def publish_packet(topic: bytes, payload: bytes) -> bytes:
    """A PUBLISH of quality of service 0."""
    return b"\x30" + _length(2 + len(topic) + len(payload)) + len(topic).to_bytes(2, "big") + topic + payload


def moment(at: float) -> bytes:
    """ISO 8601 in UTC with milliseconds."""
    return (datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z").encode("ascii")


def result_of(number: int) -> bytes:
    """What a message says: a speed from 0 to 120, and nine digits that no other message has."""
    return b"%d.%09d" % (number * 7 % 120, number)


def topics_of(datastreams: int) -> list[bytes]:
    return [f"v1.1/Datastreams({n})/Observations".encode("ascii") for n in range(1, datastreams + 1)]


def storm(publisher: Publisher, datastreams: int, rate: int, seconds: float, seed: int = 7, first: int = 0) -> Sent:
    """Publish ``rate`` messages per second for the datastreams 1 to ``datastreams``, in an order of chance."""
    order = list(range(datastreams))
    random.Random(seed).shuffle(order)
    topics = topics_of(datastreams)
    root = b"http://127.0.0.1:8080/sta/v1.1/"
    tails = [
        b',"Datastream@iot.navigationLink":"%sDatastreams(%d)","FeatureOfInterest@iot.navigationLink":"%sObservations(1)'
        b'/FeatureOfInterest"}' % (root, n + 1, root)
        for n in order
    ]
    keys = [topics[n] for n in order]
    last = [-1] * datastreams
    number, total, behind = 0, int(rate * seconds), 0.0
    begin = time.time()
    while number < total:
        now = time.time()
        due = min(total, int((now - begin) * rate) + 1)
        behind = max(behind, now - begin - number / rate)
        if due <= number:
            time.sleep(_TICK)
            continue
        due = min(due, number + 500)
        at = moment(now)
        parts = []
        for n in range(number, due):
            place = n % datastreams
            payload = b'{"@iot.id":%d,"@iot.selfLink":"%sObservations(%d)","phenomenonTime":"%s","resultTime":"%s",' % (
                n, root, n, at, at,
            ) + b'"result":%b' % result_of(first + n) + tails[place]  # fmt: skip
            parts.append(publish_packet(keys[place], payload))
            last[order[place]] = first + n
        publisher.send(b"".join(parts))
        number = due
        time.sleep(_TICK)
    return Sent(number, time.time() - begin, behind, last)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="publish_storm", description="Publish observations at a steady rate.")
    parser.add_argument("port", type=int, help="of a broker on this machine")
    parser.add_argument("--datastreams", type=int, default=10_000)
    parser.add_argument("--rate", type=int, default=5_000, help="messages per second")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--first", type=int, default=0, help="the number of the first message")
    options = parser.parse_args(arguments)
    user, secret = os.environ.get("STORM_USER", ""), os.environ.get("STORM_SECRET", "")
    publisher = Publisher(options.port, user, secret)
    sent = storm(publisher, options.datastreams, options.rate, options.seconds, first=options.first)
    publisher.close()
    print(json.dumps(asdict(sent)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
