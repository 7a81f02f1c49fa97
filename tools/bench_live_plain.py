"""The live overlay's state without QGIS under a storm of messages, in a process of its own: broker, `Live`, and a main
thread that drains four times a second.

    python -m tools.bench_live_plain JSON    (of a `bench_live_city.City` and of the storm, see `tools.bench_live`)

Prints one line of JSON, `Measured`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from plugin.sensors.live import Live
from plugin.twin.mqtt import Broker
from plugin.twin.sensorthings import datastreams, read_service
from plugin.twin.session import Session

from .bench_live_measures import Collector, HeartBeat, Measured, Usage, percentile
from .paths import ROOT
from .publish_storm import result_of

_DRAIN = 0.25  # seconds between two looks


def main(text: str) -> int:
    plan: dict[str, Any] = json.loads(text)
    live = Live()
    session = Session(plan["url"])
    service = read_service(session)
    broker = Broker(service.brokers[0], on_message=live.receive, on_state=lambda _state: None)
    begin = time.perf_counter()
    found = [one for page in datastreams(session, service) for one in page]
    live.add(found, asked=time.time())
    rows: dict[str, object] = {}
    while True:
        changes = live.drain()
        rows.update((each.id, each.value) for each in changes.latest)
        if not changes.waiting:
            break
    filled = time.perf_counter() - begin
    broker.subscribe(one.topic for one in found)
    broker.start()
    while broker.state is None or broker.state.status != "live":
        time.sleep(0.02)
    usage, beat, collector, latencies = Usage(), HeartBeat(), Collector(), []
    with Path(plan["report"]).open("w", encoding="utf-8") as report:  # a pipe would fill up before it is read
        storm = subprocess.Popen(plan["storm"], cwd=ROOT, env=plan["environment"], stdout=report)
    quiet = 0.0
    next_drain = time.perf_counter()
    usage.begin()
    collector.begin()
    while not quiet or time.perf_counter() - quiet < 3.0:
        time.sleep(0.01)
        if time.perf_counter() >= next_drain:
            next_drain += _DRAIN
            waiting = 1
            while waiting:
                changes = live.drain()
                beat.beat()
                waiting = changes.waiting
                told = time.time()
                for each in changes.latest:
                    rows[each.id] = each.value
                    if each.time is not None:
                        latencies.append(told - each.time)
        beat.beat()
        usage.look()
        if storm.poll() is not None and not quiet:
            usage.end()
            quiet = time.perf_counter()
    broker.stop()
    sent = json.loads(Path(plan["report"]).read_text(encoding="utf-8"))
    lost = sum(1 for n, last in enumerate(sent["last"], 1) if last >= 0 and rows.get(str(n)) != float(result_of(last)))
    latencies = [one for one in latencies if one < 600]
    measured = Measured(
        filled=filled, datastreams=len(found), sent=sent["messages"], sending=sent["seconds"], behind=sent["behind"],
        received=broker.received, lost=lost, latency=percentile(latencies), gaps=beat.gaps(), own=beat.own(),
        held=beat.held(), memory=usage.memory(), cpu=usage.cpu(), collector=collector.end(),
    )  # fmt: skip
    print(json.dumps(asdict(measured)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
