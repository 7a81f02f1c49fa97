"""Identity under native tools: what each of QGIS's and GDAL's own tools does to features, and what must be told of it.

Every scenario gets a `Bench`: a working copy with five houses (b1 … b5, in a row, 20 m apart) open as a QGIS layer.
With ``iface`` (in the real application) clipboard and merge go through QGIS's own actions; without it through the same
library calls that stand behind them.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable

from qgis.core import (
    Qgis,
    QgsExpression,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsFeature,
    QgsField,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsVectorLayer,
    QgsVectorLayerEditUtils,
    QgsVectorLayerUtils,
)
from qgis.gui import QgsMessageBarItem
from qgis.PyQt.QtCore import QCoreApplication, QMetaType, QTimer
from qgis.PyQt.QtWidgets import QApplication

from plugin.map import layers
from plugin.map.guard import ColumnGuard
from plugin.workcopy.books import HIDDEN
from plugin.workcopy.copy import WorkingCopy
from tests.hand_made import Given, house, houses, make

Told = tuple  # (kind, twin_id) or (kind, twin_id, columns)


class Bench:
    """A working copy, its layer in the project, and what the working copy says changed."""

    def __init__(self, folder: Path, iface: Any = None, name: str = "city", count: int = 5) -> None:
        self.folder, self.iface = folder, iface
        self.path = folder / f"{name}.gpkg"
        make(self.path, {"buildings": houses(count)})
        (self.layer,) = layers.make_layers(WorkingCopy.open(self.path))
        QgsProject.instance().addMapLayer(self.layer)

    def close(self) -> None:
        """Take the layer out of the project, edits and all."""
        if self.layer.isEditable():
            self.layer.rollBack()
        QgsProject.instance().removeMapLayer(self.layer.id())

    def told(self) -> list[Told]:
        """What changed: (kind, twin_id), for updates with the changed columns; sorted."""
        out: list[Told] = []
        for change in WorkingCopy.open(self.path).changes():
            told = (change.kind, change.twin_id)
            out.append((*told, ",".join(cell.column for cell in change.cells)) if change.kind == "update" else told)
        return sorted(out, key=str)

    def expect(self, *told: Told) -> None:
        """Assert that exactly this changed."""
        problems = WorkingCopy.open(self.path).problems
        assert problems == {}, problems
        found = self.told()
        assert found == sorted(told, key=str), f"told {found}, expected {sorted(told, key=str)}"

    def feature(self, twin_id: str) -> QgsFeature:
        """The feature that has ``twin_id``, as the edit session sees it."""
        found = [feature for feature in self._features() if feature["twin_id"] == twin_id]
        assert len(found) == 1, f"{len(found)} features have {twin_id}"
        return found[0]

    def _features(self) -> list[QgsFeature]:
        # QGIS reopens a GeoPackage as editing starts. A connection that it opens to read at that very instant can be
        # of no use afterwards, and reads come back empty until it is dropped (seen with any GeoPackage and no plugin,
        # one time in five while the canvas draws). No scenario empties the layer.
        for _attempt in range(20):
            features = list(self.layer.getFeatures())
            if features:
                return features
            self.layer.dataProvider().reloadData()
            time.sleep(0.05)
        return []

    def index(self, column: str) -> int:
        index = self.layer.fields().lookupField(column)
        assert index >= 0, column
        return int(index)

    def edit(self) -> QgsVectorLayer:
        assert self.layer.startEditing()
        return self.layer

    def save(self) -> None:
        assert self.layer.commitChanges(), self.layer.commitErrors()

    def set(self, twin_id: str, column: str, value: object) -> None:
        assert self.layer.changeAttributeValue(self.feature(twin_id).id(), self.index(column), value)

    # -- the clipboard

    def copy(self, *twin_ids: str, cut: bool = False) -> list[QgsFeature]:
        """Edit ▸ Copy (or Cut) Features."""
        features = [self.feature(twin_id) for twin_id in twin_ids]
        self.layer.selectByIds([feature.id() for feature in features])
        if self.iface is not None:
            self.iface.setActiveLayer(self.layer)
            (self.iface.actionCutFeatures() if cut else self.iface.actionCopyFeatures()).trigger()
        elif cut:
            assert self.layer.deleteSelectedFeatures()[0]
        return features

    def paste(self, features: list[QgsFeature]) -> None:
        """Edit ▸ Paste Features."""
        before = self.layer.featureCount()
        if self.iface is not None:
            self.iface.setActiveLayer(self.layer)
            self.iface.actionPasteFeatures().trigger()
        else:
            fitting = QgsVectorLayerUtils.makeFeaturesCompatible(features, self.layer)
            data = [QgsVectorLayerUtils.QgsFeatureData(f.geometry(), dict(enumerate(f.attributes()))) for f in fitting]
            context = self.layer.createExpressionContext()
            assert self.layer.addFeatures(QgsVectorLayerUtils.createFeatures(self.layer, data, context))
        assert self.layer.featureCount() == before + len(features)

    def merge(self, *twin_ids: str) -> None:
        """Edit ▸ Merge Selected Features, taking the first one's attributes as the dialog proposes."""
        features = [self.feature(twin_id) for twin_id in twin_ids]
        self.layer.selectByIds([feature.id() for feature in features])
        if self.iface is not None:
            self.iface.setActiveLayer(self.layer)
            _accept_the_next_dialog()
            self.iface.mainWindow().findChild(_action(), "mActionMergeFeatures").trigger()
            return
        union = QgsGeometry.unaryUnion([feature.geometry() for feature in features])
        union.convertToMultiType()
        done = QgsVectorLayerEditUtils(self.layer).mergeFeatures(
            features[0].id(), [feature.id() for feature in features], features[0].attributes(), union
        )
        assert done[0] if isinstance(done, tuple) else done


def _action() -> type:
    from qgis.PyQt.QtGui import QAction

    return QAction


def _accept_the_next_dialog(tries: int = 100) -> None:
    def look() -> None:
        dialog = QApplication.activeModalWidget()
        if dialog is not None:
            dialog.accept()
        elif tries:
            _accept_the_next_dialog(tries - 1)

    QTimer.singleShot(50, look)


class Guarded:
    """The guard of the twin's columns: the plugin's own where it runs, else one for the scenario."""

    def __init__(self, bench: Bench) -> None:
        self.said: list[str] = []
        self._bar = self._guard = None
        if bench.iface is not None:
            QCoreApplication.processEvents()  # the plugin hears of the layer
            self._bar = bench.iface.messageBar()
            self._bar.widgetAdded.connect(self._added)
        else:
            source = WorkingCopy.open(bench.path).source("buildings")
            self._guard = ColumnGuard(bench.layer, source, self.said.append)

    def _added(self, item: Any) -> None:
        text = item.text() if isinstance(item, QgsMessageBarItem) else ""
        if "belong" in text:
            self.said.append(text)

    def stop(self) -> None:
        if self._bar is not None:
            self._bar.widgetAdded.disconnect(self._added)
            self._bar.clearWidgets()
        if self._guard is not None:
            self._guard.stop()


def elsewhere(*command: object) -> str:
    """Run GDAL's own tool in a process of its own."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def sql_elsewhere(path: Path, statement: str) -> str:
    """An SQL statement by GDAL in another process."""
    return elsewhere("ogrinfo", "-q", path, "-sql", statement)


# -- QGIS's tools ----------------------------------------------------------------------------------------------------


def paste_within(bench: Bench) -> None:
    bench.edit()
    bench.paste(bench.copy("b1", "b2"))
    bench.save()
    bench.expect(("insert", None), ("insert", None))


def paste_across(bench: Bench) -> None:
    """Both copies hold a b1: pasted, it is a new feature, and b1 stays b1."""
    other = Bench(bench.folder, bench.iface, "other")
    try:
        features = other.copy("b1")
        bench.edit()
        bench.paste(features)
        bench.save()
        bench.expect(("insert", None))
        other.expect()
    finally:
        other.close()


def split(bench: Bench) -> None:
    """The larger part stays the feature, the other is new."""
    bench.edit()
    box = bench.feature("b2").geometry().boundingBox()
    x = box.xMinimum() + 3
    bench.layer.selectByIds([bench.feature("b2").id()])
    line = [QgsPointXY(x, box.yMinimum() - 1), QgsPointXY(x, box.yMaximum() + 1)]
    assert bench.layer.splitFeatures(line, False) == Qgis.GeometryOperationResult.Success
    assert len(list(bench.layer.getFeatures())) == 6
    bench.save()
    bench.expect(("insert", None), ("update", "b2", "geom"))


def merge(bench: Bench) -> None:
    bench.edit()
    bench.merge("b2", "b3")
    assert len(list(bench.layer.getFeatures())) == 4
    bench.save()
    bench.expect(("delete", "b3"), ("update", "b2", "geom"))


def cut_and_paste(bench: Bench) -> None:
    """Moved through the clipboard and back: the same feature."""
    bench.edit()
    bench.paste(bench.copy("b4", cut=True))
    bench.save()
    bench.expect()


def cut_save_and_paste(bench: Bench) -> None:
    bench.edit()
    features = bench.copy("b4", cut=True)
    bench.save()
    bench.expect(("delete", "b4"))
    bench.edit()
    bench.paste(features)
    bench.save()
    bench.expect()


def cut_and_paste_twice(bench: Bench) -> None:
    """Only one of the two can be the feature that was."""
    bench.edit()
    features = bench.copy("b4", cut=True)
    bench.paste(features)
    bench.paste(features)
    bench.save()
    bench.expect(("insert", None))


def duplicate(bench: Bench) -> None:
    bench.edit()
    QgsVectorLayerUtils.duplicateFeature(bench.layer, bench.feature("b5"), QgsProject.instance(), 0)
    bench.save()
    bench.expect(("insert", None))


def undo_before_save(bench: Bench) -> None:
    layer = bench.edit()
    bench.set("b1", "name", "Changed")
    layer.deleteFeature(bench.feature("b2").id())
    layer.undoStack().undo()
    layer.undoStack().undo()
    bench.save()
    bench.expect()


def redo_before_save(bench: Bench) -> None:
    layer = bench.edit()
    bench.set("b1", "name", "Changed")
    layer.deleteFeature(bench.feature("b2").id())
    for step in ("undo", "undo", "redo", "redo", "undo"):
        getattr(layer.undoStack(), step)()
    bench.save()
    bench.expect(("update", "b1", "name"))


def undo_by_hand_after_save(bench: Bench) -> None:
    """Saved, then put back as it was: that is no change."""
    bench.edit()
    bench.set("b1", "name", "Changed")
    bench.save()
    bench.expect(("update", "b1", "name"))
    bench.edit()
    bench.set("b1", "name", "House 1")
    bench.save()
    bench.expect()


def undo_in_the_middle_of_a_session(bench: Bench) -> None:
    """Save without ending the session, change again, take that back: the first stays."""
    layer = bench.edit()
    bench.set("b1", "height", 99.5)
    assert layer.commitChanges(False), layer.commitErrors()
    bench.set("b1", "name", "Changed")
    layer.undoStack().undo()
    bench.save()
    bench.expect(("update", "b1", "height"))


def rolled_back(bench: Bench) -> None:
    layer = bench.edit()
    bench.set("b1", "name", "Changed")
    layer.deleteFeature(bench.feature("b2").id())
    bench.paste(bench.copy("b3"))
    assert layer.rollBack()
    bench.expect()


def edited_twin_id(bench: Bench) -> None:
    """The identity is put back; a real edit in the same row still counts."""
    bench.edit()
    bench.set("b1", "twin_id", "b2")
    bench.set("b3", "twin_id", None)
    fid = bench.feature("b4").id()
    bench.set("b4", "twin_id", "mine")
    assert bench.layer.changeAttributeValue(fid, bench.index("name"), "Changed")
    assert bench.layer.changeAttributeValue(fid, bench.index("twin_version"), '"forged"')
    bench.save()
    bench.expect(("update", "b4", "name"))
    (change,) = WorkingCopy.open(bench.path).changes()
    assert change.version == '"v4"'


def typed_twin_id(bench: Bench) -> None:
    """An id typed into a new feature is no identity."""
    bench.edit()
    feature = QgsVectorLayerUtils.createFeature(bench.layer, bench.feature("b1").geometry())
    feature["function"], feature["twin_id"], feature["twin_version"] = "shop", "b99", '"v99"'
    assert bench.layer.addFeature(feature)
    bench.save()
    bench.expect(("insert", None))


def restored_delete(bench: Bench) -> None:
    """Deleted, saved, and put in again with its id: the same feature, changed where it differs."""
    layer = bench.edit()
    old = QgsFeature(bench.feature("b2"))
    layer.deleteFeature(old.id())
    bench.save()
    bench.expect(("delete", "b2"))
    bench.edit()
    again = QgsVectorLayerUtils.createFeature(layer, old.geometry(), dict(enumerate(old.attributes())))
    again["name"] = "Back"
    again["fid"] = None
    assert layer.addFeature(again)
    bench.save()
    bench.expect(("update", "b2", "name"))


def field_calculator(bench: Bench) -> None:
    """A thousand rows in one go, one of them with the value that it had."""
    big = Bench(bench.folder, bench.iface, "big", 1000)
    try:
        layer, index = big.edit(), big.index("height")
        context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
        expression = QgsExpression('if("twin_id" = \'b500\', "height", "height" + 1.5)')
        expression.prepare(context)
        layer.beginEditCommand("Field calculator")
        for feature in list(layer.getFeatures()):  # an open iterator holds a transaction's connection
            context.setFeature(feature)
            layer.changeAttributeValue(feature.id(), index, expression.evaluate(context), feature[index])
        layer.endEditCommand()
        big.save()
        big.expect(*[("update", f"b{n}", "height") for n in range(1, 1001) if n != 500])
    finally:
        big.close()


def local_column(bench: Bench) -> None:
    """A column of the user's own is no change, nor are its values."""
    layer = bench.edit()
    assert layer.addAttribute(QgsField("remark", QMetaType.Type.QString))
    bench.save()
    bench.edit()
    bench.set("b1", "remark", "mine")
    bench.save()
    bench.expect()
    bench.edit()
    assert layer.deleteAttribute(bench.index("remark"))
    bench.save()
    bench.expect()


def dropped_field(bench: Bench) -> None:
    """The guard puts it back at once: nothing reaches the file."""
    guard = Guarded(bench)
    said = guard.said
    layer = bench.edit()
    bench.set("b1", "name", "Changed")
    dropped = layer.deleteAttribute(bench.index("height"))
    QCoreApplication.processEvents()
    assert layer.fields().lookupField("height") >= 0
    if dropped:
        assert len(said) == 1 and "Height" in said[0]
    else:  # edits go straight to the file, which refuses
        assert QgsProject.instance().transactionMode() == Qgis.TransactionMode.AutomaticGroups
    bench.save()
    guard.stop()
    bench.expect(("update", "b1", "name"))


def dropped_fields_and_saved_at_once(bench: Bench) -> None:
    """As a script does it, without a moment in between; a column of the user's own comes back too, unharmed."""
    guard = Guarded(bench)
    said = guard.said
    layer = bench.edit()
    dropped = layer.deleteAttributes([bench.index("height"), bench.index("twin_id")])
    bench.save()
    QCoreApplication.processEvents()
    guard.stop()
    assert {"height", "twin_id"} <= set(layer.fields().names())
    assert bool(said) == dropped
    bench.expect()


def renamed_field(bench: Bench) -> None:
    """Put back at once, with all other edits of the session kept."""
    guard = Guarded(bench)
    said = guard.said
    layer = bench.edit()
    bench.set("b1", "name", "Changed")
    layer.deleteFeature(bench.feature("b2").id())
    bench.paste(bench.copy("b3"))
    moved = bench.feature("b4").geometry()
    moved.translate(1, 0)
    assert layer.changeGeometry(bench.feature("b4").id(), moved)
    assert layer.addAttribute(QgsField("remark", QMetaType.Type.QString))
    assert layer.renameAttribute(bench.index("height"), "hoogte")
    QCoreApplication.processEvents()
    assert layer.fields().lookupField("height") >= 0 and layer.fields().lookupField("hoogte") < 0
    assert len(said) == 1
    bench.set("b5", "remark", "mine")
    bench.save()
    guard.stop()
    bench.expect(("update", "b1", "name"), ("delete", "b2"), ("insert", None), ("update", "b4", "geom"))
    assert bench.feature("b5")["remark"] == "mine"


# -- other programs --------------------------------------------------------------------------------------------------


def edited_twin_id_elsewhere(bench: Bench) -> None:
    sql_elsewhere(bench.path, "UPDATE buildings SET twin_id = 'b2' WHERE twin_id = 'b1'")
    sql_elsewhere(bench.path, "UPDATE buildings SET twin_id = NULL, twin_version = NULL WHERE twin_id = 'b3'")
    sql_elsewhere(bench.path, "UPDATE buildings SET twin_id = 'x', height = 77 WHERE twin_id = 'b4'")
    bench.expect(("update", "b4", "height"))


def deleted_and_added_elsewhere(bench: Bench) -> None:
    sql_elsewhere(bench.path, "DELETE FROM buildings WHERE twin_id = 'b1'")
    sql_elsewhere(
        bench.path,
        "INSERT INTO buildings (geom, name, twin_id) SELECT geom, 'New', 'b9' FROM buildings WHERE fid = 2",
    )
    bench.expect(("delete", "b1"), ("insert", None))


def vacuum(bench: Bench) -> None:
    bench.edit()
    bench.set("b1", "name", "Changed")
    bench.save()
    sql_elsewhere(bench.path, "VACUUM")
    bench.expect(("update", "b1", "name"))
    bench.edit()
    bench.set("b2", "name", "Changed too")
    bench.save()
    bench.expect(("update", "b1", "name"), ("update", "b2", "name"))


def append(bench: Bench) -> None:
    """The rows of another copy of the same collection: new features, whatever ids they carry."""
    other = bench.folder / "more.gpkg"
    make(other, {"buildings": houses(2)})
    elsewhere("ogr2ogr", "-append", bench.path, other, "buildings")
    bench.expect(("insert", None), ("insert", None))


def upsert(bench: Bench) -> None:
    """By fid, GDAL's way: the row keeps its identity, and what differs is an update."""
    other = bench.folder / "more.gpkg"
    make(other, {"buildings": Given([house(1), house(2)], houses(1).properties)})
    sql_elsewhere(other, "UPDATE buildings SET name = 'Upserted', twin_id = 'zz', twin_version = 'zz' WHERE fid = 2")
    elsewhere("ogr2ogr", "-upsert", bench.path, other, "buildings", "-nln", "buildings", "-preserve_fid")
    bench.expect(("update", "b2", "name"))


def replace(bench: Bench) -> None:
    """GDAL's SetFeature on every row, and SQL's REPLACE."""
    program = (
        "import sys; from osgeo import ogr; ogr.UseExceptions()\n"
        "d = ogr.Open(sys.argv[1], 1); l = d.GetLayer('buildings')\n"
        "f = l.GetFeature(1); f['name'] = 'Set'; l.SetFeature(f)\n"
        "f = l.GetFeature(2); l.SetFeature(f)\n"
        "f = l.GetFeature(3); f['twin_id'] = 'b1'; l.SetFeature(f); del f, l, d"
    )
    elsewhere(sys.executable if "python" in Path(sys.executable).name else "python3", "-c", program, bench.path)
    bench.expect(("update", "b1", "name"))
    sql_elsewhere(
        bench.path,
        "INSERT OR REPLACE INTO buildings (fid, geom, name, function) SELECT fid, geom, 'Replaced', function "
        "FROM buildings WHERE fid = 4",
    )
    told = {entry[:2] for entry in bench.told()}
    assert told == {("update", "b1"), ("update", "b4")}


def dropped_field_elsewhere(bench: Bench) -> None:
    """GDAL rebuilds the table or drops the column: either way it is said, and not read as "no changes"."""
    try:
        sql_elsewhere(bench.path, "ALTER TABLE buildings DROP COLUMN height")
    except AssertionError:
        bench.expect()  # refused, because a trigger needs it: as good
        return
    if "height" in _columns(bench.path):
        bench.expect()
        return
    problems = WorkingCopy.open(bench.path).problems
    assert "height" in problems["buildings"][0]


def renamed_field_elsewhere(bench: Bench) -> None:
    sql_elsewhere(bench.path, "ALTER TABLE buildings RENAME COLUMN height TO hoogte")
    assert "height" in WorkingCopy.open(bench.path).problems["buildings"][0]


def overwrite(bench: Bench) -> None:
    other = bench.folder / "more.gpkg"
    make(other, {"buildings": houses(2)})
    elsewhere("ogr2ogr", "-overwrite", bench.path, other, "buildings")
    assert "no longer recorded" in " ".join(WorkingCopy.open(bench.path).problems["buildings"])


def local_column_elsewhere(bench: Bench) -> None:
    sql_elsewhere(bench.path, "ALTER TABLE buildings ADD COLUMN remark TEXT")
    sql_elsewhere(bench.path, "UPDATE buildings SET remark = 'mine'")
    bench.expect()


def hidden_books(bench: Bench) -> None:
    """QGIS and GDAL offer the collections as layers, and nothing of ours."""
    from qgis.core import QgsProviderRegistry

    layers.save_default_styles(WorkingCopy.open(bench.path))
    offered = QgsProviderRegistry.instance().querySublayers(str(bench.path))
    assert [entry.name() for entry in offered] == ["buildings"]
    assert "twin_" not in elsewhere("ogrinfo", "-q", bench.path)
    rows = sql_elsewhere(bench.path, f"SELECT count(*) AS n FROM gpkg_contents WHERE data_type = '{HIDDEN}'")
    assert "= 11" in rows
    bench.expect()


def _columns(path: Path) -> set[str]:
    layer = QgsVectorLayer(f"{path}|layername=buildings", "again", "ogr")
    return set(layer.fields().names())


IN_QGIS: list[Callable[[Bench], None]] = [
    paste_within, paste_across, split, merge, cut_and_paste, cut_save_and_paste, cut_and_paste_twice, duplicate,
    undo_before_save, redo_before_save, undo_by_hand_after_save, undo_in_the_middle_of_a_session, rolled_back,
    edited_twin_id, typed_twin_id, restored_delete, field_calculator, local_column, dropped_field,
    dropped_fields_and_saved_at_once, renamed_field,
]  # fmt: skip
ELSEWHERE: list[Callable[[Bench], None]] = [
    edited_twin_id_elsewhere, deleted_and_added_elsewhere, vacuum, append, upsert, replace, dropped_field_elsewhere,
    renamed_field_elsewhere, overwrite, local_column_elsewhere, hidden_books,
]  # fmt: skip
