"""tipg on PostGIS: read-only, with CQL2."""

from __future__ import annotations

from tests.servers.postgis import DATABASE, ROLE, Cluster
from tests.servers.process import Running, answers, free_port, scratch, start, venv_program


def start_tipg(cluster: Cluster) -> tuple[str, Running]:
    """Its address (with a slash at the end) and its process."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        "POSTGRES_USER": ROLE,
        "POSTGRES_PASS": "",
        "POSTGRES_HOST": "127.0.0.1",
        "POSTGRES_PORT": str(cluster.port),
        "POSTGRES_DBNAME": DATABASE,
        "TIPG_DB_SCHEMAS": '["city"]',
        # fewer than there are: clients have to page
        "TIPG_DEFAULT_FEATURES_LIMIT": "3",
        "TIPG_MAX_FEATURES_PER_QUERY": "5",
        "TIPG_NAME": "City on tipg",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [venv_program("tipg", "uvicorn"), "tipg.main:app", "--host", "127.0.0.1", "--port", str(port)]
    running = start(
        "tipg", command, port=port, folder=scratch("tipg"), ready=answers(f"{url}/conformance"), env=environment
    )
    return f"{url}/", running
