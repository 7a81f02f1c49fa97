"""The board on paper: an A3 sheet that shows all at once, and sheets of every row where there are many.

Units are of 1/96 inch. Nothing here needs a window: sheets are made and painted in any thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from qgis.PyQt.QtCore import QPointF, QRectF, QSizeF
from qgis.PyQt.QtGui import QFont, QPainter

from ...pilots.fading import Rules
from ...pilots.portfolio import Portfolio
from ...text import tr, trn
from . import board_words as said
from .board_cards import LARGE, MEDIUM, SMALL, Cards
from .board_conditions import Conditions
from .board_headline import Headline
from .board_ink import Ink, paper
from .board_legend import Legend
from .board_lists import FadingList, LackList
from .board_picture import Picture
from .board_timeline import Timeline
from .board_type import Face, Type

BOARD, TIMELINE, CONDITIONS = "board", "timeline", "conditions"
A3 = QSizeF(420 / 25.4 * 96, 297 / 25.4 * 96)
_MARGIN, _GAP, _FOOT = 45.0, 22.0, 44.0
_LACKS = (9, 7, 6, 5, 4, 3)  # as many as there is room for
Paint = Callable[[QPainter, Ink], None]


@dataclass(frozen=True)
class Content:
    """What is told: the pilots that pass the filter, of how many, which filter, of what, and the rules of fading."""

    board: Portfolio
    total: int
    name: str
    filtered: str
    rules: Rules


@dataclass
class Sheet:
    """One page, or one picture."""

    size: QSizeF
    parts: list[Paint] = field(default_factory=list)

    def paint(self, painter: QPainter) -> None:
        """Dark on white, in the sheet's units."""
        ink = paper()
        painter.fillRect(QRectF(QPointF(0, 0), self.size), ink.card)
        for part in self.parts:
            painter.save()
            part(painter, ink)
            painter.restore()

    def put(self, picture: Picture, left: float, top: float, seen: QRectF | None = None) -> None:
        """``picture``, or the part ``seen`` of it, with its corner at ``left``, ``top``."""
        part = seen if seen is not None else QRectF(QPointF(0, 0), picture.size)

        def paint(painter: QPainter, ink: Ink) -> None:
            painter.translate(left - part.left(), top - part.top())
            picture.paint(painter, part, ink)

        self.parts.append(paint)

    def write(self, face: Face, x: float, y: float, text: str, *, along: float = 0.0, faint: bool = False) -> None:
        """A line of text."""

        def paint(painter: QPainter, ink: Ink) -> None:
            painter.setPen(ink.faint if faint else ink.text)
            face.write(painter, x, y, text, along)

        self.parts.append(paint)


class Sheets:
    """Lays ``content`` out in the letters of ``font``."""

    def __init__(self, content: Content, font: QFont) -> None:
        self.content = content
        self.type = Type(font, paper=True)
        self._large = Face(self.type.bold.font, self.type.size * 2.0, bold=True)

    def document(self) -> list[Sheet]:
        """The overview, then every row of what did not fit on it; each sheet with its number."""
        first, timeline_is_there = self._overview()
        sheets = [first]
        room = A3.width() - 2 * _MARGIN
        board = self.content.board
        wanted: list[Picture] = [] if timeline_is_there else [Timeline(board, self.type)]
        wanted += [Conditions(board, self.type)] if board.entries else []
        for picture in wanted:
            picture.arrange(room)
            sheets += self._flow(picture)
        for place, sheet in enumerate(sheets, 1):
            text = tr("Page {n} of {pages}", n=place, pages=len(sheets))
            sheet.write(self.type.small, A3.width() - _MARGIN, A3.height() - _MARGIN - self.type.small.height, text,
                        along=1.0, faint=True)  # fmt: skip
        return sheets

    def picture(self, what: str) -> Sheet:
        """One sheet: the overview in A3, or all rows of the timeline or the conditions, as long as they are."""
        if what == BOARD:
            return self._overview()[0]
        kind = {TIMELINE: Timeline, CONDITIONS: Conditions}[what]
        picture: Picture = kind(self.content.board, self.type)
        size = picture.arrange(A3.width() - 2 * _MARGIN)
        sheet = Sheet(A3)
        top = self._head(sheet, self._title_of(picture))
        sheet.size = QSizeF(A3.width(), top + size.height() + _GAP + _FOOT + _MARGIN)
        sheet.put(picture, _MARGIN, top)
        self._foot(sheet, bars=what == CONDITIONS, times=what == TIMELINE, cards=False)
        return sheet

    # -- the overview

    def _overview(self) -> tuple[Sheet, bool]:
        """The sheet, and whether the timeline is on it."""
        sheet, content = Sheet(A3), self.content
        top = self._head(sheet, "")
        bottom = A3.height() - _MARGIN - _FOOT - _GAP / 2
        whole = A3.width() - 2 * _MARGIN
        right = whole * 0.25
        left = whole - right - _GAP
        timeline = Timeline(content.board, self.type, dense=True)
        timeline.arrange(left)
        room = bottom - top
        sizes = [Cards(content.board, self.type, density) for density in (LARGE, MEDIUM, SMALL)]
        for one in sizes:
            one.arrange(left)
        # all at once matters more than what a card says
        beside = timeline.size.height() + _GAP
        with_timeline = bool(content.board.entries) and sizes[-1].size.height() + beside <= room
        fits = room - beside if with_timeline else room
        cards = next((one for one in sizes if one.size.height() <= fits), sizes[-1])
        below = top + cards.size.height() + _GAP
        missing = 0
        if cards.size.height() > room:
            cards, missing = cards.shortened(room - self.type.bold.height - 4)
            words = trn("{n} more pilot is on the next pages.", "{n} more pilots are on the next pages.", missing)
            sheet.write(self.type.bold, _MARGIN, bottom - self.type.bold.height, words)
        if with_timeline:
            sheet.put(timeline, _MARGIN, below)
        sheet.put(cards, _MARGIN, top)
        self._lists(sheet, _MARGIN + left + _GAP, top, right, bottom)
        self._foot(sheet, bars=True, times=with_timeline, cards=cards.density != LARGE)
        return sheet, with_timeline

    def _lists(self, sheet: Sheet, left: float, top: float, width: float, bottom: float) -> None:
        """What fades above, what is lacking below; where there is not room for both, each has its half."""
        content, kind = self.content, self.type
        fades = FadingList(content.board, kind)
        fades.arrange(width)
        room = bottom - top - _GAP
        share = room - fades.size.height()
        for most in _LACKS:
            lacks = LackList(content.board, kind, most, brief=True)
            if lacks.arrange(width).height() <= share or (most == _LACKS[-1] and share < room / 2):
                break
        share = max(room / 2, room - lacks.size.height())
        used = self._cut(sheet, fades, left, top, min(share, room))
        self._cut(sheet, lacks, left, top + used + _GAP, room - used)

    def _cut(self, sheet: Sheet, picture: Picture, left: float, top: float, room: float) -> float:
        """``picture`` as far as ``room`` goes; how much of it is used."""
        high = picture.size.height()
        if high > room:
            line = self.type.small.height + 2
            high = picture.breaks(picture.head, room - picture.head - line)
            left_out = sum(one.rect.top() >= high - 0.5 for one in picture.spots)
            sheet.write(self.type.small, left + 8, top + high, tr("and {n} more", n=left_out), faint=True)
            sheet.put(picture, left, top, QRectF(0, 0, picture.size.width(), high))
            return high + line
        sheet.put(picture, left, top)
        return high

    # -- rows over several sheets

    def _flow(self, picture: Picture) -> list[Sheet]:
        """Sheets with every row of ``picture``, its head on each."""
        sheets: list[Sheet] = []
        place, end = picture.head, picture.size.height()
        while place < end - 0.5:
            sheet = Sheet(A3)
            top = self._head(sheet, self._title_of(picture))
            self._foot(sheet, bars=isinstance(picture, Conditions), times=isinstance(picture, Timeline), cards=False)
            bottom = A3.height() - _MARGIN - _FOOT - _GAP / 2
            stop = picture.breaks(place, bottom - top - picture.head)
            sheet.put(picture, _MARGIN, top, QRectF(0, place - picture.head, picture.size.width(),
                                                    stop - place + picture.head))  # fmt: skip
            sheets.append(sheet)
            place = stop
        return sheets

    def _title_of(self, picture: Picture) -> str:
        return tr("Timeline") if isinstance(picture, Timeline) else tr("Conditions")

    # -- what frames a sheet

    def _head(self, sheet: Sheet, subject: str) -> float:
        """Title, what is shown and when; on the overview the headline beside it. Where it ends."""
        content, kind, right = self.content, self.type, A3.width() - _MARGIN
        title = tr("Pilot Portfolio: {subject}", subject=subject) if subject else tr("Pilot Portfolio")
        sheet.write(self._large, _MARGIN, _MARGIN - 6, title)
        below = _MARGIN - 4 + self._large.height
        about = content.filtered or tr("All pilots")
        parts = [part for part in (said.day(content.board.today), content.name, about) if part]
        room = A3.width() - 2 * _MARGIN
        ended = below + kind.plain.height + _GAP * 0.75
        if not subject:
            headline = Headline(content.board, content.total, kind, large=True)
            size = headline.arrange(room * 0.6)
            room -= size.width() + _GAP
            sheet.put(headline, right - size.width() + 8, ended - _GAP * 0.75 - size.height())
        sheet.write(kind.plain, _MARGIN, below, kind.plain.elided(" · ".join(parts), room), faint=True)
        return ended

    def _foot(self, sheet: Sheet, *, bars: bool, times: bool, cards: bool) -> None:
        kind = self.type
        top = sheet.size.height() - _MARGIN - _FOOT + 6
        legend = Legend(kind, bars, times, stages=times and not bars, cards=cards)
        legend.arrange(A3.width() - 2 * _MARGIN)
        sheet.put(legend, _MARGIN, top)
        text = tr("Fading: {when}.", when=said.rules_in_words(self.content.rules, begun=False))
        if bars:
            text += " " + tr("Human conditions are no score: they are matters for a meeting.")
        below = sheet.size.height() - _MARGIN - kind.small.height
        sheet.write(kind.small, _MARGIN, below, kind.small.elided(text, A3.width() - 2 * _MARGIN - 110), faint=True)
