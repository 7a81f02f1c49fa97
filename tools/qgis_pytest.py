"""Run pytest inside the real QGIS application, on a virtual display, and be its exit code.

    python -m tools.qgis_pytest tests/e2e [pytest's own arguments]

The plugin of ``build/stage`` is installed in a fresh profile below ``build/e2e`` and enabled there. Environment:
CITYTWIN_LOCALE (``en`` or ``nl``) is QGIS's language; CITYTWIN_TIMEOUT is the seconds after which the whole run
fails (default 900); QGIS is QGIS's program.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

from .paths import BUILD, ROOT, STAGE
from .profile import make_profile
from .xvfb import virtual_display

FOLDER = BUILD / "e2e"
RUNNER = Path(__file__).with_name("inside_qgis.py")


def main(arguments: list[str]) -> int:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    result, noise = FOLDER / "exit-code", FOLDER / "qgis.log"
    timeout = float(os.environ.get("CITYTWIN_TIMEOUT", "900"))
    profiles = FOLDER / "home"
    make_profile(profiles, STAGE, os.environ.get("CITYTWIN_LOCALE", "en"))
    runtime = profiles / "run"
    runtime.mkdir(mode=0o700)
    command = [
        os.environ.get("QGIS", "qgis"), "--nologo", "--noversioncheck",
        "--profiles-path", str(profiles), "--profile", "default", "--code", str(RUNNER),
    ]  # fmt: skip
    with virtual_display() as environment, noise.open("wb") as stderr:
        environment |= {
            "CITYTWIN_PYTEST": "\n".join([*arguments, f"--junitxml={BUILD / 'junit' / 'e2e.xml'}"]),
            "CITYTWIN_ROOT": str(ROOT),
            "CITYTWIN_RESULT": str(result),
            "CITYTWIN_PACKAGES": sysconfig.get_path("purelib"),
            "CITYTWIN_TIMEOUT": str(timeout),
            # The user's own settings, caches and passwords stay out of it.
            "XDG_CONFIG_HOME": str(profiles / "config"),
            "XDG_CACHE_HOME": str(profiles / "cache"),
            "XDG_RUNTIME_DIR": str(runtime),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        for name in ("PYTHONPATH", "VIRTUAL_ENV", "QGIS_AUTH_DB_DIR_PATH"):
            environment.pop(name, None)
        qgis = subprocess.Popen(command, env=environment, cwd=ROOT, stderr=stderr, start_new_session=True)
        try:
            qgis.wait(timeout + 30)
        except subprocess.TimeoutExpired:
            print(f"e2e: QGIS did not end within {timeout:.0f} s.", file=sys.stderr)
        finally:
            # The session is ours alone: QGIS, and what tests left running under it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(qgis.pid, signal.SIGKILL)
            qgis.wait()
    if not result.is_file():
        tail = noise.read_text(encoding="utf-8", errors="replace").splitlines()[-40:]
        print("\n".join(tail), file=sys.stderr)
        print(f"e2e: QGIS ended before the tests did (see {noise.relative_to(ROOT)}).", file=sys.stderr)
        return 1
    return int(result.read_text())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
