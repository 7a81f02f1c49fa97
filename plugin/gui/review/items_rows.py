"""What the triage list shows: review items by what became of them, in words, sought and sifted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ...map.review.book_reading import Note
from ...review import plain
from ...review import vocabulary as words
from ...text import tr, trn
from ..pilots.page_rows import fold, words_of

__all__ = ["Filter", "Group", "fold", "words_of"]

Moment = Callable[[str], str]  # how the user writes a time


@dataclass(frozen=True)
class Filter:
    """``words``: each must be in what is written about the item. ``status``, ``kind``, ``package`` (its id) and
    ``author``: "" for all."""

    words: tuple[str, ...] = ()
    status: str = ""
    kind: str = ""
    package: str = ""
    author: str = ""

    def lets(self, note: Note) -> bool:
        """Whether an item is shown."""
        item = note.item
        if self.status not in ("", item.status) or self.kind not in ("", item.kind):
            return False
        if self.author not in ("", item.author) or (self.package and self.package not in note.packages):
            return False
        text = searched(note) if self.words else ""
        return all(word in text for word in self.words)


@dataclass(frozen=True)
class Group:
    """The items of one status that are shown, the newest first."""

    status: str
    rows: tuple[Note, ...] = ()

    @property
    def title(self) -> str:
        return words.status_title(self.status)


def searched(note: Note) -> str:
    """What is sought in."""
    item = note.item
    return fold(
        " ".join(
            (item.text, item.about_label, item.about_id, item.answer, item.author, item.answered_by,
             words.kind_title(item.kind), words.status_title(item.status))
        )
    )  # fmt: skip


def grouped(notes: Iterable[Note], sifter: Filter) -> tuple[Group, ...]:
    """Those that are let through by status: open first, words of other servers last."""
    found: dict[str, list[Note]] = {}
    for note in notes:
        if sifter.lets(note):
            found.setdefault(note.item.status, []).append(note)
    order = [*(one for one in words.STATUSES if one in found), *sorted(set(found) - set(words.STATUSES))]
    return tuple(
        Group(status, tuple(sorted(found[status], key=lambda note: (note.item.noted, note.key), reverse=True)))
        for status in order
    )


def title(note: Note) -> str:
    """What it says, on one line; what it is about where it says nothing."""
    text = " ".join(note.item.text.split())
    return text[:200] or note.item.about_label or words.kind_title(note.item.kind)


def below(note: Note, moment: Moment) -> str:
    """The second line: what it is about, who noted it and when."""
    item = note.item
    about = item.about_label or item.about_id
    return " · ".join(part for part in (about if item.text else "", item.author, moment(item.noted)) if part)


def newness(note: Note, tracked: bool) -> str:
    """Where it is still to go; "" for one that the twin has, and where no twin takes reviews."""
    if not note.saved:
        return tr("Changed in an edit session, not saved yet")
    return tr("New, not published yet") if tracked and note.item.twin_id is None else ""


def tip(note: Note, moment: Moment) -> str:
    """All of a row as text: for the tool tip, and for who cannot see it."""
    item = note.item
    photos = trn("{n} photo", "{n} photos", len(item.photos)) if item.photos else ""
    first = tr("{kind}, {status}", kind=words.kind_title(item.kind), status=words.status_title(item.status).lower())
    return "\n".join(line for line in (first, item.text[:400], below(note, moment), photos, item.answer[:200]) if line)


def summary(notes: Sequence[Note], shown: int) -> str:
    """The status line once all is read."""
    waiting = sum(note.item.status == words.OPEN for note in notes)
    accepted = sum(note.item.status == words.ACCEPTED for note in notes)
    parts = [trn("{n} review item", "{n} review items", len(notes)), trn("{n} open", "{n} open", waiting)]
    if accepted:
        parts.append(trn("{n} accepted", "{n} accepted", accepted))
    if shown < len(notes):
        parts.append(tr("{shown} shown", shown=shown))
    return " · ".join(parts)


def layer_title(table: str) -> str:
    """What a review layer is called."""
    return plain.name_of(table)
