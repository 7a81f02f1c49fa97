"""A meeting about a pilot: planned on the left, on paper on the right. People are talked with, not scored."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from qgis.core import QgsApplication, QgsSettings
from qgis.PyQt.QtCore import QByteArray, QMarginsF, Qt, QTimer
from qgis.PyQt.QtGui import QCloseEvent, QKeyEvent, QKeySequence, QPageLayout, QPageSize, QPdfWriter
from qgis.PyQt.QtPrintSupport import QPrintDialog, QPrinter
from qgis.PyQt.QtWidgets import QDialog, QFileDialog, QHBoxLayout, QPushButton, QSplitter, QVBoxLayout, QWidget

from ...map.pilots import rules
from ...pilots.meeting import agenda
from ...pilots.record import Pilot
from ...text import tr
from ..icons import icon
from ..status_line import StatusLine
from .meeting_form import MeetingForm
from .meeting_page import MeetingPages, print_pages
from .meeting_view import MeetingView

_SETTING = "citytwin/meeting"
_SOON = 60  # ms: what is typed quickly is laid out once
_DOTS = 1200


class MeetingWindow(QDialog):
    """Not modal: the map is looked at meanwhile. Nothing of it is kept but where it stood."""

    def __init__(self, pilot: Pilot, today: date, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        proposed = agenda(pilot, today, rules.current())
        self.setWindowTitle(proposed.title)
        self.setWindowIcon(icon("pilots"))
        self.setWindowFlags(Qt.WindowType.Window | Qt.WindowType.WindowCloseButtonHint
                            | Qt.WindowType.WindowMinMaxButtonsHint)  # fmt: skip
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.form = MeetingForm(proposed)
        self.view = MeetingView()
        self.status = StatusLine()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON)
        self._soon.timeout.connect(self.show_pages)
        self.form.changed.connect(self._soon.start)
        self._lay_out()
        self._restore()
        self.show_pages()

    def _lay_out(self) -> None:
        self.print_button = QPushButton(icon("mActionFilePrint.svg"), tr("&Print…"))
        self.pdf_button = QPushButton(icon("mActionSaveAsPDF.svg"), tr("&Save as PDF…"))
        self.copy_button = QPushButton(icon("mActionEditCopy.svg"), tr("&Copy Text"))
        self.close_button = QPushButton(tr("Cl&ose"))
        self.print_button.setShortcut(QKeySequence(QKeySequence.StandardKey.Print))
        buttons = QHBoxLayout()
        buttons.setContentsMargins(8, 6, 8, 8)
        for button, call in (
            (self.print_button, self.print_it),
            (self.pdf_button, self.save_pdf),
            (self.copy_button, self.copy_text),
        ):
            button.setAutoDefault(False)
            button.clicked.connect(lambda _checked=False, call=call: call())
            buttons.addWidget(button)
        buttons.addStretch(1)
        self.close_button.setAutoDefault(False)
        self.close_button.clicked.connect(lambda _checked=False: self.reject())
        buttons.addWidget(self.close_button)
        left = QWidget()
        inside = QVBoxLayout(left)
        inside.setContentsMargins(8, 8, 4, 0)
        inside.addWidget(self.form)
        left.setMinimumWidth(300)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.addWidget(left)
        self.splitter.addWidget(self.view)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([340, 760])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.splitter, 1)
        layout.addLayout(buttons)
        layout.addWidget(self.status)

    def _restore(self) -> None:
        self.resize(1120, 780)
        settings = QgsSettings()
        geometry = settings.value(f"{_SETTING}/geometry", QByteArray(), type=QByteArray)
        if not geometry.isEmpty():
            self.restoreGeometry(geometry)
        state = settings.value(f"{_SETTING}/columns", QByteArray(), type=QByteArray)
        if not state.isEmpty():
            self.splitter.restoreState(state)

    def done(self, result: int) -> None:
        """Closed, by whatever button or key."""
        QgsSettings().setValue(f"{_SETTING}/geometry", self.saveGeometry())
        QgsSettings().setValue(f"{_SETTING}/columns", self.splitter.saveState())
        super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:
        """The window's own cross does as the Close button does."""
        self.reject()
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter belongs to the fields."""
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)

    # -- what the user does ------------------------------------------------------------------------------------------

    def show_pages(self) -> None:
        """The meeting as it is planned now, on paper."""
        self._soon.stop()
        found = self.form.agenda()
        known, room = self.form.known.isChecked(), self.form.room.isChecked()
        self.view.show_pages(MeetingPages(found, self.font(), known=known, room=room))
        for button in (self.print_button, self.pdf_button, self.copy_button):
            button.setEnabled(bool(found.topics))
        if not found.topics:
            self.status.say(tr("Tick at least one topic."), "limit")
        else:
            self.status.say(tr("Write down what was found as evidence in the pilot's form: that is where it counts."))

    def copy_text(self) -> None:
        """The agenda as text, for an invitation."""
        QgsApplication.clipboard().setText(self.form.agenda().text())
        self.status.say(tr("The agenda is on the clipboard."), "good")

    def print_it(self) -> None:
        """Ask for a printer, and print."""
        printer = QPrinter(QPrinter.PrinterMode.HighResolution)
        printer.setFullPage(True)
        printer.setDocName(self.windowTitle())
        dialog = QPrintDialog(printer, self)
        if dialog.exec():
            self._printed(self._print(printer), printer.printerName())
        dialog.deleteLater()

    def save_pdf(self) -> None:
        """Ask for a file, and write it."""
        folder = str(QgsSettings().value(f"{_SETTING}/folder", "", type=str)) or str(Path.home())
        start = str(Path(folder) / f"{_file_name(self.windowTitle())}.pdf")
        chosen, _ = QFileDialog.getSaveFileName(self, tr("Save Agenda"), start, tr("PDF files (*.pdf)"))
        if chosen:
            path = Path(chosen) if Path(chosen).suffix.lower() == ".pdf" else Path(f"{chosen}.pdf")
            QgsSettings().setValue(f"{_SETTING}/folder", str(path.parent))
            self.write_pdf(path)

    def write_pdf(self, path: Path) -> bool:
        """Write the agenda; whether it could be."""
        part = path.with_name(f"{path.name}.part")
        writer = QPdfWriter(str(part))
        writer.setResolution(_DOTS)
        portrait = QPageLayout.Orientation.Portrait
        writer.setPageLayout(QPageLayout(QPageSize(QPageSize.PageSizeId.A4), portrait, QMarginsF(0, 0, 0, 0)))
        writer.setTitle(self.windowTitle())
        written = self._print(writer)
        del writer  # it writes the end of the file when it goes
        try:
            if written:
                part.replace(path)
        except OSError:
            written = False
        finally:
            part.unlink(missing_ok=True)
        if written:
            self.status.say(tr("The agenda is in {file}.", file=path.name), "good")
        else:
            self.status.say(
                tr("{file} could not be written. Choose another place, or close the program that has it open.",
                   file=path.name), "bad")  # fmt: skip
        return written

    def _print(self, device: QPrinter | QPdfWriter) -> bool:
        known, room = self.form.known.isChecked(), self.form.room.isChecked()
        return print_pages(self.form.agenda(), self.font(), device, known=known, room=room)

    def _printed(self, done: bool, name: str) -> None:
        if done:
            self.status.say(tr("The agenda was sent to {printer}.", printer=name), "good")
        else:
            self.status.say(tr("{printer} could not be used. Choose another printer.", printer=name), "bad")


def _file_name(title: str) -> str:
    """A name without what file systems refuse."""
    plain = "".join(letter if letter.isalnum() or letter in " -_,." else " " for letter in title)
    return " ".join(plain.split())[:100] or tr("meeting")
