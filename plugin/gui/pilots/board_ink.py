"""The colours of the board: stages as on the map, ratings told apart by pattern too, on light, dark and paper."""

from __future__ import annotations

from dataclasses import dataclass

from qgis.PyQt.QtGui import QColor, QPalette

from ...map.pilots.style import LOOKS, WARNING, WARNING_INK
from ...pilots import vocabulary as words

_FOREIGN = "#5b5b5b"
# told apart by every kind of colour vision; their patterns tell them apart on a black and white print
_RATINGS = {words.MET: "#0a7d6c", words.PARTLY: "#a86a00", words.NOT_MET: "#b3261e", words.UNKNOWN: "#767676"}
_ON_DARK = {words.MET: "#35b8a2", words.PARTLY: "#e0a02e", words.NOT_MET: "#ff7b6b", words.UNKNOWN: "#9a9a9a"}


@dataclass(frozen=True)
class Ink:
    """``ground`` lies behind all, ``card`` behind what is written; ``faint`` is for what is said by the way, ``rule``
    for lines; ``alarm`` is the ground of what needs somebody."""

    ground: QColor
    card: QColor
    text: QColor
    faint: QColor
    rule: QColor
    edge: QColor
    alarm: QColor
    select: QColor
    dark: bool


def stage_colour(stage: str) -> QColor:
    """The map's colour of a stage, under white text; grey for a foreign one."""
    look = LOOKS.get(stage)
    return QColor(look.ink if look else _FOREIGN)


def rating_colour(rating: str, dark: bool) -> QColor:
    """The colour of a rating; that of unknown for a word that is none of ours."""
    table = _ON_DARK if dark else _RATINGS
    return QColor(table.get(rating, table[words.UNKNOWN]))


def warning() -> tuple[QColor, QColor]:
    """Ground and ink of the map's mark of what fades."""
    return QColor(WARNING), QColor(WARNING_INK)


def ink_of(palette: QPalette) -> Ink:
    """For a widget of ``palette``."""
    roles = QPalette.ColorRole
    return _ink(palette.color(roles.Base), palette.color(roles.Text), palette.color(roles.Highlight))


def paper() -> Ink:
    """For paper, whatever the theme."""
    return _ink(QColor("#ffffff"), QColor("#1f2328"), QColor("#0b62c4"))


def mixed(one: QColor, other: QColor, share: float) -> QColor:
    """``share`` of ``other`` in ``one``."""
    pairs = zip(one.getRgb()[:3], other.getRgb()[:3])
    return QColor(*(round(a + (b - a) * share) for a, b in pairs))


def _ink(card: QColor, text: QColor, select: QColor) -> Ink:
    dark = card.lightness() < 128
    warm = QColor(WARNING)
    return Ink(
        ground=mixed(card, text, 0.07 if dark else 0.045),
        card=QColor(card),
        text=QColor(text),
        faint=mixed(card, text, 0.68),
        rule=mixed(card, text, 0.16),
        edge=mixed(card, text, 0.45 if dark else 0.22),
        alarm=mixed(card, warm, 0.2),
        select=QColor(select),
        dark=dark,
    )
