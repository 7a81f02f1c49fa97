"""Where the benchmarks of one go happen: a scratch folder, the bench twin, the embedded twin, and what was measured or
made before and serves the next as well."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..paths import ROOT
from .measure import Failed, Run, work
from .offer import Offer
from .prepared import Prepared
from .sheet import Measurement


@dataclass(frozen=True)
class Running:
    """A server in a process of its own."""

    url: str
    pid: int

    def cpu(self) -> float | None:
        """Seconds that it has computed until now; None where the system does not tell."""
        told = Path(f"/proc/{self.pid}/stat")
        if not told.is_file():
            return None
        user, system = told.read_text(encoding="ascii").rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@dataclass
class Place:
    """``url``: of the bench twin. ``kept``: medians of peers, for the benchmarks that come after."""

    prepared: Prepared
    scratch: Path
    url: str
    runs: int
    kept: dict[str, Measurement] = field(default_factory=dict)

    def at(self, offer: Offer) -> str:
        """The bench twin's address for what it is to offer."""
        return f"{self.url}/{offer.step}"

    def asked(self, kind: str) -> int:
        """How many answers of a kind (``page``, ``snapshot``, ``not modified``) the bench twin gave until now."""
        with urllib.request.urlopen(f"{self.url}/asked") as reply:
            return int(json.load(reply).get(kind, 0))

    def fresh(self, name: str) -> Path:
        """A path in the scratch folder at which nothing is."""
        path = self.scratch / name
        for one in self.scratch.glob(f"{name}*"):
            one.unlink()
        return path

    def checkout(self, offer: Offer, collection: str, name: str) -> Run:
        """Check out a collection of the bench twin into a new file ``name``; all of it must come."""
        return work("checkout", self.at(offer), collection, self.fresh(name))

    def copy_of(self, collection: str) -> Path:
        """A working copy of a collection of the bench twin, made now where no benchmark has made it before."""
        path = self.scratch / f"{collection}.gpkg"
        if not path.exists():
            self.checkout(Offer(), collection, path.name)
        return path

    @contextlib.contextmanager
    def embedded_twin(self, data: Path, mode: str, delay: int = 0) -> Iterator[Running]:
        """The embedded twin over a folder, as a process; ``delay`` in milliseconds, which every answer comes late."""
        command = [sys.executable, "-m", "plugin.demo", "--port", "0", "--data", str(data), "--mode", mode]
        command += ["--store", str(self.fresh("twin.sqlite")), "--no-mqtt", "--exit-with-parent"]
        command += ["--delay", str(delay)]
        with _started(command) as running:
            yield running


def has_ogr2ogr() -> bool:
    return shutil.which("ogr2ogr") is not None


def has_qgis() -> bool:
    return importlib.util.find_spec("qgis") is not None


@contextlib.contextmanager
def bench_twin(prepared: Prepared) -> Iterator[str]:
    """The bench twin as a process; its address."""
    with _started([sys.executable, "-m", "tools.bench.server", str(prepared.folder)]) as running:
        yield running.url


@contextlib.contextmanager
def _started(command: list[str]) -> Iterator[Running]:
    """A server that ends its first line with its address, and ends when its standard input does."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            said = (server.stdout.readline() if server.stdout else "").split()
            if not said:
                raise Failed(f"{command[2]} did not start")
            yield Running(said[-1], server.pid)
        finally:
            server.terminate()
