"""The window that brings field reviews home: packages are chosen or dropped, merged, and each tells what it brought."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsProject, QgsSettings
from qgis.gui import QgsGui, QgsMapCanvas
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QDragEnterEvent, QDropEvent, QKeySequence
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSplitter,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from ...map.project import ProjectCopies
from ...map.review.home import Came
from ...text import tr
from ..edit_sessions import EditSessions
from ..icons import icon
from ..notice import Notice
from ..report_view import ReportView
from ..status_line import StatusLine
from ..tool_tip import tool_tip
from . import merge_words
from .merge_presenter import PACKAGE, MergePresenter

_FOLDER = "citytwin/reviewFolder"
_ENDINGS = (".zip", ".gpkg")


class MergeDialog(QDialog):
    """Does not lock QGIS: who has to finish an edit first can. Both signals name a working copy."""

    resolve_wanted = pyqtSignal(str)
    written = pyqtSignal(str)

    def __init__(
        self,
        copies: ProjectCopies,
        canvas: QgsMapCanvas | None = None,
        wanted: Path | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("CityTwinMergeReview")
        self.setWindowTitle(tr("Merge Field Review"))
        self.setWindowIcon(icon("review-merge"))
        self.setAcceptDrops(True)
        self._copies = copies
        self._told: Came | None = None
        self.presenter = MergePresenter(
            lambda path: EditSessions(path, self, ask=lambda _unsaved: True, canvas=canvas), copies.writers, self
        )
        self._build()
        self._lay_out()
        self._connect()
        self._list_copies(wanted)
        self._show()
        QgsGui.enableAutoGeometryRestore(self)

    def _build(self) -> None:
        self.copy = QComboBox()
        self.copy.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.copy.setMinimumContentsLength(24)
        self.list = QTreeView()
        self.list.setModel(self.presenter.packages)
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setAllColumnsShowFocus(True)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setAccessibleName(tr("Packages"))
        header = self.list.header()
        header.setStretchLastSection(True)
        header.setSectionResizeMode(PACKAGE, QHeaderView.ResizeMode.Interactive)
        self.list.setColumnWidth(PACKAGE, 220)
        self.add_button = QPushButton(icon("symbologyAdd.svg"), tr("&Add Files…"))
        self.folder_button = QPushButton(icon("mActionFileOpen.svg"), tr("Add &Folder…"))
        self.remove_button = QPushButton(icon("symbologyRemove.svg"), tr("&Remove"))
        self.report = ReportView()
        self.notice = Notice()
        self.save_button = QPushButton(tr("&Save and Go On"))
        self.status = StatusLine()
        self.buttons = QDialogButtonBox()
        self.merge_button = self.buttons.addButton(tr("&Merge"), QDialogButtonBox.ButtonRole.ActionRole)
        self.resolve_button = self.buttons.addButton(tr("Resolve &Conflicts…"), QDialogButtonBox.ButtonRole.ActionRole)
        self.close_button = self.buttons.addButton(tr("Close"), QDialogButtonBox.ButtonRole.RejectRole)
        self.resolve_button.setIcon(icon("conflicts"))
        self.merge_button.setDefault(True)
        for button in (self.add_button, self.folder_button, self.remove_button, self.save_button):
            button.setAutoDefault(False)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        label = QLabel(tr("Merge &into"))
        label.setBuddy(self.copy)
        self.copy.setAccessibleName(tr("Working copy"))
        form.addRow(label, self.copy)
        beside = QVBoxLayout()
        for button in (self.add_button, self.folder_button, self.remove_button):
            beside.addWidget(button)
        beside.addStretch(1)
        chosen = QWidget()
        row = QHBoxLayout(chosen)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.list, 1)
        row.addLayout(beside)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(chosen)
        splitter.addWidget(self.report)
        splitter.setSizes([150, 260])
        waits = QHBoxLayout()
        waits.addWidget(self.notice, 1)
        waits.addWidget(self.save_button)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(splitter, 1)
        layout.addLayout(waits)
        layout.addWidget(self.status)
        layout.addWidget(self.buttons)
        self.resize(720, 500)

    def _connect(self) -> None:
        presenter = self.presenter
        self.copy.currentIndexChanged.connect(lambda _at: self._choose())
        self.add_button.clicked.connect(lambda _checked=False: self.browse())
        self.folder_button.clicked.connect(lambda _checked=False: self.browse_folder())
        self.remove_button.clicked.connect(lambda _checked=False: self.remove())
        self.remove_button.setShortcut(QKeySequence(QKeySequence.StandardKey.Delete))
        self.save_button.clicked.connect(lambda _checked=False: self._save())
        self.merge_button.clicked.connect(lambda _checked=False: presenter.start())
        self.resolve_button.clicked.connect(lambda _checked=False: self.resolve_wanted.emit(str(presenter.copy)))
        self.buttons.rejected.connect(self.reject)
        self.list.selectionModel().selectionChanged.connect(lambda *_: self._show())
        presenter.changed.connect(self._show)
        presenter.progressed.connect(lambda _done, _total, words: self._say_step(words))
        presenter.written.connect(self.written)
        presenter.over.connect(self._is_over)
        self._copies.copiesChanged.connect(self._list_copies)

    # -- what is shown -----------------------------------------------------------------------------------------------

    def _list_copies(self, wanted: Path | None = None) -> None:
        """The project's working copies; the chosen one stays."""
        if self.presenter.running:
            return
        chosen = str(wanted or self.presenter.copy or "")
        was = self.copy.blockSignals(True)
        self.copy.clear()
        for copy in self._copies.copies():
            self.copy.addItem(copy.path.name, str(copy.path))
            self.copy.setItemData(self.copy.count() - 1, tool_tip(str(copy.path)), Qt.ItemDataRole.ToolTipRole)
        self.copy.setCurrentIndex(max(0, self.copy.findData(chosen)) if self.copy.count() else -1)
        self.copy.blockSignals(was)
        self._choose()

    def _choose(self) -> None:
        path = self.copy.currentData()
        self.presenter.choose(Path(path) if path else None)

    def _rows(self) -> list[int]:
        return [index.row() for index in self.list.selectionModel().selectedRows()]

    def _show(self) -> None:
        presenter = self.presenter
        running, obstacle = presenter.running, presenter.obstacle
        self.copy.setEnabled(not running and self.copy.count() > 0)
        for button in (self.add_button, self.folder_button):
            button.setEnabled(not running)
        self.remove_button.setEnabled(not running and bool(self._rows()))
        self.merge_button.setEnabled(not running and not obstacle)
        self.merge_button.setToolTip(tool_tip(obstacle))
        self.resolve_button.setVisible(presenter.conflicts > 0)
        self.resolve_button.setEnabled(not running)
        self.close_button.setText(tr("Cancel") if running else tr("Close"))
        self.notice.say(presenter.waiting)
        self.save_button.setVisible(presenter.can_save)
        if not running:
            self._say_idle(obstacle)
        self._report()

    def _say_idle(self, obstacle: str) -> None:
        if self.presenter.said:
            self.status.say(self.presenter.said, "good" if self.presenter.all_well else "limit")
        else:
            self.status.say("" if not self.presenter.packages.paths else obstacle)

    def _say_step(self, words: str) -> None:
        if self.presenter.running and words:
            self.status.say(words, "busy")

    def _report(self) -> None:
        """What the selected package brought; the only one where there is one."""
        packages, rows = self.presenter.packages, self._rows()
        if not packages.paths:
            self._told = None
            self.report.show_hint(
                tr(
                    "Add the packages that came back, or drop them here: zip files, folders, or GeoPackages. Several "
                    "at once, in any order, and again where you are not sure."
                )
            )
            return
        row = rows[0] if rows else 0 if packages.rowCount() == 1 else -1
        came = packages.came(row)
        if came is not None and came is self._told:
            return  # setting out many sentences takes its time
        self._told = came
        if came is None:
            self.report.show_hint(
                tr("What a package brought is said here once it was merged.")
                if row >= 0 or not packages.rowCount()
                else tr("Select a package to read what it brought.")
            )
            return
        title = merge_words.about(came.summary) if came.summary is not None else came.path.name
        self.report.show_report(title, merge_words.sentences(came))

    # -- what the user does ------------------------------------------------------------------------------------------

    def add(self, paths: list[Path]) -> None:
        """Add packages to the list; the last one is selected."""
        if self.presenter.running or not paths:
            return
        QgsSettings().setValue(_FOLDER, str(paths[-1].parent))
        self.presenter.add(paths)
        self.list.setCurrentIndex(self.presenter.packages.index(self.presenter.packages.rowCount() - 1, PACKAGE))

    def browse(self) -> None:
        """Choose files."""
        files, _ = QFileDialog.getOpenFileNames(
            self, tr("Add Packages"), self._folder(), tr("Field review packages (*.zip *.gpkg);;All files (*)")
        )
        self.add([Path(file) for file in files])

    def browse_folder(self) -> None:
        """Choose a package's folder."""
        folder = QFileDialog.getExistingDirectory(self, tr("Add a Package’s Folder"), self._folder())
        self.add([Path(folder)] if folder else [])

    def _folder(self) -> str:
        return str(QgsSettings().value(_FOLDER, QgsProject.instance().homePath(), type=str))

    def remove(self) -> None:
        """Take the selected packages out of the list; the files stay."""
        self.presenter.remove(self._rows())

    def _save(self) -> None:
        problem = self.presenter.save_and_go_on()
        if problem:
            self.notice.say(problem, "bad")

    def _is_over(self) -> None:
        """Show the first package that asks for something."""
        packages = self.presenter.packages
        wanted = [row for row in range(packages.rowCount()) if packages.state(row) in ("failed", "asks")]
        if wanted and not self._rows():
            self.list.setCurrentIndex(packages.index(wanted[0], PACKAGE))
        self._show()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if not self.presenter.running and _dropped(event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.add(_dropped(event.mimeData().urls()))
        event.acceptProposedAction()

    def open(self) -> None:
        """As `show`: meanwhile an edit can be finished, and conflicts be resolved."""
        self.show()
        self.raise_()

    def reject(self) -> None:
        """Stop what goes on; without that, close."""
        if self.presenter.running:
            self.presenter.cancel()
            return
        super().reject()

    def done(self, result: int) -> None:
        """However it ends, nothing goes on."""
        self.presenter.stop()
        super().done(result)


def _dropped(urls: list[object]) -> list[Path]:
    """The packages among what is dropped."""
    paths = [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]  # type: ignore[attr-defined]
    return [path for path in paths if path.is_dir() or path.suffix.lower() in _ENDINGS]
