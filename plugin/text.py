"""User texts: one function for every sentence a user can read, with or without Qt.

The catalogue is gettext's (``i18n/<language>.po``): the QGIS-free packages can be translated in plain Python, plurals
follow each language's own rule, and any translation tool can edit it.
"""

from __future__ import annotations

import gettext
from pathlib import Path

_translations: gettext.NullTranslations = gettext.NullTranslations()
_comma = False
# languages that write 1.234,5
_COMMA = {"nl", "de", "es", "it", "pt", "da", "id", "tr"}


def use_language(language: str, folder: Path) -> bool:
    """Speak ``language`` (``nl``, ``nl_NL``, ``en``) with the compiled catalogues in ``folder``.

    Returns False, and speaks English, where there is no catalogue for it.
    """
    global _translations, _comma
    short = language.replace("-", "_").split("_")[0].lower()
    _comma = short in _COMMA
    path = folder / f"{short}.mo"
    try:
        with path.open("rb") as stream:
            _translations = gettext.GNUTranslations(stream)
    except (OSError, UnicodeDecodeError):
        _translations, _comma = gettext.NullTranslations(), False
        return short == "en"
    return True


def tr(text: str, **values: object) -> str:
    """``text`` in the user's language, with ``{name}`` filled from ``values``.

    ``text`` must be a literal: it is the key of the catalogue.
    """
    translated = _translations.gettext(text) if text else text
    return translated.format(**values) if values else translated


def trn(singular: str, plural: str, n: int, **values: object) -> str:
    """As `tr` for a count: ``n`` chooses the form, and fills ``{n}``."""
    return _translations.ngettext(singular, plural, n).format(n=n, **values)


def number(value: float, form: str = ",.0f") -> str:
    """``value`` by Python's format ``form``, with the user's signs for thousands and decimals."""
    text = format(value, form)
    return text.translate(str.maketrans(",.", ".,")) if _comma else text
