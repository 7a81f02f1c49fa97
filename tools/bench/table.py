"""The table of all benchmarks, as Markdown and as JSON.

A benchmark that ran by itself replaces its own part only; the others stay, each with the time at which it was measured.
What is measured inside QGIS's window comes from ``inside.json``: lines (or a list) of
``{"name", "value", "unit", "target", "met"}``.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Mapping
from pathlib import Path
from typing import Any

from ..paths import BUILD, ROOT
from .sheet import Sheet

FOLDER = BUILD / "bench"
JSON, MARKDOWN, INSIDE = "city.json", "city.md", "inside.json"
_WORDS = {True: "yes", False: "**no**", None: "–"}


def write(sheets: Iterable[Sheet], machine: Mapping[str, str], versions: Mapping[str, str], runs: int,
          folder: Path = FOLDER) -> Path:  # fmt: skip
    """Put what was measured now into the table; the Markdown file."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = _read(folder / JSON).get("benchmarks", {})
    now = {sheet.name: {**sheet.dump(), "runs": runs, "commit": versions.get("commit", "")} for sheet in sheets}
    found = {
        "machine": dict(machine),
        "versions": dict(versions),
        "benchmarks": {**kept, **now},
        "inside": inside(folder / INSIDE),
    }
    (folder / JSON).write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / MARKDOWN).write_text(markdown(found), encoding="utf-8")
    return folder / MARKDOWN


def missed(names: Container[str], folder: Path = FOLDER) -> list[str]:
    """What does not meet its target in those benchmarks, as the table has it."""
    found = _read(folder / JSON)
    sheets = [sheet for name, sheet in found.get("benchmarks", {}).items() if name in names]
    rows = [(one["work"], one["met"]) for sheet in sheets for one in sheet["verdicts"]]
    if "inside" in names:
        rows += [(one.get("name", ""), one.get("met")) for one in found.get("inside", [])]
    return [name for name, met in rows if met is False]


def inside(path: Path) -> list[dict[str, Any]]:
    """The lines that the benchmarks in QGIS's window wrote; none where there is no file."""
    if not path.is_file():
        return []
    text = path.read_text(encoding="utf-8").strip()
    try:
        found = json.loads(text)
    except ValueError:
        found = [json.loads(line) for line in text.splitlines() if line.strip()]
    if isinstance(found, dict):
        found = found.get("results", [found])
    return [one for one in found if isinstance(one, dict)]


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def markdown(found: Mapping[str, Any]) -> str:
    """All of it for people."""
    lines = ["# City scale", ""]
    lines += [f"- {name}: {value}" for name, value in found["machine"].items()]
    lines.append("- " + ", ".join(f"{name} {value or 'not here'}" for name, value in found["versions"].items()))
    lines += ["", "## Targets", ""]
    lines += ["| work | measured | target | met | by processor time |", "| --- | --: | --: | --- | --: |"]
    for sheet in found["benchmarks"].values():
        lines += [_verdict(one) for one in sheet["verdicts"]]
    lines += [_inside(one) for one in found["inside"]]
    for name, sheet in found["benchmarks"].items():
        commit = f", commit {sheet['commit']}" if sheet.get("commit") else ""
        title = f"## {name.capitalize()}"
        lines += ["", title, "", f"Measured {sheet['at']} UTC, {sheet['runs']} runs{commit}.", ""]
        if sheet["measurements"]:
            lines += ["| what | median | least – most | processor | peak memory |", "| --- | --: | --: | --: | --: |"]
            lines += [_measurement(one) for one in sheet["measurements"]]
        lines += ["", *(f"- {note}" for note in sheet["notes"])] if sheet["notes"] else []
    return "\n".join(lines) + "\n"


def _verdict(one: Mapping[str, Any]) -> str:
    value = one["note"] if one["value"] is None else f"{_number(one['value'])} {one['unit']}"
    cpu = "" if one["cpu"] is None else _number(one["cpu"])
    return f"| {one['work']} | {value} | {one['target']} | {_WORDS[one['met']]} | {cpu} |"


def _inside(one: Mapping[str, Any]) -> str:
    value = one.get("value")
    shown = f"{_number(value)} {one.get('unit', '')}" if isinstance(value, (int, float)) else str(value)
    return f"| {one.get('name', '')} | {shown} | {one.get('target', '')} | {_WORDS.get(one.get('met'), '–')} | |"


def _measurement(one: Mapping[str, Any]) -> str:
    least, most = min(one["values"]), max(one["values"])
    cpu = "" if one["cpu"] is None else f"{one['cpu']:.2f} s"
    peak = "" if one["peak"] is None else f"{one['peak']:.0f} MB"
    spread = f"{_number(least)} – {_number(most)}"
    return f"| {one['name']} | {_number(one['median'])} {one['unit']} | {spread} | {cpu} | {peak} |"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)
