"""The rows above the triage list: which working copy, words, status, kind, package, and who noted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qgis.gui import QgsFilterLineEdit
from qgis.PyQt.QtCore import QEvent, QObject, QSignalBlocker, Qt, QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from ...map.review.book_reading import Contents
from ...review import vocabulary as words
from ...text import tr
from ..icons import icon
from .items_rows import Filter, words_of
from .marks import kind_icon

_TYPING = 120  # ms without a key
_BY = "by:"  # before a person's name among the packages


class ItemFilter(QWidget):
    """``changed()``: ask for `filter` again. ``copy_chosen(path)``: by the user. ``down()``: the keys go on into the
    list."""

    changed = pyqtSignal()
    copy_chosen = pyqtSignal(str)
    down = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.copies = self._combo(tr("Working copy"), tr("The working copy whose review items are shown"))
        self.copies.hide()
        self.text = QgsFilterLineEdit()
        self.text.setShowSearchIcon(True)
        self.text.setShowClearButton(True)
        self.text.setPlaceholderText(tr("Filter by words"))
        self.text.setAccessibleName(tr("Filter review items"))
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.statuses = self._combo(tr("Status"), tr("Show items of one status only"))
        self.statuses.addItem(tr("All statuses"), "")
        for status in words.STATUSES:
            self.statuses.addItem(words.status_title(status), status)
        self.kinds = self._combo(tr("Kind"), tr("Show items of one kind only"))
        self.kinds.addItem(tr("All kinds"), "")
        for kind in words.KINDS:
            self.kinds.addItem(kind_icon(kind), words.kind_title(kind), kind)
        self.sources = self._combo(tr("Package or person"), tr("Show what came with one package, or from one person"))
        self.sources.addItem(tr("All packages"), "")
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING)
        first, second = QHBoxLayout(), QHBoxLayout()
        first.setSpacing(6)
        first.addWidget(self.text, 3)
        first.addWidget(self.statuses, 2)
        second.setSpacing(6)
        second.addWidget(self.kinds, 2)
        second.addWidget(self.sources, 3)
        self.side = second  # the owner's buttons
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 6)
        column.setSpacing(6)
        column.addWidget(self.copies)
        column.addLayout(first)
        column.addLayout(second)
        self._typing.timeout.connect(self.changed)
        self.text.textChanged.connect(lambda _text: self._typing.start())
        self.text.installEventFilter(self)
        for combo in (self.statuses, self.kinds, self.sources):
            combo.currentIndexChanged.connect(lambda _at: self.changed.emit())
        self.copies.activated.connect(lambda at: self.copy_chosen.emit(str(self.copies.itemData(at))))

    def _combo(self, name: str, tip: str) -> QComboBox:
        combo = QComboBox()
        combo.setAccessibleName(name)
        combo.setToolTip(tip)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.setMinimumContentsLength(6)
        return combo

    # -- what is wanted

    @property
    def filter(self) -> Filter:
        """What is let through now."""
        source = str(self.sources.currentData() or "")
        by = source[len(_BY) :] if source.startswith(_BY) else ""
        return Filter(
            words_of(self.text.text()),
            str(self.statuses.currentData() or ""),
            str(self.kinds.currentData() or ""),
            "" if by else source,
            by,
        )

    def reset(self) -> None:
        """Let all through."""
        widgets = (self.text, self.statuses, self.kinds, self.sources)
        blockers = [QSignalBlocker(widget) for widget in widgets]
        self.text.clear()
        for combo in (self.statuses, self.kinds, self.sources):
            combo.setCurrentIndex(0)
        del blockers
        self._typing.stop()
        self.changed.emit()

    def show_copies(self, titles: Mapping[str, str], chosen: str) -> None:
        """The working copies by path; the choice is there only where there are several."""
        now = {str(self.copies.itemData(at)): self.copies.itemText(at) for at in range(self.copies.count())}
        if now != dict(titles):
            self.copies.clear()
            for path, title in titles.items():
                self.copies.addItem(icon("mGeoPackage.svg"), title, path)
                self.copies.setItemData(self.copies.count() - 1, path, Qt.ItemDataRole.ToolTipRole)
        self.copies.setCurrentIndex(self.copies.findData(chosen))
        self.copies.setVisible(len(titles) > 1)

    def show_sources(self, contents: Contents) -> None:
        """The packages and people that the items are of."""
        used = {package for note in contents.notes for package in note.packages}
        people = sorted({note.item.author for note in contents.notes if note.item.author}, key=str.casefold)
        wanted: list[tuple[str, str]] = [(one.label, one.id) for one in contents.packages if one.id in used]
        wanted += [(tr("By {name}", name=name), _BY + name) for name in people]
        _fill(self.sources, tr("All packages"), wanted)

    def focus(self) -> None:
        self.text.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter and the arrow go from the words to what they found."""
        pressed = watched is self.text and event.type() == QEvent.Type.KeyPress
        if pressed and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Down):
            if self._typing.isActive():
                self._typing.stop()
                self.changed.emit()
            self.down.emit()
            return True
        return bool(super().eventFilter(watched, event))


def _fill(combo: QComboBox, first: str, wanted: Sequence[tuple[str, str]]) -> None:
    now = [(combo.itemText(at), combo.itemData(at)) for at in range(1, combo.count())]
    if now == list(wanted):
        return
    chosen = combo.currentData()
    blocker = QSignalBlocker(combo)
    combo.clear()
    combo.addItem(first, "")
    for text, value in wanted:
        combo.addItem(text, value)
        combo.setItemData(combo.count() - 1, text, Qt.ItemDataRole.ToolTipRole)
    combo.setCurrentIndex(max(0, combo.findData(chosen)))
    del blocker
