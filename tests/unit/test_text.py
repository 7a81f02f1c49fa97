"""User texts in the user's language, with the user's numbers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from plugin.text import in_language, language, number, tr, trn, use_language

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


def test_another_language_for_a_while(catalogues: Path) -> None:
    use_language("en", catalogues)
    with in_language("nl_NL") as known:
        assert known and language() == "nl"
        assert tr("yes") == "ja" and number(1234.5, ",.1f") == "1.234,5"
        with in_language("en") as known_too:
            assert known_too and tr("yes") == "yes" and number(1234.5, ",.1f") == "1,234.5"
        assert tr("yes") == "ja" and trn("{n} vertex", "{n} vertices", 2) != "2 vertices"
    assert tr("yes") == "yes" and language() == "en"


def test_it_ends_with_the_block_whatever_happens_there(catalogues: Path) -> None:
    use_language("nl", catalogues)
    with pytest.raises(ZeroDivisionError), in_language("en"):
        assert tr("yes") == "yes"
        raise ZeroDivisionError
    assert tr("yes") == "ja"
    with in_language("fy") as known:
        assert not known and tr("yes") == "yes" and language() == "en"


def test_two_threads_speak_two_languages(catalogues: Path) -> None:
    use_language("en", catalogues)
    both = threading.Barrier(3, timeout=10)
    heard: dict[str, list[str]] = {}

    def speak(name: str) -> None:
        with in_language(name):
            both.wait()
            heard[name] = [tr("yes"), number(1.5, ".1f")]
            both.wait()

    threads = [threading.Thread(target=speak, args=(name,)) for name in ("nl", "en")]
    for thread in threads:
        thread.start()
    both.wait()
    heard["window"] = [tr("yes"), number(1.5, ".1f")]
    both.wait()
    for thread in threads:
        thread.join()
    assert heard == {"nl": ["ja", "1,5"], "en": ["yes", "1.5"], "window": ["yes", "1.5"]}
