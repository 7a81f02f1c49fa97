"""What was tried and what came of it, for the matrices: lines of JSON that ``tools/matrices.py`` reads."""

from __future__ import annotations

import json
import os
from pathlib import Path

PLACE = os.environ.get("FORCE_RECORDS", "")


def record(matrix: str, row: str, column: str, result: str, count: int = 1) -> None:
    """``result``: "ok", or a word that tells what else came of it; anything that begins with "FAILED" failed."""
    if not PLACE:
        return
    folder = Path(PLACE)
    folder.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"row": row, "column": column, "result": result, "count": count}, ensure_ascii=False)
    with (folder / f"{matrix}-{os.getpid()}.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(line + "\n")


def size(name: str, default: int) -> int:
    """How many of something: an environment variable ``FORCE_…``, else the size that suits `make test`."""
    return int(os.environ.get(f"FORCE_{name}", default))
