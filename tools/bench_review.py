"""``python -m tools.bench_review``: a field review package of the demo city, its background drawn down to zoom 18.

Prints seconds of the clock and of the processor, the size, and how much memory the process took at most, for a small
area and for the whole city: memory must not grow with what is drawn. Qt draws into memory (the offscreen platform).
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

WANTED = 60.0  # seconds for 10,000 features and a background to zoom 18
ZOOM = 18
SMALL = (4.4826, 51.9087, 4.4906, 51.9137)  # some streets of it, in degrees
LAYERS = ["pilots", "buildings", "districts", "trees", "streets", "water"]


class _Peak:
    """A progress that looks how much memory the process takes."""

    def __init__(self) -> None:
        self.most = 0.0

    def cancelled(self) -> bool:
        return False

    def report(self, _done: int, _total: int | None, _text: str) -> None:
        self.most = max(self.most, resident())

    def note(self, text: str) -> None:
        print(f"  {text}")


def resident() -> float:
    """Megabytes of memory that the process has now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> int:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from qgis.core import QgsApplication

    app = QgsApplication([], True)
    app.setApplicationName("citytwin-bench")
    app.initQgis()
    with tempfile.TemporaryDirectory(prefix="citytwin-bench-") as scratch:
        path = checked_out(Path(scratch))
        print(f"Field review packages, background to zoom {ZOOM}")
        for name, bounds in (("some streets", SMALL), ("the whole city", None)):
            packaged(app, path, Path(scratch) / f"{name}.zip", name, bounds)
    return 0


def checked_out(folder: Path) -> Path:
    """The demo twin's city as a working copy."""
    from plugin.demo.__main__ import fill
    from plugin.demo.app import create_app
    from plugin.demo.settings import Settings
    from plugin.demo.store import Store
    from plugin.twin.client import Twin
    from plugin.workcopy.checkout import checkout
    from tests.twin_server import serve_app

    store = Store(folder / "twin.sqlite")
    fill(store)
    url, stop = serve_app(create_app(store, Settings()))
    checkout(Twin(url), LAYERS, folder / "city.gpkg")
    stop()
    store.close()
    return folder / "city.gpkg"


def packaged(app: Any, path: Path, target: Path, name: str, bounds: tuple[float, ...] | None) -> None:
    """One package, made as the window makes it: in a thread, while the main one goes on."""
    from qgis.core import QgsGeometry, QgsRectangle

    from plugin.map.layers import make_layers
    from plugin.map.review.background import background_of
    from plugin.map.review.packaging import Packed, Request, package_review
    from plugin.workcopy.copy import WorkingCopy
    from plugin.workcopy.excerpt import Area

    copy = WorkingCopy.open(path)
    wanted = background_of(make_layers(copy), ZOOM)
    area = Area(bytes(QgsGeometry.fromRect(QgsRectangle(*bounds)).asWkb()), 4326) if bounds else None
    peak, found = _Peak(), []
    before = resident()

    def work() -> None:
        found.append(package_review(copy, Request(target, tuple(LAYERS), area, background=wanted), peak))

    started, used = time.perf_counter(), time.process_time()
    thread = threading.Thread(target=work)
    thread.start()
    while thread.is_alive():
        app.processEvents()
        thread.join(0.02)
    seconds, processor = time.perf_counter() - started, time.process_time() - used
    if not found:
        print(f"  {name}: failed")
        return
    packed: Packed = found[0]
    ground = packed.background
    verdict = "" if seconds <= WANTED else f"  (wanted: {WANTED:.0f} s)"
    tiles = ground.tiles if ground else 0
    print(
        f"  {name}: {sum(packed.counts.values()):,} features, {tiles:,} tiles: {seconds:.1f} s, {processor:.1f} s of "
        f"the processor, {packed.bytes / 1e6:.1f} MB, {peak.most - before:.0f} MB of memory above {before:.0f}{verdict}"
    )


if __name__ == "__main__":
    raise SystemExit(main())
