"""Run the checks and print what they find: ``python -m tools.lint [name …]``, all of them without a name.

A name is one of `CHECKS`, or ``site`` for those that the plugin site makes.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from tools.i18n import extract, read
from tools.paths import I18N, PYQT6, ROOT, SOURCE, STAGE, ZIP

from . import catalogue, house, qt_names, site_files, site_scanners, texts
from .qt_stubs import Stubs
from .source import Finding, Source, sources


@cache
def _plugin() -> list[Source]:
    return list(sources(ROOT, "plugin"))


def _program(*command: str) -> list[Finding]:
    """The lines of a program of our virtual environment, none where it is content."""
    program = Path(sys.executable).with_name(command[0])
    done = subprocess.run([program, *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return [Finding(line, 0, "") for line in lines or [f"{command[0]} failed"]] if done.returncode else []


def _qt_names() -> list[Finding]:
    stubs = Stubs(PYQT6)
    files = [*_plugin(), *sources(ROOT, "tests/qgis"), *sources(ROOT, "tests/e2e"), *sources(ROOT, "tools")]
    return [finding for file in files for finding in qt_names.check_qt_names(file, stubs)]


def _texts() -> list[Finding]:
    # The embedded twin speaks to programs, and stands alone.
    return texts.check_texts([file for file in _plugin() if not file.path.startswith("plugin/demo/")])


def _catalogues() -> list[Finding]:
    template = extract(SOURCE)
    return [
        finding
        for path in sorted(I18N.glob("*.po"))
        for finding in catalogue.check_catalogue(path.relative_to(ROOT).as_posix(), read(path), template)
    ]


def _house() -> list[Finding]:
    found = [finding for file in _plugin() for finding in house.check_house(file)]
    found += house.check_contract(ROOT, (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    for name in filter(None, listing.stdout.split("\0")):
        path = ROOT / name
        if path.suffix in house.TEXT_FILES and path.is_file():
            found += house.check_private(name, path.read_text(encoding="utf-8", errors="replace"))
    return found


CHECKS: dict[str, Callable[[], list[Finding]]] = {
    "ruff": lambda: _program("ruff", "check", "--quiet", "--output-format=concise", "."),
    "format": lambda: _program("ruff", "format", "--check", "--quiet", "--output-format=concise", "."),
    "mypy": lambda: _program("mypy", "--no-error-summary"),
    "imports": lambda: _program("lint-imports", "--no-cache", "--no-logo"),
    "site-files": lambda: site_files.check_zip(ZIP),
    "site-bandit": lambda: site_scanners.check_bandit(STAGE),
    "site-secrets": lambda: site_scanners.check_secrets(STAGE),
    "site-flake8": lambda: site_scanners.check_flake8(STAGE),
    "qt-names": _qt_names,
    "texts": _texts,
    "catalogues": _catalogues,
    "house": _house,
}


def _timed(name: str) -> tuple[list[Finding], float]:
    begin = time.monotonic()
    try:
        found = CHECKS[name]()
    except SyntaxError as error:
        found = [Finding(str(error.filename), error.lineno or 0, f"cannot be read: {error.msg}")]
    return found, time.monotonic() - begin


def main(arguments: list[str]) -> int:
    names = [name for name in CHECKS if not arguments or name in arguments or ("site" in arguments and "site-" in name)]
    if not names:
        print(f"lint: no such check; there are: site {' '.join(CHECKS)}", file=sys.stderr)
        return 2
    failed = []
    with ThreadPoolExecutor(2) as pool:
        for name, (found, seconds) in zip(names, pool.map(_timed, names)):
            errors = [finding for finding in found if not finding.warning]
            verdict = f"{len(errors)} to mend" if errors else "ok"
            print(f"lint: {name}: {verdict} ({seconds:.1f} s)", flush=True)
            for finding in found:
                print(f"  {finding}", flush=True)
            if errors:
                failed.append(name)
    if failed:
        print(f"lint: failed: {' '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
