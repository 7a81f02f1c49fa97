"""citytwin:changes: what was edited in a working copy and is not published."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qgis.core import QgsProcessingContext, QgsProcessingFeedback, QgsProcessingParameterFileDestination

from ..text import tr, trn
from ..workcopy.changes import Change, Counts
from ..workcopy.columns import Stored, from_stored
from ..workcopy.conflicts import Conflict
from ..workcopy.geometry import BadGeometry, decode
from .algorithm import TwinAlgorithm, write_json


class Changes(TwinAlgorithm):
    """WORKING_COPY, OUTPUT → INSERTED, UPDATED, DELETED, CONFLICTS."""

    NAME = "changes"

    def displayName(self) -> str:
        return tr("List changes")

    def shortHelpString(self) -> str:
        return tr(
            "Counts the features of a working copy that differ from what was published, and the conflicts that are not "
            "resolved. With an output file every change is listed as JSON, the old value of each column beside the new."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_working_copy()
        output = QgsProcessingParameterFileDestination(
            self.OUTPUT, tr("List of changes"), tr("JSON files (*.json)"), optional=True, createByDefault=False
        )
        self.addParameter(output)
        self.add_numbers(
            {
                "INSERTED": tr("New features"),
                "UPDATED": tr("Changed features"),
                "DELETED": tr("Deleted features"),
                "CONFLICTS": tr("Conflicts"),
            }
        )

    def perform(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        copy = self.working_copy(parameters, context)
        counts = copy.counts()
        for table, found in counts.items():
            if found.total:
                feedback.pushInfo(f"{copy.source(table).title}: " + trn("{n} change", "{n} changes", found.total))
        path = self.parameterAsFileOutput(parameters, self.OUTPUT, context)
        if path:
            changes = [change_as_json(change) for change in copy.changes()]
            conflicts = [conflict_as_json(conflict) for conflict in copy.conflicts()]
            write_json(path, {"workingCopy": str(copy.path), "changes": changes, "conflicts": conflicts})
        total = sum(counts.values(), Counts())
        result: dict[str, Any] = {
            "INSERTED": total.inserted,
            "UPDATED": total.updated,
            "DELETED": total.deleted,
            "CONFLICTS": total.conflicts,
        }
        return {**result, self.OUTPUT: path} if path else result


def change_as_json(change: Change) -> dict[str, Any]:
    """A change with its columns, geometries as GeoJSON in the table's CRS."""
    return {
        "table": change.table,
        "kind": change.kind,
        "fid": change.fid,
        "id": change.twin_id,
        "version": change.version,
        "label": change.label,
        "conflict": change.conflict,
        "columns": {
            cell.column: {"old": _value(cell.old, cell.kind), "new": _value(cell.new, cell.kind)}
            for cell in change.cells
        },
    }


def conflict_as_json(conflict: Conflict) -> dict[str, Any]:
    """A clash with all its sides."""

    def side(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
        return None if row is None else dict(row)

    return {
        "table": conflict.table,
        "id": conflict.twin_id,
        "kind": conflict.kind,
        "base": side(conflict.base),
        "mine": side(conflict.mine),
        "theirs": side(conflict.theirs),
        "who": conflict.who,
        "changed": conflict.changed,
        "found": conflict.found,
    }


def _value(value: Stored, kind: str) -> Any:
    if kind != "geometry":
        return from_stored(value, kind)
    try:
        return decode(value) if isinstance(value, bytes) else None
    except BadGeometry as error:
        return {"unreadable": str(error)}
