"""Use as Pilots: says which columns of a twin's collection are which of a pilot's. A view of `MappingPresenter`."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.gui import QgsGui
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QProgressBar,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from ...text import tr
from ...twin.model import Collection
from ..dim import dimmed
from ..icons import icon
from ..notice import Notice
from .mapping_presenter import MappingPresenter
from .mapping_tables import MappingTable, PreviewTable, show_columns, show_values


class MappingDialog(QDialog):
    """``collections``: what the twin of ``connection`` offers; ``chosen``: the id of the one to begin with."""

    def __init__(
        self,
        connection: str,
        collections: Sequence[Collection],
        parent: QWidget | None = None,
        *,
        chosen: str = "",
        presenter: MappingPresenter | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("CityTwinMappingDialog")
        self.setWindowTitle(tr("Use as Pilots: {connection}", connection=connection))
        self.setWindowIcon(icon("pilots"))
        self.presenter = presenter or MappingPresenter(connection, collections, parent=self)
        self._build()
        self.presenter.changed.connect(self._show)
        self.finished.connect(lambda _result: self.presenter.stop())
        QgsGui.enableAutoGeometryRestore(self)
        self.presenter.begin(chosen)

    def _build(self) -> None:
        about = QLabel(
            tr(
                "Pilots may be called otherwise on this twin. Choose the collection of their areas, and say which of "
                "its columns is which. Nothing is changed on the twin."
            )
        )
        about.setWordWrap(True)
        dimmed(about)
        self.collection = QComboBox()
        for one in self.presenter.collections:
            self.collection.addItem(
                one.title if one.title.casefold() == one.id.casefold() else f"{one.title} ({one.id})", one.id
            )
        self.collection.activated.connect(lambda _at: self.presenter.choose(str(self.collection.currentData())))
        form = QFormLayout()
        label = QLabel(tr("&Collection"))
        label.setBuddy(self.collection)
        form.addRow(label, self.collection)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self.busy = QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.setTextVisible(False)
        self.busy.setMaximumHeight(4)
        self.trouble = Notice()
        self.columns = MappingTable((tr("Of a pilot"), tr("Column of the twin"), tr("Values there")))
        self.values = MappingTable((tr("Value of the twin"), tr("Means"), tr("Of")))
        self.tabs = QTabWidget()
        self.tabs.addTab(self.columns, tr("C&olumns"))
        self.tabs.addTab(self.values, tr("&Values"))
        self.preview = PreviewTable()
        self._below = QWidget()
        head = QLabel(tr("The first of them, as pilots"))
        self.warnings = QLabel()
        self.warnings.setWordWrap(True)
        self.warnings.setTextFormat(Qt.TextFormat.PlainText)
        dimmed(self.warnings)
        below = QVBoxLayout(self._below)
        below.setContentsMargins(0, 6, 0, 0)
        below.addWidget(head)
        below.addWidget(self.preview, 1)
        below.addWidget(self.warnings)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.addWidget(self.tabs)
        self.splitter.addWidget(self._below)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setSizes([270, 310])
        self._make_buttons()
        layout = QVBoxLayout(self)
        layout.addWidget(about)
        layout.addLayout(form)
        layout.addWidget(self.busy)
        layout.addWidget(self.trouble)
        layout.addWidget(self.splitter, 1)
        layout.addWidget(self.buttons)
        self.resize(680, 720)

    def _make_buttons(self) -> None:
        role = QDialogButtonBox.ButtonRole
        self.buttons = QDialogButtonBox()
        self.save_button = self.buttons.addButton(tr("Save"), role.AcceptRole)
        self.cancel_button = self.buttons.addButton(tr("Cancel"), role.RejectRole)
        self.guess_button = self.buttons.addButton(tr("&Guess Again"), role.ResetRole)
        self.guess_button.setToolTip(tr("Begin again with what the names and values of the collection tell"))
        self.forget_button = self.buttons.addButton(tr("&Forget"), role.DestructiveRole)
        self.forget_button.setToolTip(tr("Use no collection of this twin as pilots any more, but what is called so"))
        for button in (self.cancel_button, self.guess_button, self.forget_button):
            button.setAutoDefault(False)
        self.save_button.setDefault(True)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.guess_button.clicked.connect(lambda _checked=False: self.presenter.guess())
        self.forget_button.clicked.connect(lambda _checked=False: self._forget())

    # -- following the presenter

    def _show(self) -> None:
        presenter, draft = self.presenter, self.presenter.draft
        self.collection.setCurrentIndex(self.collection.findData(presenter.chosen))
        self.busy.setVisible(presenter.phase == "reading")
        self.splitter.setEnabled(draft is not None)
        self.save_button.setEnabled(not presenter.obstacle)
        self.guess_button.setEnabled(draft is not None)
        self.forget_button.setVisible(presenter.kept is not None)
        if presenter.phase == "failed":
            self.trouble.say(presenter.error, "bad")
        elif draft is not None and presenter.obstacle:
            self.trouble.say(presenter.obstacle, "limit")
        elif presenter.replaces:
            words = tr("So far {title} are the pilots of this twin. This collection takes their place, a twin has one.",
                       title=presenter.replaces)  # fmt: skip
            self.trouble.say(words, "limit")
        else:
            self.trouble.say("")
        if draft is None:
            for table in (self.columns, self.values):
                table.show_rows((), ())
            self.preview.show_pilots(())
            self.warnings.setText("")
            return
        show_columns(self.columns, draft.columns(), draft.sample.names, presenter.set_column)
        show_values(self.values, draft.values(), presenter.set_value)
        self.preview.show_pilots(draft.preview())
        self.warnings.setText("\n".join(draft.warnings()))

    # -- what the user does

    def accept(self) -> None:
        """Keep it; the project's layers are drawn by it at once."""
        if self.presenter.save():
            super().accept()

    def _forget(self) -> None:
        self.presenter.forget()
        super().accept()
