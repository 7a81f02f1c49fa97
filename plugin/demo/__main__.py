"""The embedded twin as a process: ``python -m plugin.demo --data DIR --port N --store FILE``."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import tempfile
import threading
import time
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from .app import Settings, create_app
from .negotiation import Credentials
from .quirks import LIKE, Quirks
from .server import TwinServer
from .settings import Tier
from .sta.running import Plan, Running, wanted
from .sta.store import SensorStoreError
from .store import Store, StoreError

log = logging.getLogger(__name__)


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop; the exit status."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.DEBUG if options.verbose else logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr
    )
    try:
        settings, plan = _settings(options), _plan(options)
    except ValueError as error:
        return _fail(f"{error}.")
    credentials = None
    if options.require_auth:
        user, secret = os.environ.get("CITYTWIN_DEMO_USER", ""), os.environ.get("CITYTWIN_DEMO_PASSWORD", "")
        if not user or not secret:
            return _fail("--require-auth needs CITYTWIN_DEMO_USER and CITYTWIN_DEMO_PASSWORD in the environment.")
        credentials = Credentials(user, secret)
    if options.data is not None and not options.data.is_dir():
        return _fail(f"{options.data} is no folder. Give the folder with the data, or leave --data out.")
    with tempfile.TemporaryDirectory(prefix="citytwin-demo-") as scratch:
        path = options.store or Path(scratch) / "twin.sqlite"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            store = Store(path)
        except (StoreError, OSError) as error:
            return _fail(str(error))
        running = None
        try:
            if wanted(plan):
                try:
                    running = Running(plan, path.with_name(f"{path.stem}-sensors{path.suffix}"), credentials)
                except (ValueError, SensorStoreError) as error:
                    return _fail(f"{str(error).rstrip('.')}.")
            return _serve(options, store, replace(settings, credentials=credentials), running)
        finally:
            if running is not None:
                running.close()
            store.close()


def _settings(options: argparse.Namespace) -> Settings:
    """Raises ValueError."""
    quirks = LIKE[options.like] if options.like else Quirks()
    tier: Tier = options.mode or ("w0" if options.like else "w2")
    if options.max_actions < 1:
        raise ValueError("--max-actions must be 1 or more")
    if options.delay < 0:
        raise ValueError("--delay must be 0 or more")
    return Settings(
        options.read_only,
        tier=tier,
        max_actions=options.max_actions,
        quirks=quirks.with_(options.quirk),
        files=not options.no_snapshots,
        delay=options.delay / 1000,
    )


def _plan(options: argparse.Namespace) -> Plan:
    """Raises ValueError."""
    plan = Plan(
        options.data,
        options.replay,
        options.replay_speed,
        options.sensors,
        options.sensor_interval,
        not options.no_mqtt,
    )
    plan.check()
    return plan


def fill(store: Store, data: Path | None = None, lod: float = 2.2, pilots: bool = False, reviews: bool = False) -> int:
    """Load ``data``, or the generated city, into an empty store; the number of features.

    A filled store is left alone. ``pilots`` adds the generated pilot areas to ``data``: no public data set has any;
    ``reviews`` adds the collections of review items, empty.
    """
    if store.loaded:
        return 0
    if data is None:
        from .city import city

        return store.load(*city())
    from .loaders import load_folder

    title, description, sources = load_folder(data, lod)
    if pilots:
        from .city import pilots_for_data

        sources = chain((source for source in sources if source[0].id != "pilots"), [pilots_for_data()])
    if reviews:
        from .city import reviews_for_data

        added = reviews_for_data()
        names = {collection.id for collection, _ in added}
        sources = chain((source for source in sources if source[0].id not in names), added)
    return store.load(title, description, sources)


def _serve(options: argparse.Namespace, store: Store, settings: Settings, running: Running | None) -> int:
    try:
        app = create_app(store, settings, running.sensors if running else None)
        server = TwinServer(app, options.host, options.port)
    except OSError as error:
        return _fail(f"Cannot listen on {options.host}, port {options.port}: {error.strerror or error}.")
    with server:
        started = time.monotonic()
        count = fill(store, options.data, options.lod, options.pilots, options.reviews)
        if count:
            log.info("loaded %s features in %.1f s", f"{count:,}", time.monotonic() - started)
        if running is not None:
            running.start(server.url)
        for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), lambda *_: _stop(server))
        if options.exit_with_parent:
            threading.Thread(target=_watch_stdin, args=(server,), daemon=True).start()
        print(f"City Twin demo listening on {server.url}", flush=True)
        server.serve_forever(poll_interval=0.2)
    return 0


def _stop(server: TwinServer) -> None:
    # shutdown() waits for serve_forever(), which runs in the thread that the signal interrupts
    threading.Thread(target=server.shutdown, daemon=True).start()


def _watch_stdin(server: TwinServer) -> None:
    """The parent holds the other end: when it is gone, reading ends."""
    stream: Any = sys.stdin
    if stream is not None:
        while stream.buffer.read1(4096):
            continue
    _stop(server)


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr, flush=True)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="citytwin-demo",
        description="A small city twin: OGC API – Features with schemas, CRSs, locked writing and change sets, over "
        "CityJSON, GeoJSON and GeoPackage files, or over a city of its own.",
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="folder to load; without it a generated city is served"
    )
    parser.add_argument(
        "--store", type=Path, metavar="FILE", help="SQLite file that keeps the edits; else they are lost"
    )
    parser.add_argument("--port", type=int, default=0, help="port; 0, the default, picks a free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; this machine only by default")
    parser.add_argument("--lod", type=float, default=2.2, help="highest level of detail taken from CityJSON (2.2)")
    parser.add_argument("--pilots", action="store_true", help="add pilot areas of our own making to the data of --data")
    parser.add_argument(
        "--reviews", action="store_true", help="add empty collections of review items to the data of --data"
    )
    parser.add_argument("--read-only", action="store_true", help="serve without writing")
    parser.add_argument(
        "--require-auth",
        action="store_true",
        help="ask for HTTP Basic credentials: CITYTWIN_DEMO_USER and CITYTWIN_DEMO_PASSWORD from the environment",
    )
    parser.add_argument(
        "--mode", choices=("w2", "w1", "w0", "r"), help="what clients may do: whole change sets, locked writes, "
        "writes without any lock, or reading only; w2 by default"
    )  # fmt: skip
    parser.add_argument(
        "--no-snapshots", action="store_true", help="do not offer whole collections as FlatGeobuf and GeoPackage files"
    )
    parser.add_argument("--max-actions", type=int, default=1000, metavar="N", help="actions of one change set (1000)")
    parser.add_argument(
        "--delay", type=int, default=0, metavar="MS", help="answer so many milliseconds late, as over a long wire (0)"
    )
    parser.add_argument(
        "--quirk", action="append", default=[], metavar="NAME[=N]", help="do one thing as real servers do it, for "
        "testing clients; may be given several times: " + ", ".join(Quirks.names())
    )  # fmt: skip
    parser.add_argument("--like", choices=sorted(LIKE), help="the quirks of a real server, in mode w0")
    parser.add_argument(
        "--sensors", type=int, metavar="N", help="made-up stations with sensors (60 without --data, else none; 0: no "
        "sensors at all)"
    )  # fmt: skip
    parser.add_argument(
        "--sensor-interval", type=float, default=10.0, metavar="SECONDS", help="time between made-up values (10)"
    )
    parser.add_argument(
        "--replay", type=Path, metavar="FILE", help="CSV file, .gz or not, with observations to play back from now on, "
        "again and again: station, time, and a column for each quantity; a *stations.geojson must be beside it. In "
        "the folder of --data ndw_observations*.csv.gz is found without being named"
    )  # fmt: skip
    parser.add_argument("--replay-speed", type=float, default=1.0, metavar="X", help="times as fast as it was (1)")
    parser.add_argument("--no-mqtt", action="store_true", help="do not start a Mosquitto for new observations")
    parser.add_argument("--exit-with-parent", action="store_true", help="end when standard input closes")
    parser.add_argument("--verbose", action="store_true", help="log every request")
    return parser


if __name__ == "__main__":
    sys.exit(main())
