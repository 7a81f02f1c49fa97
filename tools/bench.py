"""``make bench``: a checkout of 215,765 real polygons, against ogr2ogr and QGIS's own provider on the same twin; then
pull and publish on it, against QGIS's own way of editing such a twin.

Everything runs in processes of its own, in turn, several times; medians are printed, and ratios. Needs the real data
beside the project (``../shared/data``); says so and ends well where it is absent.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

from .paths import ROOT

DATA = ROOT.parent / "shared" / "data" / "perf" / "rotterdam_roofprints_216k.gpkg.zip"
RUNS = 3
PYTHON = sys.executable

OURS = """
import sys
from collections.abc import Iterator
from pathlib import Path
from plugin.twin.client import Twin
from plugin.workcopy.checkout import checkout
print(checkout(Twin(sys.argv[1]), [sys.argv[2]], Path(sys.argv[3])).feature_count)
"""

QGIS = """
import os, sys
from qgis.core import QgsApplication, QgsVectorFileWriter, QgsVectorLayer, QgsProject
app = QgsApplication([], False); app.initQgis()
layer = QgsVectorLayer(f"url='{sys.argv[1]}' typename='{sys.argv[2]}' pagingEnabled='default'", "x", "OAPIF")
options = QgsVectorFileWriter.SaveVectorOptions()
QgsVectorFileWriter.writeAsVectorFormatV3(layer, sys.argv[3], QgsProject.instance().transformContext(), options)
print(QgsVectorLayer(sys.argv[3], "y", "ogr").featureCount(), flush=True)
os._exit(0)  # its own way out crashes now and then
"""

QGIS_EDITS = """
import os, sys, time
from qgis.core import QgsApplication, QgsFeatureRequest, QgsVectorLayer
app = QgsApplication([], False); app.initQgis()
layer = QgsVectorLayer(f"url='{sys.argv[1]}' typename='{sys.argv[2]}' pagingEnabled='default'", "x", "OAPIF")
features = list(layer.getFeatures(QgsFeatureRequest().setLimit(int(sys.argv[3]))))
kinds = {"int", "integer", "integer64", "double", "qlonglong"}
number = next(i for i, f in enumerate(layer.fields()) if f.isNumeric() and f.name() not in ("fid", "id"))
layer.startEditing()
for feature in features:
    layer.changeAttributeValue(feature.id(), number, (feature[number] or 0) + 1)
started = time.perf_counter()
done = layer.commitChanges()
print("edits", time.perf_counter() - started if done else "failed: " + " ".join(layer.commitErrors()), flush=True)
os._exit(0)
"""
EDITS = 200  # of QGIS's own provider, which sends one after the other


def measured(command: list[str]) -> tuple[float, float]:
    """Wall and CPU seconds of one run. The command must end well."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    quiet = subprocess.DEVNULL
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=quiet, stderr=quiet)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    if not DATA.is_file():
        print(f"bench: skipped, the real data ({DATA.name}) is not here.")
        return 0
    with tempfile.TemporaryDirectory(prefix="citytwin-bench-") as scratch:
        folder = Path(scratch)
        (folder / "data").mkdir()
        with zipfile.ZipFile(DATA) as archive:
            archive.extractall(folder / "data")
        with serving(folder, "w1") as url:
            compare(url, folder)
            everyday(url, folder, "that locks")
        with serving(folder, "w0") as url:
            everyday(url, folder, "without locks")
            qgis_edits(url, folder)
    return 0


@contextlib.contextmanager
def serving(folder: Path, mode: str) -> Iterator[str]:
    """The embedded twin over the folder's data, as a process; its address."""
    command = [PYTHON, "-m", "plugin.demo", "--port", "0", "--data", str(folder / "data")]
    command += ["--mode", mode, "--store", str(folder / "twin.sqlite"), "--exit-with-parent"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as twin:
        try:
            yield (twin.stdout.readline() if twin.stdout else "").split()[-1]
        finally:
            twin.terminate()


def compare(url: str, folder: Path) -> None:
    """Run the rivals in turn and print what they took."""
    (source,) = (folder / "data").glob("*.gpkg")
    name, out = source.stem, folder / "out.gpkg"
    rivals = {
        "City Twin checkout": [PYTHON, "-c", OURS, url, name, str(out)],
        "ogr2ogr (OAPIF)": ["ogr2ogr", "-q", "-oo", "PAGE_SIZE=10000", "-f", "GPKG", str(out), f"OAPIF:{url}", name],
        "QGIS's OAPIF provider": [PYTHON, "-c", QGIS, url, name, str(out)],
    }
    times: dict[str, list[tuple[float, float]]] = {rival: [] for rival in rivals}
    for _ in range(RUNS):
        for rival, command in rivals.items():
            if shutil.which(command[0]) is None:
                continue
            out.unlink(missing_ok=True)
            times[rival].append(measured(command))
    print(f"Checkout of {name} into a GeoPackage, median of {RUNS} runs")
    ours = statistics.median(wall for wall, _ in times["City Twin checkout"])
    for rival, runs in times.items():
        if runs:
            wall, cpu = (statistics.median(run[k] for run in runs) for k in range(2))
            print(f"  {rival:24} {wall:7.1f} s wall {cpu:7.1f} s CPU   {wall / ours:5.2f} × ours")


def everyday(url: str, folder: Path, twin: str) -> None:
    """Pull and publish on the whole layer."""
    (source,) = (folder / "data").glob("*.gpkg")
    times: dict[str, list[float]] = {}
    for _ in range(RUNS):
        command = [PYTHON, "-m", "tools.bench_everyday", url, source.stem, str(folder)]
        said = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
        for line in said.splitlines():
            name, seconds = line.split("\t")
            times.setdefault(name, []).append(float(seconds))
    print(f"Everyday, on {source.stem} at a twin {twin}, median of {RUNS} runs")
    for name, runs in times.items():
        print(f"  {name:24} {statistics.median(runs):7.2f} s")


def qgis_edits(url: str, folder: Path) -> None:
    """What QGIS's own provider takes to send edits; it sends no locks, so a twin that asks for them refuses it."""
    (source,) = (folder / "data").glob("*.gpkg")
    command = [PYTHON, "-c", QGIS_EDITS, url, source.stem, str(EDITS)]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    found = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    print(f"  QGIS's OAPIF provider, {EDITS} edits: {found.split(maxsplit=1)[-1].strip()[:200]}")


if __name__ == "__main__":
    sys.exit(main())
