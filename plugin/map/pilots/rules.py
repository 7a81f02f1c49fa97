"""When pilots count as fading, as agreed in a project: kept in the QGIS project itself, so that whoever opens it is
told the same by map, list and board."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, fields
from typing import Any

from qgis.core import (
    Qgis,
    QgsPalLayerSettings,
    QgsProject,
    QgsProperty,
    QgsRuleBasedRenderer,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
)
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...pilots import vocabulary as words
from ...pilots.fading import RULES, Rules
from ...pilots.mapping import PilotMapping
from ...text import tr
from ...workcopy.source import Source
from ..log import log
from .fading import fading_expression

SCOPE, KEY = "citytwin", "fading"
MOST_DAYS = 3650
_DAYS = ("after_end", "to_decide", "to_start", "quiet", "quiet_idea")
# people are not compared with a line, whatever a project says
LINED = (words.TECHNICAL, words.INSTITUTIONAL)


class RulesKeeper(QObject):
    """Tells when the project's rules are others: set anew, or another project was opened."""

    changed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._last = current()
        project = QgsProject.instance()
        self._signals: tuple[Any, ...] = (project.readProject, project.cleared)
        for signal in self._signals:
            signal.connect(self.look)

    def look(self, *_: object) -> None:
        """Tell, where the rules are others than last time."""
        rules = current()
        if rules != self._last:
            self._last = rules
            self.changed.emit()

    def stop(self) -> None:
        """Let the project go."""
        for signal in self._signals:
            signal.disconnect(self.look)
        self._signals = ()


_keeper: RulesKeeper | None = None


def keeper() -> RulesKeeper:
    """The one that tells of changes, made when first asked for. Main thread; `stop` ends it."""
    global _keeper
    if _keeper is None or sip.isdeleted(_keeper):
        _keeper = RulesKeeper()
    return _keeper


def stop() -> None:
    """End what `keeper` made. Ending twice does no harm."""
    global _keeper
    found, _keeper = _keeper, None
    if found is not None and not sip.isdeleted(found):
        found.stop()
        found.deleteLater()


def current() -> Rules:
    """The project's rules; `RULES` where it has none, or none that can be read. Main thread."""
    text, found = QgsProject.instance().readEntry(SCOPE, KEY, "")
    return read(text) if found and text else RULES


def keep(rules: Rules) -> None:
    """Agree on ``rules`` in this project, which has something to save then. The usual ones are not written down."""
    project = QgsProject.instance()
    if rules == current():
        return
    if rules == RULES:
        project.removeEntry(SCOPE, KEY)
    else:
        project.writeEntry(SCOPE, KEY, written(rules))
    project.setDirty(True)
    keeper().look()


def written(rules: Rules) -> str:
    """The text that is kept: only what differs from the usual rules."""
    usual = asdict(RULES)
    changed = {name: value for name, value in asdict(rules).items() if value != usual[name]}
    return json.dumps({"format": 1, **changed})


def read(text: str) -> Rules:
    """The rules of a kept text; a number that cannot be one is the usual one. Never raises."""
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        log(tr("The project's rules of fading cannot be read; the usual ones hold."), Qgis.MessageLevel.Warning)
        return RULES
    values: dict[str, Any] = {}
    for name in _DAYS:
        if _is_number(given.get(name)):
            values[name] = min(max(int(given[name]), 0), MOST_DAYS)
    if _is_number(given.get("line")):
        values["line"] = min(max(float(given["line"]), 0.0), 1.0)
    if _is_number(given.get("least_rated")):
        values["least_rated"] = min(max(int(given["least_rated"]), 1), 99)
    lined = given.get("lined")
    if isinstance(lined, list):
        values["lined"] = tuple(name for name in LINED if name in lined)
    return Rules(**{field.name: values[field.name] for field in fields(Rules) if field.name in values})


def reword(layer: QgsVectorLayer, source: Source, mapping: PilotMapping, before: Rules, after: Rules) -> bool:
    """Let a layer of pilots mark what fades by ``after``, wherever its rules and labels ask by ``before``. What
    somebody styled otherwise stays as it is. True where anything was changed. Main thread."""
    old, new = (fading_expression(source, mapping, rules) for rules in (before, after))
    if old == new:
        return False
    changed = _reword_symbols(layer, old, new)
    changed = _reword_labels(layer, old, new) or changed
    if changed:
        layer.triggerRepaint()
        layer.styleChanged.emit()
    return changed


def _reword_symbols(layer: QgsVectorLayer, old: str, new: str) -> bool:
    anew = _reworded(layer, old, new)
    if anew is None:
        return False
    layer.setRenderer(anew)
    return True


def _reworded(layer: QgsVectorLayer, old: str, new: str) -> QgsRuleBasedRenderer | None:
    """A renderer that asks by ``new``; None where nothing asks by ``old``. A function of its own: once the layer has
    the new one, QGIS deletes the other, and nothing in Python may hold a rule of it by then (seen to crash)."""
    renderer = layer.renderer()
    if not isinstance(renderer, QgsRuleBasedRenderer):
        return None
    anew = renderer.clone()
    found = [rule for rule in anew.rootRule().descendants() if old in rule.filterExpression()]
    for rule in found:
        rule.setFilterExpression(rule.filterExpression().replace(old, new))
    return anew if found else None


def _reword_labels(layer: QgsVectorLayer, old: str, new: str) -> bool:
    labeling = layer.labeling()
    if not isinstance(labeling, QgsVectorLayerSimpleLabeling):
        return False
    settings = labeling.settings()
    properties = settings.dataDefinedProperties()
    place = QgsPalLayerSettings.Property.Priority
    priority = properties.property(place).expressionString()
    if old not in settings.fieldName and old not in priority:
        return False
    settings.fieldName = settings.fieldName.replace(old, new)
    if old in priority:
        properties.setProperty(place, QgsProperty.fromExpression(priority.replace(old, new)))
        settings.setDataDefinedProperties(properties)
    layer.setLabeling(QgsVectorLayerSimpleLabeling(settings))
    return True


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
