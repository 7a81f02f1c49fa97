"""The letters of the board: a few sizes of one font, measured once, the same on a screen and on paper."""

from __future__ import annotations

from collections import deque

from qgis.PyQt.QtCore import QPointF, Qt
from qgis.PyQt.QtGui import QFont, QFontInfo, QFontMetricsF, QPainter

_PAPER = 12  # units of a sheet, of which there are 96 in an inch: 9 points
_KEPT = 4000  # widths of words that are measured again and again
_SYLLABLE = 4  # letters: Dutch compounds end in "wijk", "pier", "straat"


class Face:
    """One size and weight. Its measures are in the units that it is painted in."""

    def __init__(self, font: QFont, size: float, bold: bool = False) -> None:
        self.font = QFont(font)
        # not in points, which the resolution of a printer would turn into another size
        self.font.setPixelSize(max(6, round(size)))
        self.font.setBold(bold)
        self._metrics = QFontMetricsF(self.font)
        self.height = float(self._metrics.height())
        self._widths: dict[str, float] = {}
        self._ascent = float(self._metrics.ascent())

    def width(self, text: str) -> float:
        found = self._widths.get(text)
        if found is None:
            if len(self._widths) > _KEPT:
                self._widths.clear()
            found = self._widths[text] = float(self._metrics.horizontalAdvance(text))
        return found

    def elided(self, text: str, width: float) -> str:
        """``text`` on one line, cut with an ellipsis where it is wider."""
        line = " ".join(text.split())
        return str(self._metrics.elidedText(line, Qt.TextElideMode.ElideRight, max(0.0, width)))

    def wrapped(self, text: str, width: float, most: int = 99) -> tuple[str, ...]:
        """``text`` in at most ``most`` lines; a word that is wider is broken, the last line cut with an ellipsis."""
        words = deque(text.split())
        found: list[str] = []
        while words:
            if len(found) == most - 1:
                found.append(self.elided(" ".join(words), width))
                break
            line = words.popleft()
            if self.width(line) > width:
                line, rest = self._broken(line, width)
                words.appendleft(rest)
            else:
                while words and self.width(f"{line} {words[0]}") <= width:
                    line = f"{line} {words.popleft()}"
            found.append(line)
        return tuple(found)

    def _broken(self, word: str, width: float) -> tuple[str, str]:
        """As much of a word as fits with its hyphen, and the rest, no shorter than a syllable where that can be. A word
        that has a hyphen or a slash is broken there."""
        for place in range(len(word) - 1, 0, -1):
            if word[place - 1] in "-/" and self.width(word[:place]) <= width:
                return word[:place], word[place:]
        fits = len(word) - 1
        while fits > 1 and self.width(f"{word[:fits]}-") > width:
            fits -= 1
        fits = max(1, min(fits, max(len(word) - _SYLLABLE, _SYLLABLE)))
        return f"{word[:fits]}-", word[fits:]

    def write(self, painter: QPainter, x: float, top: float, text: str, along: float = 0.0) -> None:
        """Write one line in the painter's pen, its height beginning at ``top``; ``along`` is the part of its width that
        is left of ``x``: 0 begins there, 1 ends there."""
        painter.setFont(self.font)
        if along:
            x -= along * self.width(text)
        painter.drawText(QPointF(x, top + self._ascent), text)


class Type:
    """The sizes, from a font of the screen or for paper."""

    def __init__(self, font: QFont, size: float = 0.0, paper: bool = False) -> None:
        base = QFont(font)
        if paper:
            # else letters stand where a screen's pixels would be
            base.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
        size = size or (_PAPER if paper else QFontInfo(font).pixelSize())
        self.size = size
        self.small = Face(base, size * 0.88)
        self.plain = Face(base, size)
        self.bold = Face(base, size, bold=True)
        self.title = Face(base, size * 1.15, bold=True)
        self.figure = Face(base, size * 2.1, bold=True)
