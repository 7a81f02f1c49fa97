"""One review item as a value: read from a row, decided, and written back without loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any

from ..text import tr
from ..twin.errors import CityTwinError
from . import schema as cols
from . import vocabulary as words


class NotDecided(CityTwinError):
    """A change of status that the rules do not allow."""


@dataclass(frozen=True)
class Item:
    """``table`` is the layer, ``fid`` the row's number, ``twin_id`` None where the twin does not know it yet; times are
    RFC 3339; ``photos`` are addresses or paths relative to the package's folder, in the order of their columns."""

    kind: str = words.QUESTION
    text: str = ""
    status: str = words.OPEN
    answer: str = ""
    about: str = ""
    about_id: str = ""
    about_label: str = ""
    author: str = ""
    noted: str = ""
    answered_by: str = ""
    answered: str = ""
    photos: tuple[str, ...] = ()
    key: str = ""
    table: str = cols.POINTS
    fid: int | None = None
    twin_id: str | None = None
    geometry: bytes | None = field(default=None, repr=False)  # as the GeoPackage has it

    @property
    def label(self) -> str:
        """What people call it: what it is about, else the beginning of what it says."""
        short = self.text if len(self.text) <= 60 else f"{self.text[:59]}…"
        return self.about_label or short or words.kind_title(self.kind)

    @property
    def moves(self) -> tuple[str, ...]:
        """The statuses that it can be given."""
        return words.MOVES.get(self.status, (words.OPEN,))


def read_item(row: Mapping[str, Any], table: str = cols.POINTS) -> Item:
    """An item from column → value. What is missing or of another type is empty; it never fails."""
    photos = tuple(text for text in (_text(row.get(name)) for name in cols.PHOTOS) if text)
    fid, geometry, twin_id = row.get("fid"), row.get("geom"), row.get("twin_id")
    return Item(
        kind=_text(row.get(cols.KIND)) or words.QUESTION,
        text=_text(row.get(cols.TEXT)),
        status=_text(row.get(cols.STATUS)) or words.OPEN,
        answer=_text(row.get(cols.ANSWER)),
        about=_text(row.get(cols.ABOUT)),
        about_id=_text(row.get(cols.ABOUT_ID)),
        about_label=_text(row.get(cols.ABOUT_LABEL)),
        author=_text(row.get(cols.AUTHOR)),
        noted=_text(row.get(cols.NOTED)),
        answered_by=_text(row.get(cols.ANSWERED_BY)),
        answered=_text(row.get(cols.ANSWERED)),
        photos=photos,
        key=_text(row.get(cols.KEY)),
        table=table,
        fid=fid if isinstance(fid, int) else None,
        twin_id=_text(twin_id) or None,
        geometry=geometry if isinstance(geometry, bytes) else None,
    )


def decided(item: Item, status: str, *, answer: str = "", by: str = "", at: datetime | None = None) -> Item:
    """``item`` in ``status``. Raises `NotDecided` where it cannot go there, or where a reason is asked for."""
    if status == item.status:
        return item
    if status not in item.moves:
        raise NotDecided(
            tr(
                "An item that is {now} cannot become {then}. Open it again first.",
                now=words.status_title(item.status).lower(),
                then=words.status_title(status).lower(),
            )
        )
    if status in words.NEEDS_ANSWER and not answer.strip():
        raise NotDecided(tr("Say why it is rejected: whoever noted it wants to know."))
    if status == words.OPEN:
        return replace(item, status=status, answered="", answered_by="", answer=answer.strip())
    moment = (at or datetime.now(timezone.utc)).astimezone(timezone.utc)
    return replace(
        item,
        status=status,
        answer=answer.strip() or item.answer,
        answered_by=by or item.answered_by,
        answered=moment.isoformat(timespec="seconds").replace("+00:00", "Z"),
    )


def columns_of(item: Item) -> dict[str, str | None]:
    """Its columns as the GeoPackage stores them, the geometry aside; what is empty is null."""
    values = {name: getattr(item, name) for name in cols.COLUMNS if name not in cols.PHOTOS}
    values.update(dict.fromkeys(cols.PHOTOS, ""))
    values.update(zip(cols.PHOTOS, item.photos))
    return {name: value or None for name, value in values.items()}


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else str(value) if isinstance(value, (int, float)) else ""
