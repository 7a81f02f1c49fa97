"""The columns of a live layer, and what stands in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from qgis.core import QgsExpressionContextUtils, QgsField, QgsFields, QgsVectorLayer
from qgis.PyQt.QtCore import QDateTime, QMetaType, Qt

from ...sensors import freshness, values, words
from ...sensors.norms import Fit
from ...sensors.state import Latest
from ...sensors.values import DatastreamLike
from ...text import tr
from ...twin.sta.model import Datastream

DATASTREAM = "datastream"
NAME = "name"
THING = "thing"
OBSERVED = "observed_property"
RESULT = "result"
TEXT = "result_text"
UNIT = "unit"
KIND = "kind"
TIME = "phenomenon_time"
FRESHNESS = "freshness"
TREND = "trend"
CLASS = "class"
EXCEEDED = "exceeded"
# not among `NAMES`, since it is not written: worked out whenever it is read, and saved with the project as such
AGE = "age"

_COLUMNS = (
    (DATASTREAM, QMetaType.Type.QString),
    (NAME, QMetaType.Type.QString),
    (THING, QMetaType.Type.QString),
    (OBSERVED, QMetaType.Type.QString),
    (RESULT, QMetaType.Type.Double),
    (TEXT, QMetaType.Type.QString),
    (UNIT, QMetaType.Type.QString),
    (KIND, QMetaType.Type.QString),
    (TIME, QMetaType.Type.QDateTime),
    (FRESHNESS, QMetaType.Type.QString),
    (TREND, QMetaType.Type.QString),
    (CLASS, QMetaType.Type.Int),
    (EXCEEDED, QMetaType.Type.Int),
)
NAMES = tuple(name for name, _ in _COLUMNS)
_INDEX = {name: number for number, name in enumerate(NAMES)}
_RESULT, _TEXT, _UNIT, _KIND = (_INDEX[name] for name in (RESULT, TEXT, UNIT, KIND))
_TIME, _FRESHNESS, _TREND, _CLASS, _EXCEEDED = (_INDEX[name] for name in (TIME, FRESHNESS, TREND, CLASS, EXCEEDED))
# what Qt can hold and any file can be given
_FIRST, _LAST = -62135596800.0, 253402300799.0

_CLOCK = "citytwin_clock"

Cells = dict[int, Any]  # column number → value


def fields() -> QgsFields:
    """The columns in their order."""
    found = QgsFields()
    for name, kind in _COLUMNS:
        found.append(QgsField(name, kind))
    return found


def aliases() -> dict[str, str]:
    """What a user calls the columns."""
    return {
        DATASTREAM: tr("Datastream"),
        NAME: tr("Name"),
        THING: tr("Thing"),
        OBSERVED: tr("Observed property"),
        RESULT: tr("Result"),
        TEXT: tr("Result with unit"),
        UNIT: tr("Unit"),
        KIND: tr("Kind of result"),
        TIME: tr("Phenomenon time"),
        FRESHNESS: tr("Freshness"),
        TREND: tr("Trend"),
        CLASS: tr("Class"),
        EXCEEDED: tr("Thresholds crossed"),
    }


def add_age(layer: QgsVectorLayer) -> None:
    """The column that tells how old the result is, in whole seconds by the twin's clock (see `set_clock`)."""
    expression = f'round((epoch(now()) - epoch("{TIME}")) / 1000.0 + coalesce(@{_CLOCK}, 0))'
    index = layer.fields().lookupField(AGE)
    if index < 0:
        index = layer.addExpressionField(expression, QgsField(AGE, QMetaType.Type.LongLong))
    elif layer.expressionField(index) != expression:
        layer.updateExpressionField(index, expression)
    layer.setFieldAlias(layer.fields().lookupField(AGE), tr("Age (s)"))


def set_clock(layer: QgsVectorLayer, ahead: int) -> None:
    """The twin's clock is ``ahead`` seconds ahead of this computer's."""
    known = QgsExpressionContextUtils.layerScope(layer).variable(_CLOCK)
    if ahead != int(known or 0):
        QgsExpressionContextUtils.setLayerVariable(layer, _CLOCK, ahead)


def is_complete(names: Iterable[str]) -> bool:
    """Whether a layer that has columns of these ``names`` has ours, in our order."""
    return tuple(names) == NAMES


def silent() -> Cells:
    """The cells of a value that nothing follows any more."""
    return {_FRESHNESS: freshness.SILENT}


def row(stream: Datastream, latest: Latest, fit: Fit | None) -> list[Any]:
    """The whole row of a datastream."""
    cells = changed_cells(None, latest, fit)
    named = [stream.id, stream.name, stream.thing.name, stream.observed_property.name]
    return [*named, *(cells[number] for number in range(len(named), len(NAMES)))]


def changed_cells(before: Latest | None, latest: Latest, fit: Fit | None) -> Cells:
    """The cells that differ between two states of a datastream; all that may ever differ without one before."""
    cells: Cells = {}
    if before is None or before[1:4] != latest[1:4]:  # kind, value, unit
        number = latest.value if latest.kind == values.NUMBER else None
        cells[_RESULT] = number
        cells[_TEXT] = words.value(latest)
        if before is None or before.unit != latest.unit:
            cells[_UNIT] = latest.unit
        if before is None or before.kind != latest.kind:
            cells[_KIND] = latest.kind
        cells[_CLASS] = fit.classes.of(number, fit.factor) if fit is not None and isinstance(number, float) else None
    if before is None or before.time != latest.time:
        cells[_TIME] = moment(latest.time)
    if before is None or before.freshness != latest.freshness:
        cells[_FRESHNESS] = latest.freshness
    if before is None or before.trend != latest.trend:
        cells[_TREND] = latest.trend
    if before is None or before.exceeded != latest.exceeded:
        cells[_EXCEEDED] = len(latest.exceeded)
    return cells


def nothing_yet(stream: DatastreamLike) -> Latest:
    """The state of a datastream of which nothing is known."""
    unit = (stream.unit.symbol or stream.unit.name) if stream.unit else ""
    return Latest(stream.id, values.NONE, None, unit, None, None, None, "none", "unknown", False, ())


def moment(seconds: float | None) -> QDateTime | None:
    """Seconds since 1970 UTC as Qt has it; None for a time that no file can hold."""
    if seconds is None or not _FIRST <= seconds <= _LAST:
        return None
    return QDateTime.fromMSecsSinceEpoch(round(seconds * 1000), Qt.TimeSpec.UTC)


def name_of(number: int) -> str:
    """The name of a column."""
    return NAMES[number]


def index_of(name: str) -> int:
    """The number of a column."""
    return _INDEX[name]
