"""The sensors of a chart: colour, name, what each says now and how fresh that is."""

from __future__ import annotations

from collections.abc import Iterable

from qgis.PyQt.QtCore import QPoint, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QIcon, QKeyEvent, QPainter, QPixmap
from qgis.PyQt.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTreeWidget, QTreeWidgetItem, QWidget

from ..map.plot_colours import ink_of
from ..sensors import words
from ..text import tr
from .chart_sensor import Sensor
from .dim import Dim, MiddleElided
from .icons import icon
from .tool_tip import tool_tip

_KEY = Qt.ItemDataRole.UserRole
_MARK = QSize(18, 12)


class ChartList(QTreeWidget):
    """``remove_wanted(keys)``: without these sensors."""

    remove_wanted = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(tr("Sensors of the chart"))
        self.setHeaderLabels([tr("Sensor"), tr("Latest Value"), tr("Freshness")])
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setIconSize(_MARK)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._show_menu)
        self.setItemDelegateForColumn(2, Dim(self))
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(40)
        wide = self.fontMetrics().horizontalAdvance
        values, states = ("00.000 µg/m³", tr("Latest Value")), (tr("not connected"), tr("Freshness"))
        for column, longest in ((1, max(map(wide, values))), (2, max(map(wide, states)))):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
            self.setColumnWidth(column, longest + 16)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setItemDelegateForColumn(0, MiddleElided(self))
        self.setMinimumWidth(220)

    def tell(self, sensors: Iterable[Sensor]) -> None:
        """Show these; rows that are there already only change their texts."""
        sensors = list(sensors)
        keys = [sensor.key for sensor in sensors]
        if keys != [self.topLevelItem(row).data(0, _KEY) for row in range(self.topLevelItemCount())]:
            self.clear()
            for sensor in sensors:
                item = QTreeWidgetItem()
                item.setData(0, _KEY, sensor.key)
                item.setIcon(0, self._mark(sensor.colour))
                self.addTopLevelItem(item)
        for row, sensor in enumerate(sensors):
            self._tell(self.topLevelItem(row), sensor)

    def _tell(self, item: QTreeWidgetItem, sensor: Sensor) -> None:
        latest = sensor.latest
        thing, observed = sensor.stream.thing.name, sensor.stream.observed_property.name
        texts = (
            sensor.name,
            words.value(latest) if latest is not None else "",
            words.how_fresh(latest.freshness) if latest is not None else tr("not connected"),
        )
        for column, text in enumerate(texts):
            if item.text(column) != text:
                item.setText(column, text)
        age = words.age(latest, sensor.feed.live.now()) if latest is not None else ""
        tip = "\n".join(part for part in (sensor.name, thing if thing != sensor.name else "", observed, age) if part)
        if item.toolTip(0) != tool_tip(tip):
            item.setToolTip(0, tool_tip(tip))
            item.setToolTip(1, tool_tip("\n".join(part for part in (texts[1], age) if part)))
            item.setToolTip(2, texts[2])

    @property
    def chosen(self) -> list[tuple[str, str]]:
        """The keys of the selected rows."""
        return [item.data(0, _KEY) for item in self.selectedItems()]

    def remove_chosen(self) -> None:
        """Ask for the selected ones to go."""
        if self.chosen:
            self.remove_wanted.emit(self.chosen)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self.chosen:
            self.remove_chosen()
            return
        super().keyPressEvent(event)

    def _show_menu(self, place: QPoint) -> None:
        if not self.chosen:
            return
        menu = QMenu(self)
        menu.addAction(icon("mActionRemove.svg"), tr("Remove from Chart"), self.remove_chosen)
        menu.exec(self.viewport().mapToGlobal(place))
        menu.deleteLater()

    def _mark(self, colour: int) -> QIcon:
        """The line as the chart draws it."""
        sharp = self.devicePixelRatioF()
        picture = QPixmap(_MARK * sharp)
        picture.setDevicePixelRatio(sharp)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setPen(ink_of(self.palette()).pen(colour, 2.6))
        painter.drawLine(1, _MARK.height() // 2, _MARK.width() - 1, _MARK.height() // 2)
        painter.end()
        return QIcon(picture)
