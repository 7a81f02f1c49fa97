"""The layer's own form of pilots: tabs, words in the user's language, and the structured columns as text to read.

It is what QGIS and QField show, also without the plugin. History, assessments and links are JSON, which nobody should
edit by hand: the form tells what they say, and neither it nor the attribute table lets them be typed over. Nor does it
let the stage be changed where the twin keeps a history of it: a change without its date and reason would be lost to it.
All of these are edited in the plugin's form of a pilot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from qgis.core import (
    Qgis,
    QgsAttributeEditorContainer,
    QgsAttributeEditorField,
    QgsAttributeEditorTextElement,
    QgsDefaultValue,
    QgsEditFormConfig,
    QgsEditorWidgetSetup,
    QgsExpression,
    QgsOptionalExpression,
    QgsValueMapFieldFormatter,
    QgsVectorLayer,
)

from ...pilots import schema as cols
from ...pilots import vocabulary as words
from ...pilots.mapping import OURS, PilotMapping
from ...text import tr
from ...workcopy.source import Source
from . import mappings
from .fading import entries, has, member, stage_is

_TABS: tuple[tuple[Callable[[], str], tuple[str, ...]], ...] = (
    (lambda: tr("Pilot"), (cols.NAME, cols.SUMMARY, cols.THEME, cols.STAGE, cols.STOP_REASON, cols.START, cols.END,
                           cols.AREA)),
    (lambda: tr("Organisation"), (cols.LEAD, cols.PARTNERS, cols.CONTACT, cols.BAND, cols.BUDGET)),
    (lambda: tr("Platform"), (cols.INTEGRATION, cols.COLLABORATION, cols.DATA_USED, cols.DATA_PRODUCED)),
    (lambda: tr("Assessment"), words.CONDITIONS),
    (lambda: tr("History"), (cols.HISTORY,)),
)  # fmt: skip
_WIDE = 72  # characters a line


def apply(layer: QgsVectorLayer, source: Source, mapping: PilotMapping, config: QgsEditFormConfig) -> None:
    """Widgets, words and tabs in ``config``, over the form that any layer gets. Main thread."""
    columns = mappings.columns(source, mapping)
    for ours, name in columns.items():
        index = layer.fields().lookupField(name)
        if index < 0:
            continue
        # a server with words of its own keeps them
        if mapping == OURS:
            unit = " (€)" if ours == cols.BUDGET else " (m²)" if ours == cols.AREA else ""
            layer.setFieldAlias(index, cols.title(ours) + unit)
        if ours in _CHOICES:
            layer.setEditorWidgetSetup(index, _choice(source, name, ours, mapping))
        if ours in cols.STRUCTURED:
            config.setReadOnly(index, True)
        config.setLabelOnTop(index, ours in (cols.INTEGRATION, cols.COLLABORATION))
    stage = layer.fields().lookupField(columns[cols.STAGE])
    if stage >= 0 and not config.readOnly(stage):
        first = mapping.their_word(cols.STAGE, words.IDEA)
        layer.setDefaultValueDefinition(stage, QgsDefaultValue(QgsExpression.quotedString(first)))
        # what is drawn without the plugin begins as an idea; a twin that keeps no history loses nothing by a change
        config.setReadOnly(stage, cols.HISTORY in columns)
    _tabs(layer, source, mapping, columns, config)


def unlisted(source: Source, mapping: PilotMapping) -> set[str]:
    """Columns that no form lists, because it tells what they say instead."""
    columns = mappings.columns(source, mapping)
    return {columns[ours] for ours in cols.STRUCTURED if ours in columns}


# -- choices ---------------------------------------------------------------------------------------------------------

_CHOICES: dict[str, tuple[tuple[str, ...], Callable[[str], str]]] = {
    cols.STAGE: (words.STAGES, words.stage_title),
    cols.THEME: (words.THEMES, words.theme_title),
    cols.BAND: (words.BUDGET_BANDS, words.budget_title),
}


def _choice(source: Source, name: str, ours: str, mapping: PilotMapping) -> QgsEditorWidgetSetup:
    """What the server takes, in the user's words. Without a list of the server's, what the mapping or we know."""
    known, title = _CHOICES[ours]
    column = source.column(name)
    declared = source.schema.get(column.property) if column else None
    values: Iterable[str]
    if declared is not None and declared.enum:
        values = [str(value) for value in declared.enum if value is not None]
    else:
        values = list(mapping.values.get(ours, {})) or known
    choices = [{title(mapping.word(ours, value)): value} for value in values]
    if declared is None or not declared.required:
        choices.append({tr("(none)"): QgsValueMapFieldFormatter.NULL_VALUE})
    return QgsEditorWidgetSetup("ValueMap", {"map": _apart(choices)})


def _apart(choices: list[dict[str, str]]) -> list[dict[str, str]]:
    """Two values of one meaning must stay two entries, or a form that is saved untouched changes one into the other."""
    seen: set[str] = set()
    out = []
    for choice in choices:
        ((title, value),) = choice.items()
        out.append({f"{title} ({value})" if title in seen else title: value})
        seen.add(title)
    return out


# -- layout ----------------------------------------------------------------------------------------------------------


def _tabs(
    layer: QgsVectorLayer, source: Source, mapping: PilotMapping, columns: Mapping[str, str], config: QgsEditFormConfig
) -> None:
    """The form's columns in tabs; those that are none of ours stay behind the first tab's."""
    root = config.invisibleRootContainer()
    listed = [child.name() for child in root.children()]
    config.clearTabs()
    ours = set(columns.values())
    for number, (title, names) in enumerate(_TABS):
        tab = QgsAttributeEditorContainer(title(), root)
        tab.setType(Qgis.AttributeEditorContainerType.Tab)
        for name in names:
            _element(layer, tab, name, mapping, columns)
            if name == cols.STAGE and {cols.STAGE, cols.HISTORY} <= columns.keys():
                _say(tab, tr("Changed in the plugin's form of a pilot, which keeps when and why."))
        if tab.children() and set(names) <= set(cols.STRUCTURED):
            _say(tab, tr("Shown here only: edited in the plugin's form of a pilot."))
        if number == 0:
            for name in listed:
                if name not in ours:
                    tab.addChildElement(QgsAttributeEditorField(name, layer.fields().lookupField(name), tab))
        if tab.children():
            root.addChildElement(tab)


def _say(tab: QgsAttributeEditorContainer, words_of_ours: str) -> None:
    where = QgsAttributeEditorTextElement("", tab)
    where.setShowLabel(False)
    where.setText(_slanted(words_of_ours))
    tab.addChildElement(where)


def _element(
    layer: QgsVectorLayer,
    tab: QgsAttributeEditorContainer,
    ours: str,
    mapping: PilotMapping,
    columns: Mapping[str, str],
) -> None:
    if ours not in columns:
        return
    name = columns[ours]
    if ours in cols.STRUCTURED:
        if "%]" in name:
            return  # would end the expression before its end
        text = QgsAttributeEditorTextElement(cols.title(ours), tab)
        # above the text instead of beside it, where it would take half the room
        text.setShowLabel(False)
        words_and_values = f"<b>{cols.title(ours)}</b><br>[% {_READABLE[ours](name)} %]<br>"
        text.setText(words_and_values)
        tab.addChildElement(text)
        return
    field = QgsAttributeEditorField(name, layer.fields().lookupField(name), tab)
    if ours != cols.STOP_REASON:
        tab.addChildElement(field)
        return
    only = QgsAttributeEditorContainer(cols.title(ours), tab)
    only.setType(Qgis.AttributeEditorContainerType.Row)
    only.setShowLabel(False)
    test = stage_is(columns[cols.STAGE], mapping, words.STOPPED)
    # what is written there is shown whatever the stage is
    filled = f"coalesce({QgsExpression.quotedColumnRef(name)}, '') <> ''"
    only.setVisibilityExpression(QgsOptionalExpression(QgsExpression(f"{test} OR {filled}")))
    only.addChildElement(QgsAttributeEditorField(name, layer.fields().lookupField(name), only))
    tab.addChildElement(only)


# -- structured columns as text --------------------------------------------------------------------------------------


def assessment_text(column: str) -> str:
    """An expression: the criteria of a condition with rating, date and evidence, as rich text."""
    criteria = {name: words.criterion_title(name) for group in words.CRITERIA.values() for name in group}
    ratings = {name: words.rating_title(name) for name in words.RATINGS}
    unknown = _text(words.rating_title(words.UNKNOWN))
    rating = f"coalesce({_titled('rating', ratings)}, {unknown})"
    entry = f"{_titled('criterion', criteria)} || ': <b>' || {rating} || '</b>'"
    entry += f" || {_behind('date')} || {_below('evidence')}"
    return _listing(column, entry, tr("Nothing is assessed yet."))


def history_text(column: str) -> str:
    """An expression: the changes of stage and signs of life, newest first, as rich text."""
    stages = {name: words.stage_title(name) for name in words.STAGES}
    change = f"coalesce({_titled('from', stages)} || ' → ', '') || {_titled('to', stages)}"
    note = _text(tr("Note"))
    note = f"CASE WHEN {member('from')} = {member('to')} THEN {note} ELSE {change} END"
    entry = f"{_safe('at')} || ': <b>' || {note} || '</b>' || {_behind('by')} || {_below('reason')}"
    return _listing(column, entry, tr("Nothing is kept yet."), "array_reverse({})")


def links_text(column: str) -> str:
    """An expression: the titles of linked data and where they are, as rich text."""
    kinds = {"collection": tr("collection"), "datastream": tr("datastream")}
    entry = (
        f"coalesce({_safe('title')}, {_safe('href')}, {_escaped('@element')}) || "
        f"coalesce(' · ' || {_titled('kind', kinds)}, '') || CASE WHEN {has('title')} THEN {_below('href')} ELSE '' END"
    )
    return _listing(column, entry, tr("Nothing is linked yet."))


_READABLE: dict[str, Callable[[str], str]] = {
    cols.HISTORY: history_text,
    cols.DATA_USED: links_text,
    cols.DATA_PRODUCED: links_text,
    **dict.fromkeys(words.CONDITIONS, assessment_text),
}


def _listing(column: str, entry: str, nothing: str, order: str = "{}") -> str:
    """The entries one below the other; a sentence where there are none, and the text itself where it is no list.

    Few functions within each other, as `fading` says: a form evaluates this a dozen times as it opens.
    """
    ref = QgsExpression.quotedColumnRef(column)
    rows = f"array_filter(array_foreach({order.format(entries(column))}, {entry}), @element IS NOT NULL)"
    count = f"coalesce(try(array_length({entries(column)})), -1)"
    return (
        f"CASE WHEN {ref} IS NULL OR {count} = 0 THEN '<i>' || {_text(nothing)} || '</i>' "
        f"WHEN {count} > 0 THEN array_to_string({rows}, '<br>') ELSE {_escaped(f'to_string({ref})')} END"
    )


def _titled(name: str, titles: Mapping[str, str]) -> str:
    """A member in the user's words where it is one of ours, else as it is."""
    pairs = ", ".join(f"{QgsExpression.quotedString(key)}, {_text(value)}" for key, value in titles.items())
    return f"coalesce(map({pairs})[coalesce({member(name)}, '')], {_safe(name)})"


def _behind(name: str) -> str:
    return f"coalesce(' · ' || {_safe(name)}, '')"


def _below(name: str) -> str:
    """A member's text on lines of its own: the form's label does not break lines by itself."""
    wrapped = _escaped(f"wordwrap({member(name)}, {_WIDE}, ' ')")
    return f"coalesce('<br><i>' || replace({wrapped}, '\\n', '<br>') || '</i>', '')"


def _safe(name: str) -> str:
    """A member's text; null where there is none."""
    return f"CASE WHEN {has(name)} THEN {_escaped(member(name))} END"


def _escaped(expression: str) -> str:
    """Text that is no mark-up: whoever wrote it into the twin, it is shown as it stands."""
    return f"replace(replace({expression}, '&', '&amp;'), '<', '&lt;')"


def _slanted(text: str) -> str:
    return f"<i>{text}</i>"


def _text(value: str) -> str:
    escaped = value.replace("&", "&amp;").replace("<", "&lt;")
    return QgsExpression.quotedString(escaped)
