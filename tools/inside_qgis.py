"""What QGIS executes for `tools.qgis_pytest` (``qgis --code``): pytest, once the window is up and idle."""

import faulthandler
import os
import sys
import traceback
from pathlib import Path

from qgis.PyQt.QtCore import QTimer
from qgis.utils import iface


def run_tests() -> None:
    """Run pytest, write its exit code, and leave without QGIS's questions about unsaved work."""
    root = Path(os.environ["CITYTWIN_ROOT"])
    code = 3
    try:
        os.chdir(root)
        # Behind QGIS's own packages, so that none of them is shadowed.
        sys.path.append(os.environ["CITYTWIN_PACKAGES"])
        sys.path.insert(0, str(root))
        # pytest's own message for a test that hangs comes first; this one is for QGIS hanging as a whole.
        faulthandler.dump_traceback_later(float(os.environ["CITYTWIN_TIMEOUT"]), exit=True)
        iface.mainWindow().setGeometry(iface.mainWindow().screen().availableGeometry())
        import pytest

        arguments = os.environ["CITYTWIN_PYTEST"].split("\n")
        code = int(pytest.main(["-p", "no:pytest_qgis", "--timeout=180", "--timeout-method=thread", *arguments]))
    except BaseException:  # noqa: BLE001 - whatever it was, the outer process must hear of it
        traceback.print_exc()
    finally:
        Path(os.environ["CITYTWIN_RESULT"]).write_text(str(code))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


iface.initializationCompleted.connect(lambda: QTimer.singleShot(0, run_tests))
