"""The board's exports as the window offers them: asking where to, and telling how it went."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import QgsApplication, QgsSettings
from qgis.PyQt.QtCore import QObject
from qgis.PyQt.QtGui import QFont, QImage
from qgis.PyQt.QtWidgets import QFileDialog

from ...map import tasks
from ...text import tr
from ...twin.errors import CityTwinError
from . import board_export
from .board_export import CSV, PDF, PNG, SVG
from .board_sheet import BOARD, TIMELINE, Sheets

if TYPE_CHECKING:
    from .board_window import BoardWindow

_FOLDER = "citytwin/board/folder"


class BoardSaving(QObject):
    """Copies and saves what the window shows."""

    def __init__(self, window: BoardWindow) -> None:
        super().__init__(window)
        self._window = window

    def copy(self) -> None:
        """The part in front as a picture, on white, with its legend."""
        window = self._window
        content, what, font = window.content(), window.what(), QFont(window.font())

        def done(image: QImage) -> None:
            QgsApplication.clipboard().setImage(image)
            window.status.say(tr("The picture is on the clipboard."), "good")

        def failed(error: CityTwinError) -> None:
            window.status.say(error.message, "bad")

        text = tr("Drawing the picture…")
        window.status.say(text, "busy")
        tasks.run(
            text,
            lambda _progress: board_export.picture(Sheets(content, font).picture(what)),
            done=done,
            failed=failed,
            parent=window,
        )

    def save(self, ending: str) -> None:
        """Ask for a file of that kind, and write it."""
        path = self._ask(ending)
        if path is not None:
            self.write(path)

    def write(self, path: Path) -> None:
        """Write what is shown; what kind of file says the ending."""
        window = self._window

        def done() -> None:
            window.status.say(tr("The board is in {file}.", file=path.name), "good")

        def failed(error: CityTwinError) -> None:
            window.status.say(error.message, "bad")

        window.status.say(tr("Writing {file}", file=path.name), "busy")
        board_export.save(window.content(), path, window.what(), window.font(), done, failed, window)

    def _ask(self, ending: str) -> Path | None:
        what = self._window.what()
        part = tr("board") if what == BOARD else tr("timeline") if what == TIMELINE else tr("conditions")
        today = self._window.presenter.today.isoformat()
        whole = ending in (PDF, CSV)
        name = tr("pilot portfolio {day}", day=today) if whole else tr("pilots {part} {day}", part=part, day=today)
        kinds = {
            PDF: tr("PDF files (*.pdf)"),
            SVG: tr("SVG drawings (*.svg)"),
            PNG: tr("PNG images (*.png)"),
            CSV: tr("CSV files (*.csv)"),
        }
        folder = str(QgsSettings().value(_FOLDER, "", type=str)) or str(Path.home())
        start = str(Path(folder) / f"{name}{ending}")
        chosen, _ = QFileDialog.getSaveFileName(self._window, tr("Save Board"), start, kinds[ending])
        if not chosen:
            return None
        path = Path(chosen) if Path(chosen).suffix.lower() == ending else Path(f"{chosen}{ending}")
        QgsSettings().setValue(_FOLDER, str(path.parent))
        return path
