"""The list of a twin's collections with its filter, and the details of the chosen one."""

from __future__ import annotations

from qgis.gui import QgsFilterLineEdit
from qgis.PyQt.QtCore import QEvent, QModelIndex, QObject, QPoint, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QMenu,
    QSplitter,
    QStackedWidget,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from ..text import tr
from ..twin.model import Collection
from . import catalogue_wording as wording
from .catalogue_delegate import CollectionDelegate, toggle
from .catalogue_model import CatalogueFilter, CatalogueModel, Role
from .empty_state import EmptyState
from .icons import icon
from .pilots.mapping_presenter import may_be_pilots
from .status_line import dimmed


class CollectionList(QWidget):
    """``current_changed`` tells the collection whose details are shown (or None)."""

    current_changed = pyqtSignal(object)
    pilots_wanted = pyqtSignal(object)  # Collection: it is to be used as pilots

    def __init__(self, model: CatalogueModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = model
        self.proxy = CatalogueFilter(self)
        self.proxy.setSourceModel(model)
        self.filter = QgsFilterLineEdit()
        self.filter.setShowSearchIcon(True)
        self.filter.setShowClearButton(True)
        self.filter.setPlaceholderText(tr("Filter by title, description or licence"))
        self.filter.setAccessibleName(tr("Filter collections"))
        self.filter.setContentsMargins(0, 0, 0, 0)
        self.view = QListView()
        self.view.setModel(self.proxy)
        self.view.setItemDelegate(CollectionDelegate(self.view))
        self.view.setUniformItemSizes(True)
        self.view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.view.setFrameShape(QFrame.Shape.NoFrame)
        self.view.setAccessibleName(tr("Collections"))
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.customContextMenuRequested.connect(self._menu)
        self.details = QTextBrowser()
        self.details.setOpenExternalLinks(True)
        self.details.setFrameShape(QFrame.Shape.NoFrame)
        self.details.setAccessibleName(tr("Details of the collection"))
        self.details.document().setDocumentMargin(8)
        self.nothing = EmptyState(icon("search.svg"), tr("Nothing Found"), "")
        self._build()
        self.filter.textChanged.connect(self._filter)
        self.filter.installEventFilter(self)
        self.view.activated.connect(self._toggle)
        self.view.selectionModel().currentChanged.connect(lambda _new, _old: self._show_details())
        model.dataChanged.connect(lambda *_: self._show_details())
        model.modelReset.connect(self._reset)
        self._reset()

    def _build(self) -> None:
        self._stack = QStackedWidget()
        self._stack.addWidget(self.view)
        self._stack.addWidget(self.nothing)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.addWidget(self._stack)
        self.splitter.addWidget(self.details)
        self.splitter.setStretchFactor(0, 3)
        self.splitter.setStretchFactor(1, 2)
        self.splitter.setCollapsible(0, False)
        self.splitter.setSizes([300, 190])
        top = QVBoxLayout()
        top.setContentsMargins(8, 0, 8, 6)
        top.addWidget(self.filter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self.splitter, 1)

    @property
    def current(self) -> Collection | None:
        """The collection whose details are shown."""
        index = self.view.currentIndex()
        found = index.data(Role.COLLECTION) if index.isValid() else None
        return found if isinstance(found, Collection) else None

    @property
    def shown(self) -> int:
        """How many collections the filter lets through."""
        return int(self.proxy.rowCount())

    def focus(self) -> None:
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter and the arrow go from the filter to what it found."""
        if (
            watched is self.filter
            and event.type() == QEvent.Type.KeyPress
            and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Down)
            and self.shown
        ):
            if not self.view.currentIndex().isValid():
                self.view.setCurrentIndex(self.proxy.index(0, 0))
            self.view.setFocus(Qt.FocusReason.TabFocusReason)
            return True
        return bool(super().eventFilter(watched, event))

    def menu(self, collection: Collection | None) -> QMenu:
        """What can be done with all collections, and with the one that was pointed at."""
        menu = QMenu(self.view)
        menu.addAction(tr("Tick All Shown"), lambda: self.tick_shown(True))
        menu.addAction(tr("Untick All Shown"), lambda: self.tick_shown(False))
        if collection is not None and may_be_pilots(collection):
            menu.addSeparator()
            menu.addAction(icon("pilots"), tr("Use as Pilots…"), lambda: self.pilots_wanted.emit(collection))
        return menu

    def _menu(self, at: QPoint) -> None:
        found = self.view.indexAt(at).data(Role.COLLECTION)
        menu = self.menu(found if isinstance(found, Collection) else None)
        menu.exec(self.view.viewport().mapToGlobal(at))
        menu.deleteLater()

    def tick_shown(self, ticked: bool) -> None:
        """Tick, or untick, every collection that the filter lets through; the others stay as they are."""
        shown = {self.proxy.index(row, 0).data(Role.COLLECTION).id for row in range(self.shown)}
        now = {one.id for one in self.model.ticked()}
        self.model.tick(sorted(now | shown if ticked else now - shown))

    def _toggle(self, index: QModelIndex) -> None:
        if index.flags() & Qt.ItemFlag.ItemIsUserCheckable:
            toggle(self.proxy, index)

    def _filter(self, text: str) -> None:
        self.proxy.set_filter(text)
        self.nothing.tell(
            icon("search.svg"),
            tr("Nothing Found"),
            tr("No collection has “{words}” in its title, description or licence.", words=text.strip()),
        )
        self._stack.setCurrentIndex(0 if self.shown or not self.model.rowCount() else 1)
        self._show_details()

    def _reset(self) -> None:
        self._filter(self.filter.text())

    def _show_details(self) -> None:
        collection = self.current
        self.details.setVisible(collection is not None and self.shown > 0)
        if collection is not None:
            dim = dimmed(self.palette()).name()
            at = self.details.verticalScrollBar().value() if self._detailed == collection.id else 0
            self.details.setHtml(wording.details_html(collection, dim, self.view.currentIndex().data(Role.SCHEMA)))
            self.details.verticalScrollBar().setValue(at)
        now = collection.id if collection is not None else ""
        if now != self._detailed:
            self._detailed = now
            self.current_changed.emit(collection)

    _detailed = ""
