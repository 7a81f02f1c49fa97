"""The plugin site's scanners on the unpacked plugin: bandit, detect-secrets, flake8, with the site's own settings."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from .source import Finding

BLOCKING = (
    "B102", "B103", "B105", "B106", "B107", "B111", "B201", "B202", "B301", "B302", "B304", "B305", "B306", "B307",
    "B312", "B321", "B323", "B401", "B402", "B412", "B413", "B501", "B502", "B503", "B505", "B506", "B507", "B601",
    "B602", "B604", "B605", "B609", "B610", "B611", "B612", "B613", "B615", "B701",
)  # fmt: skip
SKIPPABLE = (
    "B101", "B104", "B108", "B110", "B112", "B113", "B303", "B308", "B310", "B311", "B313", "B314", "B315", "B316",
    "B317", "B318", "B319", "B320", "B324", "B403", "B405", "B406", "B407", "B408", "B409", "B504", "B508", "B509",
    "B603", "B606", "B607", "B608", "B614", "B702", "B703", "B704",
)  # fmt: skip
# The only ones that may be answered with `# nosec Bxxx` and a reason.
EXCUSABLE = {"B311", "B603", "B607", "B608"}
FLAKE8 = "E901,E902,E999,F821,F823,F831"
NOSEC = re.compile(r"#\s*nosec\b:?\s*((?:B\d+[\s,]*)*)(.*)", re.IGNORECASE)


def _run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *arguments], cwd=folder, capture_output=True, text=True, check=False)


def _known_tests(wanted: tuple[str, ...]) -> list[str]:
    """Those of ``wanted`` that this bandit knows: it refuses the others (B111, B320, … are gone in newer ones)."""
    from bandit.core.extension_loader import MANAGER

    known = {*MANAGER.plugins_by_id, *MANAGER.blacklist_by_id}
    return [test for test in wanted if test in known]


def check_bandit(folder: Path) -> list[Finding]:
    """bandit with exactly the site's tests; and every ``# nosec`` must be one that we allow, with a reason."""
    tests = ",".join(_known_tests((*BLOCKING, *SKIPPABLE)))
    done = _run("bandit", "-r", ".", "-q", "-f", "json", "-t", tests, folder=folder)
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        return [Finding("bandit", 0, f"did not run: {done.stderr.strip()[-500:]}")]
    found = [Finding(str(error["filename"]), 0, f"bandit: {error['reason']}") for error in report["errors"]]
    for result in report["results"]:
        kind = "blocked by the plugin site" if result["test_id"] in BLOCKING else "skippable there, not here"
        message = f"{result['test_id']} {result['issue_text']} ({kind})"
        found.append(Finding(_clean(result["filename"]), result["line_number"], message))
    texts = {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in folder.rglob("*.py")}
    for path, text in sorted(texts.items()):
        found.extend(check_nosec(path, text))
    return found + check_one_sql_file(texts)


def check_one_sql_file(texts: dict[str, str]) -> list[Finding]:
    """SQL put together from strings (``nosec B608``) is in one file of each package: name → text."""
    files: dict[str, list[str]] = {}
    for path, text in sorted(texts.items()):
        if any("B608" in match.group(1) for match in NOSEC.finditer(text)):
            files.setdefault(path.rpartition("/")[0], []).append(path)
    return [
        Finding(path, 0, f"# nosec B608 in a second file of {package}/: SQL is in {paths[0]}")
        for package, paths in files.items()
        for path in paths[1:]
    ]


def check_nosec(path: str, text: str) -> list[Finding]:
    """``# nosec`` comments without a test id, without a reason, or for a test that we do not excuse."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        match = NOSEC.search(line)
        if match:
            ids = set(re.findall(r"B\d+", match.group(1)))
            if not ids or ids - EXCUSABLE:
                found.append(Finding(path, number, f"# nosec only for {', '.join(sorted(EXCUSABLE))}"))
            elif len(match.group(2).strip(" -–:#")) < 8:
                found.append(Finding(path, number, "# nosec without a reason on the line"))
    return found


def check_secrets(folder: Path) -> list[Finding]:
    """detect-secrets with all its detectors, no baseline and no allowlist comments."""
    done = _run("detect_secrets", "scan", "--all-files", "--no-verify", ".", folder=folder)
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        return [Finding("detect-secrets", 0, f"did not run: {done.stderr.strip()[-500:]}")]
    return [
        Finding(_clean(path), result["line_number"], f"detect-secrets: {result['type']}")
        for path, results in report["results"].items()
        for result in results
    ]


def check_flake8(folder: Path) -> list[Finding]:
    """flake8 with the site's codes."""
    form = "%(path)s\t%(row)d\t%(code)s %(text)s"
    done = _run(
        "flake8", "--isolated", "--max-line-length=120", f"--select={FLAKE8}", f"--format={form}", ".", folder=folder
    )
    if done.returncode and not done.stdout:
        return [Finding("flake8", 0, f"did not run: {done.stderr.strip()[-500:]}")]
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    return [Finding(_clean(path), int(row), message) for path, row, message in rows]


def _clean(path: str) -> str:
    return path.removeprefix("./")
