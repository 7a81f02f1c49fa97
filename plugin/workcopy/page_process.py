"""A process that reads pages: ``python -m …workcopy.page_process``, started by `elsewhere`.

It is asked and answers in frames on its standard streams: two lengths, JSON, bytes. The first frame says what to make
of the pages, and in which language to tell of them; each other is a page, and each answer its rows. It needs neither
QGIS nor the network, and ends with whoever started it.
"""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path
from typing import IO, Any

from ..text import use_language
from ..twin.crs import CrsChoice
from ..twin.page import PageReader, page_text
from ..twin.progress import SILENT
from ..twin.replies import Reply
from .rows import RowMaker, as_json, layout_of, packed

_LENGTHS = struct.Struct("<QQ")


def put(stream: IO[bytes], told: Any, content: list[bytes]) -> None:
    """Write a frame."""
    text = as_json(told)
    stream.write(_LENGTHS.pack(len(text), sum(map(len, content))) + text)
    stream.write(b"".join(content))
    stream.flush()


def take(stream: IO[bytes]) -> tuple[Any, bytes] | None:
    """Read a frame; None at the end of the stream. Raises ValueError for what is none."""
    lengths = stream.read(_LENGTHS.size)
    if not lengths:
        return None
    if len(lengths) < _LENGTHS.size:
        raise ValueError("a frame that is cut off")
    text, content = _LENGTHS.unpack(lengths)
    return json.loads(_whole(stream, text)), _whole(stream, content)


def _whole(stream: IO[bytes], length: int) -> bytes:
    found = stream.read(length)
    if len(found) != length:
        raise ValueError("a frame that is cut off")
    return found


class _Work:
    def __init__(self, told: dict[str, Any]) -> None:
        use_language(told["language"], Path(told["catalogues"]))
        self._choice = CrsChoice(**told["choice"])
        self._item_etags = bool(told["item_etags"])
        self._maker = RowMaker(layout_of(told["layout"]))

    def page(self, told: dict[str, Any], content: bytes) -> tuple[dict[str, Any], list[bytes]]:
        reply = Reply(told["status"], _Headers(told["headers"]), content, told["url"])
        box = tuple(told["box"]) if told["box"] else None
        reader = PageReader(reply, told["number"], self._choice, box, self._item_etags, None, SILENT)
        rows = self._maker.none()
        for items in reader.read(page_text(reply, told["number"])):
            rows.extend(self._maker.make(items))
        found, pieces = packed(rows)
        about = {"next": reader.next, "matched": reader.matched, "received": reader.received}
        return {"rows": found, "problems": reader.problems, **about}, pieces


class _Headers(dict[str, str]):
    """Headers, whose names are in lower case here."""

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)


def main() -> int:
    """Answer until the stream ends."""
    asked, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # whatever is printed is no answer
    first = take(asked)
    if first is None:
        return 0
    work = _Work(first[0])
    while (frame := take(asked)) is not None:
        try:
            told, pieces = work.page(*frame)
        except Exception as error:  # noqa: BLE001 - whoever asked reads the page itself, and finds the same
            told, pieces = {"error": f"{type(error).__name__}: {error}"}, []
        put(answers, told, pieces)
    return 0


if __name__ == "__main__":
    sys.exit(main())
