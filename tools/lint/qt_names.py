"""Qt and QGIS names: each must exist in PyQt6 (its stubs) and in the Qt that this QGIS runs on, enums fully scoped."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from typing import Any

from .qt_stubs import Class, Stubs
from .source import Finding, Source, dotted

SPECIAL = {"uic", "sip", "Qsci"}  # qgis.PyQt's own modules without a stub
GONE = {"exec_": "exec()", "print_": "print()", "raise_": ""}
QGIS_MODULES = ("qgis.core", "qgis.gui", "qgis.analysis", "qgis._3d", "qgis.server")
MISSING = object()


def check_qt_names(file: Source, stubs: Stubs) -> list[Finding]:
    """Findings in one file."""
    classes: dict[str, tuple[str, str]] = {}  # local name → (module, name)
    modules: dict[str, str] = {}  # local name → module
    qgis: dict[str, tuple[str, str]] = {}
    findings: list[Finding] = []
    for node in ast.walk(file.tree):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            findings.extend(_imported(file, node, stubs, classes, modules, qgis))
        elif isinstance(node, ast.Import):
            findings.extend(
                file.finding(node, f"{alias.name}: write `from qgis.PyQt import …`, right on Qt 5 and Qt 6")
                for alias in node.names
                if alias.name.split(".")[0] in {"PyQt5", "PyQt6", "sip"} or alias.name.startswith("qgis.PyQt")
            )
    inner = {node.value for node in ast.walk(file.tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(file.tree):
        if not isinstance(node, ast.Attribute):
            continue
        if GONE.get(node.attr):
            findings.append(file.finding(node, f"{node.attr} is gone in Qt 6: {GONE[node.attr]}"))
        chain = dotted(node) if node not in inner else None
        if chain is None:
            continue
        if chain[0] in modules and len(chain) > 1:
            where = (modules[chain[0]], chain[1])
            message = _name(where[0], where[1], stubs) or _chain(where, chain[2:], stubs)
        elif chain[0] in classes:
            message = _chain(classes[chain[0]], chain[1:], stubs)
        elif chain[0] in qgis:
            message = _qgis_chain(qgis[chain[0]], chain[1:])
        else:
            message = None
        if message:
            findings.append(file.finding(node, f"{'.'.join(chain)}: {message}"))
    return findings


def _imported(
    file: Source,
    node: ast.ImportFrom,
    stubs: Stubs,
    classes: dict[str, tuple[str, str]],
    modules: dict[str, str],
    qgis: dict[str, tuple[str, str]],
) -> Iterator[Finding]:
    module = node.module or ""
    if module.split(".")[0] in {"PyQt5", "PyQt6"}:
        yield file.finding(node, f"{module}: write `from qgis.PyQt…`, right on Qt 5 and Qt 6")
    elif module == "qgis.PyQt":
        for alias in node.names:
            if alias.name in SPECIAL:
                continue
            if not stubs.has_module(alias.name):
                yield file.finding(node, f"PyQt6 has no module {alias.name}")
            else:
                modules[alias.asname or alias.name] = alias.name
    elif module.startswith("qgis.PyQt."):
        part = module.removeprefix("qgis.PyQt.")
        if part.split(".")[0] in SPECIAL:
            return
        if not stubs.has_module(part):
            yield file.finding(node, f"PyQt6 has no module {part}")
            return
        for alias in node.names:
            message = _name(part, alias.name, stubs)
            if message:
                yield file.finding(node, message)
            else:
                classes[alias.asname or alias.name] = (part, alias.name)
    elif module in QGIS_MODULES:
        for alias in node.names:
            if _live(module, alias.name) is MISSING:
                yield file.finding(node, f"{module} has no {alias.name}")
            else:
                qgis[alias.asname or alias.name] = (module, alias.name)


def _name(module: str, name: str, stubs: Stubs) -> str | None:
    if name not in stubs.names(module) and not name.startswith(("QT_VERSION", "PYQT_VERSION")):
        home = stubs.home_of(name)
        if home is None:
            return f"Qt 6 has no {name}"
        return f"in Qt 6 {name} is in {home}: write `from qgis.PyQt.{home} import {name}`"
    if _live(f"qgis.PyQt.{module}", name) is MISSING:
        return f"{name} is in {module} in Qt 6, but the qgis.PyQt of QGIS 3.40 has no such name there"
    return None


def _chain(where: tuple[str, str], attributes: list[str], stubs: Stubs) -> str | None:
    """What is wrong with ``Class.a.b``, None where it is right in Qt 6 and Qt 5."""
    module, name = where
    owner: Class | bool | None = stubs.classes(module).get(name)
    live: Any = _live(f"qgis.PyQt.{module}", name)
    for attribute in attributes:
        if not isinstance(owner, Class):
            return None  # a function or a value: what follows is not a class's name
        found = stubs.lookup(owner, attribute, module)
        if not found:
            scope = stubs.scope_of(owner, attribute, module)
            if scope:
                return f"Qt 6 wants the enum's name: {owner.name}.{scope}.{attribute}"
            if attribute.startswith("__"):
                return None
            return f"{owner.name} has no {attribute} in Qt 6"
        live = getattr(live, attribute, MISSING)
        if live is MISSING:
            return f"{owner.name} has no {attribute} in Qt 5"
        owner = found
    return None


def _live(module: str, name: str) -> Any:
    """The object ``name`` of an importable module of QGIS, or MISSING."""
    try:
        return getattr(importlib.import_module(module), name, MISSING)
    except ImportError:
        return MISSING


def _qgis_chain(where: tuple[str, str], attributes: list[str]) -> str | None:
    """As `_chain` for QGIS's own classes, which have no stubs: asked of QGIS itself."""
    owner = _live(*where)
    for attribute in attributes:
        if not isinstance(owner, type):
            return None
        value = getattr(owner, attribute, MISSING)
        if value is MISSING:
            return f"this QGIS has no {attribute} in {owner.__name__}"
        kind = type(value)
        # An enum's member, reached through anything else than its enum.
        if isinstance(value, int) and "." in kind.__qualname__ and owner is not kind:
            return f"the enum's name is missing: {kind.__qualname__}.{attribute}"
        owner = value
    return None
