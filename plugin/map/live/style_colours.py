"""The colours of classes: ramps that differ in lightness all along, so that they are told apart without red and green.

Light ends are yellow and get a dark edge, dark ends are purple or blue and get a light one: both show on a light and
on a dark map.
"""

from __future__ import annotations

from qgis.PyQt.QtGui import QColor

from ...sensors import recognise

# from harmless to harmful
WORSE = ("#ffe680", "#fdbb43", "#f48a2a", "#dd5335", "#b3285a", "#7a1a6c", "#3f1157")
# more of something that is neither good nor bad
NEUTRAL = ("#e4efa1", "#a3d69a", "#57b5a3", "#2a8fa6", "#2a639d", "#2f3c80", "#221a52")
# below and above a zero: ochre and blue
BELOW = ("#6e3a05", "#b5701c", "#ecc27a")
ABOVE = ("#d3e3f1", "#93bfdf", "#4f93c4", "#24659f", "#143f73", "#0b2348")

GREY = "#8a8f94"
DARK, LIGHT = "#3a3a3a", "#ffffff"
ALARM = "#d6002b"
# what is no number: neither good nor bad, and no class of a ramp
PLAIN = "#7e93a8"
YES, NO = "#2a639d", "#dfe5ea"


def ramp(anchors: tuple[str, ...], count: int) -> list[str]:
    """``count`` colours, evenly spread over ``anchors``."""
    if count <= 1:
        return [anchors[len(anchors) // 3]] * count
    found = []
    for index in range(count):
        place = index * (len(anchors) - 1) / (count - 1)
        low = min(int(place), len(anchors) - 2)
        found.append(_between(QColor(anchors[low]), QColor(anchors[low + 1]), place - low))
    return found


def of(quantity: str, breaks: tuple[float, ...], worse: str) -> list[str]:
    """The colours of the classes between ``breaks``, lowest first. ``worse`` is that of `norms.Classes`."""
    count = len(breaks) + 1
    if quantity == recognise.WATER_LEVEL and 0.0 in breaks:
        below = breaks.index(0.0) + 1
        return ramp(BELOW, below) + ramp(ABOVE, count - below)
    if worse == "down":
        return ramp(WORSE, count)[::-1]
    return ramp(WORSE if worse == "up" else NEUTRAL, count)


def edge(colour: str) -> str:
    """The edge that makes a dot of ``colour`` stand out on any ground."""
    return DARK if lightness(colour) > 0.52 else LIGHT


def ring(colour: str) -> str:
    """``colour`` as a thin line shows it: neither so light nor so dark that it is lost on a light or a dark map."""
    shown = QColor(colour)
    for _ in range(40):
        light = lightness(shown.name())
        if light > 0.62:
            shown = shown.darker(106)
        elif light < 0.34:
            shown = _lifted(shown)
        else:
            break
    return str(shown.name())


def lightness(colour: str) -> float:
    """How light the eye sees it, 0 to 1: the square root of the relative luminance, near enough to CIE L*."""
    parts = QColor(colour)
    linear = (part**2.2 for part in (parts.redF(), parts.greenF(), parts.blueF()))
    return float(sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear)) ** 0.5)


def faded(colour: str, alpha: int = 115) -> QColor:
    """``colour`` seen through."""
    found = QColor(colour)
    found.setAlpha(alpha)
    return found


def _between(one: QColor, other: QColor, share: float) -> str:
    parts = (
        round(a + (b - a) * share)
        for a, b in zip((one.red(), one.green(), one.blue()), (other.red(), other.green(), other.blue()))
    )
    return str(QColor(*parts).name())


def _lifted(colour: QColor) -> QColor:
    return QColor(_between(colour, QColor("#ffffff"), 0.06))
