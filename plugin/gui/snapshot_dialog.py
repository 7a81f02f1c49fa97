"""The dialog that keeps a live layer as it is now: which layer, in which file, under which name."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import Qgis, QgsProject, QgsSettings, QgsVectorLayer
from qgis.gui import QgsGui
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ..map.live import snapshot
from ..map.live.layers import LiveLayers
from ..map.live.snapshot import Written
from ..map.log import push, push_error
from ..map.project import ProjectCopies
from ..text import tr, trn
from ..twin.errors import CityTwinError
from .dim import dimmed
from .icons import icon
from .tool_tip import tool_tip

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

_FOLDER = "citytwin/snapshot-folder"
_TURN = 1000  # ms


class SnapshotDialog(QDialog):
    """Ends as soon as the writing has begun; the message bar says what came of it."""

    def __init__(
        self,
        iface: QgisInterface | None,
        copies: ProjectCopies,
        live_layers: LiveLayers,
        layer: QgsVectorLayer | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("CityTwinSnapshotDialog")
        self.setWindowTitle(tr("Keep a Snapshot"))
        self.setWindowIcon(icon("snapshot"))
        self._iface = iface
        self._live = live_layers
        self._own_name = False
        self._build()
        for one in live_layers.all():
            self.layer.addItem(one.name(), one.id())
        if layer is not None:
            self.layer.setCurrentIndex(max(0, self.layer.findData(layer.id())))
        for copy in copies.copies():
            self.file.addItem(tr("{file} (working copy)", file=copy.path.name), str(copy.path))
            self.file.setItemData(self.file.count() - 1, tool_tip(str(copy.path)), Qt.ItemDataRole.ToolTipRole)
        if not self.file.count():
            self.file.addItem(tr("None chosen yet"), "")
        self._show_layer()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._show)
        self._timer.start(_TURN)
        QgsGui.enableAutoGeometryRestore(self)

    def _build(self) -> None:
        self.layer, self.file = QComboBox(), QComboBox()
        for box in (self.layer, self.file):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(32)
        self.browse_button = QPushButton("…")
        self.browse_button.setAutoDefault(False)
        self.browse_button.setToolTip(tr("Another GeoPackage"))
        self.browse_button.setAccessibleName(tr("Another GeoPackage"))
        self.browse_button.setFixedWidth(self.browse_button.fontMetrics().horizontalAdvance("…") + 24)
        self.browse_button.clicked.connect(lambda _checked=False: self.browse())
        self.name = QLineEdit()
        self.name.setMaxLength(120)
        self.says = QLabel()
        self.says.setWordWrap(True)
        self.says.setMinimumHeight(self.says.fontMetrics().lineSpacing() * 3)
        dimmed(self.says)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setText(tr("Keep"))
        # Qt has not all of QGIS's languages
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        beside = QHBoxLayout()
        beside.addWidget(self.file, 1)
        beside.addWidget(self.browse_button)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for words, field, buddy in (
            (tr("&Live layer"), self.layer, self.layer),
            (tr("&File"), beside, self.file),
            (tr("Na&me"), self.name, self.name),
        ):
            label = QLabel(words)
            label.setBuddy(buddy)
            buddy.setAccessibleName(words.replace("&", ""))
            form.addRow(label, field)
        form.addRow("", self.says)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addStretch(1)
        layout.addWidget(self.buttons)
        self.resize(520, 220)
        self.layer.currentIndexChanged.connect(lambda _at: self._show_layer())
        self.file.currentIndexChanged.connect(lambda _at: self._show())
        self.name.textEdited.connect(self._named)

    # -- showing

    def chosen(self) -> QgsVectorLayer | None:
        """The live layer; None where there is none, or it was removed."""
        layer = QgsProject.instance().mapLayer(self.layer.currentData() or "")
        return layer if isinstance(layer, QgsVectorLayer) else None

    def path(self) -> Path | None:
        """The file; None while none is chosen."""
        text = self.file.currentData()
        return Path(text) if text else None

    def _show_layer(self) -> None:
        layer = self.chosen()
        if layer is not None and not self._own_name:
            self.name.setText(layer.name())
        self._show()

    def _named(self, text: str) -> None:
        self._own_name = bool(text.strip())
        self._show()

    def _show(self) -> None:
        layer, path = self.chosen(), self.path()
        ready = layer is not None and path is not None and bool(self.name.text().strip())
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(ready)
        if layer is None:
            self.says.setText(tr("There is no live layer in the project. Add one on the Sensors page first."))
            return
        feed = self._live.feed_of(layer)
        now = feed.live.now() if feed is not None else time.time()
        table = snapshot.table_name(self.name.text(), now)
        words = trn(
            "{n} sensor with what it says at this moment becomes the table {table}.",
            "{n} sensors with what they say at this moment become the table {table}.",
            layer.featureCount(),
            table=table,
        )
        if path is None:
            words += " " + tr("Choose the GeoPackage that keeps it, one that is there or a new one.")
        elif self.file.currentText() != path.name:
            words += " " + tr("It is no change of the working copy and is never published.")
        self.says.setText(words)

    # -- what the user does

    def browse(self) -> None:
        """Another file, one that is there or a new one."""
        folder = QgsSettings().value(_FOLDER, QgsProject.instance().homePath(), type=str)
        chosen, _ = QFileDialog.getSaveFileName(
            self,
            tr("Keep the Snapshot In"),
            folder,
            tr("GeoPackage (*.gpkg)"),
            "",
            # the table is added to a file that is there
            QFileDialog.Option.DontConfirmOverwrite,
        )
        if chosen:
            self.set_path(Path(chosen))

    def set_path(self, path: Path) -> None:
        """Choose that file."""
        if path.suffix.lower() != ".gpkg":
            path = path.with_name(f"{path.name}.gpkg")
        QgsSettings().setValue(_FOLDER, str(path.parent))
        none = self.file.findData("")
        if none >= 0:
            self.file.removeItem(none)
        at = self.file.findData(str(path))
        if at < 0:
            self.file.addItem(path.name, str(path))
            at = self.file.count() - 1
            self.file.setItemData(at, tool_tip(str(path)), Qt.ItemDataRole.ToolTipRole)
        self.file.setCurrentIndex(at)

    def accept(self) -> None:
        """Take the snapshot now, and write it."""
        layer, path = self.chosen(), self.path()
        feed = self._live.feed_of(layer) if layer is not None else None
        if layer is None or path is None or feed is None:
            return
        iface = self._iface

        def done(added: QgsVectorLayer | None, written: Written) -> None:
            words = trn(
                "Kept: {n} sensor in {file}, table {table}.",
                "Kept: {n} sensors in {file}, table {table}.",
                written.rows,
                file=written.path.name,
                table=written.table,
            )
            if added is None:
                words += " " + tr("QGIS could not open it as a layer; the log has the details.")
            push(iface, words, Qgis.MessageLevel.Success if added is not None else Qgis.MessageLevel.Warning)

        def failed(error: CityTwinError) -> None:
            push_error(iface, error)

        snapshot.keep(layer, feed, path, title=self.name.text(), done=done, failed=failed, parent=self._live)
        super().accept()

    def done(self, result: int) -> None:
        """However it ends, the clock stops."""
        self._timer.stop()
        super().done(result)
