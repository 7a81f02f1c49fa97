"""The report about a pilot: how it will look, in which language, with what in it; a view of `ReportPresenter`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import Qgis
from qgis.gui import QgsGui
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QSize, Qt, QTimer
from qgis.PyQt.QtGui import QCloseEvent, QPainter, QPaintEvent, QPalette
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ...map.live.layers import LiveLayers
from ...map.log import push
from ...map.pilots.book import PilotBook
from ...text import tr, trn
from ...twin.errors import CityTwinError
from ..icons import icon
from ..notice import Notice
from ..status_line import ElidedLabel, StatusLine
from .report_presenter import ReportPresenter

if TYPE_CHECKING:
    from qgis.core import QgsPrintLayout
    from qgis.gui import QgisInterface
    from qgis.PyQt.QtGui import QImage

_SETTLED = 100  # ms
_LANGUAGES = (("en", "English"), ("nl", "Nederlands"))  # each by its own name, whatever the window speaks


class Sheet(QWidget):
    """A page as paper: as large as there is room, in its own shape."""

    def __init__(self) -> None:
        super().__init__()
        self._picture: QImage | None = None
        self._words = ""
        self.setMinimumSize(QSize(280, 396))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(tr("Preview"))

    def show_page(self, picture: QImage | None, words: str) -> None:
        """``words`` where there is no picture."""
        self._picture, self._words = picture, words
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        room = self.rect().adjusted(8, 8, -8, -8)
        size = QSize(210, 297).scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
        box = room
        box.setSize(size)
        box.moveCenter(self.rect().center())
        shade = self.palette().color(QPalette.ColorRole.Shadow)
        shade.setAlpha(60)
        painter.fillRect(box.translated(2, 2), shade)
        painter.fillRect(box, Qt.GlobalColor.white)
        if self._picture is not None:
            ratio = self.devicePixelRatioF()
            sharp = self._picture.scaled(
                size * ratio, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
            painter.drawImage(box, sharp)
        else:
            painter.setPen(Qt.GlobalColor.darkGray)
            flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
            painter.drawText(box.adjusted(16, 16, -16, -16), flags, self._words)
        painter.end()


class ReportDialog(QDialog):
    """One for each pilot; it stands beside the map. ``live``: where the sensors inside are known from, if anywhere."""

    def __init__(
        self,
        book: PilotBook,
        path: str,
        key: str,
        iface: QgisInterface | None,
        parent: QWidget | None = None,
        live: LiveLayers | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("CityTwinReportDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(760, 640)
        self._iface = iface
        self._stopped = False
        self.presenter = ReportPresenter(book, path, key, live, self)
        self.sheet, self.notice, self.status = Sheet(), Notice(), StatusLine()
        middle = QHBoxLayout()
        middle.setContentsMargins(12, 12, 12, 4)
        middle.setSpacing(12)
        middle.addWidget(self.sheet, 1)
        middle.addWidget(self._make_side())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.notice)
        layout.addLayout(middle, 1)
        layout.addWidget(self._make_foot())
        layout.addWidget(self.status)
        self.presenter.changed.connect(self._show)
        self.presenter.progressed.connect(self.doing.say)
        self.presenter.saved.connect(self._saved)
        self.presenter.opened.connect(self._opened)
        self.presenter.failed.connect(self._failed)
        QgsGui.enableAutoGeometryRestore(self)
        self.presenter.start()

    def _make_side(self) -> QWidget:
        side = QWidget()
        side.setFixedWidth(220)
        layout = QVBoxLayout(side)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.setSpacing(8)
        label = QLabel(tr("&Language"))
        self.language = QComboBox()
        for code, name in _LANGUAGES:
            self.language.addItem(name, code)
        self.language.setCurrentIndex(self.language.findData(self.presenter.wanted.language))
        self.language.currentIndexChanged.connect(lambda _index: self._choose())
        label.setBuddy(self.language)
        layout.addWidget(label)
        layout.addWidget(self.language)
        group = QGroupBox(tr("Include"))
        inside = QVBoxLayout(group)
        self.boxes: dict[str, QCheckBox] = {}
        for name, words in (
            ("map", tr("&Map")),
            ("picture", tr("&3D picture")),
            ("figures", tr("&Figures")),
            ("conditions", tr("&Conditions")),
            ("history", tr("&History")),
        ):
            box = self.boxes[name] = QCheckBox(words)
            box.setChecked(getattr(self.presenter.wanted, name))
            box.toggled.connect(lambda _on: self._choose())
            inside.addWidget(box)
        layout.addWidget(group)
        self.doing = ElidedLabel(dim=True)
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        self.bar.setMaximumHeight(14)
        self.cancel_button = QPushButton(tr("Cancel"))
        self.cancel_button.setAutoDefault(False)
        self.cancel_button.clicked.connect(lambda _checked=False: self.presenter.cancel())
        self._progress = QWidget()
        below = QVBoxLayout(self._progress)
        below.setContentsMargins(0, 0, 0, 0)
        below.addWidget(self.doing)
        row = QHBoxLayout()
        row.addWidget(self.bar, 1)
        row.addWidget(self.cancel_button)
        below.addLayout(row)
        layout.addStretch(1)
        layout.addWidget(self._progress)
        return side

    def _make_foot(self) -> QWidget:
        self.save_button = QPushButton(icon("mActionSaveAsPDF.svg"), tr("&Save as PDF…"))
        self.save_button.clicked.connect(lambda _checked=False: self.save())
        self.save_button.setDefault(True)
        self.layout_button = QPushButton(icon("mActionNewLayout.svg"), tr("Open as &Layout"))
        self.layout_button.setAutoDefault(False)
        self.layout_button.clicked.connect(lambda _checked=False: self.presenter.open_layout())
        self.again_button = QPushButton(icon("mActionRefresh.svg"), tr("&Refresh"))
        self.again_button.setAutoDefault(False)
        self.again_button.clicked.connect(lambda _checked=False: self.presenter.start())
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close = buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setText(tr("Close"))  # Qt has not all of QGIS's languages
        close.setAutoDefault(False)
        buttons.rejected.connect(self.reject)
        foot = QWidget()
        row = QHBoxLayout(foot)
        row.setContentsMargins(12, 6, 12, 8)
        for button in (self.save_button, self.layout_button, self.again_button):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(buttons)
        return foot

    # -- following the presenter -------------------------------------------------------------------------------------

    def _show(self) -> None:
        presenter, busy = self.presenter, self.presenter.busy
        self.setWindowTitle(tr("Pilot Report: {name}", name=presenter.title))
        made = presenter.made
        words = "" if presenter.cancelled or presenter.error else tr("The page is being made…")
        self.sheet.show_page(made.picture if made else None, words)
        self._progress.setVisible(busy)
        for button in (self.save_button, self.layout_button):
            button.setEnabled(made is not None and not busy and presenter.error is None)
        self.again_button.setEnabled(not busy)
        self._tell()

    def _tell(self) -> None:
        presenter = self.presenter
        unsaved = presenter.unsaved
        if presenter.error is not None:
            self.notice.say(presenter.error.message, "bad")
        elif presenter.cancelled:
            self.notice.say(tr("Cancelled. Refresh to make the page anew."), "limit")
        elif unsaved:
            self.notice.say(
                trn(
                    "{names} has edits that are not saved; they are not in the report.",
                    "{names} have edits that are not saved; they are not in the report.",
                    len(unsaved),
                    names=", ".join(unsaved),
                ),
                "limit",
            )
        else:
            self.notice.say("")

    def _saved(self, path: Path) -> None:
        words = tr("The report is in {file}.", file=path.name)
        self.status.say(words, "good")
        push(self._iface, words, Qgis.MessageLevel.Success)

    def _opened(self, layout: QgsPrintLayout) -> None:
        self.status.say(tr("The layout {name} is in the project.", name=layout.name()), "good")
        designer = self._iface.openLayoutDesigner(layout) if self._iface is not None else None
        if designer is None:
            return
        view = designer.view()
        # QGIS fits the page to a window that has not its size yet
        QTimer.singleShot(_SETTLED, lambda: None if sip.isdeleted(view) else view.zoomFull())

    def _failed(self, error: CityTwinError) -> None:
        self.status.say(error.message, "bad")

    # -- what the user does ------------------------------------------------------------------------------------------

    def _choose(self) -> None:
        chosen = {name: box.isChecked() for name, box in self.boxes.items()}
        self.status.say("")
        self.presenter.choose(replace(self.presenter.wanted, language=self.language.currentData(), **chosen))

    def save(self) -> None:
        """Into a file that the user names."""
        start = str(Path(self.presenter.path).with_name(f"{self.presenter.file_name}.pdf"))
        chosen, _ = QFileDialog.getSaveFileName(self, tr("Save Report"), start, tr("PDF files (*.pdf)"))
        if chosen:
            self.presenter.save(Path(chosen if Path(chosen).suffix else f"{chosen}.pdf"))

    def stop(self) -> None:
        """Let go of everything. Ending twice does no harm."""
        if not self._stopped:
            self._stopped = True
            self.presenter.stop()

    def done(self, result: int) -> None:
        self.stop()
        super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.stop()
        super().closeEvent(event)
