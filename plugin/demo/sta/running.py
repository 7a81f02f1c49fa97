"""All that runs for the sensors of one twin: their store, what feeds it, the broker."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..negotiation import Credentials
from .api import PREFIX
from .broker import Broker, find_mosquitto, start_broker
from .feed import Feed, Replay, Rhythm
from .publish import Publisher, find_paho
from .replay import Recording, read_recording
from .seed import Station, air_stations, made_up, plant, traffic_stations
from .service import Sensors
from .store import SensorStore

log = logging.getLogger(__name__)
_MADE_UP = 60  # stations, where there is no data


@dataclass(frozen=True)
class Plan:
    """What was asked for. ``count``: made-up stations; None where that is left to us. ``interval`` in seconds."""

    data: Path | None = None
    recording: Path | None = None
    speed: float = 1.0
    count: int | None = None
    interval: float = 10.0
    mqtt: bool = True

    def check(self) -> None:
        """Raises ValueError."""
        if not self.speed > 0:
            raise ValueError("--replay-speed must be more than 0")
        if not self.interval >= 0.1:
            raise ValueError("--sensor-interval must be 0.1 or more")
        if self.count is not None and not 0 <= self.count <= 1_000_000:
            raise ValueError("--sensors must be a whole number up to a million")
        if self.recording is not None and not self.recording.is_file():
            raise ValueError(f"--replay: there is no file {self.recording}")


@dataclass
class _Found:
    """Where observations come from, and where they are made."""

    replayed: list[Station]
    rhythmic: list[Station]
    recording: Recording | None


class Running:
    """``start`` once the twin's address is known; ``close`` in the end."""

    def __init__(self, plan: Plan, path: Path, credentials: Credentials | None) -> None:
        """Raises ValueError and ``SensorStoreError``."""
        self._plan, self._credentials = plan, credentials
        self._found = _find(plan)
        self._feeds: list[Feed] = []
        self._broker: Broker | None = None
        self._publisher: Publisher | None = None
        self.store = SensorStore(path)
        self.sensors = Sensors(self.store, self._endpoints)

    def start(self, url: str) -> None:
        """``url`` of the twin, with a slash at its end."""
        fresh = not self.store.filled
        if fresh:
            count = plant(self.store, [*self._found.replayed, *self._found.rhythmic])
            log.info("%s stations with sensors", f"{count:,}")
        if self._found.recording is not None:
            self._feeds.append(Replay(self.store, self._found.recording, self._plan.speed))
        if self._found.rhythmic:
            self._feeds.append(Rhythm(self.store, self._found.rhythmic, self._plan.interval))
        since = self.store.newest()
        for feed in self._feeds:
            feed.remember(since)
        if self._plan.mqtt:
            self._start_broker(url + "/".join(PREFIX))
        for feed in self._feeds:
            feed.start()

    def close(self) -> None:
        for feed in self._feeds:
            feed.stop()
        if self._publisher is not None:
            self._publisher.close()
        if self._broker is not None:
            self._broker.close()
        self.store.close()

    def _endpoints(self) -> Sequence[str]:
        return self._broker.endpoints() if self._broker is not None else ()

    def _start_broker(self, root: str) -> None:
        program, paho = find_mosquitto(), find_paho()
        if program is None or paho is None:
            missing = "Mosquitto is not installed" if program is None else "paho-mqtt 2 is not installed"
            log.info("%s: new observations can only be polled for", missing)
            return
        self._broker = start_broker(program, self._credentials)
        if self._broker is None:
            log.info("there is no broker: new observations can only be polled for")
            return
        self._publisher = Publisher(paho, self._broker, root)
        self._publisher.start()
        self.store.listeners.append(self._publisher.hear)
        log.info("new observations are published at %s", " and ".join(self._broker.endpoints()))


def _find(plan: Plan) -> _Found:
    """The stations and the recording; ValueError where a file that was named is wrong."""
    folder = plan.data
    path = plan.recording or _first(folder, "ndw_observations*.csv*")
    stations = path and (_first(path.parent, "*stations.geojson", "station") or _first(folder, "ndw_stations.geojson"))
    if plan.recording is not None and stations is None:
        raise ValueError(f"--replay: there is no *stations.geojson beside {plan.recording} that says where they are")
    recording, replayed = None, []
    if path is not None and stations is not None:
        recording = read_recording(path)
        replayed = traffic_stations(stations, recording.quantities)
    air = _first(folder, "luchtmeetnet_stations.geojson")
    rhythmic = air_stations(air) if air is not None else []
    count = plan.count
    if count is None:
        count = _MADE_UP if folder is None and recording is None else 0
    return _Found(replayed, [*rhythmic, *made_up(count)], recording)


def _first(folder: Path | None, pattern: str, word: str = "") -> Path | None:
    """The first file of this name in a folder or below; ``word``: that has this in it."""
    if folder is None or not folder.is_dir():
        return None
    for path in sorted(folder.rglob(pattern)):
        if not word or f'"{word}"' in path.read_text(encoding="utf-8", errors="replace"):
            return path
    return None


def wanted(plan: Plan) -> bool:
    """Whether a twin with this plan has sensors at all."""
    if plan.count == 0 and plan.recording is None:
        return False
    if plan.data is None or plan.recording is not None or plan.count:
        return True
    return any(_first(plan.data, name) for name in ("ndw_observations*.csv*", "luchtmeetnet_stations.geojson"))
