"""Rows of a snapshot into a table of the working copy: column by column, geometries as finished blobs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..twin.items import item_id, usable_token
from .bulk import Misfit, Values, stored
from .snapshot_wkb import Blobs
from .writer import LayerWriter


class SnapshotWriter(LayerWriter):
    """As `LayerWriter`, for rows that are columns already, or in the table already."""

    def rows(
        self,
        fids: Sequence[int],
        values: Sequence[Values],
        ids: Sequence[Any],
        tokens: Sequence[Any],
        geometry: Blobs | None,
    ) -> None:
        """Append rows: ``values`` are JSON values in the order of the source's columns."""
        misfits: list[Misfit] = []
        columns = [stored(list(one), column, misfits) for one, column in zip(values, self.source.columns)]
        for misfit in misfits:
            self._misfit(misfit.column.property, misfit.words)
        names = [item_id(one) or self._nameless() for one in ids]
        versions = [one and usable_token(one) for one in tokens]
        blobs: list[Sequence[bytes | None]] = []
        if self.source.has_geometry and geometry is not None:
            blobs = [geometry.blobs]
            self.placed([fids[place] for place in geometry.placed.tolist()], geometry)
        self._insert(zip(fids, *blobs, *columns, names, versions), len(fids))

    def placed(self, fids: Sequence[int], geometry: Blobs) -> None:
        """Take note of where rows lie, and of the kinds of their geometries."""
        self._told.kinds.update(geometry.kinds)
        self._told.heights = self._told.heights or (geometry.heights and not self.source.has_z)
        self._cells.add_many(np.array(fids, dtype=np.int64), geometry.boxes)

    def forget(self, fids: Sequence[int]) -> None:
        """Where these rows lie was said too early."""
        self._cells.drop(fids)


def json_value(value: Any, column: str, kind: str) -> Any:
    """A file's value as the twin's JSON has it. ``column``: what the file says of it (boolean, json, …), ``kind`` the
    property's type."""
    if value is None:
        return None
    if kind == "boolean" and value in (0, 1) and not isinstance(value, float):
        return bool(value)
    if kind in ("object", "array") and isinstance(value, str) and column in ("json", "text"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    if isinstance(value, bytes):
        return value.hex()
    return value


def json_values(values: Values, column: str, kind: str) -> Values:
    """`json_value` for a column."""
    if kind in ("boolean", "object", "array") or column == "binary":
        return [json_value(value, column, kind) for value in values]
    return values
