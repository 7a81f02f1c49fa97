"""User texts: one function for every sentence a user can read, with or without Qt.

The catalogue is gettext's (``i18n/<language>.po``): the QGIS-free packages can be translated in plain Python, plurals
follow each language's own rule, and any translation tool can edit it.
"""

from __future__ import annotations

import gettext
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

# languages that write 1.234,5
_COMMA = {"nl", "de", "es", "it", "pt", "da", "id", "tr"}


@dataclass(frozen=True)
class _Speech:
    """A language and its catalogue; English needs none."""

    language: str = "en"
    catalogue: gettext.NullTranslations = field(default_factory=gettext.NullTranslations)

    @property
    def comma(self) -> bool:
        return self.language in _COMMA


_user = _Speech()
_folder = Path()
# of one thread (or task) alone: what is written in another language there leaves the window's as it is
_for_a_while: ContextVar[_Speech | None] = ContextVar("citytwin_language", default=None)


def use_language(language: str, folder: Path) -> bool:
    """Speak ``language`` (``nl``, ``nl_NL``, ``en``) with the compiled catalogues in ``folder``.

    Returns False, and speaks English, where there is no catalogue for it.
    """
    global _user, _folder
    _folder = folder
    _user, known = _read(language, folder)
    return known


@contextmanager
def in_language(language: str) -> Iterator[bool]:
    """Speak ``language`` in this thread until the block ends, with the catalogues of `use_language`.

    Other threads go on in the user's. False, and English, where there is no catalogue for it.

    In the main thread the event loop must not run inside the block, nor a generator pause in it: what the window says
    meanwhile would be in that language.
    """
    speech, known = _read(language, _folder)
    token = _for_a_while.set(speech)
    try:
        yield known
    finally:
        _for_a_while.reset(token)


def language() -> str:
    """The language that is spoken now, in this thread: ``en``, ``nl``."""
    return _speech().language


def catalogues() -> Path:
    """The folder with the compiled catalogues, as `use_language` was told."""
    return _folder


def _speech() -> _Speech:
    return _for_a_while.get() or _user


def _read(language: str, folder: Path) -> tuple[_Speech, bool]:
    short = language.replace("-", "_").split("_")[0].lower()
    try:
        with (folder / f"{short}.mo").open("rb") as stream:
            return _Speech(short, gettext.GNUTranslations(stream)), True
    except (OSError, UnicodeDecodeError):
        return _Speech(), short == "en"


def tr(text: str, **values: object) -> str:
    """``text`` in the user's language, with ``{name}`` filled from ``values``.

    ``text`` must be a literal: it is the key of the catalogue.
    """
    translated = _speech().catalogue.gettext(text) if text else text
    return translated.format(**values) if values else translated


def trn(singular: str, plural: str, n: int, **values: object) -> str:
    """As `tr` for a count: ``n`` chooses the form, and fills ``{n}``."""
    return _speech().catalogue.ngettext(singular, plural, n).format(n=n, **values)


def number(value: float, form: str = ",.0f") -> str:
    """``value`` by Python's format ``form``, with the user's signs for thousands and decimals."""
    text = format(value, form)
    return text.translate(str.maketrans(",.", ".,")) if _speech().comma else text
