"""The board's filters: stage, theme, lead, only what fades, and words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qgis.gui import QgsCheckableComboBox, QgsFilterLineEdit
from qgis.PyQt.QtCore import QSignalBlocker, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QSizePolicy, QWidget

from ...pilots import vocabulary as words
from ...text import tr
from .board_presenter import BoardPresenter, Filter

_NARROWEST, _WIDEST = 90, 220
_DROP = 420  # of an open list, where names are long


class BoardFilters(QWidget):
    """Shows the presenter's filter and changes it. The choice of a working copy is there where there are several."""

    wanted = pyqtSignal(object)  # Filter

    def __init__(self, presenter: BoardPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self.copies = QComboBox()
        self.copies.setAccessibleName(tr("Working copy"))
        self.copies.setToolTip(tr("The working copy whose pilots are shown"))
        self.copies.activated.connect(lambda at: presenter.show_path(str(self.copies.itemData(at))))
        self.stage = self._combo(tr("Stage"), tr("All stages"))
        self.theme = self._combo(tr("Theme"), tr("All themes"))
        self.lead = self._combo(tr("Lead"), tr("All leads"))
        self.fading = QCheckBox(tr("&Fading only"))
        self.fading.toggled.connect(self._changed)
        self.text = QgsFilterLineEdit()
        self.text.setShowSearchIcon(True)
        self.text.setPlaceholderText(tr("Title, summary, lead or partner"))
        self.text.setAccessibleName(tr("Words to look for"))
        self.text.setMinimumWidth(_NARROWEST)
        self.text.textChanged.connect(self._changed)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.copies)
        for combo in (self.stage, self.theme, self.lead):
            layout.addWidget(combo, 1)
        layout.addWidget(self.fading)
        layout.addWidget(self.text, 2)
        presenter.changed.connect(self.show_filter)
        self.show_filter()

    def _combo(self, name: str, everything: str) -> QgsCheckableComboBox:
        combo = QgsCheckableComboBox()
        combo.setAccessibleName(name)
        combo.setToolTip(name)
        combo.setDefaultText(everything)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.setMinimumWidth(_NARROWEST)
        combo.setMaximumWidth(_WIDEST)
        combo.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        combo.view().setMinimumWidth(_WIDEST)
        combo.checkedItemsChanged.connect(self._changed)
        return combo

    def show_filter(self) -> None:
        """The presenter's filter, and what there is to choose from."""
        presenter, now = self._presenter, self._presenter.filter
        self._fill(self.stage, presenter.stages(), [words.stage_title(one) for one in presenter.stages()], now.stages)
        self._fill(self.theme, presenter.themes(), [words.theme_title(one) for one in presenter.themes()], now.themes)
        self._fill(self.lead, presenter.leads(), presenter.leads(), now.leads)
        for widget in (self.fading, self.text):
            widget.blockSignals(True)
        self.fading.setChecked(now.only_fading)
        if self.text.text() != now.text:
            self.text.setText(now.text)
        for widget in (self.fading, self.text):
            widget.blockSignals(False)
        paths = presenter.paths()
        if [self.copies.itemData(at) for at in range(self.copies.count())] != list(paths):
            self.copies.clear()
            for path in paths:
                self.copies.addItem(Path(path).stem, path)
        self.copies.setCurrentIndex(self.copies.findData(presenter.path))
        self.copies.setVisible(len(paths) > 1)

    def _fill(
        self, combo: QgsCheckableComboBox, keys: Sequence[str], titles: Sequence[str], chosen: Sequence[str]
    ) -> None:
        blocker = QSignalBlocker(combo)
        if [combo.itemData(at) for at in range(combo.count())] != list(keys):
            combo.clear()
            for key, title in zip(keys, titles):
                combo.addItemWithCheckState(title or tr("(none)"), Qt.CheckState.Unchecked, key)
            wide = max((combo.fontMetrics().horizontalAdvance(title) for title in titles), default=0) + 60
            combo.view().setMinimumWidth(min(wide, _DROP))
        for at, key in enumerate(keys):
            state = Qt.CheckState.Checked if key in chosen else Qt.CheckState.Unchecked
            if combo.itemCheckState(at) != state:
                combo.setItemCheckState(at, state)
        combo.setEnabled(bool(keys))
        blocker.unblock()

    def _changed(self, *_: object) -> None:
        self.wanted.emit(
            Filter(
                tuple(self.stage.checkedItemsData()),
                tuple(self.theme.checkedItemsData()),
                tuple(self.lead.checkedItemsData()),
                self.fading.isChecked(),
                self.text.text(),
            )
        )
