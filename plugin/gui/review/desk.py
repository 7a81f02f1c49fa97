"""All that QGIS's window has for field reviews, put together: the page, decisions, the list, and the dialogs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import Qgis, QgsFeature, QgsProject, QgsSettings, QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QDate, QLocale, QObject, QUrl, pyqtSignal
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import QFileDialog

from ...map import tasks
from ...map.log import push, push_error
from ...map.project import ProjectCopies
from ...map.review import list_pdf, shown
from ...map.review.book import ReviewBook
from ...map.review.book_reading import Note
from ...review import vocabulary as words
from ...review.item import decided
from ...text import tr
from ...twin.errors import CityTwinError
from ..moments import dated
from ..one_dialog import OneDialog
from .answer_dialog import AnswerDialog, answered_by
from .deciding import Deciding
from .items_details import title_of
from .on_map import feature_of
from .page import ReviewPage
from .prepare_presenter import file_name

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

    from ...map.live.layers import LiveLayers

_FOLDER = "citytwin/review-list-folder"


class ReviewDesk(OneDialog):
    """One for the plugin's life. Whoever owns the window adds `page` to the dock, and calls `stop`.

    ``live`` are the layers whose sensors can go along. ``page_wanted()``: bring the page to the front;
    ``conflicts_wanted(path)``: those that a merge left; the others say what the page cannot do.
    """

    page_wanted = pyqtSignal()
    catalogue_wanted = pyqtSignal()
    open_wanted = pyqtSignal()
    conflicts_wanted = pyqtSignal(str)

    def __init__(
        self,
        iface: QgisInterface,
        copies: ProjectCopies,
        live: LiveLayers | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._iface, self._copies, self._live = iface, copies, live
        self._over = False
        self._came = ""  # the working copy into which a review was merged just now
        self.book = ReviewBook(copies, self)
        self.book.changed.connect(self._read)
        self._deciding = Deciding(self.book, copies, self)
        self.page = ReviewPage(iface, copies, self.book)
        page = self.page
        page.catalogue_wanted.connect(self.catalogue_wanted)
        page.open_wanted.connect(self.open_wanted)
        page.prepare_wanted.connect(self.prepare)
        page.merge_wanted.connect(self.merge)
        page.decide_wanted.connect(self.decide)
        page.edit_wanted.connect(self.edit)
        page.show_wanted.connect(self.show_layers)
        page.export_wanted.connect(self.export)

    # -- deciding

    def decide(self, path: str, keys: Sequence[str], status: str) -> None:
        """Give items another status; a rejection asks why."""
        wanted = set(keys)
        notes = [note for note in self.book.notes(path) if note.key in wanted]
        if not notes or self._raised():
            return
        if status != words.REJECTED:
            self._decide(path, notes, status, "", answered_by())
            return
        dialog = AnswerDialog(len(notes), title_of(notes[0]), self._iface.mainWindow())
        dialog.accepted.connect(lambda: self._rejected(path, [note.key for note in notes], dialog))
        dialog.rejected.connect(self._closed)
        self._open(dialog)

    def _rejected(self, path: str, keys: Sequence[str], dialog: AnswerDialog) -> None:
        """What was read meanwhile counts."""
        wanted = set(keys)
        notes = [note for note in self.book.notes(path) if note.key in wanted and note.item.status != words.REJECTED]

        def over(error: CityTwinError | None) -> None:
            if error is None:
                self._closed()
            else:
                dialog.open()  # as it was filled in

        self._decide(path, notes, words.REJECTED, dialog.answer, dialog.by, over)

    def _decide(
        self,
        path: str,
        notes: Sequence[Note],
        status: str,
        answer: str,
        by: str,
        over: Callable[[CityTwinError | None], None] = lambda _error: None,
    ) -> None:
        """``over`` is called once it is written, or could not be, which is told."""

        def tell(error: CityTwinError | None) -> None:
            if error is not None:
                push_error(self._iface, error)
            over(error)

        self._deciding.write(
            path, [note.item for note in notes], lambda item: decided(item, status, answer=answer, by=by), tell
        )

    def edit(self, path: str, key: str) -> None:
        """Accept an item, and open the form of the feature that it is about, in an edit session."""
        note = self.book.note(path, key)
        if note is None:
            return
        found = feature_of(path, note.item.about, note.item.about_id)
        if found is None:
            push(
                self._iface,
                tr("What it is about is not on the map: its layer is not in the project, or it was deleted."),
                Qgis.MessageLevel.Warning,
            )
            return
        layer, feature = found
        if note.item.status == words.OPEN:
            self._decide(
                path, [note], words.ACCEPTED, "", answered_by(),
                lambda error: None if error is not None else self._open_form(layer, feature),
            )  # fmt: skip
        else:
            self._open_form(layer, feature)

    def _open_form(self, layer: QgsVectorLayer, feature: QgsFeature) -> None:
        """In an edit session."""
        if sip.isdeleted(layer):
            return
        layer.selectByIds([feature.id()])
        if feature.hasGeometry():
            self.page.map.zoom_to(feature.geometry().boundingBox(), layer.crs())
        if not layer.isEditable() and not layer.readOnly():
            layer.startEditing()
        self._iface.setActiveLayer(layer)
        self._iface.openFeatureForm(layer, feature, False, False)

    def show_layers(self, path: str) -> None:
        """Add the review layers to the map."""
        copy = self.book.copy(path)
        tables = {note.item.table for note in self.book.notes(path)}
        if copy is not None:
            shown.add(copy, sorted(tables))

    # -- the list to print

    def export(self, path: str, keys: Sequence[str], target: Path | None = None) -> None:
        """Save a list of items as PDF, in the order of ``keys``; asks where to without ``target``."""
        by_key = {note.key: note for note in self.book.notes(path)}
        notes = [by_key[key] for key in keys if key in by_key]
        if target is None:
            folder = QgsSettings().value(_FOLDER, QgsProject.instance().homePath(), type=str)
            name = file_name(tr("Field review of {name}", name=Path(path).stem))
            proposed = str(Path(folder) / f"{name}.pdf")
            chosen, _ = QFileDialog.getSaveFileName(
                self._iface.mainWindow(), tr("Save the List as PDF"), proposed, tr("PDF (*.pdf)")
            )
            if not chosen:
                return
            target = Path(chosen)
            target = target if target.suffix.lower() == ".pdf" else target.with_name(f"{target.name}.pdf")
            QgsSettings().setValue(_FOLDER, str(target.parent))
        file, title = target, tr("Field review of {name}", name=Path(path).stem)
        times = {text: dated(text) for note in notes for text in (note.item.noted, note.item.answered)}
        today = str(QLocale().toString(QDate.currentDate(), QLocale.FormatType.LongFormat))
        tasks.run(
            tr("Writing {file}", file=file.name),
            lambda progress: list_pdf.write(file, notes, title, times, today, progress),
            done=lambda _pages: self._listed(file),
            failed=lambda error: push_error(self._iface, error),
            parent=self,
        )

    def _listed(self, file: Path) -> None:
        push(self._iface, tr("The list was saved as {file}.", file=file.name), Qgis.MessageLevel.Success)
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(file)))

    # -- out and home

    def prepare(self, path: str = "") -> None:
        """Ask what goes outside, and make the package."""
        # Late import: what draws backgrounds is loaded once somebody asks for it.
        from .prepare_dialog import PrepareDialog

        self.page_wanted.emit()
        path = path or self.page.path
        copy = self.book.copy(path)
        if copy is None or self._outside(path) or self._raised():
            return
        dialog = PrepareDialog(self._iface, copy, self.book, self._copies.writers, self._live, self._iface.mainWindow())
        dialog.finished.connect(lambda _result: self._closed())
        dialog.made.connect(lambda _packed: self.book.refresh(path))
        self._open(dialog)

    def merge(self, path: str = "") -> None:
        """Choose packages that came back, and merge them."""
        from .merge_dialog import MergeDialog

        self.page_wanted.emit()
        path = path or self.page.path
        if self.book.copy(path) is None or self._outside(path) or self._raised():
            return
        main = self._iface.mainWindow()
        dialog = MergeDialog(self._copies, self._iface.mapCanvas(), Path(path), main)
        dialog.resolve_wanted.connect(self.conflicts_wanted)
        dialog.written.connect(self._merged)
        dialog.finished.connect(lambda _result: self._closed())
        self._open(dialog)

    def _outside(self, path: str) -> bool:
        """Whether it is a package, which is told: packages are made and merged where the working copy is."""
        outside = self.book.contents(path).this is not None
        if outside:
            push(
                self._iface,
                tr("This project is a field review package itself. Open the working copy that it was made of first."),
                Qgis.MessageLevel.Warning,
            )
        return outside

    def _merged(self, path: str) -> None:
        """What came is listed, and shown on the map once it is read."""
        self._came = path
        self.book.refresh(path)

    def _read(self) -> None:
        path = self._came
        if path and self.book.notes(path) and not self.book.busy:
            self._came = ""
            self.show_layers(path)

    def stop(self) -> None:
        """At unload: close what is open, and leave nothing behind. The page ends with its dock. Ending twice does
        no harm."""
        if self._over:
            return
        self._over = True
        if self.dialog is not None:
            stop = getattr(self.dialog, "stop", None)
            if stop is not None:
                stop()
            self.dialog.done(0)
        self.book.stop()
