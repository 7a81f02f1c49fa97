"""QGIS Server's OGC API – Features over a project on PostGIS, with the rights of WFS-T."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.servers.postgis import DATABASE, ROLE, Cluster
from tests.servers.process import NoServer, Running, answers, free_port, scratch, start

_WRITER = Path(__file__).with_name("qgis_project.py")


def start_qgis_server(source: Cluster | Path) -> tuple[str, Running]:
    """The address of its landing page (with a slash at the end) and its process, Qt's development server.

    ``source`` is a cluster, or the GeoPackage whose layers it serves.
    """
    program = shutil.which("qgis_mapserver")
    if program is None:
        raise NoServer("QGIS Server is not installed: run `make setup`")
    folder, port = scratch("qgis-server"), free_port()
    project = folder / "city.qgs"
    place = [str(source)] if isinstance(source, Path) else [str(source.port), DATABASE, ROLE]
    environment = {
        "QT_QPA_PLATFORM": "offscreen",
        "XDG_RUNTIME_DIR": str(folder),
        "QGIS_CUSTOM_CONFIG_PATH": str(folder / "profile"),
        "QGIS_OPTIONS_PATH": str(folder),
        # less than clients like to ask for: it refuses more, and gives 10 where nothing is asked for
        "QGIS_SERVER_API_WFS3_MAX_LIMIT": "50",
        # a layer that cannot be opened must not take the others along
        "QGIS_SERVER_IGNORE_BAD_LAYERS": "1",
    }
    done = subprocess.run(
        [sys.executable, str(_WRITER), str(project), *place],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if not project.is_file():
        raise NoServer(f"the project was not written: {done.stderr[-1000:]}")
    command = [program, "-l", "2", "-p", str(project), f"127.0.0.1:{port}"]
    url = f"http://127.0.0.1:{port}/wfs3"
    running = start(
        "qgis-server", command, port=port, folder=folder, ready=answers(f"{url}/conformance.json"), env=environment
    )
    return f"{url}/", running
