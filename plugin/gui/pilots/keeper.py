"""Writing pilots for the window: what could not be written is told, and stays where it was filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.core import Qgis
from qgis.PyQt.QtCore import QObject, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QMessageBox, QWidget

from ...map.log import push, push_error
from ...map.pilots import writing
from ...map.pilots.book import PilotBook
from ...pilots import checks
from ...pilots.problems import Problem
from ...pilots.record import Pilot
from ...text import tr
from ...twin.errors import CityTwinError

if TYPE_CHECKING:
    from qgis.gui import QgisInterface


class PilotKeeper(QObject):
    """``kept(path, key)``: a pilot was written, into the file or into an open edit session."""

    kept = pyqtSignal(str, str)

    def __init__(self, iface: QgisInterface, book: PilotBook, parent: QObject) -> None:
        super().__init__(parent)
        self._iface, self._book = iface, book

    def read_only(self, path: str, new: bool) -> str:
        """A sentence why a pilot (``new``: another one) cannot be written; "" where it can."""
        source = self._book.source(path)
        if source is not None and not source.methods & ({"POST"} if new else {"PUT", "PATCH"}):
            return tr("The twin takes no changes of pilots, so nothing can be changed here.")
        layer = self._book.layer(path)
        if layer is None:
            return tr("The layer of pilots is not in the project, so nothing can be changed here. Add it first.")
        return ""

    def save(self, path: str, pilot: Pilot, over: QWidget | None = None) -> int | None:
        """The row number; None where it could not be written, which was told then (``over`` a window)."""
        layer, source = self._book.layer(path), self._book.source(path)
        before = self._book.record(path, pilot.key)
        try:
            if layer is None or source is None:
                raise writing.NotWritten(
                    tr("The layer of pilots is no longer in the project. Add it again, then save once more.")
                )
            session = layer.isEditable()
            fid = writing.save(layer, self._book.mapping(path), pilot, source)
        except CityTwinError as error:
            self._tell(error, over)
            return None
        self.kept.emit(path, pilot.key if pilot.fid is not None else f"fid:{fid}")
        if before is None or before.pilot != pilot:
            self._say_saved(pilot, session)
        return fid

    def _say_saved(self, pilot: Pilot, session: bool) -> None:
        if session:
            text = tr(
                "“{name}” was changed in the open edit session: save the layer’s edits to keep it.", name=pilot.label
            )
        else:
            text = tr("“{name}” was saved in the working copy. Publish it from the Changes page.", name=pilot.label)
        push(self._iface, text, Qgis.MessageLevel.Success)

    def _tell(self, error: CityTwinError, over: QWidget | None) -> None:
        if over is None:
            push_error(self._iface, error)
            return
        box = QMessageBox(self._iface.mainWindow())
        box.setIcon(QMessageBox.Icon.Warning)
        box.setWindowTitle(tr("Pilot Not Saved"))
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(error.message)
        box.setInformativeText(tr("What you filled in is still there."))
        box.addButton(tr("Back to the Form"), QMessageBox.ButtonRole.AcceptRole)
        box.exec()
        box.deleteLater()

    def fix(self, path: str, key: str, problem: Problem) -> None:
        """Mend a problem of a pilot as it is now."""
        record = self._book.record(path, key)
        if record is None:
            return
        try:
            mended = checks.mended(record.pilot, problem)
        except CityTwinError as error:
            push_error(self._iface, error)
            return
        self.save(path, mended)

    def remove(self, path: str, pilot: Pilot) -> None:
        """Delete a pilot."""
        layer = self._book.layer(path)
        try:
            if layer is not None:
                writing.remove(layer, pilot)
        except CityTwinError as error:
            push_error(self._iface, error)
