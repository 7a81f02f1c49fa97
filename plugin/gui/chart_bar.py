"""The chart's tool bar: period, live, sensors, thresholds, export."""

from __future__ import annotations

from qgis.PyQt.QtCore import QDateTime, Qt, pyqtSignal
from qgis.PyQt.QtGui import QAction
from qgis.PyQt.QtWidgets import QComboBox, QDateTimeEdit, QHBoxLayout, QLabel, QMenu, QSizePolicy, QToolButton, QWidget

from ..text import tr
from .chart_presenter import CUSTOM, DAY, HOUR, WEEK
from .icons import icon

_SECONDS = 1000


class ChartBar(QWidget):
    """Says what the user wants; it shows what it is told by `tell`."""

    period_wanted = pyqtSignal(str)
    custom_wanted = pyqtSignal(float, float)
    follow_wanted = pyqtSignal(bool)
    levels_wanted = pyqtSignal(bool)
    add_wanted = pyqtSignal()
    remove_wanted = pyqtSignal()
    csv_wanted = pyqtSignal()
    png_wanted = pyqtSignal()
    layer_wanted = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.period = QComboBox()
        self.period.setAccessibleName(tr("Period"))
        self.period.setToolTip(tr("Period"))
        for name, words in (
            (HOUR, tr("Last Hour")), (DAY, tr("Last Day")), (WEEK, tr("Last Week")), (CUSTOM, tr("Custom")),
        ):  # fmt: skip
            self.period.addItem(words, name)
        self.period.activated.connect(self._chosen)
        self.start, self.end = self._edit(tr("From")), self._edit(tr("Until"))
        self.until = QLabel("–")
        self.follow = self._button("mActionPlay.svg", tr("Follow Live"), checkable=True)
        self.follow.setText(tr("Follow Live"))
        self.follow.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.follow.toggled.connect(self.follow_wanted)
        self.add = self._button("mActionAdd.svg", tr("Add Selected"))
        self.add.clicked.connect(self.add_wanted)
        self.remove = self._button("mActionRemove.svg", tr("Remove from Chart"))
        self.remove.clicked.connect(self.remove_wanted)
        self.levels = self._button("threshold", tr("Show Norms and Thresholds"), checkable=True)
        self.levels.toggled.connect(self.levels_wanted)
        self.export = self._button("mActionSharingExport.svg", tr("Export"))
        self.export.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.export)
        self.actions_: list[QAction] = []
        for picture, words, signal in (
            ("mActionSaveMapAsImage.svg", tr("Picture (PNG)…"), self.png_wanted),
            ("mActionFileSaveAs.svg", tr("Observations as CSV…"), self.csv_wanted),
            ("mActionAddTable.svg", tr("Observations as Table Layer…"), self.layer_wanted),
        ):
            action = QAction(icon(picture), words, menu)
            action.triggered.connect(lambda _checked=False, signal=signal: signal.emit())
            menu.addAction(action)
            self.actions_.append(action)
        self.export.setMenu(menu)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(6, 3, 6, 3)
        layout.setSpacing(4)
        for widget in (self.period, self.start, self.until, self.end, self.follow):
            layout.addWidget(widget)
        layout.addStretch(1)
        for widget in (self.add, self.remove, self.levels, self.export):
            layout.addWidget(widget)

    def _button(self, picture: str, words: str, *, checkable: bool = False) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon(picture))
        button.setToolTip(words)
        button.setAccessibleName(words)
        button.setAutoRaise(True)
        button.setCheckable(checkable)
        return button

    def _edit(self, words: str) -> QDateTimeEdit:
        edit = QDateTimeEdit()
        edit.setCalendarPopup(True)
        edit.setAccessibleName(words)
        edit.setToolTip(words)
        edit.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        edit.setKeyboardTracking(False)
        edit.dateTimeChanged.connect(self._edited)
        return edit

    def tell(
        self, period: str, start: float, end: float, *, follow: bool, levels: bool, any_sensor: bool, selected: int,
        chosen: bool,
    ) -> None:  # fmt: skip
        """Show how things are. ``selected``: features on the map, ``chosen``: rows of the list."""
        widgets = (self.period, self.start, self.end, self.follow, self.levels)
        for widget in widgets:
            widget.blockSignals(True)
        self.period.setCurrentIndex(max(0, self.period.findData(period)))
        for edit, seconds in ((self.start, start), (self.end, end)):
            if not edit.hasFocus():
                edit.setDateTime(QDateTime.fromMSecsSinceEpoch(round(seconds * _SECONDS)))
        self.follow.setChecked(follow)
        self.levels.setChecked(levels)
        for widget in widgets:
            widget.blockSignals(False)
        for each in (self.start, self.until, self.end):
            each.setVisible(period == CUSTOM)
        for each in (self.period, self.start, self.end, self.follow, self.levels, self.export):
            each.setEnabled(any_sensor)
        self.remove.setEnabled(any_sensor and chosen)
        self.add.setEnabled(selected > 0)
        self.add.setToolTip(tr("Add Selected") if selected else tr("Add Selected: select sensors on the map first"))

    def _chosen(self, index: int) -> None:
        name = str(self.period.itemData(index))
        if name == CUSTOM:
            self._edited()
        else:
            self.period_wanted.emit(name)

    def _edited(self, *_: object) -> None:
        start, end = (edit.dateTime().toMSecsSinceEpoch() / _SECONDS for edit in (self.start, self.end))
        self.custom_wanted.emit(start, end)
