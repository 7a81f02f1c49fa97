"""The dialog for one threshold: whose values, which level, and how many sensors are beyond it now."""

from __future__ import annotations

from dataclasses import replace

from qgis.gui import QgsGui
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from ..map.live.thresholds import Beyond, Target, Thresholds
from ..map.live.thresholds_kept import Kept, new_id, same_service
from ..map.live.thresholds_suggest import Suggestion, hysteresis, suggestions
from ..map.tasks import TaskHandle
from ..sensors.thresholds import Threshold
from ..text import tr, trn
from ..twin.sensorthings import ObservedProperty
from .dim import dimmed
from .icons import icon
from .threshold_amount import AmountBox
from .threshold_model import beyond_words

_PAUSE, _AGAIN = 250, 2000  # ms
_ALL, _SELECTED, _KEPT = "all", "selected", "kept"


class ThresholdEditor(QDialog):
    """Makes a threshold, or edits ``former``; after `accept` it is `kept`. A new one begins as one on ``observed``,
    where that is on the map."""

    def __init__(
        self,
        thresholds: Thresholds,
        former: Kept | None = None,
        parent: QWidget | None = None,
        *,
        observed: ObservedProperty | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("CityTwinThresholdEditor")
        self.setWindowTitle(tr("Edit Threshold") if former else tr("New Threshold"))
        self.setWindowIcon(icon("threshold"))
        self.kept: Kept | None = None
        self._thresholds = thresholds
        self._former = former
        self._observed = observed
        self._counting: TaskHandle | None = None
        self._suggested: tuple[Suggestion, ...] = ()
        self._own_name = bool(former)
        self._own_hysteresis = bool(former)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._count)
        self._build()
        self._fill()
        self._timer.start(_PAUSE)
        QgsGui.enableAutoGeometryRestore(self)

    # -- making

    def _build(self) -> None:
        self.target = QComboBox()
        self.which = QComboBox()
        self.norm = QComboBox()
        for box in (self.target, self.which, self.norm):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(30)
        self.direction = QComboBox()
        self.direction.addItem(tr("above"), True)
        self.direction.addItem(tr("below"), False)
        self.direction.setAccessibleName(tr("Above or below"))
        self.level = AmountBox()
        self.band = AmountBox(0.0)
        self.name = QLineEdit()
        self.name.setMaxLength(200)
        self.units = (QLabel(), QLabel())
        self.now = QLabel()
        self.now.setWordWrap(True)
        self.now.setMinimumHeight(self.now.fontMetrics().lineSpacing() * 2)
        self.now.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        # Qt has not all of QGIS's languages
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._norm_label = self._row(form, tr("&Norm"), self.norm)
        self._row(form, tr("&Value is"), self._beside(self.direction, self.level, self.units[0]), self.direction)
        self._row(form, tr("&Hysteresis"), self._beside(self.band, self.units[1]), self.band)
        hint = QLabel(tr("A value is back only once it is by this much on the other side again."))
        hint.setWordWrap(True)
        hint.setMinimumHeight(hint.fontMetrics().lineSpacing() * 2)
        hint.setAlignment(Qt.AlignmentFlag.AlignTop)
        form.addRow("", dimmed(hint))
        self._row(form, tr("Na&me"), self.name)
        self._row(form, tr("Now"), self.now)
        form.insertRow(0, self._label(tr("&Property"), self.target), self.target)
        form.insertRow(1, self._label(tr("&Sensors"), self.which), self.which)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addStretch(1)
        layout.addWidget(self.buttons)
        self.resize(540, 390)
        self.target.currentIndexChanged.connect(lambda _at: self._show_target())
        self.norm.activated.connect(self._take_norm)
        self.level.valueChanged.connect(lambda _value: self._level_changed())
        self.direction.currentIndexChanged.connect(lambda _at: self._level_changed())
        self.band.valueChanged.connect(lambda _value: self._band_changed())
        self.which.currentIndexChanged.connect(lambda _at: self._count_soon())
        self.name.textEdited.connect(self._named)

    def _row(self, form: QFormLayout, words: str, field: QWidget, buddy: QWidget | None = None) -> QLabel:
        label = self._label(words, buddy or field)
        form.addRow(label, field)
        return label

    def _label(self, words: str, buddy: QWidget) -> QLabel:
        label = QLabel(words)
        label.setBuddy(buddy)
        buddy.setAccessibleName(words.replace("&", ""))
        return label

    def _beside(self, *fields: QWidget) -> QWidget:
        both = QWidget()
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        for field in fields:
            row.addWidget(field, 1 if isinstance(field, AmountBox) else 0)
        return both

    # -- showing

    def _fill(self) -> None:
        former, found = self._former, self._thresholds.targets()
        at = 0
        if former is not None:
            fitting = [number for number, target in enumerate(found) if _is_of(former, target)]
            if not fitting:
                unit = former.threshold.unit or ""
                observed = former.threshold.observed_property or ""
                found.insert(0, Target(former.service, observed, former.title, unit, ()))
            at = fitting[0] if fitting else 0
        elif self._observed is not None:
            wanted = (self._observed.id, self._observed.name)
            fitting = [
                number for number, target in enumerate(found) if (target.observed_property, target.title) == wanted
            ]
            at = fitting[0] if fitting else 0
        services = {target.service for target in found}
        for target in found:
            words = tr("{title} in {unit}", title=target.title, unit=target.unit) if target.unit else target.title
            if len(services) > 1:
                words = tr("{title}, {service}", title=words, service=target.where)
            self.target.addItem(words, target)
        self.target.setCurrentIndex(at)
        if former is not None:
            threshold = former.threshold
            self.direction.setCurrentIndex(0 if threshold.above else 1)
            self.level.setValue(threshold.level)
            self.band.setValue(threshold.hysteresis)
            self.name.setText(threshold.name)
        self._show_target()
        self.level.setFocus()
        self.level.selectAll()

    def chosen(self) -> Target | None:
        """What the threshold is set on."""
        found = self.target.currentData()
        return found if isinstance(found, Target) else None

    def _show_target(self) -> None:
        target = self.chosen()
        if target is None:
            return
        self._suggested = suggestions(target.datastreams)
        self.norm.clear()
        self.norm.addItem(tr("None, a level of your own"))
        for suggestion in self._suggested:
            self.norm.addItem(suggestion.words)
        self.norm.setVisible(bool(self._suggested))
        self._norm_label.setVisible(bool(self._suggested))
        for label in self.units:
            label.setText(target.unit)
            label.setVisible(bool(target.unit))
        self._show_which(target)
        if self._former is None and self._suggested:
            # something sensible to begin with: the strictest is mostly exceeded everywhere
            self._take_norm(len(self._suggested))
        self._level_changed()

    def _show_which(self, target: Target) -> None:
        self.which.clear()
        n = len(target.datastreams)
        self.which.addItem(trn("All of them ({n} sensor)", "All of them ({n} sensors)", n), (_ALL, None))
        former = self._former
        before = former.threshold.datastreams if former is not None and _is_of(former, target) else None
        selected = frozenset(self._thresholds.selected(target))
        if before is not None:
            words = trn("Only {n} sensor, chosen before", "Only {n} sensors, chosen before", len(before))
            self.which.addItem(words, (_KEPT, before))
            self.which.setCurrentIndex(1)
        if selected and selected != before:
            words = trn("Only {n} sensor, selected on the map", "Only {n} sensors, selected on the map", len(selected))
            self.which.addItem(words, (_SELECTED, selected))

    # -- what the user does

    def _take_norm(self, at: int) -> None:
        if not 0 < at <= len(self._suggested):
            return
        suggestion = self._suggested[at - 1]
        self.norm.setCurrentIndex(at)
        self.direction.setCurrentIndex(0 if suggestion.above else 1)
        self.level.setValue(suggestion.level)
        if not self._own_name:
            self.name.setText(suggestion.name)
        self._level_changed()

    def _level_changed(self) -> None:
        target, level = self.chosen(), self.level.value()
        above = bool(self.direction.currentData())
        fitting = [n for n, one in enumerate(self._suggested, 1) if one.level == level and one.above == above]
        if self.norm.currentIndex() not in fitting:
            self.norm.setCurrentIndex(fitting[0] if fitting else 0)
        if not self._own_hysteresis:
            self.band.blockSignals(True)
            self.band.setValue(hysteresis(level))
            self.band.blockSignals(False)
        if not self._own_name and target is not None:
            at = self.norm.currentIndex()
            if at > 0:
                self.name.setText(self._suggested[at - 1].name)
            else:
                words = tr("{title} too high", title=target.title)
                self.name.setText(words if above else tr("{title} too low", title=target.title))
        self._count_soon()

    def _band_changed(self) -> None:
        self._own_hysteresis = True
        self._count_soon()

    def _named(self, text: str) -> None:
        self._own_name = bool(text.strip())
        if not self._own_name:
            self.name.setPlaceholderText(tr("for example Slow traffic"))
        self._show_ok()

    def _show_ok(self) -> None:
        ready = self.chosen() is not None and bool(self.name.text().strip())
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(ready)

    def entered(self) -> Kept | None:
        """What the fields hold now; None while there is nothing to watch."""
        target = self.chosen()
        if target is None:
            return None
        on = self._former.on if self._former is not None else True
        return Kept(self._threshold(target), target.service, target.title, on)

    def _threshold(self, target: Target) -> Threshold:
        which = self.which.currentData()
        return Threshold(
            id=self._former.threshold.id if self._former is not None else "",
            name=self.name.text().strip(),
            level=self.level.value(),
            above=bool(self.direction.currentData()),
            hysteresis=self.band.value(),
            observed_property=target.observed_property,
            datastreams=which[1] if which else None,
            unit=target.unit,
        )

    def accept(self) -> None:
        """Take it over."""
        entered = self.entered()
        if entered is None or not entered.threshold.name:
            return
        if not entered.threshold.id:
            entered = replace(entered, threshold=replace(entered.threshold, id=new_id()))
        self.kept = entered
        super().accept()

    def done(self, result: int) -> None:
        """However it ends, nothing goes on counting."""
        self._timer.stop()
        if self._counting is not None:
            self._counting.cancel()
        super().done(result)

    # -- counting

    def _count_soon(self) -> None:
        self._show_ok()
        self._timer.start(_PAUSE)

    def _count(self) -> None:
        self._timer.start(_AGAIN)
        entered = self.entered()
        if entered is None or (self._counting is not None and self._counting.running):
            return
        asked = (entered.service, entered.threshold)

        def counted(found: list[Beyond | None]) -> None:
            now = self.entered()
            if now is not None and (now.service, now.threshold) == asked:
                self.now.setText(beyond_words(found[0]))

        self._counting = self._thresholds.count([asked], counted)


def _is_of(kept: Kept, target: Target) -> bool:
    threshold = kept.threshold
    return (
        same_service(kept.service, target.service)
        and threshold.observed_property in (None, target.observed_property)
        and threshold.unit in (None, target.unit)
    )
