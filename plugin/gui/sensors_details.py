"""What the details of the Sensors page's status line list."""

from __future__ import annotations

from collections.abc import Iterable

from ..map.live.feed import Feed
from ..sensors.live import Live
from ..text import tr, trn
from . import sensors_words as words
from .sensors_loader import Found
from .sensors_rows import Row, title
from .sensors_status import Section

_TOLD = 100  # problems of single sensors that are spelt out


def sections(
    status: str, found: Found | None, read: float, feed: Feed | None, live: Live, remarks: Iterable[str],
    rows: Iterable[Row],
) -> tuple[Section, ...]:  # fmt: skip
    """``status`` is the line itself, ``read`` when the list was read (seconds since 1970 UTC, 0: not yet), ``live`` the
    page's own."""
    running = feed is not None and feed.status.phase != ""
    about = [status]
    if feed is not None and running:
        about = [feed.status.sentence, tr("Since {time}.", time=words.clock(feed.status.since))]
    if found is not None:
        about.append(tr("Service: {url}", url=found.service.url))
    if read:
        about.append(tr("The list of sensors was read at {time}.", time=words.clock(read)))
    faults = list(feed.status.faults) if feed is not None else []
    faults += [fault.sentence() for fault in live.faults.list()]
    single = _problems(rows)
    # a layer and the list are read each for themselves, and hear the same
    told = dict.fromkeys(fault for fault in faults if fault not in single)
    return (
        (tr("Connection"), about),
        (tr("What Could Not Be Used"), tuple(told)),
        (tr("Remarks"), tuple(remark for remark in remarks if remark not in told)),
        (tr("Single Sensors"), single),
    )


def _problems(rows: Iterable[Row]) -> list[str]:
    wrong = [
        tr("{name}: {problem}", name=row.stream.name or title(row.stream), problem=problem)
        for row in rows
        for problem in row.stream.problems
    ]
    left = len(wrong) - _TOLD
    if left > 0:
        wrong = [*wrong[:_TOLD], trn("And {n} more.", "And {n} more.", left)]
    return wrong
