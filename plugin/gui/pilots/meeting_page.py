"""The agenda of a meeting as pages to print and write on: dark on white, whatever the theme.

Units are of 1/96 inch, on every device: the screen shows what the printer prints.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from qgis.PyQt.QtCore import QPointF, QRectF, QSizeF, Qt
from qgis.PyQt.QtGui import (
    QAbstractTextDocumentLayout,
    QColor,
    QFont,
    QPagedPaintDevice,
    QPageLayout,
    QPainter,
    QPalette,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextOption,
)

from ...pilots.meeting import Agenda, Topic
from ...text import tr
from .board_words import day as day_in_words

A4 = QSizeF(210 / 25.4 * 96, 297 / 25.4 * 96)
_SIDE, _TOP, _BOTTOM = 72.0, 60.0, 72.0
_TEXT, _FAINT, _RULE, _FIELD, _ACCENT = "#1f2328", "#5c636a", "#b9bec4", "#f2f4f6", "#0a7d6c"
_BRIEF = 10  # minutes
_BODY, _SMALL, _LINE = 14, 12, 27  # px; how far apart ruled lines are


class MeetingPages:
    """``agenda`` on pages of ``size``. ``known``: with what was found before; ``room``: with lines to write on."""

    def __init__(
        self, agenda: Agenda, font: QFont, size: QSizeF = A4, *, known: bool = True, room: bool = True
    ) -> None:
        self.agenda = agenda
        self.size = QSizeF(size)
        self._known, self._room = known, room
        self._width = size.width() - 2 * _SIDE
        family = QFont(font)
        family.setPixelSize(_BODY)
        # letters stand at the same places on every device
        family.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
        self._font = family
        self.document = QTextDocument()
        self.document.setDefaultFont(family)
        self.document.setDocumentMargin(0)
        self.document.setPageSize(QSizeF(self._width, size.height() - _TOP - _BOTTOM))
        self._begin()
        starts = [self._topic(place, topic) for place, topic in enumerate(agenda.topics)]
        self._keep_together(starts)

    @property
    def pages(self) -> int:
        return int(self.document.pageCount())

    def paint(self, painter: QPainter, page: int) -> None:
        """One page, from 0, with its foot."""
        painter.fillRect(QRectF(QPointF(0, 0), self.size), QColor("#ffffff"))
        high = self.document.pageSize().height()
        painter.save()
        painter.translate(_SIDE, _TOP - page * high)
        context = QAbstractTextDocumentLayout.PaintContext()
        context.clip = QRectF(0, page * high, self._width, high)
        context.palette.setColor(QPalette.ColorRole.Text, QColor(_TEXT))
        painter.setClipRect(context.clip)
        self.document.documentLayout().draw(painter, context)
        painter.restore()
        font = QFont(self._font)
        font.setPixelSize(_SMALL)
        painter.setFont(font)
        painter.setPen(QColor(_FAINT))
        foot = QRectF(_SIDE, self.size.height() - _BOTTOM + 24, self._width, 20)
        text = tr("Page {n} of {pages}", n=page + 1, pages=self.pages)
        painter.drawText(foot, int(Qt.AlignmentFlag.AlignRight), text)
        room = self._width - painter.fontMetrics().horizontalAdvance(text) - 20
        title = painter.fontMetrics().elidedText(self.agenda.title, Qt.TextElideMode.ElideRight, int(room))
        painter.drawText(foot, int(Qt.AlignmentFlag.AlignLeft), title)

    # -- what stands on them

    def _begin(self) -> None:
        agenda = self.agenda
        cursor = QTextCursor(self.document)
        cursor.insertHtml(
            f'<p style="font-size:26px; font-weight:bold; color:{_TEXT}; margin:0">{escape(agenda.title)}</p>'
            f'<p style="color:{_FAINT}; margin-top:4px; margin-bottom:0">{escape(agenda.purpose)}</p>'
            '<p style="font-size:8px; margin:0">&nbsp;</p>'
        )
        when = agenda.when()
        if agenda.day:
            when = when.replace(agenda.day.isoformat(), day_in_words(agenda.day), 1)
        facts = [(tr("When"), when), (tr("Where"), agenda.place), (tr("Time"), tr("{n} minutes", n=agenda.minutes))]
        rows = "".join(
            f'<tr><td width="110" style="color:{_FAINT}; padding:4px 0">{escape(name)}</td>'
            f'<td width="{self._width - 110:.0f}" style="padding:4px 0; {_ruled(not value)}">'
            f"{escape(value) or '&nbsp;'}</td></tr>"
            for name, value in facts
        )
        people = "".join(f"<li>{escape(one)}</li>" for one in agenda.people)
        who = escape(tr("Who"))
        if people:
            rows += (
                f'<tr><td style="color:{_FAINT}; padding:4px 0">{who}</td><td style="padding:4px 0">'
                f'<ul style="margin-left:-24px">{people}</ul></td></tr>'
            )
        cursor.insertHtml(f'<table width="100%" cellspacing="0" border="0">{rows}</table>')

    def _topic(self, place: int, topic: Topic) -> int:
        """Add a topic; the position of its heading."""
        cursor = QTextCursor(self.document)
        cursor.movePosition(QTextCursor.MoveOperation.End)
        heading = QTextBlockFormat()
        heading.setTopMargin(20)
        heading.setBottomMargin(4)
        heading.setTabPositions([QTextOption.Tab(self._width, QTextOption.TabType.RightTab)])
        cursor.insertBlock(heading)
        start = cursor.position()
        bold = QTextCharFormat()
        bold.setFont(_sized(self._font, 18, True))
        bold.setForeground(QColor(_ACCENT))
        cursor.insertText(f"{place + 1}  ", bold)
        bold.setForeground(QColor(_TEXT))
        cursor.insertText(topic.title, bold)
        plain = QTextCharFormat()
        plain.setFont(_sized(self._font, _BODY, False))
        plain.setForeground(QColor(_FAINT))
        hours = self.agenda.clock()
        time = tr("{n} min", n=topic.minutes)
        cursor.insertText("\t" + (f"{hours[place][0]}–{hours[place][1]}  ·  {time}" if hours else time), plain)
        below = QTextBlockFormat()
        cursor.insertBlock(below, plain)
        cursor.insertHtml(self._body(topic))
        return start

    def _body(self, topic: Topic) -> str:
        parts = []
        if self._known and topic.known:
            known = "<br>".join(escape(line) for line in topic.known)
            parts.append(
                f'<table width="100%" cellspacing="0" cellpadding="8" border="0"><tr><td bgcolor="{_FIELD}" '
                f'style="color:{_FAINT}">{known}</td></tr></table>'
            )
        questions = "".join(f'<li style="margin-bottom:3px">{escape(one)}</li>' for one in topic.questions)
        parts.append(f'<ul style="margin-left:-18px; margin-top:6px; color:{_TEXT}">{questions}</ul>')
        if self._room:
            # what is told, or was found to be well, leads to fewer promises
            brief = topic.minutes <= _BRIEF
            parts.append(self._lines((tr("Found"),), 2 if brief else 3))
            if not brief:
                parts.append(self._lines((tr("Who"), tr("does what"), tr("until when")), 2, (26, 50, 24)))
        return "".join(parts)

    def _lines(self, heads: Sequence[str], count: int, shares: Sequence[int] = (100,)) -> str:
        """Ruled lines to write on, what is to be written above them."""
        cells = "".join(
            f'<td width="{share}%" style="font-size:{_SMALL}px; color:{_FAINT}; padding-top:6px">{escape(head)}</td>'
            for head, share in zip(heads, shares)
        )
        blank = "".join(f'<td style="{_ruled(True)} font-size:{_LINE - 6}px">&nbsp;</td>' for _ in range(len(heads)))
        return (
            f'<table width="100%" cellspacing="0" cellpadding="0" border="0"><tr>{cells}</tr>'
            + f"<tr>{blank}</tr>" * count
            + "</table>"
        )

    def _keep_together(self, starts: Sequence[int]) -> None:
        """A topic that would go on on the next page begins there, where a page has room for it."""
        layout, high = self.document.documentLayout(), self.document.pageSize().height()
        for at, start in enumerate(starts):
            block = self.document.findBlock(start)
            top = layout.blockBoundingRect(block).top()
            if at + 1 < len(starts):
                following = self.document.findBlock(starts[at + 1])
                end = layout.blockBoundingRect(following).top() - 20
            else:
                end = layout.blockBoundingRect(self.document.lastBlock()).bottom()
            if int(top // high) != int((end - 1) // high) and end - top < high:
                cursor = QTextCursor(block)
                form = block.blockFormat()
                form.setPageBreakPolicy(QTextFormat.PageBreakFlag.PageBreak_AlwaysBefore)
                cursor.setBlockFormat(form)
        # laid out anew as a whole: after changes here and there Qt draws some of the pages in part
        self.document.markContentsDirty(0, self.document.characterCount())


def print_pages(agenda: Agenda, font: QFont, device: QPagedPaintDevice, *, known: bool, room: bool) -> bool:
    """Print on a printer or into a PDF, on the paper that it has; whether it could be begun."""
    full = device.pageLayout().fullRect(QPageLayout.Unit.Point)
    size = QSizeF(full.width() / 72 * 96, full.height() / 72 * 96)
    pages = MeetingPages(agenda, font, size, known=known, room=room)
    painter = QPainter()
    if not painter.begin(device):
        return False
    for page in range(pages.pages):
        if page:
            device.newPage()
        painter.save()
        painter.scale(device.width() / size.width(), device.height() / size.height())
        pages.paint(painter, page)
        painter.restore()
    painter.end()
    return True


def _ruled(yes: bool) -> str:
    return f"border-bottom:1px solid {_RULE};" if yes else ""


def _sized(font: QFont, size: int, bold: bool) -> QFont:
    found = QFont(font)
    found.setPixelSize(size)
    found.setBold(bold)
    return found
