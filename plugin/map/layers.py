"""A working copy's tables as QGIS layers: made, added to the project without holding up the window, and found again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsLayerTreeGroup,
    QgsLayerTreeLayer,
    QgsProject,
    QgsProviderRegistry,
    QgsVectorLayer,
)
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtGui import QColor

from ..text import tr
from ..workcopy.copy import WorkingCopy, is_working_copy
from ..workcopy.source import Source
from . import foreign, forms, styles, three_d
from .log import log
from .opening import ogr_layer
from .themes import family_of, theme_of

PAPER = "#f7f5f0"  # behind the map of a project that had nothing in it
PROPERTY = "citytwin/table"  # on our layers: the table they show
_GROUP = "citytwin/copy"

_FAMILIES = {"point": "Point", "line": "LineString", "polygon": "Polygon"}


# -- making ----------------------------------------------------------------------------------------------------------


def make_layers(copy: WorkingCopy, tables: Sequence[str] | None = None) -> list[QgsVectorLayer]:
    """Layers for ``tables`` (all, in drawing order from the top, if None), styled, in no project. Main thread."""
    return [layer for source, family in _wanted(copy, tables) for layer in _made(copy, source, family)]


def _wanted(copy: WorkingCopy, tables: Sequence[str] | None) -> list[tuple[Source, str]]:
    """Sources with the geometry family of each layer, from the top of the tree to its bottom."""
    found = []
    for place, source in enumerate(copy.sources):
        if tables is None or source.table in tables:
            for family in _families(source):
                found.append((theme_of(source, family).rank, place, source, family))
    found.sort(key=lambda entry: entry[:2])
    return [(source, family) for _rank, _place, source, family in found]


def _families(source: Source) -> list[str]:
    """One family per layer: a table that mixes them becomes a layer for each that came."""
    family = family_of(source.geometry_type)
    if family:
        return [family]
    came = {family_of(kind) for kind in source.served_types} - {""}
    return [name for name in ("point", "line", "polygon") if name in came] or [""]


def _made(copy: WorkingCopy, source: Source, family: str) -> list[QgsVectorLayer]:
    layer = _open(copy.path, source, family)
    if not layer.isValid():
        log(f"{copy.path}: {source.table}: {layer.error().message()}", Qgis.MessageLevel.Critical)
        return []
    _dress(layer, source)
    return [layer]


def _open(path: Path, source: Source, family: str) -> QgsVectorLayer:
    uri = f"{path}|layername={source.table}"
    name = foreign.title(source.title or source.table)
    if family in _FAMILIES and not family_of(source.geometry_type):
        uri += f"|geometrytype={_FAMILIES[family]}{'Z' if source.has_z else ''}"
        if len(_families(source)) > 1:
            words = {"point": tr("points"), "line": tr("lines"), "polygon": tr("areas")}
            name = tr("{title}: {part}", title=name, part=words[family])
    options = QgsVectorLayer.LayerOptions(QgsProject.instance().transformContext())
    options.loadDefaultStyle = True
    layer = ogr_layer(uri, name, options)
    layer.setCustomProperty(PROPERTY, source.table)
    return layer


def _dress(layer: QgsVectorLayer, source: Source) -> None:
    """Look and form: the file's own where it has one, else ours. What no style keeps is set every time."""
    if not _has_own_style(layer):
        forms.apply(layer, source)
        styles.apply(layer, source)
    if not source.methods:
        layer.setReadOnly(True)
    if source.attribution:
        layer.serverProperties().setAttribution(source.attribution)
    metadata = layer.metadata()
    metadata.setTitle(source.title)
    metadata.setAbstract(source.description)
    if source.licence:
        metadata.setLicenses([source.licence])
    layer.setMetadata(metadata)


def _has_own_style(layer: QgsVectorLayer) -> bool:
    return layer.editFormConfig().layout() == Qgis.AttributeFormLayout.DragAndDrop


def save_default_styles(copy: WorkingCopy, tables: Sequence[str] | None = None) -> None:
    """Keep look and form in the file, so that QGIS anywhere, and QField, open it as we do. Main thread.

    A table of mixed geometry gets none: one style cannot fit layers of different types.
    """
    for source, family in _wanted(copy, tables):
        if family and family_of(source.geometry_type):
            for layer in _made(copy, source, family):
                _keep_style(layer)


def _keep_style(layer: QgsVectorLayer) -> None:
    message = styles.save_as_default(layer)
    if message:
        log(f"{layer.source()}: {message}", Qgis.MessageLevel.Warning)


# -- into the project ------------------------------------------------------------------------------------------------


def add_copy(
    copy: WorkingCopy,
    *,
    tables: Sequence[str] | None = None,
    done: Callable[[list[QgsVectorLayer]], None] | None = None,
) -> None:
    """Add ``copy`` to the project as a group of its layers, one step per turn of the event loop; then call ``done``.

    Layers that the project has already are not added again. A project that had no layers also gets a fitting CRS,
    a paper colour and a ground for its 3D views.
    """
    out: list[QgsVectorLayer] = []
    steps = _adding(copy, tables, out)

    def turn() -> None:
        try:
            next(steps)
        except StopIteration:
            if done is not None:
                done([layer for layer in out if not sip.isdeleted(layer)])
            return
        QTimer.singleShot(0, turn)

    QTimer.singleShot(0, turn)


def _adding(copy: WorkingCopy, tables: Sequence[str] | None, out: list[QgsVectorLayer]) -> Iterator[None]:
    project = QgsProject.instance()
    empty = project.count() == 0
    if empty:
        _prepare(project, copy, tables)
        yield
    for source, family in _wanted(copy, tables):
        if any(_shows(layer, source, family) for layer in project_layers(copy.path, source.table)):
            continue
        layer = _open(copy.path, source, family)
        yield
        if not layer.isValid():
            log(f"{copy.path}: {source.table}: {layer.error().message()}", Qgis.MessageLevel.Critical)
            continue
        fresh = not _has_own_style(layer)
        _dress(layer, source)
        yield
        if fresh and family_of(source.geometry_type) and copy.path.exists():
            _keep_style(layer)
            yield
        project.addMapLayer(layer, False)
        _place(_group(project, copy.path), layer, theme_of(source, family).rank, copy)
        out.append(layer)
        yield
        if any(sip.isdeleted(one) for one in out):
            return  # the project was closed meanwhile, or they were removed again
        if empty and theme_of(source, family).name == "buildings":
            height = three_d.lowest_ground(layer, source)
            if height is not None:
                three_d.set_ground(project, min(height - 0.3, _ground(project)))
            yield


def _prepare(project: QgsProject, copy: WorkingCopy, tables: Sequence[str] | None) -> None:
    """An empty project takes the CRS that most of the copy is in, a projected one where there is any."""
    project.setBackgroundColor(QColor(PAPER))
    count: Counter[int] = Counter()
    for source, _family in _wanted(copy, tables):
        if source.has_geometry:
            count[source.srid] += 1
    found = [(QgsCoordinateReferenceSystem.fromEpsgId(srid), n) for srid, n in count.items()]
    found.sort(key=lambda entry: (entry[0].isGeographic(), -entry[1]))
    if found and found[0][0].isValid():
        project.setCrs(found[0][0], True)


def _ground(project: QgsProject) -> float:
    provider = project.elevationProperties().terrainProvider()
    return float(provider.offset()) if provider is not None and provider.type() == "flat" else 0.0


def _shows(layer: QgsVectorLayer, source: Source, family: str) -> bool:
    if family_of(source.geometry_type):
        return True
    return styles.family(layer) == family


def _group(project: QgsProject, path: Path) -> QgsLayerTreeGroup:
    """The group of a working copy, at the top of the tree where there is none yet. The user may rename it."""
    root = project.layerTreeRoot()
    for group in root.findGroups(True):
        if group.customProperty(_GROUP) == str(path):
            return group
    group = root.insertGroup(0, path.stem)
    group.setCustomProperty(_GROUP, str(path))
    return group


def _place(group: QgsLayerTreeGroup, layer: QgsVectorLayer, rank: int, copy: WorkingCopy) -> QgsLayerTreeLayer:
    """Below all that is drawn above it. Legends of several entries start folded."""
    others = [node.layer() if isinstance(node, QgsLayerTreeLayer) else None for node in group.children()]
    below = (place for place, other in enumerate(others) if other is not None and _rank(other, copy) > rank)
    node = group.insertLayer(next(below, len(others)), layer)
    node.setExpanded(False)
    return node


def _rank(layer: QgsVectorLayer, copy: WorkingCopy) -> int:
    table = layer.customProperty(PROPERTY)
    for source in copy.sources:
        if source.table == table:
            return theme_of(source, styles.family(layer)).rank
    return 0


# -- finding ---------------------------------------------------------------------------------------------------------

_known: dict[str, tuple[bool, int, int]] = {}  # by path: is it a working copy, and the file's time and size when asked


def _is_copy(path: str) -> bool:
    """`is_working_copy`, asked once: a file that is one stays one, another is asked again when it was written."""
    known = _known.get(path)
    if known is not None and known[0]:
        return True
    try:
        state = Path(path).stat()
    except OSError:
        return False
    seen = (state.st_mtime_ns, state.st_size)
    if known is None or known[1:] != seen:
        known = _known[path] = (is_working_copy(Path(path)), *seen)
    return known[0]


def origin_of(layer: object) -> tuple[Path, str] | None:
    """The working copy and table that a project's layer shows; None for any other layer."""
    if not isinstance(layer, QgsVectorLayer) or layer.providerType() != "ogr":
        return None
    parts = QgsProviderRegistry.instance().decodeUri("ogr", layer.source())
    path, table = str(parts.get("path") or ""), str(parts.get("layerName") or "")
    if not path or not table or not path.lower().endswith(".gpkg"):
        return None
    return (Path(path), table) if _is_copy(path) else None


def project_layers(path: Path, table: str | None = None) -> list[QgsVectorLayer]:
    """The project's layers that show ``path`` (and ``table``)."""
    out = []
    for layer in QgsProject.instance().mapLayers().values():
        origin = origin_of(layer)
        if origin is not None and same_file(origin[0], path) and (table is None or origin[1] == table):
            out.append(layer)
    return out


def same_file(one: Path, other: Path) -> bool:
    """Whether two paths name the same file, without opening it."""
    return one == other or one.resolve() == other.resolve()


def editing_layers(path: Path) -> list[QgsVectorLayer]:
    """Those with an open edit session; ``layer.isModified()`` tells whether it holds unsaved edits."""
    return [layer for layer in project_layers(path) if layer.isEditable()]


def reload(path: Path, tables: Collection[str] | None = None) -> None:
    """After we wrote the file: layers (of ``tables``) read it anew. Layers in an edit session keep their edits."""
    for layer in project_layers(path):
        if tables is None or _table(layer) in tables:
            _reload(layer)


def _table(layer: QgsVectorLayer) -> str:
    origin = origin_of(layer)
    return origin[1] if origin is not None else ""


def _reload(layer: QgsVectorLayer) -> None:
    if not layer.isEditable():
        layer.dataProvider().reloadData()
    layer.triggerRepaint()


def reload_in_turns(
    path: Path,
    sources: Sequence[Source],
    reshaped: Collection[str] = (),
    done: Callable[[], None] | None = None,
    plain: Collection[str] = (),
) -> None:
    """`reload` for the tables of ``sources`` and the ``plain`` ones, which no twin is behind, one layer per turn of the
    event loop; then call ``done``.

    Layers of ``reshaped`` tables also learn their new columns, each with the widget that it has in new layers; the rest
    of form and style stays as it is.
    """
    by_table = {source.table: source for source in sources}
    todo = [layer.id() for layer in project_layers(path) if _table(layer) in by_table or _table(layer) in plain]

    def turn() -> None:
        if not todo:
            if done is not None:
                done()
            return
        layer = QgsProject.instance().mapLayer(todo.pop(0))
        if isinstance(layer, QgsVectorLayer):
            before = {field.name(): field.typeName() for field in layer.fields()}
            _reload(layer)
            source = by_table.get(_table(layer))
            if source is not None and source.table in reshaped:
                layer.updateFields()
                now = {field.name(): field.typeName() for field in layer.fields()}
                forms.renew(layer, source, {name for name, kind in now.items() if before.get(name) != kind})
            _count_anew(layer)
        QTimer.singleShot(0, turn)

    QTimer.singleShot(0, turn)


def _count_anew(layer: QgsVectorLayer) -> None:
    """The numbers that the layer tree shows beside a layer and its symbols, where it does."""
    node = QgsProject.instance().layerTreeRoot().findLayer(layer.id())
    if node is not None and node.customProperty("showFeatureCount", 0) and layer.renderer() is not None:
        layer.setRenderer(layer.renderer().clone())  # nothing else makes QGIS count them a second time
        layer.countSymbolFeatures()
