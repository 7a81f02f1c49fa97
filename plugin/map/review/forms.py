"""The forms of a package's own layers: review items and tasks, for QGIS and QField alike, without the plugin.

Only widgets and expressions that both know: value maps, check boxes, attachments, default values. Who notes something
is asked of the project's variable ``review_author``, never of the system's account.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

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
from qgis.PyQt.QtCore import QMetaType

from ...review import manifest as man
from ...review import schema as cols
from ...review import tasks
from ...review import vocabulary as words
from ...text import tr
from ...workcopy.columns import KEY
from ..forms import IDENTITY

AUTHOR = "review_author"  # the project's variable; in QField everybody can set it for themselves
_SOFT = QgsFieldConstraints.ConstraintStrength.ConstraintStrengthSoft
_HARD = QgsFieldConstraints.ConstraintStrength.ConstraintStrengthHard
_NOT_NULL = QgsFieldConstraints.Constraint.ConstraintNotNull
_EXPRESSION = QgsFieldConstraints.Constraint.ConstraintExpression
_RELATIVE_TO_PROJECT = 1  # QgsFileWidget.RelativeProject
_IMAGE = 1  # QgsExternalResourceWidget.Image

# the moment in UTC as RFC 3339: QGIS 3.40 has no time zones in expressions, but knows the seconds since 1970
_MOMENT = (
    "with_variable('now', now(), with_variable('clock', day(to_date(@now) - to_date('1970-01-01')) * 86400 + "
    "hour(@now) * 3600 + minute(@now) * 60 + floor(second(@now)), format_date(@now - make_interval(seconds:=@clock - "
    "floor(epoch(@now) / 1000)), 'yyyy-MM-ddThh:mm:ss') || 'Z'))"
)
_WHO = f"coalesce(nullif(@{AUTHOR}, ''), nullif(@cloud_username, ''))"

_TABS: tuple[tuple[Callable[[], str], tuple[str, ...]], ...] = (
    (lambda: tr("Note"), (cols.KIND, cols.TEXT, *cols.PHOTOS)),
    (lambda: tr("About"), (cols.ABOUT, cols.ABOUT_ID, cols.ABOUT_LABEL, cols.AUTHOR, cols.NOTED)),
    (lambda: tr("Answer"), (cols.STATUS, cols.ANSWER, cols.ANSWERED_BY, cols.ANSWERED)),
)


def apply_review(layer: QgsVectorLayer, titles: Mapping[str, str]) -> None:
    """The form of a layer of review items; ``titles``: the layers that an item can be about, table → name."""
    config = layer.editFormConfig()
    _plain(layer, config, cols.title)
    _set(layer, cols.KIND, _choice({words.kind_title(kind): kind for kind in words.KINDS}))
    _set(layer, cols.STATUS, _choice({words.status_title(status): status for status in words.STATUSES}))
    about = {name: table for table, name in titles.items()}
    _set(layer, cols.ABOUT, _choice({**about, tr("(nothing)"): QgsValueMapFieldFormatter.NULL_VALUE}))
    for name in (cols.TEXT, cols.ANSWER):
        _set(layer, name, _text(several=True))
    for name in cols.PHOTOS:
        _photo(layer, name)
    for name, expression in (
        (cols.KIND, QgsExpression.quotedString(words.WRONG)),
        (cols.STATUS, QgsExpression.quotedString(words.OPEN)),
        (cols.NOTED, _now(layer, cols.NOTED)),
        (cols.AUTHOR, _WHO),
        (cols.KEY, "uuid('WithoutBraces')"),
    ):
        _default(layer, name, expression)
    _require(layer, cols.KIND, _HARD)
    _require(layer, cols.TEXT, _SOFT, tr("Say what was seen, in a few words."), cols.KIND)
    for name in (cols.NOTED, cols.ANSWERED, cols.ANSWERED_BY, cols.ANSWER, cols.STATUS, cols.KEY):
        index = layer.fields().lookupField(name)
        if index >= 0:
            config.setReadOnly(index, True)  # the office decides; nobody types a key
    index = layer.fields().lookupField(cols.AUTHOR)
    if index >= 0:
        config.setReuseLastValue(index, True)
    _tabs(layer, config, _TABS)
    layer.setEditFormConfig(config)
    _table(layer, (cols.KEY, *IDENTITY))
    _identify(layer, f'coalesce("{cols.ABOUT_LABEL}", left("{cols.TEXT}", 60), "{cols.KIND}")')


def apply_tasks(layer: QgsVectorLayer, titles: Mapping[str, str]) -> None:
    """The form of the task list: read what to look at, tick it off."""
    config = layer.editFormConfig()
    _plain(layer, config, tasks.title)
    _set(layer, tasks.COLLECTION, _choice({name: table for table, name in titles.items()}))
    _set(layer, tasks.WHY, _text(several=True))
    _set(layer, tasks.DONE, QgsEditorWidgetSetup("CheckBox", {"AllowNullState": False}))
    moment, who = _now(layer, tasks.DONE_AT), _WHO
    _default(layer, tasks.DONE, "false")
    _default(layer, tasks.DONE_AT, f'if("{tasks.DONE}", coalesce("{tasks.DONE_AT}", {moment}), NULL)', True)
    _default(layer, tasks.DONE_BY, f'if("{tasks.DONE}", coalesce("{tasks.DONE_BY}", {who}), NULL)', True)
    for name in tasks.COLUMNS:
        index = layer.fields().lookupField(name)
        if index >= 0:
            config.setReadOnly(index, name in (tasks.COLLECTION, tasks.FEATURE, tasks.DONE_AT))
    config.setLayout(Qgis.AttributeFormLayout.DragAndDrop)
    config.clearTabs()
    root = config.invisibleRootContainer()
    order = (tasks.DONE, tasks.LABEL, tasks.WHY, tasks.COLLECTION, tasks.FEATURE, tasks.DONE_AT, tasks.DONE_BY)
    for name in order:
        index = layer.fields().lookupField(name)
        if index >= 0:
            root.addChildElement(QgsAttributeEditorField(name, index, root))
    layer.setEditFormConfig(config)
    _table(layer, ())
    _identify(layer, f'coalesce("{tasks.LABEL}", "{tasks.FEATURE}")')


def _plain(layer: QgsVectorLayer, config: QgsEditFormConfig, title: Callable[[str], str]) -> None:
    """Names for the columns, and text where nothing else is said."""
    for index, field in enumerate(layer.fields()):
        if field.name() == KEY:
            continue
        layer.setFieldAlias(index, title(field.name()) if field.name() not in IDENTITY else "")
        if field.type() == QMetaType.Type.QString:
            layer.setEditorWidgetSetup(
                index, QgsEditorWidgetSetup("TextEdit", {"IsMultiline": False, "UseHtml": False})
            )


def _text(several: bool) -> QgsEditorWidgetSetup:
    return QgsEditorWidgetSetup("TextEdit", {"IsMultiline": several, "UseHtml": False})


def _choice(entries: Mapping[str, str]) -> QgsEditorWidgetSetup:
    return QgsEditorWidgetSetup("ValueMap", {"map": [{title: value} for title, value in entries.items()]})


def _set(layer: QgsVectorLayer, name: str, setup: QgsEditorWidgetSetup) -> None:
    index = layer.fields().lookupField(name)
    if index >= 0:
        layer.setEditorWidgetSetup(index, setup)


def _default(layer: QgsVectorLayer, name: str, expression: str, on_update: bool = False) -> None:
    index = layer.fields().lookupField(name)
    if index >= 0:
        layer.setDefaultValueDefinition(index, QgsDefaultValue(expression, on_update))


def _require(
    layer: QgsVectorLayer,
    name: str,
    strength: QgsFieldConstraints.ConstraintStrength,
    text: str = "",
    but_for: str = "",
) -> None:
    index = layer.fields().lookupField(name)
    if index < 0:
        return
    if not but_for:
        layer.setFieldConstraint(index, _NOT_NULL, strength)
        return
    # what is confirmed needs no words
    expression = (
        f"\"{but_for}\" = {QgsExpression.quotedString(words.CONFIRMED)} OR trim(coalesce(\"{name}\", '')) <> ''"
    )
    layer.setConstraintExpression(index, expression, text)
    layer.setFieldConstraint(index, _EXPRESSION, strength)


def _now(layer: QgsVectorLayer, name: str) -> str:
    """The moment, as the column keeps it: a plain table has text, a checked-out one a date and time."""
    index = layer.fields().lookupField(name)
    kind = layer.fields().at(index).type() if index >= 0 else QMetaType.Type.QString
    return "now()" if kind == QMetaType.Type.QDateTime else _MOMENT


def _photo(layer: QgsVectorLayer, name: str) -> None:
    """An attachment whose path is relative to the project's folder, which the file dialog opens in."""
    index = layer.fields().lookupField(name)
    if index < 0:
        return
    root = {"active": True, "expression": f"@project_folder || '/{man.PHOTOS}'", "type": 3}
    layer.setEditorWidgetSetup(
        index,
        QgsEditorWidgetSetup(
            "ExternalResource",
            {
                "DocumentViewer": _IMAGE, "DocumentViewerHeight": 0, "DocumentViewerWidth": 0, "FileWidget": True,
                "FileWidgetButton": True, "FileWidgetFilter": "", "RelativeStorage": _RELATIVE_TO_PROJECT,
                "StorageMode": 0, "StorageType": "", "StorageAuthConfigId": "",
                "PropertyCollection": {"name": "", "type": "collection", "properties": {"propertyRootPath": root}},
            },
        ),
    )  # fmt: skip
    layer.setConstraintExpression(
        index,
        f'"{name}" IS NULL OR "{name}" LIKE \'{man.PHOTOS}/%\' OR "{name}" LIKE \'http%\'',
        tr("Copy the photo into the folder {folder} first: elsewhere it does not come along.", folder=man.PHOTOS),
    )
    layer.setFieldConstraint(index, _EXPRESSION, _SOFT)


def _tabs(
    layer: QgsVectorLayer,
    config: QgsEditFormConfig,
    tabs: tuple[tuple[Callable[[], str], tuple[str, ...]], ...],
) -> None:
    config.setLayout(Qgis.AttributeFormLayout.DragAndDrop)
    config.clearTabs()
    root = config.invisibleRootContainer()
    for title, names in tabs:
        tab = QgsAttributeEditorContainer(title(), root)
        tab.setType(Qgis.AttributeEditorContainerType.Tab)
        tab.setColumnCount(1)
        for name in names:
            index = layer.fields().lookupField(name)
            if index >= 0:
                tab.addChildElement(QgsAttributeEditorField(name, index, tab))
        root.addChildElement(tab)


def _table(layer: QgsVectorLayer, hidden: tuple[str, ...]) -> None:
    config = layer.attributeTableConfig()
    config.update(layer.fields())
    columns = config.columns()
    for column in columns:
        column.hidden = column.hidden or column.name in (KEY, *hidden)
    config.setColumns(columns)
    layer.setAttributeTableConfig(config)


def _identify(layer: QgsVectorLayer, expression: str) -> None:
    """What a feature is called in lists; no map tip, which would show what somebody wrote as HTML."""
    layer.setDisplayExpression(expression)
    layer.setMapTipTemplate("")
    layer.setMapTipsEnabled(False)
