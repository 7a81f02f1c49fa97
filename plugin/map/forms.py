"""Forms from the twin's schema: widgets that take what the twin takes, and no way to break a feature's identity.

A widget may never change a value that the user did not touch (QGIS writes back what the form holds): so numbers stay
in text fields, because a spin box rounds to its decimals.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from qgis.core import (
    Qgis,
    QgsAttributeEditorContainer,
    QgsAttributeEditorField,
    QgsDefaultValue,
    QgsEditFormConfig,
    QgsEditorWidgetSetup,
    QgsExpression,
    QgsFieldConstraints,
    QgsValueMapFieldFormatter,
    QgsVectorLayer,
)

from ..text import tr
from ..twin.model import Property
from ..workcopy.columns import ID, KEY, VERSION, Column
from ..workcopy.source import Source
from .pilots import form as pilots_form
from .pilots import style as pilots_style

IDENTITY = (ID, VERSION)
UNLISTED = "citytwin/unlisted"  # on a layer: columns that its form tells in other words
_LONG_TEXT = ("description", "omschrijving", "remarks", "opmerking", "opmerkingen", "note", "notes", "summary")
_NOT_NULL = QgsFieldConstraints.Constraint.ConstraintNotNull
_HARD = QgsFieldConstraints.ConstraintStrength.ConstraintStrengthHard
_SOFT = QgsFieldConstraints.ConstraintStrength.ConstraintStrengthSoft


def apply(layer: QgsVectorLayer, source: Source) -> None:
    """Widgets, constraints, defaults and layout of ``layer``'s form. Main thread."""
    fields = layer.fields()
    config = layer.editFormConfig()
    for column in source.columns:
        index = fields.lookupField(column.name)
        known = source.schema.get(column.property)
        if index >= 0:
            _field(layer, index, column, known, config, source.schema.declared)
    _identity(layer, config)
    _layout(layer, config)
    pilots = pilots_style.applies(source)
    if pilots is not None:
        pilots_form.apply(layer, source, pilots, config)
        layer.setCustomProperty(UNLISTED, sorted(pilots_form.unlisted(source, pilots)))
    layer.setEditFormConfig(config)
    _table(layer)


def renew(layer: QgsVectorLayer, source: Source, names: Collection[str]) -> None:
    """Widgets and places for the columns ``names``, new or of another kind now; all else stays as the user has it."""
    fields = layer.fields()
    config = layer.editFormConfig()
    for column in source.columns:
        index = fields.lookupField(column.name)
        if index >= 0 and column.name in names:
            _field(layer, index, column, source.schema.get(column.property), config, source.schema.declared)
    layer.setEditFormConfig(config)
    add_to_layout(layer)


def _field(
    layer: QgsVectorLayer, index: int, column: Column, known: Property | None, config: QgsEditFormConfig, declared: bool
) -> None:
    known = known or Property(column.property, "string")
    title = column.title if column.title and column.title != column.name else ""
    if known.unit and column.type != "integer":
        title = f"{title or column.name} ({known.unit})"
    if title:
        layer.setFieldAlias(index, title)
    layer.setEditorWidgetSetup(index, _widget(column, known))
    config.setReadOnly(index, column.read_only)
    if column.read_only or not declared:
        return
    if known.required:
        layer.setFieldConstraint(index, _NOT_NULL, _HARD)
    expression, words = _range(column, known)
    if expression:
        layer.setConstraintExpression(index, expression, words)
        layer.setFieldConstraint(index, QgsFieldConstraints.Constraint.ConstraintExpression, _SOFT)
    if known.default is not None and not isinstance(known.default, (dict, list)):
        layer.setDefaultValueDefinition(index, QgsDefaultValue(QgsExpression.quotedValue(known.default)))


def _widget(column: Column, known: Property) -> QgsEditorWidgetSetup:
    if known.enum and column.type in ("string", "integer", "number"):
        choices = [{_label(value): value} for value in known.enum if value is not None]
        if not known.required:
            choices.append({tr("(none)"): QgsValueMapFieldFormatter.NULL_VALUE})
        return QgsEditorWidgetSetup("ValueMap", {"map": choices})
    if column.type == "boolean":
        return QgsEditorWidgetSetup("CheckBox", {"AllowNullState": not known.required})
    if column.type == "date":
        return QgsEditorWidgetSetup("DateTime", _calendar("yyyy-MM-dd"))
    if column.type == "date-time":
        return QgsEditorWidgetSetup("DateTime", _calendar("yyyy-MM-dd HH:mm:ss"))
    if column.type == "integer" and (known.minimum is not None or known.maximum is not None or known.unit):
        least, most = _bounds(known)
        return QgsEditorWidgetSetup(
            "Range",
            {
                "Style": "SpinBox", "AllowNull": not known.required, "Min": least, "Max": most, "Step": 1,
                "Suffix": f" {known.unit}" if known.unit else "",
            },
        )  # fmt: skip
    several = column.type == "string" and (
        column.name.lower() in _LONG_TEXT or (known.max_length is not None and known.max_length > 255)
    )
    return QgsEditorWidgetSetup("TextEdit", {"IsMultiline": several, "UseHtml": False})


def _calendar(pattern: str) -> dict[str, Any]:
    return {
        "display_format": pattern, "field_format": pattern, "field_iso_format": False, "calendar_popup": True,
        "allow_null": True,
    }  # fmt: skip


def _bounds(known: Property) -> tuple[int, int]:
    least = int(known.minimum) if known.minimum is not None else -(2**31) + 1
    most = int(known.maximum) if known.maximum is not None else 2**31 - 1
    # the spin box shows its least value as empty
    return max(least, -(2**31) + 1), min(most, 2**31 - 1)


def _label(value: object) -> str:
    text = str(value).replace("_", " ")
    return text[:1].upper() + text[1:]


def _range(column: Column, known: Property) -> tuple[str, str]:
    """What a value must be, as an expression and in words."""
    ref = QgsExpression.quotedColumnRef(column.name)
    tests, words = [], []
    unit = f" {known.unit}" if known.unit else ""
    if column.type in ("integer", "number"):
        if known.minimum is not None:
            tests.append(f"{ref} >= {known.minimum!r}")
            words.append(tr("at least {value}", value=f"{known.minimum:g}{unit}"))
        if known.maximum is not None:
            tests.append(f"{ref} <= {known.maximum!r}")
            words.append(tr("at most {value}", value=f"{known.maximum:g}{unit}"))
    if column.type == "string" and known.max_length:
        tests.append(f"length({ref}) <= {known.max_length}")
        words.append(tr("at most {n} characters", n=known.max_length))
    if column.type == "string" and known.pattern:
        tests.append(f"regexp_match({ref}, {QgsExpression.quotedValue(known.pattern)}) > 0")
        words.append(tr("of the form {pattern}", pattern=known.pattern))
    if not tests:
        return "", ""
    return f"{ref} IS NULL OR ({' AND '.join(tests)})", tr("The twin takes: {rule}.", rule=", ".join(words))


def _identity(layer: QgsVectorLayer, config: QgsEditFormConfig) -> None:
    """Read-only, and unset in the part that splitting makes.

    Not unset in what is pasted or duplicated: QGIS does that to a feature that was cut, too, and moving a feature
    through the clipboard would delete it and make another. The triggers know a copy from a feature that was moved.
    """
    for name in IDENTITY:
        index = layer.fields().lookupField(name)
        if index < 0:
            continue
        # never the Hidden widget: Merge Features then empties it, and an update becomes deletes and a create
        layer.setEditorWidgetSetup(index, QgsEditorWidgetSetup("TextEdit", {"IsMultiline": False, "UseHtml": False}))
        config.setReadOnly(index, True)
        layer.setFieldSplitPolicy(index, Qgis.FieldDomainSplitPolicy.UnsetField)


def _layout(layer: QgsVectorLayer, config: QgsEditFormConfig) -> None:
    """All columns but the key and the identity, in their order."""
    config.setLayout(Qgis.AttributeFormLayout.DragAndDrop)
    config.clearTabs()
    root = config.invisibleRootContainer()
    for index, field in enumerate(layer.fields()):
        if field.name() not in (KEY, *IDENTITY):
            root.addChildElement(QgsAttributeEditorField(field.name(), index, root))


def add_to_layout(layer: QgsVectorLayer) -> None:
    """Put columns that the user added into the form, which lists its columns one by one."""
    config = layer.editFormConfig()
    if config.layout() != Qgis.AttributeFormLayout.DragAndDrop:
        return
    root = config.invisibleRootContainer()
    shown = _shown(root) | set(layer.customProperty(UNLISTED) or ())
    added = False
    for index, field in enumerate(layer.fields()):
        if field.name() not in shown and field.name() not in (KEY, *IDENTITY):
            root.addChildElement(QgsAttributeEditorField(field.name(), index, root))
            added = True
    if added:
        layer.setEditFormConfig(config)


def _shown(container: QgsAttributeEditorContainer) -> set[str]:
    names: set[str] = set()
    for child in container.children():
        names |= _shown(child) if isinstance(child, QgsAttributeEditorContainer) else {child.name()}
    return names


def _table(layer: QgsVectorLayer) -> None:
    """The attribute table shows the id last and leaves out the token, and what the form tells in other words."""
    config = layer.attributeTableConfig()
    config.update(layer.fields())
    columns = config.columns()
    for column in columns:
        if column.name == VERSION or column.name in (layer.customProperty(UNLISTED) or ()):
            column.hidden = True
    config.setColumns(columns)
    layer.setAttributeTableConfig(config)
