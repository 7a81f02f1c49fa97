"""``make bench BENCH=inside``: what the user of a real QGIS feels, under Xvfb.

    python -m tools.bench_inside [start] [window] [--starts N] [--say]

``start``: what the plugin adds to QGIS's start, fresh starts with the modules compiled. ``window``: how long the main
thread is away from its event loop while 216,000 features are checked out, 10,000 edits counted and published, and a
colleague's 10,000 pulled; and what QGIS itself takes with the same file. Prints the longest gaps and where each thread
was then (``--say``: more of them), and writes ``build/bench/inside.json``: a list of {name, value, unit, target, met}.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .bench.prepared import DATA
from .paths import BUILD, ROOT, STAGE
from .profile import make_profile
from .xvfb import virtual_display

FOLDER = BUILD / "bench"
BEFORE = Path(__file__).with_name("bench_inside_start.py")
WINDOW = Path(__file__).with_name("bench_inside_window.py")
START, BLOCK = 100, 50  # ms, the targets
TIMEOUT = 900


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench_inside", description=__doc__.split("\n", 1)[0])
    parser.add_argument("names", nargs="*", help="start, window; both without")
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--say", action="store_true", help="say where the threads were in every long gap")
    options = parser.parse_args(arguments)
    names = options.names or ["start", "window"]
    FOLDER.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="citytwin-bench-") as scratch:
        folder = Path(scratch)
        make_profile(folder / "home", STAGE)
        if "start" in names:
            rows += starts(folder, options.starts)
        if "window" in names:
            rows += window(folder, options.say)
    kept = [one for one in _former() if one["name"] not in {row["name"] for row in rows}]
    (FOLDER / "inside.json").write_text(json.dumps([*kept, *rows], indent=1), encoding="utf-8")
    return 0


def _former() -> list[dict[str, Any]]:
    try:
        found = json.loads((FOLDER / "inside.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [one for one in found if isinstance(one, dict) and "name" in one]


def row(name: str, value: float, target: float | None) -> dict[str, Any]:
    """One line of the table, in milliseconds, printed as well."""
    met = None if target is None else value <= target
    word = {True: "met", False: "MISSED", None: ""}[met]
    said = "" if target is None else f"≤ {target:g} ms"
    print(f"  {name:66} {value:8.1f} ms  {said:9} {word}", flush=True)
    return {"name": name, "value": round(value, 1), "unit": "ms", "target": said, "met": met}


def starts(folder: Path, count: int) -> list[dict[str, Any]]:
    """Medians of fresh starts; the first, which compiles, does not count."""
    runs = [_qgis(folder, {"PYQGIS_STARTUP": str(BEFORE)}, ()) for _ in range(count + 1)][1:]
    found = {name: 1000 * statistics.median(run[name] for run in runs) for name in ("wall", "cpu", "rest")}
    print(f"Start of the plugin, median of {count} fresh starts of QGIS, {runs[0]['modules']} modules at once")
    return [
        row("start-up: plugin import + initGui", found["wall"], START),
        row("start-up: the same by processor time", found["cpu"], None),
        row("start-up: until the rest was loaded, in small steps", found["rest"], None),
        row("start-up: longest of those steps", statistics.median(run["beat"]["blocked"] for run in runs), BLOCK),
    ]


def window(folder: Path, say: bool) -> list[dict[str, Any]]:
    """A day in the window, once. Of each gap counts no more than QGIS computed meanwhile: a thread that has the
    interpreter and waits for the processor, which others have, holds up the window as well."""
    if not DATA.is_file():
        print(f"  skipped: the real data ({DATA.name}) is not here.")
        return []
    (folder / "data").mkdir()
    with zipfile.ZipFile(DATA) as archive:
        archive.extractall(folder / "data")
    with _twin(folder, "pages", "--no-snapshots") as url, _twin(folder, "snapshots") as snapshots:
        plan = {
            "url": url, "snapshots": snapshots, "root": str(ROOT), "folder": str(folder),
            "result": str(folder / "result.json"), "other": [sys.executable, "-m", "tools.bench_inside_other"],
            "environment": dict(os.environ),
        }  # fmt: skip
        found = _qgis(folder, {"CITYTWIN_BENCH": json.dumps(plan)}, ("--code", str(WINDOW)))
    if (folder / "window.png").is_file():
        (FOLDER / "inside.png").write_bytes((folder / "window.png").read_bytes())
    (FOLDER / "inside-gaps.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    print(f"Main thread away, {found.get('edits')} edits, {found.get('published')} published")
    rows = [_told(name, told, say) for name, told in found.items() if isinstance(told, dict)]
    if "failed" in found:
        raise SystemExit(found["failed"])
    return rows


@contextlib.contextmanager
def _twin(folder: Path, name: str, *more: str) -> Iterator[str]:
    """The embedded twin over the real data, as a process; its address."""
    command = [sys.executable, "-m", "plugin.demo", "--port", "0", "--data", str(folder / "data"), "--no-mqtt"]
    command += ["--store", str(folder / f"{name}.sqlite"), "--exit-with-parent", *more]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as twin:
        try:
            yield (twin.stdout.readline() if twin.stdout else "").split()[-1]
        finally:
            twin.terminate()


def _told(name: str, told: dict[str, Any], say: bool) -> dict[str, Any]:
    ours = not name.startswith("QGIS itself")
    title = f"main thread: {name}" if ours else name
    one = row(title, told["blocked"], BLOCK if ours else None)
    print(
        f"    {told['seconds']:.1f} s; on the wall {told['longest']:.0f} ms at most, {told['long']} over {BLOCK} ms; "
        f"computed by the main thread itself {told['own']:.0f} ms at most; load {told['load']:.1f}"
    )
    for gap in told["worst"][: 12 if say else 2]:
        held = f", nobody let in for {1000 * gap['held']:.0f}" if gap["held"] > 0.015 else ""
        computed = f"computing {1000 * gap['own']:.0f}, all threads {1000 * gap['busy']:.0f}"
        print(f"    {1000 * gap['seconds']:.0f} ms, {computed}{held}:")
        for thread in gap["where"][: 5 if say else 3]:
            print(f"      {thread}")
    return one


def _qgis(folder: Path, more: dict[str, str], arguments: Sequence[str]) -> dict[str, Any]:
    """Run QGIS on the profile in ``folder`` until it ends by itself; the JSON that it wrote."""
    home, result = folder / "home", folder / "result.json"
    result.unlink(missing_ok=True)
    (home / "run").mkdir(mode=0o700, exist_ok=True)
    with virtual_display() as environment, (FOLDER / "inside.log").open("wb") as log:
        environment |= {"CITYTWIN_ROOT": str(ROOT), "CITYTWIN_RESULT": str(result), **more}
        environment |= {"XDG_RUNTIME_DIR": str(home / "run"), "XDG_CONFIG_HOME": str(home / "config")}
        for name in ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE"):
            environment.pop(name, None)  # the last: starts are measured with what is compiled
        command = [environment.get("QGIS", "qgis"), "--nologo", "--noversioncheck"]
        command += ["--profiles-path", str(home), "--profile", "default", *arguments]
        qgis = subprocess.Popen(command, env=environment, cwd=folder, stderr=log)
        try:
            qgis.wait(TIMEOUT)
        finally:
            if qgis.poll() is None:
                qgis.kill()
            qgis.wait()
    if not result.is_file():
        raise SystemExit(f"QGIS ended ({qgis.returncode}) before it had told anything: see build/bench/inside.log")
    found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
