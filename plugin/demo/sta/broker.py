"""A Mosquitto of the twin's own, on free ports of this machine: plain MQTT, and MQTT over WebSocket.

Everybody may read (with the twin's credentials where it asks for any), only the twin may write. It ends with the twin,
also when that is killed: see ``keeper``. One that ends by itself is started again where it was.
"""

from __future__ import annotations

import base64
import contextlib
import getpass
import hashlib
import logging
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..negotiation import Credentials

log = logging.getLogger(__name__)
_HOST = "127.0.0.1"
_PLACES = (
    "/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/opt/homebrew/sbin/mosquitto",
    r"C:\Program Files\mosquitto\mosquitto.exe",
)  # fmt: skip
_PATIENCE, _TRIES = 5.0, 3  # seconds until it must answer; somebody else may take a port that was free
_PAUSE, _LONGEST_PAUSE = 0.5, 30.0  # seconds until it is started again
_ROUNDS = 101  # of PBKDF2, as mosquitto_passwd does


@dataclass(frozen=True)
class Account:
    user: str
    secret: str


@dataclass(frozen=True)
class _Run:
    """One run of Mosquitto under its keeper; ``folder`` has its configuration, its log and its process id."""

    process: subprocess.Popen[bytes]
    folder: Path

    def end(self) -> None:
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
        self.sweep()

    def sweep(self) -> None:
        """After the keeper's end: one that was killed leaves Mosquitto running, and the folder with its process id."""
        path = self.folder / "pid"
        if path.is_file():
            with contextlib.suppress(ValueError, OSError):
                os.kill(int(path.read_text(encoding="ascii")), signal.SIGTERM)
        shutil.rmtree(self.folder, ignore_errors=True)


class Broker(threading.Thread):
    """A Mosquitto that stays: ``run`` starts it again, on the same ports, until it is closed. ``writer`` is who may
    publish."""

    def __init__(self, run: _Run, again: Callable[[], _Run], ports: tuple[int, int], writer: Account) -> None:
        super().__init__(name="broker", daemon=True)
        self._run_now, self._again, self._over = run, again, threading.Event()
        self.host, (self.port, self.web_port), self.writer = _HOST, ports, writer

    def endpoints(self) -> tuple[str, ...]:
        """Where to subscribe; none while it does not run."""
        if self._run_now.process.poll() is not None:
            return ()
        return f"mqtt://{_HOST}:{self.port}", f"ws://{_HOST}:{self.web_port}/mqtt"

    def run(self) -> None:
        pause = _PAUSE
        while True:
            begun = time.monotonic()
            self._run_now.process.wait()
            if self._over.is_set():
                return
            self._run_now.sweep()
            pause = _PAUSE if time.monotonic() - begun > _LONGEST_PAUSE else min(2 * pause, _LONGEST_PAUSE)
            log.warning("Mosquitto has ended; it starts again in %.0f s", pause)
            if self._over.wait(pause):
                return
            try:
                self._run_now = self._again()
            except OSError as error:
                log.warning("Mosquitto cannot be started: %s", error)

    def close(self) -> None:
        self._over.set()
        self._run_now.end()
        if self.is_alive():
            self.join(5)
        self._run_now.end()  # what began in the last moment


def find_mosquitto() -> str | None:
    return shutil.which("mosquitto") or next((place for place in _PLACES if Path(place).is_file()), None)


def start_broker(program: str, credentials: Credentials | None) -> Broker | None:
    """None where it does not start; the log says why."""
    writer = Account(f"twin-{secrets.token_hex(4)}", secrets.token_urlsafe(18))
    for _ in range(_TRIES):
        ports = _free_ports()

        def again(ports: tuple[int, int] = ports) -> _Run:
            return _run(program, ports, writer, credentials)

        run = again()
        if all(_answers(run.process, port) for port in ports):
            broker = Broker(run, again, ports, writer)
            broker.start()
            return broker
        said = run.folder / "log"
        told = said.read_text(errors="replace").strip() if said.exists() else ""
        run.end()
        log.warning("Mosquitto did not start on ports %s and %s: %s", *ports, told or "it said nothing")
    return None


def _run(program: str, ports: tuple[int, int], writer: Account, credentials: Credentials | None) -> _Run:
    folder = Path(tempfile.mkdtemp(prefix="citytwin-broker-"))
    _configure(folder, ports, writer, credentials)
    keeper = Path(__file__).with_name("keeper.py")
    command = [sys.executable, str(keeper), str(folder), program, "-c", str(folder / "mosquitto.conf")]
    with (folder / "log").open("wb") as output:
        apart = os.name == "posix"  # not in reach of the terminal's Ctrl+C
        process = subprocess.Popen(  # nosec B603 - our own script and the Mosquitto that was found, no shell
            command, stdin=subprocess.PIPE, stdout=output, stderr=output, start_new_session=apart
        )
    return _Run(process, folder)


def _configure(folder: Path, ports: tuple[int, int], writer: Account, credentials: Credentials | None) -> None:
    accounts = [writer] + ([Account(credentials.user, credentials.secret)] if credentials else [])
    lines = [f"{account.user}:{_hashed(account.secret)}" for account in accounts]
    _private(folder / "passwords", lines)
    reading = ["topic read v1.1/#", "topic read $SYS/broker/version"]  # of those without a name
    known = [line for account in accounts[1:] for line in (f"user {account.user}", *reading)]
    _private(folder / "acl", [*([] if credentials else reading), *known, f"user {writer.user}", "topic readwrite #"])
    _private(
        folder / "mosquitto.conf",
        [
            f"listener {ports[0]} {_HOST}",
            f"listener {ports[1]} {_HOST}",
            "protocol websockets",
            f"allow_anonymous {'false' if credentials else 'true'}",
            f"password_file {folder / 'passwords'}",
            f"acl_file {folder / 'acl'}",
            "persistence false",
            "set_tcp_nodelay true",
            "max_queued_messages 100000",
            "log_type error",
            "log_type warning",
            # started by root it would become somebody who may not read these files
            *([f"user {getpass.getuser()}"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
        ],
    )


def _private(path: Path, lines: list[str]) -> None:
    path.touch(mode=0o600)
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")


def _hashed(secret: str) -> str:
    """As mosquitto_passwd writes it: PBKDF2 with SHA-512."""
    salt = secrets.token_bytes(12)
    key = hashlib.pbkdf2_hmac("sha512", secret.encode("utf-8"), salt, _ROUNDS)
    return f"$7${_ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}"


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as two:
        one.bind((_HOST, 0))
        two.bind((_HOST, 0))
        return one.getsockname()[1], two.getsockname()[1]


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    until = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection((_HOST, port), 1).close()
            return process.poll() is None
        except OSError:
            time.sleep(0.02)
    return False
