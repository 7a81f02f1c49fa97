"""The package: the same bytes from the same source, and nothing in it that the plugin site refuses."""

from __future__ import annotations

import gettext
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tools import package, vendor
from tools.lint.site_files import check_zip


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    folder = tmp_path / "city_twin_workbench"
    package.lay_out(folder)
    return folder


def test_the_real_package_passes_and_is_the_same_twice(stage, tmp_path):
    package.write_zip(stage, tmp_path / "a.zip")
    (stage / "plugin.py").chmod(0o755)
    (stage / "plugin.py").touch()
    package.write_zip(stage, tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    assert check_zip(tmp_path / "a.zip") == []
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        names = archive.namelist()
        modes = {stat.S_IMODE(info.external_attr >> 16) for info in archive.infolist()}
    assert {"city_twin_workbench/LICENSE", "city_twin_workbench/i18n/nl.mo", "city_twin_workbench/plugin.py"} <= set(
        names
    )
    assert modes == {0o644}
    assert not [name for name in names if "__pycache__" in name or "/tests/" in name]


def test_the_changelog_goes_into_the_metadata():
    text = package.with_changelog(
        "[general]\nversion=1.2\n", "# C\n\n## 1.2 (soon)\n\n- 100% `new`\n\n## 1.1\n\n- old\n"
    )
    assert text == "[general]\nversion=1.2\nchangelog=1.2\n    - 100%% new\n"


def test_a_changelog_of_another_version_stops_the_packaging():
    with pytest.raises(SystemExit, match=r"1\.3"):
        package.with_changelog("[general]\nversion=1.2\n", "## 1.3\n\n- x\n")


def test_catalogues_are_compiled(tmp_path):
    (tmp_path / "nl.po").write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Check Out"\nmsgstr "Ophalen"\n'
    )
    package.compile_catalogues(tmp_path, tmp_path / "out")
    with (tmp_path / "out" / "nl.mo").open("rb") as stream:
        assert gettext.GNUTranslations(stream).gettext("Check Out") == "Ophalen"


GOOD = (
    "[general]\nname=A\ndescription=b\nversion=1\nqgisMinimumVersion=3.40\nqgisMaximumVersion=4.99\nsupportsQt6=True\n"
    "hasProcessingProvider=yes\nauthor=a\nemail=a@example.org\nabout=a\ntracker=https://example.org\n"
    "repository=https://example.org\n"
)


def faults(tmp_path: Path, files: dict[str, bytes], mode: int = 0o644) -> str:
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {"p/metadata.txt": GOOD.encode(), "p/LICENSE": b"", "p/__init__.py": b"", **files}.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o100000 | mode) << 16
            archive.writestr(info, content)
    return "\n".join(map(str, check_zip(path)))


def test_a_good_zip_has_no_faults(tmp_path):
    assert faults(tmp_path, {}) == ""


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        ({"p/run.sh": b""}, "files of type .sh"),
        ({"p/lib.so": b""}, "files of type .so"),
        ({"p/__pycache__/a.pyc": b""}, "does not belong"),
        ({"p/.git/config": b""}, "does not belong"),
        ({"p/data.bin": b"a\0b"}, "a binary file"),
        ({"p/../x.py": b""}, "an unsafe name"),
        ({"q/x.py": b""}, "must hold one folder"),
        ({"p/metadata.txt": GOOD.replace("email=a@example.org\n", "").encode()}, "email is missing"),
        ({"p/metadata.txt": GOOD.replace("4.99", "3.99").encode()}, "qgisMaximumVersion must be 4.99"),
        ({"p/metadata.txt": GOOD.encode() + b"icon=icon.svg\n"}, "the icon icon.svg is missing"),
        ({"p/metadata.txt": GOOD.encode() + b"name=twice\n"}, "cannot be read"),
    ],
)
def test_what_the_plugin_site_refuses(tmp_path, files, fault):
    assert fault in faults(tmp_path, files)


def test_executable_bits_and_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr("tools.lint.site_files.LIMIT", 100)
    found = faults(tmp_path, {}, mode=0o755)
    assert "executable bit" in found
    assert "larger than" in found


def test_paho_comes_with_the_plugin_under_the_plugins_own_name(stage):
    client = (stage / "vendor/paho/mqtt/client.py").read_text("utf-8")
    assert "from paho" not in client
    assert "connect_srv(self" not in client
    assert "Eclipse Distribution License" in (stage / "vendor/paho/edl-v10.txt").read_text("utf-8")
    code = (
        "import sys; from city_twin_workbench import vendored; m = vendored.mqtt_client(); "
        "m.Client(m.CallbackAPIVersion.VERSION2); print(m.__name__, [n for n in sys.modules if n.startswith('paho')])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=stage.parent, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "city_twin_workbench.vendor.paho.mqtt.client []", done.stderr


def test_another_paho_stops_the_packaging():
    with pytest.raises(SystemExit, match="has changed"):
        vendor.rewritten("client.py", "import socket\n")
