"""As much of CQL2 as it takes to name items by their ids."""

from __future__ import annotations

import re
from typing import Any

from .web import Problem

_TEXT = re.compile(r"^\s*\"?id\"?\s*(?:=\s*(?P<one>{0})|in\s*\((?P<more>\s*{0}(?:\s*,\s*{0})*\s*)\))\s*$".format(
    r"(?:'(?:[^']|'')*'|-?\d+)"), re.IGNORECASE)  # fmt: skip
_VALUE = re.compile(r"'((?:[^']|'')*)'|(-?\d+)")


def named_ids(given: Any, language: Any) -> list[str]:
    """The ids that a filter names: ``{"ids": […]}``, CQL2 JSON or CQL2 text; 400 where it asks for anything else."""
    found: list[Any] = []
    if isinstance(given, str) and language in ("cql2-text", "cql2-json"):
        match = _TEXT.match(given)
        if match:
            values = _VALUE.findall(match["one"] or match["more"])
            found = [number or text.replace("''", "'") for text, number in values]
    elif isinstance(given, dict) and isinstance(given.get("ids"), list):
        found = given["ids"]
    elif isinstance(given, dict) and isinstance(given.get("args"), list) and len(given["args"]) == 2:
        left, right = given["args"]
        if given.get("op") == "=" and isinstance(left, dict) and left.get("property") == "id":
            found = [right]
        elif given.get("op") == "in" and isinstance(left, dict) and left.get("property") == "id":
            found = right if isinstance(right, list) else []
    good = [one for one in found if isinstance(one, (str, int)) and not isinstance(one, bool)]
    if not good or len(good) != len(found):
        raise Problem(
            400,
            'The member filter must name items by their ids, such as {"op": "=", "args": [{"property": "id"}, "7"]}.',
        )
    return [str(one) for one in good]
