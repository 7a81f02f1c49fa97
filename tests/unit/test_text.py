"""User texts in the user's language, with the user's numbers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from plugin.text import number, tr, trn, use_language

PO = Path(__file__).resolve().parents[2] / "i18n" / "nl.po"


@pytest.fixture
def catalogues(tmp_path: Path) -> Iterator[Path]:
    with PO.open("rb") as source, (tmp_path / "nl.mo").open("wb") as target:
        write_mo(target, read_po(source, locale="nl"))
    yield tmp_path
    use_language("en", tmp_path)


def test_dutch(catalogues: Path) -> None:
    assert use_language("nl_NL", catalogues)
    assert tr("yes") == "ja"
    assert trn("{n} vertex", "{n} vertices", 1) != trn("{n} vertex", "{n} vertices", 2)
    assert number(1234.5, ",.1f") == "1.234,5" and number(33.25, ".10g") == "33,25"


def test_a_language_without_catalogue_is_english(catalogues: Path) -> None:
    assert not use_language("fy", catalogues)
    assert tr("yes") == "yes" and number(1234.5, ",.1f") == "1,234.5"


def test_a_broken_catalogue_is_english(tmp_path: Path) -> None:
    (tmp_path / "nl.mo").write_bytes(b"no catalogue")
    assert not use_language("nl", tmp_path)
    assert tr("yes") == "yes" and number(0.5, ".1f") == "0.5"
