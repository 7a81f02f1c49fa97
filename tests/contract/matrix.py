"""The matrix scenarios × servers: gathered while the tests run, printed and kept as a text table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.contract.expectations import EXPECT, RECORDED

_HERE = Path(__file__).resolve().parent
_ORDER = ("test_reading", "test_writing", "test_sharing", "test_trouble", "test_recorded")
FILE = _HERE.parents[1] / "build" / "matrices" / "contract.txt"
COLUMNS = (*EXPECT, RECORDED)
LEGEND = (
    "ok: as it should be. Other words: a limit of the server that is expected, that the capability report states or "
    "the user is told,\nand that the test holds. –: not for this server. FAILED: neither."
)


def table(cells: Mapping[tuple[str, str], str]) -> str:
    """Plain text: a row per scenario in the order of running, a column per server."""
    rows = list(dict.fromkeys(title for title, _ in cells))
    first = max((len(title) for title in rows), default=0)
    widths = {c: max(len(c), *(len(cells.get((r, c), "–")) for r in rows), 0) for c in COLUMNS} if rows else {}
    lines = ["  ".join(["scenario".ljust(first), *(c.ljust(widths.get(c, len(c))) for c in COLUMNS)]).rstrip()]
    lines.append("  ".join(["-" * first, *("-" * widths.get(c, len(c)) for c in COLUMNS)]))
    for title in rows:
        shown = (cells.get((title, c), "–").ljust(widths[c]) for c in COLUMNS)
        lines.append("  ".join([title.ljust(first), *shown]).rstrip())
    return "\n".join([*lines, "", LEGEND, ""])


class Recorder:
    """A pytest plugin: one cell per test that is marked ``scenario``."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._cells: dict[tuple[str, str], str] = {}
        self._keys: dict[str, tuple[str, str]] = {}
        self._seconds = 0.0

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: _ORDER.index(item.path.stem) if item.path.stem in _ORDER else len(_ORDER))
        for item in items:
            marker = item.get_closest_marker("scenario")
            if marker is None:
                continue
            callspec = getattr(item, "callspec", None)
            name = callspec.params.get("place", RECORDED) if callspec is not None else RECORDED
            self._keys[item.nodeid] = (marker.args[0], name)
            self._cells[marker.args[0], name] = "not run"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds += report.duration
        key = self._keys.get(report.nodeid)
        if key is None or (report.when != "call" and report.passed):
            return
        word = dict(report.user_properties).get("stated")
        if report.failed:
            self._cells[key] = "FAILED"
        elif report.skipped:
            self._cells[key] = "skipped"
        elif self._cells[key] != "FAILED":
            self._cells[key] = str(word or "ok")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self._cells:
            return
        text = table(self._cells)
        terminalreporter.write_line("")
        terminalreporter.write_line(text)
        terminalreporter.write_line(f"{len(self._cells)} cells in {self._seconds:.0f} s")
        whole = any(Path(argument).resolve() in (_HERE, _HERE.parent) for argument in self._config.args)
        if whole and not (self._config.option.keyword or self._config.option.markexpr):
            FILE.parent.mkdir(parents=True, exist_ok=True)
            FILE.write_text(text, encoding="utf-8")
