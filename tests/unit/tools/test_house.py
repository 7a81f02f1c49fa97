"""The house's own rules."""

from __future__ import annotations

import pytest

from tools.lint.house import check_contract, check_house, check_private
from tools.lint.source import Source


def found(path: str, code: str) -> str:
    return "\n".join(map(str, check_house(Source.parse(path, code))))


@pytest.mark.parametrize(
    ("path", "code", "fault"),
    [
        ("plugin/twin/a.py", "assert x", "assert is for tests"),
        ("plugin/gui/a.py", "from plugin.text import tr", "are relative"),
        ("plugin/gui/a.py", "import city_twin_workbench.text", "are relative"),
        ("plugin/twin/a.py", "def f():\n    from qgis.core import Qgis", "begins in map/"),
        ("plugin/text.py", "import qgis.core", "begins in map/"),
        ("plugin/gui/a.py", "\n" * 401, "warning: 401 lines"),
    ],
)
def test_what_the_house_refuses(path, code, fault):
    assert fault in found(path, code)


def test_what_the_house_likes():
    assert found("plugin/map/a.py", "from qgis.core import Qgis\nfrom ..text import tr\n") == ""


# Put together here, so that this file itself stays free of them.
@pytest.mark.parametrize("text", ["/" + "home/anna/x.gpkg", "see /" + "tmp/x", "https://py" + "pi.org/simple"])
def test_places_of_one_machine(text):
    assert len(check_private("a.md", f"first\n{text}\n")) == 1
    assert check_private("a.md", text)[0].line == 1


@pytest.mark.parametrize("text", ["../shared/data", "https://example.org/home/x", "/collections/{id}/items", "a/tmp/b"])
def test_addresses_that_are_fine(text):
    assert check_private("a.md", text) == []


def test_the_contract_names_every_qgis_free_folder(tmp_path):
    for name in ("twin", "sensors"):
        (tmp_path / "plugin" / name).mkdir(parents=True)
        (tmp_path / "plugin" / name / "__init__.py").touch()
    assert [finding.message for finding in check_contract(tmp_path, 'source_modules = ["plugin.twin"]')] == [
        "plugin/sensors exists: name it in source_modules of the contract qgis-free"
    ]
