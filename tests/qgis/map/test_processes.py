"""Finding a Python, and the embedded twin as a child process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from plugin.map import processes
from plugin.map.processes import DemoTwin, python_interpreter
from plugin.twin.errors import CityTwinError
from tests.qgis.map.meanwhile import spin


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    path.chmod(0o755)
    return path


def test_here_it_is_ours_and_has_gdal(qgis_app):
    found = python_interpreter()
    assert Path(found).samefile(sys.executable)
    assert subprocess.run([found, "-c", "import sqlite3, osgeo"], check=False).returncode == 0


def test_on_windows_qgis_itself_is_no_python(qgis_app, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(sys, "executable", str(program(tmp_path / "bin" / "qgis-ltr-bin.exe")))
    for name in ("prefix", "base_prefix"):
        monkeypatch.setattr(sys, name, str(tmp_path / "apps" / "Python312"))
    monkeypatch.setenv("OSGEO4W_ROOT", str(tmp_path))
    wanted = program(tmp_path / "bin" / "python3.exe")
    assert python_interpreter() == str(wanted)
    better = program(tmp_path / "apps" / "Python312" / "python.exe")
    assert python_interpreter() == str(better)


def test_on_macos_it_is_inside_the_application(qgis_app, tmp_path, monkeypatch):
    contents = tmp_path / "QGIS.app" / "Contents"
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(sys, "executable", str(program(contents / "MacOS" / "QGIS")))
    for name in ("prefix", "base_prefix"):
        monkeypatch.setattr(sys, name, str(contents / "Resources" / "python"))
    wanted = program(contents / "MacOS" / "bin" / "python3")
    assert python_interpreter() == str(wanted)


def test_nothing_found_is_a_sentence(qgis_app, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(program(tmp_path / "qgis.exe")))
    for name in ("prefix", "base_prefix"):
        monkeypatch.setattr(sys, name, str(tmp_path))
    monkeypatch.setattr(processes.QgsApplication, "applicationDirPath", lambda: str(tmp_path))
    monkeypatch.delenv("OSGEO4W_ROOT", raising=False)
    with pytest.raises(CityTwinError, match="No Python program was found"):
        python_interpreter()


class Heard:
    def __init__(self, twin: DemoTwin) -> None:
        self.ready: list[str] = []
        self.failed: list[str] = []
        self.stopped: list[int] = []
        twin.ready.connect(self.ready.append)
        twin.failed.connect(self.failed.append)
        twin.stopped.connect(lambda: self.stopped.append(1))


@pytest.fixture()
def twin(qgis_app):
    one = DemoTwin()
    yield one
    one.stop()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_starts_answers_stops_and_keeps_its_store(twin, tmp_path):
    heard = Heard(twin)
    store = tmp_path / "citytwin" / "demo.sqlite"
    twin.start(store=store)
    assert spin(lambda: bool(heard.ready or heard.failed), 60), "the demo twin says nothing"
    assert not heard.failed
    url = heard.ready[0]
    assert twin.running and twin.url == url and url.startswith("http://127.0.0.1:")
    assert requests.get(f"{url}conformance", params={"f": "json"}, timeout=10).status_code == 200
    pid = twin.pid
    twin.start()
    assert heard.ready == [url, url] and twin.pid == pid
    twin.stop()
    assert heard.stopped == [1] and not heard.failed
    assert not twin.running and twin.url == "" and twin.pid == 0
    assert not alive(pid)
    assert store.exists()
    twin.start(store=store)
    assert spin(lambda: len(heard.ready) == 3, 60)


def test_a_killed_twin_is_told(twin, tmp_path):
    heard = Heard(twin)
    twin.start(store=tmp_path / "demo.sqlite")
    assert spin(lambda: bool(heard.ready), 60)
    os.kill(twin.pid, 9)
    assert spin(lambda: bool(heard.failed), 10)
    assert "ended by itself" in heard.failed[0] and not twin.running


def test_what_keeps_it_from_starting_is_told(twin, tmp_path):
    heard = Heard(twin)
    twin.start(data_dir=tmp_path / "nowhere", store=tmp_path / "demo.sqlite")
    assert spin(lambda: bool(heard.failed), 60)
    assert "nowhere" in heard.failed[0] and "did not start" in heard.failed[0]
    assert not heard.ready and not twin.running


def test_a_store_that_cannot_be_made(twin, tmp_path):
    heard = Heard(twin)
    (tmp_path / "file").write_text("")
    twin.start(store=tmp_path / "file" / "demo.sqlite")
    assert "cannot keep its data" in heard.failed[0] and not twin.running


def test_a_program_that_cannot_start(twin, tmp_path, monkeypatch):
    heard = Heard(twin)
    broken = tmp_path / "python3"
    broken.write_bytes(b"\0no program")
    broken.chmod(0o755)
    monkeypatch.setattr(processes, "python_interpreter", lambda: str(broken))
    twin.start(store=tmp_path / "demo.sqlite")
    assert spin(lambda: bool(heard.failed), 10)
    assert not twin.running


def test_it_ends_with_qgis_even_when_that_is_killed(tmp_path):
    code = f"""
import sys
from qgis.core import QgsApplication
app = QgsApplication([], False)
from plugin.map.processes import DemoTwin
twin = DemoTwin()
twin.ready.connect(lambda url: print(twin.pid, flush=True))
twin.failed.connect(lambda text: print(text, flush=True))
twin.start(store={str(tmp_path / "demo.sqlite")!r})
app.exec()
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=processes.PACKAGE.parent
    )
    try:
        pid = int(parent.stdout.readline())
        assert alive(pid)
    finally:
        parent.kill()
        parent.wait(10)
        parent.stdout.close()
    assert spin(lambda: not alive(pid) or Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z", 10)
