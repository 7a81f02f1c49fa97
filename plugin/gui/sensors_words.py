"""What the Sensors page says about observed properties and datastreams."""

from __future__ import annotations

from collections.abc import Mapping

from qgis.PyQt.QtCore import QDate, QDateTime, QLocale

from ..map.live.status import FeedStatus
from ..sensors import coverage, freshness, words
from ..sensors.state import Latest
from ..text import number, tr, trn
from .sensors_rows import Group, Row, beside, title


def counts(by_freshness: Mapping[str, int]) -> str:
    """How many are how fresh: “612 live · 40 late · 3 silent”."""
    parts = []
    for word in (freshness.LIVE, freshness.LATE, freshness.SILENT, freshness.NONE):
        n = by_freshness.get(word, 0)
        if n:
            parts.append(_count(word, n))
    return " · ".join(parts)


def _count(word: str, n: int) -> str:
    shown = number(n)
    if word == freshness.LIVE:
        return trn("{count} live", "{count} live", n, count=shown)
    if word == freshness.LATE:
        return trn("{count} late", "{count} late", n, count=shown)
    if word == freshness.SILENT:
        return trn("{count} silent", "{count} silent", n, count=shown)
    return trn("{count} empty", "{count} empty", n, count=shown)


def datastreams(n: int) -> str:
    return trn("{count} datastream", "{count} datastreams", n, count=number(n))


def units(group: Group) -> str:
    """The units in use, the most frequent first."""
    known = [unit for unit, _ in group.units.most_common() if unit]
    return ", ".join(known[:2]) + (" …" if len(known) > 2 else "")


def when(seconds: float | None, now: float) -> str:
    """How long ago, short enough for a row; "" where there is nothing."""
    if seconds is None:
        return ""
    past = max(0, int(now - seconds))
    if past < 60:
        return trn("{n} s ago", "{n} s ago", past)
    if past < 3600:
        return trn("{n} min ago", "{n} min ago", past // 60)
    if past < 2 * 86400:
        return trn("{n} h ago", "{n} h ago", past // 3600)
    return trn("{n} day ago", "{n} days ago", past // 86400)


def age(latest: Latest | None, now: float) -> str:
    """As `when`, of a datastream's latest value."""
    if latest is None or latest.time is None:
        return ""
    return tr("time ahead") if latest.ahead else when(latest.time, now)


def value(latest: Latest | None) -> str:
    """The value with its unit, or a short word for why there is none."""
    if latest is None:
        return "…"
    if latest.kind == "none":
        return "–"
    if latest.kind in ("null", "sentinel"):
        return tr("nothing measured")
    if latest.kind == "clamped":
        return tr("beyond range")
    return " ".join(words.value(latest).split())


def group_tip(group: Group, now: float) -> str:
    """All about an observed property, for its tool tip."""
    lines = [group.name, datastreams(len(group.shown))]
    if units(group):
        lines.append(tr("Unit: {units}", units=units(group)))
    if counts(group.by_freshness):
        lines.append(counts(group.by_freshness))
    if group.latest is not None:
        lines.append(tr("Latest value: {age}", age=when(group.latest, now)))
    if group.observed.description:
        lines.append(group.observed.description)
    return "\n".join(lines)


def row_tip(row: Row, now: float) -> str:
    """All about a datastream, for its tool tip."""
    stream = row.stream
    lines = [title(stream)]
    if beside(stream):
        lines.append(beside(stream))
    if row.latest is not None:
        said = words.value(row.latest)
        lines.append(" · ".join(part for part in (said, words.age(row.latest, now)) if part))
        if row.latest.time is not None:
            lines.append(words.how_fresh(row.latest.freshness))
    if stream.description and stream.description not in lines:
        lines.append(stream.description)
    lines += stream.problems
    return "\n".join(lines)


def row_read(row: Row, now: float) -> str:
    """For a screen reader."""
    latest = row.latest
    parts = [title(row.stream), beside(row.stream)]
    if latest is not None:
        parts += [words.value(latest), words.age(latest, now), words.how_fresh(latest.freshness)]
    return ", ".join(dict.fromkeys(part for part in parts if part))


def group_read(group: Group, now: float) -> str:
    """For a screen reader."""
    parts = [
        group.name,
        datastreams(len(group.shown)),
        units(group),
        counts(group.by_freshness),
        when(group.latest, now),
    ]
    return ", ".join(part for part in parts if part)


def clock(seconds: float) -> str:
    """A time in seconds since 1970 UTC: the hour and minute where it is today, else with the date."""
    when = QDateTime.fromSecsSinceEpoch(int(seconds))
    if when.date() == QDate.currentDate():
        return str(when.time().toString("HH:mm"))
    return str(QLocale().toString(when, QLocale.FormatType.ShortFormat))


def in_short(status: FeedStatus) -> str:
    """For a status line that is narrow: by push or not, how many messages, since when; the sentence where there is more
    to say than that."""
    if status.phase == coverage.LIVE:
        rate = number(status.rate, ",.0f" if status.rate >= 10 or not status.rate else ",.1f")
        return tr("Push since {time} · {rate} messages/s", rate=rate, time=clock(status.since))
    if status.phase == coverage.POLLING and status.kind != "bad":
        return tr("Polling since {time}, no push", time=clock(status.since))
    if status.phase == coverage.INTERRUPTED:
        return tr("The broker is away; trying again")
    return status.sentence
