"""What a photo tells of itself, in words: when it was taken, from where, and looking which way."""

from __future__ import annotations

from qgis.PyQt.QtCore import QDateTime, QLocale, Qt

from ...review.photo import Photo
from ...text import tr


def told(photo: Photo) -> str:
    """ "Taken 23-11-2026 09:15, at 4.47952, 51.91703, looking north-west"; empty where the camera said nothing."""
    parts = []
    when = QDateTime.fromString(photo.taken, Qt.DateFormat.ISODate)
    if when.isValid():
        shown = QLocale().toString(when.toLocalTime(), QLocale.FormatType.ShortFormat)
        parts.append(tr("taken {when}", when=shown))
    if photo.lon is not None and photo.lat is not None:
        parts.append(tr("at {lon}, {lat}", lon=f"{photo.lon:.5f}", lat=f"{photo.lat:.5f}"))
    if photo.direction is not None:
        parts.append(tr("looking {direction}", direction=compass(photo.direction)))
    text = ", ".join(parts)
    return text[:1].upper() + text[1:]


def compass(degrees: float) -> str:
    """One of eight directions, from degrees clockwise from north."""
    names = (
        tr("north"), tr("north-east"), tr("east"), tr("south-east"),
        tr("south"), tr("south-west"), tr("west"), tr("north-west"),
    )  # fmt: skip
    return names[round(degrees / 45) % 8]
