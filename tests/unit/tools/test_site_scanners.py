"""The plugin site's scanners find what they are there for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tools.lint import site_scanners


def messages(findings) -> str:
    return "\n".join(map(str, findings))


def test_bandit_blocks_and_excuses_nothing(tmp_path):
    (tmp_path / "a.py").write_text("import pickle\nexec('1')\ntry:\n    x = 1\nexcept Exception:\n    pass\n")
    found = messages(site_scanners.check_bandit(tmp_path))
    assert "a.py:2: B102" in found
    assert "blocked by the plugin site" in found
    assert "a.py:5: B110" in found
    assert "skippable there, not here" in found
    assert "a.py:1: B403" in found


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("x = 1  # nosec", "# nosec only for"),
        ("x = 1  # nosec B102 - because it is so", "# nosec only for"),
        ("x = 1  # nosec B608", "without a reason"),
        ("x = 1  # nosec B608 - quoted identifiers only", ""),
    ],
)
def test_nosec_needs_a_test_we_excuse_and_a_reason(line, fault):
    found = messages(site_scanners.check_nosec("a.py", line))
    assert fault in found
    assert bool(found) is bool(fault)


def test_sql_is_in_one_file_of_a_package():
    line = "x = f'{a}'  # nosec B608 - quoted identifiers only"
    found = site_scanners.check_one_sql_file(
        {"w/sql.py": line, "w/copy.py": line, "d/store.py": line, "d/in/sql.py": line}
    )
    assert [finding.path for finding in found] == ["w/sql.py"]


def test_secrets_are_found_and_cannot_hide_behind_exit_0(tmp_path):
    key = "AKIA" + "IOSFODNN7" + "EXAMPLQ"
    (tmp_path / "a.py").write_text(f"key = '{key}'\n")
    assert "detect-secrets: AWS Access Key" in messages(site_scanners.check_secrets(tmp_path))


def test_flake8_finds_undefined_names(tmp_path):
    (tmp_path / "a.py").write_text("print(nowhere)\n")
    assert "a.py:1: F821" in messages(site_scanners.check_flake8(tmp_path))


def test_a_clean_folder_passes_all(tmp_path):
    (tmp_path / "a.py").write_text("answer = 42\n")
    for check in (site_scanners.check_bandit, site_scanners.check_secrets, site_scanners.check_flake8):
        assert check(tmp_path) == []


def test_the_import_contract_holds_its_floors(tmp_path):
    """import-linter with our own contract, on a house where the client knows Qt and the demo knows the client."""
    root = Path(__file__).resolve().parents[3]
    (tmp_path / "pyproject.toml").write_text((root / "pyproject.toml").read_text())
    for name in ("", "gui", "processing", "map", "sensors", "pilots", "review", "workcopy", "twin", "demo"):
        (tmp_path / "plugin" / name).mkdir(exist_ok=True, parents=True)
        (tmp_path / "plugin" / name / "__init__.py").write_text("")
    (tmp_path / "plugin" / "__init__.py").write_text("def start():\n    from .plugin import x\n")
    (tmp_path / "plugin" / "plugin.py").write_text("from .gui import dock\n")
    for name in ("text.py", "vendored.py"):
        (tmp_path / "plugin" / name).write_text("")
    (tmp_path / "plugin" / "gui" / "dock.py").write_text("from ..map import layers\n")
    (tmp_path / "plugin" / "map" / "layers.py").write_text("import qgis.core\n")
    program = Path(sys.executable).with_name("lint-imports")

    def run() -> str:
        done = subprocess.run(
            [program, "--no-cache", "--no-logo"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        return done.stdout if done.returncode else ""

    assert run() == ""
    (tmp_path / "plugin" / "twin" / "client.py").write_text("import qgis.core\n")
    (tmp_path / "plugin" / "demo" / "app.py").write_text("from ..twin import client\n")
    (tmp_path / "plugin" / "processing" / "tools.py").write_text("from ..gui import dock\n")
    found = run()
    assert "plugin.twin is not allowed to import qgis" in found
    assert "plugin.demo is not allowed to import plugin.twin" in found
    assert "plugin.processing is not allowed to import plugin.gui" in found
