"""``make demo``: the embedded twin, a QGIS with the plugin in a profile of its own, and Rotterdam on the map.

    python -m tools.demo [--data DIR]

With a display QGIS stays open for its user, and the twin runs until QGIS ends. Without one the same happens under Xvfb,
an edit is made and published, pilots are followed, the traffic is played back, a field review goes out and comes home.
``build/demo`` holds the pictures, all PNG: ``map``, ``3d``, ``changes``, ``publish``, ``pilot…``, ``portfolio…``,
``traffic``, ``chart``, ``traffic-3d``, ``playback``, ``review-prepare``, ``review-note``, ``review-walk``,
``review-merge``, ``review``, ``review-list`` and ``review-publish``; the exit status is non-zero if any step failed.
CITYTWIN_LOCALE (``en`` or ``nl``) is QGIS's language.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from .paths import BUILD, ROOT, STAGE
from .profile import make_profile
from .xvfb import virtual_display

FOLDER = BUILD / "demo"
INSIDE = Path(__file__).with_name("inside_demo.py")
LISTENING = "City Twin demo listening on "
PATIENCE = 600.0  # seconds for the whole of it where nobody watches


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make demo", description="Start a demo twin and QGIS with the plugin on it.")
    parser.add_argument("--data", default="", help="folder with CityJSON, GeoJSON or GeoPackage files")
    parser.add_argument(
        "--unattended", action="store_true", help="take pictures and end, also where there is a display"
    )
    options = parser.parse_args(arguments)
    data = Path(options.data).expanduser().resolve() if options.data else None
    if data is not None and not data.is_dir():
        print(f"demo: {options.data} is no folder.", file=sys.stderr)
        return 2
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    unattended = options.unattended or not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    with running_twin(data) as url:
        print(f"The demo twin is at {url}", flush=True)
        with virtual_display("1920x1080x24") if unattended else own_display() as environment:
            return run_qgis(url, environment, unattended)


@contextlib.contextmanager
def own_display() -> Iterator[dict[str, str]]:
    """The user's display."""
    yield dict(os.environ)


@contextlib.contextmanager
def running_twin(data: Path | None) -> Iterator[str]:
    """The embedded twin in a process of its own, and its URL."""
    command = [sys.executable, "-m", "plugin.demo", "--port", "0", "--store", str(FOLDER / "twin.sqlite")]
    if data is not None:
        command += ["--data", str(data), "--pilots", "--reviews"]
    with (FOLDER / "twin.log").open("w", encoding="utf-8") as log:
        twin = subprocess.Popen(
            [*command, "--exit-with-parent"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        line = twin.stdout.readline() if twin.stdout else ""
        if not line.startswith(LISTENING):
            raise SystemExit(f"demo: the twin did not start:\n{(FOLDER / 'twin.log').read_text(encoding='utf-8')}")
        yield line[len(LISTENING) :].strip()
    finally:
        twin.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            twin.wait(5)
        twin.kill()


def run_qgis(url: str, environment: dict[str, str], unattended: bool) -> int:
    """QGIS, until its user closes it or the script in it is done."""
    home = FOLDER / "home"
    make_profile(home, STAGE, environment.get("CITYTWIN_LOCALE", "en"))
    runtime = home / "run"
    runtime.mkdir(mode=0o700)
    result = FOLDER / "exit-code"
    environment |= {
        "CITYTWIN_URL": url,
        "CITYTWIN_FOLDER": str(FOLDER),
        "CITYTWIN_ROOT": str(ROOT),
        "CITYTWIN_UNATTENDED": "1" if unattended else "",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }
    if unattended:
        environment["XDG_RUNTIME_DIR"] = str(runtime)
    for name in ("PYTHONPATH", "VIRTUAL_ENV"):
        environment.pop(name, None)
    command = [
        environment.get("QGIS", "qgis"), "--nologo", "--noversioncheck",
        "--profiles-path", str(home), "--profile", "default", "--code", str(INSIDE),
    ]  # fmt: skip
    with (FOLDER / "qgis.log").open("wb") as log:
        qgis = subprocess.Popen(command, env=environment, cwd=FOLDER, stderr=log)
        try:
            qgis.wait(PATIENCE if unattended else None)
        except subprocess.TimeoutExpired:
            print(f"demo: QGIS did not end within {PATIENCE:.0f} s.", file=sys.stderr)
        except KeyboardInterrupt:
            print("demo: stopped.")
        finally:
            if qgis.poll() is None:
                qgis.kill()
            qgis.wait()
    if not unattended:
        return 0
    if not result.is_file():
        tail = (FOLDER / "qgis.log").read_text(encoding="utf-8", errors="replace").splitlines()[-30:]
        print("\n".join([*tail, "demo: QGIS ended before the demo did."]), file=sys.stderr)
        return 1
    return int(result.read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
