"""The form of a field review: title, area, layers, background, tasks, people, and where the package goes."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsSettings
from qgis.gui import QgsDateEdit, QgsFileWidget, QgsMapCanvas
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QSlider,
    QWidget,
)

from ...map.pilots import mappings
from ...text import number, tr
from ..tool_tip import tool_tip
from .area_choice import AreaChoice
from .prepare_presenter import ITEMS, SELECTED, VISIBLE, Asked, PreparePresenter

_FOLDER, _BY, _TO, _ZOOM = (f"citytwin/review-{name}" for name in ("folder", "made-by", "for-whom", "zoom"))
_ZOOMS = (14, 19)
_FILE = "file"


class PrepareForm(QWidget):
    """``changed()``: ask for `asked` again."""

    changed = pyqtSignal()

    def __init__(self, presenter: PreparePresenter, canvas: QgsMapCanvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.presenter = presenter
        self._canvas = canvas
        self._file = ""  # of tiles, once one was chosen
        self._fields()
        self._choices()
        self._lay_out()
        self._connect()

    def _fields(self) -> None:
        copy, settings = self.presenter.copy, QgsSettings()
        self.name = QLineEdit(tr("Field review of {name}", name=copy.path.stem))
        self.name.setMaxLength(120)
        first = [one.table for one in copy.sources if mappings.of_source(one) is not None]
        first += [one.table for one in copy.sources if one.table == "districts"]
        self.area = AreaChoice(copy.path, self._canvas, first)
        self.layers = QListWidget()
        self.layers.setAccessibleName(tr("Layers that go along"))
        for source in self.presenter.sources():
            entry = QListWidgetItem(source.title or source.table)
            entry.setData(Qt.ItemDataRole.UserRole, source.table)
            entry.setFlags(Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
            entry.setCheckState(Qt.CheckState.Checked)
            entry.setToolTip(tool_tip(source.description))
            self.layers.addItem(entry)
        self.under = _combo(tr("Background"))
        self.zoom = QSlider(Qt.Orientation.Horizontal)
        self.zoom.setRange(*_ZOOMS)
        self.zoom.setPageStep(1)
        self.zoom.setValue(min(max(settings.value(_ZOOM, 18, type=int), _ZOOMS[0]), _ZOOMS[1]))
        self.zoom.setAccessibleName(tr("Detail of the background"))
        self.size = QLabel()
        self.size.setTextFormat(Qt.TextFormat.PlainText)
        self.size.setWordWrap(True)
        self.sensors = QCheckBox(tr("Last values of the live &sensors"))
        self.todo = _combo(tr("Tasks"))
        self.whom = QLineEdit(settings.value(_TO, "", type=str))
        self.by = QLineEdit(settings.value(_BY, "", type=str))
        for line in (self.whom, self.by):
            line.setMaxLength(120)
            line.setPlaceholderText(tr("A role or initials"))
        self.due = QgsDateEdit()
        self.due.setAllowNull(True)
        self.due.setNullRepresentation(tr("No date"))
        self.due.clear()
        self.folder = QgsFileWidget()
        self.folder.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.folder.setDialogTitle(tr("Save the Package In"))
        self.folder.setFilePath(settings.value(_FOLDER, str(copy.path.parent), type=str))
        self.zipped = QCheckBox(tr("Also as a &zip, to send"))
        self.zipped.setChecked(True)

    def _choices(self) -> None:
        """What can lie below and what can be looked at, as it is now."""
        presenter = self.presenter
        self.under.addItem(tr("None"), "")
        below = presenter.backgrounds()
        if below:
            names = ", ".join(layer.name() for layer in below)
            self.under.addItem(tr("What the map shows: {names}", names=names), VISIBLE)
            self.under.setCurrentIndex(1)
        self.under.addItem(tr("A file of tiles…"), _FILE)
        live = presenter.live_layers()
        self.sensors.setEnabled(bool(live))
        self.sensors.setChecked(bool(live))
        if not live:
            self.sensors.setToolTip(tr("There is no live layer in the project. Add one on the Sensors page first."))
        self.todo.addItem(tr("None"), "")
        presenter.ask(Asked(tables=tuple(source.table for source in presenter.sources())))
        chosen = sum(layer.selectedFeatureCount() for layer in presenter.selected())
        if chosen:
            self.todo.addItem(tr("Selected features ({n})", n=chosen), SELECTED)
        waiting = len(presenter.waiting())
        if waiting:
            self.todo.addItem(tr("Accepted items and questions ({n})", n=waiting), ITEMS)
        self.todo.setCurrentIndex(1 if chosen or waiting else 0)
        for source in presenter.sources():
            if source.has_geometry:
                self.todo.addItem(tr("All features of {layer}", layer=source.title or source.table), source.table)

    def _lay_out(self) -> None:
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.layers.setMinimumHeight(5 * self.layers.fontMetrics().lineSpacing())
        rows = max(5, self.layers.count()) * max(self.layers.sizeHintForRow(0), self.layers.fontMetrics().lineSpacing())
        self.layers.setMaximumHeight(rows + 2 * self.layers.frameWidth())  # no room for layers that are not there
        detail = QHBoxLayout()
        detail.addWidget(self.zoom, 1)
        detail.addWidget(self.size, 2)
        people = QHBoxLayout()
        people.addWidget(self.whom, 2)
        people.addWidget(_named(tr("D&ue"), self.due))
        people.addWidget(self.due, 1)
        for words, field, buddy in (
            (tr("&Title"), self.name, self.name),
            (tr("&Area"), self.area, self.area),
            (tr("&Layers"), self.layers, self.layers),
            (tr("&Background"), self.under, self.under),
            (tr("D&etail"), detail, self.zoom),
            ("", self.sensors, None),
            (tr("Tas&ks"), self.todo, self.todo),
            (tr("&For"), people, self.whom),
            (tr("&Made by"), self.by, self.by),
            (tr("Save &in"), self.folder, self.folder),
            ("", self.zipped, None),
        ):
            form.addRow(_named(words, buddy) if words else QLabel(), field)

    def _connect(self) -> None:
        self.name.textChanged.connect(lambda _text: self.changed.emit())
        self.area.changed.connect(self.changed)
        self.layers.itemChanged.connect(lambda _item: self.changed.emit())
        self.under.activated.connect(lambda _at: self._under())
        self.zoom.valueChanged.connect(lambda _value: self.changed.emit())
        self.todo.currentIndexChanged.connect(lambda _at: self.changed.emit())
        self.folder.fileChanged.connect(lambda _path: self.changed.emit())

    # -- what is asked

    def asked(self) -> Asked:
        """What is chosen now."""
        checked = Qt.CheckState.Checked
        rows = [self.layers.item(at) for at in range(self.layers.count())]
        tables = tuple(str(row.data(Qt.ItemDataRole.UserRole)) for row in rows if row.checkState() == checked)
        due = self.due.date()
        under = str(self.under.currentData() or "")
        return Asked(
            tables,
            self.area.value(),
            self.name.text(),
            self.by.text(),
            self.whom.text(),
            due.toString(Qt.DateFormat.ISODate) if not self.due.isNull() and due.isValid() else "",
            self._file if under == _FILE else under,
            self.zoom.value(),
            self.sensors.isChecked(),
            str(self.todo.currentData() or ""),
            self.folder.filePath(),
            self.zipped.isChecked(),
        )

    def keep(self) -> None:
        """Propose the same the next time."""
        asked, settings = self.asked(), QgsSettings()
        for key, value in (
            (_FOLDER, asked.folder), (_BY, asked.made_by), (_TO, asked.for_whom), (_ZOOM, asked.zoom),
        ):  # fmt: skip
            settings.setValue(key, value)

    def say_size(self) -> None:
        """How large the background would be, as far as that is known."""
        asked, expected = self.presenter.asked, self.presenter.expected
        self.zoom.setEnabled(bool(asked.under))
        detail = tr("Zoom level {zoom}", zoom=number(asked.zoom))
        if not asked.under:
            detail = tr("No background")
        elif expected is not None:
            detail = f"{detail}: {expected.label}"
        self.size.setText(detail)

    def _under(self) -> None:
        """A file is asked for when it is chosen."""
        if self.under.currentData() == _FILE:
            chosen, _ = QFileDialog.getOpenFileName(
                self, tr("Choose a File of Tiles"), self.folder.filePath(), tr("Tiles (*.mbtiles)")
            )
            if chosen:
                self.use_tiles(Path(chosen))
                return
            self.under.setCurrentIndex(0)
        self.changed.emit()

    def use_tiles(self, file: Path) -> None:
        """Take the tiles of that file along."""
        self._file = str(file)
        at = self.under.findData(_FILE)
        self.under.setItemText(at, tr("Tiles of {file}", file=file.name))
        self.under.setCurrentIndex(at)
        self.changed.emit()


def _combo(name: str) -> QComboBox:
    combo = QComboBox()
    combo.setAccessibleName(name)
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(20)
    return combo


def _named(words: str, buddy: QWidget | None) -> QLabel:
    label = QLabel(words)
    if buddy is not None:
        label.setBuddy(buddy)
    return label
