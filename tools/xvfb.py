"""A virtual display of our own, whatever displays the machine has: nobody's windows come in between."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

SIZE = "1600x1000x24"


@contextmanager
def virtual_display(size: str = SIZE) -> Iterator[dict[str, str]]:
    """Start Xvfb on a free display number and yield an environment for programs that shall draw there.

    ``size`` is ``WIDTHxHEIGHTxDEPTH``. Xvfb ends with the block. RuntimeError where it does not start.
    """
    program = shutil.which("Xvfb")
    if program is None:
        raise RuntimeError("Xvfb was not found: run `make setup`, or install the package xvfb.")
    reader, writer = os.pipe()
    command = [program, "-displayfd", str(writer), "-screen", "0", size, "-nolisten", "tcp", "+extension", "GLX"]
    server = subprocess.Popen(command, pass_fds=[writer], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writer)
    try:
        with os.fdopen(reader) as stream:
            number = stream.readline().strip()
        if not number:
            raise RuntimeError("Xvfb did not start.")
        environment = {name: value for name, value in os.environ.items() if name != "WAYLAND_DISPLAY"}
        environment |= {"DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb", "LIBGL_ALWAYS_SOFTWARE": "1"}
        yield environment
    finally:
        server.terminate()
        server.wait()
