"""The dialog that prepares a field review: what goes outside, for whom, and the making of the package."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qgis.core import Qgis
from qgis.gui import QgsGui
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QTimer, QUrl, pyqtSignal
from qgis.PyQt.QtGui import QCloseEvent, QDesktopServices
from qgis.PyQt.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from ...map import tasks
from ...map.log import push, push_error
from ...map.review.background import Estimate
from ...map.review.book import ReviewBook
from ...map.review.packaging import Packed
from ...map.writers import Writers
from ...text import number, tr, trn
from ...twin.errors import CityTwinError
from ...workcopy.copy import WorkingCopy
from ..edit_sessions import EditSessions
from ..icons import icon
from ..status_line import StatusLine
from .prepare_form import PrepareForm
from .prepare_presenter import PreparePresenter

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

    from ...map.live.layers import LiveLayers

_SETTLE = 250  # ms without a change, before the background is measured


class PrepareDialog(QDialog):
    """Does not lock QGIS: the area can be drawn meanwhile. ``made(Packed)``: the package is there."""

    made = pyqtSignal(object)

    def __init__(
        self,
        iface: QgisInterface,
        copy: WorkingCopy,
        book: ReviewBook,
        writers: Writers,
        live: LiveLayers | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("CityTwinPrepareReview")
        self.setWindowTitle(tr("Prepare Field Review"))
        self.setWindowIcon(icon("review-prepare"))
        self._iface, self._writers = iface, writers
        words = tr("A field review of {file} is being prepared.", file=copy.path.name)
        self._turn = writers.turn(copy.path, words)
        self.presenter = PreparePresenter(copy, book.notes(str(copy.path)), live)
        self._sessions = EditSessions(copy.path, self, canvas=iface.mapCanvas())
        self._task: tasks.TaskHandle | None = None
        self._measuring: tasks.TaskHandle | None = None
        self._over = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SETTLE)
        self._timer.timeout.connect(self._measure)
        self._build()
        self._changed()
        QgsGui.enableAutoGeometryRestore(self)

    def _build(self) -> None:
        self.form = PrepareForm(self.presenter, self._iface.mapCanvas())
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setMaximumHeight(8)
        self.bar.hide()
        self.status = StatusLine()
        self.buttons = QDialogButtonBox()
        self.go_button = self.buttons.addButton(tr("Prepare"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.cancel_button = self.buttons.addButton(tr("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)

        layout = QVBoxLayout(self)
        layout.addWidget(self.form, 1)
        layout.addWidget(self.bar)
        layout.addWidget(self.status)
        layout.addWidget(self.buttons)
        self.form.changed.connect(self._changed)
        self.buttons.accepted.connect(self.go)
        self.buttons.rejected.connect(self.reject)
        self.resize(560, self.sizeHint().height())

    # -- what is asked

    def _changed(self) -> None:
        before, now = self.presenter.asked, self.form.asked()
        self.presenter.ask(now)
        if self._task is not None:
            return
        same = replace(before, tables=now.tables, area=now.area, under=now.under, zoom=now.zoom) == before
        if not same or not before.title:
            self.presenter.expected, self.presenter.trouble = None, ""
            self._timer.start()
        self._say()

    def _measure(self) -> None:
        self._rest()
        asked = self.presenter.asked

        def done(found: Estimate | None) -> None:
            if not sip.isdeleted(self) and self.presenter.asked == asked:
                self.presenter.expected = found
                self._say()

        def failed(error: CityTwinError) -> None:
            if not sip.isdeleted(self) and self.presenter.asked == asked:
                self.presenter.trouble = error.message
                self._say()

        self._measuring = tasks.run(
            tr("Measuring the background"),
            self.presenter.measure(),
            done=done,
            failed=failed,
            parent=self,
            hidden=True,
        )

    def _say(self) -> None:
        if self._task is not None:
            return
        presenter = self.presenter
        self.form.say_size()
        obstacle = presenter.obstacle()
        if not obstacle and not self.form.area.ready():
            obstacle = tr("Choose the area first.")
        self.go_button.setEnabled(not obstacle)
        target = presenter.target
        if obstacle:
            self.status.say(obstacle, "limit")
        elif target is not None:
            self.status.say(tr("The package will be {folder}.", folder=target.name))

    # -- making

    def go(self) -> None:
        """Make the package, once unsaved edits are saved."""
        if self._task is not None or not self.go_button.isEnabled():
            return
        self.presenter.ask(self.form.asked())
        if not self._turn.begin():
            self.status.say(self._writers.try_later(self.presenter.copy.path), "limit")
            return
        if not self._sessions.end():
            self._turn.end()
            if self._sessions.problem:
                self.status.say(self._sessions.problem, "bad")
            return
        try:
            job = self.presenter.job()
        except CityTwinError as error:
            self._let_go()
            self.status.say(error.message, "bad")
            return
        self.form.keep()
        self._rest()
        self._task = tasks.run(
            tr("Preparing {name}", name=self.presenter.asked.title.strip()),
            job,
            done=self._done,
            failed=self._failed,
            progress=self._progressed,
            cancelled=lambda: self._failed(None),
            parent=self,
        )
        self.form.setEnabled(False)
        self.go_button.setEnabled(False)
        self.bar.setRange(0, 0)
        self.bar.show()
        self.status.say(tr("Preparing…"), "busy")

    def _let_go(self) -> None:
        """Others may write again."""
        self._sessions.resume()
        self._turn.end()

    def _rest(self) -> None:
        """Nothing is measured any more."""
        self._timer.stop()
        if self._measuring is not None:
            self._measuring.cancel()

    def _progressed(self, done: int, total: int | None, text: str) -> None:
        self.bar.setRange(0, 1000 if total else 0)
        if total:
            self.bar.setValue(min(1000, 1000 * done // total))
        self.status.say(text or tr("Preparing…"), "busy")

    def _done(self, packed: Packed) -> None:
        self._task = None
        self._let_go()
        size = number(max(packed.bytes / 1e6, 0.1), ",.1f")
        text = tr(
            "The field review “{name}” is ready: {features}, {tasks}, {size} MB.",
            name=packed.package.label,
            features=trn("{n} feature", "{n} features", sum(packed.counts.values())),
            tasks=trn("{n} task", "{n} tasks", packed.tasks),
            size=size,
        )
        push(self._iface, " ".join((text, *packed.notes)), Qgis.MessageLevel.Success)
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(packed.path.parent)))
        self.made.emit(packed)
        self.accept()

    def _failed(self, error: CityTwinError | None) -> None:
        self._task = None
        self._let_go()
        self.bar.hide()
        self.form.setEnabled(True)
        self.cancel_button.setEnabled(True)
        self._changed()
        self._timer.stop()  # what is said now stays
        if error is not None:
            push_error(self._iface, error)
            self.status.say(error.message, "bad")
        else:
            self.status.say(tr("Cancelled. Nothing was kept."))

    # -- ending

    def reject(self) -> None:
        """While it works, Cancel stops the work; what was chosen stays."""
        if self._task is not None:
            self.cancel_button.setEnabled(False)
            self.status.say(tr("Cancelling…"), "busy")
            self._task.cancel()
            return
        super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        """As Cancel."""
        if self._task is not None:
            self.reject()
            event.ignore()
            return
        super().closeEvent(event)

    def stop(self) -> None:
        """At unload: what is being made is given up."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            self._let_go()

    def done(self, result: int) -> None:
        """However it ends, nothing of it stays on the map."""
        self._rest()
        if not self._over:
            self._over = True
            self.form.area.stop()
        super().done(result)
