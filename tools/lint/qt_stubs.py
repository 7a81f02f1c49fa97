"""The names of PyQt6, read from the ``.pyi`` files of its wheel: nothing is imported, no display is needed."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ENUMS = {"Enum", "IntEnum", "Flag", "IntFlag"}


@dataclass
class Class:
    """A class of a stub: its own names, the classes inside it and the names of its bases."""

    name: str
    bases: list[str]
    names: set[str] = field(default_factory=set)
    inner: dict[str, Class] = field(default_factory=dict)

    @property
    def is_enum(self) -> bool:
        return any(base.split(".")[-1] in ENUMS for base in self.bases)


def read_class(node: ast.ClassDef) -> Class:
    """``node`` without its methods' bodies."""
    found = Class(node.name, [ast.unparse(base) for base in node.bases])
    for item in node.body:
        if isinstance(item, ast.ClassDef):
            found.inner[item.name] = read_class(item)
            found.names.add(item.name)
        elif isinstance(item, ast.FunctionDef):
            found.names.add(item.name)
        elif isinstance(item, ast.Assign):
            found.names.update(target.id for target in item.targets if isinstance(target, ast.Name))
        elif isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            found.names.add(item.target.id)
    return found


class Stubs:
    """PyQt6's modules below ``folder``, read when first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._module = cache(self._read)

    def has_module(self, module: str) -> bool:
        return (self._folder / f"{module}.pyi").is_file()

    def names(self, module: str) -> set[str]:
        """All top-level names of ``module`` (``QtCore``)."""
        return self._module(module)[1]

    def classes(self, module: str) -> dict[str, Class]:
        return self._module(module)[0]

    def home_of(self, name: str) -> str | None:
        """The module that has ``name``, None where Qt 6 has no such name."""
        for path in sorted(self._folder.glob("*.pyi")):
            text = path.read_text(encoding="utf-8")
            if f"\nclass {name}(" in text or f"\nclass {name}:" in text or f"\ndef {name}(" in text:
                return path.stem
        return None

    def lookup(self, owner: Class, name: str, module: str) -> Class | bool:
        """The class ``name`` in ``owner`` or its bases, True for another attribute, False where there is none."""
        if name in owner.inner:
            return owner.inner[name]
        if name in owner.names or (owner.is_enum and name in {"name", "value"}):
            return True
        for base in owner.bases:
            parts = [part for part in base.split(".") if part != "PyQt6"]
            home = parts[0] if len(parts) > 1 and self.has_module(parts[0]) else module
            parent = self.classes(home).get(parts[-1])
            if parent is not None:
                found = self.lookup(parent, name, home)
                if found:
                    return found
        return False

    def scope_of(self, owner: Class, member: str, module: str) -> str | None:
        """The enum inside ``owner`` or its bases that has ``member``: what an unscoped use should have said."""
        for name, inner in owner.inner.items():
            if inner.is_enum and member in inner.names:
                return name
        for base in owner.bases:
            parts = [part for part in base.split(".") if part != "PyQt6"]
            home = parts[0] if len(parts) > 1 and self.has_module(parts[0]) else module
            parent = self.classes(home).get(parts[-1])
            if parent is not None:
                found = self.scope_of(parent, member, home)
                if found:
                    return found
        return None

    def _read(self, module: str) -> tuple[dict[str, Class], set[str]]:
        tree = ast.parse((self._folder / f"{module}.pyi").read_text(encoding="utf-8"))
        whole = read_class(ast.ClassDef(name=module, bases=[], keywords=[], body=tree.body, decorator_list=[]))
        return whole.inner, whole.names
