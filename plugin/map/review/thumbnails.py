"""Photos in small, read without trust: a file that only claims to be a photo shows nothing."""

from __future__ import annotations

from pathlib import Path

from qgis.PyQt.QtCore import QSize, Qt
from qgis.PyQt.QtGui import QImage, QImageReader

_KINDS = {b"jpeg", b"png", b"webp"}  # a drawing or a document can do more than be looked at
_MOST = 200_000_000  # pixels: beyond that it is no photo but a trap


def thumbnail(path: Path, wide: int, high: int) -> QImage | None:
    """The photo, upright, within ``wide`` × ``high`` pixels; None for what is none. Any thread."""
    reader = QImageReader(str(path))
    reader.setDecideFormatFromContent(True)
    reader.setAutoTransform(True)
    full = reader.size()
    if bytes(reader.format()) not in _KINDS or not full.isValid() or full.width() * full.height() > _MOST:
        return None
    side = max(wide, high)  # which way round it is seen is known afterwards
    if max(full.width(), full.height()) > side:  # JPEG is decoded in the size that is asked for
        reader.setScaledSize(full.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio).expandedTo(QSize(1, 1)))
    image = reader.read()
    if image.isNull():
        return None
    if image.width() > wide or image.height() > high:
        keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        image = image.scaled(wide, high, keep, smooth)
    return image
