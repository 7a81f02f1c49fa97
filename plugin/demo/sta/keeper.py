"""Runs a program until standard input closes: ``python keeper.py FOLDER PROGRAM ARGUMENTS…``.

Whoever started it holds the other end, so the program ends with them, also when they are killed. The folder is
removed then; until then its file ``pid`` names the program's process, for the case that the keeper itself is killed. A
script of its own, which imports nothing of the twin, so that it starts at once.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path


def main(arguments: list[str]) -> int:
    folder, *command = arguments
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal: the end comes over standard input
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # nosec B603 - what the twin chose, no shell
    Path(folder, "pid").write_text(str(process.pid), encoding="ascii")
    threading.Thread(target=_wait_for_end, args=(process,), daemon=True).start()
    status = process.wait()
    shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.flush()
    os._exit(max(0, status))  # the thread may still be reading, which would hold up an ordinary exit


def _wait_for_end(process: subprocess.Popen[bytes]) -> None:
    while os.read(0, 4096):
        continue
    process.terminate()
    try:
        process.wait(3)
    except subprocess.TimeoutExpired:
        process.kill()


if __name__ == "__main__":
    main(sys.argv[1:])
