"""The photos of an item side by side: small, read in the background, opened by a click in the user's own viewer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qgis.PyQt import sip
from qgis.PyQt.QtCore import QSize, Qt, QUrl
from qgis.PyQt.QtGui import QDesktopServices, QIcon, QImage, QPixmap
from qgis.PyQt.QtWidgets import QHBoxLayout, QToolButton, QWidget

from ...map import tasks
from ...map.review.thumbnails import thumbnail
from ...review.photo import Photo, look
from ...review.photos import is_address, place_of
from ...text import tr
from ...twin.errors import CityTwinError
from ..icons import icon
from ..tool_tip import tool_tip
from .photo_words import told

_SIZE = QSize(104, 78)
_DEEP = 2  # thumbnails are sharp on displays of twice the dots
_DOTS = (_DEEP * 104, _DEEP * 78)


class PhotoStrip(QWidget):
    """``folder``: the one beside which relative names lie. Nothing is fetched from the web: addresses are opened."""

    def __init__(self, folder: Path, photos: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 2, 0, 2)
        row.setSpacing(6)
        self.buttons: list[QToolButton] = []
        self._openers: dict[int, str] = {}
        files: list[tuple[int, Path]] = []
        for name in photos:
            button = QToolButton()
            button.setAutoRaise(True)
            button.setIconSize(_SIZE)
            button.setFixedSize(_SIZE + QSize(6, 6))
            place = None if is_address(name) else place_of(folder, name)
            if is_address(name):
                _plain(button, icon("mActionOpenTableVisible.svg"), tr("On the web"))
                button.setToolTip(tool_tip(tr("Open {address}", address=name)))
                button.clicked.connect(lambda _checked=False, name=name: QDesktopServices.openUrl(QUrl(name)))
            elif place is None or not place.is_file():
                _plain(button, icon("mIconWarning.svg"), tr("Not there"))
                button.setToolTip(tool_tip(tr("{file} is not there.", file=name)))
                button.setEnabled(False)
            else:
                files.append((len(self.buttons), place))
                self._openers[len(self.buttons)] = tr("Open {file}", file=place.name)
                button.setToolTip(tool_tip(self._openers[len(self.buttons)]))
                button.setEnabled(False)  # until it has turned out to be a photo
                url = QUrl.fromLocalFile(str(place))
                button.clicked.connect(lambda _checked=False, url=url: QDesktopServices.openUrl(url))
            button.setAccessibleName(tr("Photo {file}", file=name.rsplit("/", 1)[-1]))
            self.buttons.append(button)
            row.addWidget(button)
        row.addStretch(1)
        self.ready = not files
        if files:
            tasks.run(
                tr("Reading photos"),
                lambda _progress: [(at, thumbnail(path, *_DOTS), _look(path)) for at, path in files],
                done=self._came,
                failed=lambda _error: self._came([]),
                parent=self,
                hidden=True,
            )

    def _came(self, found: list[tuple[int, QImage | None, Photo | None]]) -> None:
        if sip.isdeleted(self):
            return
        self.ready = True
        for at, image, photo in found:
            button = self.buttons[at]
            if image is None:
                _plain(button, icon("mIconWarning.svg"), tr("No photo"))
                button.setToolTip(tr("This file is no photo that can be shown."))
                continue
            pixmap = QPixmap.fromImage(image)
            pixmap.setDevicePixelRatio(_DEEP)
            button.setIcon(QIcon(pixmap))
            button.setEnabled(True)
            words = told(photo) if photo is not None else ""
            if words:
                button.setToolTip(tool_tip(f"{words}.\n{self._openers[at]}"))


def _look(path: Path) -> Photo | None:
    """What the photo tells of itself; None for one that GDAL cannot read."""
    try:
        return look(path)
    except CityTwinError:
        return None


def _plain(button: QToolButton, sign: QIcon, text: str) -> None:
    button.setIcon(sign)
    button.setIconSize(QSize(24, 24))
    button.setText(text)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
