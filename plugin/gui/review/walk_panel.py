"""The walk through a package: one task after the other, looked at with one key, and what is noted on the way."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import QgsGeometry, QgsPointXY
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QDate, QLocale, Qt, pyqtSignal
from qgis.PyQt.QtGui import QAction, QColor, QKeySequence
from qgis.PyQt.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ...map import tasks as running
from ...map.log import push_error
from ...map.review.book import ReviewBook
from ...review import manifest as man
from ...review.photo import ENDINGS, look, reduced
from ...review.photos import safe_name
from ...text import tr, trn
from ...twin.errors import CityTwinError
from ..dim import dimmed
from ..icons import icon
from ..status_line import ElidedLabel
from .on_map import ItemsOnMap
from .walk_note import NoteForm
from .walk_presenter import Subject, WalkPresenter

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

_FLASH = QColor(10, 147, 150)


class WalkPanel(QWidget):
    """Shown where the open project is a package. ``list_wanted()``: the notes made so far."""

    list_wanted = pyqtSignal()

    def __init__(
        self, iface: QgisInterface, book: ReviewBook, on_map: ItemsOnMap, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._iface, self._book, self._map = iface, book, on_map
        self.presenter = WalkPresenter(book)
        self._shown: int | None = None
        self.title = _label(bold=True)
        self.about = dimmed(_label())
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setMaximumHeight(8)
        self.count = ElidedLabel(dim=True)
        self.label = _label(bold=True)
        self.state = _label()
        self.why = _label()
        self.where = dimmed(_label())
        self.confirm_button = QPushButton(icon("review-accept"), tr("&Confirm"))
        self.confirm_button.setToolTip(tr("It is as the twin shows it; on to the next task (C)"))
        self.note_button = QPushButton(icon("mActionCapturePoint.svg"), tr("&Note Something…"))
        self.note_button.setToolTip(tr("Say what is wrong, missing or new, with photos (W)"))
        self.tick_button = QPushButton(tr("Looked &At"))
        self.tick_button.setToolTip(tr("Tick the task off without a note, or open it again (X)"))
        self.back_button = _tool("mActionArrowLeft.svg", tr("Previous Task (P)"))
        self.next_button = _tool("mActionArrowRight.svg", tr("Next Task (N)"))
        self.zoom_button = _tool("mActionZoomToSelected.svg", tr("Show the Task on the Map (Z)"))
        self.list_button = QPushButton()
        self.form = NoteForm()
        self._build()
        self._connect()

    def _build(self) -> None:
        head = QVBoxLayout()
        head.setContentsMargins(10, 8, 10, 4)
        head.setSpacing(4)
        head.addWidget(self.title)
        head.addWidget(self.about)
        head.addWidget(self.bar)
        head.addWidget(self.count)
        moves = QHBoxLayout()
        moves.setSpacing(2)
        moves.addWidget(self.state, 1)
        for button in (self.back_button, self.next_button, self.zoom_button):
            moves.addWidget(button)
        task = QWidget()
        column = QVBoxLayout(task)
        column.setContentsMargins(10, 4, 10, 8)
        column.setSpacing(6)
        column.addLayout(moves)
        for label in (self.label, self.where, self.why):
            column.addWidget(label)
        column.addSpacing(4)
        column.addWidget(self.confirm_button)
        column.addWidget(self.note_button)
        column.addWidget(self.tick_button)
        column.addStretch(1)
        column.addWidget(self.list_button, 0, Qt.AlignmentFlag.AlignLeft)
        self._task = task
        self._stack = QStackedWidget()
        self._stack.addWidget(task)
        self._stack.addWidget(self.form)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self._stack, 1)

    def _connect(self) -> None:
        for key, button in (
            ("C", self.confirm_button), ("W", self.note_button), ("X", self.tick_button), ("P", self.back_button),
            ("N", self.next_button), ("Z", self.zoom_button),
        ):  # fmt: skip
            action = QAction(self._task)
            action.setShortcut(QKeySequence(key))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            action.triggered.connect(lambda _checked=False, button=button: button.click())
            self._task.addAction(action)
        self.confirm_button.clicked.connect(lambda _checked=False: self._confirm())
        self.tick_button.clicked.connect(lambda _checked=False: self._tick())
        self.note_button.clicked.connect(lambda _checked=False: self.note())
        self.back_button.clicked.connect(lambda _checked=False: self._step(-1))
        self.next_button.clicked.connect(lambda _checked=False: self._step(1))
        self.zoom_button.clicked.connect(lambda _checked=False: self.zoom())
        self.list_button.clicked.connect(lambda _checked=False: self.list_wanted.emit())
        self.form.saved.connect(self._save)
        self.form.cancelled.connect(self._back)

    # -- what others may ask of it

    def look_at(self, path: str) -> None:
        """Walk through this package; "" through none."""
        self.presenter.look_at(path)
        self._say()

    def focus(self) -> None:
        """The keys of the walk work from here."""
        (self.confirm_button if self.confirm_button.isEnabled() else self.note_button).setFocus()

    def stop(self) -> None:
        """Leave nothing behind."""
        self.presenter.path = ""

    def summary(self) -> str:
        """For the status line."""
        return trn("{n} note so far", "{n} notes so far", len(self._book.notes(self.presenter.path)))

    def zoom(self) -> None:
        """Show the task on the map."""
        spot = self.presenter.spot()
        if spot is None:
            return
        shape, crs = spot
        found = self.presenter.feature()
        if found is not None:
            found[0].selectByIds([found[1].id()])
        self._map.zoom_to(shape.boundingBox(), crs)
        self._iface.mapCanvas().flashGeometries([shape], crs, _FLASH)

    def note(self) -> None:
        """Begin a note about what is looked at, or selected."""
        canvas = self._iface.mapCanvas()
        middle = QgsGeometry.fromPointXY(QgsPointXY(canvas.extent().center()))
        crs = canvas.mapSettings().destinationCrs()
        self.form.start(self.presenter.subjects(middle, crs))
        self._stack.setCurrentWidget(self.form)

    # -- what happens

    def _confirm(self) -> None:
        try:
            self.presenter.confirm()
        except CityTwinError as error:
            push_error(self._iface, error)
            return
        self._on()

    def _tick(self) -> None:
        task = self.presenter.current
        try:
            self.presenter.tick(task is not None and not task.done)
        except CityTwinError as error:
            push_error(self._iface, error)
            return
        if task is not None and not task.done:
            self._on()

    def _on(self) -> None:
        if self.presenter.next_open():
            self.zoom()
        self._book.refresh(self.presenter.path)
        self._say()

    def _step(self, by: int) -> None:
        self.presenter.step(by)
        self.zoom()
        self._say()

    def _save(self) -> None:
        subject = self.form.subject
        if subject is None:
            return
        if not self.form.photos:
            self._write(subject, ())
            return
        files, folder = list(self.form.photos), Path(self.presenter.path).parent
        self.form.setEnabled(False)
        running.run(
            tr("Copying photos"),
            lambda _progress: _taken(files, folder),
            done=lambda names: self._write(subject, names),
            failed=self._no_photos,
            parent=self,
        )

    def _no_photos(self, error: CityTwinError) -> None:
        if not sip.isdeleted(self):
            self.form.setEnabled(True)
            push_error(self._iface, error)

    def _write(self, subject: Subject, photos: tuple[str, ...]) -> None:
        if sip.isdeleted(self):
            return
        self.form.setEnabled(True)
        task = self.presenter.current
        try:
            self.presenter.note(subject, self.form.kind, self.form.text, photos)
            of_task = task is not None and bool(subject.id) and subject.id == task.feature
            if of_task or (task is not None and self.form.about.currentIndex() == 0 and subject.label == task.label):
                self.presenter.tick(True)
        except CityTwinError as error:
            push_error(self._iface, error)  # what was written stays in the form
            return
        self._back()
        self._book.refresh(self.presenter.path)

    def _back(self) -> None:
        self._stack.setCurrentWidget(self._task)
        self.focus()

    # -- what is shown

    def _say(self) -> None:
        presenter = self.presenter
        package, task = presenter.package, presenter.current
        self.title.setText(package.label if package else "")
        due = QDate.fromString(package.due[:10], Qt.DateFormat.ISODate) if package and package.due else QDate()
        day = QLocale().toString(due, QLocale.FormatType.ShortFormat) if due.isValid() else ""
        parts = [tr("For {name}", name=package.for_whom) if package and package.for_whom else ""]
        parts.append(tr("due {day}", day=day) if day else "")
        self.about.setText(" · ".join(part for part in parts if part))
        self.about.setVisible(bool(self.about.text()))
        total = len(presenter.tasks)
        self.bar.setRange(0, max(total, 1))
        self.bar.setValue(presenter.done)
        self.bar.setVisible(total > 0)
        self.count.setVisible(total > 0)
        done = trn("{done} of {n} task looked at", "{done} of {n} tasks looked at", total, done=presenter.done)
        self.count.say(done)
        there = task is not None
        self.label.setText(task.label or task.feature if task is not None else tr("No tasks in this package"))
        self.why.setText(
            task.why if task is not None else tr("Note what you see: choose a feature on the map, or a place.")
        )
        self.why.setVisible(bool(self.why.text()))
        found = presenter.feature()
        self.where.setText(found[0].name() if found is not None else "")
        named = found is not None and self.label.text().startswith(
            self.where.text()
        )  # by its layer, for want of a name
        self.where.setVisible(found is not None and not named)
        said = tr("Task {place} of {total}", place=presenter.place, total=total) if there else ""
        if task is not None and task.done:
            said = tr("{task}: looked at", task=said)
        self.state.setText(said)
        for widget in (self.back_button, self.next_button):
            widget.setEnabled(total > 1)
        self.zoom_button.setEnabled(there)
        self.confirm_button.setEnabled(there)
        self.confirm_button.setVisible(total > 0)
        self.tick_button.setVisible(total > 0)
        self.tick_button.setText(tr("Open &Again") if task is not None and task.done else tr("Looked &At"))
        notes = len(self._book.notes(presenter.path))
        self.list_button.setText(trn("{n} &Note So Far", "{n} &Notes So Far", notes))
        self.list_button.setVisible(notes > 0)


def _taken(files: list[Path], folder: Path) -> tuple[str, ...]:
    """Photos copied into the package, smaller and upright; their names relative to it. Raises `CityTwinError`."""
    place = folder / man.PHOTOS
    place.mkdir(exist_ok=True)
    names = []
    for file in files:
        look(file)
        name = safe_name(file.name, ENDINGS["JPEG"])
        target = place / name
        number = 1
        while target.exists():
            number += 1
            target = place / f"{Path(name).stem}-{number}{Path(name).suffix}"
        reduced(file, target)
        names.append(f"{man.PHOTOS}/{target.name}")
    return tuple(names)


def _label(bold: bool = False) -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    if bold:
        font = label.font()
        font.setBold(True)
        label.setFont(font)
    return label


def _tool(picture: str, text: str) -> QToolButton:
    button = QToolButton()
    button.setIcon(icon(picture))
    button.setAutoRaise(True)
    button.setToolTip(text)
    button.setAccessibleName(text)
    return button
