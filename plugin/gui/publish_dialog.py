"""The publish window: a view of `PublishPresenter`, and nothing more."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import QEvent, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ..text import tr, trn
from ..workcopy.validate import Problem
from .change_words import counted, name_of
from .dim import dimmed
from .icons import icon
from .notice import Notice
from .publish_pilots import PublishPilots
from .publish_presenter import PublishPresenter
from .publish_prospects import PublishProspects
from .publish_report import LISTED, PublishReportView, fill, make_table
from .publish_targets import remembered
from .status_line import ElidedLabel
from .tool_tip import tool_tip

_USER = Qt.ItemDataRole.UserRole
_SHORT = 60


class PublishDialog(QDialog):
    """Three pages: the message with what stands in the way, the run, the report."""

    zoom = pyqtSignal(str, object)  # table, (x, y) in its CRS
    resolve = pyqtSignal()  # the conflicts; the window has closed then
    pilot = pyqtSignal(str)  # the key of a pilot that is to be shown; the window has closed then

    def __init__(self, presenter: PublishPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.presenter = presenter
        self._listed: tuple[Problem, ...] = ()
        self.setWindowTitle(tr("Publish Changes"))
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.resize(680, 480)
        self._stack = QStackedWidget()
        self.report = PublishReportView(presenter)
        self.report.resolve.connect(self._resolve)
        for page in (self._make_form(), self._make_run(), self.report):
            self._stack.addWidget(page)
        self.buttons = QDialogButtonBox()
        self._make_buttons()
        layout = QVBoxLayout(self)
        layout.addWidget(self._stack, 1)
        self.why = QLabel()
        dimmed(self.why)
        foot = QHBoxLayout()
        foot.addWidget(self.why, 1)
        foot.addWidget(self.buttons)
        layout.addLayout(foot)
        presenter.changed.connect(self._show)
        presenter.progressed.connect(self._progress)
        self._show()

    # -- pages -------------------------------------------------------------------------------------------------------

    def _make_form(self) -> QWidget:
        self.counts = QLabel()
        self.counts.setWordWrap(True)
        font = self.counts.font()
        font.setBold(True)
        self.counts.setFont(font)
        self.target_label = QLabel()
        self.targets = QComboBox()
        self.targets.activated.connect(lambda _at: self.presenter.choose(str(self.targets.currentData())))
        self.url = ElidedLabel()
        dimmed(self.url)
        self.message = QPlainTextEdit()
        self.message.setPlaceholderText(tr("What you changed, and why. For example: “Heights of the Coolhaven survey”"))
        self.message.setTabChangesFocus(True)
        self.message.setMaximumHeight(self.message.fontMetrics().lineSpacing() * 4 + 12)
        self.message.setAccessibleName(tr("Message"))
        self.message.textChanged.connect(lambda: self.presenter.say(self.message.toPlainText()))
        self.message.installEventFilter(self)
        self.history = QToolButton()
        self.history.setText(tr("Earlier Messages"))
        self.history.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.history.setAutoRaise(True)
        self.history.setMenu(self._history_menu())
        self.history.setVisible(bool(remembered()))
        said = QLabel(tr("Message"))
        said.setBuddy(self.message)
        row = QHBoxLayout()
        row.addWidget(said, 1)
        row.addWidget(self.history)
        where = QHBoxLayout()
        where.addWidget(self.target_label)
        where.addWidget(self.targets)
        where.addWidget(self.url, 1)
        self.notice = Notice()
        self.prospects = PublishProspects(self.presenter)
        self.prospects.resolve.connect(self._resolve)
        self.problem_head = QLabel()
        self.problem_head.setWordWrap(True)
        self.problems = make_table((tr("Feature"), tr("Layer"), tr("Problem")))
        self.problems.itemDoubleClicked.connect(lambda _item, _column: self._zoom())
        self.problems.itemSelectionChanged.connect(self._enable_zoom)
        self.zoom_button = QPushButton(icon("mActionZoomTo.svg"), tr("Zoom To"))
        self.zoom_button.setAutoDefault(False)
        self.zoom_button.clicked.connect(lambda _checked=False: self._zoom())
        zoom_row = QHBoxLayout()
        zoom_row.addWidget(self.problem_head, 1)
        zoom_row.addWidget(self.zoom_button, 0, Qt.AlignmentFlag.AlignBottom)
        self.problem_box = QWidget()
        problems = QVBoxLayout(self.problem_box)
        problems.setContentsMargins(0, 6, 0, 0)
        problems.addLayout(zoom_row)
        problems.addWidget(self.problems, 1)
        self.pilots = PublishPilots(self.presenter)
        self.pilots.shown.connect(self._show_pilot)
        self.checking = QProgressBar()
        self.checking.setRange(0, 0)
        self.checking.setTextVisible(False)
        self.checking.setMaximumHeight(4)

        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.counts)
        layout.addLayout(where)
        layout.addWidget(self.checking)
        layout.addWidget(self.notice)
        layout.addWidget(self.prospects)
        layout.addLayout(row)
        layout.addWidget(self.message)
        layout.addWidget(self.prospects.choice)
        layout.addWidget(self.problem_box, 1)
        layout.addWidget(self.pilots, 1)
        layout.addStretch(0)
        return page

    def _make_run(self) -> QWidget:
        self.running = QLabel()
        font = self.running.font()
        font.setBold(True)
        self.running.setFont(font)
        self.bar = QProgressBar()
        self.step = ElidedLabel()
        hint = QLabel(
            tr("Cancelling is safe: what was published stays published, the rest stays in your working copy.")
        )
        hint.setWordWrap(True)
        dimmed(hint)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addStretch(2)
        for widget in (self.running, self.bar, self.step, hint):
            layout.addWidget(widget)
        layout.addStretch(3)
        return page

    def _make_buttons(self) -> None:
        role = QDialogButtonBox.ButtonRole
        self.copy_button = self.buttons.addButton(tr("Copy Report"), role.ActionRole)
        self.save_button = self.buttons.addButton(tr("Save as CSV…"), role.ActionRole)
        self.publish_button = self.buttons.addButton(tr("Publish"), role.ApplyRole)
        self.cancel_button = self.buttons.addButton(tr("Cancel"), role.RejectRole)
        self.publish_button.setIcon(icon("publish"))
        self.publish_button.setDefault(True)
        for button, call in (
            (self.copy_button, self.report.copy),
            (self.save_button, self.report.save),
            (self.publish_button, self.presenter.publish),
            (self.cancel_button, self.reject),
        ):
            button.setAutoDefault(False)
            button.clicked.connect(lambda _checked=False, call=call: call())

    # -- following the presenter -------------------------------------------------------------------------------------

    def _show(self) -> None:
        presenter = self.presenter
        phase = presenter.phase
        page = {"checking": 0, "ready": 0, "publishing": 1, "report": 2}[phase]
        first = self._stack.currentIndex() != page
        self._stack.setCurrentIndex(page)
        for button in (self.copy_button, self.save_button):
            button.setVisible(page == 2)
        self.publish_button.setVisible(page == 0)
        self.publish_button.setEnabled(not presenter.obstacle)
        self.why.setText(presenter.obstacle if page == 0 and phase == "ready" and presenter.target else "")
        (self.cancel_button if page == 2 else self.publish_button).setDefault(True)
        self.cancel_button.setText(tr("Close") if page == 2 else tr("Cancel"))
        self.cancel_button.setEnabled(True)
        if page == 0:
            self._show_form()
        elif page == 1 and first:
            title = presenter.target.title if presenter.target else ""
            self.running.setText(tr("Publishing to {twin}…", twin=title))
            self.bar.setRange(0, 0)
            self.step.say("")
        elif page == 2 and first:
            self.report.show_report()

    def _show_form(self) -> None:
        presenter = self.presenter
        checking = presenter.phase == "checking"
        self.checking.setVisible(checking)
        target = presenter.target
        if checking:
            self.counts.setText(tr("Checking the changes…"))
        elif target is None:
            self.counts.setText(presenter.error or presenter.obstacle)
        else:
            self.counts.setText(tr("{counts} in {file}", counts=counted(target.counts), file=presenter.copy.path.name))
        many = len(presenter.targets) > 1
        if target is not None:
            self.target_label.setText(tr("Publish to") if many else tr("Publish to {twin}", twin=target.title))
        self.target_label.setVisible(target is not None)
        self.targets.setVisible(many)
        if [self.targets.itemData(at) for at in range(self.targets.count())] != [t.url for t in presenter.targets]:
            self.targets.clear()
            for one in presenter.targets:
                words = tr("{twin} ({counts})", twin=one.title, counts=counted(one.counts)) if many else one.title
                self.targets.addItem(words, one.url)
        self.url.say(target.url if target else "")
        unsaved = target is not None and not target.saved
        if presenter.error:
            self.notice.say(presenter.error, "bad")
        elif unsaved:
            self.notice.say(
                tr("No connection to this twin is saved here, so it is asked without credentials."), "limit"
            )
        else:
            self.notice.say("")
        self.prospects.show_now()
        self.pilots.show_now()
        self._show_problems()

    def _show_problems(self) -> None:
        presenter = self.presenter
        self.problem_box.setVisible(bool(presenter.problems))
        blocked, sendable = presenter.blocked, presenter.sendable
        head = trn(
            "{n} change has a problem and will not be sent. It stays in your working copy.",
            "{n} changes have a problem and will not be sent. They stay in your working copy.",
            blocked,
        )
        self.problem_head.setText(head)
        some = (blocked or presenter.unresolved) and sendable
        self.publish_button.setText(tr("Publish the Other Changes") if some else tr("Publish"))
        titles = {source.table: source.title or source.table for source in presenter.copy.sources}
        if presenter.problems == self._listed:
            return
        self._listed = presenter.problems
        self.problems.clear()
        items = []
        for problem in presenter.problems[:LISTED]:
            item = QTreeWidgetItem([name_of(problem), titles.get(problem.table, problem.table), problem.message])
            item.setIcon(0, icon("change-problem"))
            item.setToolTip(2, tool_tip(problem.message))
            item.setData(0, _USER, problem)
            items.append(item)
        fill(self.problems, items, len(presenter.problems) - len(items))
        self._enable_zoom()

    def _progress(self, done: int, total: object, words: str) -> None:
        if self.presenter.phase == "publishing" and isinstance(total, int):
            self.bar.setRange(0, max(1, total))
            self.bar.setValue(done)
            self.step.say(tr("{words} ({done} of {total})", words=words, done=min(done + 1, total), total=total))
        elif self.presenter.phase == "publishing":
            self.step.say(words)

    # -- what the user does ------------------------------------------------------------------------------------------

    def _zoom(self) -> None:
        item = self.problems.currentItem()
        problem = item.data(0, _USER) if item else None
        if problem is not None and problem.at is not None:
            self.zoom.emit(problem.table, problem.at)

    def _resolve(self) -> None:
        if not self.presenter.busy:
            super().reject()
            self.resolve.emit()

    def _show_pilot(self, key: str) -> None:
        if not self.presenter.busy:
            super().reject()
            self.pilot.emit(key)

    def _enable_zoom(self) -> None:
        item = self.problems.currentItem()
        problem = item.data(0, _USER) if item else None
        self.zoom_button.setEnabled(problem is not None and problem.at is not None)

    def _history_menu(self) -> QMenu:
        menu = QMenu(self)
        for text in remembered():
            line = " ".join(text.split())
            action = menu.addAction(line if len(line) <= _SHORT else f"{line[:_SHORT]}…")
            action.triggered.connect(lambda _checked=False, text=text: self.message.setPlainText(text))
        return menu

    def reject(self) -> None:
        """Close, or stop the run first: the report says then how far it came."""
        if self.presenter.busy:
            self.presenter.cancel()
            if self.presenter.phase == "publishing":
                self.cancel_button.setEnabled(False)
                self.running.setText(tr("Stopping after the change that is on its way…"))
                return
        super().reject()

    def eventFilter(self, watched: Any, event: QEvent) -> bool:
        """Ctrl+Enter in the message publishes."""
        if watched is self.message and event.type() == QEvent.Type.KeyPress:
            enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            if enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                self.presenter.publish()
                return True
        return bool(super().eventFilter(watched, event))
