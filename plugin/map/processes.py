"""Child processes: a Python to run them with, and the embedded twin.

Inside QGIS ``sys.executable`` may be QGIS itself (on Windows and macOS): starting that would open a second QGIS.
"""

from __future__ import annotations

import os
import re
import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from qgis.core import Qgis, QgsApplication
from qgis.PyQt.QtCore import QObject, QProcess, QProcessEnvironment, pyqtSignal

from ..text import tr
from ..twin.errors import CityTwinError
from .log import log

PACKAGE = Path(__file__).resolve().parent.parent  # `plugin` in the source, `city_twin_workbench` in QGIS
_LISTENING = re.compile(r"City Twin demo listening on (http://\S+)")
_PYTHON = re.compile(r"python(w|\d+(\.\d+)?)?(\.exe)?$", re.IGNORECASE)
_KEPT_LINES = 30
_STOP_MS = 2000


def python_interpreter() -> str:
    """The path of a Python that has what QGIS's own Python has. Raises `CityTwinError` where none is found."""
    for candidate in _candidates():
        if _PYTHON.match(candidate.name) and candidate.is_file() and os.access(candidate, os.X_OK):
            return str(candidate)
    raise CityTwinError(
        tr(
            "No Python program was found beside QGIS, so the demo twin cannot start. Install QGIS with its Python, or "
            "start the demo twin by hand and connect to its address."
        ),
        detail=f"executable {sys.executable}, prefix {sys.prefix}, base prefix {sys.base_prefix}",
    )


def python_that_helps() -> str | None:
    """A Python for processes that take work off QGIS; None where there is none, and QGIS does it all."""
    try:
        return python_interpreter()
    except CityTwinError:
        return None


def _candidates() -> Iterator[Path]:
    executable = Path(sys.executable) if sys.executable else None
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    names = ("python.exe", "python3.exe") if sys.platform == "win32" else (f"python{version}", "python3", "python")
    for folder in _folders(executable):
        for name in names:
            yield folder / name
    # Last: embedded in QGIS it is QGIS, or merely the first python3 on the PATH, which may have no GDAL (seen).
    if executable is not None:
        yield executable


def _folders(executable: Path | None) -> Iterator[Path]:
    for prefix in dict.fromkeys((sys.prefix, sys.base_prefix)):
        # Windows keeps python.exe in the prefix itself, the others in bin.
        yield Path(prefix)
        yield Path(prefix) / "bin"
    if os.environ.get("OSGEO4W_ROOT"):
        yield Path(os.environ["OSGEO4W_ROOT"]) / "bin"
    if executable is not None:
        yield executable.parent
        yield executable.parent / "bin"  # QGIS.app/Contents/MacOS/bin
    application = Path(QgsApplication.applicationDirPath())
    yield application
    yield application / "bin"


def default_store() -> Path:
    """Where the demo twin keeps its city: in the user's QGIS profile."""
    return Path(QgsApplication.qgisSettingsDirPath()) / "citytwin" / "demo.sqlite"


class DemoTwin(QObject):
    """The embedded twin in a process of its own. Main thread only.

    ``ready(url)``: it listens. ``failed(sentence)``: it did not start, or ended by itself. ``stopped``: it ended
    because it was asked to. What it prints is logged where it failed. It ends with QGIS, even when QGIS is killed.
    """

    ready = pyqtSignal(str)
    failed = pyqtSignal(str)
    stopped = pyqtSignal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self._url = ""
        self._stopping = False
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._rest = ""

    @property
    def url(self) -> str:
        """The landing page, "" while it does not listen."""
        return self._url

    @property
    def running(self) -> bool:
        return self._process is not None

    @property
    def pid(self) -> int:
        """Its process id, 0 while there is none."""
        return int(self._process.processId()) if self._process is not None else 0

    def start(self, data_dir: Path | str | None = None, store: Path | str | None = None, port: int = 0) -> None:
        """Start it on ``port`` (0: a free one), with ``data_dir``'s files or its own city.

        ``store`` is the file that keeps it (default: in the profile).
        One that runs already is told again by ``ready``; its data and store stay as they are.
        """
        if self._process is not None:
            if self._url:
                self.ready.emit(self._url)
            return
        kept = Path(store) if store is not None else default_store()
        try:
            program = python_interpreter()
            kept.parent.mkdir(parents=True, exist_ok=True)
        except CityTwinError as error:
            self._fail(error.message, error.detail)
            return
        except OSError as error:
            self._fail(
                tr(
                    "The demo twin cannot keep its data in {folder}. Check that you may write there.",
                    folder=kept.parent,
                ),
                str(error),
            )
            return
        arguments = ["-m", f"{PACKAGE.name}.demo", "--port", str(port), "--store", str(kept), "--exit-with-parent"]
        if data_dir is not None:
            arguments += ["--data", str(data_dir)]
        self._stopping = False
        self._url, self._rest = "", ""
        self._lines.clear()
        process = self._process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("PYTHONUNBUFFERED", "1")
        environment.insert("PYTHONIOENCODING", "utf-8")
        process.setProcessEnvironment(environment)
        process.setWorkingDirectory(str(PACKAGE.parent))
        process.setProcessChannelMode(QProcess.ProcessChannelMode.MergedChannels)
        process.readyReadStandardOutput.connect(self._read)
        process.errorOccurred.connect(self._error)
        process.finished.connect(self._ended)
        process.start(program, arguments)

    def stop(self) -> None:
        """End it, and wait at most two seconds until it has; what it has stored survives that. At unload too."""
        process = self._process
        if process is None:
            return
        self._stopping = True
        # Windows has no gentle way for a program without a window.
        if sys.platform == "win32":
            process.kill()
        else:
            process.terminate()
        if not process.waitForFinished(_STOP_MS):
            process.kill()
            process.waitForFinished(_STOP_MS)

    def _read(self) -> None:
        if self._process is None:
            return
        self._rest += bytes(self._process.readAllStandardOutput()).decode("utf-8", "replace")
        *lines, self._rest = self._rest.split("\n")
        for line in (raw.rstrip() for raw in lines):
            self._lines.append(line)
            found = _LISTENING.search(line)
            if found is None:
                continue
            self._url = found.group(1)
            log(tr("The demo twin listens on {url}.", url=self._url))
            self.ready.emit(self._url)

    def _error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart and self._process is not None:
            detail = self._process.errorString()
            self._forget()
            self._fail(tr("The demo twin could not be started. The log has the details."), detail)

    def _ended(self, code: int, _status: QProcess.ExitStatus = QProcess.ExitStatus.NormalExit) -> None:
        if self._process is None:
            return
        self._read()
        said = "\n".join([*self._lines, self._rest]).strip()
        was_ready = bool(self._url)
        self._forget()
        if self._stopping:
            self.stopped.emit()
        elif was_ready:
            self._fail(tr("The demo twin has ended by itself. Start it again; what it kept is still there."), said)
        else:
            last = said.rsplit("\n", 1)[-1] or tr("It ended with code {code}.", code=code)
            self._fail(tr("The demo twin did not start: {reason}", reason=last), said)

    def _forget(self) -> None:
        process, self._process, self._url = self._process, None, ""
        if process is not None:
            process.deleteLater()

    def _fail(self, message: str, detail: str) -> None:
        log(f"{message}\n{detail}" if detail else message, Qgis.MessageLevel.Warning)
        self.failed.emit(message)
