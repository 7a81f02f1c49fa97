"""Looking on the twin for a feature of ours that it may have created without saying so."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from ..twin.crs import CrsChoice
from ..twin.features import pages
from ..twin.model import Collection, Extent, Item
from ..twin.session import Session
from . import settle
from .columns import GEOMETRY, Stored
from .geometry import box_of
from .source import Source

_LOOKS = (0.0, 0.5, 1.5)  # seconds before each look for what may be late


def strangers(
    session: Session,
    collection: Collection,
    choice: CrsChoice,
    source: Source,
    sent: Mapping[str, Stored],
    knows: Callable[[str, str], bool],
    *,
    item_etags: bool,
    patient: bool,
) -> tuple[list[Item], list[Item]] | None:
    """Of the items that the file does not know (``knows``: table, twin_id) those that are what was ``sent``, and those
    that lie in its very place; None where there is no place to look at. Raises `TwinError`."""
    blob = sent.get(GEOMETRY)
    box = box_of(blob) if isinstance(blob, bytes) else None
    if box is None:
        return None
    margin = 1e-5 if source.srid == 4326 else 1.0  # a metre: servers round
    around = (box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin)
    for pause in _LOOKS:
        time.sleep(pause)
        incoming = pages(session, collection, choice=choice, extent=around, limit=1000, item_etags=item_etags)
        there = [item for page in incoming for item in page.items]
        strange = [item for item in there if item.id is not None and not knows(source.table, item.id)]
        found = [item for item in strange if _is_what_was_sent(source, sent, item)]
        if found or not patient:
            break
    return found, [item for item in strange if _lies_there(source, item, box, margin)]


def _is_what_was_sent(source: Source, sent: Mapping[str, Stored], item: Item) -> bool:
    """Whether an item may be the create: what was left empty the twin may have filled in, a default or a sum."""
    other = settle.unlike(source, sent, settle.values_of(source, item), rounded=True)
    return all(sent.get(name) is None for name in other)


def _lies_there(source: Source, item: Item, box: Extent, margin: float) -> bool:
    blob = settle.values_of(source, item).get(GEOMETRY)
    theirs = box_of(blob) if isinstance(blob, bytes) else None
    return theirs is not None and all(abs(a - b) <= margin for a, b in zip(theirs, box))
