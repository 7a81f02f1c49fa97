"""pygeoapi on PostGIS, writing through its PostgreSQL provider."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.servers.city import KEYS
from tests.servers.postgis import DATABASE, ROLE, Cluster
from tests.servers.process import NoServer, Running, answers, free_port, scratch, start, venv_program

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_COLLECTIONS = {
    "buildings": ("Buildings", "http://www.opengis.net/def/crs/EPSG/0/28992", [4.1, 51.8, 4.3, 52.0]),
    "benches": ("Benches", "http://www.opengis.net/def/crs/EPSG/0/28992", [4.1, 51.8, 4.3, 52.0]),
    "signs": ("Signs", "http://www.opengis.net/def/crs/EPSG/0/28992", [4.1, 51.8, 4.5, 52.0]),
    "trees": ("Trees", "http://www.opengis.net/def/crs/EPSG/0/4326", [4.4, 51.9, 4.5, 52.0]),
}


def start_pygeoapi(cluster: Cluster) -> tuple[str, Running]:
    """Its address (with a slash at the end) and its process: gunicorn with two workers, as people run it."""
    gunicorn, pygeoapi = venv_program("pygeoapi", "gunicorn"), venv_program("pygeoapi", "pygeoapi")
    folder, port = scratch("pygeoapi"), free_port()
    config, openapi = folder / "config.yml", folder / "openapi.yml"
    url = f"http://127.0.0.1:{port}"
    # YAML reads JSON
    config.write_text(json.dumps(_configuration(cluster, url, port)), encoding="utf-8")
    environment = {"PYGEOAPI_CONFIG": str(config), "PYGEOAPI_OPENAPI": str(openapi), "PYTHONDONTWRITEBYTECODE": "1"}
    _describe(pygeoapi, config, openapi, environment)
    command = [gunicorn, "-w", "2", "-b", f"127.0.0.1:{port}", "--no-control-socket", "pygeoapi.flask_app:APP"]
    running = start(
        "pygeoapi",
        command,
        port=port,
        folder=folder,
        ready=answers(f"{url}/conformance?f=json"),
        env=environment,
        stop_signal="SIGQUIT",
    )
    return f"{url}/", running


def _describe(pygeoapi: str, config: Path, openapi: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [pygeoapi, "openapi", "generate", str(config), "--output-file", str(openapi)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0 or not openapi.is_file():
        raise NoServer(f"pygeoapi openapi generate: {done.stderr[-1000:]}")


def _configuration(cluster: Cluster, url: str, port: int) -> dict[str, Any]:
    return {
        "server": {
            "bind": {"host": "127.0.0.1", "port": port},
            "url": url,
            "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8",
            "languages": ["en-US"],
            # fewer than there are: clients have to page
            "limits": {"default_items": 3, "max_items": 5},
            "map": {"url": f"{url}/no-tiles", "attribution": "none"},
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {
                "title": "City on pygeoapi",
                "description": "The data of the contract tests",
                "keywords": ["city"],
                "keywords_type": "theme",
                "terms_of_service": "none",
                "url": url,
            },
            "license": {"name": "CC0 1.0", "url": f"{url}/licence"},
            "provider": {"name": "Tests", "url": url},
            "contact": {"name": "Tests"},
        },
        "resources": {
            name: {
                "type": "collection",
                "title": title,
                "description": title,
                "keywords": ["city"],
                "extents": {"spatial": {"bbox": box, "crs": CRS84}},
                "links": [],
                "providers": [
                    {
                        "type": "feature",
                        "name": "PostgreSQL",
                        "editable": True,
                        "data": {
                            "host": "127.0.0.1",
                            "port": cluster.port,
                            "dbname": DATABASE,
                            "user": ROLE,
                            "search_path": ["city", "public"],
                        },
                        "id_field": KEYS.get(name, "fid"),
                        "table": name,
                        "geom_field": "geom",
                        "storage_crs": storage,
                        "crs": [
                            "http://www.opengis.net/def/crs/EPSG/0/28992",
                            "http://www.opengis.net/def/crs/EPSG/0/4326",
                        ],
                    }
                ],
            }
            for name, (title, storage, box) in _COLLECTIONS.items()
        },
    }
