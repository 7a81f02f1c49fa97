"""On what the benchmarks ran: the machine in general words, and the versions."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
import sys
from pathlib import Path

from .place import has_qgis


def machine() -> dict[str, str]:
    """What to print above a table. Names no host."""
    return {
        "processor": f"{os.cpu_count()} × {_processor()}",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": _system(),
        "load before": f"{os.getloadavg()[0]:.1f}",
    }


def versions() -> dict[str, str]:
    qgis = "from qgis.core import Qgis; print(Qgis.version())"
    return {
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        "GDAL": _said(["ogr2ogr", "--version"]).partition(",")[0].removeprefix("GDAL "),
        "QGIS": _said([sys.executable, "-c", qgis]) if has_qgis() else "",
        "commit": _said(["git", "describe", "--always", "--dirty"]),
    }


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    for line in told.read_text(encoding="utf-8").splitlines() if told.is_file() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _system() -> str:
    try:
        return f"{platform.freedesktop_os_release()['PRETTY_NAME']}, Linux {platform.release().partition('-')[0]}"
    except (AttributeError, OSError, KeyError):  # Python 3.9, or another system
        return f"{platform.system()} {platform.release()}"


def _said(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
