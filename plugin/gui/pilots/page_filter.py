"""The rows above the list of pilots: which working copy, words, stage, and what needs somebody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qgis.gui import QgsFilterLineEdit
from qgis.PyQt.QtCore import QEvent, QObject, Qt, QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from ...map.pilots.book import Record
from ...pilots import vocabulary as words
from ...text import tr
from ..icons import icon
from .page_marks import fading_icon, stage_icon
from .page_rows import Filter, words_of

_TYPING = 120  # ms without a key


class PilotFilter(QWidget):
    """``changed()``: ask for `filter` again. ``copy_chosen(path)``: by the user. ``down()``: the keys go on into the
    list."""

    changed = pyqtSignal()
    copy_chosen = pyqtSignal(str)
    down = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.copies = QComboBox()
        self.copies.setToolTip(tr("The working copy whose pilots are shown"))
        self.copies.setAccessibleName(tr("Working copy"))
        self.copies.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.copies.hide()
        self.text = QgsFilterLineEdit()
        self.text.setShowSearchIcon(True)
        self.text.setShowClearButton(True)
        self.text.setPlaceholderText(tr("Filter by words"))
        self.text.setAccessibleName(tr("Filter pilots"))
        self.stages = QComboBox()
        self.stages.setAccessibleName(tr("Stage"))
        self.stages.setToolTip(tr("Show pilots of one stage only"))
        self.stages.addItem(tr("All stages"), "")
        for stage in words.STAGES:
            self.stages.addItem(stage_icon(stage, self), words.stage_title(stage), stage)
        self.fading = self._toggle(tr("Fading"), tr("Show only pilots that are late, undecided or silent"))
        self.fading.setIcon(fading_icon())
        self.problems = self._toggle(tr("Problems"), tr("Show only pilots with errors or warnings"))
        self.problems.setIcon(icon("change-problem"))
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING)
        self._build()
        self._connect()

    def _toggle(self, text: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(tip)
        button.setCheckable(True)
        button.setAutoRaise(True)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        return button

    def _build(self) -> None:
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        first = QHBoxLayout()
        first.setSpacing(6)
        first.addWidget(self.text, 3)
        first.addWidget(self.stages, 2)
        second = QHBoxLayout()
        second.setSpacing(2)
        second.addWidget(self.fading)
        second.addWidget(self.problems)
        second.addStretch(1)
        self.side = second  # the owner's buttons
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 6)
        column.setSpacing(6)
        column.addWidget(self.copies)
        column.addLayout(first)
        column.addLayout(second)

    def _connect(self) -> None:
        self._typing.timeout.connect(self.changed)
        self.text.textChanged.connect(lambda _text: self._typing.start())
        self.text.installEventFilter(self)
        self.stages.currentIndexChanged.connect(lambda _at: self.changed.emit())
        self.fading.toggled.connect(lambda _on: self.changed.emit())
        self.problems.toggled.connect(lambda _on: self.changed.emit())
        self.copies.activated.connect(lambda at: self.copy_chosen.emit(str(self.copies.itemData(at))))

    # -- what is wanted

    @property
    def filter(self) -> Filter:
        """What is let through now."""
        return Filter(
            words_of(self.text.text()),
            str(self.stages.currentData() or ""),
            self.fading.isChecked(),
            self.problems.isChecked(),
        )

    def reset(self) -> None:
        """Let all through."""
        for widget in (self.text, self.stages, self.fading, self.problems):
            widget.blockSignals(True)
        self.text.clear()
        self.stages.setCurrentIndex(0)
        self.fading.setChecked(False)
        self.problems.setChecked(False)
        for widget in (self.text, self.stages, self.fading, self.problems):
            widget.blockSignals(False)
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

    def count(self, records: Sequence[Record]) -> None:
        """How many fade and have problems, on the buttons that show them."""
        fading = sum(bool(record.fading) for record in records)
        wrong = sum(any(one.severity != "notice" for one in record.problems) for record in records)
        self.fading.setText(tr("Fading ({n})", n=fading))
        self.problems.setText(tr("Problems ({n})", n=wrong))

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
