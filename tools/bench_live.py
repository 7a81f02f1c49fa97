"""``make bench``, its live part: the first overlay of 10,000 datastreams against QGIS's own SensorThings provider, then
storms of messages over a real broker at a live layer on QGIS's map.

    python -m tools.bench_live [--datastreams N] [--rate R] [--seconds S] [--ramp R,R,…] [--ramp-seconds S]
                               [--only overlay,push,plain]

Twin, broker, publisher and QGIS are processes of their own on this machine, so the processor has to do for all of them.
The broker is the one that the demo twin starts: its queue is raised to 100,000 messages a subscriber, as a city's would
be (Mosquitto's own limit of 1,000 is a fifth of a second here). Prints a table and writes ``build/bench/live.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .bench_live_city import City, running_city
from .paths import BUILD, ROOT, STAGE
from .profile import make_profile
from .xvfb import virtual_display

INSIDE = Path(__file__).with_name("bench_live_inside.py")
FOLDER = BUILD / "bench"
RUNS = 3
PAGES = ("200", "1000", "10000")  # of QGIS's provider: its own choice, and larger ones
_PROMPT = 0.5  # seconds from the publisher's hand to the row
_PAST = 5  # observations of each datastream before the first overlay


def main(arguments: Sequence[str]) -> int:
    options = _options(arguments)
    FOLDER.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {"datastreams": options.datastreams, "processors": os.cpu_count()}
    with tempfile.TemporaryDirectory(prefix="citytwin-bench-") as scratch:
        folder = Path(scratch)
        with running_city(folder, options.datastreams, _PAST) as city:
            if "overlay" in options.only:
                found["overlay"] = overlay(city, options.datastreams)
            if "plain" in options.only:
                found["plain"] = plain(city, folder, options)
            if "push" in options.only:
                found["push"] = push(city, folder, options)
    (FOLDER / "live.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench_live", description="Measure live sensors.")
    parser.add_argument("--datastreams", type=int, default=10_000)
    parser.add_argument("--rate", type=int, default=5_000, help="messages per second of the long storm")
    parser.add_argument("--seconds", type=float, default=60, help="of the long storm")
    parser.add_argument("--ramp", default="1000,2000,10000,15000,20000", help="rates of the short storms after it")
    parser.add_argument("--ramp-seconds", type=float, default=12)
    parser.add_argument("--only", default="overlay,push", help="some of overlay, push and plain (push without QGIS)")
    options = parser.parse_args(arguments)
    ramp = [int(rate) for rate in options.ramp.split(",") if rate]
    options.storms = [(options.rate, options.seconds), *((rate, options.ramp_seconds) for rate in ramp)]
    options.storms = [storm for storm in options.storms if storm[1] > 0]
    return options


def overlay(city: City, datastreams: int) -> dict[str, float]:
    """Median seconds of each way."""
    ways = {"City Twin live layer": ["ours"]}
    ways |= {f"QGIS's SensorThings provider, pages of {page}": ["qgis", page] for page in PAGES}
    times: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(RUNS):
        for way, (who, *more) in ways.items():
            command = [sys.executable, "-m", "tools.bench_live_overlay", who, city.url, str(datastreams), *more]
            environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
            ran = subprocess.run(
                command, cwd=ROOT, env=environment, check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                text=True,
            )  # fmt: skip
            if ran.returncode:
                print(f"  {way} did not show all: {ran.stdout.strip()}")
                continue
            times[way].append(json.loads(ran.stdout)["seconds"])
    medians = {way: statistics.median(runs) for way, runs in times.items() if runs}
    print(f"First overlay of {datastreams:,} datastreams with their latest values, median of {RUNS} runs")
    ours = medians.get("City Twin live layer")
    for way, seconds in medians.items():
        print(f"  {way:46} {seconds:7.2f} s" + (f"   {seconds / ours:5.2f} × ours" if ours else ""))
    return medians


def storm_of(city: City, datastreams: int) -> list[str]:
    return [sys.executable, "-m", "tools.publish_storm", str(city.port), "--datastreams", str(datastreams)]


def push(city: City, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Storms at a live layer in the real QGIS, under Xvfb."""
    result, home = folder / "inside.json", folder / "home"
    make_profile(home, STAGE)
    (home / "run").mkdir(mode=0o700)
    plan = {
        "url": city.url, "datastreams": options.datastreams, "storms": options.storms, "root": str(ROOT),
        "storm": storm_of(city, options.datastreams), "environment": city.environment, "folder": str(folder),
        "result": str(result),
    }  # fmt: skip
    with virtual_display() as environment, (FOLDER / "qgis.log").open("wb") as log:
        environment |= {"CITYTWIN_BENCH": json.dumps(plan), "PYTHONDONTWRITEBYTECODE": "1"}
        environment["XDG_RUNTIME_DIR"] = str(home / "run")
        for name in ("PYTHONPATH", "VIRTUAL_ENV"):
            environment.pop(name, None)
        command = [
            environment.get("QGIS", "qgis"), "--nologo", "--noversioncheck",
            "--profiles-path", str(home), "--profile", "default", "--code", str(INSIDE),
        ]  # fmt: skip
        qgis = subprocess.Popen(command, env=environment, cwd=folder, stderr=log)
        try:
            qgis.wait(300 + 2 * sum(seconds for _, seconds in options.storms))
        finally:
            if qgis.poll() is None:
                qgis.kill()
            qgis.wait()
    found: dict[str, Any] = (
        json.loads(result.read_text(encoding="utf-8")) if result.is_file() else {"failed": "QGIS ended early"}
    )
    for name in ("live.png", "storm.png"):
        if (folder / name).is_file():
            (FOLDER / name).write_bytes((folder / name).read_bytes())
    if "failed" in found:
        print(f"  The storms in QGIS failed: {found['failed']}")
        return found
    filling = found["filling"]
    print(
        f"In QGIS: {options.datastreams:,} rows filled in {filling['seconds']:.1f} s; main thread away at most "
        f"{1000 * filling['gaps']['most']:.0f} ms, computing {1000 * filling['own']['most']:.0f} ms meanwhile"
    )
    table(found["storms"])
    return found


def plain(city: City, folder: Path, options: argparse.Namespace) -> list[dict[str, Any]]:
    """The same without QGIS: broker, state, and a thread that drains."""
    storms = []
    for number, (rate, seconds) in enumerate(options.storms):
        storm = [*storm_of(city, options.datastreams), "--rate", str(rate), "--seconds", str(seconds)]
        storm += ["--first", str(number * 10_000_000)]
        plan = {"url": city.url, "storm": storm, "environment": city.environment, "report": str(folder / "sent.json")}
        command = [sys.executable, "-m", "tools.bench_live_plain", json.dumps(plan)]
        ran = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
        storms.append(json.loads(ran.stdout))
    print("Without QGIS")
    table(storms)
    return storms


_COLUMNS = (  # title, width, what stands there
    ("messages/s", 11, lambda one: f"{one['sent'] / max(0.001, one['sending']):,.0f}"),
    ("sent", 10, lambda one: f"{one['sent']:,}"),
    ("received", 10, lambda one: f"{one['received']:,}"),
    ("lost", 7, lambda one: f"{one['lost']:,}"),
    ("away p50", 10, lambda one: f"{1000 * one['gaps']['p50']:.1f}"),
    ("p99", 6, lambda one: f"{1000 * one['gaps']['p99']:.1f}"),
    ("max ms", 8, lambda one: f"{1000 * one['gaps']['most']:.0f}"),
    ("ours p99", 10, lambda one: f"{1000 * one['held']['p99']:.1f}"),
    ("max ms", 8, lambda one: f"{1000 * one['held']['most']:.0f}"),
    ("computing p99", 15, lambda one: f"{1000 * one['own']['p99']:.1f}"),
    ("max ms", 8, lambda one: f"{1000 * one['own']['most']:.0f}"),
    ("row after p50", 15, lambda one: f"{1000 * one['latency']['p50']:.0f}"),
    ("p95", 6, lambda one: f"{1000 * one['latency']['p95']:.0f}"),
    ("max ms", 8, lambda one: f"{1000 * one['latency']['most']:.0f}"),
    ("MiB start/third/end", 21, lambda one: " / ".join(f"{size:.0f}" for size in one["memory"])),
    ("CPU", 6, lambda one: f"{100 * one['cpu']:.0f} %"),
    ("maps/s", 8, lambda one: f"{one['repaints']:.1f}"),
)


def table(storms: list[dict[str, Any]]) -> None:
    """One line a storm.

    ``lost``: rows that do not say what was published last; ``away``: how late the main thread's event loop was;
    ``ours``: without what other programs on the machine took from it; ``computing``: what that thread itself computed
    between two turns; ``row after``: from the publisher's hand to the row.
    """
    print("".join(title.rjust(width) for title, width, _ in _COLUMNS))
    for one in storms:
        print("".join(cell(one).rjust(width) for _, width, cell in _COLUMNS))
    held = [one["sent"] / one["sending"] for one in storms if keeps_up(one)]
    most = f"{max(held):,.0f} messages/s" if held else "none of these rates"
    print(f"  It keeps up with {most}: nothing lost, 95 of 100 rows right within {1000 * _PROMPT:.0f} ms.")


def keeps_up(storm: dict[str, Any]) -> bool:
    """Whether a storm could go on for ever: every row right, and soon."""
    return bool(storm["lost"] == 0 and storm["latency"]["p95"] <= _PROMPT and storm["received"] == storm["sent"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
