"""A PostGIS cluster of the tests' own: made in a temporary folder, gone with it."""

from __future__ import annotations

import os
import pwd
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from tests.servers.process import NoServer, Running, free_port, scratch, start

DATABASE = "city"
ROLE = "city"
_PLACES = ("/usr/lib/postgresql", "/usr/local/pgsql", "/opt/homebrew/opt", "/usr")
_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB", "max_connections=60")


@dataclass
class Cluster:
    """A running cluster with one database; every connection is let in as `ROLE`, from this machine only."""

    running: Running

    @property
    def port(self) -> int:
        return self.running.port

    def connect(self, database: str = DATABASE) -> Any:
        connection = psycopg2.connect(host="127.0.0.1", port=self.port, user=ROLE, dbname=database)
        connection.autocommit = True
        return connection

    def run(self, statement: str, values: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        """One statement (or several without values) in a transaction of its own; its rows."""
        connection = self.connect()
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, values)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()

    def stop(self) -> None:
        self.running.stop()


def programs() -> Path:
    """The folder of the newest PostgreSQL that has PostGIS. Raises `NoServer`."""
    found = [
        path.parent
        for place in _PLACES
        for path in (*Path(place).glob("*/bin/initdb"), *Path(place).glob("bin/initdb"))
        if _has_postgis(path.parent)
    ]
    if not found:
        raise NoServer("PostgreSQL with PostGIS is not installed: run `make setup`")
    return max(found, key=_version)


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(int(n) for n in re.findall(r"\d+", str(folder)))


def _has_postgis(folder: Path) -> bool:
    asked = (
        subprocess.run([str(folder / "pg_config"), "--sharedir"], capture_output=True, text=True, check=False)
        if (folder / "pg_config").is_file()
        else None
    )
    shares = [Path(asked.stdout.strip())] if asked is not None and asked.returncode == 0 else []
    version = folder.parent.name
    shares.append(Path("/usr/share/postgresql") / version)
    return any((share / "extension" / "postgis.control").is_file() for share in shares)


def unprivileged() -> str:
    """Whom PostgreSQL runs as: it refuses root. "" for ourselves."""
    if os.geteuid() != 0:
        return ""
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    raise NoServer("PostgreSQL refuses to run as root, and there is no other user here")


def start_cluster() -> Cluster:
    """A new cluster with the extension in an empty database, in two or three seconds."""
    folder_of_programs, user = programs(), unprivileged()
    folder = scratch("postgis", user)
    data = folder / "data"
    account: dict[str, Any] = {}
    if user:
        account = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": ()}
    made = subprocess.run(
        [
            str(folder_of_programs / "initdb"), "-D", str(data), "-U", ROLE, "-A", "trust", "-E", "UTF8",
            "--locale=C", "--no-sync",
        ],
        cwd=folder, capture_output=True, text=True, check=False, **account,
    )  # fmt: skip
    if made.returncode != 0:
        raise NoServer(f"initdb: {made.stderr[-1000:]}")
    port = free_port()
    # a Dutch server's time zone: timestamps come with +01:00 or +02:00
    settings = [*_FAST, f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}",
                "timezone=Europe/Amsterdam"]  # fmt: skip
    command = [str(folder_of_programs / "postgres"), "-D", str(data)]
    for setting in settings:
        command += ["-c", setting]

    def ready() -> bool:
        try:
            psycopg2.connect(host="127.0.0.1", port=port, user=ROLE, dbname="postgres", connect_timeout=2).close()
        except psycopg2.OperationalError:
            return False
        return True

    # SIGINT: a fast shutdown, without waiting for clients
    running = start("postgis", command, port=port, folder=folder, ready=ready, user=user, stop_signal="SIGINT")
    cluster = Cluster(running)
    connection = cluster.connect("postgres")
    try:
        with connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE city")
    finally:
        connection.close()
    cluster.run("CREATE EXTENSION postgis")
    return cluster
