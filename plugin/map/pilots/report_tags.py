"""A PDF's language and properties, which Qt does not write: appended as the format foresees (ISO 32000-1, 7.5.6)."""

from __future__ import annotations

import re
from pathlib import Path

from .report_parts import Page

_TAIL = 4096
_TOLD = re.compile(rb"\[[^\]]*\]")  # the letters of a row of glyphs


def add_tags(path: Path, page: Page) -> None:
    """Name the language of the document, its author's program, subject and keywords. A file of another form than Qt
    writes stays as it is. Raises `OSError`."""
    data = _spaces(path)
    start = _last(rb"startxref\s+(\d+)", data[-_TAIL:])
    trailer = data[int(start) :] if start else b""
    root, info = _last(rb"/Root\s+(\d+)\s+0\s+R", trailer), _last(rb"/Info\s+(\d+)\s+0\s+R", trailer)
    size = _last(rb"/Size\s+(\d+)", trailer)
    if not (start and root and info and size):
        return
    catalog, properties = _object(data, int(root)), _object(data, int(info))
    if catalog is None or properties is None:
        return
    out = bytearray()
    places = {}
    more = {"Subject": page.subject, "Keywords": page.keywords, "Author": "City Twin Workbench"}
    told = b"".join(
        b"/%s %s\n" % (name.encode(), _text(value))
        for name, value in more.items()
        if value and b"/%s" % name.encode() not in properties
    )
    for number, body, added in (
        (int(root), catalog, b"/Lang %s\n/ViewerPreferences << /DisplayDocTitle true >>\n" % _text(page.language)),
        (int(info), properties, told),
    ):
        if number == int(root) and (b"/Lang" in body or b"/ViewerPreferences" in body):
            return
        places[number] = len(data) + len(out)
        out += b"%d 0 obj\n" % number + body.rstrip()[:-2].rstrip() + b"\n" + added + b">>\nendobj\n"
    table = len(data) + len(out)
    out += b"xref\n"
    for number, place in sorted(places.items()):
        out += b"%d 1\n%010d 00000 n \n" % (number, place)
    out += b"trailer\n<< /Size %s /Root %s 0 R /Info %s 0 R /Prev %s >>\n" % (size, root, info, start)
    out += b"startxref\n%d\n%%%%EOF\n" % table
    with path.open("ab") as stream:
        stream.write(out)


def _spaces(path: Path) -> bytes:
    """The file, in which a space is a space: Qt tells readers that its glyph is a tab, and who looks for two words
    finds nothing. What is told is as long as before, so that every place in the file stays."""
    data = path.read_bytes()
    mended = re.sub(rb"begincmap.*?endcmap", lambda found: _TOLD.sub(_mended, found.group()), data, flags=re.DOTALL)
    if mended != data:
        path.write_bytes(mended)
    return mended


def _mended(found: re.Match[bytes]) -> bytes:
    return found.group().replace(b"<0009>", b"<0020>")


def _last(pattern: bytes, text: bytes) -> bytes | None:
    found = re.findall(pattern, text)
    return found[-1] if found else None


def _object(data: bytes, number: int) -> bytes | None:
    """A dictionary without streams, as it stands in the file."""
    found = re.search(rb"(?:^|[\r\n])%d 0 obj\s*(<<.*?>>)\s*endobj" % number, data, re.DOTALL)
    return found.group(1) if found else None


def _text(value: str) -> bytes:
    """A text string; any letter in the world."""
    return b"<" + ("\ufeff" + value).encode("utf-16-be").hex().encode() + b">"
