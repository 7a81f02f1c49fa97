"""What QGIS executes before it loads its plugins (PYQGIS_STARTUP), for `tools.bench_inside`: it times them, and ends
QGIS when ours has loaded all that it loads after the start. Writes JSON to CITYTWIN_RESULT, times in seconds."""

import json
import os
import sys
import time
from pathlib import Path

import qgis.utils

PACKAGE = "city_twin_workbench"
TIMES = {"wall": 0.0, "cpu": 0.0}


def queued() -> float:
    """Seconds that the main thread was ready to run, and other programs had the processor."""
    try:
        return int(Path("/proc/self/schedstat").read_text(encoding="ascii").split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


def timed(name: str) -> None:
    """Have QGIS's function ``name`` tell what it takes for our plugin."""
    was = getattr(qgis.utils, name)

    def now(package: str, *more: object) -> object:
        if package != PACKAGE:
            return was(package, *more)
        before = len(sys.modules)
        wall, cpu, queue = time.perf_counter(), time.thread_time(), queued()
        result = was(package, *more)
        TIMES["wall"] += time.perf_counter() - wall - (queued() - queue)
        TIMES["cpu"] += time.thread_time() - cpu
        TIMES["modules"] = TIMES.get("modules", 0) + len(sys.modules) - before
        if name == "startPlugin":
            qgis.utils.iface.initializationCompleted.connect(follow)
        return result

    setattr(qgis.utils, name, now)


def follow() -> None:
    """What comes after the start."""
    sys.path.insert(0, os.environ["CITYTWIN_ROOT"])
    from qgis.PyQt.QtCore import QTimer

    from tools.bench_inside_beat import Beat

    warm_up, beat, began = qgis.utils.plugins[PACKAGE].window.warm_up, Beat(), time.perf_counter()

    def look() -> None:
        if not warm_up.done:
            QTimer.singleShot(20, look)
            return
        beat.stop()
        found = {**TIMES, "rest": time.perf_counter() - began, "beat": beat.told()}
        Path(os.environ["CITYTWIN_RESULT"]).write_text(json.dumps(found), encoding="utf-8")
        os._exit(0)

    look()


timed("loadPlugin")
timed("startPlugin")
