"""The pages of the form, and on which of them a column is."""

from __future__ import annotations

from ...pilots import schema as cols
from ...pilots import vocabulary as words
from ...text import tr

GENERAL, DATA, PLATFORM, HISTORY = "general", "data", "platform", "history"
PAGES = (GENERAL, DATA, *words.CONDITIONS, PLATFORM, HISTORY)
HEADER = "header"  # above all pages

_PAGE_OF = {
    cols.NAME: HEADER,
    cols.STAGE: HEADER,
    cols.DATA_USED: DATA,
    cols.DATA_PRODUCED: DATA,
    cols.INTEGRATION: PLATFORM,
    cols.COLLABORATION: PLATFORM,
    cols.HISTORY: HISTORY,
    **{name: name for name in words.CONDITIONS},
}
_ON_THE_MAP = ("geom", "", cols.AREA)


def page_of(column: str) -> str:
    """The page that shows a column; "" for the outline, which only the map shows."""
    return "" if column in _ON_THE_MAP else _PAGE_OF.get(column, GENERAL)


def page_title(page: str) -> str:
    """What a page is called."""
    titles = {
        GENERAL: tr("General"),
        DATA: tr("Data"),
        words.TECHNICAL: tr("Technical"),
        words.HUMAN: tr("Human"),
        words.INSTITUTIONAL: tr("Institutional"),
        PLATFORM: tr("Platform"),
        HISTORY: tr("History"),
    }
    return titles[page]
