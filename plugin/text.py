"""User texts: one function for every sentence a user can read, with or without Qt.

The catalogue is gettext's (``i18n/<language>.po``): the QGIS-free packages can be translated in plain Python, plurals
follow each language's own rule, and any translation tool can edit it.
"""

from __future__ import annotations

import gettext
from pathlib import Path

_translations: gettext.NullTranslations = gettext.NullTranslations()


def use_language(language: str, folder: Path) -> bool:
    """Speak ``language`` (``nl``, ``nl_NL``, ``en``) with the compiled catalogues in ``folder``.

    Returns False, and speaks English, where there is no catalogue for it.
    """
    global _translations
    short = language.replace("-", "_").split("_")[0].lower()
    path = folder / f"{short}.mo"
    try:
        with path.open("rb") as stream:
            _translations = gettext.GNUTranslations(stream)
    except (OSError, UnicodeDecodeError):
        _translations = gettext.NullTranslations()
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
