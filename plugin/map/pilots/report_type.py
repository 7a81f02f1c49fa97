"""Setting type for a page in millimetres: how wide text is, and where its lines break."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from qgis.PyQt.QtGui import QFont, QFontMetricsF

from .report_parts import Align, Words

POINT = 25.4 / 72  # mm
_FINE = 100.0  # text is measured in hundredths of a millimetre, so that no hinting rounds it
_SLACK = 1.01  # a layout sets a hair wider than we do
_ELLIPSIS = "…"
CAP, DESCENT = 0.72, 0.26  # of the size

INK, FAINT, RULE = "#23272b", "#656b71", "#cfd4d8"


def font(size: float, bold: bool = False) -> QFont:
    """The report's font of ``size`` points. What is not installed is replaced by what the system has."""
    found = QFont("Open Sans")
    found.setStyleHint(QFont.StyleHint.SansSerif)
    found.setPointSizeF(size)
    found.setBold(bold)
    return found


class Type:
    """Measures and breaks text. For one thread."""

    def __init__(self) -> None:
        self._metrics: dict[tuple[float, bool], QFontMetricsF] = {}

    def width(self, text: str, size: float, bold: bool = False) -> float:
        """In mm."""
        key = (size, bold)
        if key not in self._metrics:
            one = font(size, bold)
            one.setPixelSize(round(size * POINT * _FINE))
            self._metrics[key] = QFontMetricsF(one)
        return float(self._metrics[key].horizontalAdvance(text)) / _FINE * _SLACK

    def lines(self, text: str, width: float, size: float, most: int, bold: bool = False) -> tuple[str, ...]:
        """At most ``most`` lines of ``width`` mm; what is left out is told by an ellipsis."""
        words = plain(text).split()
        out: list[str] = []
        while words and len(out) < most:
            line, words = self._line(words, width, size, bold)
            out.append(line)
        if words and out:
            out[-1] = self.cut(f"{out[-1]} {words[0]}", width, size, bold, always=True)
        return tuple(out)

    def cut(self, text: str, width: float, size: float, bold: bool = False, always: bool = False) -> str:
        """One line of ``width`` mm, with an ellipsis where it is longer (``always``: even where it is not)."""
        text = " ".join(plain(text).split())
        if not always and self.width(text, size, bold) <= width:
            return text
        text = text.rstrip(_ELLIPSIS)
        # halving: a text may have thousands of letters
        least, most = 0, len(text)
        while least < most:
            middle = (least + most + 1) // 2
            if self.width(text[:middle].rstrip() + _ELLIPSIS, size, bold) <= width:
                least = middle
            else:
                most = middle - 1
        return text[:least].rstrip(" ,;.:-–") + _ELLIPSIS

    def _line(self, words: list[str], width: float, size: float, bold: bool) -> tuple[str, list[str]]:
        taken = 0
        while taken < len(words) and self.width(" ".join(words[: taken + 1]), size, bold) <= width:
            taken += 1
        if taken:
            return " ".join(words[:taken]), words[taken:]
        word = words[0]
        fits = 1
        while fits < len(word) and self.width(word[: fits + 1], size, bold) <= width:
            fits += 1
        return word[:fits], [word[fits:], *words[1:]]


def words(
    x: float,
    y: float,
    w: float,
    lines: Sequence[str],
    size: float,
    *,
    ink: str = INK,
    bold: bool = False,
    align: Align = "left",
    leading: float = 0.0,
    name: str = "",
) -> Words:
    """Lines whose first has its capitals' tops at ``y``."""
    leading = leading or size * POINT * 1.36
    height = height_of(len(lines), size, leading)
    return Words(x, y, w, height, tuple(lines), size, ink, leading, bold, align, name)


def height_of(lines: int, size: float, leading: float = 0.0) -> float:
    """Of so many lines, from the tops of the first one's capitals to below the last one's tails, mm."""
    leading = leading or size * POINT * 1.36
    return (lines - 1) * leading + size * POINT * (CAP + DESCENT) if lines else 0.0


def plain(text: str) -> str:
    """Without signs that nobody can see: they would be boxes on paper, or turn the line around."""
    return "".join(" " if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") else one for one in text)
