"""Layers that are in the project already, drawn anew when a connection's mapping makes pilots of them, or none."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from qgis.core import Qgis, QgsProject, QgsVectorLayer

from ...twin.errors import CityTwinError
from ...workcopy.copy import WorkingCopy
from ...workcopy.source import Source
from .. import connections, forms, layers, styles
from ..log import log
from .combining import open_copy


def restyle(connection: str, collections: Collection[str]) -> int:
    """Dress the project's layers of these collections of a connection's twin as they are to look now, and keep that in
    their files. How many there were. Main thread."""
    known = connections.get(connection)
    if known is None:
        return 0
    copies: dict[Path, WorkingCopy | None] = {}
    done = 0
    for layer in list(QgsProject.instance().mapLayers().values()):
        origin = layers.origin_of(layer)
        if origin is None:
            continue
        path, table = origin
        if path not in copies:
            copies[path] = _opened(path)
        copy = copies[path]
        source = next((one for one in copy.sources if one.table == table), None) if copy else None
        if source is not None and source.collection in collections and _is_of(source, known.name):
            _dress(layer, source)
            done += 1
    return done


def _is_of(source: Source, name: str) -> bool:
    found = connections.find_by_url(source.url)
    return found is not None and found.name == name


def _dress(layer: QgsVectorLayer, source: Source) -> None:
    _show_all_columns(layer)
    layer.removeCustomProperty(forms.UNLISTED)
    forms.apply(layer, source)
    styles.apply(layer, source)
    layer.triggerRepaint()
    layer.styleChanged.emit()
    if not layer.isEditable() and styles.family(layer):
        message = styles.save_as_default(layer)
        if message:
            log(f"{layer.source()}: {message}", Qgis.MessageLevel.Warning)


def _show_all_columns(layer: QgsVectorLayer) -> None:
    """What the form of pilots tells in other words stands in the attribute table of any other layer."""
    unlisted = layer.customProperty(forms.UNLISTED) or ()
    config = layer.attributeTableConfig()
    columns = config.columns()
    for column in columns:
        if column.name in unlisted:
            column.hidden = False
    config.setColumns(columns)
    layer.setAttributeTableConfig(config)


def _opened(path: Path) -> WorkingCopy | None:
    try:
        return open_copy(path)
    except CityTwinError as error:
        log(error.message, Qgis.MessageLevel.Warning)
        return None
