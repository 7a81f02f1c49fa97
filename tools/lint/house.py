"""The house's own rules, which no ready-made linter knows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from .source import Finding, Source

QGIS_FREE = ("twin", "workcopy", "sensors", "pilots", "review", "demo")
LONG = 400
# Paths of a developer's machine, and hosts of package registries.
PRIVATE = re.compile(
    r"(?<![\w.~}\"'$)-])/(?:home|Users|work|root|tmp|opt|mnt)/[\w.-]+"
    r"|[\w.-]*(?:pypi\.org|pythonhosted\.org|deb\.debian\.org|npmjs\.org|\bregistry\.[a-z0-9-]+\.[a-z]{2,})[\w./-]*",
    re.IGNORECASE,
)
TEXT_FILES = {".py", ".md", ".txt", ".toml", ".cfg", ".ini", ".sh", ".po", ".svg", ".json", ".yml", ".yaml", ""}


def check_house(file: Source) -> list[Finding]:
    """Findings in one shipped file."""
    return [*_statements(file), *_length(file)]


def _statements(file: Source) -> Iterator[Finding]:
    parts = Path(file.path).parts
    qgis_free = (len(parts) > 2 and parts[1] in QGIS_FREE) or parts[1:] == ("text.py",)
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Assert):
            yield file.finding(node, "assert is for tests: raise an error that says what to do")
        modules = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            modules = [node.module]
        for module in modules:
            top = module.split(".")[0]
            if top in {"plugin", "city_twin_workbench"}:
                yield file.finding(node, "imports inside the plugin are relative: it runs under two names")
            if qgis_free and top in {"qgis", "PyQt5", "PyQt6"}:
                yield file.finding(node, f"{top} begins in map/, this package is plain Python")


def _length(file: Source) -> Iterator[Finding]:
    if len(file.lines) > LONG:
        message = f"{len(file.lines)} lines: what two things does it do?"
        yield Finding(file.path, 0, message, warning=True)


def check_contract(root: Path, contract: str) -> list[Finding]:
    """Whether import-linter's contract (the text of pyproject.toml) names every QGIS-free folder that exists."""
    return [
        Finding("pyproject.toml", 0, f"plugin/{name} exists: name it in source_modules of the contract qgis-free")
        for name in QGIS_FREE
        if (root / "plugin" / name / "__init__.py").is_file() and f'"plugin.{name}"' not in contract
    ]


def check_private(path: str, text: str) -> list[Finding]:
    """Registry hosts and absolute paths of a machine in any file of the project."""
    return [
        Finding(path, number, f"a path of one machine or a registry's host: {match.group()}")
        for number, line in enumerate(text.splitlines(), 1)
        for match in PRIVATE.finditer(line)
    ]
