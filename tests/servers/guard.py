"""Keeps one server process, and ends it when whoever started the guard is gone, however it went.

    python guard.py SIGNAL USER FOLDER COMMAND…

Standard input is a pipe that nobody writes to: when it closes (the test closed it, or died), the command's process
group gets SIGNAL, and FOLDER is removed. USER is who runs the command ("" for the guard's own user).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

_PATIENCE = 10.0  # seconds between the polite signal and the other one


def main(stop: str, user: str, folder: str, command: list[str]) -> int:
    """Run ``command`` in ``folder`` until standard input closes or it ends; its exit status."""
    account: dict[str, Any] = {"user": user, "group": _group_of(user), "extra_groups": ()} if user else {}
    server = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, start_new_session=True, **account)

    def wait_for_starter() -> None:
        sys.stdin.buffer.read()
        _end(server, signal.Signals[stop])

    threading.Thread(target=wait_for_starter, daemon=True).start()
    status = server.wait()
    # children that outlived it
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    shutil.rmtree(Path(folder), ignore_errors=True)
    return status


def _end(server: subprocess.Popen[bytes], stop: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, stop)
    try:
        server.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)


def _group_of(user: str) -> int:
    import pwd

    return pwd.getpwnam(user).pw_gid


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]))
