"""The matrices of the proof by force, in plain text: ``make matrices``.

It runs tests/force in full and the contract suite, prints merge cases, faults × steps, kills survived, what befell the
file, random histories, packages outside and contract scenarios × servers, and writes each to build/matrices/. The exit
status is 1 where anything failed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from .paths import ROOT

PLACE = ROOT / "build" / "matrices"
RECORDS = PLACE / "records"
CONTRACT = PLACE / "contract.txt"
# everything, instead of the samples that suit `make test`
FULL = {
    "FORCE_FAULT_STEP": "1",
    "FORCE_KILL_STEP": "1",
    "FORCE_FILE_STEP": "1",
    "FORCE_KILLS": "60",
    "FORCE_HISTORIES": "60",
}
PYTEST = ["-m", "pytest", "-q", "-p", "no:pytest-qt", "-p", "no:pytest_qgis"]

# which files of tests/force say what is in a matrix
TESTS = {
    "merge": ("test_merge.py", "test_merge_pull.py"),
    "faults": ("test_faults.py",),
    "kills": ("test_kills.py",),
    "files": ("test_locked.py", "test_together.py"),
    "histories": ("test_histories.py", "test_lists.py"),
    "packages": ("test_package_kills.py", "test_package_histories.py"),
}
KILLED = "killed outside"  # as tests/force calls the row

# column → row → result → how often
Records = dict[str, dict[str, Counter[str]]]

_PATTERNS = (
    "nobody changed it",
    "I changed it",
    "they changed it",
    "both, the same",
    "both, differently",
    "computed by the twin",
    "rounded by the twin",
)
_MODES = {"once": 0, "stays": 1}
_MARKS = {"done": "·", "part": "p", "stopped": "s"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, write; the exit status."""
    options = _parser().parse_args(arguments)
    started = time.monotonic()
    failed = []
    wanted = [name for name in TESTS if options.only in ("", name)]
    contract = not options.without_contract and not options.only
    if not options.print_only:
        shutil.rmtree(RECORDS, ignore_errors=True)
        tests = [f"tests/force/{file}" for name in wanted for file in TESTS[name]] if options.only else ["tests/force"]
        if _run([*PYTEST, *tests, "-n", str(options.jobs), "--timeout=1800"], FULL):
            failed.append("tests/force")
        if contract:
            CONTRACT.unlink(missing_ok=True)
            if _run([*PYTEST, "tests/contract", "--timeout=300"], {}):
                failed.append("tests/contract")
    PLACE.mkdir(parents=True, exist_ok=True)
    shown = {
        "merge": merges,
        "faults": faults,
        "kills": kills,
        "files": files,
        "histories": histories,
        "packages": packages,
    }
    for name in wanted:
        records = read(name)
        text = shown[name](records)
        (PLACE / f"{name}.txt").write_text(text + "\n", encoding="utf-8")
        print(text + "\n")
        if not records or _total(records)[1]:
            failed.append(f"the {name} matrix")
    if CONTRACT.is_file() and not options.only:
        text = CONTRACT.read_text(encoding="utf-8")
        print(f"CONTRACT SCENARIOS × SERVERS\n\n{text}")
        if "FAILED" in text.partition("\n\n")[0]:  # the legend below the table names the word too
            failed.append("the contract matrix")
    elif contract:
        failed.append("the contract matrix is not there")
    minutes = (time.monotonic() - started) / 60
    print(f"Failed: {', '.join(failed)}." if failed else "Nothing failed.", f"{minutes:.1f} minutes.")
    return 1 if failed else 0


def _run(command: Sequence[str], environment: dict[str, str]) -> int:
    given = {name: os.environ.get(name, value) for name, value in environment.items()}
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, **given, "FORCE_RECORDS": str(RECORDS)},
        check=False,
    ).returncode


def read(matrix: str, folder: Path = RECORDS) -> list[tuple[str, str, str, int]]:
    """What tests/force wrote down: row, column, result, count."""
    found = []
    for place in sorted(folder.glob(f"{matrix}-*.jsonl")):
        for line in place.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            found.append((str(entry["row"]), str(entry["column"]), str(entry["result"]), int(entry["count"])))
    return found


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Aligned text: the first column to the left, the others to the right."""
    lines = [list(head), *map(list, rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(head))]
    text = [
        "  ".join(cell.ljust(widths[n]) if n == 0 else cell.rjust(widths[n]) for n, cell in enumerate(line)).rstrip()
        for line in lines
    ]
    return "\n".join([text[0], "  ".join("-" * width for width in widths), *text[1:]])


def _tally(records: Iterable[tuple[str, str, str, int]]) -> Records:
    found: Records = defaultdict(lambda: defaultdict(Counter))
    for row, column, result, count in records:
        found[row][column]["FAILED" if result.startswith("FAILED") else result] += count
    return found


def _cell(results: Counter[str]) -> str:
    if not results:
        return "–"
    bad = results["FAILED"]
    return f"{bad} FAILED of {sum(results.values())}" if bad else str(sum(results.values()))


def _total(records: Iterable[tuple[str, str, str, int]]) -> tuple[int, int]:
    every = list(records)
    return sum(entry[3] for entry in every), sum(entry[3] for entry in every if entry[2].startswith("FAILED"))


def _sum(what: str, records: Iterable[tuple[str, str, str, int]]) -> str:
    every, bad = _total(records)
    return f"{every} {what}, {bad} FAILED." if bad else f"{every} {what}, all as they should be."


def merges(records: list[tuple[str, str, str, int]]) -> str:
    """Column types × what the two sides did; and the cases that are about whole features."""
    found = _tally(records)
    columns = [row for row in found if any(pattern in _PATTERNS for pattern in found[row])]
    simple = [row for row in columns if not row.startswith("computed")]
    first = table(
        ["one column", *_PATTERNS],
        [[row, *(_cell(found[row].get(pattern, Counter())) for pattern in _PATTERNS)] for row in sorted(simple)],
    )
    second = table(
        ["whole features", "case", "count"],
        [
            [row, case, _cell(found[row][case])]
            for row in sorted(set(found) - set(simple))
            for case in sorted(found[row])
        ],
    )
    return "\n\n".join(["MERGE CASES", first, second, _sum("cases", records)])


def faults(records: list[tuple[str, str, str, int]]) -> str:
    """One table per twin: requests × faults. Each cell has two marks: the fault once, and from that request on."""
    cells: dict[str, dict[str, dict[str, list[str]]]] = defaultdict(lambda: defaultdict(dict))
    names: list[str] = []
    for row, step, result, _ in records:
        tier, mode, fault = _split(row)
        if fault not in names:
            names.append(fault)
        marks = cells[tier][step].setdefault(fault, ["-", "-"])
        marks[_MODES[mode]] = _MARKS.get(result, "X")
    names.sort(key=lambda name: (not name.isdigit() and not name[:3].isdigit(), name))
    parts = ["FAULTS × STEPS"]
    for tier in sorted(cells):
        rows = [
            [step, *("".join(cells[tier][step].get(name, ["-", "-"])) for name in names)]
            for step in sorted(cells[tier])
        ]
        bad = sum(mark == "X" for step in cells[tier].values() for marks in step.values() for mark in marks)
        parts.append(table([f"{tier}{f' – {bad} FAILED' if bad else ''}", *names], rows))
    outcomes = Counter("FAILED" if result.startswith("FAILED") else result for _, _, result, _ in records)
    parts.append(
        "Each cell: the fault once, then the fault on that request and all after it. · all was done in spite of it; "
        "p a part, the\nrest said to be left; s stopped, with the reason said; X failed; - not tried. After each the "
        "fault was taken away, and a\nfurther pull and publish brought the twin to the same end, each change applied "
        "exactly once."
    )
    said = ", ".join(f"{outcomes[word]} {word}" for word in ("done", "part", "stopped") if outcomes[word])
    parts.append(f"{_sum('cells', records)} Right after the fault: {said}.")
    return "\n\n".join(parts)


def _split(row: str) -> tuple[str, str, str]:
    for mode in _MODES:
        before, between, after = row.partition(f" {mode} ")
        if between:
            return before, mode, after
    return row, "once", ""


def kills(records: list[tuple[str, str, str, int]]) -> str:
    """Jobs × how the instants were chosen: killed and survived, or finished before the kill came."""
    found = _tally(records)
    columns = ("at every statement and request", "at random instants")
    rows = []
    for job in sorted(found):
        row = [job]
        for column in columns:
            results = found[job].get(column, Counter())
            row += [str(results["ok"]), str(results["done before"]), str(results["FAILED"] or "–")]
        rows.append(row)
    short = ("every point", "random")
    head = ["job", *(f"{column}: {word}" for column in short for word in ("survived", "done before", "FAILED"))]
    killed = sum(count for _, _, result, count in records if result == "ok")
    return "\n\n".join(["KILLS SURVIVED", table(head, rows), f"{_sum('kills tried', records)} {killed} hit."])


def files(records: list[tuple[str, str, str, int]]) -> str:
    """What befell the file × how the run ended."""
    found = _tally(records)
    words = ("stopped", "done")
    rows = [[row, *(_cell(found[row].get(word, Counter())) for word in words)] for row in sorted(found)]
    text = table(["what befell the file", "stopped, and said why", "all was done"], rows)
    return "\n\n".join(["THE FILE: LOCKED, FULL, SHARED", text, _sum("runs", records)])


def packages(records: list[tuple[str, str, str, int]]) -> str:
    """Packages of a field review: random histories of them, and a battery that ends while one is edited."""
    killed = [entry for entry in records if entry[0] == KILLED]
    found = _tally(killed)[KILLED]
    words = ("in the middle of a write", "between two writes")
    rows = [
        [way, *(str(found[way][word]) for word in words), str(found[way]["FAILED"] or "–")] for way in sorted(found)
    ]
    kills_of = table(["how SQLite writes", *words, "FAILED"], rows)
    told = histories([entry for entry in records if entry[0] != KILLED], "PACKAGES OUTSIDE")
    return "\n\n".join([told, kills_of, f"{_sum('kills', killed)} After each the file had all that was committed."])


def histories(records: list[tuple[str, str, str, int]], title: str = "RANDOM HISTORIES") -> str:
    """Random histories: how often what happened on which twin."""
    found = _tally(records)
    tiers = sorted(found)
    events = sorted({event for tier in tiers for event in found[tier]})
    rows = [[event, *(_cell(found[tier].get(event, Counter())) for tier in tiers)] for event in events]
    steps = sum(count for _, event, _, count in records if event == "steps")
    return "\n\n".join([title, table(["what happened", *tiers], rows), f"{steps} random steps."])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make matrices", description=__doc__)
    parser.add_argument("--without-contract", action="store_true", help="leave the real servers out")
    parser.add_argument("--only", choices=tuple(TESTS), default="", help="run and print one matrix")
    parser.add_argument("--print-only", action="store_true", help="print what the last run found")
    parser.add_argument("--jobs", type=int, default=2, help="processes at once (2)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
