"""The dialog that plays back the history of a live layer: whose, from when to when, in which steps."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from qgis.core import Qgis, QgsProject, QgsVectorLayer
from qgis.gui import QgsGui
from qgis.PyQt.QtCore import QDateTime, Qt, QTimer
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDateTimeEdit,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from ..map.live import playback, playback_control
from ..map.live.feed import Feed
from ..map.live.layers import LiveLayers
from ..map.live.playback import Estimate, Loading
from ..map.live.playback_rows import MOST_FRAMES, STEPS, Frames
from ..map.live.source import source_of
from ..map.live.thresholds import Thresholds
from ..map.log import push
from ..map.tasks import TaskHandle
from ..text import number, tr, trn
from ..twin.errors import CityTwinError
from ..twin.sensorthings import Datastream
from .icons import icon
from .notice import Notice
from .playback_period import CUSTOM, Period, duration, period, periods

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

_ALL, _SELECTED = "all", "selected"
_PAUSE = 300  # ms without a change before the service is asked


class PlaybackDialog(QDialog):
    """It stays open while it loads, so that one can stop it, and closes when the map is ready to play."""

    def __init__(
        self,
        iface: QgisInterface,
        live_layers: LiveLayers,
        thresholds: Thresholds | None = None,
        layer: QgsVectorLayer | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("CityTwinPlaybackDialog")
        self.setWindowTitle(tr("Play Back"))
        self.setWindowIcon(icon("playback"))
        self._iface = iface
        self._live = live_layers
        self._thresholds = thresholds
        self._estimate: Estimate | None = None
        self._asking: TaskHandle | None = None
        self._loading: Loading | None = None
        self._asked = 0
        self._build()
        for one in live_layers.all():
            self.layer.addItem(one.name(), one.id())
        if layer is not None:
            self.layer.setCurrentIndex(max(0, self.layer.findData(layer.id())))
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._ask)
        self._connect()
        self._show_layer()
        QgsGui.enableAutoGeometryRestore(self)

    # -- making

    def _build(self) -> None:
        self.layer, self.which, self.period, self.step = QComboBox(), QComboBox(), QComboBox(), QComboBox()
        for box in (self.layer, self.which):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(30)
        for key, words in periods():
            self.period.addItem(words, key)
        now = QDateTime.currentDateTime()
        self.start, self.end = QDateTimeEdit(now.addSecs(-3600)), QDateTimeEdit(now)
        for edit, words in ((self.start, tr("From")), (self.end, tr("To"))):
            edit.setCalendarPopup(True)
            edit.setAccessibleName(words)
        self._custom = QWidget()
        row = QHBoxLayout(self._custom)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.start, 1)
        row.addWidget(QLabel(tr("to")))
        row.addWidget(self.end, 1)
        self.says = QLabel()
        self.says.setWordWrap(True)
        self.says.setTextFormat(Qt.TextFormat.PlainText)
        self.says.setMinimumHeight(self.says.fontMetrics().lineSpacing() * 2)
        self.says.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.notice = Notice()
        self.bar = QProgressBar()
        policy = self.bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.bar.setSizePolicy(policy)
        self.bar.hide()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.load_button = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.load_button.setText(tr("Load"))
        self.load_button.setIcon(icon("playback"))
        # Qt has not all of QGIS's languages
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for words, field in (
            (tr("&Live layer"), self.layer),
            (tr("&Sensors"), self.which),
            (tr("&Period"), self.period),
        ):
            self._row(form, words, field)
        form.addRow("", self._custom)
        self._row(form, tr("S&tep"), self.step)
        self._fields = [self.layer, self.which, self.period, self._custom, self.step]
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.says)
        layout.addWidget(self.notice)
        layout.addStretch(1)
        layout.addWidget(self.bar)
        layout.addWidget(self.buttons)
        self.resize(480, 330)

    def _row(self, form: QFormLayout, words: str, field: QWidget) -> None:
        label = QLabel(words)
        label.setBuddy(field)
        field.setAccessibleName(words.replace("&", ""))
        form.addRow(label, field)

    def _connect(self) -> None:
        self.layer.currentIndexChanged.connect(lambda _at: self._show_layer())
        self.which.currentIndexChanged.connect(lambda _at: self._changed())
        self.period.currentIndexChanged.connect(lambda _at: self._changed())
        self.step.currentIndexChanged.connect(lambda _at: self._show())
        self.start.dateTimeChanged.connect(lambda _when: self._changed())
        self.end.dateTimeChanged.connect(lambda _when: self._changed())
        self.buttons.accepted.connect(self.load)
        self.buttons.rejected.connect(self.reject)

    # -- what is chosen

    def chosen(self) -> tuple[QgsVectorLayer, Feed] | None:
        """The live layer and its feed; None where there is none."""
        layer = QgsProject.instance().mapLayer(self.layer.currentData() or "")
        feed = self._live.feed_of(layer) if isinstance(layer, QgsVectorLayer) else None
        return (layer, feed) if feed is not None else None

    def streams(self) -> tuple[Datastream, ...]:
        """The sensors to play back."""
        chosen = self.chosen()
        if chosen is None:
            return ()
        layer, feed = chosen
        source = source_of(layer)
        if self.which.currentData() == _SELECTED:
            found = (self._live.datastream_of(layer, fid) for fid in layer.selectedFeatureIds())
            return tuple(stream for stream in found if stream is not None)
        return feed.datastreams(source) if source is not None else ()

    def wanted(self) -> Period | None:
        """The period; None where it ends before it begins."""
        chosen = self.chosen()
        now = chosen[1].live.now() if chosen is not None else time.time()
        found = period(self.period.currentData(), now)
        if found is None:
            start, end = (edit.dateTime().toMSecsSinceEpoch() / 1000 for edit in (self.start, self.end))
            found = Period(start, min(end, now))
        return found if found.length > 0 else None

    def frames(self) -> Frames | None:
        """What will be played; None while it is not known."""
        found, step = self.wanted(), self.step.currentData() or (self._estimate.step if self._estimate else 0)
        return Frames.over(found.start, found.end, float(step)) if found is not None and step else None

    # -- showing

    def _show_layer(self) -> None:
        self.which.blockSignals(True)
        self.which.clear()
        chosen = self.chosen()
        if chosen is not None:
            layer, feed = chosen
            source = source_of(layer)
            n = len(feed.datastreams(source)) if source is not None else 0
            self.which.addItem(trn("All of them ({n} sensor)", "All of them ({n} sensors)", n), _ALL)
            selected = layer.selectedFeatureCount()
            if selected:
                words = trn("Only {n} sensor, selected on the map", "Only {n} sensors, selected on the map", selected)
                self.which.addItem(words, _SELECTED)
        self.which.blockSignals(False)
        self._changed()

    def _changed(self) -> None:
        self._custom.setVisible(self.period.currentData() == CUSTOM)
        self._estimate = None
        self._asked += 1
        if self._asking is not None:
            self._asking.cancel()
        self.notice.say("")
        self._show()
        self._soon.start(_PAUSE)

    def _ask(self) -> None:
        chosen, streams, wanted = self.chosen(), self.streams(), self.wanted()
        if chosen is None or not streams or wanted is None:
            return
        number_of_this = self._asked

        def done(found: Estimate) -> None:
            if number_of_this == self._asked:
                self._estimate = found
                self._show()

        def failed(error: CityTwinError) -> None:
            if number_of_this == self._asked:
                self.says.setText("")
                self.notice.say(error.message, "bad")

        self._asking = playback.estimate(
            chosen[1], streams, wanted.start, wanted.end, done=done, failed=failed, parent=self
        )

    def _show(self) -> None:
        self._show_steps()
        frames, found = self.frames(), self._estimate
        too_many = frames is not None and frames.count > 4 * MOST_FRAMES
        self.load_button.setEnabled(
            found is not None and found.observations > 0 and not too_many and self._loading is None
        )
        self.says.setText(self._words(frames))
        if found is None:
            return
        if too_many:
            self.notice.say(tr("That is too many steps to play. Choose a longer step or a shorter period."))
        elif found.heavy:
            self.notice.say(tr("That much plays slowly. Choose fewer sensors, a shorter period or a longer step."))
        else:
            self.notice.say("")

    def _words(self, frames: Frames | None) -> str:
        if self.chosen() is None:
            return tr("There is no live layer in the project. Add one on the Sensors page first.")
        if self.wanted() is None:
            return tr("The period ends before it begins, or lies in the future. Choose other times.")
        if not self.streams():
            return tr("The sensors of this layer are not read yet.")
        found = self._estimate
        if found is None:
            return tr("Asking how much there is…")
        if not found.observations:
            return tr("The service has no observations of these sensors in that period. Choose another period.")
        count = trn("About {count} observation", "About {count} observations", found.observations, count=_round(found))
        steps = trn("{n} step", "{n} steps", frames.count if frames is not None else 0)
        return tr("{observations}, in {steps}. Each step shows the last reading.", observations=count, steps=steps)

    def _show_steps(self) -> None:
        automatic = self._estimate.step if self._estimate is not None else 0
        words = tr("By the sensors' rhythm")
        if automatic:
            words = tr("By the sensors' rhythm ({step})", step=duration(automatic))
        if not self.step.count():
            self.step.blockSignals(True)
            self.step.addItem(words, 0)
            for step in STEPS:
                self.step.addItem(duration(step), step)
            self.step.blockSignals(False)
        else:
            self.step.setItemText(0, words)

    # -- loading

    def load(self) -> None:
        """Read it all and make the layer."""
        chosen, frames, found = self.chosen(), self.frames(), self._estimate
        if chosen is None or frames is None or found is None or self._loading is not None:
            return
        layer, feed = chosen
        for field in self._fields:
            field.setEnabled(False)
        self.load_button.setEnabled(False)
        self.bar.setRange(0, 0)
        self.bar.show()
        thresholds = self._thresholds.of(feed) if self._thresholds is not None else ()
        expected = found.observations * (1 + found.lead / max(1.0, frames.end - frames.start))
        # its own parent is not this window: what was loaded goes on when it is closed at the end
        self._loading = playback.load(
            layer,
            feed,
            self.streams(),
            frames,
            found.lead,
            thresholds,
            done=lambda made: self._loaded(made, layer, frames),
            failed=self._failed,
            progress=lambda done, total, text: self._progress(done, total or expected, text),
            note=lambda text: push(self._iface, text, Qgis.MessageLevel.Warning),
            parent=self,
        )

    def _progress(self, done: int, total: float, text: str) -> None:
        self.bar.setRange(0, 1000)
        self.bar.setValue(min(1000, round(1000 * done / max(1.0, total))))
        self.says.setText(text)

    def _failed(self, error: CityTwinError) -> None:
        self._idle()
        self.notice.say(error.message, "bad")

    def _idle(self) -> None:
        self._loading = None
        self.bar.hide()
        for field in self._fields:
            field.setEnabled(True)
        self._show()

    def _loaded(self, made: QgsVectorLayer, live: QgsVectorLayer, frames: Frames) -> None:
        self._loading = None
        playback.add(made, live)
        playback_control.set_up(self._iface, frames)
        words = tr("{layer} is ready: press Play in the Temporal Controller.", layer=made.name())
        words += " " + tr("The live layer is hidden meanwhile.")
        offset = QDateTime.fromMSecsSinceEpoch(round(frames.start * 1000)).offsetFromUtc()
        if offset:
            words += " " + tr(
                "The controller tells UTC: {utc} there is {local} here.",
                utc=QDateTime.fromMSecsSinceEpoch(round(frames.start * 1000), Qt.TimeSpec.UTC).toString("HH:mm"),
                local=QDateTime.fromMSecsSinceEpoch(round(frames.start * 1000)).toString("HH:mm"),
            )
        push(self._iface, words, Qgis.MessageLevel.Success)
        self.accept()

    def reject(self) -> None:
        """Stop loading; without that, close."""
        if self._loading is not None:
            self._loading.cancel()
            self._idle()
            return
        super().reject()

    def done(self, result: int) -> None:
        """However it ends, nothing goes on."""
        self._soon.stop()
        self._asked += 1
        if self._asking is not None:
            self._asking.cancel()
        if self._loading is not None:
            self._loading.cancel()
            self._loading = None
        super().done(result)


def _round(found: Estimate) -> str:
    """Two figures: it is an estimate."""
    return number(float(f"{found.observations:.2g}"))
