"""The form with which a coordinator describes a pilot. It writes nothing: who opened it takes `pilot` and saves it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from qgis.gui import QgsGui
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QCloseEvent, QKeyEvent
from qgis.PyQt.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QMessageBox,
    QPushButton,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ...map.pilots.links import LinkSource
from ...pilots import schema as cols
from ...pilots import vocabulary as words
from ...pilots.checks import Surroundings
from ...pilots.mapping import OURS, PilotMapping
from ...pilots.problems import Problem
from ...pilots.record import Pilot
from ...text import tr
from ...twin.errors import CityTwinError
from ..icons import icon
from ..notice import Notice
from ..status_line import ElidedLabel
from .assessment_page import AssessmentPage
from .dialog_presenter import DialogPresenter
from .form_general import GeneralPage
from .form_header import FormHeader
from .form_list import PageList
from .form_pages import DATA, GENERAL, HEADER, HISTORY, PAGES, PLATFORM, page_of
from .form_platform import PlatformPage
from .form_problems import ProblemsView, counted
from .history_page import HistoryPage
from .links_page import LinksPage

_WIDE, _HIGH = 940, 660  # with a window's frame, on a screen of 1280 × 720


class PilotDialog(QDialog):
    """Can be opened with `open` or `show` beside the map. After ``accepted``, `pilot` is the pilot as described; where
    saving it fails, `show` it again: nothing is lost. ``located(Problem)``: a problem of the outline was clicked.

    ``columns``: those of ours that the layer has; ``read_only``: a sentence why nothing can be changed.
    """

    located = pyqtSignal(object)

    def __init__(
        self,
        pilot: Pilot,
        around: Surroundings,
        today: date,
        *,
        links: LinkSource | None = None,
        mapping: PilotMapping = OURS,
        columns: Collection[str] | None = None,
        read_only: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("CityTwinPilotDialog")
        self.setWindowIcon(icon("pilots"))
        self.setSizeGripEnabled(True)
        self.presenter = DialogPresenter(
            pilot, around, today, mapping=mapping, columns=columns, read_only=read_only, parent=self
        )
        self._links = links or LinkSource()
        self._build()
        self.presenter.changed.connect(lambda _column: self._name())
        self.presenter.problems_changed.connect(self._tell)
        self._name()
        self._tell()
        self.resize(_WIDE, _HIGH)
        QgsGui.enableAutoGeometryRestore(self)
        # a dialog marks the text of the field that it begins in: an old title would be typed over by a slip
        (self.header.title if self.presenter.is_new and not read_only else self.list).setFocus()

    def pilot(self) -> Pilot:
        """The pilot as it is described now."""
        return self.presenter.pilot

    def renew(self, now: Pilot, around: Surroundings | None = None) -> None:
        """Somebody else changed the pilot meanwhile: show it, and keep what was filled in here."""
        clashes = self.presenter.renew(now, around)
        if clashes is None:
            return
        if clashes:
            columns = ", ".join(cols.title(column) for column in clashes)
            self.notice.say(
                tr(
                    "Somebody else changed this pilot meanwhile. What you wrote stays in the form; with OK it replaces "
                    "theirs in: {columns}.",
                    columns=columns,
                )
            )
        else:
            self.notice.say(
                tr("Somebody else changed this pilot meanwhile. The form shows it, with your edits."), "good"
            )

    # -- making

    def _build(self) -> None:
        one = self.presenter
        self.header = FormHeader(one)
        self.pages: dict[str, QWidget] = {
            GENERAL: GeneralPage(one),
            DATA: LinksPage(one, self._links),
            **{name: AssessmentPage(one, name) for name in words.CONDITIONS},
            PLATFORM: PlatformPage(one),
            HISTORY: HistoryPage(one),
        }
        self.list = PageList()
        self.stack = QStackedWidget()
        for name in PAGES:
            self.stack.addWidget(_scrolled(self.pages[name]))
        self.list.currentRowChanged.connect(self.stack.setCurrentIndex)
        self.list.setCurrentRow(0)
        middle = QWidget()
        row = QHBoxLayout(middle)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(self.list)
        row.addWidget(self.stack, 1)
        self.problems = ProblemsView(not one.read_only)
        self.problems.chosen.connect(self.lead_to)
        self.problems.wanted.connect(self._fix, Qt.ConnectionType.QueuedConnection)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.addWidget(middle)
        self.splitter.addWidget(self.problems)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setStretchFactor(1, 0)
        self.splitter.setCollapsible(0, False)
        self.splitter.setSizes([_HIGH - 250, 96])
        self.notice = Notice()
        self.status = ElidedLabel()
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addWidget(self.header)
        layout.addWidget(self.splitter, 1)
        layout.addWidget(self.notice)
        foot = QHBoxLayout()
        foot.addWidget(self.status, 1)
        foot.addWidget(self._buttons())
        layout.addLayout(foot)

    def _buttons(self) -> QDialogButtonBox:
        if self.presenter.read_only:
            self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
            self.buttons.button(QDialogButtonBox.StandardButton.Close).setText(tr("Close"))
        else:
            standard = QDialogButtonBox.StandardButton
            self.buttons = QDialogButtonBox(standard.Ok | standard.Cancel)
            # Qt has not all of QGIS's languages
            self.buttons.button(standard.Cancel).setText(tr("Cancel"))
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        for button in self.buttons.buttons():
            if isinstance(button, QPushButton):
                button.setAutoDefault(False)
        return self.buttons

    # -- what the user does

    def lead_to(self, problem: Problem) -> None:
        """To the page and the field that a problem is about; one of the outline is for the map."""
        page = page_of(problem.column)
        if not page:
            self.located.emit(problem)
            self.notice.say(problem.advice, "limit")
            return
        owner: QWidget = self.header
        if page != HEADER:
            self.list.setCurrentRow(PAGES.index(page))
            owner = self.pages[page]
        field = owner.field(problem.column)
        if field is not None:
            field.setFocus(Qt.FocusReason.OtherFocusReason)
            if page != HEADER:
                self.stack.currentWidget().ensureWidgetVisible(field)

    def accept(self) -> None:
        """Take it as it is. What is wrong with it is no reason to lose what was written."""
        self._finish_typing()
        left = self._unfinished()
        if left:
            self.notice.say(left)
            return
        super().accept()

    def reject(self) -> None:
        """Ask first where something would be lost."""
        self._finish_typing()
        if not self.presenter.read_only and self._may_lose() and not self._may_discard():
            return
        super().reject()

    def done(self, result: int) -> None:
        """Whatever it comes to, nothing is checked behind a closed window."""
        self.presenter.stop()
        super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:
        """The window's own button is Cancel."""
        if self.isVisible():
            self.reject()
            if self.isVisible():
                event.ignore()
                return
        super().closeEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter is for the fields; with Ctrl it is OK. Ctrl with Page Up and Page Down turns the pages."""
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if control and not self.presenter.read_only:
                self.accept()
            return
        if control and event.key() in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            step = 1 if event.key() == Qt.Key.Key_PageDown else -1
            self.list.setCurrentRow((self.list.currentRow() + step) % self.list.count())
            return
        super().keyPressEvent(event)

    def _finish_typing(self) -> None:
        """What is still being typed in a cell or a line is meant, too."""
        self.buttons.buttons()[0].setFocus()
        for page in self.pages.values():
            if isinstance(page, (GeneralPage, AssessmentPage)):
                page.finish()

    def _unfinished(self) -> str:
        history = self.pages[HISTORY]
        note = history.note.unfinished() if isinstance(history, HistoryPage) else ""
        return self.header.panel.unfinished() or note

    def _may_lose(self) -> bool:
        return self.presenter.dirty or bool(self._unfinished())

    def _may_discard(self) -> bool:
        box = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setWindowTitle(tr("Discard Changes"))
        box.setTextFormat(Qt.TextFormat.PlainText)
        if self.presenter.is_new:
            box.setText(tr("Discard the new pilot?"))
            box.setInformativeText(tr("Its area and all that you filled in are lost."))
        else:
            box.setText(tr("Discard what you changed in “{name}”?", name=self.presenter.pilot.label))
            box.setInformativeText(tr("The pilot stays as it was when you opened the form."))
        yes = box.addButton(tr("Discard"), QMessageBox.ButtonRole.DestructiveRole)
        no = box.addButton(tr("Go On Editing"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(no)
        box.setEscapeButton(no)
        box.exec()
        return box.clickedButton() is yes

    def _fix(self, problem: Problem) -> None:
        try:
            self.presenter.fix(problem)
        except CityTwinError as error:
            self.notice.say(str(error), "bad")
            return
        drawn = problem.fix is not None and problem.fix.geometry
        self.notice.say(tr("The area is another now. The map shows it once you press OK.") if drawn else "", "good")

    # -- showing

    def showEvent(self, event: object) -> None:
        """Also again, after saving it failed."""
        super().showEvent(event)
        self.presenter.start()

    def _name(self) -> None:
        name = self.presenter.pilot.name or tr("New Pilot")
        self.setWindowTitle(tr("Pilot: {name}", name=name))

    def _tell(self) -> None:
        found = self.presenter.problems()
        self.problems.show_problems(found)
        self.list.tell(found)
        errors = sum(problem.severity == "error" for problem in found)
        if self.presenter.read_only or not errors:
            self.status.say(counted(found))
        else:
            self.status.say(tr("{counts}. OK keeps all of it; publishing will complain.", counts=counted(found)))


def _scrolled(page: QWidget) -> QScrollArea:
    """A page in less room than it would like."""
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setWidget(page)
    return area
