"""Mosquitto in a process of the test: on free ports, stopped and killed as the test wants."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Mosquitto:
    """``lines`` go into its configuration; ``{folder}`` in them is a folder of its own."""

    folder: Path
    lines: tuple[str, ...] = ("allow_anonymous true",)
    tls: tuple[str, ...] = ()  # of a further listener
    port: int = field(default_factory=free_port)
    ws_port: int = field(default_factory=free_port)
    tls_port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"mqtt://127.0.0.1:{self.port}"
        self.ws_url = f"ws://127.0.0.1:{self.ws_port}/mqtt"
        self.tls_url = f"mqtts://localhost:{self.tls_port}"
        config = [
            f"user {'root' if os.geteuid() == 0 else 'nobody'}",
            "per_listener_settings false",
            "set_tcp_nodelay true",
            f"listener {self.port} 127.0.0.1",
            f"listener {self.ws_port} 127.0.0.1",
            "protocol websockets",
        ]
        if self.tls:
            config += [f"listener {self.tls_port} 127.0.0.1", *self.tls]
        config += self.lines
        (self.folder / "mosquitto.conf").write_text("\n".join(config) + "\n", "utf-8")

    def start(self) -> Mosquitto:
        if MOSQUITTO is None:
            pytest.skip("Mosquitto is not installed (make setup installs it on Debian)")
        with (self.folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen(
                [MOSQUITTO, "-c", str(self.folder / "mosquitto.conf")], stdout=log, stderr=log, cwd=self.folder
            )
        missing = [self.port, self.ws_port, *([self.tls_port] if self.tls else [])]
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", missing[0]), 1).close()
            except OSError:
                time.sleep(0.01)
            else:
                missing.pop(0)
                if not missing:
                    return self
        raise AssertionError((self.folder / "mosquitto.log").read_text("utf-8"))

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None
