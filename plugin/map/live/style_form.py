"""The columns as a user meets them in form and attribute table: in a sensible order, none for machines."""

from __future__ import annotations

from qgis.core import (
    Qgis,
    QgsAttributeEditorField,
    QgsAttributeTableConfig,
    QgsEditFormConfig,
    QgsEditorWidgetSetup,
    QgsVectorLayer,
)

from . import fields

# what a reader wants first; the others are for expressions
SHOWN = (
    fields.NAME, fields.THING, fields.TEXT, fields.TIME, fields.AGE, fields.FRESHNESS, fields.TREND, fields.EXCEEDED,
    fields.OBSERVED, fields.DATASTREAM,
)  # fmt: skip
# for sorting and statistics
TABLE_ONLY = (fields.RESULT, fields.UNIT)


def apply(layer: QgsVectorLayer) -> None:
    """Form and attribute table of ``layer``; the columns have their names already."""
    known = layer.fields()
    for name in (*fields.NAMES, fields.AGE):
        index = known.lookupField(name)
        if index >= 0:
            layer.setEditorWidgetSetup(index, _widget(name))
    _form(layer)
    _table(layer)


def _widget(name: str) -> QgsEditorWidgetSetup:
    if name == fields.TIME:
        # in UTC, as it is kept, since a form says nothing of zones otherwise
        form = {
            "display_format": "yyyy-MM-dd HH:mm:ss 'UTC'",
            "field_format": "yyyy-MM-dd HH:mm:ss",
            "calendar_popup": False,
        }
        return QgsEditorWidgetSetup("DateTime", form)
    return QgsEditorWidgetSetup("TextEdit", {})


def _form(layer: QgsVectorLayer) -> None:
    config = layer.editFormConfig()
    config.clearTabs()
    config.setLayout(Qgis.AttributeFormLayout.DragAndDrop)
    config.setSuppress(QgsEditFormConfig.FeatureFormSuppress.SuppressOn)
    root = config.invisibleRootContainer()
    for name in SHOWN:
        index = layer.fields().lookupField(name)
        if index >= 0:
            config.setReadOnly(index, True)
            root.addChildElement(QgsAttributeEditorField(name, index, root))
    layer.setEditFormConfig(config)


def _table(layer: QgsVectorLayer) -> None:
    config = QgsAttributeTableConfig()
    config.update(layer.fields())
    columns = {column.name: column for column in config.columns()}
    order = [fields.NAME, fields.THING, fields.RESULT, fields.UNIT, fields.TEXT, *SHOWN[3:]]
    shown = [columns.pop(name) for name in order if name in columns]
    for column in columns.values():
        column.hidden = True
    config.setColumns([*shown, *columns.values()])
    layer.setAttributeTableConfig(config)
