"""`tools/setup.sh` makes the bookworm-backports entry from whatever entry the machine has for bookworm."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

SETUP = Path(__file__).resolve().parents[3] / "tools" / "setup.sh"


def entry(apt: Path) -> str | None:
    done = subprocess.run(["sh", str(SETUP), "backports-entry", str(apt)], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None


@pytest.fixture
def apt(tmp_path: Path) -> Path:
    (tmp_path / "sources.list.d").mkdir()
    return tmp_path


def test_from_a_deb822_file(apt):
    (apt / "sources.list.d" / "debian.sources").write_text(
        "# a mirror\nTypes: deb\nURIs: http://security.example/x\nSuites: bookworm-security\nComponents: main\n\n"
        "Types: deb deb-src\n# another\nURIs: https://mirror.example/debian\nSuites: bookworm bookworm-updates\n"
        "Components: main contrib\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n"
    )
    assert entry(apt) == (
        "Types: deb\nSuites: bookworm-backports\nURIs: https://mirror.example/debian\nComponents: main contrib\n"
        "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n"
    )


def test_from_a_one_line_list(apt):
    (apt / "sources.list").write_text(
        "deb cdrom:[Debian 12]/ bookworm main\n"
        "deb-src https://mirror.example/debian bookworm main\n"
        "deb [ signed-by=/usr/share/keyrings/a.gpg arch=amd64,arm64 ] https://mirror.example/debian "
        "bookworm main contrib # x\n"
    )
    assert entry(apt) == (
        "Types: deb\nURIs: https://mirror.example/debian\nSuites: bookworm-backports\nComponents: main contrib\n"
        "Signed-By: /usr/share/keyrings/a.gpg\nArchitectures: amd64 arm64\n"
    )


def test_from_a_list_without_options_in_a_file_of_its_own(apt):
    (apt / "sources.list.d" / "d.list").write_text("deb http://mirror.example/debian bookworm main\n")
    assert entry(apt) == (
        "Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm-backports\nComponents: main\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "Types: deb\nURIs: http://a.example\nSuites: trixie\nComponents: main\n",
        "Types: deb\nURIs: http://a.example\nSuites: bookworm-security\nComponents: main\n",
        "Enabled: no\nTypes: deb\nURIs: http://a.example\nSuites: bookworm\nComponents: main\n",
        "Types: deb-src\nURIs: http://a.example\nSuites: bookworm\nComponents: main\n",
        "",
    ],
)
def test_no_entry_serves_bookworm(apt, text):
    (apt / "sources.list.d" / "debian.sources").write_text(text)
    assert entry(apt) is None
