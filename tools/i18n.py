"""Bring ``i18n/*.po`` up to date with the source and say what is untranslated.

The texts are the literals in ``tr("…")`` and ``trn("…", "…", n)``; the template is built into ``build/citytwin.pot``.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from .paths import BUILD, I18N, ROOT, SOURCE

KEYWORDS = {"tr": None, "trn": (1, 2)}


def extract(source: Path) -> Catalog:
    """A catalogue of all texts below ``source``, without line numbers: those change with every edit."""
    catalogue = Catalog(project="City Twin Workbench", charset="utf-8")
    found = extract_from_dir(
        source, method_map=[("**.py", "python")], keywords=KEYWORDS, comment_tags=("i18n:",), strip_comment_tags=True
    )
    for name, _, message, comments, context in found:
        path = f"{source.name}/{name}".replace("\\", "/")
        catalogue.add(message, None, [(path, 0)], auto_comments=comments, context=context)
    return catalogue


def read(path: Path) -> Catalog:
    with path.open("rb") as stream:
        return read_po(stream, locale=path.stem)


def write(path: Path, catalogue: Catalog) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        write_po(stream, catalogue, width=120, sort_by_file=True, ignore_obsolete=True, include_lineno=False)


def main() -> int:
    begin = time.monotonic()
    template = extract(SOURCE)
    write(BUILD / "citytwin.pot", template)
    open_texts = 0
    for path in sorted(I18N.glob("*.po")):
        catalogue = read(path)
        moment = catalogue.creation_date
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue.creation_date = moment  # else every run changes the file
        write(path, catalogue)
        untranslated = [
            message for message in catalogue
            if message.id and not all(message.string if isinstance(message.string, tuple) else [message.string])
        ]  # fmt: skip
        open_texts += len(untranslated)
        for message in untranslated:
            print(f"  {path.relative_to(ROOT)}: untranslated: {message.id!r}")
        print(
            f"i18n: {path.relative_to(ROOT)}: {len(catalogue) - len(untranslated)} of {len(catalogue)} texts translated"
        )
    print(f"i18n: {len(template)} texts in the source ({time.monotonic() - begin:.1f} s)")
    return 1 if open_texts else 0


if __name__ == "__main__":
    sys.exit(main())
