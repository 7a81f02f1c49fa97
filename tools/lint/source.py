"""What every checker works with: parsed source files, and the findings it returns."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Finding:
    """One thing to mend at ``path:line`` (line 0: the file as a whole;
    without a message, ``path`` is another program's own line). A warning does not fail the check."""

    path: str
    line: int
    message: str
    warning: bool = False

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {'warning: ' if self.warning else ''}{self.message}" if self.message else place


@dataclass(frozen=True)
class Source:
    """A Python file: its path relative to the project, its text's lines and its tree."""

    path: str
    lines: tuple[str, ...]
    tree: ast.Module

    @classmethod
    def parse(cls, path: str, text: str) -> Source:
        return cls(path, tuple(text.splitlines()), ast.parse(text, path))

    def finding(self, node: ast.AST, message: str) -> Finding:
        return Finding(self.path, getattr(node, "lineno", 0), message)

    def says(self, node: ast.expr | ast.stmt, word: str) -> bool:
        """Whether one of the lines of ``node`` bears the comment ``# word: reason``."""
        lines = self.lines[node.lineno - 1 : node.end_lineno or node.lineno]
        return any(f"# {word}: " in line for line in lines)


def sources(root: Path, folder: str) -> Iterator[Source]:
    """Every Python file below ``root/folder``."""
    for path in sorted((root / folder).rglob("*.py")):
        yield Source.parse(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))


def dotted(node: ast.expr) -> list[str] | None:
    """``["a", "b", "c"]`` for the expression ``a.b.c``, None for any other."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return [node.id, *reversed(names)]
